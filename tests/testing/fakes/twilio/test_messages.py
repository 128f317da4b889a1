"""The local carrier's messages: sent, reported, refused, received; and what a look-up finds."""

from __future__ import annotations

import pytest

from telephony.testing.fakes.twilio.faults import Post, Step, StepFaults
from telephony.testing.fakes.twilio.messages.office import LANDLINE, Person, segments
from tests.testing.fakes.twilio.office import OTHER, OURS, THEIRS, Office, office, refusal


async def sent(it: Office, **options: str) -> str:
    """The SID of a message that Twilio's client has sent."""
    values = {"to": THEIRS, "from_": OURS, "body": "Main Street 5", "status_callback": it.url("/sms")} | options
    message = await it.client.messages.create_async(**values)
    assert (message.status, message.direction, message.num_segments) == ("queued", "outbound-api", "1")
    return str(message.sid)


async def test_a_message_is_sent_and_then_delivered() -> None:
    async with office() as it:
        sid = await sent(it)
        await it.asked("/sms", 2)
        assert [(form["MessageSid"], form["MessageStatus"], form["To"]) for form in it.forms] == [
            (sid, "sent", THEIRS), (sid, "delivered", THEIRS)]  # fmt: skip
        assert "ErrorCode" not in it.forms[1]
        assert it.carrier.messages.texts(THEIRS) == ["Main Street 5"]
        found = await it.client.messages(sid).fetch_async()
        assert (found.status, found.body, found.error_code) == ("delivered", "Main Street 5", None)
        assert [one.sid for one in await it.client.messages.list_async(to=THEIRS)] == [sid]
        assert await it.client.messages.list_async(to=OTHER) == []
        assert await refusal(it.client.messages("SM" + "0" * 32).fetch_async()) == 20404


async def test_a_landline_gets_nothing() -> None:
    async with office() as it:
        it.carrier.messages.people[THEIRS] = LANDLINE
        sid = await sent(it)
        form = await it.asked("/sms", 2)
        assert (form["MessageStatus"], form["ErrorCode"]) == ("undelivered", "30006")
        assert (await it.client.messages(sid).fetch_async()).error_code == 30006
        assert it.carrier.messages.texts(THEIRS) == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"to": "015551230000"}, 21211),
        ({"from_": OTHER}, 21606),
        ({"body": ""}, 21602),
        ({"body": "x" * 1_601}, 21617),
        ({"status_callback": "/sms"}, 21609),
        ({"to": "+15550000001"}, 21211),
        ({"to": "+4915550000002"}, 21408),
        ({"to": "+15550000003"}, 21614),
    ],
)
async def test_what_cannot_be_sent_is_refused(options: dict[str, str], code: int) -> None:
    async with office() as it:
        codes = {"+15550000001": 21211, "+4915550000002": 21408, "+15550000003": 21614}
        it.carrier.messages.people |= {number: Person(code=one) for number, one in codes.items()}
        assert await refusal(sent(it, **options)) == code
        assert it.carrier.messages.sent == {}
        assert len(it.carrier.messages.posts) == 1


async def test_people_write_to_us_and_opt_out_and_in() -> None:
    """The webhook is signed (the service checks that); STOP counts for one of our numbers."""
    async with office() as it:
        it.answers["/inbox"] = "<Message>Thank you.</Message>"
        texts = it.carrier.messages
        answer = await texts.text(it.url("/inbox"), THEIRS, "Is it still free?")
        assert answer is not None
        assert (answer.status_code, "Thank you." in answer.text) == (200, True)
        form = it.forms[0]
        assert (form["From"], form["To"], form["Body"], form["NumMedia"]) == (THEIRS, OURS, "Is it still free?", "0")
        assert form["MessageSid"].startswith("SM")
        assert "OptOutType" not in form
        await texts.text(it.url("/inbox"), THEIRS, " stop ")
        assert await refusal(sent(it)) == 21610
        await sent(it, to=OTHER)
        await texts.text(it.url("/inbox"), THEIRS, "Start")
        await sent(it)
        await texts.text(it.url("/inbox"), THEIRS, "HELP")
        assert [form.get("OptOutType") for form in it.at("/inbox")] == [None, "STOP", "START", "HELP"]


async def test_messages_to_us_may_come_twice_late_or_not_at_all() -> None:
    async with office() as it:
        texts = it.carrier.messages
        it.carrier.steps[Step.INBOUND_MESSAGE] = StepFaults(times=2)
        await texts.text(it.url("/inbox"), THEIRS, "STOP")
        first, second = it.at("/inbox")
        assert first == second
        it.carrier.steps[Step.INBOUND_MESSAGE] = StepFaults(lost=frozenset({"received"}))
        assert await texts.text(it.url("/inbox"), THEIRS, "START") is None
        assert len(it.at("/inbox")) == 2
        assert texts.stopped == set()


async def test_reports_have_their_faults() -> None:
    """Out of order, and doubled."""
    async with office() as it:
        it.carrier.steps[Step.MESSAGE] = StepFaults(late=frozenset({"sent"}), times=2)
        await sent(it)
        await it.asked("/sms", 4)
        assert [form["MessageStatus"] for form in it.forms] == ["delivered", "delivered", "sent", "sent"]


async def test_a_post_that_fails_may_have_sent_the_message() -> None:
    async with office() as it:
        it.carrier.steps[Step.MESSAGE] = StepFaults(post=[Post.FAILS, Post.FAILS_UNPLACED, Post.BUSY, Post.ANSWERED])
        assert [await refusal(sent(it)) for _ in range(3)] == [500, 500, 20429]
        assert len(it.carrier.messages.sent) == 1
        await sent(it)
        assert len(it.carrier.messages.posts) == 4


async def test_a_look_up_tells_the_type_of_line_if_asked() -> None:
    async with office() as it:
        it.carrier.messages.people[THEIRS] = LANDLINE
        numbers = it.client.lookups.v2.phone_numbers
        found = await numbers(THEIRS).fetch_async(fields="line_type_intelligence")
        assert (found.valid, found.line_type_intelligence["type"]) == (True, "landline")
        assert (await numbers(OTHER).fetch_async(fields="line_type_intelligence")).line_type_intelligence[
            "type"
        ] == "mobile"
        assert (await numbers(THEIRS).fetch_async()).line_type_intelligence is None
        assert (await numbers("+1555").fetch_async()).valid is False
        it.carrier.steps[Step.LOOKUP] = StepFaults(code=60600, status=404)
        assert await refusal(numbers(THEIRS).fetch_async()) == 60600


def test_the_number_of_segments() -> None:
    assert [segments(text) for text in ("x" * 160, "x" * 161, "é" * 70, "é" * 71)] == [1, 2, 1, 2]
