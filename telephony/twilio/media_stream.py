"""A pure codec for the Media Streams protocol: decodes JSON text to frozen values, and encodes what we send.

Twilio sends `connected`, `start`, then `media`, `dtmf`, `mark` and `stop`; we send only `media`, `mark` and `clear`.
Audio is raw mu-law, 8,000 Hz, mono, in standard base64. Numbers arrive as strings and are converted to integers here.
Unknown events and fields are ignored, because Twilio adds some over time. An unreadable message raises `BadMessage`,
whose `code` names the fault.
"""

from __future__ import annotations

import json
from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from telephony.audio.frames import BYTES_PER_MS, FRAME_BYTES
from telephony.audio.mulaw import SILENCE
from telephony.core.events import AudioMissed
from telephony.errors import BadMessage, CarrierError

#: Longest message that is parsed. A 20 ms frame has about 400 bytes.
MAX_MESSAGE_CHARS = 65_536
KEYS = frozenset("0123456789*#ABCD")

_LONGEST_TEXT = 4_096
_LARGEST_NUMBER = 2**53


@dataclass(frozen=True, slots=True)
class Connected:
    """The first message; it carries no stream SID."""

    protocol: str
    version: str


@dataclass(frozen=True, slots=True)
class StreamStart:
    """The second message: describes the stream. `parameters` are the `<Parameter>`s of the TwiML."""

    stream_sid: str
    call_sid: str
    account_sid: str
    encoding: str
    sample_rate: int
    channels: int
    tracks: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Media:
    """Audio from the caller. `timestamp_ms` is its presentation time since the stream began; `chunk` counts from 1 (0:
    not given). `pcmu` is mu-law of any length, usually 160 bytes."""

    stream_sid: str
    timestamp_ms: int
    pcmu: bytes
    chunk: int = 0
    track: str = "inbound"


@dataclass(frozen=True, slots=True)
class Mark:
    """Echo of one of our marks: it was played, or cleared."""

    stream_sid: str
    name: str


@dataclass(frozen=True, slots=True)
class Dtmf:
    """The caller pressed a key: one of 0-9, *, #, A-D. `track` is without its `_track` suffix, as in `Media`."""

    stream_sid: str
    digit: str
    track: str = "inbound"


@dataclass(frozen=True, slots=True)
class Stop:
    """The stream has ended."""

    stream_sid: str
    call_sid: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """An unknown event, to be ignored."""

    event: str


Message: TypeAlias = Connected | StreamStart | Media | Mark | Dtmf | Stop | Unknown


def decode(text: str | bytes) -> Message:
    """Decodes one WebSocket message from Twilio.

    Raises `BadMessage` with one of these codes: `binary` (not a text frame), `too_long`, `not_json` (or not an object),
    `missing_field`, `bad_field` (wrong type, or unusable text), `bad_number`, `bad_base64`, `bad_digit`.
    """
    if not isinstance(text, str):
        raise BadMessage("a binary frame", code="binary")
    if len(text) > MAX_MESSAGE_CHARS:
        raise BadMessage(f"a message of {len(text)} characters", code="too_long")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):  # RecursionError: thousands of nested brackets
        raise BadMessage("not JSON", code="not_json") from None
    if not isinstance(message, dict):
        raise BadMessage("not a JSON object", code="not_json")
    event = _text(message, "event")
    decoder = _DECODERS.get(event)
    return Unknown(event) if decoder is None else decoder(message)


def check_format(start: StreamStart) -> None:
    """Raises `CarrierError` (`media_format`) unless the stream is mu-law, 8,000 Hz, mono: others would be noise."""
    if (start.encoding, start.sample_rate, start.channels) != ("audio/x-mulaw", 8000, 1):
        raise CarrierError(
            f"media format {start.encoding[:40]!r} at {start.sample_rate} Hz with {start.channels} channels;"
            " only audio/x-mulaw at 8000 Hz with 1 channel is supported",
            code="media_format",
        )


