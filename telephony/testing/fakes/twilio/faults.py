"""Faults and variations of the local carrier. With the defaults it behaves like Twilio on a good line."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class CarrierFaults:
    """What may go wrong, or vary, on a real line. Times are ms of the call's (scaled) clock."""

    # The handshake.
    offer_subprotocol: bool = False
    """Offer the subprotocol `audio.twilio.com`. A service that selects one that was not offered is always dropped."""
    trailing_slash: bool = False
    """Sign the socket's URL with a slash appended."""
    bad_signature: bool = False
    """Sign the socket with another token."""
    connect_delay_ms: int = 0
    """Delay the connection by this."""

    # The beginning of the stream.
    no_start: bool = False
    second_start: bool = False
    media_before_start: int = 0
    """Send this many media messages before `start`."""
    without_custom_parameters: bool = False
    """Leave `customParameters` out of `start`."""
    encoding: str = "audio/x-mulaw"

    key_flood: int = 0
    """Send this many key presses at once, right after `start`."""

    # The caller's audio.
    payload_bytes: int = 160
    first_timestamp_ms: int = 0
    jitter_ms: int = 0
    """Delay each frame by a random time of up to this."""
    burst_frames: int = 1
    """Send frames in bursts of this many."""
    gaps: tuple[tuple[int, int], ...] = ()
    """(at_ms of the stream, length_ms): this audio is lost, and the timestamps jump."""
    freezes: tuple[tuple[int, int], ...] = ()
    """(at_ms of the stream, length_ms): no audio is sent during this time; then all of it is sent at once."""

    # Marks.
    mark_latency_ms: int = 20
    """Time from the last sample before a mark to its echo (0-40 on a real line)."""
    clear_echo_reversed: bool = False
    """After `clear`, return the outstanding marks in reverse order."""

    # Reading.
    read_for_ms: int | None = None
    """Stop reading the socket this long after the stream began (0: never read; None: never stop)."""

    # The end.
    stop: bool = True
    """Send `stop` before closing the socket."""
    close_code: int = 1000
    """The close code; 1005: a close frame without a code; 1006: abort the connection."""
    action_after_hang_up: bool = False
    """Request the action URL even if the caller has hung up."""
    status_events: tuple[str, ...] = ("completed",)
    """The `CallStatus` of each status callback, in the order of sending."""
    status_first: bool = False
    """Send the status callbacks before `stop` and the closing of the socket."""

    # The REST API.
    rest_busy: int = 0
    """Answer this many requests with 429."""
    rest_redirect: str = ""
    """Answer requests with a redirect (307) to this URL."""
    rest_quotes: bool = False
    """Errors quote the request's form and Authorization header."""
    refused_whisper: str = "completed"
    """The `DialCallStatus` when whoever answered hung up, or was hung up on, before the two were connected (open at
    Twilio; `DialBridged` is false)."""
    conference_over: str = "answered"
    """The `DialCallStatus` after a conference (open at Twilio)."""
    update_ms: int = 0
    """A call that the API changes goes on as before for this long (300-1,500 ms on a real line)."""


class Post(StrEnum):
    """What becomes of a request to the REST API."""

    ANSWERED = "done, and answered"
    LOST = "not done, never answered"
    HANGS = "done, never answered"
    FAILS = "done, answered with 500"
    FAILS_UNPLACED = "not done, answered with 500"
    GARBLED = "done, answered with a page"
    BUSY = "not done, answered with 429"


class Step(StrEnum):
    """What can go wrong by itself: requests of one kind, and the reports that follow from them. (Placing calls has its
    own, `Outgoing.faults`.)"""

    FETCH_CALL = "GET Calls/{sid}"
    UPDATE_CALL = "POST Calls/{sid}"
    DIAL = "the reports of <Number>"
    CONFERENCES = "GET Conferences, and the reports of <Conference>"
    CHANGE_CONFERENCE = "POST Conferences/{sid}"
    CHANGE_PARTICIPANT = "POST Conferences/{sid}/Participants/{sid}"
    REMOVE_PARTICIPANT = "DELETE Conferences/{sid}/Participants/{sid}"
    MESSAGE = "POST Messages, and its reports"
    FETCH_MESSAGE = "GET Messages/{sid}"
    INBOUND_MESSAGE = "the webhook of a message to us"
    LOOKUP = "GET PhoneNumbers/{number}"


@dataclass(slots=True)
class StepFaults:
    """What goes wrong with one `Step`. `post`: the fault of each request in turn (the last one stays). `code`: Twilio
    refuses every request with this error, and with `status`. Of the reports, `lost` never come, `late` come after the
    last one, and all come `times` times, `delay_ms` later than they should. `not_found`: lists are empty."""

    post: list[Post] = field(default_factory=lambda: [Post.ANSWERED])
    code: int = 0
    status: int = 400
    lost: frozenset[str] = frozenset()
    late: frozenset[str] = frozenset()
    times: int = 1
    delay_ms: int = 0
    not_found: bool = False

    def next_post(self) -> Post:
        return self.post.pop(0) if len(self.post) > 1 else self.post[0]
