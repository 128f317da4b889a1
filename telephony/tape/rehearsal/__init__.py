"""Rehearsal: a recorded caller meets today's rules. Begin with `rehearse.py`."""
