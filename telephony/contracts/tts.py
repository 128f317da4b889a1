"""The TTS contract. A speaker is a `Port` (see `telephony/contracts/port.py`) made for one call.

It performs `Speak` and `CloseContext`, and emits `TtsReady`, `TtsLost`, `SpeechAudio`, `SpeechEnded`,
`SpeechLost`. It connects as soon as `run` starts and again, eagerly, when the connection is lost. Every (`turn`,
`attempt`) ends in exactly one `SpeechEnded` or `SpeechLost`. It decides nothing about when to close or to speak again:
that is the core's (`core/speaking/speech.py`).

`synthesize_phrases` is the second half of the contract: fixed phrases, outside any call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from telephony.core.events import Phrase


@dataclass(frozen=True, slots=True)
class VoiceSpec:
    """A voice with nothing left to decide; the identity under which phrases are cached."""

    provider: str
    voice_id: str
    model: str
    language: str = ""
    speed: float | None = None
    stability: float | None = None
    similarity: float | None = None


class PhraseSource(Protocol):
    """Synthesises one phrase to the end. Raises ProviderError."""

    async def synthesize(self, spec: VoiceSpec, name: str, text: str) -> Phrase: ...
