"""Twilio's REST API as far as we use it: `client` sends, `calls` says what can be done with a call.

A plain HTTP client, because Twilio's SDK has no working timeout of its own, does not retry on 429, and, with retries
enabled, would also repeat a POST that may already have been carried out.
"""
