"""Checks settings of a core before a call is decided by them. Pure.

A core runs with a negative wait or an unknown language too, and its output would look like a valid result.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import Any

from telephony.core.policy import TurnTaking

DAY_MS = 24 * 3_600_000
NEVER = 10**12
"""Largest time in ms; people write such numbers for "never"."""
MOST = 1_000
"""Largest count, number of thousandths, or level in tenths of dB."""
_CODE = re.compile(r"[a-z]{2,3}([-_][a-z0-9]{2,8})*", re.IGNORECASE)
KNOWN = frozenset(
    "aa ab af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo "
    "es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka "
    "kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng "
    "nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su "
    "sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu".split()
)
"""The two-letter codes of ISO 639-1. Three-letter codes are not checked against a list."""


def impossible(policy: Any, where: str = "", most: int = NEVER) -> str:
    """The first invalid value in frozen settings, as a sentence, or "". `most` is the longest time in ms."""
    for one in fields(policy):
        value, name = getattr(policy, one.name), f"{where}.{one.name}".lstrip(".")
        if one.name == "language":
            if not is_language(value):
                return f"{name} is {value!r}, which is not a language code (such as en, or pt-BR)"
        elif type(value) is int:
            largest = most if one.name.endswith("_ms") else MOST
            if not 0 <= value <= largest:
                return f"{name} is {value}; it must be from 0 to {largest}"
        for index, part in enumerate(value if isinstance(value, tuple) else (value,)):
            inner = f"{name}[{index}]" if isinstance(value, tuple) else name
            if is_dataclass(part) and (why := impossible(part, inner, most)):
                return why
    if isinstance(policy, TurnTaking) and policy.tuning.unvoiced_below > policy.voiced_at:
        name = f"{where}.tuning.unvoiced_below".lstrip(".")
        return f"{name} is {policy.tuning.unvoiced_below}, above voiced_at ({policy.voiced_at})"
    return ""


def is_language(code: str) -> bool:
    """Whether `code` is a known two-letter or any three-letter language code, perhaps with a region (`pt-BR`)."""
    found = _CODE.fullmatch(code)
    first = re.split("[-_]", code.lower())[0]
    return found is not None and (len(first) == 3 or first in KNOWN)
