"""Transcripts -> words that are not accounted for yet, whatever the STT does with its segments.

Theory of operation. The STT keeps one segment open; a commit closes it and its final comes back, as a rule once and
soon. It may also come twice, much later, or never, and a partial may be repeated after its final. Each word must be
taken once all the same:

    a final whose commit has had its final    a repeat: nothing
    a final that answers a commit too late    its utterance was closed with the partial: only what goes beyond that
    the open segment's words, answered        (no commit was possible): taken out of what the segment brings next
    words known before, without the voice     a stale transcript: nothing
"""

from __future__ import annotations

from collections import deque

from telephony.core.events import TranscriptFinal
from telephony.core.language.words import alike, beyond, continues, without, words
from telephony.core.listening.utterance import Utterance

WORD_MS = 120
"""No word is shorter than this; words with less voice than that cannot have been said again."""
KNOWN = 6
"""So many of the latest transcripts are compared."""
SENTENCE_WORDS = 3


class Segments:
    """See the module text. `commits` numbers rise from 1."""

    def __init__(self) -> None:
        self.commits = 0
        self._finals = 0  # the last commit whose final has come
        self._taken: dict[int, str] = {}  # commits without a final of closed utterances: what was taken for their words
        self._carried = ""  # the latest of these words: partials may still bring them
        self._partial = ""  # as the STT gave it last
        self._voice_ms = 0  # all voice so far...
        self._committed_ms = 0  # ...up to the last commit...
        self._known_ms = 0  # ...and up to where its words are known
        self._known: deque[str] = deque(maxlen=KNOWN)  # the latest transcripts

    def voiced(self, ms: int) -> None:
        """The caller's voice: what is transcribed from now on may be new, even if it is the same words."""
        self._voice_ms += ms

    def commit(self) -> int:
        """A new commit's number."""
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
        """All that the caller said in it is accounted for."""
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
        """There was not voice enough since for these words to be said again."""
        return self._voice_ms - self._known_ms < WORD_MS * len(words(text))

    def _repeats(self, text: str, jumped: bool = False) -> bool:
        """The words over again, from the beginning or to the end of what is known, and hardly any voice for them, or
        all of them at once: who says a sentence again says it word by word."""
        now = words(text)
        if not self._quick(text) and not jumped:
            return False
        return any(now in (said[: len(now)], said[len(said) - len(now) :]) for said in map(words, self._known))
