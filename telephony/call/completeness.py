"""Whether words are a whole thought: functions over text and a language's data. Used by `endpointing.py` alone.

trails      cannot be the end: "and", "my number is", "if I cancel", "I have a question"
finished    needs nothing more: a whole question, a short answer, "please", "that's all"
likely      a request with its object, and a detail where one is usual ("a table for four"); a short question
"""

from __future__ import annotations

from telephony.call.language import Language, Phrases
from telephony.call.words import backchannel, ends_with, words

SHORT_ANSWER_WORDS = 5
SHORT_CLAUSE_WORDS = 5
"""A sentence that begins with "if" or "when" has not come to its point with so few words."""
NAME_WORDS = 3
"""A name has no more words."""
SHORT_QUESTION_WORDS = 3
"""Such a question has hardly begun ("can I change")."""
QUESTION_WORDS = 5
"""A shorter one that begins with "what" needs a verb to be a question."""
LONG_STATEMENT_WORDS = 7
LONG_QUESTION_WORDS = 5
"""A question that is so long, ends as one does ("can you hear me"), or has a detail, hardly goes on."""


def trails(text: str, answering: bool, language: Language) -> bool:
    """The words hold the floor. `answering`: they reply to a question that asked for something."""
    found = words(text)
    if text.rstrip().endswith((",", "...", "…", "-", "–", "—", ":")):
        return True
    if ends_with(found, language.closing_phrases) or (len(found) == 1 and found[0] in language.answers):
        return False
    if answering and _short_answer(found, language):
        return False
    thought = _thought(found, language)
    if _stranded(found, language):
        return False
    if found[-1] in language.trailing or found[-1] in language.fillers:
        return True
    if ends_with(found, language.trailing_phrases) and not _fronted(found, language):
        return True
    if _inverted(thought, language) or _half(found, language) or _wants_an_object(thought, language):
        return True
    return not answering and (_opens_a_clause(thought, language) or _introduces(found, thought, language))


def finished(text: str, answering: bool, language: Language) -> bool:
    """A thought that needs nothing more. The words do not trail."""
    found = words(text)
    if text.rstrip().endswith("?") or found[-1] in language.closers or ends_with(found, language.closing_phrases):
        return True
    if all(word in language.answers for word in found) or backchannel(text, language):
        return True
    if ends_with(found, language.objections):
        return False
    thought = _thought(found, language)
    if answering and len(found) <= SHORT_ANSWER_WORDS and not (thought and thought[0] in language.commands):
        return True
    if not _asks(found, thought, language) or _wants_details(thought, language) or _stranded(found, language):
        return False
    return (
        found[-1] in language.question_ends or len(thought) >= LONG_QUESTION_WORDS or _has_a_detail(thought, language)
    )


def likely(text: str, language: Language) -> bool:
    """A question, or a request that says what it is about, and one thing more where one is usual ("a table")."""
    found = words(text)
    thought = _thought(found, language)
    if _asks(found, thought, language):
        return len(thought) > SHORT_QUESTION_WORDS
    asked = _requested(found, thought, language)
    return len(asked) >= 2 and (not _wants_details(asked, language) or _has_a_detail(asked, language))


def leaves_open(text: str, language: Language) -> bool:
    """A request without the detail that is usual with it: "I'd like to book a table"."""
    found = words(text)
    asked = _requested(found, _thought(found, language), language)
    return _wants_details(asked, language) and not _has_a_detail(asked, language)


def told(text: str, language: Language) -> bool:
    """A statement of so many words may well be all of it."""
    thought = _thought(words(text), language)
    return len(thought) >= LONG_STATEMENT_WORDS


def greets(text: str, language: Language) -> bool:
    """Nothing but a greeting, or words before the matter itself."""
    return all(word in language.greetings for word in words(text))


def invites(said: str, language: Language) -> bool:
    """The agent's last words ask for a story ("How can I help you?"): nothing follows from how its answer is built."""
    return any(_contains(words(said)[-12:], phrase) for phrase in language.open_questions)


def _thought(found: list[str], language: Language) -> list[str]:
    """The words from the first that says something."""
    at = next((i for i, word in enumerate(found) if word not in language.openers), len(found))
    return found[at:]


