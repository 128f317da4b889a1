"""A phone in the browser: the page `/phone`, and the half of it that plays Twilio. Begin with `console.py`."""
