"""Latencies and faults of the local Scribe STT server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class SttLatency:
    """`partial_ms` from audio to its partial transcript, `final_ms` from commit to the plain final transcript, and
    `timed_ms` from that to the timed one."""

    partial_ms: int = 120
    final_ms: int = 120
    timed_ms: int = 100


@dataclass(slots=True)
class SttFaults:
    """Faults to inject; they may be changed while the server runs. A final is two messages if the client asked for word
    times or the language: plain, and "timed"."""

    refuse: int = 0  # refuse the handshake with this HTTP status
    html: bool = False  # answer the handshake with a web page (done by `LocalElevenLabs`)
    redirect: str = ""  # answer the handshake with a redirect (302) to this URL (done by `LocalElevenLabs`)
    refused_language: str = ""  # accept, and answer this `language_code` with invalid_request
    no_session: bool = False  # accept, and never send session_started
    error_after_accept: str = ""  # send this error slug instead of session_started, then close
    error_slug: str = ""  # send this error slug at the next audio, then close; once
    quote: bool = False  # errors quote the client's key and the last partial, in the message and in the close reason
    flood: int = 0  # send this many different partials at once before the next one, once
    drop: bool = False  # close with 1011 at the next audio, once
    drop_at_commit: bool = False  # close with 1011 instead of the next final, once
    close_after_session: bool = False  # close with 1000 right after session_started
    hang: bool = False  # take audio, and send no transcripts
    no_finals: bool = False
    no_plain: bool = False
    no_timed: bool = False
    timed_first: bool = False  # send the timed message before the plain one
    timed_late_ms: int = 0  # delay the second of the two by this more
    timed_unasked: bool = False  # send the timed message to clients that did not ask for it
    own_commit_ms: int = 90_000  # commit by itself after this much audio, also in mid-speech (36 s has been seen)
    no_echo: bool = False  # send no partial before a final that repeats its text, and none in silence
    duplicate_finals: bool = False  # send every final three times
    thrice: bool = False  # repeat the text three times within a final
    empty_finals: bool = False
    tag_only: bool = False  # the text of every final is "(laughter)"
    tags: bool = False  # put "(laughter)" before the words of a final
    stale_partials: bool = False  # repeat the last partial three times after the final
    rough_partials: bool = False  # cut off the end of a partial's last word
    throttle: int = 0  # refuse this many commits, however much audio they have
    garbage: bool = False  # send a frame that is not JSON instead of the next partial, once
    unknown_messages: bool = False  # send a warning and a message of an unknown type before each partial
    overflow_lead_ms: int = 0  # send queue_overflow when the audio is this far ahead of real time
