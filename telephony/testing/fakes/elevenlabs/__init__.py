"""A local ElevenLabs server: begin with `server.py`; `stt.py`, `tts.py` and `agents.py` are its three services."""
