"""What short utterances mean to turn-taking: functions over text and a language's data (`language.py`)."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache

from telephony.core.language.language import Language

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
SURE_LETTERS = 5
"""A word of so many letters is no slip of a recogniser's."""
LISTENER_WORDS = 4
"""A listener says no more than this at once."""
ALIKE = 0.6
"""Two transcripts of the same voice share at least this part of their words."""


def words(text: str) -> list[str]:
    """Lower-case words without punctuation."""
    return list(_words(text))


@lru_cache(maxsize=512)
def _words(text: str) -> tuple[str, ...]:
    """The same text is looked at again and again, in every frame of a silence."""
    return tuple(word.replace("’", "'") for word in _WORD.findall(text.lower()))


def beyond(text: str, said: str) -> str:
    """What `text` has behind the words of `said`, if both are transcripts of the same voice: some words may differ.
    With none in common, and more of them, they are not."""
    one, other = words(said), words(text)
    blocks = [block for block in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks() if block.size]
    if not blocks and len(other) > len(one):
        return text
    matched, at = (blocks[-1].a + blocks[-1].size, blocks[-1].b + blocks[-1].size) if blocks else (0, 0)
    return _from_word(text, at + len(one) - matched)


def alike(text: str, said: str) -> bool:
    """`text` begins with the words of `said`, or nearly so."""
    one, other = words(said), words(text)
    blocks = SequenceMatcher(None, one, other[: len(one) + 1], autojunk=False).get_matching_blocks()
    return bool(one) and sum(block.size for block in blocks) > ALIKE * len(one)


def continues(text: str, said: str) -> bool:
    """`text` begins with the very words of `said`."""
    known = words(said)
    return bool(known) and words(text)[: len(known)] == known


def without(text: str, said: str) -> str:
    """`text` behind the words of `said`, if it is alike; all of it if not."""
    return beyond(text, said) if alike(text, said) else text


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
    """Words that ask for the floor: anything that is no backchannel, and no word that recognisers hear in a cough."""
    found = words(text)
    return bool(found) and not _listening(found, language) and not (len(found) == 1 and found[0] in language.weak)


def claims_the_floor(text: str, language: Language) -> bool:
    """Words that ask for the floor even if the recogniser is not sure of them yet: one that stops people, two that say
    something, or one long one. Half a word ("ri" of "right") and "the" do not."""
    found = words(text)
    if any(word in language.stops or word in language.questions or word in language.commands for word in found):
        return True
    saying = [word for word in found if word not in language.backchannels and word not in language.weak]
    return len(saying) >= 2 or any(len(word) >= SURE_LETTERS for word in saying) or (not language.known and bool(found))


def gist(text: str, language: Language) -> tuple[str, ...]:
    """What two transcripts must share to mean the same: words without fillers, numbers as figures."""
    return tuple(language.numerals.get(word, word) for word in words(text) if word not in language.fillers)


def _from_word(text: str, number: int) -> str:
    found = list(_WORD.finditer(text))
    return text[found[number].start() :] if number < len(found) else ""


def thought(found: list[str], language: Language) -> list[str]:
    """The words from the first that says something."""
    at = next((i for i, word in enumerate(found) if word not in language.openers), len(found))
    return found[at:]


def contains(found: list[str], phrase: tuple[str, ...]) -> bool:
    return any(tuple(found[at : at + len(phrase)]) == phrase for at in range(len(found) - len(phrase) + 1))


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
