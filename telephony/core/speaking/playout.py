"""The ledger of speech: queued, sent, marked, played, held, cleared -> what the caller has heard.

Theory of operation. Each turn has one `Track`: all audio synthesised for it, as bytes with byte positions, and the
place of each spoken character in it. Audio goes to the carrier in *spans*, each followed by a mark. A mark is

    outstanding   sent, not echoed                     (its span may be playing)
    played        echoed while outstanding             (everything before it was heard)
    written off   outstanding when a clear was sent    (its echo proves nothing and is ignored)

Marks are never judged by turn number: speech of a later turn may be queued behind the tail of an earlier one. What
was *heard* is the lower bound that can be proved: the last played mark, advanced by the time that has passed since
its echo came, at most to the end of the next outstanding span, rounded down to a whole word. Nothing counts as heard
before the first echo, which is why the first span of a run is only 20 ms long.

Holding clears the carrier but keeps every byte; resuming sends again from the end of the last whole word heard.
mu-law at 8 kHz: 8 bytes are 1 ms, 160 bytes are one frame.
"""

from __future__ import annotations

from collections import deque

from telephony.audio.frames import BYTES_PER_MS, FRAME_BYTES
from telephony.audio.mulaw import SILENCE
from telephony.core.actions import Action, ClearPlayout, SendAudio, SendMark
from telephony.core.speaking.track import Span, Track

SLOW_MS_PER_CHAR = 90
"""Speech is not slower than this: what audio without an alignment is taken to say."""


class Playout:
    """See the module text. Methods that send return the actions to perform, in order."""

    def __init__(self, mark_every_ms: int = 500, prefix: str = "t") -> None:
        self.tracks: dict[int, Track] = {}
        self.held = False
        self._mark_bytes = max(FRAME_BYTES, mark_every_ms * BYTES_PER_MS // FRAME_BYTES * FRAME_BYTES)
        self._outstanding: deque[Span] = deque()
        self._marks = 0
        self._prefix = prefix  # of mark names: two ledgers may follow each other on one leg
        self._echo_ms: int | None = None  # when the last played mark of this run came back
        self.until_ms = 0  # when the carrier should have played everything sent

    # --- what goes in ---------------------------------------------------------------------------------------------

    def open(self, turn: int) -> Track:
        """The track of `turn`, made if need be. Tracks play in the order in which they were opened."""
        return self.tracks.setdefault(turn, Track())

    def open_first(self, turn: int) -> None:
        """Opens the track of `turn` before all others: those wait for audio, and this one has its own."""
        self.tracks = {turn: Track(), **self.tracks}

    def add(self, turn: int, pcmu: bytes, now: int) -> list[Action]:
        """More audio of `turn`; sends it unless held or behind an unfinished track."""
        self.open(turn).audio += pcmu
        return self._pump(now)

    def align(self, turn: int, text: str, ends_ms: tuple[int, ...], base: int) -> None:
        """Where the characters of `text` end, in ms from byte `base` of the track."""
        track = self.open(turn)
        for char, ms in zip(text, ends_ms, strict=False):
            track.align(char, base + ms * BYTES_PER_MS)

    def close(self, turn: int, now: int) -> list[Action]:
        """No more audio of `turn` will come: pads the last frame, so that the end is marked as well."""
        track = self.open(turn)
        if not track.closed:
            track.closed = True
            track.audio += SILENCE * (-len(track.audio) % FRAME_BYTES)
        return self._pump(now)

    # --- what comes back --------------------------------------------------------------------------------------------

    def mark_reached(self, name: str, now: int) -> bool:
        """An echo. True if it proves that audio was played; False for a written-off, unknown or repeated mark."""
        if all(span.mark != name for span in self._outstanding):
            return False
        while True:  # echoes come in order; one that was lost is implied by the next
            span = self._outstanding.popleft()
            if span.turn in self.tracks:
                self.tracks[span.turn].played = span.end
            if span.mark == name:
                break
        self._echo_ms = now
        return True

    # --- stopping ---------------------------------------------------------------------------------------------------

    def hold(self, now: int) -> list[Action]:
        """Silences the carrier and keeps everything that was not provably heard."""
        if self.held:
            return []
        actions = self._clear(now)
        self.held = True
        return actions

    def resume(self, now: int) -> list[Action]:
        """Sends again what was held."""
        self.held = False
        return self._pump(now)

    def cut(self, now: int) -> list[Action]:
        """Silences the carrier and drops what was not heard. The tracks stay, with `played` as what was heard."""
        actions = self._clear(now)
        self.held = False
        for track in self.tracks.values():
            track.cut = track.cut or track.played < len(track.audio) or not track.closed
            del track.audio[track.played :]
            track.sent = track.played
            track.closed = True
        return actions

    def release(self, turn: int, now: int) -> list[Action]:
        """What waited may be heard from now on."""
        if turn in self.tracks:
            self.tracks[turn].waiting = False
        return self._pump(now)

    def forget(self, turn: int) -> None:
        """The turn is settled; its audio is freed."""
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
        """Characters (white space not counted) of the whole words of `turn` that were provably heard by `now`.

        Without an alignment the slowest speech is assumed, which is again a lower bound.
        """
        track = self.tracks[turn]
        if not track.ends:
            return self.heard(turn, now) // (BYTES_PER_MS * SLOW_MS_PER_CHAR)
        count = track.words if track.cut else max(track.words, track.words_heard(self.heard(turn, now))[0])
        return track.solid[count - 1] if count else 0

    def new_attempt(self, turn: int) -> int:
        """The turn's text goes on in another attempt, from the start of the word under way: that word's characters
        are taken back. Returns the byte position where the new attempt's audio begins."""
        track = self.open(turn)
        while track.ends and not track.ends[-1][0].isspace():
            track.unalign()
        return len(track.audio)

    def speaking(self, now: int) -> bool:
        """The agent can be heard, or could be if it were not held: audio at the carrier, or kept back."""
        kept = self.held and any(t.sent < len(t.audio) and not t.waiting for t in self.tracks.values())
        return bool(self._outstanding) or self.until_ms > now or kept

    def overdue_ms(self, grace_ms: int) -> int | None:
        """When the marks that are outstanding should have come back, with `grace_ms` on top. None without any."""
        return self.until_ms + grace_ms if self._outstanding else None

    def give_up(self, now: int) -> None:
        """The outstanding marks will not come back: their audio was sent, and may have been heard or not."""
        heard = {turn: self.heard(turn, now) for turn in self.tracks}
        for span in self._outstanding:
            if (track := self.tracks.get(span.turn)) is not None:
                track.words = max(track.words, track.words_heard(heard[span.turn])[0])
                track.played, track.cut = span.end, True
        self._outstanding.clear()

    def _clear(self, now: int) -> list[Action]:
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
                if not self._outstanding:  # a fresh run: nothing is proved until its first echo
                    self._echo_ms = None
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
