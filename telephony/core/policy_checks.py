"""Checks settings of a core before a call is decided by them: an agent's, those on a tape, and those of a rehearsal.

A core runs with a negative wait or an unknown language too, and its output would look like a valid result. One check
for all, so that what an agent may have can be read from the tape of its calls.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from telephony.core.language.codes import is_tag
from telephony.core.policy import Policy, TurnTaking

DAY_MS = 24 * 3_600_000
NEVER = 10**12
"""Largest time in ms; people write such numbers for "never"."""
MOST = 1_000
"""Largest count, number of thousandths, or level in tenths of dB."""


def impossible(policy: Any, where: str = "", most: int = NEVER) -> str:
    """The first invalid value in frozen settings, as a sentence, or "". `most` is the longest time in ms."""
    for one in fields(policy):
        value, name = getattr(policy, one.name), f"{where}.{one.name}".lstrip(".")
        if type(value) is int:
            largest = most if one.name.endswith("_ms") else MOST
            if not 0 <= value <= largest:
                return f"{name} is {value}; it must be from 0 to {largest}"
        for index, part in enumerate(value if isinstance(value, tuple) else (value,)):
            inner = f"{name}[{index}]" if isinstance(value, tuple) else name
            if is_dataclass(part) and (why := impossible(part, inner, most)):
                return why
    if isinstance(policy, Policy) and not is_tag(policy.language):
        name = f"{where}.language".lstrip(".")
        return f"{name} is {policy.language!r}, which is not a language code (such as en, or pt-BR)"
    if isinstance(policy, TurnTaking) and policy.tuning.unvoiced_below > policy.voiced_at:
        name = f"{where}.tuning.unvoiced_below".lstrip(".")
        return f"{name} is {policy.tuning.unvoiced_below}, above voiced_at ({policy.voiced_at})"
    return ""
