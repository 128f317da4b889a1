"""A pure codec for ElevenLabs' multi-context TTS socket. The state of the contexts is in `tts_contexts.py`.

The server's keys are in camelCase; snake_case is accepted too. Anything that does not follow the protocol, or is not
mu-law, becomes `Malformed`.

Audio arrives many times a second, nearly always in the same form, which is decoded at once (`_usual`); every other
message is taken apart step by step, with the same result.
"""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from telephony.contracts.alignment import TimedChar, one_by_one, spread
from telephony.contracts.tts import VoiceSpec
from telephony.core.language.codes import primary
from telephony.elevenlabs.faults import Fault as Fault
from telephony.elevenlabs.faults import of_frame

MAX_MESSAGE_BYTES = 16 * 2**20
"""Audio messages can be large; the WebSocket library's default limit would close with a misleading 1009."""
LANGUAGE_MODELS = ("eleven_flash_v2_5", "eleven_turbo_v2_5")
LANGUAGES = frozenset(
    "ar bg cs da de el en es fi fil fr hi hr hu id it ja ko ms nl no pl pt ro ru sk sv ta tr uk vi zh".split()
)
"""What these models take as `language_code`; the handshake is refused (400) for any other."""
PASSING = frozenset({"input_timeout_exceeded", "max_active_conversations"})
"""The faults of a socket, not of the account: a new one is opened."""
# MPEG layer 3: kbit/s by the header's index, for version 1 and for versions 2 and 2.5.
_MP3_RATES = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)


def socket_url(base_url: str, spec: VoiceSpec) -> str:
    """The socket's URL for an http(s) base URL. Always mu-law, and always `auto_mode`: each message is a whole unit."""
    parts = urlsplit(base_url)
    query = {
        "model_id": spec.model,
        "output_format": "ulaw_8000",
        "inactivity_timeout": "180",
        "sync_alignment": "true",
        "auto_mode": "true",
    }
    if code := language_code(spec):
        query["language_code"] = code
    scheme = "wss" if parts.scheme == "https" else "ws"
    path = f"{parts.path.rstrip('/')}/v1/text-to-speech/{quote(spec.voice_id, safe='')}/multi-stream-input"
    return f"{scheme}://{parts.netloc}{path}?{urlencode(query)}"


def language_code(spec: VoiceSpec) -> str:
    """The `language_code` for the spec's language and model; "" if there is none that the model takes."""
    code = primary(spec.language)
    return code if spec.model in LANGUAGE_MODELS and code in LANGUAGES else ""


def voice_settings(spec: VoiceSpec) -> dict[str, float]:
    """The settings given in `spec`; the voice's own defaults apply to the others."""
    chosen = {"stability": spec.stability, "similarity_boost": spec.similarity, "speed": spec.speed}
    return {name: value for name, value in chosen.items() if value is not None}


# --- what the client says --------------------------------------------------------------------------------------------


def opening(context: str, settings: dict[str, float]) -> str:
    """The first message of a context; only this one carries settings."""
    return json.dumps({"text": " ", "context_id": context} | ({"voice_settings": settings} if settings else {}))


def unit(context: str, text: str) -> str:
    """A whole unit, to be synthesised at once; its text ends with exactly one space."""
    return json.dumps({"text": text.strip() + " ", "context_id": context, "flush": True})


def close(context: str) -> str:
    """Tells the server that this context gets no more text."""
    return json.dumps({"context_id": context, "close_context": True})


LONGEST_MS = 10_000_000
"""No time in an alignment is this far from the beginning."""
CLOSE_SOCKET = json.dumps({"close_socket": True})


# --- what the server says --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Audio:
    """Audio of a context with its alignment, () if there is none. `final`: the context ends with this message."""

    context: str
    pcmu: bytes
    block: tuple[TimedChar, ...] = ()
    final: bool = False


@dataclass(frozen=True, slots=True)
class Final:
    """The context has ended and its slot is free."""

    context: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A message that violates the protocol, or audio that is not mu-law and must not be played."""

    why: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message of an unknown kind; the service adds some over time."""


Message: TypeAlias = Audio | Final | Fault | Malformed | Ignored


def decode(text: str | bytes) -> Message:
    """One frame from the server; never raises."""
    if not isinstance(text, str):
        return Malformed("binary frame")
    return _usual(text) or _any(text)


class _Block(msgspec.Struct):
    """An alignment in its usual form."""

    chars: list[str]
    starts_ms: list[int] = msgspec.field(name="charStartTimesMs")
    lasts_ms: list[int] = msgspec.field(name="charDurationsMs")


class _UsualAudio(msgspec.Struct):
    """A message of audio in its usual form: only the first alignment is read."""

    pcmu: bytes = msgspec.field(name="audio")
    context: str = msgspec.field(name="contextId")
    final: bool | None = msgspec.field(name="isFinal", default=None)
    alignment: _Block | None = None
    also_final: bool | None = msgspec.field(name="is_final", default=None)


