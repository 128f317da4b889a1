"""Redaction: removes personal data from a tape and keeps all timings. Begin with `redact.py`."""
