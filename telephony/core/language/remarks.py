"""What people say to show that they are listening, beyond murmurs: remarks that bring up nothing.

A remark is made of up to four of these: a listener's word or phrase ("okay", "makes sense"); an assessment, with what
leads to it and comes after ("that's really nice of you", "what a shame"); a tag ("is it?", "have they?"). Anything else
in it, and it is no remark: "that's nice but expensive", "good morning"; nor is what asks ("is it okay?"), and the data
has nothing that rejects or alarms ("no way", "that's terrible"): the agent must not talk on over it.
Whether a remark asks for an answer depends on when it is made: see `turn_taking/barge_in.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from telephony.core.language.language import Language, Phrases
from telephony.core.language.words import LISTENER_WORDS, backchannel, folded, listened

LONGEST_REMARK = 6


class Remark(Enum):
    NONE = auto()
    BEGUN = auto()
    """The next words may make it one."""
    WHOLE = auto()
    OPEN = auto()
    """Whole, unless it goes on: "is it" ... "open on Sundays", "okay" ... "so when can I come"."""

    @property
    def is_whole(self) -> bool:
        return self is Remark.WHOLE or self is Remark.OPEN

    @property
    def is_open(self) -> bool:
        return self is Remark.BEGUN or self is Remark.OPEN


def remark(text: str, language: Language) -> Remark:
    """Whether the text is a remark, or the beginning of one. Empty text is none."""
    found, at, units = [_spoken(word, language) for word in folded(text)], 0, 0
    while at < len(found) and units < LISTENER_WORDS:
        rest = found[at:]
        if asks_verb_first(rest, language):
            return Remark.NONE
        if _is_tag(rest, language) and (backchannel(" ".join(found[:at]), language) or not at):
            return Remark.OPEN
        size = _unit(rest, language)
        if not size:
            return Remark.BEGUN if _begins(rest, language, first=not units) else Remark.NONE
        at, units = at + size, units + 1
    if not units or at < len(found):
        return Remark.NONE
    return Remark.OPEN if all(word in language.openers for word in found) else Remark.WHOLE


def asks_verb_first(found: Sequence[str], language: Language) -> bool:
    """Whether the words are a question that begins with its verb, and more than a tag: "is it okay?"."""
    if len(found) < 3 or tuple(found[:2]) not in language.verb_first:
        return False
    return not any(phrase[: len(found)] == tuple(found) for phrase in language.remarks)  # "is that so"


def _spoken(word: str, language: Language) -> str:
    """The word, or for a figure the murmur that some recognisers write in this way: "oh" for "0"."""
    names = (name for name, figure in language.numerals.items() if figure == word and name in language.backchannels)
    return next(names, word) if word.isdecimal() else word


def _unit(found: Sequence[str], language: Language) -> int:
    """How many of the first words are one part of a remark; 0: none."""
    longest = 0
    for lead in {0, _run(found, language.before_assessments)[-1]}:
        rest = found[lead:]
        size = max(listened(rest, language), _size(rest, language.remarks))  # "that makes sense"
        if rest and rest[0] in language.assessments:
            size = max(size, 1 + _run(rest[1:], language.after_assessments)[-1])
        longest = max(longest, lead + size if size else 0)
    return longest


def _run(found: Sequence[str], known: Phrases) -> list[int]:
    """How many of the first words are made of these phrases: 0, and the place after each of them."""
    places = [0]
    while size := _size(found[places[-1] :], known):
        places.append(places[-1] + size)
    return places


def _size(found: Sequence[str], known: Phrases) -> int:
    """The length of the longest of these phrases that the words begin with; 0: none."""
    longest = min(len(found), LONGEST_REMARK)
    return next((size for size in range(longest, 0, -1) if tuple(found[:size]) in known), 0)


def _begins(found: Sequence[str], language: Language, *, first: bool) -> bool:
    """Whether these last words of a text may be the beginning of a part, or (unless it is the `first`) follow one."""
    known = [language.remarks, language.before_assessments, language.backchannel_phrases]
    known += [] if first else [language.after_assessments]
    rests = [tuple(found[lead:]) for lead in _run(found, language.before_assessments)]
    return (
        not rests[-1]
        or (len(rests[-1]) == 1 and rests[-1][0] in language.tag_verbs)
        or any(phrase[: len(rest)] == rest for rest in rests for some in known for phrase in some)
    )


def _is_tag(found: Sequence[str], language: Language) -> bool:
    return len(found) == 2 and found[0] in language.tag_verbs and found[1] in language.tag_pronouns