def _short_answer(found: list[str], language: Language) -> bool:
    """ "No, it wasn't", "yes we can"; "large, I think"."""
    if found[0] in language.answers and found[-1] in language.auxiliaries:
        return len(found) <= SHORT_ANSWER_WORDS
    return len(found) > 2 and ends_with(found, language.afterthoughts)


def _fronted(found: list[str], language: Language) -> list[str]:
    """The words from the last "what", "how", ... on: what the verb is about has been said before it."""
    at = max((i for i, word in enumerate(found) if word in language.fronting), default=len(found))
    return found[at:] if len(found) - at >= 4 else []


def _stranded(found: list[str], language: Language) -> bool:
    """ "What is it for", "what should I do": what else would trail."""
    return bool(_fronted(found, language)) and found[-1] in language.stranded


def _inverted(thought: list[str], language: Language) -> bool:
    """A verb and its subject, and nothing yet that they do: "will it", "is the doctor", "why does it"."""
    if len(thought) == 3 and thought[0] in language.questions and thought[1] in language.helping:
        return thought[2] in language.pronouns
    if len(thought) not in (2, 3) or thought[0] not in language.auxiliaries:
        return False
    subject = thought[1] in (language.pronouns if len(thought) == 2 else language.determiners)
    return subject or (len(thought) == 2 and thought[1] in language.trailing)


def _half(found: list[str], language: Language) -> bool:
    """One half of what comes in two: "between ...", "either ...", a journey "from ..."."""
    return any(
        first in found and second not in found[found.index(first) :]
        for first, second, only in language.correlatives
        if not only or any(word in language.wants_details for word in found)
    )


def _wants_an_object(thought: list[str], language: Language) -> bool:
    """A verb that does something to something, and not yet to what. After "what ..." it has been said."""
    return bool(thought) and thought[-1] in language.transitive and not _fronted(thought, language)


def _opens_a_clause(thought: list[str], language: Language) -> bool:
    return bool(thought) and len(thought) <= SHORT_CLAUSE_WORDS and thought[0] in language.subordinators


def _introduces(found: list[str], thought: list[str], language: Language) -> bool:
    """A caller who says their name unasked goes on: "my name is ...", "hello, this is ..."."""
    greeted = len(found) > len(thought)
    for phrases, holds in ((language.introductions, True), (language.greeted_introductions, greeted)):
        sizes = {len(phrase) for phrase in phrases if tuple(thought[: len(phrase)]) == phrase}
        if holds and any(0 <= len(thought) - size <= NAME_WORDS for size in sizes):
            return True
    return False


def _requested(found: list[str], thought: list[str], language: Language) -> list[str]:
    """What a request asks for; nothing if it is none."""
    if (start := _behind(found, language.requests)) is not None:
        return found[start:]
    return thought[1:] if thought and thought[0] in language.commands else []


def _wants_details(asked: list[str], language: Language) -> bool:
    return not any(word in language.settles for word in asked) and any(word in language.wants_details for word in asked)


def _has_a_detail(said: list[str], language: Language) -> bool:
    """A preposition with something behind it: "for four", "in the evening"."""
    return any(word in language.prepositions for word in said[2:-1])


def _asks(found: list[str], thought: list[str], language: Language) -> bool:
    """Begins as a question, with a verb in it, or holds one with two words behind it."""
    if len(thought) > 2 and thought[0] in language.questions:
        return len(thought) >= QUESTION_WORDS or any(word in language.auxiliaries for word in thought)
    behind = _behind(found, language.question_phrases)
    return behind is not None and len(found) - behind >= 2


def _behind(found: list[str], phrases: Phrases) -> int | None:
    """Where the words behind the first of the phrases begin, or None if none occurs."""
    sizes = {len(phrase) for phrase in phrases}
    return next(
        (at + size for at in range(len(found)) for size in sizes if tuple(found[at : at + size]) in phrases), None
    )


def _contains(found: list[str], phrase: tuple[str, ...]) -> bool:
    return any(tuple(found[at : at + len(phrase)]) == phrase for at in range(len(found)))
