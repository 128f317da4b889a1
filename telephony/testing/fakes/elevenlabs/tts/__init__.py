"""The local multi-context TTS socket: `server.py`; what a client may ask for: `request.py`; its faults: `faults.py`."""

from telephony.testing.fakes.elevenlabs.tts.faults import TtsFaults, TtsLatency
from telephony.testing.fakes.elevenlabs.tts.server import CHAR_MS, LIMIT, LocalTts, Synthesize, speak_tones

__all__ = ["CHAR_MS", "LIMIT", "LocalTts", "Synthesize", "TtsFaults", "TtsLatency", "speak_tones"]
