"""Twilio: webhooks, TwiML, signatures and the media stream.

Start with `webhooks.py`, then `leg.py` (the media socket as a port); `media_stream.py` is its pure codec.
"""
