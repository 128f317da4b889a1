"""A local Twilio: begin with `carrier.py`."""
