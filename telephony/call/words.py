"""What short utterances mean to turn-taking: functions over text and a language's data (`language.py`)."""

from __future__ import annotations

import re

from telephony.call.language import Language

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
LISTENER_WORDS = 4
"""A listener says no more than this at once."""


def words(text: str) -> list[str]:
    """Lower-case words without punctuation."""
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


def without(text: str, said: str) -> str:
    """`text` behind the words of `said`, if it begins with them; all of it if not."""
    known, found = words(said), list(_WORD.finditer(text))
    if not known or words(text)[: len(known)] != known:
        return text
    return text[found[len(known)].start() :] if len(found) > len(known) else ""


def backchannel(text: str, language: Language) -> bool:
    """Nothing but sounds and words of a listener (at most four of them). Empty text is none."""
    return _listening(words(text), language)


def unfinished_backchannel(text: str, language: Language) -> bool:
    """Not a backchannel yet, but it may become one with its next word ("I" of "I see")."""
    found = words(text)
    for at in range(min(len(found), LISTENER_WORDS - 1)):
        rest = tuple(found[at:])
        begins = any(len(phrase) > len(rest) and phrase[: len(rest)] == rest for phrase in language.backchannel_phrases)
        if begins and (at == 0 or _listening(found[:at], language)):
            return True
    return False


def is_farewell(text: str, language: Language) -> bool:
    """Nothing but words of a goodbye."""
    found = words(text)
    return 0 < len(found) <= 8 and all(word in language.farewells for word in found)


def wants_the_floor(text: str, language: Language) -> bool:
    """Words that ask for the floor: anything that is no backchannel."""
    found = words(text)
    return bool(found) and not _listening(found, language)


def gist(text: str, language: Language) -> tuple[str, ...]:
    """What two transcripts must share to mean the same: words without fillers, numbers as figures."""
    figures = dict(language.numerals)
    return tuple(figures.get(word, word) for word in words(text) if word not in language.fillers)


def ends_with(found: list[str], phrases: frozenset[tuple[str, ...]]) -> bool:
    return any(tuple(found[-size:]) in phrases for size in range(1, min(5, len(found)) + 1))


def _listening(found: list[str], language: Language) -> bool:
    if not 0 < len(found) <= LISTENER_WORDS:
        return False
    at = 0
    while at < len(found):
        sizes = [n for n in range(len(found) - at, 1, -1) if tuple(found[at : at + n]) in language.backchannel_phrases]
        if not sizes and found[at] not in language.backchannels:
            return False
        at += sizes[0] if sizes else 1
    return True
