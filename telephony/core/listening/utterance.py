"""One utterance of the caller, and which of the caller's words have been answered before they were stable.

Theory of operation. The STT gives each word once, in order: tentative first, then stable (`TranscriptUpdated`). An
utterance may close while its last words are tentative. They have been answered then, so of all that the STT says of
them later only what goes beyond them is new.

Words may also be somebody else's, who is heard behind the caller (`behind.py`). They stay in the transcript, because
the STT goes on giving them, but are no part of the utterance's text.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from telephony.core.events import TranscriptUpdated
from telephony.core.language.words import alike, beyond, from_word, words
from telephony.core.listening.behind import callers, carried
from telephony.core.listening.loudness import SILENT

STANDSTILL_MS = 800
"""Voice whose words stand still for this much longer than the silence that would end the turn is a noise..."""
LONGEST_STANDSTILL_MS = 1_600
"""...and if they stand still for this long, if no longer silence is asked for."""
PARTIAL_LAG_MS = 380
"""Maximum time from the end of a word to the partial that contains it."""


@dataclass(slots=True)
class Utterance:
    """`active_ms`: when its last voice, or word without voice, came; `voice_ms`: all its voice; `commits`: those of its
    commits up to which the words are not stable yet, each with the tentative words that it added; `text_ms`: when its
    words last changed; `before`: words of the last utterance, if that was closed too early and goes on here;
    `committed`: all voice so far has been committed; `loud`: the level of its loudest voice; `grown_ms`: when words
    came last, with `grown_voice_ms` of voice until then; `noisy`: long voice without words since; `others`: which of
    the words in the transcript are somebody else's. Media time."""

    opened_ms: int
    active_ms: int
    voice_ms: int = 0
    stable: str = ""
    tentative: str = ""
    commits: list[tuple[int, str]] = field(default_factory=list)
    text_ms: int = 0
    before: str = ""
    committed: bool = False
    loud: int = SILENT
    grown_ms: int = 0
    grown_voice_ms: int = 0
    noisy: bool = False
    others: tuple[bool, ...] = ()

    @property
    def text(self) -> str:
        """The caller's words."""
        text = f"{self.stable} {self.tentative}".strip()
        return callers(text, self.others) if self.others else text

    @property
    def behind(self) -> bool:
        """So far it is nothing but somebody else's words."""
        return not self.voice_ms and bool(self.others) and all(self.others)

    @property
    def speaks_last(self) -> bool:
        """Whether a word that no partial has shown yet is the caller's: the last that was shown is, or their voice came
        after it."""
        return self.voice_ms > 0 and (not self.others or not self.others[-1] or self.active_ms > self.grown_ms)

    @property
    def whole(self) -> str:
        """Its words, after those of the utterance that it goes on with; "" as long as it has none."""
        return f"{self.before} {text}".strip() if (text := self.text) else ""

    @property
    def awaited(self) -> int:
        """The last of its commits, if that is still awaited, or 0."""
        return self.commits[-1][0] if self.commits else 0

    @property
    def open_words(self) -> bool:
        """Whether it has words for which no commit is under way."""
        return bool(words(self.tentative)) and not (self.awaited and self.committed)

    def voiced(self, ms: int, media_ms: int, loud: int, wordless_ms: int) -> bool:
        """`ms` more of its voice, up to `media_ms`. After `wordless_ms` without words it is noisy. Returns whether more
        has changed than its length."""
        before = self.committed, self.noisy, self.loud
        self.voice_ms += ms
        self.loud = max(self.loud, loud)
        self.active_ms = media_ms
        self.committed = False
        self.noisy = self.grown_ms > 0 and self.voice_ms - self.grown_voice_ms >= wordless_ms
        return before != (False, self.noisy, self.loud)

    def undetected(self, spoken_ms: int) -> None:
        """The detector does not hear this caller, who was speaking at `spoken_ms`."""
        self.active_ms, self.committed = spoken_ms, False

    def changed(self, before: str, stable: bool, final: bool, media_ms: int) -> None:
        """Its text was `before` until now; there is `stable` text, by a `final` transcript."""
        if stable or (self.text != before and not final):
            self.text_ms = media_ms
        old, new = words(before), words(self.text)
        if new == old:
            return
        self.grown_ms, self.grown_voice_ms, self.noisy = media_ms, self.voice_ms, False
        if before and final and not self.voice_ms and len(new) > len(old):
            self.active_ms = media_ms

    def may_be_committed(self, min_word_ms: int) -> bool:
        """It has more than is committed already: words, or a voice long enough for one."""
        return not self.committed and (self.voice_ms >= min_word_ms or bool(words(self.tentative)))

    def commit(self, number: int) -> None:
        self.commits.append((number, beyond(self.tentative, " ".join(text for _, text in self.commits))))
        self.committed = True

    def refused(self, number: int) -> None:
        """The STT refused the commit: its words are left to the next one."""
        self.commits = [one for one in self.commits if one[0] != number]

    def heard(self, stable: str, tentative: str, commit: int, behind: bool = False) -> None:
        """Takes the words that are new, as in `TranscriptUpdated`. `behind`: they are somebody else's."""
        before = f"{self.stable} {self.tentative}"
        self.stable, self.tentative = f"{self.stable} {stable}".strip(), tentative
        if behind or self.others:
            self.others = carried(before, self.others, f"{self.stable} {tentative}", behind)
            self.committed = self.committed and not (self.behind and not stable and not commit)
        self.commits = [one for one in self.commits if one[0] > commit]


