"""Whether words are a complete thought, clause by clause. Each table has its own language, with only the few words that
its clause uses, so that no other clause can decide instead; the last tables are English.
"""

from __future__ import annotations

import pytest

from telephony.core.language.language import Language, phrases
from telephony.core.language.registry import language_for
from telephony.core.turn_taking.completeness import finished, greets, leaves_open, likely, long_statement, trails
from telephony.core.turn_taking.question import AnswerContext

ENGLISH = language_for("en")
UNASKED = AnswerContext()
ASKED = AnswerContext(answering=True)
POLAR = AnswerContext(answering=True, polar=True)
NOTHING = Language(known=True)


def word(text: str) -> frozenset[str]:
    return frozenset(text.split())


# --- words that hold the floor --------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [",", "...", "…", "-", "–", "—", ":"])
def test_punctuation_that_trails(end: str) -> None:
    """STT writes rising or continuing intonation as a comma or as dots."""
    for text in (f"monday{end}", f"monday {end} "):
        assert trails(text, UNASKED, NOTHING)
        assert trails(text, ASKED, NOTHING)


@pytest.mark.parametrize("end", ["", ".", "?", "!", ";"])
def test_punctuation_that_does_not(end: str) -> None:
    """A full stop proves nothing, because STT puts one at any pause."""
    assert not trails(f"monday{end}", UNASKED, NOTHING)


HOLDING = Language(
    known=True, holding=phrases("wait/let me check/give me a second/a phrase of five words"), openers=word("so")
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("wait", True),
        ("wait a bit", True),
        ("let me", False),
        ("let me check", True),
        ("let me check?", True),
        ("so let me check", True),
        ("please let me check", False),
        ("give me a second", True),
        ("a phrase of five words", False),  # four are looked at
        ("let me check the list for you", True),  # seven words
        ("so let me check the list for you", True),
        ("let me check the list for you now", False),
    ],
)
def test_a_caller_who_looks_something_up(text: str, holds: bool) -> None:
    """Such phrases count at the beginning of up to seven words, whether or not something was asked."""
    assert trails(text, UNASKED, HOLDING) is holds
    assert trails(text, ASKED, HOLDING) is holds


MARKED = Language(
    known=True,
    trailing=word("for the"),
    auxiliaries=word("will is"),
    pronouns=word("it"),
    questions=word("why"),
    helping=word("does"),
    determiners=word("my"),
    openers=word("so"),
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("what for", True),
        ("what for?", False),
        ("what for? ", False),
        ("will it?", True),
        ("so will it?", True),
        ("is the?", True),
        ("will monday?", False),
        ("why does it?", False),
        ("will my doctor?", False),
        ("the", True),
        ("the?", False),
    ],
)
def test_a_question_mark_is_believed(text: str, holds: bool) -> None:
    """A question mark ends the thought, except after a verb and its subject alone."""
    assert trails(text, UNASKED, MARKED) is holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("will it", True),
        ("so will it", True),
        ("will monday", False),
        ("is monday", False),
        ("is for monday", False),
        ("is it monday", False),
        ("is my doctor", True),
        ("is my", False),
        ("is my doctor there", False),
        ("monday it", False),
        ("monday my doctor", False),
        ("why does it", True),
        ("so why does it", True),
        ("why does monday", False),
        ("why monday it", False),
        ("monday does it", False),
        ("why does it hurt", False),
        ("now why does it", False),
    ],
)
def test_a_verb_and_its_subject_alone(text: str, holds: bool) -> None:
    """ "Will it ...", "is the doctor ...", "why does it ...": the rest of the question is still missing."""
    assert trails(text, UNASKED, MARKED) is holds
    assert trails(text, ASKED, MARKED) is holds


CLOSING = Language(known=True, closing_phrases=phrases("of may"), answers=word("that no"), trailing=word("may that"))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("the first of may", False),
        ("you may", True),
        ("that", False),
        ("said that", True),
        ("no that", True),
        ("may", True),
        ("may that", True),
    ],
)
def test_closing_words_outrank_trailing_words(text: str, holds: bool) -> None:
    """A closing phrase, or one word that is an answer by itself."""
    assert trails(text, UNASKED, CLOSING) is holds


ANSWERS = Language(
    known=True,
    auxiliaries=word("would"),
    trailing=word("would maybe think"),
    answers=word("yes"),
    afterthoughts=phrases("maybe/i think"),
)


@pytest.mark.parametrize(
    ("text", "unasked", "asked", "polar"),
    [
        ("I would", True, True, False),
        ("would", True, True, True),
        ("I surely would", True, True, True),
        ("yes would", True, False, False),
        ("yes I surely really would", True, False, False),
        ("yes I surely really truly would", True, True, True),
        ("yes I think", True, False, False),
        ("yes think", True, True, True),
        ("maybe", True, True, False),
        ("monday maybe", True, True, False),
        ("next monday maybe", True, False, False),
        ("I think", True, True, False),
        ("large I think", True, False, False),
        ("next year I would", True, True, True),
    ],
)
def test_short_answers_that_would_trail_by_themselves(text: str, unasked: bool, asked: bool, polar: bool) -> None:
    """ "Yes, I would" is complete; after a yes-or-no question so are "I would" and "maybe"."""
    found = [trails(text, context, ANSWERS) for context in (UNASKED, ASKED, POLAR)]
    assert found == [unasked, asked, polar]


