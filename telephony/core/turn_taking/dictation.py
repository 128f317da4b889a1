"""Dictated entries: digits, a code, a spelling, an e-mail or street address, a date, an amount.

Callers say them in groups with long pauses between, and the words do not show whether an entry is complete. Other
evidence does: what was asked for (`Expects`), what the caller announced ("my number is"), the usual length of such an
entry, and how it ends. STTs write entries in words ("five five five", "s m i t h") or as people would ("555-0123",
"S-M-I-T-H", "$40.50").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from telephony.core.language.language import Language
from telephony.core.language.words import contains, words
from telephony.core.policy import EntryKind, Expects

FULL_NUMBER = 10
"""Digits of a telephone number with its area code: one more with a leading zero or +1, two more with another country
code."""
UNASKED = 3
"""At least this many single digits or letters in a row are an entry even if nobody asked for one..."""
UNASKED_FIGURE = 5
"""...and so is one figure with at least this many digits."""
LONG_NAME = 6
"""Maximum number of words before the at sign of an e-mail address: more are a sentence."""
LONG_ADDRESS = 12
TIME_OF_DAY = re.compile(r"\b\d{1,2}[:.]\d\d\b(?:\s*[ap]\.?m\b\.?)?|\b\d{1,2}\s*[ap]\.?m\b\.?", re.IGNORECASE)
SPELLED = re.compile(r"\b[^\W_](?:-[^\W_])+\b")
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
DATE = re.compile(r"\b\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\b")
MONEY = re.compile(r"[$€£¥]")
MONEY_AND_CENTS = re.compile(r"[$€£]\s?[\d,.]*\d[.,]\d\d\b|\d[.,]\d\d\s?[€£$]")
LOCAL_NUMBER = re.compile(r"\b[1-9]\d{2}[ -]\d{4}\W*$")
POSTCODE = re.compile(r"\b[a-z]{1,2}\d[a-z\d]?\s?\d[a-z]{2}\W*$", re.IGNORECASE)
MAIL_DOMAIN = re.compile(r"(?:@|\bat\s)\s*[\w.-]*\.([a-z]{2,})[.\s]*$", re.IGNORECASE)

NOTHING_EXPECTED = Expects()


@dataclass(frozen=True, slots=True)
class DictatedEntry:
    """The entry that the words end with: `symbols` said so far, of `length` in all (0: unknown). `rest`: only an
    optional part is missing."""

    kind: EntryKind
    symbols: int
    length: int = 0
    complete: bool = False
    rest: bool = False


def asked_for(question: str, said: str, declared: tuple[Expects, ...], language: Language) -> Expects:
    """What the agent has asked for: the first of the `declared` questions that occurs in what it `said`; otherwise what
    the language data finds in the `question`."""
    lowered = said.lower()
    return next((expects for expects in declared if expects.phrase.lower() in lowered), announced(question, language))


def announced(text: str, language: Language) -> Expects:
    """What the speaker is about to give, or asks for, by the first of the language's phrases that occurs."""
    found = words(text)
    entry = next((entry for entry in language.expects if contains(found, tuple(words(entry[0])))), None)
    return Expects(*entry) if entry else NOTHING_EXPECTED


def dictation_under_way(text: str, expected: Expects, language: Language) -> DictatedEntry | None:
    """The entry that the words end with, or None. `expected` is what the question that they answer asks for."""
    found = words(text)
    expects = expected if expected.entry else announced(text, language)
    if expected.entry and all(word in language.affirmatives for word in found):
        return DictatedEntry(expected.entry, 0)  # "sure, it's ..."
    for special in (_email, _date, _amount):
        if (entry := special(text, found, expects, language)) is not None:
            return entry
    if (entry := _symbols_said(text, expects, language)) is not None:
        return entry
    return _address(found, expected, expects, language)


def _symbols_said(text: str, expects: Expects, language: Language) -> DictatedEntry | None:
    wanted = expects.entry in (EntryKind.DIGITS, EntryKind.CODE, EntryKind.SPELLING)
    found = _tokens(text, language, letters=wanted)
    if wanted and found and (found[-1] in language.joints or found[-1] in language.dot):
        return DictatedEntry(expects.entry, 0)
    said = _ending_symbols(found, language, tens=wanted)
    symbols = sum(said)
    if symbols < (1 if wanted else UNASKED) or (len(said) == 1 and not wanted and symbols < UNASKED_FIGURE):
        return None
    if said == [1] and len(found) > 1 and found[-1] in language.figurative and found[-2] not in language.before_figures:
        return None  # "I don't have one"
    kind = expects.entry if wanted else EntryKind.DIGITS
    length = expects.length or (_usual_length(text, found, len(said), language) if kind is EntryKind.DIGITS else 0)
    complete = symbols >= length if length else _spells_a_word(found)
    if not expects.length:
        complete = complete or bool(LOCAL_NUMBER.search(text) if kind is EntryKind.DIGITS else POSTCODE.search(text))
    return DictatedEntry(kind, symbols, expects.length, complete)


def _tokens(text: str, language: Language, *, letters: bool) -> list[str]:
    """The words, with times of day replaced, spellings and compound numbers split, and examples ("S as in Sam")
    removed."""
    plain = SPELLED.sub(lambda match: match.group().replace("-", " "), TIME_OF_DAY.sub(" oclock ", text.lower()))
    found = list[str]()
    for word in words(plain):
        parts = word.split("-")
        found += parts if len(parts) > 1 and all(part in language.numerals for part in parts) else [word]
    at, kept = 0, list[str]()
    while at < len(found):
        kept.append(found[at])
        example = next((p for p in language.examples if tuple(found[at + 1 : at + 1 + len(p)]) == p), None)
        single = len(found[at]) == 1 and (letters or (example is not None and len(example) > 1))
        at += 2 + len(example) if single and example is not None and at + 1 + len(example) < len(found) else 1
    return kept


