"""The multi-context TTS socket of ElevenLabs as a pure codec, and the state of its contexts.

Theory of operation. One socket per call, one context per (turn, attempt). A context is

    waiting   its text is kept here, because all five slots are taken
    open      its opening message was sent
    closing   close_context was sent; audio may still come
    gone      isFinal came, or the socket was lost

A slot is free at `isFinal`, not at close_context: a sixth context would close the whole socket (1008). Nothing is ever
sent for an id that is not open: any message naming an unknown id silently creates a context that takes a slot.
The opening message goes first and alone carries the voice settings. Server keys come in camelCase; snake_case is
understood too. Alignment times are made relative to the start of the context's audio by the byte clock (8 bytes of
ulaw_8000 are 1 ms): a block that starts at or after the running total is absolute, any other is relative to it.
"""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode, urlsplit

from telephony.tts import VoiceSpec

SLOTS = 5
"""Contexts a socket may hold at once."""
BYTES_PER_MS = 8
MAX_MESSAGE_BYTES = 16 * 2**20
"""Audio messages can be large; the default of a WebSocket library closes with a misleading 1009."""
WAITING_CHARS = 20_000
"""Text kept for contexts without a slot."""
LANGUAGE_MODELS = ("eleven_flash_v2_5", "eleven_turbo_v2_5")
FATAL_SLUGS = frozenset(
    {
        "quota_exceeded",
        "detected_unusual_activity",
        "invalid_api_key",
        "voice_not_found",
        "max_character_limit_exceeded",
    }
)
_NOT_MULAW = (b"ID3", b"\xff\xfb", b"\xff\xf3", b"RIFF", b"OggS", b"<htm", b"<!DO", b'{"')


def socket_url(base_url: str, spec: VoiceSpec) -> str:
    """The socket's URL for an http(s) base URL. Always mu-law, always one message per whole unit (`auto_mode`)."""
    parts = urlsplit(base_url)
    query = {
        "model_id": spec.model,
        "output_format": "ulaw_8000",
        "inactivity_timeout": "180",
        "sync_alignment": "true",
        "auto_mode": "true",
    }
    if spec.language and spec.model in LANGUAGE_MODELS:
        query["language_code"] = spec.language
    scheme = "wss" if parts.scheme == "https" else "ws"
    path = f"{parts.path.rstrip('/')}/v1/text-to-speech/{quote(spec.voice_id, safe='')}/multi-stream-input"
    return f"{scheme}://{parts.netloc}{path}?{urlencode(query)}"


def voice_settings(spec: VoiceSpec) -> dict[str, float]:
    """Only what was asked for; the rest stays the voice's own."""
    chosen = {"stability": spec.stability, "similarity_boost": spec.similarity, "speed": spec.speed}
    return {name: value for name, value in chosen.items() if value is not None}


def context_id(turn: int, attempt: int) -> str:
    """`t7` for the first attempt, `t7-2` for the second: never reused."""
    return f"t{turn}" if attempt == 1 else f"t{turn}-{attempt}"


# --- what the server says -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Audio:
    """Audio of a context with its alignment block: characters, their starts and durations in ms ("" and () if none)."""

    context: str
    pcmu: bytes
    chars: str = ""
    starts_ms: tuple[int, ...] = ()
    ends_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Final:
    """The context is finished and its slot free."""

    context: str


