"""Turn-taking: when the caller has finished, and what interrupts the agent.

To change what interrupts the agent, begin with `barge_in.py`; to change how much silence ends a turn, with
`endpointing.py` and `judgement.py`. `floor.py` carries out what they decide.
"""
