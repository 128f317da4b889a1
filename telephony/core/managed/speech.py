"""What a managed agent says: its audio, its text, and how much of it the caller has heard.

Theory of operation. The platform sends audio in bursts, and text separately; neither shows where a turn of speech ends.
So a *line* is opened by the first audio or text, and is over when the caller says something, when another text comes,
at an interruption, or when all its audio was played and no more comes. Its audio is a track of the same ledger that the
pipeline uses (`core/speaking/playout.py`), which knows when it was played and how much of it was heard.

An interruption clears the carrier and makes all audio at or below its event id stale. Before the line goes on record it
waits a moment for the platform's correction, because that is what the agent itself will remember; without one, the
record holds what was provably heard. Until the carrier's stream is up and the platform's formats are known, the ledger
is held, so that early audio is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from telephony.core.actions import Action, LineAdded
from telephony.core.decisions import CorrectedLate, MarksMissing, PlatformCut, StaleInterruption
from telephony.core.history import History
from telephony.core.managed_events import ManagedAudio, ManagedCorrected, ManagedInterrupted, ManagedSaid
from telephony.core.policy import Limits
from telephony.core.speaking.playout import Playout
from telephony.core.transcript import Transcript, heard_text

CORRECTION_MS = 1_500
"""How long to wait for the platform's correction after an interruption."""
DRY_MS = 40
"""A line without new audio is padded to a whole frame this long before all its audio has been played."""
MARGIN = 50
"""An interruption may name an event id that we have not seen yet. An id more than this far beyond the highest one seen
is wrong, and is taken as an interruption of all audio so far: otherwise everything the agent says later would be
stale."""
LAST_MS = 400
"""A line is over when all its audio was played and no more has come for this long."""


@dataclass(slots=True)
class _Line:
    """What the agent says without a break. `first`, `high`: its lowest and highest event id; `text`: the platform's
    text; `aligned`: the text that came with the audio; `over`: nothing more will be added; `audio_ms`: when audio last
    came; `cut_ms`: when it was interrupted; `heard`: what had provably been heard then; `corrected`: the platform's
    correction."""

    turn: int
    first: int
    high: int
    text: str = ""
    aligned: str = ""
    over: bool = False
    audio_ms: int = 0
    cut_ms: int | None = None
    heard: str = ""
    corrected: str | None = None

    def words(self) -> str:
        """The platform's text, or else the aligned text: a turn may be interrupted before its text is sent."""
        return self.text or " ".join(self.aligned.split())

    def heard_by(self, chars: int) -> str:
        """The whole words within the first `chars` characters, white space not counted."""
        return heard_text(((self.words(), self.words()),), chars, whole=False)


