"""Whose turn it is: when the caller has finished, and what interrupts the agent.

To change what interrupts, begin with `barge_in.py`; to change how long a pause ends a turn, with `endpointing.py`.
`floor.py` carries out what they decide.
"""
