"""A local carrier that stands in for Twilio: begin with `carrier.py`."""
