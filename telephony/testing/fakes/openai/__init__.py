"""A local Chat Completions server: see `server.py`."""
