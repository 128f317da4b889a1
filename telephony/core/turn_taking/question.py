"""What the agent's last words asked for, if anything, so that the caller's words can be judged as an answer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from telephony.core.language.language import Language
from telephony.core.language.words import contains, thought, words
from telephony.core.policy import Expects
from telephony.core.turn_taking.dictation import NOTHING_EXPECTED, asked_for

SENTENCE = re.compile(r"[^.?!]+[.?!]*")
REMARK_WORDS = 5
"""Maximum number of words in a remark after a question: "What is your name? Take your time." """
VERB_WITHIN = 6
"""How many words from the start of a request to look for its verb: "could you please give me"."""


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """What the caller's words reply to. `answering`: the agent has asked for something; `polar`: a yes-or-no question;
    `invited`: the agent has asked an open question ("How can I help?"); `expects`: what the caller is to dictate."""

    answering: bool = False
    polar: bool = False
    invited: bool = False
    expects: Expects = NOTHING_EXPECTED

    @classmethod
    def after(cls, said: str, declared: tuple[Expects, ...], language: Language) -> AnswerContext:
        """The context of a reply to `said`, the agent's last words as far as they were heard."""
        question = _question(said, language)
        if not question:
            return cls(expects=asked_for("", said, declared, language))
        if _is_open(question, language):
            return cls(invited=True)
        polar = _is_polar(question, language)
        wanted = "" if polar and not _asks_whether_known(question, language) else question
        return cls(True, polar, expects=asked_for(wanted, said, declared, language))


def asks_yes_or_no(said: str, language: Language) -> bool:
    """Whether `said` asks for a yes or no: `AnswerContext.polar`, without the rest."""
    question = _question(said, language)
    return bool(question) and not _is_open(question, language) and _is_polar(question, language)


def _question(said: str, language: Language) -> str:
    """The last sentence that asks for something, or "". At most one short remark may follow it."""
    sentences = [match.group().strip() for match in SENTENCE.finditer(said) if words(match.group())]
    for sentence in reversed(sentences[-2:]):
        if sentence.endswith("?") or _bids(sentence, language):
            return sentence
        if len(words(sentence)) > REMARK_WORDS:
            return ""
    return ""


def _bids(sentence: str, language: Language) -> bool:
    """Whether a sentence without a question mark asks for something: "Please tell me your name." """
    found = words(sentence)
    first = thought(found, language)
    return bool(first and first[0] in language.asking) or found[-1] in language.bidding


def _is_open(question: str, language: Language) -> bool:
    found = words(question)
    return any(contains(found, phrase) for phrase in language.open_questions)


def _is_polar(question: str, language: Language) -> bool:
    found = thought(words(question), language)
    if not found or found[0] not in language.auxiliaries:
        return False
    return not (found[0] in language.requesting and any(word in language.asking for word in found[1:VERB_WITHIN]))


def _asks_whether_known(question: str, language: Language) -> bool:
    """Whether a yes-or-no question also asks for the thing itself: "Do you have the order number?" """
    return any(word in language.knowing for word in words(question)[:VERB_WITHIN])
