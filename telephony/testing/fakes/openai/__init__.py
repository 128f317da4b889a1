"""A local Chat Completions server: `server.py`."""