@dataclass(frozen=True, slots=True)
class Fault:
    """An error frame; a close usually follows. `slug` is the server's word."""

    slug: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Garbage:
    """Something that is not this protocol, or audio that is not mu-law: never to be played."""

    why: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message we do not know. They add some over time."""


Message: TypeAlias = Audio | Final | Fault | Garbage | Ignored


def decode(text: str | bytes) -> Message:
    """One frame from the server; never raises."""
    if not isinstance(text, str):
        return Garbage("binary frame")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return Garbage("not JSON")
    if not isinstance(message, dict):
        return Garbage("not an object")
    context = message.get("contextId") or message.get("context_id") or ""
    if not isinstance(context, str):
        return Garbage("bad context id")
    if message.get("error") and not message.get("audio"):
        slug = str(message.get("error"))[:60]
        return Fault(slug, slug not in FATAL_SLUGS)
    if message.get("audio"):
        return _audio(context, message)
    if message.get("isFinal") is True or message.get("is_final") is True:
        return Final(context)
    return Ignored()


def _audio(context: str, message: dict[str, Any]) -> Message:
    try:
        pcmu = b64decode(message["audio"], validate=True)
    except (Base64Error, ValueError, TypeError):
        return Garbage("bad base64")
    if pcmu.startswith(_NOT_MULAW):
        return Garbage("audio that is not mu-law")
    block = message.get("alignment") or message.get("normalizedAlignment") or message.get("normalized_alignment")
    chars, starts, ends = _alignment(block) if isinstance(block, dict) else ("", (), ())
    return Audio(context, pcmu, chars, starts, ends)


def _alignment(block: dict[str, Any]) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    chars = block.get("chars") or []
    starts = _first(block, "charStartTimesMs", "charsStartTimesMs", "char_start_times_ms")
    lasts = _first(block, "charDurationsMs", "charsDurationsMs", "char_durations_ms")
    if not (isinstance(chars, list) and len(chars) == len(starts) == len(lasts)):
        return "", (), ()
    try:
        begin = tuple(int(ms) for ms in starts)
        ends = tuple(start + int(ms) for start, ms in zip(begin, lasts, strict=True))
        text = "".join(str(char)[:1] or " " for char in chars)
    except (TypeError, ValueError):
        return "", (), ()
    return text, begin, ends


def _first(block: dict[str, Any], *names: str) -> list[Any]:
    return next((block[name] for name in names if isinstance(block.get(name), list)), [])


# --- the contexts ---------------------------------------------------------------------------------------------------

Key: TypeAlias = tuple[int, int]
"""(turn, attempt)"""


@dataclass(slots=True)
class _Context:
    key: Key
    state: str = "waiting"
    waiting: list[str] = field(default_factory=list)
    close_wanted: bool = False
    audio_bytes: int = 0
    asked_ms: int | None = None  # when text was sent that no audio has answered yet


class Contexts:
    """The contexts of one socket. Methods return the frames to send, in order. `now` is any clock's milliseconds."""

    def __init__(self, settings: dict[str, float]) -> None:
        self._settings = settings
        self._contexts: dict[str, _Context] = {}

    def keep(self, key: Key, text: str) -> None:
        """Text for which there is no socket yet: it waits for `restart`."""
        context = self._contexts.setdefault(context_id(*key), _Context(key))
        if sum(len(piece) for c in self._contexts.values() for piece in c.waiting) < WAITING_CHARS:
            context.waiting.append(text)

    def speak(self, key: Key, text: str, now: int) -> list[str]:
        """Speak `text` in the context of `key`, opening it first if there is a slot."""
        name = context_id(*key)
        context = self._contexts.setdefault(name, _Context(key))
        if context.close_wanted:
            return []
        if context.state == "open":
            context.asked_ms = now if context.asked_ms is None else context.asked_ms
            return [_text(name, text)]
        self.keep(key, text)
        return self._open_waiting(now)

    def close(self, key: Key, now: int) -> list[str]:
        """Close the context; one that still waits for a slot is closed after its text was sent."""
        name = context_id(*key)
        context = self._contexts.get(name)
        if context is None or context.close_wanted:
            return []
        context.close_wanted = True
        if context.state == "open":
            context.state = "closing"
            return [json.dumps({"context_id": name, "close_context": True})]
        return []

    def audio(self, message: Audio) -> tuple[Key, tuple[int, ...]] | None:
        """(key, end of each character in ms of the context's audio), or None for a context that is not ours."""
        context = self._contexts.get(message.context)
        if context is None:
            return None
        context.asked_ms = None
        base = context.audio_bytes // BYTES_PER_MS
        context.audio_bytes += len(message.pcmu)
        relative = not message.starts_ms or message.starts_ms[0] < base
        return context.key, tuple(end + base for end in message.ends_ms) if relative else message.ends_ms

    def final(self, message: Final, now: int) -> tuple[Key | None, list[str]]:
        """The key of the finished context, and what may be sent now that its slot is free."""
        context = self._contexts.pop(message.context, None)
        return (context.key if context else None), self._open_waiting(now)

    def lost(self) -> list[Key]:
        """The socket is gone: these were live."""
        keys = [context.key for context in self._contexts.values()]
        self._contexts.clear()
        return keys

    def restart(self, now: int) -> list[str]:
        """A new socket: contexts that had not been opened yet are opened on it."""
        return self._open_waiting(now)

    def lost_open(self) -> list[Key]:
        """The socket is gone: contexts that were open on it. Those still waiting stay."""
        gone = [name for name, context in self._contexts.items() if context.state != "waiting"]
        return [self._contexts.pop(name).key for name in gone]

    def unanswered_since(self) -> int | None:
        """The time of the oldest text that no audio has answered."""
        return min((c.asked_ms for c in self._contexts.values() if c.asked_ms is not None), default=None)

    @property
    def slots_taken(self) -> int:
        return sum(context.state in ("open", "closing") for context in self._contexts.values())

    def _open_waiting(self, now: int) -> list[str]:
        frames: list[str] = []
        for name, context in self._contexts.items():
            if context.state != "waiting" or self.slots_taken >= SLOTS:
                continue
            context.state = "open"
            context.asked_ms = now
            opening: dict[str, Any] = {"text": " ", "context_id": name}
            if self._settings:
                opening["voice_settings"] = self._settings
            frames += [json.dumps(opening), *(_text(name, text) for text in context.waiting)]
            context.waiting.clear()
            if context.close_wanted:
                context.state = "closing"
                frames.append(json.dumps({"context_id": name, "close_context": True}))
        return frames


def _text(name: str, text: str) -> str:
    return json.dumps({"text": text.strip() + " ", "context_id": name, "flush": True})


CLOSE_SOCKET = json.dumps({"close_socket": True})
