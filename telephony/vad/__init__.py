"""The voice detector: `silero.py` is the model, `gate.py` says when not to ask it, `dormant.py` lets it sleep."""