FRONTED = Language(
    known=True,
    fronting=word("what"),
    stranded=word("for"),
    being=word("is"),
    trailing=word("for is with"),
    trailing_phrases=phrases("do you"),
    transitive=word("include"),
    openers=word("so"),
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("it is for", True),
        ("what for", True),
        ("what it for", True),
        ("what is it for", False),
        ("what is it with", True),
        ("what I said is what for", True),
        ("what I said is what is it for", False),
        ("what it is", True),
        ("know what it is", False),
        ("know what is", True),
        ("know what it for", True),
        ("what do you", True),
        ("what time do you", False),
        ("time do you", True),
        ("do you", True),
        ("did it include", True),
        ("so did it include", True),
        ("include", True),
        ("include it", False),
        ("what did include", True),
        ("what did it include", False),
        ("so what did it include", False),
        ("what is it", False),
        ("so", False),
    ],
)
def test_the_object_may_precede_the_verb(text: str, holds: bool) -> None:
    """ "What is it for" is complete, "it is for" is not. Counted from the last "what", it takes at least four words, or
    three when the "is" comes after other words.
    """
    assert trails(text, UNASKED, FRONTED) is holds


ENDS = Language(known=True, trailing=word("and"), fillers=word("um"), trailing_phrases=phrases("my number is/i"))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("monday and", True),
        ("monday um", True),
        ("and monday", False),
        ("um monday", False),
        ("my number is", True),
        ("number is", False),
        ("monday i", True),
    ],
)
def test_words_and_phrases_that_cannot_come_last(text: str, holds: bool) -> None:
    """This holds whether something was asked or not."""
    assert trails(text, UNASKED, ENDS) is holds
    assert trails(text, ASKED, ENDS) is holds


HALVES = Language(
    known=True, correlatives=(("between", "and", False), ("from", "to", True)), wants_details=word("ticket")
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("between monday", False),
        ("somewhere between monday", True),
        ("between monday and friday", False),
        ("monday and between friday", True),
        ("come from boston", False),
        ("ticket from boston", True),
        ("ticket from boston to denver", False),
        ("ticket to boston from denver", True),
        ("ticket for boston", False),
    ],
)
def test_paired_words_need_both_parts(text: str, holds: bool) -> None:
    """ "Between ... and ..."; a journey needs both ends where details are wanted."""
    assert trails(text, UNASKED, HALVES) is holds


CLAUSES = Language(known=True, subordinators=word("if when"), auxiliaries=word("is"), openers=word("so"))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("if", True),
        ("so if", True),
        ("if I cancel", True),
        ("if I cancel it tomorrow", True),
        ("if I cancel it again tomorrow", False),
        ("when is", False),
        ("when is my appointment", False),
        ("I cancel if", False),
        ("so", False),
    ],
)
def test_a_subordinate_clause_alone_is_incomplete(text: str, holds: bool) -> None:
    """Up to five words of it are incomplete, unless they answer a question ("why?" "because ...")."""
    assert trails(text, UNASKED, CLAUSES) is holds
    assert not trails(text, ASKED, CLAUSES)


NAMES = Language(
    known=True,
    introductions=phrases("my name is/my name"),
    greeted_introductions=phrases("this is"),
    openers=word("hello"),
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("my name is", True),
        ("my name", True),
        ("my name is John", True),
        ("my name is John Henry Smith", True),
        ("my name is John Henry Adam Smith", False),
        ("hello my name is John", True),
        ("this is John", False),
        ("hello this is", True),
        ("hello this is John", True),
        ("hello this is John Henry Smith", True),
        ("hello this is John Henry Adam Smith", False),
        ("John is my name", False),
        ("my", False),
    ],
)
def test_a_caller_who_introduces_themselves_goes_on(text: str, holds: bool) -> None:
    """A name of up to three words is followed by more, unless the name was asked for."""
    assert trails(text, UNASKED, NAMES) is holds
    assert not trails(text, ASKED, NAMES)


# --- complete thoughts ----------------------------------------------------------------------------------------------

WHOLE = Language(
    known=True,
    closers=word("please"),
    closing_phrases=phrases("that's all"),
    answers=word("yes correct"),
    backchannels=word("mhm okay"),
    objections=phrases("that depends"),
    commands=word("cancel"),
    openers=word("so"),
)


