"""What a managed agent says: its audio, its text, and how much of it the caller has heard.

Theory of operation. The platform sends audio in bursts, and text separately; neither shows where a turn of speech ends.
So a *line* is opened by the first audio or text, and is over when the caller says something, when another text comes,
at an interruption, or when all its audio was played and no more comes. Its audio is a track of the same ledger that the
pipeline uses (`core/speaking/playout.py`), which knows when it was played and how much of it was heard.

An interruption clears the carrier and makes the audio of its event id stale (`interruptions.py`). Before the line goes
on record it waits a moment for the platform's correction, because that is what the agent itself will remember; without
one, the record holds what was provably heard. Until the carrier's stream is up and the platform's formats are known,
the ledger is held, so that early audio is kept.
"""

from __future__ import annotations

from enum import Enum

from telephony.core.actions import Action, LineAdded
from telephony.core.decisions import CorrectedLate, MarksMissing, PlatformCut, StaleInterruption
from telephony.core.managed.interruptions import Interruptions
from telephony.core.managed.line import Line
from telephony.core.managed_events import ManagedAudio, ManagedCorrected, ManagedInterrupted, ManagedSaid
from telephony.core.policy import Limits
from telephony.core.speaking.playout import Playout
from telephony.core.transcript import Transcript

CORRECTION_MS = 1_500
"""How long to wait for the platform's correction after an interruption."""
DRY_MS = 40
"""A line without new audio is padded to a whole frame this long before all its audio has been played."""
LAST_WORDS_MS = 1_500
"""After the agent has hung up, this long without more audio means that its last words have all arrived."""
LAST_MS = 400
"""A line is over when all its audio was played and no more has come for this long."""


class Needed(Enum):
    """What must be known before anything is played: that the carrier's stream is up, and the platform's formats."""

    STREAM = "stream"
    FORMATS = "formats"


