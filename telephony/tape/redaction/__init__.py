"""Redaction: personal data leaves a tape, timings stay. Begin with `redact.py`."""
