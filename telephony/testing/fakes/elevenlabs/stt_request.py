"""What a client may ask of the Scribe socket: its query parameters, and the commit strategy `vad`. Pure.

A wrong parameter does not refuse the handshake: the service accepts the socket, sends `invalid_request`, and closes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from telephony.audio.level import level
from telephony.testing.fakes.audio_formats import PCM, rate_of

FORMATS = frozenset({*PCM, "ulaw_8000"} - {"pcm_32000"})
FLAGS = (
    "include_timestamps", "include_language_detection", "enable_logging", "no_verbatim", "filter_background_audio",
)  # fmt: skip
RANGES = {
    "vad_silence_threshold_secs": (0.3, 3.0),
    "vad_threshold": (0.1, 0.9),
    "min_speech_duration_ms": (50, 2_000),
    "min_silence_duration_ms": (50, 2_000),
}
KEYTERMS, KEYTERM_CHARS = 50, 20
VOICED_LEVEL = -450
_LANGUAGE = re.compile(r"[a-z]{2,3}")  # ISO 639-1 or 639-3, without a region


@dataclass(frozen=True, slots=True)
class Setup:
    """What the client asked for. `vad`: the service commits by itself, after `silence_ms` without voice; `timed`: each
    final comes twice, plain and timed, `words`: the timed one has the words' times."""

    format: str = "ulaw_8000"
    vad: bool = False
    silence_ms: int = 1_500
    min_speech_ms: int = 100
    timed: bool = False
    words: bool = False
    language: str = ""
    logged: bool = True

    @property
    def rate(self) -> int:
        return rate_of(self.format)

    def config(self) -> dict[str, Any]:
        """The `config` of session_started: the fields seen on the wire, and those of the vendor's SDK."""
        return {
            "sample_rate": self.rate,
            "audio_format": self.format,
            "language_code": self.language or None,
            "timestamps_granularity": "word",
            "vad_commit_strategy": self.vad,
            "commit_strategy": "vad" if self.vad else "manual",
            "vad_silence_threshold_secs": self.silence_ms / 1000,
            "vad_threshold": 0.4,
            "min_speech_duration_ms": self.min_speech_ms,
            "min_silence_duration_ms": 100,
            "max_tokens_to_recompute": 5,
            "model_id": "scribe_v2_realtime",
            "disable_logging": not self.logged,
            "enable_logging": self.logged,
            "include_timestamps": self.words,
            "include_language_detection": self.timed and not self.words,
        }


def read_query(query: dict[str, list[str]]) -> Setup | str:
    """The setup for a socket's query, or a sentence that says what is wrong with it."""
    audio = query.get("audio_format", ["pcm_16000"])[0]
    strategy = query.get("commit_strategy", ["manual"])[0]
    terms = query.get("keyterms", [])
    languages = query.get("language_code", []) + query.get("secondary_languages", [])
    flags = {name: query.get(name, ["true" if name == "enable_logging" else "false"])[0] for name in FLAGS}
    wrong = [name for name, value in flags.items() if value not in ("true", "false")]
    wrong += [name for name, bounds in RANGES.items() if name in query and not _between(query[name][0], *bounds)]
    wrong += ["model_id"] if query.get("model_id") != ["scribe_v2_realtime"] else []
    wrong += ["audio_format"] if audio not in FORMATS else []
    wrong += ["commit_strategy"] if strategy not in ("manual", "vad") else []
    wrong += ["keyterms"] if len(terms) > KEYTERMS or any(len(term) > KEYTERM_CHARS for term in terms) else []
    wrong += ["language_code"] if any(not _LANGUAGE.fullmatch(language) for language in languages) else []
    words = flags["include_timestamps"] == "true"
    if words and flags["filter_background_audio"] == "true":
        wrong.append("filter_background_audio")
    if wrong:
        return f"Invalid value for {wrong[0]}"
    return Setup(
        audio,
        vad=strategy == "vad",
        silence_ms=round(float(query.get("vad_silence_threshold_secs", ["1.5"])[0]) * 1000),
        min_speech_ms=int(query.get("min_speech_duration_ms", ["100"])[0]),
        timed=words or flags["include_language_detection"] == "true",
        words=words,
        language=query.get("language_code", [""])[0],
        logged=flags["enable_logging"] == "true",
    )


def _between(value: str, low: float, high: float) -> bool:
    try:
        return low <= float(value) <= high
    except ValueError:
        return False


class SilenceCommits:
    """The commit strategy `vad`: says when enough silence follows enough voice."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._voiced_ms = self._quiet_ms = 0

    def hear(self, pcmu: bytes) -> bool:
        """Takes mu-law audio. True if the open segment is to be committed now."""
        due = False
        for at in range(0, len(pcmu), 160):
            frame = pcmu[at : at + 160]
            if level(frame) >= VOICED_LEVEL:
                self._voiced_ms, self._quiet_ms = self._voiced_ms + len(frame) // 8, 0
                continue
            self._quiet_ms += len(frame) // 8
            if self._voiced_ms >= self._setup.min_speech_ms and self._quiet_ms >= self._setup.silence_ms:
                self._voiced_ms, due = 0, True
        return due
