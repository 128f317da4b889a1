"""Whether the caller's words are the agent's own, come back through a speakerphone.

An echo has three marks, and needs them all: its words are what the agent said, in its order; they come when it said
them, or a little later; and they are quieter than the caller, as far as the caller's loudness is known. A caller who
repeats three words of the agent has to hear them first. The recogniser may have misheard some words, and writes figures
in its own way.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from telephony.core.language.language import Language
from telephony.core.language.words import words

VOICE_WITHIN_MS = 700
"""The voice of an echo begins at most this long after the first of its words began to be played: 400 ms later, and the
detector may miss a weak first syllable."""
WORDS_WITHIN_MS = 1_100
"""The same for words in which the detector has heard no voice: the recogniser takes its time."""
SHARE = 3, 4
"""At least this share of an echo's words is recognised as what was said."""
ALIKE = 0.6
"""Two words that share more than this fraction of their letters may be the same, misheard."""
BELOW_CALLER = 60
"""An echo is at least this much (tenths of dB) quieter than the caller."""
SURELY_BELOW_CALLER = 75
"""The same for a single word after the agent has spoken: callers answer with the agent's last word, and softly."""
AS_LOUD = 40
"""Voice up to this much (tenths of dB) louder than an echo before may be another one."""
TENS = range(20, 100, 10)
_PART = re.compile(r"\d+|\D+")


def own_words(text: str, said: str, written: str, language: Language) -> tuple[int, int]:
    """How many words at the beginning of `text` are those `said` by the agent (which has `written` them so), and how
    many of these were recognised as such; (0, 0) if it is no echo."""
    found, spoken = _tokens(text, language), [token for token, _ in _tokens(said, language)]
    figures = {token for token, _ in _tokens(written, language) if token.isdigit()}
    blocks = SequenceMatcher(None, [token for token, _ in found], spoken, autojunk=False).get_matching_blocks()
    same = {block.a + at: block.b + at for block in blocks for at in range(block.size)}
    same |= {at: -1 for at, (token, _) in enumerate(found) if token in figures and at not in same}
    if not same:
        return 0, 0
    last = max(same)
    after = spoken[same[last] + 1 :][:1] if same[last] >= 0 else []
    if last + 2 == len(found) and after and _may_be(found[last + 1][0], after[0]):
        last += 1
        same[last] = -1
    if len(same) * SHARE[1] < (last + 1) * SHARE[0]:
        return 0, 0
    return found[last][1], len(same)


def _may_be(heard: str, said: str) -> bool:
    """Whether `heard` is the beginning of a word, or the word misheard."""
    return said.startswith(heard) or SequenceMatcher(None, heard, said, autojunk=False).ratio() > ALIKE


def _tokens(text: str, language: Language) -> list[tuple[str, int]]:
    """The words of a text, each with its number counted from one; consecutive numbers are one, in figures."""
    found, ten = list[tuple[str, int]](), False
    for number, word in enumerate(words(text), 1):
        for part in _PART.findall(language.numerals.get(word, word)):
            token = part.strip("-'")
            if not token:
                continue
            digits = found[-1][0] if found and found[-1][0].isdigit() else ""
            if not token.isdigit() or not digits:
                found.append((token, number))
            else:
                found[-1] = ((digits[:-1] if ten and len(token) == 1 and token != "0" else digits) + token, number)
            ten = word in language.numerals and token.isdigit() and int(token) in TENS
    return found


class EchoLevel:
    """How loud the caller is, and the echo on this line, if there is one. Levels are in tenths of dBFS."""

    def __init__(self) -> None:
        self._caller: int | None = None
        self._echo: int | None = None
        self._prompt = 0  # sounds without words in a row that began when the agent did

    @property
    def found(self) -> bool:
        """The line has an echo that the detector takes for voice."""
        return self._echo is not None

    def caller_spoke(self, level: int) -> None:
        """The caller has spoken while the agent was silent."""
        self._caller = level if self._caller is None else max(level, (3 * self._caller + level) // 4)

    def is_quieter(self, level: int, by: int = BELOW_CALLER) -> bool:
        """Whether a voice of this level is too quiet to be the caller's."""
        return self._caller is not None and level <= self._caller - by

    def may_be_echo(self, level: int) -> bool:
        """The same, or nothing is known of the caller."""
        return self._caller is None or self.is_quieter(level)

    def echoed(self, level: int) -> None:
        """The agent's words came back at this level."""
        self._echo = level

    def sounded(self, level: int, *, prompt: bool) -> None:
        """A sound held the agent and had no words; `prompt`: it began right after the agent did. Twice is no chance."""
        self._prompt = self._prompt + 1 if prompt and self.may_be_echo(level) else 0
        if self._prompt > 1:
            self._echo = level

    def interrupted(self, level: int) -> None:
        """The caller has cut the agent: what was taken for its echo may have been the caller."""
        self._prompt = 0
        if self.is_known(level):
            self._echo = None

    def is_known(self, level: int) -> bool:
        """Whether a sound of this level is like the echo that is known."""
        return self._echo is not None and level <= self._echo + AS_LOUD
