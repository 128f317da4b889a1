"""Whether `From` is a number: a caller who withholds theirs comes with a word, or with that word as a keypad spells it.

    caller_number("+15550001111")    # "+15550001111"
    caller_number("anonymous")       # ""
    caller_number("+266696687")      # "": ANONYMOUS

No spelled word is a number that its country could have given out. Pure.
"""

from __future__ import annotations

import re

_E164 = re.compile(r"\+[1-9][0-9]{4,14}")
_KEYS = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
_WITHHELD = ("anonymous", "restricted", "blocked", "unknown", "unavailable", "private", "withheld")
_SPELLED = frozenset(f"+{word.translate(_KEYS)}" for word in _WITHHELD)


def caller_number(caller: str) -> str:
    """`caller` if it is a telephone number in E.164 that somebody has, else ""."""
    return caller if _E164.fullmatch(caller) and caller not in _SPELLED else ""
