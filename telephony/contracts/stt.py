"""The STT contract. A transcriber is a `Port` (see `telephony/contracts/port.py`) made for one call.

It performs `Transcribe` (mu-law 8 kHz, continuous, real-time pace) and `CommitTranscript`, and emits `SttReady`,
`SttLost`, `TranscriptUpdated`, `CommitRefused` and `OutboxOverflowed`. It connects as soon as `run` starts; earlier
audio is kept (bounded, oldest dropped). After a lost connection it reconnects with back-off, sends the audio since the
last answered commit again, paced, and repeats the commits without an answer.

It gives each word once, in order. Words are `tentative` first: each event has all of them, and replaces the last one.
Then they become `stable`: each word is in the `stable` text of one event, and never changes. Each commit number is
reported at most once, when all audio up to it is stable (with empty text if there were no words), or refused. What the
service repeats, splits, delays or leaves out must not show: `Transcripts` (`transcripts.py`) makes such events of the
usual partial and final transcripts, for any service.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SttSpec:
    """STT options: ISO 639-1 `language` ("" = detect), and `keyterms`, words that it should recognise."""

    language: str = "en"
    keyterms: tuple[str, ...] = ()
