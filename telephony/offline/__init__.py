"""The embedded default: local STT, TTS and dialogue, for a machine without keys.

Start with `local_services.py`, which offers them over the vendors' protocols.
"""
