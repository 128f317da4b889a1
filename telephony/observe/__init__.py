"""Observers of a call: logs, latencies, the console and the time line. Begin with `logs.py`."""
