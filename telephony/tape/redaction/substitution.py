"""Replaces every word of a tape that turn-taking does not know, one to one. Pure.

What stays: the words of the language's data, which are common and reveal nothing, and the words that the user keeps.
Even of these, some change within their class, because they do say something about a call: numbers, single letters,
months, weekdays, ordinals, and the ends of e-mail addresses. A number keeps its kind: one permutation of the digits 2-9
holds for figures and number words alike ("4" and "four", "24" and "twenty-four"), so that the same thing said in two
ways stays the same; 0 and 1 stay, and the 19 or 20 of a year.

Each replacement has the case and the punctuation of the original, and its length, number words and class words apart.
What replaces a word depends on the word alone (and on the key), never on its neighbours: so echoes, repetitions and
phrases stay what they were, and any part of a text between spaces can be replaced by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from hashlib import shake_256

from telephony.core.language.farewells import WORDS_OF_ALL
from telephony.core.language.language import Language, plain
from telephony.core.language.words import words
from telephony.core.speaking.sentence_ends import ABBREVIATIONS
from telephony.tape.codec import BadTape

OF_THE_CORE = frozenset({"keys", "pm", *ABBREVIATIONS, *WORDS_OF_ALL})
"""Not in a language's data, but the core writes or looks for them."""
CLASSES = ("months", "weekdays", "ordinals", "domains")
"""Fields of `Language` whose words replace each other."""
AFTER_FIGURES = frozenset({"st", "nd", "rd", "th", "am", "pm"})
SPELLED = 3
"""This many single letters in a row may spell a word."""
TRIES = 2_000
DIGIT_TRIES = 256
_DOTTED = "|".join(re.escape(one) for one in sorted(ABBREVIATIONS) if "." in one)
_TOKEN = re.compile(rf"(?<!\w)(?:{_DOTTED})(?!\w)|[^\W_]+(?:['’-][^\W_]+)*", re.IGNORECASE)
_PART = re.compile(r"\d+|[^\W\d_]+|[^\W_]|['’-]")
_YEAR = re.compile(r"(?:19|20)\d\d")
_STRING = re.compile(r'("(?:\\.|[^"\\])*")(\s*:)?|([^"]+)', re.DOTALL)
_FIXED = "01"
_SINGLE = "".join(char for char in map(chr, range(0xE0, 0x180)) if char.islower() and len(char.upper()) == 1)


