"""The heart: pure, synchronous, no clock. See `call.py`."""
