"""Whether the caller's words are the agent's own, come back through a speakerphone.

The rule: words that the agent said, in its order and most of them recognised, that were audible at most 0.7 s before
the voice began, or 1.5 s before the words came without a voice, and that are quieter than the caller, are the agent's
own. A caller who repeats words of the agent has to hear them first, and is louder. A figure stands for whatever the
agent said in its place, if that holds a number: recognisers write figures in their own way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from telephony.core.language.language import Language
from telephony.core.language.words import words
from telephony.core.listening.loudness import SILENT

VOICE_WITHIN_MS = 700
"""The voice of an echo begins at most this long after the first of its words began to be played: 400 ms later, and the
detector may miss a weak first syllable."""
PROMPT_MS = 520
"""The same for a single word: whoever repeats one has to hear it first, and begins later."""
BEFORE_ECHO_MS = 50
"""No echo comes back sooner: the line alone takes longer."""
WORDS_WITHIN_MS = 1_500
"""The same for words in which the detector has heard no voice: they come when the recogniser has them."""
SHARE = 3, 4
"""At least this share of an echo's words is recognised as what was said..."""
SURE_SHARE = 1, 2
"""...or this, if the voice is not the caller's anyway."""
ALIKE = 0.6
"""Two words that share more than this fraction of their letters may be the same, misheard."""
BELOW_CALLER = 60
"""An echo is at least this much (tenths of dB) quieter than the caller."""
SURELY_BELOW_CALLER = 75
"""The same for a single word after the agent has spoken: callers answer with the agent's last word, and softly."""
AS_LOUD = 40
"""Voice up to this much (tenths of dB) louder than an echo before may be another one."""
_HAS_FIGURE = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Own:
    """The first `words` words of a text are the agent's, of which it said `known` just so, or nearly; `rest` are left.
    `misheard`: but for one word in front of a recognised one, all may be the agent's."""

    words: int
    known: int
    rest: int
    misheard: bool


def own_words(text: str, said: str, language: Language, *, sure: bool = False) -> Own:
    """Which words at the beginning of `text` are those `said` by the agent. `sure`: the voice is not the caller's, so
    that words behind them that stand where the agent has said others are its own as well, misheard."""
    found, spoken = _tokens(text, language), _tokens(said, language, joined=True)
    same = _recognised(found, spoken, language, sure=sure)
    sure = sure and len(same) > 1
    least, of = SURE_SHARE if sure else SHARE
    own = known = 0
    for count, at in enumerate(sorted(same), 1):
        if count * of >= (at + 1) * least:
            own, known = at + 1, count
    if own and sure:
        room = len(spoken) - 1 - same[own - 1]
        while own < len(found) and room and known * of >= (own + 1) * least and found[own].text not in language.stops:
            own, room = own + 1, room - 1
    number = found[own - 1].number if own else 0
    exact = sum(len(spoken[to].spelt) - 1 for at, to in same.items() if at < own and found[at].text == spoken[to].text)
    misheard = len(found) - len(same) == 1 and same.get(len(found) - 1, 0) > 0
    return Own(number, known + exact, len(words(text)) - number, misheard)


@dataclass(frozen=True, slots=True)
class _Token:
    """A word, or consecutive figures as one, `spelt` as in the text; `number` counts the words up to its end."""

    text: str
    spelt: tuple[str, ...]
    number: int
    figure: bool


_NOTHING = _Token("", (), 0, False)


def _tokens(text: str, language: Language, *, joined: bool = False) -> list[_Token]:
    """`joined`: all consecutive figures are one token, and not only those written without a space."""
    found, number = list[_Token](), 0
    for piece in text.split():
        first = len(found)
        for word in words(piece):
            number += 1
            token, figure = _figure(word, language)
            before = found.pop() if figure and found[0 if joined else first :] and found[-1].figure else _NOTHING
            found.append(_Token(before.text + token, (*before.spelt, word), number, figure))
    return found


def _figure(word: str, language: Language) -> tuple[str, bool]:
    """The word as it is compared, and whether it is a number."""
    parts = word.split("-")
    if all(part in language.numerals for part in parts):
        return "".join(language.numerals[part] for part in parts), True
    return word, bool(_HAS_FIGURE.search(word)) or word in language.ordinals


def _recognised(
    found: Sequence[_Token], spoken: Sequence[_Token], language: Language, *, sure: bool
) -> Mapping[int, int]:
    """Place in `found` -> place in `spoken`, in order: the same words, and between those what may be the same. Words of
    which none is the same are something else, unless it is `sure` whose voice it is, or they begin with a figure."""
    blocks = SequenceMatcher(None, [x.text for x in found], [x.text for x in spoken], autojunk=False)
    same = {one.a + at: one.b + at for one in blocks.get_matching_blocks() for at in range(one.size)}
    if not (same or sure or (found and found[0].figure)):
        return {}
    after = 0
    for at, token in enumerate(found):
        before = min((place for other, place in same.items() if other > at), default=len(spoken))
        if at not in same:
            last, goes_on = at + 1 == len(found), after and _is_part(token, spoken[after - 1])
            places = (place for place in range(after, before) if _may_be(token, spoken[place], language, last))
            if (place := after - 1 if goes_on else next(places, None)) is not None:
                same[at] = place
        after = same.get(at, after - 1) + 1
    return same


def _is_part(token: _Token, whole: _Token) -> bool:
    """Whether a figure is a part of another, written in groups."""
    return token.figure and token.text != whole.text and token.text in whole.text


def _may_be(heard: _Token, said: _Token, language: Language, last: bool) -> bool:
    """Whether one is the other, written in another way or misheard; the `last` word of a text may be incomplete. Where
    number words are not known, any word may be one."""
    if heard.figure:
        written = any(_HAS_FIGURE.search(word) for word in heard.spelt)
        return _is_part(heard, said) or (written and (said.figure or not language.numerals))
    if last and said.text.startswith(heard.text):
        return True
    return any(SequenceMatcher(None, heard.text, word, autojunk=False).ratio() > ALIKE for word in said.spelt)


class EchoLevel:
    """How loud the caller is, and the echo on this line, if there is one. Levels are in tenths of dBFS."""

    def __init__(self) -> None:
        self._caller: int | None = None
        self._echo: int | None = None
        self._prompt = 0  # sounds without words in a row that began when the agent did

    @property
    def found(self) -> bool:
        """The line has an echo."""
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
        """The agent's words came back at this level, `SILENT` if the detector has heard no voice."""
        if level > SILENT or self._echo is None:
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
