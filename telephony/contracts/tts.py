"""The TTS contract. A speaker is a `Port` (see `telephony/contracts/port.py`) made for one call.

It performs `Speak` and `CloseContext`, and emits `TtsReady`, `TtsLost`, `SpeechAudio`, `SpeechEnded`,
`SpeechLost`. It connects as soon as `run` starts, and reconnects at once when the connection is lost. Every (`turn`,
`attempt`) ends in exactly one `SpeechEnded` or `SpeechLost`. The core decides when to close a context or to speak a
text again (`core/speaking/speech.py`).

The text of `SpeechAudio` is that of `Speak`: each character once, in order, whatever the service's alignment repeats,
leaves out or spells differently, and "" without an alignment. `Alignment` in `alignment.py` does this for any service.

`PhraseSource` is the second half of the contract: fixed phrases, synthesised outside any call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from telephony.core.events import Phrase


@dataclass(frozen=True, slots=True)
class VoiceSpec:
    """A fully specified voice; also the key under which phrases are cached."""

    provider: str
    voice_id: str
    model: str
    language: str = ""
    speed: float | None = None
    stability: float | None = None
    similarity: float | None = None


class PhraseSource(Protocol):
    """Synthesises one complete phrase. Raises ProviderError."""

    async def synthesize(self, spec: VoiceSpec, name: str, text: str) -> Phrase: ...
