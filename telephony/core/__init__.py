"""The pure core: `step(event, now_ms) -> actions`, synchronous, with no clock, no network and no chance.

Begin with `README.md` (the design and its words), then `conversation.py`. May import `telephony.audio` and itself
alone.
"""
