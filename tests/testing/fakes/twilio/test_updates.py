"""The local carrier's calls in the hands of the REST API: placed with a text, redirected, ended, limited."""

from __future__ import annotations

import pytest

from telephony.console.carrier.playout import SILENCE
from telephony.testing.fakes.twilio.carrier import Carrier, CarrierFaults
from telephony.testing.fakes.twilio.outgoing import Callee
from telephony.testing.fakes.twilio.phone_call import Source
from telephony.testing.fakes.twilio.updates import Update
from telephony.twilio import twiml
from tests.testing.fakes.twilio.office import LOW, OURS, THEIRS, Office, office, refusal
from tests.twilio.service import TOKEN, service


async def test_a_call_is_placed_with_a_text() -> None:
    """No document is fetched for it; its reports and its state in the API are those of any call."""
    async with office() as it:
        phone = await it.placed("<Say>Hello.</Say>", status_callback=it.url("/status"))
        await phone.ended()
        assert (phone.spoken, phone.outcome) == (["Hello."], "completed")
        assert [form["path"] for form in it.forms] == ["/status"]
        found = await it.client.calls(phone.sid).fetch_async()
        assert (found.status, found.to, found.direction) == ("completed", THEIRS, "outbound-api")


async def test_a_url_is_preferred_to_a_text_and_one_of_them_is_needed() -> None:
    async with office() as it:
        it.answers["/voice"] = "<Say>From the URL.</Say>"
        phone = await it.placed("<Say>From the text.</Say>", url=it.url("/voice"))
        await phone.ended()
        assert phone.spoken == ["From the URL."]
        assert await refusal(it.placed()) == 21200
        assert await refusal(it.placed("x" * 4_000)) == 21200


async def test_a_redirect_replaces_what_is_executed() -> None:
    """By text and by URL, with either method. What was said while nobody listened is lost."""
    async with office() as it:
        it.answers["/next"] = "<Say>two</Say><Pause length='600'/><Say>never</Say>"
        it.answers["/last"] = "<Say>three</Say>"
        phone = await it.placed("<Say>one</Say><Pause length='600'/><Say>never</Say>")
        await phone.until(lambda: phone.spoken == ["one"])
        await phone.say(LOW)
        await it.client.calls(phone.sid).update_async(url=it.url("/next"))
        await phone.until(lambda: phone.spoken == ["one", "two"])
        await it.client.calls(phone.sid).update_async(url=it.url("/last"), method="GET")
        await phone.ended()
        assert phone.spoken == ["one", "two", "three"]
        assert phone.caller_audio().strip(SILENCE) == LOW.strip(SILENCE)
        assert len(phone.twiml) == 3


async def test_a_redirect_ends_the_stream_and_asks_for_no_action() -> None:
    """The service gets `stop`, then the socket closes; `<Connect action>` belongs to the document that was left."""
    async with (
        service() as it,
        Carrier(auth_token=TOKEN, clock=it.clock, faults=CarrierFaults(update_ms=400)) as carrier,
    ):
        phone = await carrier.dial(it.base_url + "/voice", status_url=it.base_url + "/status")
        await it.ready()
        began_ms = phone.now_ms
        carrier.update(phone, _say("A colleague takes over."))
        assert not phone.spoken
        await phone.ended()
        assert phone.spoken == ["A colleague takes over."]
        assert phone.now_ms - began_ms >= 400
        await it.until(lambda: it.legs_over == 1)
        assert it.left() == ["stop"]
        assert [form["path"] for form in it.forms] == ["/voice", "/status"]


def _say(text: str) -> Update:
    return Update(Source(twiml.hang_up(text)))


async def test_a_call_that_nobody_has_answered_can_be_ended_and_not_redirected() -> None:
    async with office() as it:
        it.carrier.outgoing.callees[THEIRS] = Callee(ring_ms=50_000)
        for status in ("canceled", "completed"):
            phone = await it.placed("<Say>Hello.</Say>", status_callback=it.url("/status"))
            call = it.client.calls(phone.sid)
            await phone.until(lambda phone=phone: phone.record.status == "ringing")  # type: ignore[misc]
            assert await refusal(call.update_async(twiml="<Response/>")) == 21220
            await call.update_async(status=status)
            await phone.ended()
            assert (phone.outcome, phone.spoken) == ("canceled", [])
            assert await refusal(call.update_async(status="completed")) == 21220
        assert [form["CallStatus"] for form in it.at("/status")] == ["canceled", "canceled"]


async def test_updates_that_make_no_sense_are_refused() -> None:
    """An unknown call is 20404; `canceled` leaves a call alone that has been answered."""
    async with office() as it:
        phone = await it.called(voice="<Pause length='600'/>")
        call = it.client.calls(phone.sid)
        await phone.until(lambda: bool(phone.twiml))
        assert await refusal(it.client.calls("CA" + "0" * 32).update_async(status="completed")) == 20404
        assert await refusal(call.update_async(twiml="<Response/>", url="http://h.example/")) == 21200
        assert await refusal(call.update_async(status="busy")) == 21200
        assert await refusal(call.update_async()) == 21200
        assert (await call.update_async(status="canceled")).status == "in-progress"
        assert (await call.update_async(status="completed")).status == "completed"
        await phone.ended()
        assert phone.outcome == "completed"


@pytest.mark.parametrize("of_the_update", [True, False])
async def test_a_time_limit_ends_the_call(of_the_update: bool) -> None:
    """It may be given with the call, and replaced later."""
    async with office() as it:
        phone = await it.placed("<Pause length='600'/>", time_limit=400 if of_the_update else 4)
        await phone.until(lambda: bool(phone.twiml))
        if of_the_update:
            await it.client.calls(phone.sid).update_async(time_limit=4)
        began_ms = phone.now_ms
        await phone.ended()
        assert 3_500 <= phone.now_ms - began_ms <= 10_000


async def test_a_call_that_is_placed_while_the_carrier_closes_ends_at_once() -> None:
    """Otherwise the test that closes it would wait for that call."""
    async with office() as it:
        it.answers["/after"] = lambda form: _places(it)
        caller = await it.called(voice="<Redirect>/after</Redirect>")
        await it.asked("/after")
    assert caller.outcome
    assert {call.outcome for call in it.carrier.calls.values() if call is not caller} == {"canceled"}


def _places(it: Office) -> str:
    it.carrier._closing = True
    it.carrier.place({"To": [THEIRS], "From": [OURS], "Twiml": ["<Response><Pause length='6000'/></Response>"]})
    return ""
