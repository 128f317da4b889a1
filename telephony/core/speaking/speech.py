"""The voice's part of one turn: units -> attempts -> audio that covers them.

Theory of operation. The units of a turn are spoken in *attempts*; an attempt is one ElevenLabs context. What a unit
has become is judged by its audio alone: characters that came back in an alignment are covered, text without audio was
never spoken. So when a context ends or is lost, the uncovered rest is spoken again in a new attempt, from the first
uncovered word, and nothing is remembered as said that had no audio.

A context is closed when no more text will come and its audio covers the last text, or after a time without audio.
Closing earlier can lose the last sentence (the close race); closing is also what makes the service confirm the end.
"""

from __future__ import annotations

from dataclasses import dataclass

from telephony.audio.frames import BYTES_PER_MS
from telephony.core.actions import Action, CloseContext, Speak
from telephony.core.speaking.playout import SLOW_MS_PER_CHAR


@dataclass(frozen=True, slots=True)
class Unit:
    """`written` by the model, `spoken` form for the voice."""

    written: str
    spoken: str


def solid(text: str) -> int:
    """The number of characters that are not white space: what alignments are compared by."""
    return sum(1 for char in text if not char.isspace())


class Speech:
    """One turn's speech. Times are the core's `now`. See the module text."""

    def __init__(self, turn: int, *, attempts: int, close_after_ms: int, now: int) -> None:
        self.turn = turn
        self.units: list[Unit] = []
        self.attempt = 1
        self.based, self.base = 1, 0  # where in the track the audio of attempt `based` begins, in bytes
        self.complete = False  # no more text will come
        self.over = False  # no more audio will come
        self.unspoken = ""  # what was given up, if anything
        self._attempts = attempts
        self._close_after_ms = close_after_ms
        self._asked = ""  # text of this attempt
        self._covered = 0  # solid characters of this attempt that have audio
        self._audio_bytes = 0
        self._closed = False
        self._active_ms = now

    # --- text -------------------------------------------------------------------------------------------------------

    def say(self, unit: Unit, now: int) -> list[Action]:
        """Hands one more unit to the voice."""
        self.units.append(unit)
        return self._speak(unit.spoken, now)

    def finish(self) -> list[Action]:
        """No more text will come. With nothing asked for there is nothing to wait for."""
        self.complete = True
        if not self._asked:
            self.over = True
            return []
        return self._close_if_covered()

    def drop(self) -> list[Action]:
        """The rest is not wanted any more (a cut): close at once, lost audio is wanted."""
        self.complete = self.over = True
        return self._close() if self._asked else []

    # --- audio ------------------------------------------------------------------------------------------------------

    def current(self, attempt: int) -> bool:
        """Audio of another attempt is stale."""
        return attempt == self.attempt and not self.over

    def audio(self, pcmu: bytes, text: str, now: int) -> list[Action]:
        self._audio_bytes += len(pcmu)
        self._covered += solid(text)
        self._active_ms = now
        return self._close_if_covered()

    def ended(self, now: int) -> list[Action]:
        """The context was confirmed as finished."""
        rest = "" if self._covered_all() else self._rest()
        if not self._covered and self._audio_bytes:
            rest = ""  # no alignment at all: a normal end covers everything
        return self._again(rest, now)

    def lost(self, retryable: bool, now: int) -> list[Action]:
        """The context is gone before its end."""
        if not retryable:
            self._attempts = self.attempt
        return self._again(self._rest(), now)

    # --- time -------------------------------------------------------------------------------------------------------

    @property
    def deadline(self) -> int | None:
        """When `time` wants to be called."""
        if self.over or not self._asked or not (self.complete or self._closed):
            return None
        return self._active_ms + self._close_after_ms

    def time(self, now: int) -> list[Action]:
        """The deadline has come: close, or, when even the confirmation does not come, stop waiting for it."""
        if not self._closed:
            self._active_ms = now
            return self._close()
        return self.ended(now)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _speak(self, spoken: str, now: int) -> list[Action]:
        if self._closed:
            self._next_attempt()
        self._asked += spoken + " "
        self._active_ms = now
        return [Speak(self.turn, self.attempt, spoken + " ")]

    def _next_attempt(self) -> None:
        self.attempt += 1
        self._asked, self._covered, self._audio_bytes, self._closed = "", 0, 0, False

    def _covered_all(self) -> bool:
        return self._covered >= solid(self._asked)

    def _close_if_covered(self) -> list[Action]:
        if self.complete and self._covered_all() and not self.over:
            return self._close()
        return []

    def _close(self) -> list[Action]:
        if self._closed:
            return []
        self._closed = True
        return [CloseContext(self.turn, self.attempt)]

    def _rest(self) -> str:
        """The text of this attempt from the first word that is not wholly covered."""
        covered = self._covered or self._audio_bytes // (BYTES_PER_MS * SLOW_MS_PER_CHAR)
        for index, char in enumerate(self._asked):
            if covered <= 0 and not char.isspace():
                start = self._asked.rfind(" ", 0, index) + 1
                return self._asked[start:].strip()
            covered -= not char.isspace()
        return ""

    def _again(self, rest: str, now: int) -> list[Action]:
        actions = self._close() if not self._closed else []
        self._closed = True
        if rest and self.attempt < self._attempts:
            return [*actions, *self._speak(rest, now)]
        self.unspoken = rest
        if self.complete or rest:
            self.over = True
        else:  # the service ended it early; text may still come
            self._asked = ""
        return actions
