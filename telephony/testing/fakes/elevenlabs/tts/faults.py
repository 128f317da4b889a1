"""Latencies and faults of the local TTS server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class TtsLatency:
    """`first_byte_ms` from flush to first audio, which is then sent `realtime_factor` times faster than it plays."""

    first_byte_ms: int = 100
    realtime_factor: float = 5.0


@dataclass(slots=True)
class TtsFaults:
    """Faults to inject; they may be changed while the server runs. The service's own habits (see `server.py`) are no
    faults and always there."""

    # The handshake.
    refuse: int = 0  # refuse the handshake with this HTTP status
    html: bool = False  # answer the handshake with a web page
    redirect: str = ""  # answer the handshake with a redirect (302) to this URL
    error_after_accept: str = ""  # accept the socket, then send this error and close with 1008
    refused_language: str = ""  # refuse this `language_code` with 400, as those that the model does not know
    refused_by_frame: bool = False  # accept that language at the handshake, and send an error frame
    hang_up: int = 0  # close every socket with this code as soon as it is open

    # Errors.
    error_slug: str = ""  # answer text with this error, then close with 1008
    quote: bool = False  # errors quote the client's key and text, in the frame and in the close reason
    no_frame: bool = False  # an error is only a close code with its reason; no frame comes before it
    drop_after_bytes: int = 0  # close with 1011 after this many bytes of audio, once
    inactivity_ms: int = 0  # time out after this long without a message, instead of the client's `inactivity_timeout`

    # Audio.
    hang: bool = False  # take every message, and send nothing
    race: int = 0  # this many contexts lose their audio: they send only isFinal
    garbage: bytes = b""  # send these bytes instead of audio
    flood: int = 0  # send this many messages of one byte of audio at once after the next audio, once
    final_late_ms: int = 0  # delay isFinal by this
    no_final: bool = False  # never send isFinal, and never free the context
    snake_case: bool = False  # send `context_id` and `is_final` instead of `contextId` and `isFinal`

    # Alignment. The times count from the start of the message, or of the segment if its whole alignment comes at once.
    no_alignment: bool = False  # both alignments are null
    normalized_only: bool = False  # `alignment` is null
    segment_alignment: bool = False  # a segment's whole alignment with its first audio, even with `sync_alignment`
    joined_items: bool = False  # items of two characters
    alignment_gap: int = 0  # one message in this many has no alignment, and its characters never come
    restarts: bool = False  # half of a segment's alignment with its first audio, all of it again with the second
    no_full_stop: bool = False  # the last full stop of a text is missing
