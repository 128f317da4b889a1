"""What looking a call up at Twilio says of an attempt. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from telephony.outbound.attempt import Attempt, Report
from telephony.twilio.rest.calls import CallState

SKEW_S = 60
"""How far Twilio's clock may differ from ours."""


def report_of(state: CallState) -> Report:
    return Report(state.sid, state.status, duration_s=state.duration_s, answered_by=state.answered_by)


def match(attempt: Attempt, listed: Iterable[CallState], known: Collection[str]) -> CallState | None:
    """The call of an attempt among those between its numbers: the only one since, apart from those of other attempts
    (`known`). None if there is none, or more than one."""
    since_s = attempt.created_s - SKEW_S
    found = [
        one for one in listed
        if (one.to, one.from_) == (attempt.to, attempt.from_) and one.sid not in known and one.created_s >= since_s
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None
