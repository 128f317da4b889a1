"""What reports make of an attempt, in any order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.outbound.attempt import Attempt, Outcome, Report, after, given_up, refused

ATTEMPT = Attempt("id", "key", "+12025550123", "+12025550100", 0.0)
LIFE = [
    Report("CA1", "initiated", 0, named=True),
    Report("CA1", "ringing", 1, named=True),
    Report("CA1", "in-progress", 2, named=True),
    Report("CA1", "in-progress", -1, named=True),  # the voice webhook
    Report("CA1", "", -1, answered_by="human", named=True),
    Report("CA1", "queued"),  # the POST's answer
]

ENDS: list[tuple[str, str, Outcome, str]] = [
    ("completed", "200", Outcome.ANSWERED, ""),
    ("completed", "", Outcome.ANSWERED, ""),
    ("busy", "486", Outcome.BUSY, "SIP 486"),
    ("busy", "603", Outcome.BLOCKED, "SIP 603"),
    ("no-answer", "487", Outcome.NO_ANSWER, "SIP 487"),
    ("canceled", "487", Outcome.CANCELED, "SIP 487"),
    ("failed", "404", Outcome.FAILED, "SIP 404"),
    ("failed", "608", Outcome.BLOCKED, "SIP 608"),
    ("failed", "", Outcome.FAILED, ""),
]


@pytest.mark.parametrize(("status", "sip", "outcome", "code"), ENDS)
def test_the_end_is_told_by_the_status_and_the_network_s_code(
    status: str, sip: str, outcome: Outcome, code: str
) -> None:
    """The event `completed` covers every end: who reads only its name takes a busy line for a conversation."""
    ended = after(ATTEMPT, Report("CA1", status, 3, sip, 7, named=True))
    assert (ended.outcome, ended.code, ended.call_sid) == (outcome, code, "CA1")
    assert ended.words.endswith(".")


@given(
    st.lists(st.sampled_from(LIFE), max_size=12),
    st.sampled_from(ENDS),
    st.lists(st.sampled_from([*LIFE, Report("CA1", "busy", 3, named=True), Report("CA2", "completed")]), max_size=12),
)
def test_no_order_or_repetition_of_reports_changes_the_outcome(
    before: list[Report], end: tuple[str, str, Outcome, str], later: list[Report]
) -> None:
    """The first end counts; what comes late, twice, or from another call changes nothing but who has answered."""
    attempt = ATTEMPT
    for report in before:
        attempt = after(attempt, report)
        assert not attempt.over
    attempt = ended = after(attempt, Report("CA1", end[0], 3, end[1], 7, named=True))
    assert ended.outcome is end[2]
    for report in later:
        attempt = after(attempt, report)
    assert replace(attempt, answered_by=ended.answered_by) == ended


def test_a_status_never_goes_back() -> None:
    attempt = after(after(ATTEMPT, LIFE[2]), LIFE[0])
    assert attempt.status == "in-progress"


def test_unknown_is_replaced_by_whatever_is_learned() -> None:
    """It says only that nobody could tell."""
    unknown = given_up(ATTEMPT)
    assert unknown.outcome is Outcome.UNKNOWN
    assert "not dialled again" in unknown.words
    assert after(unknown, LIFE[1]).outcome is None
    assert after(unknown, Report("CA1", "busy", 3, named=True)).outcome is Outcome.BUSY
    assert given_up(after(ATTEMPT, Report("CA1", "busy", named=True))).outcome is Outcome.BUSY


def test_a_call_that_was_found_by_its_number_yields_to_the_one_that_names_the_attempt() -> None:
    found = after(ATTEMPT, Report("CA9", "ringing"))
    assert after(found, Report("CA8", "completed")).call_sid == "CA9"
    assert after(found, LIFE[2]).call_sid == "CA1"


@pytest.mark.parametrize(
    ("code", "outcome", "words"),
    [
        (21216, Outcome.BLOCKED, "Primary Customer Profile"),
        (21215, Outcome.BLOCKED, "Geo permissions"),
        (21211, Outcome.FAILED, "check its digits"),
        (20003, Outcome.BLOCKED, "credentials"),
        (99999, Outcome.FAILED, "99999"),
        (0, Outcome.FAILED, "failed"),
    ],
)
def test_a_refusal_says_what_to_do(code: int, outcome: Outcome, words: str) -> None:
    attempt = refused(ATTEMPT, code)
    assert attempt.outcome is outcome
    assert words in attempt.words
