"""Putting a caller through to a person who was asked first: begin with `warm.py`."""
