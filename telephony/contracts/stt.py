"""The STT contract. A transcriber is a `Port` (see `telephony/contracts/port.py`) made for one call.

It performs `Transcribe` (mu-law 8 kHz, continuous, real-time pace) and `CommitTranscript`, and emits `SttReady`,
`SttLost`, `TranscriptPartial`, `TranscriptFinal`, `CommitRefused` and `OutboxOverflowed`. It connects as soon as
`run` starts; audio that comes earlier is kept (bounded, oldest dropped). After a lost connection it reconnects with
back-off and sends again the audio since the last commit, paced; commits that were under way are asked for again.
One `TranscriptFinal` at most for each commit number.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SttSpec:
    """What the ears should expect: ISO 639-1 `language` ("" = detect), and words they should know."""

    language: str = "en"
    keyterms: tuple[str, ...] = ()
