"""The TTS's part of one turn: units -> attempts -> audio that covers them.

Theory of operation. The units of a turn are synthesised in *attempts*; an attempt is one ElevenLabs context. Only audio
proves that text was spoken, and an alignment is evidence of how much: characters whose end lies within the audio are
covered. It need not be complete. Punctuation has no sound; and if a context ends when it was asked to, audio without an
alignment that is long enough for the rest covers it. But if a context ends or is lost too early, the rest is
synthesised in a new attempt, from the first word that is not wholly covered, and the history never contains text
without audio.

A context is closed when no more text will come and its alignment has all its words, or after a time without audio.
Closing earlier can lose the last sentence (the close race); the service confirms the end only once it is closed.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum

from telephony.audio.frames import BYTES_PER_MS
from telephony.core.actions import Action, CloseContext, Speak
from telephony.core.speaking.playout import SLOW_MS_PER_CHAR
from telephony.core.transcript import first_words

SLACK_MS = 200
"""Alignments and audio differ in length by up to this."""
PAUSE_MS = 500
"""Audio without an alignment may be a pause of this length."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of a reply: as `written` by the model, and in the `spoken` form sent to the TTS."""

    written: str
    spoken: str


def solid(text: str) -> int:
    """The number of characters that are not white space. Alignments are compared with texts by this number."""
    return len("".join(text.split()))


class Coming(Enum):
    """What is still to come of a speech."""

    TEXT = "text"
    AUDIO = "audio"
    """No more text, but audio."""
    NOTHING = "nothing"


