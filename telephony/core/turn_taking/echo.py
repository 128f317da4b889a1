"""Whether the caller's words are the agent's own, come back through a speakerphone.

The rule: words that the agent said, in its order and most of them recognised, that were audible at most 0.7 s before
the voice began, or 1.5 s before the words came without a voice, and that are quieter than the caller, are the agent's
own. A caller who repeats words of the agent has to hear them first, and is louder. Figures are compared by
value; where the agent's words have none, one stands for any number: recognisers write figures in their own way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from telephony.core.language.language import Language
from telephony.core.language.words import words
from telephony.core.listening.loudness import SILENT
from telephony.core.policy import TurnTaking
from telephony.core.turn_taking.tokens import Token, tokens

ECHO_WORDS = 2
"""This many words that the agent is just saying, in its order, are its echo when there is hardly any voice..."""
ECHO_WORDS_WITH_VOICE = 4
"""...and this many when there is: a caller may well repeat three of them."""
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
MISHEARD_WORDS = 2
"""As many words may all be misheard."""
LIKE = 0.6
"""Two words that share more than this fraction of their letters may be the same, misheard."""
SAME, ALIKE, OTHER = 3, 2, 1
"""What a word counts in an alignment that is the same, or may be; and what one costs that has no counterpart."""
BELOW_CALLER = 60
"""An echo is at least this much (tenths of dB) quieter than the caller."""
SURELY_BELOW_CALLER = 75
"""The same for a single word after the agent has spoken: callers answer with the agent's last word, and softly."""
SOFTER = 40
"""A listener's murmur is this much (tenths of dB) below the caller's level."""
AS_LOUD = 40
"""Voice up to this much (tenths of dB) louder than an echo before may be another one."""


@dataclass(frozen=True, slots=True)
class Own:
    """The first `words` words of a text are the agent's, of which it said `known` just so, or nearly; `rest` are left,
    of which the first `guessed` stand where the agent has said others: its own as well, if the recogniser misheard."""

    words: int
    known: int
    rest: int
    guessed: int

    def judged(self, *, sure: bool, enough: bool, voice: bool) -> tuple[int, bool]:
        """How many of the first words are an echo, and whether all may be one. `sure`: the voice is not the caller's;
        `enough`: a single known word is an echo; `voice`: there was one."""
        match min(self.known, 2), enough, self.rest:
            case 2, _, rest:
                return self.words + (self.guessed if sure else 0), rest in (self.guessed, 1)
            case 1, True, rest:
                return (0 if rest else self.words), rest == 1
            case 1, False, 0:
                return (self.words if self.words == 1 and not voice else 0), True
        return 0, False


