"""Redaction: removes what was said from a tape and keeps all timings. Begin with `redact.py`."""
