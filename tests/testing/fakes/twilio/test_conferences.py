"""The local carrier's conferences: who hears whom, when they begin and end, what is reported, and the REST API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from telephony.audio import wav
from telephony.audio.tones import sine
from telephony.console.carrier.playout import SILENCE
from telephony.testing.fakes.twilio.carrier import CarrierFaults, PhoneCall
from telephony.testing.fakes.twilio.faults import Step, StepFaults
from tests.testing.fakes.twilio.office import HIGH, LOW, OTHER, Office, office, refusal

MIDDLE = sine(500, 1_000)


def room(it: Office, **attributes: str) -> str:
    """The document of a participant; with `reported`, it asks for all reports."""
    if attributes.pop("reported", ""):
        attributes |= {"statusCallback": it.url("/room"), "statusCallbackEvent": "start end join leave mute hold"}
    pairs = "".join(f" {name}='{value}'" for name, value in attributes.items())
    conference = f"<Conference beep='false' waitUrl=''{pairs}>room</Conference>"
    return f"<Dial action='{it.url('/after')}'>{conference}</Dial><Say>Never.</Say>"


async def enters(it: Office, twiml: str) -> PhoneCall:
    """A placed call that has entered the room."""
    phone = await it.placed(twiml, to=OTHER)
    await phone.until(lambda: any(phone.sid in found.participants for found in it.carrier.conferences.rooms.values()))
    return phone


def said(phone: PhoneCall) -> bytes:
    return phone.heard().strip(SILENCE)


async def events(it: Office, last: str) -> list[str]:
    """What was reported up to an event."""
    while last not in (found := [form["StatusCallbackEvent"] for form in it.at("/room")]):
        it.changed.clear()
        await it.changed.wait()
    return found


async def test_two_hear_each_other_and_the_end_of_one_ends_it_for_the_other(tmp_path: Path) -> None:
    """A caller and a placed call; the caller goes on with the document of the action URL."""
    async with office() as it:
        it.answers["/after"] = "<Say>You are back with me.</Say>"
        human = await enters(it, room(it, reported="yes", endConferenceOnExit="true"))
        caller = await it.called(voice=room(it))
        assert await events(it, "conference-start") == ["participant-join", "participant-join", "conference-start"]
        await caller.say(LOW)
        await human.say(HIGH)
        await caller.press("7")
        await human.until(lambda: human.keys_heard == "7")
        await human.hang_up()
        await caller.ended()
        assert (await events(it, "conference-end"))[3:] == ["participant-leave", "participant-leave", "conference-end"]
        assert said(human) == LOW.strip(SILENCE)
        assert said(caller) == HIGH.strip(SILENCE)
        assert (caller.spoken, it.at("/after")[0]["DialCallStatus"]) == (["You are back with me."], "answered")
        forms = it.at("/room")
        assert [form.get("CallSid") for form in forms] == [
            human.sid, caller.sid, None, human.sid, caller.sid, None]  # fmt: skip
        assert [form["SequenceNumber"] for form in forms] == ["1", "2", "3", "4", "5", "6"]
        assert {(form["FriendlyName"], form["ConferenceSid"][:2]) for form in forms} == {("room", "CF")}
        assert (forms[0]["EndConferenceOnExit"], forms[1]["EndConferenceOnExit"]) == ("true", "false")
        assert forms[-1]["CallSidEndingConference"] == human.sid
        caller.stereo_wav(tmp_path / "caller.wav")
        left, right = wav.read(tmp_path / "caller.wav")
        assert left.strip(SILENCE) == LOW.strip(SILENCE)
        assert right.strip(SILENCE) == HIGH.strip(SILENCE)


async def test_three_are_mixed_and_one_who_is_muted_or_held_is_not_heard() -> None:
    async with office() as it:
        first, second, third = [await enters(it, room(it, reported="yes")) for _ in range(3)]
        await _speak_at_once(first, second)
        await third.agent_silent(for_ms=300)
        assert said(third) not in (b"", LOW.strip(SILENCE), HIGH.strip(SILENCE))
        (conference,) = await it.client.conferences.list_async(friendly_name="room")
        participant = it.client.conferences(conference.sid).participants(first.sid)
        assert (await participant.update_async(muted=True)).muted is True
        before = len(third.heard())
        await _speak_at_once(first, second)
        await third.agent_silent(for_ms=300)
        assert third.heard()[before:].strip(SILENCE) == HIGH.strip(SILENCE)
        assert (await participant.update_async(muted=False, hold=True)).hold is True
        await second.say(MIDDLE)
        await third.agent_silent(for_ms=300)
        assert MIDDLE.strip(SILENCE) in third.heard()
        assert MIDDLE.strip(SILENCE) not in first.heard()
        assert (await events(it, "participant-hold"))[4:] == ["participant-mute", "participant-unmute",
                                                              "participant-hold"]  # fmt: skip


async def _speak_at_once(first: PhoneCall, second: PhoneCall) -> None:
    first.line.voice.add(LOW)
    await second.say(HIGH)
    await first.until(lambda: first.line.voice.taken % len(LOW) == 0)


async def test_it_waits_for_one_who_starts_it() -> None:
    """Those who wait hear nobody and are heard by nobody; the lists of the API leave them out."""
    async with office() as it:
        early = await enters(it, room(it, startConferenceOnEnter="false"))
        other = await enters(it, room(it, startConferenceOnEnter="false"))
        await early.say(LOW)
        assert await it.client.conferences.list_async() == []
        (waiting,) = await it.client.conferences.list_async(status="init")
        await enters(it, room(it))
        (begun,) = await it.client.conferences.list_async()
        assert (begun.sid, begun.status) == (waiting.sid, "in-progress")
        await early.say(HIGH)
        await other.agent_silent(for_ms=300)
        assert said(other) == HIGH.strip(SILENCE)


async def test_the_last_one_ends_it_and_a_name_can_be_used_again() -> None:
    async with office() as it:
        first = await enters(it, room(it, reported="yes"))
        await first.hang_up()
        assert await events(it, "conference-end") == ["participant-join", "participant-leave", "conference-end"]
        await enters(it, room(it))
        (old,) = await it.client.conferences.list_async(status="completed")
        (new,) = await it.client.conferences.list_async()
        assert old.sid != new.sid
        assert await it.client.conferences(old.sid).participants.list_async() == []
        assert await refusal(it.client.conferences(old.sid).participants(first.sid).fetch_async()) == 20404


async def test_the_api_ends_it_removes_one_and_announces() -> None:
    """An announcement is a document, and is heard by one or by all; whoever is removed goes on with the action URL."""
    async with office() as it:
        it.answers |= {"/news": "<Say>The caller has hung up.</Say>", "/keys": "<Play digits='w12'/>", "/after": ""}
        human, caller = await enters(it, room(it)), await enters(it, room(it))
        (found,) = await it.client.conferences.list_async()
        conference: Any = it.client.conferences(found.sid)
        assert [one.call_sid for one in await conference.participants.list_async()] == [human.sid, caller.sid]
        await conference.participants(human.sid).update_async(announce_url=it.url("/news"))
        await human.until(lambda: human.spoken == ["The caller has hung up."])
        await conference.update_async(announce_url=it.url("/keys"))
        await human.until(lambda: human.keys_heard == "12")
        await caller.until(lambda: caller.keys_heard == "12")
        assert caller.spoken == []
        assert await conference.participants(caller.sid).delete_async() is True
        await caller.ended()
        assert (await conference.fetch_async()).status == "in-progress"
        await conference.update_async(status="completed")
        await human.ended()
        assert [form["CallSid"] for form in it.at("/after")] == [caller.sid, human.sid]
        assert await refusal(conference.update_async(status="completed")) == 20001
        assert await refusal(it.client.conferences("CF" + "0" * 32).fetch_async()) == 20404


async def test_a_redirect_takes_one_out() -> None:
    """Nothing is asked for at the action URL."""
    async with office(faults=CarrierFaults(conference_over="completed")) as it:
        it.answers["/after"] = ""
        human, caller = await enters(it, room(it)), await enters(it, room(it, endConferenceOnExit="true"))
        await it.client.calls(caller.sid).update_async(twiml="<Response><Say>With me again.</Say></Response>")
        await caller.ended()
        await human.ended()
        assert caller.spoken == ["With me again."]
        assert [(form["CallSid"], form["DialCallStatus"]) for form in it.at("/after")] == [(human.sid, "completed")]


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        (StepFaults(lost=frozenset({"participant-join"})), ["participant-leave", "conference-end"]),
        (StepFaults(late=frozenset({"participant-join"})), ["participant-leave", "conference-end", "participant-join"]),
        (StepFaults(times=2), ["participant-join"] * 2 + ["participant-leave"] * 2 + ["conference-end"] * 2),
        (StepFaults(delay_ms=500), ["participant-join", "participant-leave", "conference-end"]),
    ],
)
async def test_reports_are_lost_late_doubled_or_delayed(faults: StepFaults, expected: list[str]) -> None:
    async with office() as it:
        it.carrier.steps[Step.CONFERENCES] = faults
        phone = await enters(it, room(it, reported="yes"))
        await phone.hang_up()
        await it.asked("/room", len(expected))
        assert [form["StatusCallbackEvent"] for form in it.at("/room")] == expected
