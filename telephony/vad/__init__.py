"""Voice activity detection: `silero.py` is the model, `gate.py` skips and resets it, `dormant.py` defers loading it."""
