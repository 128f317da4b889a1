"""A conversation in text, for `telephony chat` and `telephony say`: `session` opens it, `call` holds it."""
