"""Twilio's side of a call, towards our own `/twilio/*`: `call.py`. The tests' local carrier shares the pure parts."""
