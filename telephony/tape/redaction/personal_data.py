"""Finds personal data in text and replaces it by stand-ins of the same shape. Pure.

A stand-in keeps length, case and punctuation, letter for letter and digit for digit, so that positions in the text
and its alignment stay valid. A word has the same stand-in throughout a tape; stand-ins are derived from a key that is
thrown away. Recognised are: given names (whole, in parts, spelled out), e-mail addresses (written, or spoken with "at"
and "dot"), and numbers of at least four digits, in digits or in English words. Nothing else is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

DIGITS = 4
"""Fewest digits of a personal number: one with fewer is a time, a price or a number of people."""
UNITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_COUNTED = dict.fromkeys(UNITS, 1) | dict.fromkeys((*TEENS, *TENS), 2) | {"oh": 1, "o": 1, "double": 1, "triple": 2}
_KEPT = ("zero", "oh", "o", "double", "triple")
"""Number words that stay: turn-taking infers a number's length from its beginning."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_WORD = re.compile(r"\w+")
_BETWEEN = re.compile(r"[ ,.()/+\-]{0,3}")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*")
_SPOKEN_EMAIL = re.compile(
    r"(\w+(?: (?:dot|underscore|dash|hyphen) \w+)*) at (\w+(?: (?:dot|dash|hyphen) \w+)*) dot (\w+)", re.IGNORECASE
)
_JOINS = ("dot", "underscore", "dash", "hyphen")
_CAPITAL = re.compile(r"(?<=[a-z,;] )[A-Z]\w+(?: [A-Z]\w+)*")
_INTRODUCED = re.compile(r"\b(?:my name is|name's|this is|i am|i'm|speaking to|mister|mrs|miss) (\w+)", re.IGNORECASE)
_ESCAPED = re.compile(r"\\u[0-9a-fA-F]{4}|\\[nrtbf]|.", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}

Span = tuple[int, int]


@dataclass(slots=True)
class Mask:
    """Replaces personal data. `key` determines the stand-ins; `names` are given by the user; of a text in `whole`,
    every word is replaced. `found` collects what was found, by kind."""

    key: str
    names: Sequence[str] = ()
    whole: Collection[str] = ()
    found: dict[str, set[str]] = field(default_factory=dict)

    def text(self, text: str, *, growing: bool = False, digits: bool = False) -> str:
        """`text` with personal data replaced. `growing`: its last word may be incomplete; `digits`: every number."""
        return self.at(text, self.spans(text, growing=growing, digits=digits))

    def at(self, text: str, spans: Iterable[Span]) -> str:
        """`text` with stand-ins for the words in `spans`."""
        made = list(text)
        for start, end in spans:
            for word in _WORD.finditer(text, start, end):
                made[word.start() : word.end()] = self._stand_in(word.group())
        for part, match in self._spelled(text):  # spell the stand-in of the name, so that both agree
            for letter, place in zip(self._stand_in(part), re.finditer(r"\w", match.group()), strict=False):
                made[match.start() + place.start()] = _cased(letter.lower(), place.group())
        return "".join(made)

    def json(self, text: str) -> str:
        """A tool's JSON with personal data replaced; escapes stay escapes, so that the length stays."""
        pieces = _ESCAPED.findall(text)
        made = self.text(plain_json(text))
        return "".join(
            old if new == _unescaped(old) else new if len(old) == 1 else f"\\u{ord(new):04x}"
            for old, new in zip(pieces, made, strict=True)
        )

    def spans(self, text: str, *, growing: bool = False, digits: bool = False) -> list[Span]:
        """The places of personal data in `text`, as (start, end). Options as in `text`."""
        if text in self.whole:
            return [(0, len(text))]
        found = [("e-mail address", match.span()) for match in _EMAIL.finditer(text)]
        for match in _SPOKEN_EMAIL.finditer(text):
            parts = [match.span(1), match.span(2)]
            found += [("e-mail address", span) for part in parts for span in _words(text, part) if span]
        found += [("number", span) for span in _numbers(text, 1 if digits else DIGITS)]
        found += [("name", span) for span in self._named(text, growing)]
        for kind, (start, end) in found:
            self.found.setdefault(kind, set()).add(text[start:end].lower())
        return sorted(span for _, span in found)

    def _parts(self) -> list[str]:
        return sorted({part for name in self.names for part in name.split() if len(part) > 1})

    def _named(self, text: str, growing: bool) -> Iterable[Span]:
        for part in self._parts():
            yield from (m.span() for m in re.finditer(rf"(?<!\w){re.escape(part)}(?!\w)", text, re.IGNORECASE))
            last = re.search(r"\w{2,}$", text)
            if growing and last is not None and part.lower().startswith(last.group().lower()):
                yield last.span()
        yield from (match.span() for _, match in self._spelled(text))

    def _spelled(self, text: str) -> Iterable[tuple[str, re.Match[str]]]:
        """Spelled names as (name part, match); at the end of the text the spelling may be incomplete."""
        for part in self._parts():
            letters = [re.escape(letter) for letter in part]
            for size in range(len(part), 1, -1) if len(part) > 2 else ():
                end = r"(?!\w)" if size == len(part) else r"\W*$"
                spelled = r"[ .,\-]+".join(letters[:size])
                found = list(re.finditer(rf"(?<!\w){spelled}{end}", text, re.IGNORECASE))
                yield from ((part, match) for match in found)
                if found:
                    break

    def _stand_in(self, word: str) -> str:
        digest = sha256(f"{self.key}:{word.lower()}".encode()).digest()
        if (spoken := word.lower()) in _COUNTED:
            return _cased(_number_word(spoken, digest), word)
        made, letters = (word[:2], 0) if _YEAR.fullmatch(word) else ("", 0)
        for index, old in enumerate(word[len(made) :], len(made)):
            chance = digest[index % len(digest)]
            if old.isdigit():
                choices = "123456789".replace(old, "") if index == 0 else "0123456789"
                new = "0" if index == 0 and old == "0" else choices[chance % len(choices)]
            elif old.isalpha():
                letters += 1
                new = _letter(letters, chance, old.lower(), single=len(word) == 1)
            else:
                new = old
            made += new
        return _cased(made, word)


