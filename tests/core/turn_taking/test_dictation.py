"""Dictated entries: which words belong to one, its kind, its number of symbols, and whether it is complete."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telephony.core.language.language import Language
from telephony.core.language.registry import language_for
from telephony.core.policy import EntryKind, Expects
from telephony.core.turn_taking.dictation import DictatedEntry, announced, asked_for, dictation_under_way

ENGLISH = language_for("en")


def entry(text: str, kind: str = "", length: int = 0, language: Language = ENGLISH) -> DictatedEntry | None:
    return dictation_under_way(text, Expects("", kind, length), language)


Row = tuple[str, int, bool]
"""(what was said, its symbols, whether it is complete); symbols -1: no entry."""


def check(row: Row, kind: str, length: int = 0, named: str = "") -> None:
    text, symbols, complete = row
    expected = None if symbols < 0 else DictatedEntry(EntryKind(named or kind), symbols, length, complete)
    assert entry(text, kind, length) == expected


# --- digits, codes, spellings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        ("five", 1, False),
        ("five oh nought zero", 4, False),
        ("it is five five", 2, False),
        ("five five is it", -1, False),
        ("555", 3, False),
        ("5 5 5", 3, False),
        ("555-01", 5, False),
        ("555.01", 5, False),
        ("s one", 2, False),
        ("12", 2, False),
        ("twelve", 2, False),
        ("ten", 2, False),
        ("ten five", 3, False),
        ("twenty two fifteen", 4, False),
        ("it's star-five", -1, False),
        ("the 90's", -1, False),
        ("another one", -1, False),
        ("twenty", 2, False),
        ("twenty two", 2, False),
        ("twenty-two", 2, False),
        ("twenty twelve", 4, False),
        ("twelve two", 3, False),
        ("double five", 2, False),
        ("triple five", 3, False),
        ("double five triple five", 5, False),
        ("double", 1, False),
        ("five dash five", 2, False),
        ("five dash", 0, False),
        ("five dot five five five five", 5, False),
        ("five dot", 0, False),
        ("it's at 10:30", -1, False),
        ("it's at 10:30 pm", -1, False),
        ("it's at 9 a.m.", -1, False),
        ("I don't have one", -1, False),
        ("one", 1, False),
        ("it's one", 1, False),
        ("two one", 2, False),
        ("I don't have two", 1, False),
        ("I don't have one five", 2, False),
        ("why", -1, False),
        ("sure", 0, False),
        ("yes of course", 0, False),
        ("sure why", -1, False),
        ("c three p o", 4, False),
    ],
)
def test_symbols_of_an_entry_that_was_asked_for(row: Row) -> None:
    """Counted from the end: words, figures, tens, doubles, with joining words in between. A time of day is no entry."""
    check(row, "digits")


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("555 012 345", False),
        ("555 012 3456", True),
        ("555 012 34567", True),
        ("0555 012 345", False),
        ("0555 012 3456", True),
        ("oh five five five oh one two three four five", False),
        ("oh five five five oh one two three four five six", True),
        ("five five five oh one two three four five six", True),
        ("it's oh five five five oh one two three four five", False),
        ("+1555012345", False),
        ("+15550123456", True),
        ("+1 555 012 345", False),
        ("+1 555 012 3456", True),
        ("+44 555 012 345", False),
        ("+44 555 012 3456", True),
        ("plus one five five five oh one two three four five", False),
        ("plus one five five five oh one two three four five six", True),
        ("plus four four five five five oh one two three four five", False),
        ("plus four four five five five oh one two three four five six", True),
        ("nineteen five five five oh one two three four five", True),
        ("my number is 555-0123", True),
        ("555-0123", True),
        ("555 0123", True),
        ("555-0123.", True),
        ("055-0123", False),
        ("1555-0123", False),
        ("55-0123", False),
        ("555-012", False),
        ("555-0123 and 4", False),
    ],
)
def test_a_telephone_number_of_unknown_length(text: str, complete: bool) -> None:
    """Ten digits; eleven with a leading zero or +1, twelve with another country; or seven written as a local number."""
    found = entry(text, "digits")
    assert found is not None
    assert (found.complete, found.length) == (complete, 0)


@pytest.mark.parametrize(
    ("text", "length", "complete"),
    [
        ("1 2 3", 4, False),
        ("1 2 3 4", 4, True),
        ("1 2 3 4 5", 4, True),
        ("double one double four", 4, True),
        ("555 012 3456", 11, False),
        ("555-0123", 8, False),
        ("1", 1, True),
    ],
)
def test_a_known_length_is_all_that_counts(text: str, length: int, complete: bool) -> None:
    """Neither the shape nor the usual length of a number completes it."""
    found = entry(text, "digits", length)
    assert found is not None
    assert (found.complete, found.length) == (complete, length)


@pytest.mark.parametrize(
    "row",
    [
        ("A B", 2, False),
        ("A B as in Bravo", 2, False),
        ("A as in Alpha B as in Bravo", 2, False),
        ("A for Alpha B", 2, False),
        ("A like Alpha", 1, False),
        ("it is A as in", -1, False),
        ("A1B2C3D", 7, False),
        ("A B dash", 0, False),
        ("12 for Bravo 3", 1, False),
        ("A-B-C", 3, False),
        ("the plan-B", -1, False),
        ("XSW1A 1AA", 8, False),
        ("SW1A", 4, False),
        ("SW1A 1AA", 7, True),
        ("SW1A1AA.", 7, True),
        ("M1 1AE", 5, True),
        ("SW1A 1A", 6, False),
        ("1234567890", 10, False),  # not a telephone number
    ],
)
def test_codes(row: Row) -> None:
    """Letters with or without spelling examples, figures, and the shape of a postcode."""
    check(row, "code")
    assert entry("SW1A 1AA", "digits") == DictatedEntry(EntryKind.DIGITS, 7)
    assert entry("SW1A 1AA", "code", 9) == DictatedEntry(EntryKind.CODE, 7, 9)


@pytest.mark.parametrize(
    "row",
    [
        ("S M", 2, False),
        ("S-M-I-T-H", 5, False),
        ("Smith S M I T H", 5, True),
        ("Smith S-M-I-T-H", 5, True),
        ("it is Smith spelled S M I T H", 5, True),
        ("Smith S M I T", 4, False),
        ("Lee L E E", 3, True),
        ("Li L I", 2, False),
        ("S M I T H", 5, False),
        ("R2D R 2 D", 6, False),
        ("Abc 1 A B C", 4, True),
        ("Smith S as in Sam M I T H", 5, True),
    ],
)
def test_a_spelling_is_complete_when_it_spells_a_word_said_before(row: Row) -> None:
    """The word must have three letters or more; otherwise the length is unknown."""
    check(row, "spelling")


@pytest.mark.parametrize(
    "row",
    [
        ("one two", -1, False),
        ("one two three", 3, False),
        ("S M I", 3, False),
        ("1234", -1, False),
        ("12345", 5, False),
        ("12 3", 3, False),
        ("1 2", -1, False),
        ("twenty two twelve", -1, False),
        ("a table for two", -1, False),
        ("I", -1, False),
        ("555 012 3456", 10, True),
        ("555-0123", 7, True),
        ("S as in Sam M as in Mike I", 3, False),
        ("a for adam b c", -1, False),
        ("one two dash", -1, False),
        ("one two three dash", 3, False),
    ],
)
def test_unasked_symbols(row: Row) -> None:
    """Three in a row, or one figure of five digits, count as digits even unasked; tens and "a for" do not."""
    check(row, "", named="digits")


@pytest.mark.parametrize(
    ("text", "kind", "length"),
    [
        ("my phone number is 5 5", "digits", 0),
        ("my order number is A B", "code", 0),
        ("my zip code is 9 4", "digits", 5),
        ("I can spell it s m", "spelling", 0),
    ],
)
def test_what_the_caller_announces(text: str, kind: str, length: int) -> None:
    """An announcement works like a question; a real question takes precedence."""
    found = entry(text)
    assert found is not None
    assert (found.kind, found.length) == (kind, length)
    asked = entry(text, "digits", 9)
    assert asked is not None
    assert (asked.kind, asked.length) == ("digits", 9)
    assert announced(text, ENGLISH).kind == kind


def test_the_first_phrase_that_occurs_counts() -> None:
    """The order is that of the language's data, and whole words must match."""
    language = Language(expects=(("pin number", "digits", 4), ("number", "code")))
    assert announced("the number, or the pin number", language) == Expects("pin number", "digits", 4)
    assert announced("the numbers", language) == Expects()
    assert announced("the number", language) == Expects("number", "code")


