"""The token that ties a media socket to a signed webhook."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.errors import Unauthorized
from telephony.twilio.stream_token import StreamTokens, issue

SECRET = b"secret"


def refusal(tokens: StreamTokens, token: str, call_sid: str = "CA1", now_s: float = 1_000.0) -> str:
    with pytest.raises(Unauthorized) as caught:
        tokens.redeem(token, call_sid, now_s)
    return caught.value.code


def test_a_token_works_once_within_a_minute() -> None:
    """Valid for one minute, and only for the first stream."""
    tokens = StreamTokens(SECRET)
    token = issue(SECRET, "CA1", 1_000.0)
    tokens.redeem(token, "CA1", 1_059.9)
    assert refusal(tokens, token, now_s=1_059.9) == "token_replayed"
    assert refusal(StreamTokens(SECRET), token, now_s=1_060.1) == "token_expired"


def test_a_token_is_for_one_call_and_one_secret() -> None:
    """Tokens of another call or another secret, and forged ones, are wrong, whatever their age."""
    tokens = StreamTokens(SECRET)
    token = issue(SECRET, "CA1", 1_000.0)
    assert refusal(tokens, token, "CA2") == "token_wrong"
    assert refusal(StreamTokens(b"other"), token) == "token_wrong"
    assert refusal(tokens, token.replace("1000000.", "1060000.")) == "token_wrong"
    assert refusal(tokens, issue(SECRET, "CA1", 2_000.0)) == "token_wrong"
    tokens.redeem(token, "CA1", 1_000.0)


def test_two_streams_of_one_call_have_two_tokens() -> None:
    """After a reconnect the call has a new token, which is not taken for a replay."""
    tokens = StreamTokens(SECRET)
    for now_s in (1_000.0, 1_000.5):
        tokens.redeem(issue(SECRET, "CA1", now_s), "CA1", now_s)


def test_used_tokens_are_forgotten_once_expired() -> None:
    """Memory is bounded to one minute of calls; forgotten tokens are refused as expired."""
    tokens = StreamTokens(SECRET)
    first = issue(SECRET, "CA0", 0.0)
    for n in range(500):
        tokens.redeem(issue(SECRET, f"CA{n}", float(n)), f"CA{n}", float(n))
    assert len(tokens) <= 63
    assert refusal(tokens, first, "CA0", now_s=500.0) == "token_expired"


@pytest.mark.parametrize(("ahead_s", "code"), [(-60, ""), (59, ""), (61, "token_wrong")])
def test_a_clock_that_is_a_little_behind_is_no_reason_to_refuse(ahead_s: float, code: str) -> None:
    """Clocks of two machines differ, and one clock may step back; the token works once all the same."""
    tokens = StreamTokens(SECRET)
    token = issue(SECRET, "CA1", 1_000.0 + ahead_s)
    if code:
        assert refusal(tokens, token) == code
        return
    tokens.redeem(token, "CA1", 1_000.0)
    for later_s in (0.0, 60.0, ahead_s + 60.0):
        assert refusal(tokens, token, now_s=1_000.0 + later_s) in ("token_replayed", "token_expired")


def test_without_a_time_only_the_seal_and_the_first_use_count() -> None:
    """For a call that waits in this process: hours may lie between the stamps of a clock that is being set."""
    tokens = StreamTokens(SECRET)
    token = issue(SECRET, "CA1", 1_000_000.0)
    tokens.redeem(token, "CA1", None)
    for now_s in (None, 1_000_000.0):
        with pytest.raises(Unauthorized) as caught:
            tokens.redeem(token, "CA1", now_s)
        assert caught.value.code == "token_replayed"
    with pytest.raises(Unauthorized):
        tokens.redeem(token, "CA2", None)


@given(st.text())
def test_junk_is_a_wrong_token(token: str) -> None:
    """Any text is refused with a code."""
    assert refusal(StreamTokens(SECRET), token) == "token_wrong"
    assert refusal(StreamTokens(SECRET), "1000." + token) == "token_wrong"