class Substitution:
    """Replaces the words of one tape. `originals` are all its texts: no replacement is a word of theirs. `key`
    determines the replacements; `keep` are words that stay."""

    def __init__(self, originals: Iterable[str], language: Language, key: str, keep: Collection[str] = ()) -> None:
        self._key, self._language = key, language
        self._keep = frozenset(_lower(word) for word in keep)
        self._texts = tuple(originals)
        self._known = known_words(language) | OF_THE_CORE
        self._used = set(self._known) | {part for text in self._texts for part in _parts(text)}
        self._digits = self._permuted_digits()
        self._letters = self._deranged([one for one in "abcdefghijklmnopqrstuvwxyz" if one not in self._known])
        self._map = self._classes() | self._number_words() | self._letters
        self._map |= self._spelled_words()
        self._used |= set(self._map.values())
        self.replaced: set[str] = set()
        """The words and figures that were replaced."""

    def text(self, text: str) -> str:
        """`text` with its words replaced."""
        return _TOKEN.sub(lambda match: self._token(match.group()), text)

    def json(self, text: str) -> str:
        """A tool's JSON with its values replaced; the names in it stay. What is no JSON is plain text."""
        try:
            if not isinstance(json.loads(text), dict | list):
                return self.text(text)
        except (ValueError, RecursionError):
            return self.text(text)
        return _STRING.sub(self._json_part, text)

    def identity(self, value: str) -> str:
        """A phone number, an address or a SID, without what identifies: all its digits are 0."""
        if re.fullmatch(r"[A-Z]{2}[0-9a-fA-F]{8,}", value):
            return value[:2] + "0" * (len(value) - 2)
        return re.sub(r"\d", "0", self.text(value))

    # --- one word -----------------------------------------------------------------------------------------------------

    def _token(self, token: str) -> str:
        word = _lower(token)
        known = plain(word)
        if word in self._keep or (known in self._known and known not in self._map and word not in self._map):
            return token
        if word in self._map:
            return self._replaced(token, self._map[word])
        pieces = _PART.findall(token)
        if len(pieces) > 1:
            return "".join(self._piece(before, piece) for before, piece in zip(("", *pieces), pieces, strict=False))
        return self._figures(token) if token.isdecimal() else self._replaced(token, self._stand_in(word))

    def _piece(self, before: str, piece: str) -> str:
        """A part of a word, such as the two of "twenty-four", "O'Hara" and "30th"; `before`: the part before it."""
        if before in ("'", "’") and piece.lower() in self._endings:
            return piece
        if before.isdecimal() and piece.lower() in AFTER_FIGURES:
            return piece
        return self._token(piece) if _PART.fullmatch(piece) and piece not in "'’-" else piece

    def _replaced(self, word: str, made: str) -> str:
        self.replaced.add(_lower(word))
        return _cased(made, word)

    def _figures(self, number: str) -> str:
        kept = 2 if _YEAR.fullmatch(number) else 0
        made = number[:kept] + "".join(self._digits[str(int(digit))] for digit in number[kept:])
        if made != number:
            self.replaced.add(number)
        return made

    def _stand_in(self, word: str) -> str:
        """A word that nobody knows, the same for each `word`. Raises BadTape if there is none left of its length."""
        for attempt in range(TRIES):
            chances = self._chances(f"{word}/{attempt}", len(word))
            if len(word) == 1:
                made = _SINGLE[chances[0] % len(_SINGLE)]
            else:
                plain = attempt > TRIES // 2
                made = "".join(_letter(at, chance, plain) for at, chance in enumerate(chances))
            if made not in self._used:
                self._used.add(made)
                self._map[word] = made
                return made
        raise BadTape(f"there are too many different words of {len(word)} letters to replace each by another")

    def _json_part(self, match: re.Match[str]) -> str:
        string, name, other = match.groups()
        if name or string is None:
            return match.group() if name else re.sub(r"\d+", lambda digits: self._figures(digits.group()), other)
        return json.dumps(self.text(json.loads(string, strict=False)), ensure_ascii=string.isascii())

    # --- the maps -----------------------------------------------------------------------------------------------------

    @cached_property
    def _endings(self) -> frozenset[str]:
        """What follows an apostrophe in the words of the language: "s", "ll"."""
        return frozenset(end for word in self._known for _, mark, end in [word.partition("'")] if mark)

    def _permuted_digits(self) -> dict[str, str]:
        """A permutation that makes no number of the tape into another one of it, if there is one."""
        runs = {run for text in self._texts for run in re.findall(r"\d\d+", text)}
        runs = {run[2:] if _YEAR.fullmatch(run) else run for run in runs}
        runs = {run for run in runs if run.isascii() and set(run) - {*_FIXED}}

        def same(made: dict[str, str]) -> int:
            return sum("".join(map(made.__getitem__, run)) in runs for run in runs)

        fixed = dict(zip(_FIXED, _FIXED, strict=True))
        choices = list[dict[str, str]]()
        for attempt in range(DIGIT_TRIES):
            choices.append(self._deranged("23456789", str(attempt)) | fixed)
            if not same(choices[-1]):
                return choices[-1]
        return min(choices, key=same)

    def _number_words(self) -> dict[str, str]:
        numerals = self._language.numerals
        spoken = {figures: word for word, figures in reversed(list(numerals.items()))}
        made = {word: spoken.get(self._figures_of(figures), "") for word, figures in numerals.items()}
        return {word: new for word, new in made.items() if new and numerals[word] != numerals[new]}

    def _figures_of(self, figures: str) -> str:
        return "".join(self._digits[digit] for digit in figures)

    def _classes(self) -> dict[str, str]:
        """The words of the classes, without those that are also other words ("may", "second", "me")."""
        other = known_words(self._language, without=(*CLASSES, "question_ends"))
        found: dict[str, str] = {}
        for name in CLASSES:
            found |= self._deranged(sorted(getattr(self._language, name) - other - found.keys()), name)
        return found

    def _spelled_words(self) -> dict[str, str]:
        """Words of the tape that are also spelled in it: both are replaced by the same letters."""
        runs: set[str] = set()
        for text in self._texts:
            run = ""
            for word in (*words(text.replace("-", " ")), ""):
                single = len(word) == 1 and word.isalpha()
                if not single and len(run) >= SPELLED:
                    runs.add(run)
                run = run + word if single else ""
        said = {word for text in self._texts for word in words(text)}
        made = {run: "".join(self._letters.get(one, one) for one in run) for run in runs & said - self._known}
        return {run: new for run, new in made.items() if run not in self._map and new not in self._used}

    def _deranged(self, items: Sequence[str], salt: str = "") -> dict[str, str]:
        """A permutation of `items` in which none keeps its place; of fewer than two, nothing."""
        if len(items) < 2:
            return {}
        for attempt in range(TRIES):
            order = sorted(items, key=lambda one: self._chances(f"{salt}{attempt}:{one}", 8))
            if all(old != new for old, new in zip(items, order, strict=True)):
                return dict(zip(items, order, strict=True))
        return dict(zip(items, (*items[1:], items[0]), strict=True))

    def _chances(self, what: str, size: int) -> bytes:
        return shake_256(f"{self._key}:{what}".encode(errors="surrogatepass")).digest(size)


def known_words(language: Language, without: Collection[str] = ()) -> frozenset[str]:
    """The words that turn-taking has rules for, those of the fields `without` apart."""
    found: set[str] = set()
    for one in fields(language):
        value = getattr(language, one.name)
        if one.name == "expects":
            value = [phrase for phrase, *_ in value]
        if one.name not in without and isinstance(value, Iterable):
            found |= {word for text in _strings(value) for word in words(text)}
    return frozenset(found)


def _strings(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | Iterable):
        for one in value:
            yield from _strings(one)


def _parts(text: str) -> Iterable[str]:
    """The words of a text, and the parts of those that have any."""
    for match in _TOKEN.finditer(text):
        yield _lower(match.group())
        yield from (_lower(part) for part in _PART.findall(match.group()))


def _letter(at: int, chance: int, plain: bool) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz" if plain else "aeiou" if at % 2 else "bcdfghjklmnpqrstvwxz"
    return letters[chance % len(letters)]


def _lower(word: str) -> str:
    """Lower case, with the length kept."""
    return "".join(low if len(low := char.lower()) == 1 else char for char in word.replace("’", "'"))


def _cased(made: str, like: str) -> str:
    """`made` with the case of `like`: letter for letter if they are equally long."""
    if len(made) == len(like):
        return "".join(new.upper() if old.isupper() else new for new, old in zip(made, like, strict=True))
    return made.upper() if like.isupper() else made.capitalize() if like[:1].isupper() else made
