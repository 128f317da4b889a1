"""Observers of a call: logs, latencies, the console and the time line. Start with `logs.py`."""