def own_words(text: str, said: str, language: Language, *, sure: bool = False) -> Own:
    """Which words at the beginning of `text` are those `said` by the agent: up to a recognised one, and most of
    them recognised, in its order. Words of which none is just the same are something else, unless it is `sure` that
    the voice is not the caller's, or they begin with a figure."""
    found, spoken = tokens(text, language), tokens(said, language, joined=True)
    same = _aligned(found, spoken, language)
    if not (sure or any(found[at].text == spoken[to].text for at, to in same.items()) or (found and found[0].figure)):
        same = {}
    least, of = SURE_SHARE if sure else SHARE
    own = known = 0
    for count, at in enumerate(sorted(same), 1):
        if count * of >= (at + 1) * least:
            own, known = at + 1, count
    room = len(spoken) - 1 - same[own - 1] if own else 0
    guessed = own + _guessed(found[own : own + room], own, known * of // least, language)
    number, until = (found[count - 1].number if count else 0 for count in (own, guessed))
    exact = sum(len(spoken[to].spelt) - 1 for at, to in same.items() if at < own and found[at].text == spoken[to].text)
    return Own(number, known + exact, len(words(text)) - number, until - number)


def is_echo(text: str, *, repeats: bool, voice_ms: int, voice_known: bool, rules: TurnTaking) -> bool:
    """The agent's own words come back: without a voice of the caller's, or before the caller's voice is known.
    `repeats`: the agent is saying all words of `text`, in this order."""
    voiceless = voice_ms < rules.tuning.min_word_ms
    least = ECHO_WORDS if voiceless else ECHO_WORDS_WITH_VOICE
    return repeats and (voiceless or not voice_known) and len(words(text)) >= least


def _guessed(rest: Sequence[Token], own: int, most: int, language: Language) -> int:
    """How many of the words behind the `own` first may be misheard: a few, or up to `most` words in all."""
    few = rest[: max(MISHEARD_WORDS, most - own)]
    return next((at for at, token in enumerate(few) if token.text in language.stops), len(few))


def _aligned(found: Sequence[Token], spoken: Sequence[Token], language: Language) -> Mapping[int, int]:
    """Place in `found` -> place in `spoken` of the recognised words, in order, with the fewest others between and
    before them: the best alignment of the beginning of one with any part of the other (Smith and Waterman)."""
    best: list[list[tuple[int, tuple[tuple[int, int], ...]]]] = [[(0, ())] * (len(spoken) + 1)]
    for at, token in enumerate(found):
        above, row = best[-1], [(-OTHER * (at + 1), tuple[tuple[int, int], ...]())]
        for to, word in enumerate(spoken):
            gain = _likeness(token, word, language, last=at + 1 == len(found))
            score, pairs = above[to]
            pair = (score + gain, (*pairs, (at, to))) if gain else (score - OTHER, pairs)
            more = above[to + 1]
            begun = [found[one] for one, place in more[1] if place == to]
            other_way = sum(len(one.digits) for one in begun if one.written != token.written)
            both = [one.digits for one in begun if one.written == token.written or other_way >= len(word.digits)]
            pieces = [*both, token.digits]
            again = begun and _in_order(pieces, word.digits)
            extra = (more[0] + ALIKE, (*more[1], (at, to))) if again else (more[0] - OTHER, more[1])
            row.append(max(pair, extra, (row[to][0] - OTHER, row[to][1]), key=_score))
        best.append(row)
    return dict(max((one for row in best for one in row), key=_score)[1])


def _score(alignment: tuple[int, tuple[tuple[int, int], ...]]) -> tuple[int, int]:
    """Of two that are as good, the one with more words is better."""
    return alignment[0], len(alignment[1])


def _likeness(heard: Token, said: Token, language: Language, *, last: bool) -> int:
    """How much two words count as one: 0 if they are different."""
    if heard.spelt == said.spelt or (bool(heard.text) and heard.text == said.text):
        return SAME
    return ALIKE if _may_be(heard, said, language, last) else 0


def _in_order(pieces: Iterable[str], whole: str) -> bool:
    """Whether `whole` holds all the pieces, one behind the other: groups of a figure, or halves of a word."""
    at = 0
    for piece in pieces:
        if (found := whole.find(piece, at)) < 0:
            return False
        at = found + len(piece)
    return True


def _is_part(token: Token, whole: Token) -> bool:
    """Whether a figure is a part of another, written in groups."""
    return token.figure and token.digits != whole.digits and token.digits in whole.digits


def _may_be(heard: Token, said: Token, language: Language, last: bool) -> bool:
    """Whether one is the other, written in another way or misheard; the `last` word of a text may be incomplete. Where
    number words are not known, any word may be one."""
    if heard.figure:
        return _is_part(heard, said) or (
            heard.written and (_agree(heard, said) if said.figure else not language.numerals)
        )
    if heard.text in language.stops:
        return False
    if last and said.text.startswith(heard.text):
        return True
    return any(_sounds_like(heard.text, word) for word in said.spelt)


@lru_cache(maxsize=4_096)
def _sounds_like(heard: str, said: str) -> bool:
    """Cached, because each partial transcript repeats the words of the one before."""
    return SequenceMatcher(None, heard, said, autojunk=False).ratio() > LIKE


def _agree(heard: Token, said: Token) -> bool:
    """Whether a figure may stand for a number of another value, or of none that is known: other words of the agent's
    belong to it as well ("half past nine", "two hundred and fifty")."""
    if not (heard.text and said.text):
        return True
    beyond, zeros = int(heard.text) - int(said.text), len(said.text) - len(said.text.rstrip("0"))
    grouped = len(heard.spelt) > 1 and len(heard.text) > len(said.text)
    return grouped or (zeros > 1 and 0 <= beyond < 10**zeros)


class EchoLevel:
    """How loud the caller is, and the echo on this line, if there is one. Levels are in tenths of dBFS."""

    def __init__(self) -> None:
        self._caller: int | None = None
        self._echo: int | None = None
        self._prompt = 0  # sounds without words in a row that began when the agent did

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
