"""Whether words are a goodbye: the agent's, or what callers say in answer to one.

Over the agent's goodbye, or after it, the caller either closes the call too (thanks, good wishes, assent, praise,
"that's all", a goodbye) or brings up something new. The rule: there is something new with any question, request,
objection or figure; and with any word that is not known to bring up nothing, but for one such word beside thanks or a
goodbye ("thanks, Maria"). What follows "thanks for" or "see you" belongs to it. "No" may come first, before thanks, and
then every word must be known ("no thanks, cancel it").

What people part with is known in all languages, whatever the call's: many say it in their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import Enum, auto

from telephony.core.language.language import Language, Phrases
from telephony.core.language.murmurs import MURMUR_PHRASES, MURMURS
from telephony.core.language.registry import LANGUAGES
from telephony.core.language.words import folded, listened


class Piece(Enum):
    """What a word or phrase is in answer to a goodbye."""

    FAREWELL = auto()
    """Thanks, good wishes, a goodbye, "that's all"."""
    LIGHT = auto()
    """It brings up nothing."""
    NEW = auto()
    """It brings up something: a question, a request, an objection, a figure."""
    NO = auto()
    UNKNOWN = auto()


_CLAUSE = re.compile(r"[.,;:!?…¿¡।。、！？]+|\s[-–—]+\s")
_SENTENCES = re.compile(r"[^.?!]+[.?!\s]*")
UNKNOWN_WORDS = 1
"""Beside thanks or a goodbye, at most this many words may be unknown: a name."""
LONGEST_PHRASE = 6


def _all(field: str) -> frozenset[tuple[str, ...]]:
    return frozenset(phrase for language in LANGUAGES.values() for phrase in getattr(language, field))


_FAREWELLS = frozenset(word for language in LANGUAGES.values() for word in language.farewells)
_PHRASES, _OPENINGS, _PARTINGS = _all("farewell_phrases"), _all("farewell_openings"), _all("partings")
WORDS_OF_ALL = MURMURS.union(_FAREWELLS, *MURMUR_PHRASES, *_PHRASES, *_OPENINGS)
"""The words of murmurs and farewells, which mean the same in every call."""
_BEGINNINGS = frozenset(
    phrase[:size] for known in (_PHRASES, _OPENINGS) for phrase in known for size in range(1, len(phrase))
)


def parts(text: str) -> bool:
    """Whether the text ends with a goodbye: in its last sentence, or in the one before a remark."""
    last = _SENTENCES.findall(text)[-2:]
    if not last or "?" in last[-1]:
        return False
    found = folded(" ".join(last))
    return any(_size(found[at:], _PARTINGS) for at in range(len(found)))


def is_farewell(text: str, language: Language, *, begun: bool = False) -> bool:
    """Whether the text only answers a goodbye, as far as it goes. `begun`: more words may come, and the last may not be
    complete, so that only what is new for certain is no answer."""
    if not (found := folded(text)) or ("?" in text and len(found) > 1):
        return False
    said, rest, no = False, list[str](), False
    for at, what in _pieces(text, language):
        match what:
            case Piece.NEW:
                return begun and tuple(found[at:]) in _BEGINNINGS
            case Piece.NO if said or rest:
                return False
            case Piece.NO:
                no = True
            case Piece.FAREWELL:
                said = True
            case Piece.UNKNOWN:
                rest.append(found[at])
    half = begun and len(found) > 1 and rest[-1:] == found[-1:]
    return len(rest) <= (UNKNOWN_WORDS if said and not no else 0) + half and (begun or said or not no)


def _pieces(text: str, language: Language) -> Iterator[tuple[int, Piece]]:
    """Each word or phrase: the number of its first word in the text, and what it is."""
    at = 0
    for clause in map(folded, _CLAUSE.split(text)):
        opened, i = False, 0
        while i < len(clause):
            before, rest = clause[i - 1] if i else "", clause[i:]
            size, what = _piece(before, rest, opened, language)
            opened |= what == Piece.FAREWELL and _size(rest, _OPENINGS) > 0
            yield at + i, what
            i += size
        at += len(clause)


def _piece(before: str, rest: Sequence[str], opened: bool, language: Language) -> tuple[int, Piece]:
    word = rest[0]
    if size := max(_size(rest, _PHRASES), _size(rest, _OPENINGS)):
        return size, Piece.FAREWELL
    if size := _is_new(before, rest, language):
        return size, Piece.NEW
    if word in language.noes:
        return 1, Piece.NO
    if word in _FAREWELLS:
        return 1, Piece.FAREWELL
    if size := listened(rest, language):
        return size, Piece.LIGHT
    if tuple(rest) in _BEGINNINGS:
        return len(rest), Piece.LIGHT
    if opened or word in language.light or word in language.weekdays:
        return 1, Piece.LIGHT
    if word.isdecimal() or word in language.numerals or before in language.determiners:
        return 1, Piece.NEW
    return 1, Piece.UNKNOWN


def _is_new(before: str, rest: Sequence[str], language: Language) -> int:
    """How many of the first words bring up something: a question, a request, an objection."""
    word, then = rest[0], rest[1] if len(rest) > 1 else ""
    if word in language.stops and word not in language.noes:
        return 1
    if word in language.commands and not _has_subject(before, language):
        return 1
    asks = word in language.auxiliaries and before not in language.pronouns
    if asks and (
        then in language.pronouns or (word in language.being | language.helping and then in language.determiners)
    ):
        return 2
    return max(_size(rest, known) for known in (language.reopeners, language.requests, language.objections))


def _has_subject(before: str, language: Language) -> bool:
    """Whether a verb after this word is no command: "I'll call", "to call", "your call"."""
    return "'" in before or any(
        before in known for known in (language.pronouns, language.auxiliaries, language.determiners, {"to"})
    )


def _size(rest: Sequence[str], known: Phrases) -> int:
    """How many of the first words are one of the phrases; the longest counts."""
    return next((size for size in range(min(len(rest), LONGEST_PHRASE), 0, -1) if tuple(rest[:size]) in known), 0)
