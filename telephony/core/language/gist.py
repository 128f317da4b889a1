"""The gist of a text: what two transcripts of the same words have in common, so that one reply answers both.

Theory of operation. Recognisers change their minds about form: punctuation, case, fillers, articles, contractions,
figures or number words, hyphens, stammers. None of that is in the gist. All other words are, in their order: another
negation, number, name, preposition or verb may ask for another reply. Redaction replaces words one to one and digits
one to one, so a redacted text has a gist that is equal to another just when the original's was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from telephony.core.language.language import Language
from telephony.core.language.words import words

JOINED_DIGITS = 3
"""Numbers in a row with this many digits in all are one: "nine thirty" is "9:30", "five five five" is "555". With
fewer, "two three" would be "23"."""
LONGEST_STAMMER = 4
"""Up to this many words, said twice in a row, count as said once."""
_SIGNS = _AT, _POINT = "@", "."
_INITIALS = re.compile(r"(?<![^\W_])([^\W\d_])\.(?=[^\W\d_](?![^\W_]))")
_DOT = re.compile(r"(?<=[^\W_])\.(?=[^\W_])")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


def gist(text: str, language: Language) -> tuple[str, ...]:
    """See the module text. Empty if the text has nothing but fillers."""
    numbered = _numbered(_plain_words(text, language), language)
    return tuple(_once(_without_articles(numbered, language), language))


def _plain_words(text: str, language: Language) -> list[str]:
    """The words, without fillers; contractions and compounds are several, and signs in addresses are words."""
    text = _DOT.sub(" . ", _THOUSANDS.sub("", _INITIALS.sub(r"\1", text)))
    found = list[str]()
    for piece in text.replace("@", " @ ").split():
        for word in words(piece) or ([piece] if piece in _SIGNS else []):
            parts = language.contractions.get(word) or tuple(word.split("-"))
            found += [_sign(part, language) for part in parts]
    return [word for word in found if word not in language.fillers]


def _sign(word: str, language: Language) -> str:
    """The sign of an address that the word stands for, or the word."""
    return _AT if word in language.at_sign else _POINT if word in language.dot else word


def _without_articles(found: Sequence[str], language: Language) -> list[str]:
    """An article at the end, beside a single letter or behind another determiner may be a letter itself: "plan A",
    "A B C", "the A train"."""
    last = len(found) - 1

    def spelt(at: int) -> bool:
        return 0 <= at <= last and _is_letter(found[at]) and found[at] not in language.pronouns

    def stays(at: int) -> bool:
        names = at > 0 and found[at - 1] in language.determiners and found[at - 1] != found[at]
        return _is_letter(found[at]) and (at == last or names or spelt(at - 1) or spelt(at + 1))

    return [word for at, word in enumerate(found) if word not in language.articles or stays(at)]


def _is_letter(word: str) -> bool:
    return len(word) == 1 and word.isalpha()


# --- numbers --------------------------------------------------------------------------------------------------------


def _numbered(found: Sequence[str], language: Language) -> list[str]:
    """The words, with numbers as figures however they were said."""
    made, at = list[str](), 0
    while at < len(found):
        run = list(_run(found, at, language))
        numbers = _numbers([word for word in run if word not in language.number_links], language)
        joined = "".join(numbers)
        made += ([joined] if len(joined) >= JOINED_DIGITS else numbers) if numbers else [found[at]]
        at += max(1, len(run))
    return made


def _run(found: Sequence[str], at: int, language: Language) -> Iterator[str]:
    """The words of the numbers in a row that begin at a place."""
    while at < len(found):
        word, after = found[at], found[at + 1] if at + 1 < len(found) else ""
        links = word in language.number_links and found[at - 1] in language.magnitudes
        repeats = word in language.repeats and _figures(after, language)
        if not (_figures(word, language) or repeats or (at and links and _figures(after, language))):
            return
        yield word
        at += 1


def _numbers(run: Sequence[str], language: Language) -> list[str]:
    """The numbers that the words of a run make: "two hundred five" -> 205, "nine thirty" -> 9, 30."""
    numbers, below = list[str](), 0  # what may still be added to the last number is less than `below`
    times = 1
    for word in run:
        if word in language.repeats:
            times = language.repeats[word]
            continue
        figures = _figures(word, language) * times
        times, value = 1, int(figures)
        last = int(numbers[-1]) if numbers else 0
        if word in language.magnitudes:
            rest = last % 1_000 if value == 1_000 else last % 100
            numbers[-1:] = (
                [str(last - rest + max(1, rest) * value)] if rest and 0 < last < 1_000_000 else [*numbers[-1:], figures]
            )
            below = value
        elif value < below and figures == str(value):
            numbers[-1] = str(last + value)
            below = 10 if value >= 20 and value % 10 == 0 else 0
        else:
            numbers.append(figures)
            below = 10 if word in language.numerals and value >= 20 and value % 10 == 0 else 0
        if value == 0:
            below = 0
    return numbers


def _figures(word: str, language: Language) -> str:
    """The figures of a number word, or of one in figures; "" for any other."""
    return word if word.isascii() and word.isdecimal() else language.numerals.get(word, "")


# --- stammers -------------------------------------------------------------------------------------------------------


def _once(found: Sequence[str], language: Language) -> list[str]:
    """Words that are said twice in a row, once. Numbers and letters that are spelt are meant twice."""
    made = list[str]()
    for word in found:
        made.append(word)
        for size in range(LONGEST_STAMMER, 0, -1):
            again = made[-size:]
            meant = any(_figures(one, language) or (_is_letter(one) and one not in language.pronouns) for one in again)
            if len(made) >= 2 * size and again == made[-2 * size : -size] and not meant:
                del made[-size:]
                break
    return made
