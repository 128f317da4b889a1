"""Entries: what a caller dictates - digits, a code, a spelling, an e-mail or street address, a date, an amount.

They are said in groups with long pauses between them, and nothing in their words says that they are over. What helps:
what was asked for (`Expects`), what the caller announced ("my number is"), how long such a thing is, and how it ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from telephony.call.language import Language
from telephony.call.policy import Expects
from telephony.call.words import words

QUESTION_CHARS = 200
"""What the agent asks for is in its last words."""
FULL_NUMBER = 10
"""Digits of a telephone number with its area code; one more when it begins with a zero, two with "plus"."""
UNASKED = 3
"""So many single digits or letters in a row are an entry although nobody asked for one..."""
UNASKED_FIGURE = 5
"""...or one figure with so many digits."""
LONG_NAME = 6
"""What comes before the sign in an e-mail address has no more words: longer is a sentence."""
TIME_OF_DAY = re.compile(r"\b\d{1,2}[:.]\d\d\b")
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
CURRENCY = re.compile(r"[$€£¥]")
JOINTS = ("dash", "hyphen", "slash", "plus", "underscore")

NOTHING_EXPECTED = Expects()


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry at the end of the words: `symbols` of it so far, of `length` if that is known. `rest`: only something
    that may be left out is missing."""

    kind: str
    symbols: int
    length: int = 0
    complete: bool = False
    rest: bool = False


def asked_for(said: str, declared: tuple[Expects, ...], language: Language) -> Expects:
    """What the agent's last words ask for: what it declares, or else what the language knows."""
    last = said[-QUESTION_CHARS:].lower()
    return next((expects for expects in declared if expects.phrase.lower() in last), announced(last, language))


def announced(text: str, language: Language) -> Expects:
    """What the speaker says to be about to give or to ask for, by the language's phrases: the first that occurs."""
    lowered = text.lower()
    found = next((entry for entry in language.expects if entry[0] in lowered), None)
    return Expects(*found) if found else NOTHING_EXPECTED


def entry_under_way(text: str, expected: Expects, language: Language) -> Entry | None:
    """The entry that the words end with, or None. `expected`: by the question they answer."""
    found = words(text)
    expects = expected if expected.kind else announced(text, language)
    if expected.kind and all(word in language.affirmatives for word in found):
        return Entry(expected.kind, 0)
    for special in (_email, _date, _amount):
        if (entry := special(text, found, expects, language)) is not None:
            return entry
    if (entry := _symbols_said(text, found, expects, language)) is not None:
        return entry
    return _address(found, expected, expects, language)


def _symbols_said(text: str, found: list[str], expects: Expects, language: Language) -> Entry | None:
    wanted = expects.kind in ("digits", "code", "spelling")
    said = _ending_symbols(words(TIME_OF_DAY.sub(" x ", text)), language, tens=wanted)
    symbols = sum(said)
    if symbols < (1 if wanted else UNASKED) or (len(said) == 1 and not wanted and symbols < UNASKED_FIGURE):
        return None
    kind = expects.kind if wanted else "digits"
    length = expects.length or (_usual_length(text, found, len(said), language) if kind == "digits" else 0)
    complete = symbols >= length if length else _spells_a_word(found)
    return Entry(kind, symbols, expects.length, complete)


def _ending_symbols(found: list[str], language: Language, *, tens: bool) -> list[int]:
    """How many symbols each of the last words stands for, from the end: digits, letters, with `tens` also "sixty"."""
    repeats, numerals, counts = dict(language.repeats), dict(language.numerals), list[int]()
    for word in reversed(found):
        figures = word.replace("-", "")
        if word in language.digits or (len(word) == 1 and word.isalnum()):
            counts.append(1)
        elif figures.isdigit() or (any(char.isdigit() for char in figures) and figures.isalnum()):
            counts.append(len(figures))
        elif word in repeats:
            counts.append(repeats[word] - 1)
        elif tens and word in numerals:
            under_twenty = not numerals[word].endswith("0") or numerals[word] == "10"
            counts.append(2 if under_twenty or not (counts and counts[-1] == 1) else 1)
        elif word in language.dot or word in JOINTS:
            counts.append(0)
        else:
            break
    return counts


def _usual_length(text: str, found: list[str], said: int, language: Language) -> int:
    """Of a telephone number: 11 with a leading zero, 12 with a country's code, else 10."""
    first = found[-said]
    if first == "plus" or "+" in text:
        return FULL_NUMBER + 2
    return FULL_NUMBER + (dict(language.numerals).get(first, first)[:1] == "0")


def _spells_a_word(found: list[str]) -> bool:
    """The letters at the end spell a word said before them: "Nguyen, that is N G U Y E N"."""
    at = len(found)
    while at and len(found[at - 1]) == 1 and found[at - 1].isalpha():
        at -= 1
    return len(found) - at >= UNASKED and "".join(found[at:]) in found[:at]


def _email(text: str, found: list[str], expects: Expects, language: Language) -> Entry | None:
    """An address is under way if one is expected, or when it sounds like one: "john dot smith", "john at"."""
    has_at = "@" in text or any(word in language.at_sign for word in found)
    dotted = any(word in language.dot for word in found[-4:-1])
    if expects.kind != "email" and "@" not in text and not dotted:
        return None
    if not (has_at or dotted) and (len(found) > LONG_NAME or any(word in language.auxiliaries for word in found)):
        return None
    if not (has_at or dotted) and all(word in language.answers for word in found):
        return None
    complete = has_at and found[-1] in language.domains and (dotted or "@" in text)
    return Entry("email", len(found), complete=complete)


def _date(text: str, found: list[str], expects: Expects, language: Language) -> Entry | None:
    """A date of birth goes on until its year has been said."""
    if expects.kind != "date":
        return None
    month = next((at for at in range(len(found), 0, -1) if found[at - 1] in language.months), 0)
    cardinals = sum(word in dict(language.numerals) for word in found[month:])
    complete = bool(YEAR.search(text)) or (bool(month) and cardinals >= 2)
    if complete or month or cardinals or any(char.isdigit() for char in text):
        return Entry("date", cardinals, complete=complete)
    return None


def _amount(text: str, found: list[str], expects: Expects, language: Language) -> Entry | None:
    """An amount of money goes on until its currency has been named, most of all after "two thousand"."""
    if expects.kind != "amount":
        return None
    if any(word in language.currencies for word in found) or CURRENCY.search(text):
        return Entry("amount", len(found), complete=found[-1] in language.coins, rest=True)  # "and forty cents"
    if found[-1] in language.magnitudes:
        return Entry("amount", len(found))
    if found[-1] in dict(language.numerals) or found[-1].isdigit():
        return Entry("amount", len(found), rest=True)
    return None


def _address(found: list[str], expected: Expects, expects: Expects, language: Language) -> Entry | None:
    """A street address needs a number and a street; a town may follow."""
    if expects.kind != "address":
        return None
    numerals = dict(language.numerals)
    numbers = [at for at, word in enumerate(found) if word in numerals or any(char.isdigit() for char in word)]
    if not numbers:
        return Entry("address", len(found)) if expected.kind == "address" and len(found) <= 4 else None
    behind = len(found) - 1 - numbers[-1]
    return Entry("address", len(found), rest=behind >= 2) if behind < 2 or len(found) <= 12 else None