def test_declared_expectations_come_before_the_languages() -> None:
    """The declared phrase may be anywhere in the agent's text, the language's only in the question."""
    declared = (Expects("Shelf", "digits", length=3),)
    assert asked_for("your email?", "On the SHELF. Your email?", declared, ENGLISH) == declared[0]
    assert asked_for("your email?", "On the table. Your email?", declared, ENGLISH).kind == "email"
    assert asked_for("", "Your email?", (), ENGLISH) == Expects()


def test_every_kind_may_be_announced_by_a_yes() -> None:
    """ "Sure, it's ..." comes before the entry."""
    for kind in [*EntryKind][1:]:
        assert entry("yes", kind) == DictatedEntry(kind, 0)
    assert entry("yes") is None


# --- e-mail ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected", "unasked"),
    [
        ("john", (1, False), None),
        ("my email is john", (4, False), (4, False)),
        ("john smith and the whole crew", (6, False), None),
        ("john smith and all the whole crew", None, None),
        ("john smith and all the whole crew at", (8, False), None),
        ("I don't have it", None, None),
        ("no", None, None),
        ("no never", None, None),
        ("no john", (2, False), None),
        ("is it john", (3, False), None),
        ("can it be john", None, None),
        ("john at", (2, False), None),
        ("john at example", (3, False), None),
        ("john at example com", (4, False), None),
        ("john at example dot", (4, False), None),
        ("john at example dot com", (5, True), (5, True)),
        ("john at example dot com please", (6, False), (6, False)),
        ("john at example dot co", (5, False), (5, False)),
        ("john at example dot co dot uk", (7, True), (7, True)),
        ("john dot smith", (3, False), (3, False)),
        ("dot smith", (2, False), (2, False)),
        ("john dot a b c", (5, False), (5, False)),
        ("john dot com", (3, False), (3, False)),
        ("john dot smith and some", (5, False), (5, False)),
        ("john dot smith and some more", (6, False), None),
        ("the site that I saw is example dot com", (9, False), (9, False)),
        ("john@", (1, False), (1, False)),
        ("john@example.com", (3, True), (3, True)),
        ("john@example.com.", (3, True), (3, True)),
        ("john@example.co", (3, False), (3, False)),
        ("john@example.CO", (3, False), (3, False)),
        ("john@example.co.uk", (4, True), (4, True)),
        ("john@example.com is it", (5, False), (5, False)),
        ("john at example.com", (4, True), None),
    ],
)
def test_email(text: str, expected: tuple[int, bool] | None, unasked: tuple[int, bool] | None) -> None:
    """Asked for: a few words that are no sentence, up to the end of a domain. Unasked: only with a sign or dot."""
    assert entry(text, "email") == (
        None if expected is None else DictatedEntry(EntryKind.EMAIL, expected[0], complete=expected[1])
    )
    assert entry(text) == (None if unasked is None else DictatedEntry(EntryKind.EMAIL, unasked[0], complete=unasked[1]))


