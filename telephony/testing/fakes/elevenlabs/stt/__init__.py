"""The local realtime STT socket: `server.py`; what a client may ask for: `request.py`; transcripts: `script.py`; its
faults: `faults.py`."""

from telephony.testing.fakes.elevenlabs.stt.faults import SttFaults, SttLatency
from telephony.testing.fakes.elevenlabs.stt.script import Recognizer, Script, ScriptedRecognizer
from telephony.testing.fakes.elevenlabs.stt.server import LocalStt

__all__ = ["LocalStt", "Recognizer", "Script", "ScriptedRecognizer", "SttFaults", "SttLatency"]
