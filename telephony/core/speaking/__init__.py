"""One reply of the agent: generated, spoken, played, and how much of it was heard.

Begin with `turns.py`; `playout.py` is the ledger of what the caller has heard.
"""