# --- dates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        ("I would rather not", -1, False),
        ("the fourth", 0, False),
        ("march", 0, False),
        ("march the fourth", 0, False),
        ("march four", 1, False),
        ("four march", 0, False),
        ("four five", 2, False),
        ("four five six", 3, False),
        ("march four nineteen", 2, True),
        ("fourth of march nineteen eighty-five", 3, True),
        ("fourth of march nineteen", 1, False),
        ("four five march nineteen", 1, False),
        ("march four march five", 1, False),
        ("1985", 0, True),
        ("2010", 0, True),
        ("1885", 0, False),
        ("19850", 0, False),
        ("31985", 0, False),
        ("123-4-85", 0, False),
        ("3/4/85", 0, True),
        ("3.4.1985", 0, True),
        ("3-4-85", 0, True),
        ("3/4", 0, False),
        ("3 4", 0, False),
        ("3 4 85", 0, True),
        ("the 4th", 0, False),
    ],
)
def test_dates(row: Row) -> None:
    """A date of birth is complete with its year: four figures, the third of three, or two numbers after a month."""
    check(row, "date")


def test_a_date_is_only_expected_where_one_was_asked_for() -> None:
    """Otherwise a month and a day are ordinary words."""
    assert entry("march four nineteen") is None


# --- amounts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("whatever is usual", None),
        ("forty", (1, False, True)),
        ("40", (1, False, True)),
        ("about forty", (2, False, True)),
        ("about 40", (2, False, True)),
        ("forty about", None),
        ("two thousand", (2, False, False)),
        ("two million", (2, False, False)),
        ("two thousand forty", (3, False, True)),
        ("forty dollars", (2, False, True)),
        ("forty dollars or so", (4, False, True)),
        ("two thousand dollars", (3, False, True)),
        ("dollars two thousand", (3, False, True)),
        ("forty dollars and fifty cents", (5, True, True)),
        ("forty cents", (2, True, True)),
        ("forty cents and", (3, False, True)),
        ("$40", (1, False, True)),
        ("40 €", (1, False, True)),
        ("$40.50", (2, True, True)),
        ("$40,50", (2, True, True)),
        ("$1,040.50", (3, True, True)),
        ("40.50 €", (2, True, True)),
        ("$40.5", (2, False, True)),
        ("¥40", (1, False, True)),
    ],
)
def test_amounts(text: str, found: tuple[int, bool, bool] | None) -> None:
    """Complete with cents, nearly complete without; incomplete without a number, or at "thousand"."""
    expected = None if found is None else DictatedEntry(EntryKind.AMOUNT, found[0], complete=found[1], rest=found[2])
    assert entry(text, "amount") == expected