_decode_usual = msgspec.json.Decoder(_UsualAudio).decode


def _usual(text: str) -> Audio | Malformed | None:
    """A message of audio in its usual form, or None for any other."""
    try:
        message = _decode_usual(text)
        block = message.alignment
        chars = one_by_one(block.chars, block.starts_ms, block.lasts_ms) if block is not None else ()
    except (ValueError, RecursionError):
        return None
    if not (message.context and message.pcmu and chars and _in_range(chars)):
        return None
    if found := foreign_format(message.pcmu):
        return Malformed(found)
    return Audio(message.context, message.pcmu, chars, bool(message.final or message.also_final))


def _any(text: str) -> Message:
    """Any message."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return Malformed("not JSON")
    if not isinstance(message, dict):
        return Malformed("not an object")
    context = message.get("contextId") or message.get("context_id") or ""
    if not isinstance(context, str):
        return Malformed("bad context id")
    final = message.get("isFinal") is True or message.get("is_final") is True
    if message.get("audio"):
        return _audio(context, message, final)
    error = message.get("error") or message.get("detail")
    if error or (message.get("message") and message.get("code")):
        return of_frame(error, message.get("message"), message.get("code"), PASSING)
    return Final(context) if final else Ignored()


def _audio(context: str, message: dict[str, Any], final: bool) -> Message:
    try:
        pcmu = audio_bytes(message["audio"])
    except (Base64Error, ValueError, TypeError, AttributeError):
        return Malformed("bad base64")
    if found := foreign_format(pcmu):
        return Malformed(found)
    blocks = (_alignment(message.get(f"{name}lignment")) for name in ("a", "normalizedA", "normalized_a"))
    return Audio(context, pcmu, next((block for block in blocks if block), ()), final)


def audio_bytes(text: Any) -> bytes:
    """Base64, strictly or in one of the other usual ways: without padding, with line breaks, with "-" and "_". Raises
    binascii.Error, ValueError, TypeError or AttributeError."""
    try:
        return b64decode(text, validate=True)
    except Base64Error:
        plain = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
        return b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def foreign_format(pcmu: bytes) -> str:
    """What `pcmu` really is if it is not mu-law ("an MP3", "a sound file", "text"); "" for audio.

    Quiet mu-law is full of bytes like 0xFF, so an MP3 header alone proves nothing: a second one must follow its frame.
    """
    if pcmu[:3] == b"ID3" and pcmu[3:4] in (b"\x02", b"\x03", b"\x04"):
        return "an MP3"
    if (length := _mp3_frame(pcmu)) and (length == len(pcmu) or _mp3_frame(pcmu[length:])):
        return "an MP3"
    if (pcmu[:4] == b"RIFF" and pcmu[8:12] == b"WAVE") or pcmu[:5] == b"OggS\0":
        return "a sound file"
    start = pcmu[:16]
    if (
        start.lstrip()[:1] in (b"<", b"{")
        and len(start) >= 6
        and all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in start)
    ):
        return "text"
    return ""


def _mp3_frame(data: bytes) -> int:
    """The length of the MP3 frame that begins here, or 0."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE6 != 0xE2:
        return 0
    version, rate = data[1] >> 3 & 3, data[2] >> 2 & 3
    if version == 1 or rate == 3 or data[2] >> 4 in (0, 15):
        return 0
    kilobits = _MP3_RATES[version != 3][data[2] >> 4]
    hertz = (44_100, 48_000, 32_000)[rate] >> (2, 0, 1, 0)[version]
    return (144 if version == 3 else 72) * kilobits * 1_000 // hertz + (data[2] >> 1 & 1)


def _alignment(block: object) -> tuple[TimedChar, ...]:
    """The characters of an alignment; () if it cannot be used."""
    if not isinstance(block, dict):
        return ()
    chars = block.get("chars") or []
    starts = _first(block, "charStartTimesMs", "charsStartTimesMs", "char_start_times_ms")
    lasts = _first(block, "charDurationsMs", "charsDurationsMs", "char_durations_ms")
    if not (isinstance(chars, list) and len(chars) == len(starts) == len(lasts)):
        return ()
    try:
        found = spread((str(text or ""), start, last) for text, start, last in zip(chars, starts, lasts, strict=True))
    except (TypeError, ValueError, OverflowError):
        return ()
    return found if _in_range(found) else ()


def _in_range(chars: tuple[TimedChar, ...]) -> bool:
    """Whether all times are near; JSON allows integers of any length."""
    return all(
        -LONGEST_MS < start_ms < LONGEST_MS and -LONGEST_MS < end_ms < LONGEST_MS for _, start_ms, end_ms in chars
    )


def _first(block: dict[str, Any], *names: str) -> list[Any]:
    return next((block[name] for name in names if isinstance(block.get(name), list)), [])
