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
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

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


_Text = Annotated[str, msgspec.Meta(max_length=_LONGEST_TEXT)]


class _MediaFields(msgspec.Struct):
    payload: bytes
    timestamp: str
    chunk: str = "0"
    track: _Text = "inbound"


class _MediaMessage(msgspec.Struct):
    event: Literal["media"]
    streamSid: _Text
    media: _MediaFields


_decode_media = msgspec.json.Decoder(_MediaMessage).decode


def decode_ascii(payload: bytes) -> Message:
    """As `decode`, for the payload of a text message that is ASCII. A media message as Twilio sends it takes a third of
    the time: there are fifty a second in every call."""
    if len(payload) <= MAX_MESSAGE_CHARS:
        try:
            message = _decode_media(payload)
        except (msgspec.MsgspecError, RecursionError):
            return decode(payload.decode("ascii"))
        media = message.media
        if _are_numbers(media.timestamp, media.chunk):
            return Media(message.streamSid, int(media.timestamp), media.payload, int(media.chunk), media.track)
    return decode(payload.decode("ascii"))


def _are_numbers(one: str, other: str) -> bool:
    if len(one) > 15 or len(other) > 15:
        return False
    return one.isdecimal() and other.isdecimal() and one.isascii() and other.isascii()


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
