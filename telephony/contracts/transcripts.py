"""A recogniser's messages -> each word once, in order, stable and tentative apart. Pure; for every STT port.

Theory of operation. A recogniser keeps one segment open; a commit closes it, and its final comes back, usually once and
soon. It may also come twice, or never; the recogniser may close a segment by itself; and a partial may be repeated
after its final. The port tells this class what it sends and receives, and emits the events that it returns:

    a second final of a commit               no event: it is a repeat
    a final while earlier commits wait       theirs are lost: the words of their partials become stable before its own
    a final without a commit                 the recogniser has split the segment: the rest stays tentative
    a partial that starts over               the same, and its final is still to come: the words before it wait for that
    a final with only the first words shown  may be that of such a segment, just before our commit (`part`)
    a text that repeats itself               counts once, if the partial before and the sound say that it was said once
    a partial soon after a commit            may still be of the committed segment, and then replaces its words
    a partial that goes on with such words   they were the open segment's: the committed one has its own words again
    known words without enough sound         no event: it is a stale message
    words after a known sentence, again      the same
    a known sentence all at once             the same, because a sentence that is really said again grows word by word
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from telephony.audio.frames import BYTES_PER_MS
from telephony.audio.level import level
from telephony.contracts.repetition import QUICK_WORD_MS, WORD_MS, once
from telephony.core.events import TranscriptUpdated, Word
from telephony.core.language.words import alike, beyond, continues, without, words

SOUND_LEVEL = -500
"""Level (tenths of dBFS) from which audio counts as sound."""
KNOWN = 6
"""Number of latest transcripts that new ones are compared with."""
SENTENCE_WORDS = 3
NEVER_MS = 2**60
PENDING = 8
"""If this many commits wait for their finals, the oldest one counts as lost."""


@dataclass(slots=True)
class _Segment:
    """A closed segment: the words of its partial, and all sound up to its end. `commit` is 0 if it was closed by the
    recogniser itself. `late`: other words that came soon after the commit: its own, or the next segment's."""

    commit: int
    shown: str
    sound_ms: int
    late: str = ""

    @property
    def text(self) -> str:
        return self.late or self.shown

    def becomes(self, text: str) -> None:
        """Its words are these."""
        self.shown, self.late = text, ""