# --- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "asked", "announced_only"),
    [
        ("house", (1, False), None),
        ("the old red house", (4, False), None),
        ("the old red house there", None, None),
        ("no", None, None),
        ("I don't know", None, None),
        ("twelve", (1, False), None),
        ("12", (1, False), None),
        ("12 oak", (2, False), None),
        ("12 oak street", (3, True), None),
        ("oak street 12", (3, False), None),
        ("twelve oak street", (3, True), None),
        ("12b oak street", (3, True), None),
        ("12 oak street flat 3", (5, False), None),
        ("12 oak street flat 3 new york", (7, True), None),
        ("12 oak street and so on with more and more words here", (12, True), None),
        ("12 oak street and so on with more and more words over here", None, None),
        ("it is a very long way from here to the small house 12", (13, False), None),
        ("it is a very long way from here to the small house 12 oak", (14, False), None),
        ("it is a very long way from here to the house 12 oak street", None, None),
        ("I live at 12 oak street", (6, True), (6, True)),
        ("I live at 12", (4, False), (4, False)),
        ("I live at the", (4, False), None),
    ],
)
def test_addresses(text: str, asked: tuple[int, bool] | None, announced_only: tuple[int, bool] | None) -> None:
    """A number and two words may lack only a town. More than twelve words are no address."""
    assert entry(text, "address") == (
        None if asked is None else DictatedEntry(EntryKind.ADDRESS, asked[0], rest=asked[1])
    )
    unasked = (
        None if announced_only is None else DictatedEntry(EntryKind.ADDRESS, announced_only[0], rest=announced_only[1])
    )
    assert entry(text) == unasked


# --- languages ------------------------------------------------------------------------------------------------------


def test_without_data_figures_and_letters_are_still_symbols() -> None:
    """Only number words are unknown."""
    unknown = language_for("xx")
    assert entry("06 12 34", "digits", language=unknown) == DictatedEntry(EntryKind.DIGITS, 6)
    assert entry("cinq six", "digits", language=unknown) is None
    assert entry("x y", "code", language=unknown) == DictatedEntry(EntryKind.CODE, 2)


def test_examples_of_a_language() -> None:
    """An example word links a letter and a word. One alone may belong to a sentence, unless letters were asked for."""
    language = replace(ENGLISH, examples=frozenset({("wie",), ("so", "wie")}))
    assert entry("a wie anton b wie berta", "code", language=language) == DictatedEntry(EntryKind.CODE, 2)
    assert entry("a so wie anton b so wie berta c", language=language) == DictatedEntry(EntryKind.DIGITS, 3)
    assert entry("a wie anton b c d", language=language) == DictatedEntry(EntryKind.DIGITS, 3)
    assert entry("a wie anton b c", language=language) is None
