"""What may be asked of `Calls.dial`, apart from the number: caller id, variables, key. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from telephony.agent import Agent, AgentSource, ManagedAgent
from telephony.errors import DialRefused
from telephony.outbound import rules
from telephony.outbound.attempt import Attempt
from telephony.twilio import account
from telephony.twilio.rest.calls import CallRequest
from telephony.valid_text import valid

VARIABLE_CHARS = 4_000
KEY_CHARS = 200


def caller_id(own: tuple[account.Number, ...], asked: str, voice_url: str) -> str:
    """The number to call from: the one asked for, the one that calls us, or the only one. Raises DialRefused."""
    numbers = [one for one in own if one.voice]
    shown = ", ".join(one.number for one in numbers[:5])
    if not numbers:
        raise DialRefused("the account has no number with voice: buy one in Twilio's console", code="caller_id")
    if asked:
        meant = [one.number for one in numbers if _digits(one.number) == _digits(asked)]
        if not meant:
            raise DialRefused(f"the caller id must be a number of the account (it has {shown})", code="caller_id")
        return meant[0]
    ours = [one for one in numbers if one.voice_url.rstrip("/") == voice_url] or numbers
    if len(ours) > 1:
        raise DialRefused(f"which number calls? Set TELEPHONY_DIAL_FROM to one of {shown}", code="caller_id")
    return ours[0].number


def _digits(number: str) -> str:
    return re.sub(r"[^0-9]", "", number)


def checked(variables: Mapping[str, str], key: str, ring_s: int) -> dict[str, str]:
    """The variables as text. Raises DialRefused for values that no call can have."""
    given = {str(name): valid(str(value)) for name, value in variables.items()}
    if wrong := [name for name in given if not re.fullmatch(r"[A-Za-z_]\w{0,63}", name)]:
        raise DialRefused(f"a variable's name is letters, digits and _, not {wrong[0][:40]!r}", code="variables")
    if sum(len(name) + len(value) for name, value in given.items()) > VARIABLE_CHARS:
        raise DialRefused(f"the variables have more than {VARIABLE_CHARS} characters together", code="variables")
    if len(key) > KEY_CHARS or not key.isprintable():
        raise DialRefused(f"a key has at most {KEY_CHARS} printable characters", code="key")
    if not 5 <= ring_s <= 600:
        raise DialRefused("a phone rings between 5 and 600 seconds", code="ring")
    return given


def same(kept: Attempt, to: str) -> Attempt:
    """The attempt of a key that is used again. Raises DialRefused if it was another number's."""
    if rules.in_e164(rules.parsed(to)) != kept.to:
        raise DialRefused("this key stands for a call to another number: a new call needs a new key", code="key")
    return kept


def request(base: str, attempt: Attempt, source: AgentSource, detect_machine: bool) -> CallRequest:
    """What Twilio is asked for. `base`: our address as Twilio reaches it; `source`: whoever will talk."""
    hooks = f"{base}/twilio/outbound/{attempt.id}"
    limits = source.limits if isinstance(source, Agent | ManagedAgent) else None
    return CallRequest(
        attempt.to, attempt.from_, f"{hooks}/voice", f"{hooks}/status", attempt.ring_s,
        time_limit_s=(limits.call_ms // 1_000 + 60) if limits else 4 * 3_600,
        amd_url=f"{hooks}/amd" if detect_machine else "",
    )  # fmt: skip
