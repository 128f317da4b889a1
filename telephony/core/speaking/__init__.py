"""The agent's turns: how a reply is generated, spoken and played, and how much of it was heard.

Begin with `turns.py`; `playout.py` is the ledger of what the caller has heard.
"""