class ManagedSpeech:
    """See the module text. Methods that do something return the actions to perform, in order."""

    def __init__(self, limits: Limits) -> None:
        self.playout = Playout(limits.mark_every_ms, prefix="m")
        self.transcript = Transcript()
        self.last = 0  # the last turn number used
        self.interruptions = Interruptions()
        self._lines: list[Line] = []
        self._current: Line | None = None  # the last of them, if it is not over
        self._arriving_ms: int | None = None  # until when the last words may still arrive
        self._grace_ms = limits.goodbye_ms
        self._needed = set(Needed)
        self.playout.hold(0)

    # --- from the platform ------------------------------------------------------------------------------------------

    def begin(self, known: Needed, now: int) -> list[Action]:
        """One more of what must be known is. Playback begins once all is."""
        if known not in self._needed:
            return []
        self._needed.remove(known)
        return [] if self._needed else self.playout.resume(now)

    def conversation(self, conversation_id: str, now: int) -> list[Action]:
        """The platform has begun this conversation."""
        if not self.interruptions.conversation(conversation_id):
            return []
        for line in self._lines:
            line.first = line.high = 0
        return self._finish_line(now)

    def audio(self, event: ManagedAudio, now: int) -> list[Action]:
        if self.interruptions.stale(event.event_id):
            return []
        self.interruptions.seen = max(self.interruptions.seen, event.event_id)
        line = self._lines[-1] if self._lines else None
        over = line is not self._current
        if line is None or (over and (line.cut_ms is not None or event.event_id > line.high)):
            line = self._open(event.event_id)
        line.audio_ms, line.high = now, max(line.high, event.event_id)
        line.aligned += event.text
        track = self.playout.open(line.turn)
        track.closed = False
        self.playout.align(line.turn, event.text, event.ends_ms, len(track.audio))
        return self.playout.add(line.turn, event.pcmu, now)

    def said(self, event: ManagedSaid, now: int) -> list[Action]:
        """Takes the text of a line, which may come before its audio or after."""
        text = event.text.strip()
        if not text or self.interruptions.too_old(event.event_id) or self._late_text(event.event_id, text):
            return []
        self.interruptions.something_new()
        self.interruptions.seen = max(self.interruptions.seen, event.event_id)
        actions, line = list[Action](), self._current
        if line is None or (line.text and not line.grows(event.event_id, text)):
            actions = self._finish_line(now)
            line = self._open(event.event_id)
        line.text = text
        line.audio_ms = line.audio_ms or now
        return actions

    def interrupted(self, event: ManagedInterrupted, now: int) -> list[Action]:
        so_far = max((line.high for line in self._lines), default=self.interruptions.seen)
        up_to = self.interruptions.add(event.event_id, so_far)
        if self._lines and all(line.first > up_to for line in self._lines):
            return [StaleInterruption(self.last, event.event_id)]
        speaking = self.playout.speaking(now)
        actions = self.cut(now)
        return [*actions, PlatformCut(self.last, event.event_id)] if speaking else actions

    def corrected(self, event: ManagedCorrected) -> list[Action]:
        """Takes the platform's correction for the interrupted line that it means: by its text, or else the last."""
        waiting = [line for line in self._lines if line.cut_ms is not None and line.corrected is None]
        meant = [line for line in waiting if line.text == event.original.strip()] or waiting or self._lines[-1:]
        if meant:
            meant[-1].corrected = event.text.strip()
            return []
        self.transcript.agent(self.last, event.text.strip(), True)  # the line is already on record uncorrected
        return [CorrectedLate(self.last)]

    # --- from the caller and the bridge -----------------------------------------------------------------------------

    def caller(self, text: str, now: int) -> list[Action]:
        """The caller has said `text`: what the agent says from now on is another line."""
        self.interruptions.something_new()
        actions = self._finish_line(now)
        self.transcript.caller(text)
        return [*actions, LineAdded("caller", text, self.last)]

    def expect_last_words(self, now: int) -> None:
        """The agent is leaving. Its last words may still arrive, until no more has come for a while."""
        self._arriving_ms = now + LAST_WORDS_MS

    def all_said(self, now: int) -> list[Action]:
        """Nothing more arrives from the platform."""
        self._arriving_ms = None
        return self._finish_line(now)

    def cut(self, now: int) -> list[Action]:
        """Stops playback at once. Every line that was not played to its end waits for its correction."""
        tracks = self.playout.tracks
        chars = {turn: self.playout.heard_chars(turn, now) for turn in tracks}
        held = self.playout.held
        actions = self.playout.cut(now)
        self.playout.held = held  # a cut must not release the ledger before the stream is up
        self._current = None
        for line in self._lines:
            track = tracks.get(line.turn)
            if line.cut_ms is None and (track is None or track.cut):
                line.cut_ms = now
                line.heard = line.heard_by(chars.get(line.turn, 0))
        return actions

    # --- what is being said -----------------------------------------------------------------------------------------

    def saying(self, turn: int) -> bool:
        """Last words may still arrive, or something up to `turn` is not played to its end. Audio that nobody has
        allowed to be played will not be."""
        unfinished = any(not track.finished() for number, track in self.playout.tracks.items() if number <= turn)
        return self._arriving_ms is not None or (unfinished and not self.playout.held)

    def heard(self, turn: int, now: int) -> bool:
        return turn in self.playout.tracks and self.playout.heard(turn, now) > 0

    # --- time -------------------------------------------------------------------------------------------------------

    @property
    def deadline(self) -> int | None:
        """When to call `tick`, or None."""
        found = [self._arriving_ms]
        if self._lines:
            found.append(self._over_at(self._lines[0]))
        if not self.playout.held:
            found.append(self.playout.overdue_ms(self._grace_ms))
            if any(not self.playout.tracks[line.turn].closed for line in self._lines if self._has_audio(line)):
                found.append(self.playout.until_ms - DRY_MS)
        return min((at for at in found if at is not None), default=None)

    def tick(self, now: int) -> list[Action]:
        """Pads lines whose audio is about to run out, and puts on record the lines that are over."""
        actions = list[Action]()
        if self._arriving_ms is not None and self._arriving_ms <= now:
            self._arriving_ms = None
        if (overdue := self.playout.overdue_ms(self._grace_ms)) is not None and overdue <= now:
            actions.append(MarksMissing(self.last))
            self.playout.give_up(now)
        if not self.playout.held and now >= self.playout.until_ms - DRY_MS:
            for line in self._lines:
                if self._has_audio(line):
                    actions += self.playout.close(line.turn, now)
        while self._lines and (over := self._over_at(self._lines[0])) is not None and over <= now:
            actions += self._settle(self._lines.pop(0))
        return actions

    def settle_all(self, now: int) -> list[Action]:
        """The end of the call: puts every line on record as far as it was heard."""
        actions = list[Action]()
        for line in self._lines:
            track = self.playout.tracks.get(line.turn)
            if line.cut_ms is None and not (track is not None and track.finished()):
                chars = self.playout.heard_chars(line.turn, now) if track is not None else 0
                line.cut_ms, line.heard = now, line.heard_by(chars)
            actions += self._settle(line)
        self._lines.clear()
        return actions

    # --- inside -----------------------------------------------------------------------------------------------------

    def _late_text(self, event_id: int, text: str) -> bool:
        """Whether this is the text of a line that was interrupted before its text came; the line takes it."""
        return self.interruptions.stale(event_id) and any(line.takes(text) for line in reversed(self._lines))

    def _has_audio(self, line: Line) -> bool:
        return line.turn in self.playout.tracks

    def _over_at(self, line: Line) -> int | None:
        """When the line goes on record; None while that depends on events still to come."""
        if line.cut_ms is not None:
            return line.cut_ms + (CORRECTION_MS if line.corrected is None else 0)
        over = line is not self._current
        if not self._has_audio(line):  # its audio has not come yet, or never will
            return line.audio_ms + CORRECTION_MS if over else None
        if not self.playout.tracks[line.turn].finished() or not (over or line.words()):  # its text is still to come
            return None
        return line.audio_ms + (0 if over else LAST_MS)

    def _open(self, event_id: int) -> Line:
        self.last += 1
        self._current = line = Line(self.last, event_id, event_id)
        self._lines.append(line)
        self.transcript.agent(self.last, "")
        return line

    def _finish_line(self, now: int) -> list[Action]:
        """The current line is over: later audio and text belong to another."""
        line, self._current = self._current, None
        return self.playout.close(line.turn, now) if line is not None and self._has_audio(line) else []

    def _settle(self, line: Line) -> list[Action]:
        if line is self._current:
            self._current = None
        cut = line.cut_ms is not None
        text = (line.corrected if line.corrected is not None else line.heard) if cut else line.words()
        self.transcript.agent(line.turn, text, cut)
        self.playout.forget(line.turn)
        return [LineAdded("agent", text, line.turn, cut)] if text else []
