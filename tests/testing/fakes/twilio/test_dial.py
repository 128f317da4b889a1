"""The local carrier's `<Dial>`: who is called, what they hear first, and what the service is told of it."""

from __future__ import annotations

import pytest
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse  # type: ignore[import-untyped]

from telephony.console.carrier import twiml
from telephony.console.carrier.playout import SILENCE
from telephony.testing.fakes.twilio.callees import Callee, hangs_up, mailbox, presses
from telephony.testing.fakes.twilio.carrier import CarrierFaults, PhoneCall
from telephony.testing.fakes.twilio.faults import Step, StepFaults
from tests.testing.fakes.twilio.office import HIGH, LOW, OTHER, OURS, THEIRS, Office, office

SALES, SUPPORT = "+15550001111", "+15550002222"
WHISPER = "<Gather numDigits='1' timeout='3' action='/accept'><Say>Press 1 to accept.</Say></Gather><Hangup/>"


def dial(inside: str, **attributes: str) -> str:
    pairs = "".join(f" {name}='{value}'" for name, value in attributes.items())
    return f"<Dial action='/after'{pairs}>{inside}</Dial><Say>Never.</Say>"


def test_what_twilios_builder_writes_is_understood() -> None:
    response = VoiceResponse()
    gather = Gather(num_digits=1, action="/accept", timeout=7, finish_on_key="*")
    gather.say("Press 1.")
    response.append(gather)
    dialled = Dial(action="/after", timeout=20, caller_id=OURS, answer_on_bridge=True, sequential=True, time_limit=60)
    dialled.number(SALES, url="/whisper", status_callback="/leg", status_callback_event="ringing answered")
    dialled.number(SUPPORT, send_digits="ww1")
    response.append(dialled)
    room = Dial()
    room.conference("room", start_conference_on_enter=False, end_conference_on_exit=True, beep="false", muted=True,
                    wait_url="", status_callback="/room", status_callback_event="join leave")  # fmt: skip
    response.append(room)
    response.play(digits="w1#")
    callback = twiml.Callback("/leg", ("ringing", "answered"))
    numbers = (
        twiml.Number(SALES, "/whisper", callback),
        twiml.Number(SUPPORT, callback=twiml.Callback("", ("completed",)), send_digits="ww1"),
    )
    conference = twiml.Conference("room", False, True, True, twiml.Callback("/room", ("join", "leave")))
    assert twiml.parse(str(response), "text/xml") == [
        twiml.Gather((twiml.Say("Press 1."),), "/accept", 1, 7_000, "*"),
        twiml.Dial((SALES, SUPPORT), OURS, numbers, None, "/after", 20_000, 60_000, True, True),
        twiml.Dial(("room",), conference=conference),
        twiml.Play("", "w1#"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        "<Pause length='long'/>",
        "<Dial timeout='-1'>+15550001111</Dial>",
        "<Dial><Conference>a</Conference><Conference>b</Conference></Dial>",
        "<Dial><Conference>a</Conference><Number>+15550001111</Number></Dial>",
        "<Gather><Dial>+15550001111</Dial></Gather>",
        "<Gather numDigits='one'/>",
    ],
)
def test_what_twilio_would_not_execute_is_an_error(body: str) -> None:
    with pytest.raises(twiml.TwimlError, match="12200"):
        twiml.parse(f"<Response>{body}</Response>", "text/xml")


async def test_the_two_hear_each_other_until_one_hangs_up() -> None:
    """Then the action URL decides; verbs after `<Dial>` are not reached. Keys are tones for the other one."""
    async with office() as it:
        it.carrier.outgoing.callees[SALES] = Callee()
        it.answers["/after"] = "<Say>Back again.</Say><Hangup/>"
        caller = await it.called(voice=dial(f"<Number>{SALES}</Number>", callerId=OURS))
        human = await it.carrier.call_to(SALES)
        await human.until(lambda: human.record.status == "in-progress")
        await human.say(HIGH)
        await caller.say(LOW)
        await caller.press("5")
        await human.until(lambda: human.keys_heard == "5")
        await human.hang_up()
        await caller.ended()
        assert caller.heard().strip(SILENCE) == HIGH.strip(SILENCE)
        assert human.heard().strip(SILENCE) == LOW.strip(SILENCE)
        assert (caller.spoken, caller.dialled) == (["Back again."], [SALES])
        form = it.at("/after")[0]
        assert (form["DialCallStatus"], form["DialBridged"], form["DialCallSid"]) == ("completed", "true", human.sid)
        assert int(form["DialCallDuration"]) >= 1
        assert (human.record.parties.caller, human.record.parent) == (OURS, caller.sid)