def standstill_ms(wait_ms: int) -> int:
    """How long the words of a voice that goes on stand still if it is a noise; `wait_ms` of silence would end it."""
    return max(wait_ms, min(wait_ms + STANDSTILL_MS, LONGEST_STANDSTILL_MS))


class Answered:
    """Words that were answered while they were tentative."""

    def __init__(self) -> None:
        self._texts: list[tuple[int, str]] = []  # (the commit that makes them stable, words), in order

    def add(self, utterance: Utterance) -> None:
        """The utterance, whose words are all stable or committed, has been answered."""
        rest = beyond(utterance.tentative, " ".join(text for _, text in utterance.commits))
        last = utterance.awaited
        self._texts += [
            (number, f"{text} {rest}" if number == last and rest else text) for number, text in utterance.commits
        ]

    def take(self, event: TranscriptUpdated) -> tuple[str, str]:
        """The words of the event, stable and tentative, that were not answered yet."""
        commit, texts = event.commit, self._texts
        covered = [one for one in texts if one[0] <= commit]
        sure = any(number == commit and words(text) for number, text in texts)
        stable = beyond(event.stable, _joined(covered)) if sure else _rest(event.stable, covered)
        self._texts = [one for one in texts if one[0] > commit]
        if fitting := _fitting(stable, self._texts):  # a part of the words of later commits
            said = _joined(fitting)
            self._texts = _from_word(fitting, len(words(said)) - len(words(beyond(said, stable))))
            stable = beyond(stable, said)
        return stable, _rest(event.tentative, self._texts)


def _from_word(texts: list[tuple[int, str]], index: int) -> list[tuple[int, str]]:
    """The texts without their first `index` words; each that is left keeps its commit."""
    left = []
    for number, text in texts:
        size = len(words(text))
        if size > index:
            left.append((number, from_word(text, index)))
        index = max(0, index - size)
    return left


def _rest(text: str, said: list[tuple[int, str]]) -> str:
    """What `text` has beyond these words, if it is about them."""
    return beyond(text, _joined(fitting)) if (fitting := _fitting(text, said)) else text


def _fitting(text: str, said: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The words of which `text` is, because one begins with the other, or nearly so. The first of them may be missing:
    a refused commit's words never come if the recogniser was lost meanwhile."""
    for first in range(len(said)):
        other = _joined(said[first:])
        if text and other and (alike(text, other) or alike(other, text)):
            return said[first:]
    return []


def _joined(said: list[tuple[int, str]]) -> str:
    return " ".join(text for _, text in said if text)