def encode_media(stream_sid: str, pcmu: bytes) -> str:
    """Play `pcmu` (mu-law, 8 kHz, no header bytes) after the audio already queued."""
    payload = b64encode(pcmu).decode("ascii")
    return f'{{"event":"media","streamSid":{json.dumps(stream_sid)},"media":{{"payload":"{payload}"}}}}'


def encode_mark(stream_sid: str, name: str) -> str:
    """Echo the mark `name` once the audio queued before it has been played."""
    return f'{{"event":"mark","streamSid":{json.dumps(stream_sid)},"mark":{{"name":{json.dumps(name)}}}}}'


def encode_clear(stream_sid: str) -> str:
    """Drop all queued audio; every outstanding mark is echoed."""
    return f'{{"event":"clear","streamSid":{json.dumps(stream_sid)}}}'


# --- frames -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Frame:
    """20 ms of caller audio: 160 bytes of mu-law that begin at `media_ms` of the stream."""

    pcmu: bytes
    media_ms: int


#: Timestamps need not be multiples of 20: up to this many ms early or late is not a gap.
TIMESTAMP_SLACK_MS = 10
#: Most that is reported as missed in one event, because timestamps cannot be trusted.
LONGEST_GAP_MS = 60_000


class FrameCutter:
    """Cuts payloads of any size into 160-byte frames with their media time, and reports gaps as `AudioMissed`.

    Each message is placed at its carrier timestamp. If that is later than the end of the audio so far by more than the
    slack, there is a gap (Twilio drops audio when the socket backs up, error 31930), and a frame begun before it is
    padded with silence. A repeated message (chunk number not above the last one, timestamp in the past) is dropped and
    counted. The first timestamp may have any value.
    """

    def __init__(self) -> None:
        self._repeated = 0
        self._pending = b""
        self._next: int | None = None  # where the next byte belongs, in samples since the stream began
        self._chunk = 0

    def cut(self, media: Media) -> list[Frame | AudioMissed]:
        """The frames completed by `media`, in order, preceded by the gap before them, if any."""
        begins = media.timestamp_ms * BYTES_PER_MS
        out: list[Frame | AudioMissed] = []
        if self._next is not None:
            late = begins - self._next
            if 0 < media.chunk <= self._chunk and late < -TIMESTAMP_SLACK_MS * BYTES_PER_MS:
                self._repeated += 1
                return out
            if late > TIMESTAMP_SLACK_MS * BYTES_PER_MS:
                out += self._gap(late)
        self._chunk = media.chunk
        begins -= len(self._pending)
        audio = self._pending + media.pcmu
        whole = len(audio) - len(audio) % FRAME_BYTES
        out += [
            Frame(audio[at : at + FRAME_BYTES], max(0, begins + at) // BYTES_PER_MS)
            for at in range(0, whole, FRAME_BYTES)
        ]
        self._pending = audio[whole:]
        self._next = begins + len(audio)
        return out

    def take_repeated(self) -> int:
        """The number of repeated messages dropped since the last call of this method."""
        repeated, self._repeated = self._repeated, 0
        return repeated

    def flush(self) -> list[Frame]:
        """The unfinished last frame, padded with silence; [] if there is none."""
        if not self._pending or self._next is None:
            return []
        begins = max(0, self._next - len(self._pending))
        frame = Frame(self._pending.ljust(FRAME_BYTES, SILENCE), begins // BYTES_PER_MS)
        self._next += FRAME_BYTES - len(self._pending)
        self._pending = b""
        return [frame]

    def _gap(self, samples: int) -> list[Frame | AudioMissed]:
        filled = (FRAME_BYTES - len(self._pending)) if self._pending else 0
        missed_ms = max(0, samples - filled) // BYTES_PER_MS
        out: list[Frame | AudioMissed] = [*self.flush()]
        if missed_ms:
            out.append(AudioMissed(min(missed_ms, LONGEST_GAP_MS)))
        return out


# --- reading single messages --------------------------------------------------------------------------------------


def _connected(message: dict[str, Any]) -> Connected:
    return Connected(_text(message, "protocol", ""), _text(message, "version", ""))


def _start(message: dict[str, Any]) -> StreamStart:
    start = _object(message, "start")
    stream_sid = _text(start, "streamSid", None) or _text(message, "streamSid")
    if _text(message, "streamSid", stream_sid) != stream_sid:
        raise BadMessage("two stream SIDs in one start", code="bad_field")
    call_sid = _text(start, "callSid")
    if not stream_sid or not call_sid:
        raise BadMessage("a start without its SIDs", code="missing_field")
    media_format = _object(start, "mediaFormat")
    parameters = start.get("customParameters") or {}
    if not isinstance(parameters, dict):
        raise BadMessage("customParameters is not an object", code="bad_field")
    tracks = start.get("tracks")
    return StreamStart(
        stream_sid=stream_sid,
        call_sid=call_sid,
        account_sid=_text(start, "accountSid", ""),
        encoding=_text(media_format, "encoding"),
        sample_rate=_number(media_format, "sampleRate"),
        channels=_number(media_format, "channels", 1),
        tracks=tuple(track for track in tracks if isinstance(track, str)) if isinstance(tracks, list) else (),
        parameters={name: _text(parameters, name) for name, value in parameters.items() if isinstance(value, str)},
    )


def _media(message: dict[str, Any]) -> Media:
    media = _object(message, "media")
    payload = media.get("payload")
    if not isinstance(payload, str):
        raise BadMessage("media without payload", code="missing_field" if payload is None else "bad_field")
    try:
        pcmu = a2b_base64(payload, strict_mode=True)
    except (Base64Error, ValueError):  # ValueError: characters beyond ASCII
        raise BadMessage("payload is not base64", code="bad_base64") from None
    return Media(
        stream_sid=_text(message, "streamSid"),
        timestamp_ms=_number(media, "timestamp"),
        pcmu=pcmu,
        chunk=_number(media, "chunk", 0),
        track=_text(media, "track", "inbound"),
    )


def _mark(message: dict[str, Any]) -> Mark:
    return Mark(_text(message, "streamSid"), _text(_object(message, "mark"), "name"))


def _dtmf(message: dict[str, Any]) -> Dtmf:
    dtmf = _object(message, "dtmf")
    digit = _text(dtmf, "digit").upper()
    if digit not in KEYS:
        raise BadMessage("dtmf with an unknown digit", code="bad_digit")
    # Twilio says `inbound_track` here but `inbound` in media: normalise.
    return Dtmf(_text(message, "streamSid"), digit, _text(dtmf, "track", "inbound").removesuffix("_track"))


def _stop(message: dict[str, Any]) -> Stop:
    stop = message.get("stop")
    return Stop(_text(message, "streamSid"), _text(stop, "callSid", "") if isinstance(stop, dict) else "")


_DECODERS: Mapping[str, Any] = {
    "connected": _connected,
    "start": _start,
    "media": _media,
    "mark": _mark,
    "dtmf": _dtmf,
    "stop": _stop,
}


class _Required:
    """Marks a field that has no default."""


_REQUIRED = _Required()


def _object(source: dict[str, Any], name: str) -> dict[str, Any]:
    value = source.get(name)
    if not isinstance(value, dict):
        raise BadMessage(f"{name} is missing or not an object", code="missing_field" if value is None else "bad_field")
    return value


def _text(source: dict[str, Any], name: str, default: str | _Required | None = _REQUIRED) -> Any:
    value = source.get(name)
    if value is None and not isinstance(default, _Required):
        return default
    if value is None:
        raise BadMessage(f"{name} is missing", code="missing_field")
    # A lone surrogate is valid JSON, but could not be written to a log later.
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or not (value.isascii() or _encodable(value)):
        raise BadMessage(f"{name} is not valid text", code="bad_field")
    return value


def _encodable(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _number(source: dict[str, Any], name: str, default: int | _Required = _REQUIRED) -> int:
    """A whole number >= 0, given as a JSON number or, as Twilio does, as a string."""
    value = source.get(name)
    if value is None:
        if isinstance(default, _Required):
            raise BadMessage(f"{name} is missing", code="missing_field")
        return default
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 16:
        value = int(value)
    if type(value) is not int or not 0 <= value <= _LARGEST_NUMBER:
        raise BadMessage(f"{name} is not a number", code="bad_number")
    return value
