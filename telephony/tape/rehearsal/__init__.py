"""Rehearsal: a recorded caller with new decisions of the core. Begin with `rehearse.py`."""
