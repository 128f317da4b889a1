"""Whether the caller's words are a complete thought: functions over text and a language's data, for `endpointing.py`.

trails      cannot be the end: "and", "my number is", "if I cancel", "I have a question"
finished    needs nothing more: a complete question, a short answer, "please", "that's all"
likely      a request with its object, and a detail where one is usual ("a table for four"); a short question

In the functions below, `found` is all words, `thought` the words without the openers ("well, so ...") before them.
"""

from __future__ import annotations

from telephony.core.language.language import Language, Phrases
from telephony.core.language.words import backchannel, ends_with, words
from telephony.core.language.words import thought as thought_of
from telephony.core.turn_taking.question import AnswerContext

SHORT_ANSWER_WORDS = 5
SHORT_CLAUSE_WORDS = 5
"""A sentence that begins with "if" or "when" and has at most this many words has not reached its main clause."""
HOLDING_WORDS = 7
NAME_WORDS = 3
"""Maximum number of words in a name."""
SHORT_QUESTION_WORDS = 3
"""A question of at most this many words has hardly begun ("can I change")."""
QUESTION_WORDS = 5
"""A sentence with fewer words that begins with "what" needs a verb to be a question."""
LONG_STATEMENT_WORDS = 7
LONG_QUESTION_WORDS = 5
"""A question with this many words, a typical ending ("can you hear me") or a detail is unlikely to go on."""


def trails(text: str, context: AnswerContext, language: Language) -> bool:
    """Whether the thought cannot end here, so that the caller keeps the floor."""
    found = words(text)
    thought = thought_of(found, language)
    if text.rstrip().endswith((",", "...", "…", "-", "–", "—", ":")) or holds(found, language):
        return True
    if text.rstrip().endswith("?") and not (len(thought) == 2 and _inverted(thought, language)):
        return False
    if ends_with(found, language.closing_phrases) or (len(found) == 1 and found[0] in language.answers):
        return False
    if (context.answering and _short_answer(found, context.polar, language)) or stranded(found, language):
        return False
    if found[-1] in language.trailing or found[-1] in language.fillers:
        return True
    if ends_with(found, language.trailing_phrases) and not _fronted(found, language):
        return True
    if _inverted(thought, language) or _half(found, language) or _wants_an_object(thought, language):
        return True
    return not context.answering and (_opens_a_clause(thought, language) or _introduces(found, thought, language))


def holds(found: list[str], language: Language) -> bool:
    """Whether the caller is looking for the answer: "let me check my calendar", "just a minute"."""
    thought = thought_of(found, language)
    sizes = range(1, min(4, len(thought)) + 1)
    return len(thought) <= HOLDING_WORDS and any(tuple(thought[:size]) in language.holding for size in sizes)


def finished(text: str, context: AnswerContext, language: Language) -> bool:
    """Whether the thought needs nothing more. Call only if the words do not trail."""
    found = words(text)
    if text.rstrip().endswith("?") or found[-1] in language.closers or ends_with(found, language.closing_phrases):
        return True
    if all(word in language.answers for word in found) or backchannel(text, language):
        return True
    if ends_with(found, language.objections):
        return False
    thought = thought_of(found, language)
    if context.answering and len(found) <= SHORT_ANSWER_WORDS and not (thought and thought[0] in language.commands):
        return True
    if not _asks(found, thought, language) or _wants_details(thought, language) or stranded(found, language):
        return False
    return (
        found[-1] in language.question_ends or len(thought) >= LONG_QUESTION_WORDS or _has_a_detail(thought, language)
    )


def likely(text: str, language: Language) -> bool:
    """Whether this is a question, or a request with its object and, where one is usual ("a table"), a detail."""
    found = words(text)
    thought = thought_of(found, language)
    if _asks(found, thought, language):
        return len(thought) > SHORT_QUESTION_WORDS
    asked = _requested(found, thought, language)
    return len(asked) >= 2 and (not _wants_details(asked, language) or _has_a_detail(asked, language))


def leaves_open(text: str, language: Language) -> bool:
    """Whether this is a request without the detail that usually goes with it: "I'd like to book a table"."""
    found = words(text)
    asked = _requested(found, thought_of(found, language), language)
    return _wants_details(asked, language) and not _has_a_detail(asked, language)


def long_statement(text: str, language: Language) -> bool:
    """Whether a statement is long enough to be complete."""
    thought = thought_of(words(text), language)
    return len(thought) >= LONG_STATEMENT_WORDS


def greets(text: str, language: Language) -> bool:
    """Whether the text is only a greeting, so that the reason for the call is still to come."""
    return all(word in language.greetings for word in words(text))


