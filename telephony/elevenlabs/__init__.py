"""ElevenLabs, one room: realtime STT, multi-context TTS, managed agents and their webhooks.

Each wire is a pure codec (`*_codec.py`) and a thin shell (`stt.py`, `tts.py`, `agents.py`). May import the core, the
contracts and the agent; `webhooks.py` stands in an outer ring.
"""
