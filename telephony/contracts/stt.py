"""The STT contract. A transcriber is a `Port` (see `telephony/contracts/port.py`) made for one call.

It performs `Transcribe` (mu-law 8 kHz, continuous, real-time pace) and `CommitTranscript`, and emits `SttReady`,
`SttLost`, `TranscriptPartial`, `TranscriptFinal`, `CommitRefused` and `OutboxOverflowed`. It connects as soon as
`run` starts; earlier audio is kept (bounded, oldest dropped). After a lost connection it reconnects with back-off,
sends the audio since the last commit again, paced, and repeats the commits without a final. Each commit number gets at
most one `TranscriptFinal`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SttSpec:
    """STT options: ISO 639-1 `language` ("" = detect), and `keyterms`, words that it should recognise."""

    language: str = "en"
    keyterms: tuple[str, ...] = ()