@pytest.mark.parametrize(
    ("text", "unasked", "asked"),
    [
        ("monday?", True, True),
        ("a table at nine or later today? ", True, True),
        ("monday", False, True),
        ("cancel it please", True, True),
        ("please cancel it", False, True),
        ("yes that's all", True, True),
        ("yes correct", True, True),
        ("yes monday", False, True),
        ("mhm okay", True, True),
        ("mhm monday", False, True),
        ("that depends", False, False),
        ("that depends?", True, True),
        ("one two three four five", False, True),
        ("one two three four five six", False, False),
        ("cancel it", False, False),
        ("so cancel it", False, False),
        ("it cancel", False, True),
        ("so", False, True),
    ],
)
def test_finished(text: str, unasked: bool, asked: bool) -> None:
    """An answer of up to five words is finished, unless it is an objection or a new request."""
    assert finished(text, UNASKED, WHOLE) is unasked
    assert finished(text, ASKED, WHOLE) is asked


ASKING = Language(
    known=True,
    questions=word("how is are"),
    auxiliaries=word("is are"),
    question_phrases=phrases("can you"),
    question_ends=word("today"),
    prepositions=word("for after"),
    wants_details=word("table"),
    settles=word("cancel"),
    fronting=word("what how"),
    stranded=word("like"),
    being=word("is"),
    openers=word("so"),
)


@pytest.mark.parametrize(
    ("text", "whole", "likely_whole"),
    [
        ("is today", False, False),  # two words are not yet a question
        ("is it today", True, False),
        ("today is it", False, False),
        ("how about it today", False, False),  # needs a verb, or five words
        ("how about monday or today", True, True),
        ("how about monday or friday", True, True),
        ("how is it today", True, True),
        ("so how is it today", True, True),
        ("are rooms cheap", False, False),
        ("are rooms very cheap", False, True),
        ("so are rooms cheap", False, False),
        ("are rooms very cheap there", True, True),
        ("are rooms for dogs", True, True),
        ("are after school lessons", False, True),
        ("are dogs asked for", False, True),
        ("are tables there for dogs", True, True),
        ("are you sure about the table", False, True),
        ("are you sure to cancel the table", True, True),
        ("how is it they like", False, True),
        ("my question can you help", False, False),
        ("my question can you help today", True, True),
        ("can you today", False, False),
        ("can you come today", True, True),
        ("can you", False, False),
    ],
)
def test_questions(text: str, whole: bool, likely_whole: bool) -> None:
    """Finished with five words, a final word typical of questions, or a detail; likely with more than three words."""
    assert finished(text, UNASKED, ASKING) is whole
    assert likely(text, ASKING) is likely_whole


REQUESTS = Language(
    known=True,
    requests=phrases("i need/i'm calling about"),
    commands=word("book"),
    wants_details=word("table book"),
    settles=word("cancel"),
    prepositions=word("for"),
    openers=word("so"),
)


@pytest.mark.parametrize(
    ("text", "likely_whole", "open_details"),
    [
        ("monday", False, False),
        ("monday is a good day", False, False),
        ("i need", False, False),
        ("i need rooms", False, False),
        ("i need two rooms", True, False),
        ("i'm calling about two rooms", True, False),
        ("well i need two rooms", True, False),
        ("i need a table", False, True),
        ("i need table", False, True),
        ("i need a table for", False, True),
        ("i need a table for four", True, False),
        ("i need to cancel a table", True, False),
        ("book", False, False),
        ("book it", False, False),
        ("book it now", True, False),
        ("so book it now", True, False),
        ("it is to book", False, False),
        ("book a table", False, True),
        ("book a table for four", True, False),
        ("so", False, False),
    ],
)
def test_requests(text: str, likely_whole: bool, open_details: bool) -> None:
    """Likely with an object of two words. A table needs one more detail; without it the request is open."""
    assert likely(text, REQUESTS) is likely_whole
    assert leaves_open(text, REQUESTS) is open_details


@pytest.mark.parametrize(("count", "much"), [(6, False), (7, True), (8, True)])
def test_a_long_statement(count: int, much: bool) -> None:
    """Seven words may be a complete statement; openers before it do not count."""
    language = Language(known=True, openers=word("so"))
    assert long_statement("word " * count, language) is much
    assert long_statement("so " + "word " * count, language) is much


def test_a_greeting_has_no_other_words() -> None:
    """In English. A name or the reason for the call makes it more than a greeting."""
    assert greets("Hello, good morning", ENGLISH)
    assert not greets("good morning everyone", ENGLISH)
    assert not greets("hello I need a table", ENGLISH)


# --- English --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "the first of may",
        "what is it about",
        "what can I pay with",
        "which dishes does it include",
        "I'd like a ticket from boston to denver",
        "when is my next appointment",
        "this is John",
        "that is all I need thank you",
    ],
)
def test_english_that_only_looks_unfinished(text: str) -> None:
    """The last or first words would trail if it were not for the words around them."""
    assert not trails(text, UNASKED, ENGLISH)


@pytest.mark.parametrize(
    "text",
    [
        "I would recommend",
        "I want to pay for",
        "it is neither monday",
        "I'd like a ticket from boston",
        "book it, can you",
        "my name is John",
        "I have a question",
        "hi this is John Smith",
        "would you mind",
    ],
)
def test_english_that_goes_on(text: str) -> None:
    """One example for each kind of unfinished text."""
    assert trails(text, UNASKED, ENGLISH)
