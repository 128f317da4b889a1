"""Calls that this service places: the rules, the attempts on disk, and the one primitive, `Calls.dial`.

Start with `calls.py`, and `legs.py` under it; README.md says how to use it.
"""