class Speech:
    """One turn's speech. Times are the core's `now`. See the module text."""

    def __init__(self, turn: int, *, attempts: int, close_after_ms: int, now: int) -> None:
        self.turn = turn
        self.units: list[Unit] = []
        self.attempt = 1
        self.base_attempt, self.base = 1, 0  # the audio of this attempt begins at byte `base` of the track
        self.coming = Coming.TEXT
        self.kept = ""  # text of earlier attempts that is not said again
        self.unspoken = ""  # text that was given up, if any
        self._attempts = attempts
        self._close_after_ms = close_after_ms
        self._sent = ""  # text of this attempt
        self._ends_ms: list[int] = []  # the ends of its solid characters that came in an alignment
        self._audio_bytes = 0
        self._closed = False
        self._active_ms = now

    # --- text -------------------------------------------------------------------------------------------------------

    def say(self, unit: Unit, now: int) -> list[Action]:
        """Sends one more unit to the TTS."""
        self.units.append(unit)
        return self._speak(unit.spoken, now)

    def finish(self) -> list[Action]:
        """No more text will come. If no text was sent, no audio will come either."""
        if self.coming is Coming.TEXT:
            self.coming = Coming.AUDIO if self._sent else Coming.NOTHING
        return self._close_if_covered()

    def drop(self) -> list[Action]:
        """The rest is not wanted any more (a cut): closes at once, because losing audio is what is wanted here."""
        self.coming = Coming.NOTHING
        return self._close() if self._sent else []

    def under_way(self, chars: int) -> tuple[int, Unit | None, int]:
        """The number of whole units within the first `chars` characters, white space not counted; the unit after them,
        if there is one, and how many characters of it are left."""
        for at, unit in enumerate(self.units):
            if (size := solid(unit.spoken)) > chars:
                return at, unit, chars
            chars -= size
        return len(self.units), None, chars

    def skip(self, chars: int) -> list[Action]:
        """No more than the first `chars` characters of the text so far are wanted. More text may come."""
        whole, broken, left = self.under_way(chars)
        if broken is None:
            return []
        actions = self._close() if self._sent else []
        begun = first_words(broken.spoken, left)
        self.units = [*self.units[:whole], *([Unit(f"{begun} —", begun)] if begun else [])]
        self.kept = " ".join(unit.spoken for unit in self.units)
        self._attempts += 1
        self._next_attempt()
        return actions

    # --- audio ------------------------------------------------------------------------------------------------------

    def current(self, attempt: int) -> bool:
        """Whether audio of `attempt` is wanted; otherwise it is stale."""
        return attempt == self.attempt and self.coming is not Coming.NOTHING

    def audio(self, pcmu: bytes, text: str, ends_ms: tuple[int, ...], now: int) -> list[Action]:
        self._audio_bytes += len(pcmu)
        self._ends_ms += [end for char, end in zip(text, ends_ms, strict=False) if not char.isspace()]
        self._active_ms = now
        return self._close_if_covered()

    def ended(self, now: int) -> list[Action]:
        """The service has confirmed that the context is finished."""
        return self._retry(self._covered(whole=True), now)

    def lost(self, retryable: bool, now: int) -> list[Action]:
        """The context was lost before its end."""
        if not retryable:
            self._attempts = self.attempt
        return self._retry(self._covered(whole=False), now)

    # --- time -------------------------------------------------------------------------------------------------------

    @property
    def deadline(self) -> int | None:
        """When to call `deadline_reached`, or None."""
        finishing = self.coming is Coming.AUDIO or (self.coming is Coming.TEXT and self._closed)
        if not self._sent or not finishing:
            return None
        return self._active_ms + self._close_after_ms

    def deadline_reached(self, now: int) -> list[Action]:
        """Closes the context; the second time, when the service has not confirmed the close, stops waiting for it."""
        if not self._closed:
            self._active_ms = now
            return self._close()
        return self.ended(now)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _speak(self, spoken: str, now: int) -> list[Action]:
        if self._closed:
            self._next_attempt()
        self._sent += spoken + " "
        self._active_ms = now
        return [Speak(self.turn, self.attempt, spoken + " ")]

    def _next_attempt(self) -> None:
        self.attempt += 1
        self._sent, self._ends_ms, self._audio_bytes, self._closed = "", [], 0, False

    def _close_if_covered(self) -> list[Action]:
        if self.coming is Coming.AUDIO and not self._rest(len(self._ends_ms)):
            return self._close()
        return []

    def _close(self) -> list[Action]:
        if self._closed:
            return []
        self._closed = True
        return [CloseContext(self.turn, self.attempt)]

    def _covered(self, *, whole: bool) -> int:
        """How many solid characters of this attempt have audio. `whole`: the service has spoken all it will."""
        audio_ms, text = self._audio_bytes // BYTES_PER_MS, solid(self._sent)
        covered = bisect_right(self._ends_ms, audio_ms + SLACK_MS)
        if covered < len(self._ends_ms):
            return covered
        if not covered:
            return text if whole and audio_ms else audio_ms // SLOW_MS_PER_CHAR
        rest_ms = audio_ms - self._ends_ms[-1]
        if whole and 2 * rest_ms * covered >= (text - covered) * self._ends_ms[-1]:  # half of the time that it needs
            return text
        return covered + max(0, rest_ms - PAUSE_MS) // SLOW_MS_PER_CHAR

    def _rest(self, covered: int) -> str:
        """The text of this attempt from the first word that is not wholly within its first `covered` characters. "" if
        only punctuation is left, which has no sound."""
        for index, char in enumerate(self._sent):
            if covered <= 0 and not char.isspace():
                speakable = any(left.isalnum() for left in self._sent[index:])
                return self._sent[self._sent.rfind(" ", 0, index) + 1 :] if speakable else ""
            covered -= not char.isspace()
        return ""

    def _retry(self, covered: int, now: int) -> list[Action]:
        """Synthesises what is not covered in a new attempt, or gives it up if there have been too many."""
        rest = self._rest(covered)
        self.kept += self._sent.removesuffix(rest)
        actions = self._close() if not self._closed else []
        self._closed, rest = True, rest.strip()
        if rest and self.attempt < self._attempts:
            return [*actions, *self._speak(rest, now)]
        self.unspoken = rest
        if self.coming is Coming.AUDIO or rest:
            self.coming = Coming.NOTHING
        else:  # the service ended the context early; text may still come
            self._sent = ""
        return actions
