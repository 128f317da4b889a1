"""Text messages to the people on the line, and codes that prove a number. Begin with `messages.py`."""
