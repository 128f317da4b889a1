"""The exact latencies of the latency bench's providers, for each request. A latency is a function of the request, so
that it can be computed again from the record of a call."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

from telephony.testing.fakes.elevenlabs.stt.faults import SttLatency
from telephony.testing.fakes.openai.server import LlmLatency

SENTENCE_ENDS = (".", "?", "!")


@dataclass(frozen=True, slots=True)
class Setting:
    """Latencies in ms, as in `SttLatency`, `LlmLatency` and `TtsLatency`. That of each request is drawn from a uniform
    distribution within `spread_percent` of them."""

    name: str
    partial_ms: int
    final_ms: int
    first_token_ms: int
    first_byte_ms: int
    spread_percent: int = 0
    tokens_per_s: int = 60
    seed: int = 1

    def stt(self, clip: str) -> SttLatency:
        """The STT's latencies while it hears this clip."""
        return SttLatency(self._drawn(self.partial_ms, "partial", clip), self._drawn(self.final_ms, "final", clip))

    def llm(self, caller: str, said: str) -> LlmLatency:
        """The LLM's latency for the reply to `said` in the call of the number `caller`."""
        return LlmLatency(self._drawn(self.first_token_ms, "llm", caller, said), self.tokens_per_s)

    def first_byte(self, text: str) -> int:
        """The TTS's latency in ms for this text."""
        return self._drawn(self.first_byte_ms, "tts", text.strip())

    def sentence_ms(self, text: str) -> int:
        """Ms from a reply's first token to the last of its first sentence, with a token for each word."""
        tokens = text.split()
        last = next((at for at, token in enumerate(tokens) if token.endswith(SENTENCE_ENDS)), len(tokens) - 1)
        return last * 1_000 // self.tokens_per_s

    def _drawn(self, middle_ms: int, *what: str) -> int:
        chance = crc32("/".join((str(self.seed), *what)).encode()) / 2**32 * 2 - 1
        return round(middle_ms * (1 + chance * self.spread_percent / 100))


SETTINGS = {
    "steady": Setting("steady", partial_ms=120, final_ms=120, first_token_ms=250, first_byte_ms=100),
    "varying": Setting(
        "varying", partial_ms=300, final_ms=300, first_token_ms=400, first_byte_ms=180, spread_percent=40
    ),
}
