"""Local TTS: hibari-tts in a process of its own. English; needs no account and no network.

A sentence of 5 s takes about 40 ms. The same sentence always gives the same bytes. The times of
its words are estimates (see `tts_worker.py`). One voice, from which `LocalVoice` makes different speakers.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from telephony.audio import mulaw
from telephony.offline.worker import Asks, Engine

ENGINE = Engine(
    "speech synthesiser", "telephony.offline.tts_worker", "hibari", "hibari-tts", "every system with onnxruntime"
)

Speech = tuple[bytes, tuple[int, ...]]
"""(mu-law at 8 kHz, the end of each character in ms)."""


@dataclass(frozen=True, slots=True)
class LocalVoice:
    """A speaker: speed and pitch relative to the voice's own, and the length of the vocal tract likewise."""

    pace: float = 1.0
    pitch: float = 1.0
    size_of_speaker: float = 1.0


AGENT = LocalVoice()
CALLER = LocalVoice(pace=0.95, pitch=0.67, size_of_speaker=1.1)
"""Another person: the median pitch is 125 Hz instead of 205, the resonances are a tenth lower."""


class LocalSynthesizer:
    """Speaks in `voice`, with the process that all calls share."""

    def __init__(self, worker: Asks, voice: LocalVoice = AGENT) -> None:
        self._worker, self._voice = worker, voice

    async def synthesize(self, text: str) -> Speech:
        """In the form that the local TTS server expects. Raises EngineBusy."""
        head, pcm16 = await self._worker.ask({"text": text, **asdict(self._voice)})
        return mulaw.encode(pcm16), tuple(head["ends"])