def plain_json(text: str) -> str:
    """JSON text with its escapes replaced by the characters, so that names are found in it."""
    return "".join(map(_unescaped, _ESCAPED.findall(text)))


def _unescaped(one: str) -> str:
    return one if len(one) == 1 else chr(int(one[2:], 16)) if one[1] == "u" else _ESCAPES[one[1]]


def _letter(number: int, chance: int, old: str, *, single: bool) -> str:
    """A letter for position `number` of a stand-in. Words are made to begin with x or z: no rule matches them."""
    if single:
        choices = "bcdfghjklmnpqrstvwxz".replace(old, "")
    else:
        choices = "xz" if number == 1 else "aeiou" if number % 2 == 0 else "bdfgkmprtvz"
        choices = choices.replace(old, "")[: 1 if number == 1 else None]
    return choices[chance % len(choices)]


def _number_word(word: str, digest: bytes) -> str:
    kind = next((one for one in (UNITS, TEENS, TENS) if word in one), ())
    others = [one for one in kind if len(one) == len(word) and one not in (word, *_KEPT)]
    if others and word not in _KEPT:
        return others[digest[0] % len(others)]
    return word if word in _KEPT else "x" + "u" * (len(word) - 1)


def _cased(made: str, like: str) -> str:
    return "".join(new.upper() if old.isupper() else new for new, old in zip(made, like, strict=True))


def _words(text: str, span: Span) -> list[Span]:
    return [m.span() for m in _WORD.finditer(text, *span) if m.group().lower() not in _JOINS]


def _numbers(text: str, least: int) -> list[Span]:
    """The words of all runs of digits and number words that have at least `least` digits."""
    found: list[Span] = []
    run: list[Span] = []
    count = 0
    for match in _WORD.finditer(text):
        digits = sum(char.isdigit() for char in match.group()) or _COUNTED.get(match.group().lower(), 0)
        joined = bool(run) and _BETWEEN.fullmatch(text, run[-1][1], match.start()) is not None
        if not (digits and joined):
            found += run if count >= least else []
            run, count = [], 0
        if digits:
            run.append(match.span())
            count += digits
    return found + (run if count >= least else [])


def doubtful(texts: Iterable[str], common: Collection[str]) -> list[str]:
    """Words that may be names, for a person to check: capitalised inside a sentence, or after "my name is" etc.
    Stand-ins and `common` words are left out."""
    found: dict[str, None] = {}
    for text in texts:
        for match in (*_CAPITAL.finditer(text), *_INTRODUCED.finditer(text)):
            word = match.group(match.lastindex or 0)
            if not word.lower().startswith("x") and word.lower() not in common:
                found.setdefault(word)
    return list(found)
