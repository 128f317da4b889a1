"""The contexts of one multi-context socket: which are open, what waits, and where their audio belongs. Pure.

Theory of operation. One socket per call, one context per (turn, attempt). A context is

    waiting   its text is kept here, because all five slots are taken
    open      its opening message was sent
    closing   close_context was sent; audio may still come
    gone      isFinal came, or the socket was lost

A slot is free at `isFinal`, not at close_context: a sixth context would close the whole socket (1008). Nothing is ever
sent for an id that is not open: any message naming an unknown id silently creates a context that takes a slot.
The opening message goes first and alone carries the voice settings.

Sources disagree on whether alignment times count from the start of the context's audio, of the message or of the block
before: each block is read in the way that continues the last one. Messages are placed by the byte clock (8 bytes of
ulaw_8000 are 1 ms).

A context ends once: by isFinal, or with its socket. What is asked of it afterwards is ignored.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TypeAlias

from telephony.audio.frames import BYTES_PER_MS
from telephony.elevenlabs.tts_codec import Audio, Final, close, opening, unit

SLOTS = 5
"""Contexts a socket may hold at once."""
WAITING_CHARS = 20_000
"""Text kept for contexts without a slot."""
ENDED_KEYS = 64
"""So many ended contexts are remembered, against text that was on its way when they ended."""

Key: TypeAlias = tuple[int, int]
"""(turn, attempt)"""


def context_id(turn: int, attempt: int) -> str:
    """`t7` for the first attempt, `t7-2` for the second: never reused."""
    return f"t{turn}" if attempt == 1 else f"t{turn}-{attempt}"


@dataclass(slots=True)
class _Context:
    key: Key
    state: str = "waiting"
    waiting: list[str] = field(default_factory=list)
    close_wanted: bool = False
    audio_bytes: int = 0
    asked_ms: int | None = None  # when text was sent that no audio has answered yet
    closed_ms: int | None = None  # when it was closed, or last gave audio after that
    block_ms: int = 0  # where the last alignment block began, and the end of its last character
    aligned_ms: int = 0


class Contexts:
    """The contexts of one socket. Methods return the frames to send, in order. `now` is any clock's milliseconds."""

    def __init__(self, settings: dict[str, float]) -> None:
        self._settings = settings
        self._contexts: dict[str, _Context] = {}
        self._ended: deque[Key] = deque(maxlen=ENDED_KEYS)

    def refuse(self, key: Key) -> bool:
        """There will never be a socket for this one: whether that is new."""
        if key in self._ended:
            return False
        self._end(key)
        return True

    def keep(self, key: Key, text: str) -> None:
        """Text for which there is no socket yet: it waits for `restart`."""
        if key in self._ended:
            return
        context = self._contexts.setdefault(context_id(*key), _Context(key))
        if sum(len(piece) for c in self._contexts.values() for piece in c.waiting) < WAITING_CHARS:
            context.waiting.append(text)

    def speak(self, key: Key, text: str, now: int) -> list[str]:
        """Speak `text` in the context of `key`, opening it first if there is a slot."""
        if key in self._ended:
            return []
        name = context_id(*key)
        context = self._contexts.setdefault(name, _Context(key))
        if context.close_wanted:
            return []
        if context.state == "open":
            context.asked_ms = now if context.asked_ms is None else context.asked_ms
            return [unit(name, text)]
        self.keep(key, text)
        return self._open_waiting(now)

    def close(self, key: Key, now: int) -> list[str]:
        """Close the context; one that still waits for a slot is closed after its text was sent."""
        name = context_id(*key)
        context = self._contexts.get(name)
        if context is None or context.close_wanted:
            return []
        context.close_wanted = True
        return [_close(name, context, now)] if context.state == "open" else []

    def audio(self, message: Audio, now: int) -> tuple[Key, tuple[int, ...]] | None:
        """(key, end of each character in ms of the context's audio), or None for a context that is not ours."""
        context = self._contexts.get(message.context)
        if context is None:
            return None
        context.asked_ms = None
        context.closed_ms = now if context.state == "closing" else None
        base_ms = context.audio_bytes // BYTES_PER_MS
        context.audio_bytes += len(message.pcmu)
        return context.key, _place(context, message, base_ms)

    def final(self, message: Final | Audio, now: int) -> tuple[Key | None, list[str]]:
        """The key of the finished context, and what may be sent now that its slot is free."""
        context = self._contexts.pop(message.context, None)
        if context is None:
            return None, []
        return self._end(context.key), self._open_waiting(now)

    def lost(self) -> list[Key]:
        """There is no socket, and nobody waits for one any longer: these were live."""
        return [self._end(self._contexts.pop(name).key) for name in list(self._contexts)]

    def restart(self, now: int) -> list[str]:
        """A new socket: contexts that had not been opened yet are opened on it."""
        return self._open_waiting(now)

    def lost_open(self) -> list[Key]:
        """The socket is gone: contexts that were open on it. Those still waiting stay."""
        gone = [name for name, context in self._contexts.items() if context.state != "waiting"]
        return [self._end(self._contexts.pop(name).key) for name in gone]

    def unanswered_since(self) -> int | None:
        """The time of the oldest text that no audio has answered."""
        return min((c.asked_ms for c in self._contexts.values() if c.asked_ms is not None), default=None)

    def unended_since(self) -> int | None:
        """Since when a closed context has given neither audio nor its end."""
        return min((c.closed_ms for c in self._contexts.values() if c.closed_ms is not None), default=None)

    @property
    def waiting(self) -> bool:
        """Whether text waits for a socket or a slot."""
        return any(context.state == "waiting" for context in self._contexts.values())

    @property
    def slots_taken(self) -> int:
        return sum(context.state in ("open", "closing") for context in self._contexts.values())

    def _end(self, key: Key) -> Key:
        self._ended.append(key)
        return key

    def _open_waiting(self, now: int) -> list[str]:
        frames: list[str] = []
        for name, context in self._contexts.items():
            if context.state != "waiting" or self.slots_taken >= SLOTS:
                continue
            context.state = "open"
            context.asked_ms = now
            frames += [opening(name, self._settings), *(unit(name, text) for text in context.waiting)]
            context.waiting.clear()
            if context.close_wanted:
                frames.append(_close(name, context, now))
        return frames


def _place(context: _Context, message: Audio, base_ms: int) -> tuple[int, ...]:
    """The block's ends in ms of the context's audio, never falling. See the module text."""
    if not message.ends_ms:
        return ()
    first = message.starts_ms[0]
    low, high = sorted((context.aligned_ms, base_ms))  # the next character begins hereabouts

    def off_by(origin: int) -> int:
        return max(low - origin - first, origin + first - high, 0)

    context.block_ms = min((base_ms, context.block_ms, 0), key=off_by)
    placed = []
    for end in message.ends_ms:
        context.aligned_ms = max(context.aligned_ms, context.block_ms + end)
        placed.append(context.aligned_ms)
    return tuple(placed)


def _close(name: str, context: _Context, now: int) -> str:
    context.state, context.closed_ms = "closing", now
    return close(name)
