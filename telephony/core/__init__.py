"""The pure core: `step(event, now_ms) -> actions`, synchronous, without clock, network or randomness.

Begin with `README.md` (the design and the glossary), then `conversation.py`. The core may import only itself and
`telephony.audio`.
"""
