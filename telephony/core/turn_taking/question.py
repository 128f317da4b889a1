"""What the agent's last words ask for: whether the caller's words are an answer, to what kind of question."""

from __future__ import annotations

import re
from dataclasses import dataclass

from telephony.core.language.language import Language
from telephony.core.language.words import contains, thought, words
from telephony.core.policy import Expects
from telephony.core.turn_taking.dictation import NOTHING_EXPECTED, asked_for

SENTENCE = re.compile(r"[^.?!]+[.?!]*")
REMARK_WORDS = 5
"""So many words may follow a question: "What is your name? Take your time." """
VERB_WITHIN = 6
"""In "could you please give me" the verb comes this early."""


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """What the caller's words reply to: whether the agent has asked for something (`polar`: to be answered with yes or
    no), has invited them to tell their story, and what is `expected` to be dictated."""

    answering: bool = False
    polar: bool = False
    invited: bool = False
    expects: Expects = NOTHING_EXPECTED

    @classmethod
    def after(cls, said: str, declared: tuple[Expects, ...], language: Language) -> AnswerContext:
        """`said`: the agent's last words, as far as they were heard."""
        question = _question(said, language)
        if not question:
            return cls(expects=asked_for("", said, declared, language))
        if any(contains(words(question), phrase) for phrase in language.open_questions):
            return cls(invited=True)
        polar = _is_polar(question, language)
        wanted = "" if polar and not _asks_whether_known(question, language) else question
        return cls(True, polar, expects=asked_for(wanted, said, declared, language))


def _question(said: str, language: Language) -> str:
    """The sentence that asks, or ""."""
    sentences = [match.group().strip() for match in SENTENCE.finditer(said) if words(match.group())]
    for sentence in reversed(sentences[-2:]):
        if sentence.endswith("?") or _bids(sentence, language):
            return sentence
        if len(words(sentence)) > REMARK_WORDS:
            return ""
    return ""


def _bids(sentence: str, language: Language) -> bool:
    """ "Please tell me your name." """
    found = words(sentence)
    first = thought(found, language)[:1]
    return bool(first and first[0] in language.asking) or found[-1] in language.bidding


def _is_polar(question: str, language: Language) -> bool:
    found = thought(words(question), language)
    if not found or found[0] not in language.auxiliaries:
        return False
    return not (found[0] in language.requesting and any(word in language.asking for word in found[1:VERB_WITHIN]))


def _asks_whether_known(question: str, language: Language) -> bool:
    """ "Do you have the order number?" asks for the number too."""
    return any(word in language.knowing for word in words(question)[:VERB_WITHIN])