class Transcripts:
    """See the module text. What is received returns the event to emit, in a list, or an empty list."""

    def __init__(self) -> None:
        self._pending: list[_Segment] = []
        self._partial = ""  # words of the open segment
        self._partial_ms = 0  # all sound when they last changed
        self._last = ""  # the last partial as it came...
        self._beyond = ""  # ...and the last one that continued known words
        self._lost = ""  # words of lost segments, which are to be reported as stable
        self._stable_commit = 0
        self._reported = (0, "")  # the commit and the tentative text of the last event
        self._sound_ms = 0  # all sound so far...
        self._known_ms = 0  # ...and up to the end of the known words
        self._known: deque[str] = deque(maxlen=KNOWN)  # the latest transcripts

    def sent(self, pcmu: bytes) -> None:
        """Counts audio that was sent."""
        if level(pcmu) >= SOUND_LEVEL:
            self.voiced(len(pcmu) // BYTES_PER_MS)

    def voiced(self, ms: int) -> None:
        """The same, for a port that knows how much of its audio is voice."""
        self._sound_ms += ms

    def committed(self, commit: int) -> None:
        """A commit was sent."""
        self._pending.append(_Segment(commit, self._partial, self._sound_ms))
        self._partial = ""
        if len(self._pending) > PENDING:
            self._lose(self._pending[0].commit)

    def refused(self, commit: int) -> None:
        """The commit was refused: its segment is still open, so its words become the partial again."""
        for segment in [segment for segment in self._pending if segment.commit == commit]:
            self._pending.remove(segment)
            self._partial = f"{segment.text} {without(self._partial, segment.text)}".strip()
            self._partial_ms = NEVER_MS  # the next partial replaces it, whatever it says

    def given_up(self) -> list[TranscriptUpdated]:
        """No finals will come for the present commits. Up to the newest one with words, these become stable."""
        self._lose(max((segment.commit for segment in self._pending if segment.text), default=0))
        return self._updated()

    def partial(self, text: str) -> list[TranscriptUpdated]:
        """The whole text so far of the open segment."""
        before, rest = self._last, once(text.strip(), self._last, self._sound_ms - self._known_ms)
        self._last = rest
        rest = next((beyond(rest, said) for said in self._known if continues(rest, said) and self._quick(said)), rest)
        added = len(words(self._last)) - len(words(before))
        in_time = added < SENTENCE_WORDS or self._sound_ms - self._partial_ms >= QUICK_WORD_MS * added
        grown = continues(self._last, before) and len(self._last) > len(before) and in_time
        jumped = not grown and len(words(self._last)) >= SENTENCE_WORDS
        stale = (jumped and self._last == self._beyond) or self._repeats(rest, jumped and rest == self._last)
        self._beyond = self._last if rest != self._last else self._beyond
        late = any(continues(segment.text, rest) for segment in self._pending if not segment.commit)
        if stale or late or (self._last and not rest):
            return []
        segment = self._pending[-1] if self._pending else None
        if segment is None or not words(rest) or not self._is_of(segment, rest):
            if self._starts_over(rest):
                self._pending.append(_Segment(0, self._partial, self._partial_ms))
            self._partial, self._partial_ms = rest, self._sound_ms if rest != self._partial else self._partial_ms
            self._goes_on(self._pending, rest)
        elif not continues(segment.text, rest):
            self._goes_on(self._pending[:-1], rest)
            self._partial = ""
            if alike(rest, segment.shown):
                segment.becomes(rest)
            else:
                segment.late = rest
        return self._updated()

    def part(self, text: str) -> bool:
        """Whether this final seems to be of a segment that the recogniser closed by itself just before a commit, whose
        own final is then still to come."""
        segment = self._pending[0] if self._pending else None
        if segment is None:
            return False
        if segment.commit:
            return len(words(text)) < len(words(segment.text)) and continues(segment.text, text)
        return self._is_final_of(segment, text)

    def meant(self, text: str) -> int:
        """The commit that this final answers, if that is not the oldest: its words are those of a later one. Else 0."""
        waiting = [segment for segment in self._pending if segment.commit]
        return next((one.commit for one in waiting[1:] if _same(one.text, text)), 0) if self.other(text) else 0

    def other(self, text: str) -> bool:
        """Whether the oldest commit without a final has other words than these."""
        shown = next((segment.text for segment in self._pending if segment.commit), "")
        return bool(shown and words(text)) and not _same(shown, text)

    def final(self, commit: int, text: str, timed: tuple[Word, ...] = ()) -> list[TranscriptUpdated]:
        """The final text of a segment; `commit` is 0 if the recogniser closed it by itself."""
        text = text.strip()
        if (commit and commit <= self._stable_commit) or (not commit and (not text or self._repeats(text))):
            return []
        segment = next((one for one in self._pending if one.commit == commit), None)
        partial = segment.text if segment is not None else "" if commit else self._partial
        sound_ms = (segment.sound_ms if segment is not None else self._sound_ms) - self._known_ms
        text = once(self._new(text, partial, sound_ms) if commit else text, partial, sound_ms)
        if commit:
            self._close(commit, text)
        else:
            self._split(text)
        self._known += [known for known in (text, partial) if known and known not in self._known]
        return self._updated(text, timed)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _close(self, commit: int, text: str) -> None:
        """The commit has its final. If it is none of ours, only the earlier ones go."""
        while self._pending and not self._pending[0].commit and alike(text, self._pending[0].text):
            self._pending.pop(0)  # the recogniser has not closed it: its words are in this final
        before = [one for one in self._pending if one.commit < commit]
        self._goes_on(before, text)
        self._lose(commit - 1)
        self._stable_commit = commit
        if self._pending and self._pending[0].commit == commit:
            self._known_ms = self._pending.pop(0).sound_ms
            if not self._pending and self._quick(self._partial):
                self._partial = ""

    @staticmethod
    def _goes_on(segments: list[_Segment], text: str) -> None:
        """These words come after those of the segments; if they go on with late ones, those were none of theirs."""
        for segment in segments:
            if alike(text, segment.late):
                segment.late = ""

    def _split(self, text: str) -> None:
        """The beginning of a segment has become stable by itself; the segments before it are lost."""
        if not self._pending:
            rest = without(self._partial, text)
            self._partial, self._known_ms = "" if rest == self._partial else rest, self._sound_ms
            return
        fitting = (n for n, one in enumerate(self._pending) if alike(one.text, text) or self._is_final_of(one, text))
        for _ in range(next(fitting, 0)):
            self._lose_first()
        segment = self._pending[0]
        if segment.commit:
            segment.becomes(without(segment.text, text))
        else:
            self._pending.remove(segment)

    def _lose(self, until: int) -> None:
        """The finals of all commits up to `until` are lost."""
        while self._pending and self._pending[0].commit <= until:
            self._lose_first()

    def _new(self, text: str, partial: str, sound_ms: int) -> str:
        """A final without the words of the one before it, if the partial lacks them and there was too little sound."""
        said = self._known[-1] if self._known else ""
        again = continues(text, said) and not continues(partial, said) and _same(beyond(text, said), partial)
        return beyond(text, said) if again and sound_ms < QUICK_WORD_MS * len(words(text)) else text

    def _lose_first(self) -> None:
        segment = self._pending.pop(0)
        self._known += [segment.text] if segment.text else []
        self._lost = f"{self._lost} {segment.text}".strip()
        self._stable_commit, self._known_ms = max(segment.commit, self._stable_commit), segment.sound_ms

    def _updated(self, text: str = "", timed: tuple[Word, ...] = ()) -> list[TranscriptUpdated]:
        """The event for all that is new: the lost words, and `text` with its times."""
        tentative = " ".join(text for text in (*(segment.text for segment in self._pending), self._partial) if text)
        stable, timed = f"{self._lost} {text}".strip(), () if self._lost else timed
        before, self._reported, self._lost = self._reported, (self._stable_commit, tentative), ""
        if not stable and before == self._reported:
            return []
        return [
            TranscriptUpdated(stable, tentative, self._stable_commit if self._stable_commit > before[0] else 0, timed)
        ]

    def _is_of(self, segment: _Segment, text: str) -> bool:
        """Whether a partial that came after the commit is still of the committed segment: there was too little sound
        since to say its words, and they are like the segment's, or no fewer."""
        if not self._quick(text, segment.sound_ms):
            return False
        similar = alike(text, segment.text) or continues(segment.text, text)
        return similar or (segment.commit > 0 and len(words(text)) >= len(words(segment.text)))

    def _starts_over(self, text: str) -> bool:
        """Whether a partial is of a new segment, because the recogniser has closed the open one by itself: a few words
        instead of many, other ones, and with enough sound to have been said since."""
        shown, now = words(self._partial), words(text)
        few = len(shown) >= SENTENCE_WORDS and 0 < len(now) <= len(shown) // 2
        return few and not alike(self._partial, text) and not self._quick(text, self._partial_ms)

    def _is_final_of(self, segment: _Segment, text: str) -> bool:
        """Whether the final is that of a segment which the recogniser closed by itself, and of none after it."""
        if segment.commit or not _same(text, segment.text):
            return False
        at = self._pending.index(segment) + 1
        following = self._pending[at].text if at < len(self._pending) else self._partial
        more = beyond(text, segment.text)
        return not (words(more) and _same(more, following))

    def _quick(self, text: str, since_ms: int | None = None) -> bool:
        """Whether there has been too little sound (by default, since the known words) for this text to be said."""
        return self._sound_ms - (self._known_ms if since_ms is None else since_ms) < WORD_MS * len(words(text))

    def _repeats(self, text: str, jumped: bool = False) -> bool:
        """Whether the words only repeat the beginning or the end of known text: with too little sound to have been said
        again, or all at once (`jumped`)."""
        if not self._quick(text) and not jumped:
            return False
        now, known = words(text), (*self._known, " ".join(self._known))
        return any(now in (said[: len(now)], said[len(said) - len(now) :]) for said in map(words, known))


def _same(text: str, other: str) -> bool:
    """Whether one of them may be the beginning of the other."""
    return alike(text, other) or alike(other, text)
