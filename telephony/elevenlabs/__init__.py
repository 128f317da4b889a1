"""ElevenLabs: realtime STT, multi-context TTS, managed agents and their webhooks.

Each protocol has a pure codec (`*_codec.py`) and a thin shell (`stt.py`, `tts.py`, `agents.py`). These may import the
core, the contracts and the agent; `webhooks/` belongs to an outer ring.
"""
