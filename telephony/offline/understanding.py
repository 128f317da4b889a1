"""What a caller of the example wants, from transcripts in free wording and with a recogniser's errors. Pure.

The words are normalised first (numbers become figures, "p.m." becomes "pm", "good-bye" "goodbye"). Then each question
looks for its signs, not for whole sentences, so that the rest of the sentence may be anything. Whatever was
misunderstood is read back to the caller before it counts.
"""

from __future__ import annotations

import difflib
import re
from typing import Any

from telephony.core.language.english import ENGLISH

DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
MOST_PEOPLE = 8
MINUTES = {"15": "fifteen", "30": "thirty", "45": "forty five"}
_NUMBERS = dict(ENGLISH.numerals) | {"noon": "12:00", "midday": "12:00"}
_PEOPLE = "people|persons?|guests?|adults|of us|friends|seats|folks|places"
_BEFORE_TIME = "at|around|about|by|from|after"
_SOUND_ALIKE = {"to": "2", "too": "2", "for": "4", "fore": "4", "ate": "8", "won": "1", "free": "3", "tree": "3"}
"""Figures that a recogniser writes as other words."""

_YES = (
    r"yes|yeah|yep|yup|ya|correct|right|sure|exactly|perfect|great|fine|good|okay|ok|absolutely|definitely|indeed|"
    r"lovely|please do|go ahead|of course|do it|book it|it is"
)
_NO = r"no|nope|nah|wrong|not|incorrect|isnt|dont|actually|change"
_BYE = r"goodbye|bye|good bye|see you|have a (?:nice|good|great) (?:day|evening|night|one)"
_DONE = (
    r"(?:thats|that is|that will be|thatll be|that would be) (?:all(?! right)|it|everything)|nothing (?:else|more)|"
    r"no(?: no)? thank(?:s| you)|(?:im|i am|were|we are) (?:good|fine|all set|done)|not (?:today|now|at the moment)"
)
_HOURS = r"open|opens|opened|opening|close|closes|closed|closing|hours|until (?:what time|when)|how late"
_BOOK = r"book|booking|booked|reserve|reserving|reservation|reservations|table|tables|seat us"
_CANCEL = r"cancel|never ?mind|forget (?:it|about it|that)|changed my mind"


def normalised(text: str) -> str:
    """Lower case, words and figures only: "Seven-thirty p.m., please!" -> "7 30 pm please"."""
    text = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1m", text.lower())
    text = re.sub(r"(?<=\d)[.](?=\d\d\b)", ":", text).replace("good-bye", "goodbye").replace("bye-bye", "goodbye")
    text = re.sub(r"(\d)\s*([ap]m)\b", r"\1 \2", text.replace("’", "'").replace("'", ""))
    found = re.findall(r"\d+:\d\d|\d+|[a-z]+", text)
    return " ".join(_NUMBERS.get(word, word) for word in found if word not in ENGLISH.fillers)


def says_bye(said: str) -> bool:
    return _has(said, _BYE)


def is_done(said: str) -> bool:
    """An answer to "anything else?" that ends the call."""
    return says_bye(said) or _has(said, _DONE)


def declines(said: str) -> bool:
    return _has(said, _NO)


def agrees(said: str) -> bool:
    return _has(said, _YES) and not re.search(r"\b(?:not|wrong|isnt|incorrect)\b", said)


def asks_hours(said: str) -> bool:
    return _has(said, _HOURS)


def wants_table(said: str) -> bool:
    return _has(said, _BOOK)


def cancels(said: str) -> bool:
    return _has(said, _CANCEL)


def thanks(said: str) -> bool:
    return _has(said, "thanks|thank")


def details(said: str, question: str) -> dict[str, Any]:
    """The `day`, `time` (HH:MM) and number of `people` in it. `question`: what it answers, in lower case."""
    found: dict[str, Any] = {}
    if keys := re.fullmatch(r"keys (\d+)", said):
        number = int(keys[1])
        return {"people": number} if "what time" not in question and 1 <= number <= MOST_PEOPLE else {}
    if day := _day(said):
        found["day"] = day
    at, rest = _time(said, asked="what time" in question)
    if at:
        found["time"] = at
    if people := _people(rest, asked="how many" in question):
        found["people"] = people
    return found


