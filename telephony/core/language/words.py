"""What words mean for turn-taking: functions over text and a language's data (`language.py`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from telephony.core.language.language import Language, Phrases, plain
from telephony.core.language.murmurs import MURMUR_PHRASES, MURMURS

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_LETTERS = r"(?:[^\W_]|[\u0900-\u0963\u0970-\u0dff])+"  # in Indic scripts, vowel signs are no word characters to `re`
_FOLDED_WORD = re.compile(rf"{_LETTERS}(?:['’-]{_LETTERS})*")
SURE_LETTERS = 5
"""A word of at least this many letters is unlikely to be a recognition error."""
LISTENER_WORDS = 4
"""Maximum number of words in a backchannel; a phrase counts as one."""
LONGEST_PHRASE = 4
ALIKE = 0.6
"""Two transcripts of the same voice share more than this fraction of their words."""


def words(text: str) -> list[str]:
    """The lower-case words of a text, without punctuation."""
    return list(_words(text))


@lru_cache(maxsize=512)
def _words(text: str) -> tuple[str, ...]:
    """Cached, because the same text is examined in every frame of a silence."""
    return tuple(word.replace("’", "'") for word in _WORD.findall(text.lower()))


def beyond(text: str, said: str) -> str:
    """What `text` has after the words of `said`, if both are transcripts of the same voice; some words may differ. A
    longer text without any word in common is taken as another voice, and returned whole."""
    one, other = words(said), words(text)
    blocks = [block for block in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks() if block.size]
    if not blocks and len(other) > len(one):
        return text
    matched, at = (blocks[-1].a + blocks[-1].size, blocks[-1].b + blocks[-1].size) if blocks else (0, 0)
    return from_word(text, at + len(one) - matched)


def alike(text: str, said: str) -> bool:
    """Whether `text` begins with the words of `said`, or nearly so."""
    one, other = words(said), words(text)
    blocks = SequenceMatcher(None, one, other[: len(one) + 1], autojunk=False).get_matching_blocks()
    return bool(one) and sum(block.size for block in blocks) > ALIKE * len(one)


def continues(text: str, said: str) -> bool:
    """Whether `text` begins with exactly the words of `said`."""
    known = words(said)
    return bool(known) and words(text)[: len(known)] == known


def without(text: str, said: str) -> str:
    """What `text` has after the words of `said` if the two are `alike`, otherwise all of `text`."""
    return beyond(text, said) if alike(text, said) else text


def folded(text: str) -> list[str]:
    """The words of a text as a language's data has them: without accents too."""
    return list(_folded(text))


@lru_cache(maxsize=512)
def _folded(text: str) -> tuple[str, ...]:
    return tuple(word.replace("’", "'") for word in _FOLDED_WORD.findall(plain(text)))


def backchannel(text: str, language: Language) -> bool:
    """Whether the text is only a backchannel: sounds, words and phrases of a listener, at most four. Empty text is
    none."""
    return _listening(folded(text), language)


def unfinished_backchannel(text: str, language: Language) -> bool:
    """Whether the next words may turn the text into a backchannel ("I" of "I see"), or in a language without data for
    endpointing the next letters ("ou" of "oui")."""
    found = folded(text)
    if not found or any(word in language.stops for word in found):
        return False
    *before, last = found
    letters = not language.known and (not before or _listening(before, language))
    if letters and any(murmur.startswith(last) for known in _listeners(language) for murmur in known):
        return True
    for at in range(len(found)):
        rest = tuple(found[at:])
        begins = any(
            len(phrase) > len(rest) and phrase[: len(rest)] == rest
            for known in _listeners_phrases(language)
            for phrase in known
        )
        if begins and (at == 0 or _listening(found[:at], language)):
            return True
    return False


def wants_the_floor(text: str, language: Language) -> bool:
    """Whether the words ask for the floor: they are neither a backchannel nor a word that STTs hear in a cough."""
    found = folded(text)
    return bool(found) and not _listening(found, language) and not (len(found) == 1 and found[0] in language.weak)


def stops(text: str, language: Language) -> bool:
    """Whether one of the words stops somebody who is speaking."""
    return any(word in language.stops for word in words(text))


def claims_the_floor(text: str, language: Language) -> bool:
    """Whether the words ask for the floor even while they are only a partial: a word that stops people or alarms, two
    words with content, or a long one. Half a word ("ri" of "right") and "the" do not."""
    found = folded(text)
    claiming = (language.stops, language.urgent, language.questions, language.commands)
    if any(word in known for word in found for known in claiming):
        return True
    saying = [word for word in found if not _murmur(word, language) and word not in language.weak]
    least = 2 if language.known else 1
    return len(saying) >= least or any(len(word) >= SURE_LETTERS for word in saying)


def from_word(text: str, number: int) -> str:
    """The text from its word `number`, counted from 0, on."""
    found = list(_WORD.finditer(text))
    return text[found[number].start() :] if number < len(found) else ""


def thought(found: list[str], language: Language) -> list[str]:
    """The words from the first that is not an opener ("well", "so")."""
    at = next((i for i, word in enumerate(found) if word not in language.openers), len(found))
    return found[at:]


def contains(found: list[str], phrase: tuple[str, ...]) -> bool:
    if phrase and phrase[0] not in found:
        return False
    return any(tuple(found[at : at + len(phrase)]) == phrase for at in range(len(found) - len(phrase) + 1))


def ends_with(found: list[str], phrases: frozenset[tuple[str, ...]]) -> bool:
    return any(tuple(found[-size:]) in phrases for size in range(1, min(5, len(found)) + 1))


def listened(found: Sequence[str], language: Language) -> int:
    """How many of the first words are one sound, word or phrase of a listener; 0: none."""
    for size in range(min(len(found), LONGEST_PHRASE), 1, -1):
        if any(tuple(found[:size]) in known for known in _listeners_phrases(language)):
            return size
    return 1 if found and _murmur(found[0], language) else 0


def _listening(found: Sequence[str], language: Language) -> bool:
    at = said = 0
    while at < len(found) and said < LISTENER_WORDS:
        if not (size := listened(found[at:], language)):
            return False
        at, said = at + size, said + 1
    return said > 0 and at == len(found)


def _murmur(word: str, language: Language) -> bool:
    return any(word in known for known in _listeners(language))


def _listeners(language: Language) -> tuple[frozenset[str], ...]:
    return language.backchannels, MURMURS


def _listeners_phrases(language: Language) -> tuple[Phrases, ...]:
    return language.backchannel_phrases, MURMUR_PHRASES
