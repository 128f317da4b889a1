"""How quick a local Scribe is, and what goes wrong there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class SttLatency:
    """`partial_ms` from audio to its partial, `final_ms` from commit to transcript."""

    partial_ms: int = 120
    final_ms: int = 120


@dataclass(slots=True)
class SttFaults:
    """What goes wrong; may be changed while the server runs."""

    refuse: int = 0  # an HTTP status at the handshake
    html: bool = False  # a web page at the handshake (by the server that routes)
    no_session: bool = False  # accepts, and never says session_started
    error_after_accept: str = ""  # an error slug in place of session_started
    error_slug: str = ""  # an error slug at the next audio, then a close; once
    drop: bool = False  # closes with 1011 at the next audio, once
    drop_at_commit: bool = False  # closes with 1011 in place of the next final, once
    close_after_session: bool = False  # closes with 1000 as soon as the session is up
    hang: bool = False  # takes audio, says nothing
    no_finals: bool = False
    no_plain: bool = False
    no_timed: bool = False
    timed_first: bool = False  # the timed message before the plain one
    timed_late_ms: int = 0  # the second of the two comes so much later
    duplicate_finals: bool = False  # everything three times
    thrice: bool = False  # the text says everything three times
    empty_finals: bool = False
    tag_only: bool = False  # transcripts are "(laughter)"
    tags: bool = False  # ... and have "(laughter)" before the words
    stale_partials: bool = False  # repeats the last partial after the final, three times
    rough_partials: bool = False  # partials lack the end of their last word
    throttle: int = 0  # so many commits are refused whatever their audio
    garbage: bool = False  # a frame that is no JSON in place of the next partial, once
    strangers: bool = False  # a warning and a message that nobody knows before each partial
    overflow_lead_ms: int = 0  # queue_overflow when the audio is so far ahead of real time
