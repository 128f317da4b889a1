"""The ledger of speech: queued, sent, marked, played, held, cleared -> what the caller has heard.

Theory of operation. Each turn has one `Track`: all audio synthesised for it, as bytes with byte positions, and the
place of each spoken character in it. Audio goes to the carrier in *spans*, each followed by a mark. A mark is

    outstanding   sent, not echoed                     (its span may be playing)
    played        echoed while outstanding             (everything before it was heard)
    written off   outstanding when a clear was sent    (its echo proves nothing and is ignored)

Marks are never judged by turn number: speech of a later turn may be queued behind the tail of an earlier one. What
was *heard* is a provable lower bound: the last played mark, advanced by the time that has passed since its echo came,
at most to the end of the next outstanding span, rounded down to a whole word. Nothing counts as heard before the first
echo; therefore the first span of a run (of playback without a gap) is only 20 ms long.

Holding clears the carrier but keeps every byte; resuming sends again from the end of the last whole word heard.
mu-law at 8 kHz: 8 bytes are 1 ms, 160 bytes are one frame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from telephony.audio.frames import BYTES_PER_MS, FRAME_BYTES
from telephony.audio.mulaw import SILENCE
from telephony.core.actions import Action, ClearPlayout, SendAudio, SendMark
from telephony.core.speaking.aloud import BROKEN_OFF, Aloud, Word, played
from telephony.core.speaking.track import Span, Track

SLOW_MS_PER_CHAR = 90
"""Assumed maximum duration of a character. Gives a lower bound of the text that audio without an alignment contains."""


class Playout:
    """See the module text. Methods that send return the actions to perform, in order."""

    def __init__(self, mark_every_ms: int = 500, prefix: str = "t") -> None:
        self.tracks: dict[int, Track] = {}
        self.held = False
        self._mark_bytes = max(FRAME_BYTES, mark_every_ms * BYTES_PER_MS // FRAME_BYTES * FRAME_BYTES)
        self._outstanding: deque[Span] = deque()
        self._marks = 0
        self._prefix = prefix  # of mark names, because a leg may have two ledgers one after the other
        self._echo_ms: int | None = None  # when the last played mark of this run came back
        self.until_ms = 0  # when the carrier should have played everything sent
        self.began_ms = 0  # when this run began
        self._ended_ms = 0  # when the run before it should have been over
        self.aloud = Aloud()

    # --- input ----------------------------------------------------------------------------------------------------

    def open(self, turn: int) -> Track:
        """Returns the track of `turn`, creating it if needed. Tracks play in the order in which they were opened."""
        return self.tracks.setdefault(turn, Track())

    def open_first(self, turn: int) -> None:
        """Opens the track of `turn` before all others, for audio that is complete while the others still wait for
        theirs."""
        self.tracks = {turn: Track(), **self.tracks}

    def add(self, turn: int, pcmu: bytes, now: int) -> list[Action]:
        """Adds audio of `turn`, and sends it unless playback is held or the track is behind an unfinished one."""
        self.open(turn).audio += pcmu
        return self._pump(now)

    def align(self, turn: int, text: str, ends_ms: tuple[int, ...], base: int) -> None:
        """Records where the characters of `text` end: `ends_ms`, in ms from byte `base` of the track."""
        track = self.open(turn)
        for char, ms in zip(text, ends_ms, strict=False):
            track.align(char, base + ms * BYTES_PER_MS)

    def close(self, turn: int, now: int) -> list[Action]:
        """No more audio of `turn` will come: pads the last frame, so that it can be sent and marked."""
        track = self.open(turn)
        if not track.closed:
            track.closed = True
            track.audio += SILENCE * (-len(track.audio) % FRAME_BYTES)
        return self._pump(now)

    # --- echoes -----------------------------------------------------------------------------------------------------

    def mark_reached(self, name: str, now: int) -> bool:
        """Takes the echo of a mark. Returns whether it proves that audio was played: not if the mark was written off,
        is unknown, or was echoed before."""
        if all(span.mark != name for span in self._outstanding):
            return False
        while True:  # echoes come in order; one that was lost is implied by the next
            span = self._outstanding.popleft()
            if (track := self.tracks.get(span.turn)) is not None:
                track.played = span.end
                self.aloud.add(played(track, span, now))
            if span.mark == name:
                break
        self._echo_ms = now
        return True

    # --- stopping ---------------------------------------------------------------------------------------------------

    def hold(self, now: int) -> list[Action]:
        """Clears the carrier and keeps all audio that was not provably heard."""
        if self.held:
            return []
        actions = self._clear(now)
        self.held = True
        return actions

    def resume(self, now: int) -> list[Action]:
        """Sends the held audio again."""
        self.held = False
        return self._pump(now)

    def cut(self, now: int, *, goes_on: bool = False) -> list[Action]:
        """Clears the carrier and drops all audio that was not provably heard. The tracks stay; `played` tells what was
        heard. `goes_on`: more audio of them may come."""
        actions = self._clear(now)
        self.held = False
        for track in self.tracks.values():
            if not goes_on:
                track.cut, track.closed = track.cut or track.played < len(track.audio) or not track.closed, True
            del track.audio[track.played :]
            track.sent = track.played
        return actions

    def release(self, turn: int, now: int) -> list[Action]:
        """A waiting track may be played from now on."""
        if turn in self.tracks:
            self.tracks[turn].waiting = False
        return self._pump(now)

    def forget(self, turn: int) -> None:
        """Drops the track of a settled turn."""
        self.tracks.pop(turn, None)

    # --- questions --------------------------------------------------------------------------------------------------

    def heard(self, turn: int, now: int) -> int:
        """Bytes of the track of `turn` that were provably played by `now`."""
        track = self.tracks[turn]
        if self._outstanding and self._echo_ms is not None and self._outstanding[0].turn == turn:
            span = self._outstanding[0]
            passed = max(0, now - max(self._echo_ms, span.sent_ms)) * BYTES_PER_MS
            return max(track.played, min(span.start + passed, span.end))
        return track.played

    def heard_chars(self, turn: int, now: int) -> int:
        """Number of characters, without white space, in the whole words of `turn` that were provably heard by `now`.

        Without an alignment the slowest speech is assumed, so the result is a lower bound as well.
        """
        track = self.tracks[turn]
        if not track.ends:
            return self.heard(turn, now) // (BYTES_PER_MS * SLOW_MS_PER_CHAR)
        count = track.words if track.cut else max(track.words, track.words_heard(self.heard(turn, now))[0])
        return track.solid[count - 1] if count else 0

    def more_ms(self, now: int) -> int | None:
        """When more words of any turn count as heard, or sooner, if nothing happens; None: only if something does."""
        if not self._outstanding or self._echo_ms is None:
            return None
        span, per_char = self._outstanding[0], BYTES_PER_MS * SLOW_MS_PER_CHAR
        began, track = max(self._echo_ms, span.sent_ms), self.tracks.get(span.turn)
        position = span.start + (now - began) * BYTES_PER_MS
        if position <= span.start or track is None:
            return now + 1
        more = track.next_word(position) if track.ends else (position // per_char + 1) * per_char
        return None if more is None or more > span.end else began - (span.start - more) // BYTES_PER_MS

    def new_attempt(self, turn: int, kept: str) -> int:
        """The turn's text continues in another attempt, after `kept`. Returns the byte position where the new attempt's
        audio begins."""
        track = self.open(turn)
        track.keep(kept)
        return len(track.audio)

    def speaking(self, now: int) -> bool:
        """Whether the agent is audible, or would be if playback were not held."""
        kept = self.held and any(t.sent < len(t.audio) and not t.waiting for t in self.tracks.values())
        return bool(self._outstanding) or self.until_ms > now or kept

    def silent(self, at_ms: int, for_ms: int) -> bool:
        """Whether nothing was played at `at_ms`, nor in the `for_ms` before it; False if that is not known any more."""
        ended_ms = self._ended_ms if self.began_ms >= at_ms else self.until_ms
        return ended_ms + for_ms <= at_ms

    def said_since(self, since_ms: int, now: int) -> str:
        """The words that began to be played at `since_ms` or later, as far as that is known."""
        return self.aloud.since(since_ms, self._passing(now))

    def overdue_ms(self, grace_ms: int) -> int | None:
        """When the outstanding marks should have come back, plus `grace_ms`; None if there are none."""
        return self.until_ms + grace_ms if self._outstanding else None

    def give_up(self, now: int) -> None:
        """Writes off the outstanding marks, which will not come back. Their audio was sent, so it is not sent again,
        but it does not count as heard."""
        heard = {turn: self.heard(turn, now) for turn in self.tracks}
        for span in self._outstanding:
            if (track := self.tracks.get(span.turn)) is not None:
                track.words = max(track.words, track.words_heard(heard[span.turn])[0])
                track.played, track.cut = span.end, True
        self._outstanding.clear()

    def _passing(self, now: int) -> Iterable[Word]:
        """What is being played, or was since the last mark."""
        at = self._echo_ms
        for span in self._outstanding:
            at = (span.sent_ms if at is None else max(span.sent_ms, at)) + (span.end - span.start) // BYTES_PER_MS
            if (track := self.tracks.get(span.turn)) is not None:
                yield from played(track, span, at, now)

    def _clear(self, now: int) -> list[Action]:
        self.aloud.add((*self._passing(now), BROKEN_OFF))
        heard = {turn: self.heard(turn, now) for turn in self.tracks}
        had_audio = bool(self._outstanding)
        self._outstanding.clear()
        self.until_ms = min(self.until_ms, now)
        for turn, track in self.tracks.items():
            if heard[turn] < len(track.audio):
                chars, words_end = track.words_heard(heard[turn])
                track.words = max(track.words, chars)
                track.played = track.sent = (words_end if track.ends else heard[turn]) // FRAME_BYTES * FRAME_BYTES
        return [ClearPlayout()] if had_audio else []

    def _pump(self, now: int) -> list[Action]:
        actions: list[Action] = []
        if self.held:
            return actions
        for turn, track in self.tracks.items():
            if track.waiting:
                continue
            ready = len(track.audio) // FRAME_BYTES * FRAME_BYTES
            while track.sent < ready:
                if not self._outstanding:  # a new run: nothing is provable before its first echo
                    self._echo_ms, self.began_ms, self._ended_ms = None, now, self.until_ms
                size = FRAME_BYTES if self._echo_ms is None and not self._outstanding else self._mark_bytes
                end = min(ready, track.sent + size)
                actions += self._send(turn, track, end, now)
            if not track.closed:
                break
        return actions

    def _send(self, turn: int, track: Track, end: int, now: int) -> list[Action]:
        self._marks += 1
        span = Span(turn, track.sent, end, f"{self._prefix}{turn}.{self._marks}", now)
        self._outstanding.append(span)
        self.until_ms = max(self.until_ms, now) + (end - track.sent) // BYTES_PER_MS
        pcmu = bytes(track.audio[track.sent : end])
        track.sent = end
        return [SendAudio(pcmu), SendMark(span.mark)]
