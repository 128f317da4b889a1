"""How well the local STT understands, and what it costs: `scripts/bench stt`."""
