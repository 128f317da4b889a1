"""One utterance of the caller: its voice, and its words from the STT's segments.

Theory of operation. The words are kept in *parts*, in the order in which they were said. A part is a committed segment:
until its final comes it holds the words of the last partial, so that nothing is lost if the final never comes. The
partial of the open segment follows the parts. A partial that arrives after a commit may belong to the committed segment
or to the next one: it belongs to the committed one if there was no new voice and its text is similar, or no shorter.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from telephony.core.language.words import alike, without, words


@dataclass(slots=True)
class Part:
    """A committed segment (`commit` is 0 if the STT closed it by itself). `final`: its text will not change."""

    commit: int
    text: str
    final: bool = False


@dataclass(slots=True)
class Utterance:
    """See the module text. `active_ms`: when its last voice, or word without voice, came; `voice_ms`: all its voice;
    `text_ms`: when its words last changed; `before`: words of the last utterance, if that was closed too early and goes
    on here; `committed`: all voice so far has been committed. Media time."""

    opened_ms: int
    active_ms: int
    voice_ms: int = 0
    parts: list[Part] = field(default_factory=list)
    partial: str = ""
    text_ms: int = 0
    before: str = ""
    committed: bool = False

    @property
    def text(self) -> str:
        if not self.parts:
            return self.partial
        return " ".join(text for text in (*(part.text for part in self.parts), self.partial) if text)

    @property
    def awaited(self) -> int:
        """The commit whose final is still expected, or 0. Only the last can be: finals come in order, so an earlier one
        that is missing is lost."""
        return self.parts[-1].commit if self.parts and not self.parts[-1].final else 0

    @property
    def open_words(self) -> str:
        """The words at the end that are not final yet."""
        tail = self.parts[-1].text if self.awaited else ""
        return f"{tail} {self.partial}".strip()

    def commit(self, number: int) -> None:
        self.parts.append(Part(number, self.partial))
        self.partial, self.committed = "", True

    def refused(self, number: int) -> None:
        """The STT refused the commit: its segment is still open, so its words become the partial again."""
        for part in [part for part in self.parts if part.commit == number and not part.final]:
            self.parts.remove(part)
            rest = without(self.partial, part.text)
            self.partial = f"{part.text} {rest}".strip()

    def heard_partial(self, text: str) -> bool:
        """Takes a partial. Returns whether the utterance's words have changed."""
        before = self.text
        part = self.parts[-1] if self.awaited else None
        if part is not None and words(text) and self._is_of(part, text):
            part.text, self.partial = text, ""
        else:
            self.partial = text
        return self.text != before

    def heard_final(self, commit: int, text: str) -> None:
        """Takes a segment's final words. If the commit is not one of this utterance's, they come before its own."""
        mine = next((part for part in self.parts if part.commit == commit), None) if commit else None
        if mine is not None:
            if not self._voice_behind(mine):
                self.partial = ""
            mine.text, mine.final = text, True
        elif commit:
            self.parts.insert(0, Part(commit, text, final=True))
        elif self.awaited:  # the service has split the segment that was committed
            part = self.parts[-1]
            part.text = without(part.text, text)
            self.parts.insert(-1, Part(0, text, final=True))
        else:
            rest = without(self.partial, text)
            self.parts.append(Part(0, text, final=True))
            self.partial = "" if rest == self.partial else rest

    def _is_of(self, part: Part, text: str) -> bool:
        return self.committed and (alike(text, part.text) or len(words(text)) >= len(words(part.text)))

    def _voice_behind(self, part: Part) -> bool:
        """Whether there was voice after the part, so that the partial may belong to that voice."""
        return not self.committed or part is not self.parts[-1]
