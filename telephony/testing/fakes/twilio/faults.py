"""The switches of the local carrier. All at their defaults it is a well-behaved Twilio."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CarrierFaults:
    """What may go wrong, or differ, on a real line. Times are ms of the call's (scaled) clock."""

    # The handshake.
    offer_subprotocol: bool = False
    """Offer `audio.twilio.com`; a service that picks a subprotocol that was not offered is dropped in any case."""
    trailing_slash: bool = False
    """Sign the socket's URL with a slash behind it."""
    bad_signature: bool = False
    """Sign the socket with another token."""
    connect_delay_ms: int = 0
    """Connect this late."""

    # The beginning of the stream.
    no_start: bool = False
    second_start: bool = False
    media_before_start: int = 0
    """So many media messages come before `start`."""
    without_custom_parameters: bool = False
    """Leave `customParameters` out when there are none."""
    encoding: str = "audio/x-mulaw"

    # The caller's audio.
    payload_bytes: int = 160
    first_timestamp_ms: int = 0
    jitter_ms: int = 0
    """Each frame comes up to this late."""
    burst_frames: int = 1
    """Frames come in bursts of so many."""
    gaps: tuple[tuple[int, int], ...] = ()
    """(at_ms of the stream, length_ms): audio that is lost; the time stamps jump."""
    freezes: tuple[tuple[int, int], ...] = ()
    """(at_ms of the stream, length_ms): nothing comes for a while, then all of it at once."""

    # Marks.
    mark_latency_ms: int = 20
    """From the last sample before a mark to its echo (0-40 on a real line)."""
    clear_echo_reversed: bool = False
    """After `clear`, marks come back last one first."""

    # Reading.
    read_for_ms: int | None = None
    """Stop reading the socket so long after the stream began (0: never read)."""

    # The end.
    stop: bool = True
    """Send `stop` before closing the socket."""
    close_code: int = 1000
    """1000; 1005: a close frame without a code; 1006: the connection is cut."""
    action_after_hang_up: bool = False
    """Ask the action URL even if the caller has hung up."""
    status_events: tuple[str, ...] = ("completed",)
    """The `CallStatus` of each status callback, in the order in which they come."""
    status_first: bool = False
    """The status callbacks come before `stop` and the closing of the socket."""

    # The REST API.
    rest_busy: int = 0
    """So many requests are answered with 429."""