@pytest.mark.parametrize(
    ("callee", "status", "rang_ms"),
    [
        (Callee("busy"), "busy", 1_000),
        (Callee("failed", sip="404"), "failed", 1_000),
        (Callee("no-answer"), "no-answer", 4_000),
        (Callee(ring_ms=9_000), "no-answer", 4_000),
    ],
)
async def test_whoever_does_not_answer_is_told_of(callee: Callee, status: str, rang_ms: int) -> None:
    async with office() as it:
        it.carrier.outgoing.callees[SALES] = callee
        it.answers["/after"] = "<Say>Sorry.</Say>"
        caller = await it.called(voice=dial(f"<Number>{SALES}</Number>", timeout="4"))
        await caller.ended()
        form = it.at("/after")[0]
        assert (form["DialCallStatus"], form["DialBridged"]) == (status, "false")
        assert "DialCallDuration" not in form
        assert rang_ms <= caller.now_ms <= rang_ms + 3_000
        assert caller.spoken == ["Sorry."]


@pytest.mark.parametrize(
    ("callee", "bridged"),
    [
        (Callee(script=presses("1", once_spoken="Press 1")), True),
        (Callee(script=presses("2", once_spoken="Press 1")), False),
        (Callee(script=hangs_up(once_spoken="Press 1")), False),
        (Callee(script=mailbox(HIGH * 3)), False),
    ],
)
async def test_a_whisper_decides_who_is_connected(callee: Callee, bridged: bool) -> None:
    """A key at the right time connects; another key, hanging up and a mailbox do not. The caller hears none of it."""
    async with office(faults=CarrierFaults(refused_whisper="no-answer")) as it:
        it.carrier.outgoing.callees[SALES] = callee
        it.answers["/whisper"] = WHISPER
        it.answers["/accept"] = lambda form: "" if form["Digits"] == "1" else "<Hangup/>"
        it.answers["/after"] = "<Hangup/>"
        caller = await it.called(voice=dial(f"<Number url='/whisper'>{SALES}</Number>"))
        human = await it.carrier.call_to(SALES)
        if bridged:
            await human.say(LOW)
            await human.hang_up()
        await caller.ended()
        await human.ended()
        form = it.at("/after")[0]
        assert (form["DialCallStatus"], form["DialBridged"]) == (
            ("completed", "true") if bridged else ("no-answer", "false")
        )
        assert human.spoken == ["Press 1 to accept."]
        assert caller.heard().strip(SILENCE) == (LOW.strip(SILENCE) if bridged else b"")
        whisper = it.at("/whisper")[0]
        assert (whisper["CallSid"], whisper["ParentCallSid"], whisper["Direction"]) == (
            human.sid, caller.sid, "outbound-dial")  # fmt: skip


async def test_several_ring_at_once_and_the_first_to_answer_wins() -> None:
    async with office() as it:
        it.carrier.outgoing.callees |= {
            SALES: Callee(ring_ms=20_000),
            SUPPORT: Callee(ring_ms=500, script=hangs_up(after_ms=500)),
        }
        it.answers["/after"] = "<Hangup/>"
        caller = await it.called(voice=dial(f"<Number>{SALES}</Number><Number>{SUPPORT}</Number>"))
        await caller.ended()
        assert it.at("/after")[0]["DialCallSid"] == (await it.carrier.call_to(SUPPORT)).sid
        other = await it.carrier.call_to(SALES)
        await other.ended()
        assert other.outcome == "canceled"


async def test_one_after_the_other_if_it_says_so() -> None:
    async with office() as it:
        it.carrier.outgoing.callees |= {SALES: Callee("busy"), SUPPORT: Callee(script=hangs_up(after_ms=1_000))}
        it.answers["/after"] = "<Hangup/>"
        caller = await it.called(
            voice=dial(f"<Number>{SALES}</Number><Number>{SUPPORT}</Number><Number>{OTHER}</Number>", sequential="true")
        )
        await caller.ended()
        form = it.at("/after")[0]
        assert (form["DialCallStatus"], form["DialCallSid"]) == ("completed", (await it.carrier.call_to(SUPPORT)).sid)
        assert [call.record.parties.called for call in it.carrier.calls.values()] == [OURS, SALES, SUPPORT]