class ManagedSpeech:
    """See the module text. Methods append their actions to `out`."""

    def __init__(self, limits: Limits, out: list[Action]) -> None:
        self.playout = Playout(limits.mark_every_ms, prefix="m")
        self.transcript = Transcript()
        self.last = 0  # the last turn number used
        self.stale = 0  # bytes of audio dropped because they came after their interruption
        self._seen = 0  # the highest event id of audio or text
        self._dropped = -1  # event ids up to and including this are stale
        self._lines: list[_Line] = []
        self._grace_ms = limits.goodbye_ms
        self._out = out
        self._missing = {"stream", "formats"}
        self.playout.hold(0)

    # --- from the platform ------------------------------------------------------------------------------------------

    def begin(self, known: Literal["stream", "formats"], now: int) -> None:
        """The carrier's stream is up, or the platform's formats are known to be right. Playback begins after both."""
        if known in self._missing:
            self._missing.remove(known)
            if not self._missing:
                self._out += self.playout.resume(now)

    def audio(self, event: ManagedAudio, now: int) -> None:
        if 0 < event.event_id <= self._dropped:  # 0: the platform sent no id
            self.stale += len(event.pcmu)
            return
        self._seen = max(self._seen, event.event_id)
        line = self._lines[-1] if self._lines else None
        if line is None or (line.over and (line.cut_ms is not None or event.event_id > line.high)):
            line = self._open(event.event_id)
        line.audio_ms, line.high = now, max(line.high, event.event_id)
        line.aligned += event.text
        track = self.playout.open(line.turn)
        track.closed = False
        self.playout.align(line.turn, event.text, event.ends_ms, len(track.audio))
        self._out += self.playout.add(line.turn, event.pcmu, now)

    def said(self, event: ManagedSaid, now: int) -> None:
        """Takes the text of a line, which may come before its audio or after."""
        if not event.text.strip() or 0 < event.event_id <= self._dropped:
            return
        self._seen = max(self._seen, event.event_id)
        line = self._current()
        if line is None or line.text:
            self.finish_line(now)
            line = self._open(event.event_id)
        line.text = event.text.strip()
        line.audio_ms = line.audio_ms or now

    def interrupted(self, event: ManagedInterrupted, now: int) -> None:
        named = 0 < event.event_id <= max(self._seen, self._dropped) + MARGIN
        up_to = event.event_id if named else max((line.high for line in self._lines), default=self._seen)
        self._dropped = max(self._dropped, up_to)
        if self._lines and all(line.first > up_to for line in self._lines):
            self._out.append(StaleInterruption(self.last, event.event_id))
            return
        speaking = self.playout.speaking(now)
        self.cut(now)
        if speaking:
            self._out.append(PlatformCut(self.last, event.event_id))

    def corrected(self, event: ManagedCorrected) -> None:
        """Takes the platform's correction for the interrupted line that it means: by its text, or else the last."""
        waiting = [line for line in self._lines if line.cut_ms is not None and line.corrected is None]
        meant = [line for line in waiting if line.text == event.original.strip()] or waiting or self._lines[-1:]
        if meant:
            meant[-1].corrected = event.text.strip()
            return
        self.transcript.agent(self.last, event.text.strip(), True)  # the line is already on record uncorrected
        self._out.append(CorrectedLate(self.last))

    # --- from the caller and the bridge -----------------------------------------------------------------------------

    def caller(self, text: str, now: int) -> None:
        """The caller has said `text`: what the agent says from now on is another line."""
        self.finish_line(now)
        self.transcript.caller(text)
        self._out.append(LineAdded("caller", text, self.last))

    def finish_line(self, now: int) -> None:
        """The current line is over: later audio and text belong to another."""
        if (line := self._current()) is not None:
            line.over = True
            if line.turn in self.playout.tracks:
                self._out += self.playout.close(line.turn, now)

    def cut(self, now: int) -> None:
        """Stops playback at once. Every line that was not played to its end waits for its correction."""
        tracks = self.playout.tracks
        chars = {turn: self.playout.heard_chars(turn, now) for turn in tracks}
        held = self.playout.held
        self._out += self.playout.cut(now)
        self.playout.held = held  # a cut must not release the ledger before the stream is up
        for line in self._lines:
            track = tracks.get(line.turn)
            line.over = True
            if line.cut_ms is None and (track is None or track.cut):
                line.cut_ms = now
                line.heard = line.heard_by(chars.get(line.turn, 0))

    def history(self) -> History:
        return self.transcript.history()

    # --- time -------------------------------------------------------------------------------------------------------

    @property
    def deadline(self) -> int | None:
        """When to call `tick`, or None."""
        found = [self._over_at(self._lines[0])] if self._lines else []
        if not self.playout.held:
            found.append(self.playout.overdue_ms(self._grace_ms))
            if any(not self.playout.tracks[line.turn].closed for line in self._lines if self._has_audio(line)):
                found.append(self.playout.until_ms - DRY_MS)
        return min((at for at in found if at is not None), default=None)

    def tick(self, now: int) -> None:
        """Pads lines whose audio is about to run out, and puts on record the lines that are over."""
        if (overdue := self.playout.overdue_ms(self._grace_ms)) is not None and overdue <= now:
            self._out.append(MarksMissing(self.last))
            self.playout.give_up(now)
        if not self.playout.held and now >= self.playout.until_ms - DRY_MS:
            for line in self._lines:
                if self._has_audio(line):
                    self._out += self.playout.close(line.turn, now)
        while self._lines and (over := self._over_at(self._lines[0])) is not None and over <= now:
            self._settle(self._lines.pop(0))

    def _has_audio(self, line: _Line) -> bool:
        return line.turn in self.playout.tracks

    def _over_at(self, line: _Line) -> int | None:
        """When the line goes on record; None while that depends on events still to come."""
        if line.cut_ms is not None:
            return line.cut_ms + (CORRECTION_MS if line.corrected is None else 0)
        if not self._has_audio(line):  # its audio has not come yet, or never will
            return line.audio_ms + CORRECTION_MS if line.over else None
        if not self.playout.tracks[line.turn].finished():
            return None
        return line.audio_ms + (0 if line.over else LAST_MS)

    def settle_all(self, now: int) -> None:
        """The end of the call: puts every line on record as far as it was heard."""
        for line in self._lines:
            track = self.playout.tracks.get(line.turn)
            if line.cut_ms is None and not (track is not None and track.finished()):
                chars = self.playout.heard_chars(line.turn, now) if track is not None else 0
                line.cut_ms, line.heard = now, line.heard_by(chars)
            self._settle(line)
        self._lines.clear()

    def silent(self, now: int) -> bool:
        """Whether no audio is left to hear: all of it was played, or its marks were given up."""
        return not self.playout.speaking(now)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _current(self) -> _Line | None:
        return self._lines[-1] if self._lines and not self._lines[-1].over else None

    def _open(self, event_id: int) -> _Line:
        self.last += 1
        self._lines.append(_Line(self.last, event_id, event_id))
        self.transcript.agent(self.last, "")
        return self._lines[-1]

    def _settle(self, line: _Line) -> None:
        cut = line.cut_ms is not None
        text = (line.corrected if line.corrected is not None else line.heard) if cut else line.words()
        self.transcript.agent(line.turn, text, cut)
        if text:
            self._out.append(LineAdded("agent", text, line.turn, cut))
        self.playout.forget(line.turn)
