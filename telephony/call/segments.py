"""Transcripts -> words that are not accounted for yet, whatever the STT does with its segments.

Theory of operation. The STT keeps one segment open; a commit closes it and its final comes back, as a rule once and
soon. It may also come twice, much later, or never, and a partial may be repeated after its final. Each word must be
taken once all the same:

    a final whose commit has had its final    a repeat: nothing
    a final that answers a commit too late    its utterance was closed with the partial: only what goes beyond that
    the open segment's words, answered        (no commit was possible): taken out of what the segment brings next
    anything said before, without new voice   a stale transcript: nothing
"""

from __future__ import annotations

from telephony.call.events import TranscriptFinal
from telephony.call.words import beyond, without, words


class Segments:
    """See the module text. `commits` numbers rise from 1."""

    def __init__(self) -> None:
        self.commits = 0
        self._finals = 0  # the last commit whose final has come
        self._answered = 0  # the words of commits up to this one are accounted for...
        self._answered_part = ""  # ...and this was taken for the text of the last of them
        self._carried = ""  # words of the open segment that are accounted for
        self._partial = ""  # as the STT gave it last
        self._voiced = False  # since the last commit
        self._known: list[str] = []  # what the voice before this silence was transcribed as

    def voiced(self) -> None:
        """The caller's voice: what is transcribed from now on may be new, even if it is the same words."""
        self._voiced = True
        self._known.clear()

    def commit(self) -> int:
        """A new commit's number."""
        self.commits += 1
        self._voiced = False
        return self.commits

    def partial(self, text: str) -> str | None:
        """The words of a partial that are not accounted for; None if it only repeats what is known."""
        self._partial = text = text.strip()
        rest = without(text, self._carried) if self._carried else text
        if rest == text:
            self._carried = ""
        return None if self._repeats(rest) else rest

    def final(self, event: TranscriptFinal) -> str | None:
        """The words of a final that are not accounted for; None if it only repeats what is known."""
        commit, text = event.commit, event.text.strip()
        if commit and commit <= self._finals:
            return None
        self._finals = max(commit, self._finals)
        if self._carried:
            text, self._carried = without(text, self._carried), ""
        if commit and commit <= self._answered:
            return beyond(text, self._answered_part) or None
        if self._repeats(text):
            return None
        if not self._voiced:
            self._known += [text, self._partial]
        return text

    def late(self, commit: int) -> bool:
        """The commit's utterance was closed without waiting any longer for its final."""
        return 0 < commit <= self._answered

    def answered(self, text: str, open_words: str) -> None:
        """All that the caller said is accounted for as `text`. `open_words`: those at its end that have no final;
        they are expected from the last commit, or are still in the open segment: see `carry`."""
        self._answered, self._answered_part = self.commits, open_words or text
        if not self._voiced:
            self._known += [text, self._partial]

    def carry(self, open_words: str) -> None:
        """These words of the open segment are accounted for."""
        self._carried = open_words

    def _repeats(self, text: str) -> bool:
        """The words over again, from the beginning or to the end of what is known already."""
        now = words(text)
        return bool(now) and any(
            now in (said[: len(now)], said[len(said) - len(now) :]) for said in map(words, self._known)
        )