async def test_the_caller_may_hang_up_or_be_redirected_while_it_rings() -> None:
    """Nobody is called any longer, and the action URL is not asked."""
    async with office() as it:
        it.carrier.outgoing.callees[SALES] = Callee(ring_ms=20_000)
        for redirected in (True, False):
            caller = await it.called(voice=dial(f"<Number>{SALES}</Number>"))
            await caller.until(lambda caller=caller: bool(_legs_of(it, caller)))  # type: ignore[misc]
            human = _legs_of(it, caller)[0]
            if redirected:
                await it.client.calls(caller.sid).update_async(twiml="<Response><Say>Here again.</Say></Response>")
            else:
                await caller.hang_up()
            await caller.ended()
            await human.ended()
            assert human.outcome == "canceled"
            assert caller.spoken == (["Here again."] if redirected else [])
        assert it.at("/after") == []


def _legs_of(it: Office, caller: PhoneCall) -> list[PhoneCall]:
    return [call for call in it.carrier.calls.values() if call.record.parent == caller.sid]


async def test_each_leg_is_reported_with_what_goes_wrong_with_reports() -> None:
    """Sequence numbers tell the order; lost, doubled and late reports are those of `Step.DIAL`."""
    async with office() as it:
        it.carrier.outgoing.callees[SALES] = Callee(script=hangs_up())
        it.carrier.steps[Step.DIAL] = StepFaults(
            lost=frozenset({"initiated"}), late=frozenset({"answered"}), times=2, delay_ms=200
        )
        number = (
            f"<Number statusCallback='{it.url('/leg')}'"
            f" statusCallbackEvent='initiated ringing answered completed'>{SALES}</Number>"
        )
        caller = await it.called(voice=dial(number), after="<Hangup/>")
        await it.asked("/leg", 6)
        await caller.ended()
        forms = it.at("/leg")
        assert sorted(form["SequenceNumber"] for form in forms) == ["1", "1", "2", "2", "3", "3"]
        assert {form["CallStatus"] for form in forms} == {"ringing", "in-progress", "completed"}
        assert {form["CallSid"] for form in forms} == {(await it.carrier.call_to(SALES)).sid}


@pytest.mark.parametrize("on_bridge", [True, False])
async def test_a_caller_may_be_answered_only_when_somebody_else_has_answered(on_bridge: bool) -> None:
    async with office() as it:
        it.carrier.outgoing.callees[SALES] = Callee(script=hangs_up(after_ms=400))
        number = f"<Number>{SALES}</Number>"
        caller = await it.called(voice=dial(number, answerOnBridge=str(on_bridge).lower()), after="")
        await it.carrier.call_to(SALES)
        assert caller.record.status == ("ringing" if on_bridge else "in-progress")
        await caller.until(lambda: caller.record.status == "in-progress")
        await caller.ended()
        assert (await it.client.calls(caller.sid).fetch_async()).status == "completed"


async def test_a_caller_id_that_is_not_ours_is_refused() -> None:
    async with office() as it:
        it.carrier.outgoing.callees[SALES] = Callee()
        caller = await it.called(voice=dial(f"<Number>{SALES}</Number>", callerId=OTHER), after="<Hangup/>")
        await caller.ended()
        assert [code for code, _ in caller.violations] == ["13214"]
        assert it.at("/after")[0]["DialCallStatus"] == "failed"


async def test_the_number_of_the_caller_is_shown_by_default_and_digits_are_sent_at_the_answer() -> None:
    async with office() as it:
        it.carrier.outgoing.callees[SALES] = Callee()
        caller = await it.called(voice=dial(f"<Number sendDigits='w12'>{SALES}</Number>", timeLimit="3"), after="")
        human = await it.carrier.call_to(SALES)
        await caller.ended()
        assert (human.keys_heard, human.record.parties.caller) == ("12", THEIRS)
        assert it.at("/after")[0]["DialCallDuration"] == "3"


async def test_whoever_was_dialled_can_be_redirected_and_the_caller_goes_on() -> None:
    async with office() as it:
        it.carrier.outgoing.callees[SALES] = Callee()
        caller = await it.called(voice=dial(f"<Number>{SALES}</Number>"), after="<Say>Where is she?</Say>")
        human = await it.carrier.call_to(SALES)
        await human.until(lambda: human.record.status == "in-progress")
        await human.say(HIGH)
        await it.client.calls(human.sid).update_async(twiml="<Response><Say>You are wanted.</Say></Response>")
        await human.ended()
        await caller.ended()
        assert (human.spoken, caller.spoken) == (["You are wanted."], ["Where is she?"])
