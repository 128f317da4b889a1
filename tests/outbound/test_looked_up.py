"""Finding a call whose POST was not answered among those between its numbers."""

from __future__ import annotations

import pytest

from telephony.outbound.attempt import Attempt
from telephony.outbound.looked_up import match
from telephony.twilio.rest.calls import CallState

ATTEMPT = Attempt("id", "key", "+12025550123", "+12025550100", 1_000.0)


def call(sid: str, created_s: float, to: str = ATTEMPT.to, from_: str = ATTEMPT.from_) -> CallState:
    return CallState(sid, "ringing", to, from_, created_s)


@pytest.mark.parametrize(
    ("listed", "known", "found"),
    [
        ([], set(), None),
        ([call("CA1", 1_002)], set(), "CA1"),
        ([call("CA1", 950)], set(), "CA1"),  # clocks differ
        ([call("CA1", 900)], set(), None),
        ([call("CA1", 1_002), call("CA2", 1_003)], set(), None),
        ([call("CA1", 1_002), call("CA2", 1_003)], {"CA2"}, "CA1"),
        ([call("CA1", 1_002, to="+12025550199")], set(), None),
        ([call("CA1", 1_002, from_="+12025550199")], set(), None),
        ([call("CA1", 0)], set(), None),  # Twilio did not say when
    ],
)
def test_only_a_call_that_can_be_no_other_is_the_attempt_s(
    listed: list[CallState], known: set[str], found: str | None
) -> None:
    state = match(ATTEMPT, listed, known)
    assert (state.sid if state else None) == found
