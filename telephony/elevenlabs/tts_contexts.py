"""The contexts of one multi-context socket: their state, waiting text, and the position of their audio. Pure.

Theory of operation. One socket per call, one context per (turn, attempt). A context is

    waiting   its text is kept here, because all five slots are taken or there is no socket
    open      its opening message was sent
    closing   close_context was sent; audio may still arrive
    gone      isFinal arrived, or the socket was lost

A slot becomes free at `isFinal`, not at close_context; a sixth context would close the whole socket (1008). Nothing is
ever sent for an id that is not open, because a message with an unknown id silently creates a context, which takes a
slot. The opening message comes first, and only it carries the voice settings.

A context ends once: by isFinal, or with its socket. Later requests for it are ignored.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TypeAlias

from telephony.contracts.alignment import Alignment
from telephony.elevenlabs.tts_codec import Audio, Final, close, opening, unit

SLOTS = 5
"""Contexts a socket may hold at once."""
WAITING_CHARS = 20_000
"""Text kept for contexts without a slot."""
ENDED_KEYS = 64
"""Number of ended contexts remembered, to ignore text that was still on its way when they ended."""

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
    alignment: Alignment = field(default_factory=Alignment)
    unanswered_ms: int | None = None  # when the oldest text without audio was sent
    closed_ms: int | None = None  # when it was closed, or the time of its last audio since


class Contexts:
    """The contexts of one socket. Send the frames that methods return in order. `now`: milliseconds of any clock."""

    def __init__(self, settings: dict[str, float]) -> None:
        self._settings = settings
        self._contexts: dict[str, _Context] = {}
        self._ended: deque[Key] = deque(maxlen=ENDED_KEYS)

    def refuse(self, key: Key) -> bool:
        """Ends a context for which there will be no socket. Returns False if it had already ended."""
        if key in self._ended:
            return False
        self._end(key)
        return True

    def keep(self, key: Key, text: str) -> None:
        """Keeps text while there is no socket; `open_waiting` sends it."""
        if key in self._ended:
            return
        context = self._contexts.setdefault(context_id(*key), _Context(key))
        if sum(len(piece) for c in self._contexts.values() for piece in c.waiting) < WAITING_CHARS:
            context.waiting.append(text)
            context.alignment.ask(text)

    def speak(self, key: Key, text: str, now: int) -> list[str]:
        """Speak `text` in the context of `key`, opening it first if there is a slot."""
        if key in self._ended:
            return []
        name = context_id(*key)
        context = self._contexts.setdefault(name, _Context(key))
        if context.close_wanted:
            return []
        if context.state == "open":
            context.unanswered_ms = now if context.unanswered_ms is None else context.unanswered_ms
            context.alignment.ask(text)
            return [unit(name, text)]
        self.keep(key, text)
        return self.open_waiting(now)

    def close(self, key: Key, now: int) -> list[str]:
        """Close the context. If it is still waiting for a slot, it is closed once its text has been sent."""
        name = context_id(*key)
        context = self._contexts.get(name)
        if context is None or context.close_wanted:
            return []
        context.close_wanted = True
        return [_close(name, context, now)] if context.state == "open" else []

    def audio(self, message: Audio, now: int) -> tuple[Key, str, tuple[int, ...]] | None:
        """(key, characters of the text that the audio covers, the end of each in ms of the context's audio), or None
        for an unknown context."""
        context = self._contexts.get(self._name(message))
        if context is None:
            return None
        context.unanswered_ms = None
        context.closed_ms = now if context.state == "closing" else None
        return context.key, *context.alignment.audio(message.block, len(message.pcmu))

    def final(self, message: Final | Audio, now: int) -> tuple[Key | None, list[str]]:
        """The key of the ended context (None if unknown), and the frames to send now that its slot is free."""
        context = self._contexts.pop(self._name(message), None)
        if context is None:
            return None, []
        return self._end(context.key), self.open_waiting(now)

    def _name(self, message: Final | Audio) -> str:
        """The context that a message belongs to: without an id, the only one on the socket."""
        if message.context:
            return message.context
        live = [name for name, context in self._contexts.items() if context.state != "waiting"]
        return live[0] if len(live) == 1 else ""

    def lost(self) -> list[Key]:
        """Ends all contexts, including those still waiting, and returns their keys."""
        return [self._end(self._contexts.pop(name).key) for name in list(self._contexts)]

    def lost_open(self) -> list[Key]:
        """Ends the contexts that were open on a lost socket and returns their keys. Waiting contexts remain."""
        gone = [name for name, context in self._contexts.items() if context.state != "waiting"]
        return [self._end(self._contexts.pop(name).key) for name in gone]

    def unanswered_since(self) -> int | None:
        """When the oldest text without any audio was sent, or None."""
        return min((c.unanswered_ms for c in self._contexts.values() if c.unanswered_ms is not None), default=None)

    def unended_since(self) -> int | None:
        """Since when a closed context has had neither audio nor its end, or None."""
        return min((c.closed_ms for c in self._contexts.values() if c.closed_ms is not None), default=None)

    @property
    def waiting(self) -> bool:
        """Whether a context is waiting for a socket or a slot."""
        return any(context.state == "waiting" for context in self._contexts.values())

    @property
    def slots_taken(self) -> int:
        return sum(context.state in ("open", "closing") for context in self._contexts.values())

    def _end(self, key: Key) -> Key:
        self._ended.append(key)
        return key

    def open_waiting(self, now: int) -> list[str]:
        """The frames that open the waiting contexts for which there are slots: on a new socket, all are free."""
        frames: list[str] = []
        for name, context in self._contexts.items():
            if context.state != "waiting" or self.slots_taken >= SLOTS:
                continue
            context.state = "open"
            context.unanswered_ms = now
            frames += [opening(name, self._settings), *(unit(name, text) for text in context.waiting)]
            context.waiting.clear()
            if context.close_wanted:
                frames.append(_close(name, context, now))
        return frames


def _close(name: str, context: _Context, now: int) -> str:
    context.state, context.closed_ms = "closing", now
    return close(name)
