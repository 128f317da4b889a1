"""Twilio's side of a call, towards our own `/twilio/*`: `call.py`. The pure parts also serve the tests' local carrier."""