def _day(said: str) -> str:
    for word in said.split():
        if word in ("today", "tonight"):
            return "today"
        if word in ("tomorrow", "tomorrows"):
            return "tomorrow"
        close = difflib.get_close_matches(word.removesuffix("s"), DAYS, n=1, cutoff=0.8) if len(word) > 5 else []
        if close:
            return close[0].capitalize()
    return "today" if "this evening" in said else ""


_TIMES = (
    (r"half past (\d{1,2})(?:$| )", 30),
    (r"(?:a )?quarter past (\d{1,2})(?:$| )", 15),
    (r"(?:a )?quarter (?:to|2) (\d{1,2})(?:$| )", -15),
    (r"(\d{1,2}):(\d\d)(?: [ap]m)?", None),
    (r"(\d{1,2}) (15|30|45)(?: [ap]m)?(?:$| )", None),
    (r"([5-9]|1[01])([0-5]\d)(?: [ap]m)?(?:$| )", None),
    (r"(\d{1,2}) (?:oclock|o clock|pm|am|in the evening|at night)", 0),
    (rf"(?:{_BEFORE_TIME}) (\d{{1,2}})(?! (?:{_PEOPLE}))(?:$| )", 0),
)
"""How people say a time: the hour is the first group, the minutes are the second or follow from the wording."""


def _time(said: str, *, asked: bool) -> tuple[str, str]:
    """(HH:MM or "", the rest of what was said)."""
    bare = (rf"(?<!of )\b(\d{{1,2}})(?! (?:{_PEOPLE}))(?:$| )", 0)
    for pattern, minutes in (*_TIMES, bare) if asked else _TIMES:
        match = re.search(rf"\b{pattern}", said)
        if match is None:
            continue
        hour, minute = int(match[1]), int(match[2]) if minutes is None else minutes
        if minute < 0:
            hour, minute = hour - 1, 60 + minute
        hour += 12 if 1 <= hour <= 11 else 0  # a restaurant: one is one in the afternoon
        if 12 <= hour <= 23 and minute < 60:
            return f"{hour}:{minute:02d}", f"{said[: match.start()]} {said[match.end() :]}"
    return "", said


def _people(said: str, *, asked: bool) -> int:
    """0 if it is not said, or not possible."""
    said = re.sub(r"\bfor (to|too|for|fore|ate)\b", lambda match: f"for {_SOUND_ALIKE[match[1]]}", said)
    patterns = [rf"(\d+) (?:more )?(?:{_PEOPLE})\b", r"(?:party|group|table) (?:of|for) (\d+)\b", r"\bfor (\d+)\b"]
    patterns += [r"(\d+)"] if asked else []
    numbers = [int(match[1]) for pattern in patterns if (match := re.search(pattern, said))]
    alone = r"\b(?:just|only) (?:be )?me\b|\bmyself\b|\bon my own\b|\balone\b" + (r"|\bfor me\b" if asked else "")
    if not numbers and re.search(alone, said):  # unasked, "book it for me" is a request, and no number
        numbers = [1]
    if not numbers and re.search(r"\b(?:a|the) couple\b|\bboth of us\b|\bme and my \w+|\bmy \w+ and (?:me|i)\b", said):
        numbers = [2]
    if not numbers and asked:
        alike = re.search(rf"\b({'|'.join(_SOUND_ALIKE)})\b (?:{_PEOPLE})", said) or re.fullmatch(
            r"(\w+)", said.strip()
        )
        numbers = [int(_SOUND_ALIKE.get(alike[1], "0"))] if alike else []
    return numbers[0] if numbers and 1 <= numbers[0] <= MOST_PEOPLE else 0


def _has(said: str, pattern: str) -> bool:
    return re.search(rf"\b(?:{pattern})\b", said) is not None
