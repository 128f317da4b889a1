"""The decisions about messages: to whom, what became of them, codes, and who wants no more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telephony.errors import MessageRefused
from telephony.messages import proof
from telephony.messages.message import Message, Outcome, Report, after, in_words, refused, remedy, why
from telephony.messages.opt_out import Wish, wish
from telephony.messages.proof import Answer, Proof, tried
from telephony.messages.recipient import recipient

OWN, CALLER = "+12025550100", "+12025550123"
MESSAGE = Message("id", "key", "CA1", CALLER, "digest", 0.0)


@pytest.mark.parametrize(
    ("number", "countries", "code"),
    [
        (CALLER, (), ""),
        ("+4915112345678", ("DE",), ""),
        ("+4915112345678", ("us", "de"), ""),
        ("+4930123456", ("DE",), "landline"),
        ("+442079460018", ("GB",), "landline"),
        ("+18002345678", (), "landline"),  # toll-free
        ("", (), "withheld"),
        ("anonymous", (), "withheld"),
        ("+266696687", (), "withheld"),
        ("Restricted", (), "withheld"),
        ("client:anna", (), "withheld"),
        ("sip:anna@example.com", (), "withheld"),
        ("2025550123", (), "withheld"),
        ("911", (), "withheld"),
        ("+12025550123;ext=5", (), "withheld"),
        ("+1911", (), "withheld"),
        ("+49112", ("DE",), "emergency"),
        ("+61000", ("AU",), "emergency"),
        ("+19005551234", (), "premium"),
        ("+448431234567", ("GB",), "premium"),
        ("+881612345678", (), "number_kind"),
        ("+18765551234", (), "country"),
        ("+4915112345678", (), "country"),
        (CALLER, ("DE",), "country"),
        (OWN, (), "own_number"),
    ],
)
def test_to_whom_a_message_may_go(number: str, countries: tuple[str, ...], code: str) -> None:
    """To a number that can receive it, in a country that is allowed: that of the number of the service, if none is."""
    if not code:
        assert recipient(number, sender=OWN, own=OWN, countries=countries) == number
        return
    with pytest.raises(MessageRefused) as refused:
        recipient(number, sender=OWN, own=OWN, countries=countries)
    assert refused.value.code == code
    assert "Offer to say" in str(refused.value)


@pytest.mark.parametrize(
    ("reports", "outcome", "code"),
    [
        ((), Outcome.UNKNOWN, 0),
        (("queued",), Outcome.ACCEPTED, 0),
        (("queued", "sending", "sent", "delivered"), Outcome.DELIVERED, 0),
        (("delivered", "sent", "queued"), Outcome.DELIVERED, 0),
        (("sent", "queued"), Outcome.SENT, 0),
        (("sent", "undelivered:30006"), Outcome.UNDELIVERED, 30006),
        (("failed:30034", "sent"), Outcome.UNDELIVERED, 30034),
        (("undelivered:30003", "delivered"), Outcome.UNDELIVERED, 30003),
        (("delivered", "undelivered:30003"), Outcome.DELIVERED, 0),
        (("delivered", "read"), Outcome.DELIVERED, 0),
        (("nonsense", ""), Outcome.UNKNOWN, 0),
        (("receiving", "sent"), Outcome.SENT, 0),
    ],
)
def test_what_reports_make_of_a_message(reports: tuple[str, ...], outcome: Outcome, code: int) -> None:
    """In any order, repeatedly, or never: what says most holds."""
    message = MESSAGE
    for one in (*reports, *reports):
        status, _, number = one.partition(":")
        message = after(message, Report("SM1", status, int(number or 0)))
    assert (message.outcome, message.code) == (outcome, code)


def test_a_report_about_another_message_is_ignored() -> None:
    message = after(MESSAGE, Report("SM1", "queued"))
    assert after(message, Report("SM2", "delivered")) == message


def test_a_refusal_does_not_undo_what_was_reported() -> None:
    """Nor does it keep a report from being believed."""
    sent = after(MESSAGE, Report("SM1", "sent"))
    assert refused(sent, 21610) == sent
    assert after(refused(MESSAGE, 0), Report("SM1", "delivered")).outcome is Outcome.DELIVERED


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_words(outcome: Outcome) -> None:
    """They show two digits of the number, and no more."""
    words = in_words(replace(MESSAGE, outcome=outcome, code=30034))
    assert "ends in 23" in words
    assert "55501" not in words


def test_a_failure_of_ours_is_told_apart_from_one_of_the_phone() -> None:
    """The caller hears no error codes of ours; the log says what to do."""
    assert "30034" not in why(30034)
    assert "A2P" in remedy(30034)
    assert "landline" in why(30006)
    assert why(39999) == "the network gives the reason 39999"


@pytest.mark.parametrize(
    ("body", "told", "expected"),
    [
        ("STOP", "", Wish.STOP),
        (" stop. ", "", Wish.STOP),
        ("Stop!!", "", Wish.STOP),
        ("please stop", "", Wish.STOP),
        ("Stop texting me", "", Wish.STOP),
        ("STOP ALL", "", Wish.STOP),
        ("stopp bitte", "", Wish.STOP),
        ("unsubscribe me please", "", Wish.STOP),
        ("opt out", "", Wish.STOP),
        ("CANCEL", "", Wish.STOP),
        ("quit", "", Wish.STOP),
        ("ARRET", "", Wish.STOP),
        ("baja", "", Wish.STOP),
        ("START", "", Wish.START),
        ("unstop", "", Wish.START),
        ("Yes", "", Wish.START),
        ("anything", "STOP", Wish.STOP),
        ("anything", "START", Wish.START),
        ("STOP", "HELP", None),
        ("HELP", "", None),
        ("stop by at five", "", None),
        ("which bus stop?", "", None),
        ("cancel please", "", None),
        ("the end", "", None),
        ("yes please, Friday", "", None),
        ("don't stop", "", None),
        ("please", "", None),
        ("", "", None),
        ("👍", "", None),
    ],
)
def test_who_wants_no_more_messages(body: str, told: str, expected: Wish | None) -> None:
    """A word for it, and nothing else that matters. What Twilio takes it for holds."""
    assert wish(body, told) is expected


SENT = proof.sent(Proof(), CALLER, "042137", 0, on_file=False)


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ("042137", Answer.PROVEN),
        (" 042 137 ", Answer.PROVEN),
        ("0-4-2-1-3-7", Answer.PROVEN),
        ("0, 4, 2, 1, 3, 7.", Answer.PROVEN),
        ("０４２１３７", Answer.PROVEN),
        ("42137", Answer.NOT_A_CODE),
        ("0421370", Answer.NOT_A_CODE),
        ("042138", Answer.WRONG),
        ("", Answer.NOT_A_CODE),
        ("the code is right", Answer.NOT_A_CODE),
        ("042137 or 042138", Answer.NOT_A_CODE),
    ],
)
def test_a_code_is_compared_as_it_was_said(given: str, answer: Answer) -> None:
    now, found = tried(SENT, given, 1_000)
    assert found is answer
    assert now.proven is (answer is Answer.PROVEN)


def test_a_code_can_be_tried_three_times() -> None:
    """After that the right one is no use. A try that is no code costs nothing."""
    state, answers = SENT, []
    for given in ("1", "111111", "222222", "333333", "042137"):
        state, answer = tried(state, given, 0)
        answers.append(answer)
    assert answers == [
        Answer.NOT_A_CODE, Answer.WRONG, Answer.WRONG, Answer.NO_MORE_TRIES, Answer.NO_MORE_TRIES,
    ]  # fmt: skip
    assert not state.proven


def test_a_code_expires() -> None:
    assert tried(SENT, "042137", proof.VALID_MS)[1] is Answer.PROVEN
    assert tried(SENT, "042137", proof.VALID_MS + 1)[1] is Answer.EXPIRED
    assert tried(Proof(), "042137", 0)[1] is Answer.NONE_SENT


def test_two_codes_and_one_number_in_a_call() -> None:
    """A second code replaces the first; another number is refused, and so is a third code."""
    assert proof.refusal(Proof(), CALLER) == ""
    assert "another number" in proof.refusal(SENT, "+12025550124")
    second = proof.sent(SENT, CALLER, "555555", 0, on_file=False)
    assert tried(second, "042137", 0)[1] is Answer.WRONG
    assert "No more codes" in proof.refusal(second, CALLER)
    proven, _ = tried(second, "555555", 0)
    assert "proven already" in proof.refusal(proven, CALLER)
