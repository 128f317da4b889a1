"""Transcripts -> words that are not accounted for yet, whatever the STT does with its segments.

Theory of operation. The STT keeps one segment open; a commit closes it, and its final comes back, usually once and
soon. It may also come twice, much later, or never, and a partial may be repeated after its final. Each word must count
exactly once all the same:

    a second final of a commit                          nothing counts: it is a repeat
    a final that comes after its utterance has closed   only the words beyond the partial the utterance closed with
    more of an open segment that was already answered   only the words beyond those answered (no commit was possible)
    known words without enough voice for them           nothing counts: it is a stale transcript
"""

from __future__ import annotations

from collections import deque

from telephony.core.events import TranscriptFinal
from telephony.core.language.words import alike, beyond, continues, without, words
from telephony.core.listening.utterance import Utterance

WORD_MS = 120
"""Minimum voice for each word; known words with less voice than that cannot have been said again."""
KNOWN = 6
"""Number of latest transcripts that new ones are compared with."""
SENTENCE_WORDS = 3


class Segments:
    """See the module text. `commits` is the number of the last commit, counted from 1."""

    def __init__(self) -> None:
        self.commits = 0
        self._finals = 0  # the last commit whose final has come
        self._taken: dict[int, str] = {}  # commit without a final, in a closed utterance -> partial used in its place
        self._carried = ""  # the latest of these partials: its words may still come again in partials
        self._partial = ""  # the STT's last partial
        self._voice_ms = 0  # all voice so far...
        self._committed_ms = 0  # ...up to the last commit...
        self._known_ms = 0  # ...and up to the end of the known words
        self._known: deque[str] = deque(maxlen=KNOWN)  # the latest transcripts

    def voiced(self, ms: int) -> None:
        """More of the caller's voice: later transcripts may be new even if their words are the same."""
        self._voice_ms += ms

    def commit(self) -> int:
        """Counts a new commit and returns its number."""
        self.commits += 1
        self._committed_ms = self._voice_ms
        return self.commits

    def partial(self, text: str) -> str | None:
        """The words of a partial that are not accounted for; None if it only repeats what is known."""
        before, self._partial = self._partial, text.strip()
        known = continues if self._voice_ms > self._committed_ms else alike  # a new sentence may begin as the old one
        rest = beyond(self._partial, self._carried) if known(self._partial, self._carried) else self._partial
        rest = next((beyond(rest, said) for said in self._known if continues(rest, said) and self._quick(said)), rest)
        if self._partial and not rest:
            return None
        grown = alike(self._partial, before) and len(self._partial) > len(before)
        return None if self._repeats(rest, jumped=not grown and len(words(rest)) >= SENTENCE_WORDS) else rest

    def final(self, event: TranscriptFinal) -> str | None:
        """The words of a final that are not accounted for; None if it only repeats what is known."""
        commit, text = event.commit, event.text.strip()
        if commit:
            if commit <= self._finals:
                return None
            self._finals = commit
            if self._carried and commit >= max(self._taken, default=0):
                self._carried = ""
            if taken := self._taken.pop(commit, ""):
                self._know(text, self._known_ms)
                return beyond(text, taken) or None
        else:
            text, self._carried = without(text, self._carried), beyond(self._carried, text)
            if self._taken:
                self._taken[max(self._taken)] = self._carried
            if self._repeats(text):
                return None
        self._know(text, self._committed_ms if commit == self.commits else self._known_ms)
        return text

    def closed(self, utterance: Utterance) -> None:
        """All words of the utterance are accounted for from now on."""
        waiting = [part for part in utterance.parts if part.commit > self._finals and not part.final]
        self._taken = {number: text for number, text in self._taken.items() if number > self._finals}
        self._taken |= {part.commit: part.text for part in waiting}
        self._carried = waiting[-1].text if waiting else ""
        self._know(utterance.text, self._voice_ms)

    def _know(self, text: str, voice_ms: int) -> None:
        self._known_ms = voice_ms
        latest = [text, self._partial] if voice_ms == self._voice_ms else [text]
        self._known += [text for text in latest if text and text not in self._known]

    def _quick(self, text: str) -> bool:
        """Whether there has been too little voice since the known words for this text to be said again."""
        return self._voice_ms - self._known_ms < WORD_MS * len(words(text))

    def _repeats(self, text: str, jumped: bool = False) -> bool:
        """Whether the words only repeat the beginning or the end of a known transcript: with too little voice to have
        been said again, or all at once (`jumped`), because a sentence that is really said again grows word by word."""
        now = words(text)
        if not self._quick(text) and not jumped:
            return False
        return any(now in (said[: len(now)], said[len(said) - len(now) :]) for said in map(words, self._known))
