"""Text messages to the people on the line, and codes that prove a number. Begin with `README.md`, then `messages.py`."""