def _short_answer(found: list[str], polar: bool, language: Language) -> bool:
    """Whether this is a short answer: "no, it wasn't", "large, I think"; to a yes-or-no question also "I would"."""
    if found[-1] in language.auxiliaries and (found[0] in language.answers or (polar and len(found) == 2)):
        return len(found) <= SHORT_ANSWER_WORDS
    return (polar or len(found) > 2) and ends_with(found, language.afterthoughts)


def _fronted(found: list[str], language: Language) -> list[str]:
    """The words from the last "what", "how", ... on, which come before the verb whose object they are; or []."""
    at = max((i for i, word in enumerate(found) if word in language.fronting), default=len(found))
    least = 3 if found[-1] in language.being and at else 4  # "I know what it is"
    return found[at:] if len(found) - at >= least else []


def stranded(found: list[str], language: Language) -> bool:
    """Whether a question ends with a word that would trail in other sentences: "what is it for", "what should I do",
    "which one is that"."""
    if not _fronted(found, language):
        return False
    subject = found[-1] in language.pronouns and found[-2] in language.being
    return subject or found[-1] in language.stranded or found[-1] in language.being


def _inverted(thought: list[str], language: Language) -> bool:
    """Whether this is only an auxiliary and its subject: "will it", "is the doctor", "why does it"."""
    if len(thought) == 3 and thought[0] in language.questions and thought[1] in language.helping:
        return thought[2] in language.pronouns
    if len(thought) not in (2, 3) or thought[0] not in language.auxiliaries:
        return False
    subject = thought[1] in (language.pronouns if len(thought) == 2 else language.determiners)
    return subject or (len(thought) == 2 and thought[1] in language.trailing)


def _half(found: list[str], language: Language) -> bool:
    """Whether the second half of a pair is missing: "between ..." without "and", "either ...", a journey "from ..."."""
    return len(found) > 2 and any(
        first in found and second not in found[found.index(first) :]
        for first, second, only in language.correlatives
        if not only or any(word in language.wants_details for word in found)
    )


def _wants_an_object(thought: list[str], language: Language) -> bool:
    """Whether the last word is a transitive verb without its object. After "what ..." the object comes before it."""
    return bool(thought) and thought[-1] in language.transitive and not _fronted(thought, language)


def _opens_a_clause(thought: list[str], language: Language) -> bool:
    if not thought or thought[0] not in language.subordinators or len(thought) > SHORT_CLAUSE_WORDS:
        return False
    return len(thought) < 2 or thought[1] not in language.auxiliaries  # "when is my next appointment" asks


def _introduces(found: list[str], thought: list[str], language: Language) -> bool:
    """Whether the caller gives their name unasked, and so will go on: "my name is ...", "hello, this is ..."."""
    greeted = len(found) > len(thought)
    for phrases, holds in ((language.introductions, True), (language.greeted_introductions, greeted)):
        sizes = {len(phrase) for phrase in phrases if tuple(thought[: len(phrase)]) == phrase}
        if holds and any(len(thought) - size <= NAME_WORDS for size in sizes):
            return True
    return False


def _requested(found: list[str], thought: list[str], language: Language) -> list[str]:
    """The words that say what a request asks for; [] if this is no request."""
    if (start := _behind(found, language.requests)) is not None:
        return found[start:]
    return thought[1:] if thought and thought[0] in language.commands else []


def _wants_details(asked: list[str], language: Language) -> bool:
    return not any(word in language.settles for word in asked) and any(word in language.wants_details for word in asked)


def _has_a_detail(said: list[str], language: Language) -> bool:
    """Whether there is a preposition followed by at least one word: "for four", "in the evening"."""
    return any(word in language.prepositions for word in said[2:-1])


def _asks(found: list[str], thought: list[str], language: Language) -> bool:
    """Whether this is a question: it begins with a question word and contains a verb (or is long), or it contains a
    question phrase followed by at least two words."""
    if len(thought) > 2 and thought[0] in language.questions:
        return len(thought) >= QUESTION_WORDS or any(word in language.auxiliaries or "'" in word for word in thought)
    behind = _behind(found, language.question_phrases)
    return behind is not None and len(found) - behind >= 2


def _behind(found: list[str], phrases: Phrases) -> int | None:
    """The index of the word after the first of the phrases that occurs, or None."""
    sizes = {len(phrase) for phrase in phrases}
    return next(
        (at + size for at in range(len(found)) for size in sizes if tuple(found[at : at + size]) in phrases), None
    )