def _ending_symbols(found: list[str], language: Language, *, tens: bool) -> list[int]:
    """How many symbols each of the last words stands for, in order from the end: digits, letters, and with `tens` also
    "sixty"."""
    numerals, counts = language.numerals, list[int]()
    for word in reversed(found):
        figures = word.replace("-", "")
        if word in language.digits or (len(word) == 1 and word.isalnum()):
            counts.append(1)
        elif figures.isalnum() and any(char.isdigit() for char in figures):
            counts.append(len(figures))
        elif word in language.repeats:
            counts.append(language.repeats[word] - 1)
        elif tens and word in numerals:
            figure = int(numerals[word])
            round_figure = figure > 10 and figure % 10 == 0
            counts.append(1 if round_figure and counts and counts[-1] == 1 else 2)  # "sixty five"
        elif word in language.dot or word in language.joints:
            counts.append(0)
        else:
            break
    return counts


def _usual_length(text: str, found: list[str], said: int, language: Language) -> int:
    """The number of digits of a telephone number that begins like this one."""
    first, second = (*found[-said:], "")[:2]
    figures = language.numerals
    if first in language.joints or "+" in text:
        country = figures.get(second, second) if first in language.joints else first
        return FULL_NUMBER + (1 if country[:1] == "1" else 2)
    return FULL_NUMBER + (figures.get(first, first)[:1] == "0")


def _spells_a_word(found: list[str]) -> bool:
    """Whether the letters at the end spell a word said before them: "Nguyen, that is N G U Y E N"."""
    at = len(found)
    while at and len(found[at - 1]) == 1 and found[at - 1].isalpha():
        at -= 1
    return len(found) - at >= UNASKED and "".join(found[at:]) in found[:at]


def _email(text: str, found: list[str], expects: Expects, language: Language) -> DictatedEntry | None:
    """An e-mail address, if one is expected or the words sound like one: "john dot smith", "john at"."""
    has_at = "@" in text or any(word in language.at_sign for word in found)
    dotted = any(word in language.dot for word in found[-4:-1])
    if expects.entry is not EntryKind.EMAIL and "@" not in text and not dotted:
        return None
    if not (has_at or dotted) and (len(found) > LONG_NAME or _is_a_sentence(found, language)):
        return None
    domain = MAIL_DOMAIN.search(text)
    ends = domain.group(1).lower() not in language.half_domains if domain else found[-1] in language.domains and dotted
    return DictatedEntry(EntryKind.EMAIL, len(found), complete=has_at and ends)


def _is_a_sentence(found: list[str], language: Language) -> bool:
    """Whether the words are a sentence ("I don't have one", "no") instead of an entry ("my email is john")."""
    first = next((word for word in found if word in language.auxiliaries), "")
    return all(word in language.answers for word in found) or (bool(first) and first not in language.being)


def _date(text: str, found: list[str], expects: Expects, language: Language) -> DictatedEntry | None:
    """A date is complete once its year has been said."""
    if expects.entry is not EntryKind.DATE:
        return None
    spoken = [part for word in found for part in word.split("-")]
    month = next((at for at in range(len(spoken), 0, -1) if spoken[at - 1] in language.months), 0)
    cardinals = sum(word in language.numerals for word in spoken[month:])
    figures = sum(word.isdigit() for word in found)
    year = YEAR.search(text) or DATE.search(text) or figures >= 3 or (month and cardinals >= 2)
    begun = month or cardinals or any(char.isdigit() for char in text) or any(x in language.ordinals for x in spoken)
    return DictatedEntry(EntryKind.DATE, cardinals, complete=bool(year)) if begun else None


def _amount(text: str, found: list[str], expects: Expects, language: Language) -> DictatedEntry | None:
    """An amount of money is incomplete until its currency has been named, above all after "two thousand"."""
    if expects.entry is not EntryKind.AMOUNT:
        return None
    if any(word in language.currencies for word in found) or MONEY.search(text):
        whole = found[-1] in language.coins or bool(MONEY_AND_CENTS.search(text))
        return DictatedEntry(EntryKind.AMOUNT, len(found), complete=whole, rest=True)  # "and forty cents"
    if found[-1] in language.magnitudes:
        return DictatedEntry(EntryKind.AMOUNT, len(found))
    if found[-1] in language.numerals or found[-1].isdigit():
        return DictatedEntry(EntryKind.AMOUNT, len(found), rest=True)
    return None


def _address(found: list[str], expected: Expects, expects: Expects, language: Language) -> DictatedEntry | None:
    """A street address consists of at least a number and a street; a town may follow."""
    if expects.entry is not EntryKind.ADDRESS:
        return None
    numbers = [at for at, word in enumerate(found) if word in language.numerals or any(char.isdigit() for char in word)]
    if not numbers:
        begun = expected.entry is EntryKind.ADDRESS and len(found) <= 4 and not _is_a_sentence(found, language)
        return DictatedEntry(EntryKind.ADDRESS, len(found)) if begun else None
    behind = len(found) - 1 - numbers[-1]
    return (
        DictatedEntry(EntryKind.ADDRESS, len(found), rest=behind >= 2)
        if behind < 2 or len(found) <= LONG_ADDRESS
        else None
    )
