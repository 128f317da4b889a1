"""Complete calls over real sockets: carrier, service and providers speak their protocols, at 20 times real time."""

from __future__ import annotations

import asyncio
import gc
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from telephony.agent import Agent, AgentSource, IncomingCall, Reject
from telephony.audio import wav
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core.policy import Limits, Wording
from telephony.testing.fakes.openai.server import CallTool, Part, Say
from telephony.testing.fakes.twilio.carrier import PhoneCall
from telephony.testing.fakes.twilio.faults import CarrierFaults
from telephony.testing.stack import Stack, local_stack
from telephony.testing.steady import SteadyClock
from telephony.tools import tool
from telephony.twilio.direct import direct_of
from telephony.twilio.leg import MediaLeg

SPEED = 20
LONG = (
    "We open at nine in the morning and close at six in the evening. On Sundays we stay closed all day. "
    "Please book ahead for groups of more than four people."
)
HELLO = "Hello, how can I help?"
booked: list[int] = []


@tool
async def book_table(people: int) -> str:
    """Book a table."""
    booked.append(people)
    return f"Booked for {people}."


def agent(greeting: str = HELLO, limits: Limits | None = None) -> Agent:
    return Agent(prompt="You are a test.", greeting=greeting, tools=(book_table,), limits=limits or Limits())


def last_user(body: dict[str, Any]) -> str:
    return next((m["content"] for m in reversed(body["messages"]) if m["role"] == "user"), "")


def respond(body: dict[str, Any]) -> list[Part]:
    said, last = last_user(body), body["messages"][-2]
    if last["role"] == "tool":
        return [Say("It is booked.")] if "Booked" in last["content"] else [Say("Goodbye and thank you!")]
    if "bye" in said:
        return [Say("Thank you, goodbye!"), CallTool("end_call", {"reason": "done"})]
    if "table" in said:
        return [CallTool("book_table", {"people": 2})]
    return [Say(LONG)]


async def hear_greeting(stack: Stack, phone: PhoneCall) -> None:
    tape = await stack.tape(phone)
    await tape.until(lambda: ("agent", HELLO) in tape.lines)


def stack(agents: AgentSource | None = None, **settings: Any) -> AbstractAsyncContextManager[Stack]:
    settings.setdefault("replies", respond)
    return local_stack(agents or agent(), clock=SteadyClock(SPEED), **settings)


async def test_a_call_from_hello_to_goodbye(tmp_path: Path) -> None:
    """An immediate greeting, an answer, a tool, a goodbye played to its end, and a hang-up by the service."""
    booked.clear()
    async with asyncio.timeout(60), stack() as s:
        phone = await s.dial()
        await hear_greeting(s, phone)
        await s.says(phone, "what are your opening hours")
        tape = await s.tape(phone)
        await tape.until(lambda: ("agent", LONG) in tape.lines)
        await s.says(phone, "a table for two please")
        await tape.until(lambda: ("agent", "It is booked.") in tape.lines)
        await s.says(phone, "thank you bye")
        await phone.ended()
        assert booked == [2]
        assert phone.outcome == "completed"
        assert phone.violations == []
        assert tape.lines[-1] == ("agent", "Thank you, goodbye!")
        assert tape.actions(a.EndCall)[0][1].reason == "agent"
        started = tape.events(a.SendAudio) or tape.actions(a.SendAudio)
        first_audio = started[0][0]
        call_started = next(step.now_ms for step in tape.steps if type(step.event).__name__ == "CallStarted")
        assert first_audio == call_started  # the greeting was already synthesised
        path = tmp_path / "call.wav"
        phone.stereo_wav(path)
        left, right = wav.read(path)
        assert len(left) == len(right)
        assert s.service.registry.calls == {}


async def test_barge_in_clears_and_history_holds_what_was_heard() -> None:
    """An interruption silences the agent, and the history has only what the carrier really played."""
    async with asyncio.timeout(60), stack() as s:
        phone = await s.dial()
        await hear_greeting(s, phone)
        await s.says(phone, "what are your opening hours")
        await phone.agent_speaking()
        tape = await s.tape(phone)
        begun = len(tape.steps)
        await tape.until(lambda: len([1 for x in tape.steps[begun:] if type(x.event).__name__ == "MarkReached"]) > 4)
        await s.says(phone, "wait a table for two please")
        await tape.until(lambda: ("agent", "It is booked.") in tape.lines)
        cut = next(text for who, text in tape.lines if who == "agent" and text.endswith(" --"))
        heard = cut.removesuffix(" --")
        assert LONG.startswith(heard)
        assert heard != LONG
        assert phone.clears
        history = s.openai.requests[-1]["messages"]
        assert {"role": "assistant", "content": f"{heard} —"} in history
        assert phone.cleared_bytes > 0
        await phone.hang_up()
        await phone.ended()


async def test_hang_up_frees_everything() -> None:
    """After a hang-up no task or call is left, and further calls work as the first one did."""
    async with asyncio.timeout(60), stack() as s:
        for _ in range(3):
            phone = await s.dial()
            await hear_greeting(s, phone)
            live = s.service.registry.calls[phone.sid]
            await phone.hang_up()
            await phone.ended()
            await live.done.wait()
            assert s.tapes[phone.sid].closed
        assert s.service.registry.calls == {}
        gc.collect()
        names = [t.get_name() for t in asyncio.all_tasks()]
        assert [n for n in names if n.startswith(("call ", "reply "))] == []


async def test_socket_lost_without_stop_reconnects_the_caller_once() -> None:
    """If a stream breaks without a known ending, the caller hears an apology and is connected again, once."""
    async with asyncio.timeout(60), stack() as s:
        phone = await s.dial()
        await hear_greeting(s, phone)
        live = s.service.registry.calls[phone.sid]
        leg = live.leg.result()
        assert isinstance(leg, MediaLeg)
        direct = direct_of(leg._socket.scope)
        assert direct is not None
        direct.abort()
        await phone.until(lambda: len(phone.twiml) >= 2)
        assert "<Stream" in phone.twiml[1]
        await phone.until(
            lambda: phone.sid in s.service.registry.calls and s.service.registry.calls[phone.sid] is not live
        )
        await phone.agent_speaking()
        again = s.service.registry.calls[phone.sid]
        await phone.until(lambda: again.leg.done())
        leg = again.leg.result()
        assert isinstance(leg, MediaLeg)
        direct = direct_of(leg._socket.scope)
        assert direct is not None
        direct.abort()
        await phone.ended()
        assert any("technical trouble" in text for text in phone.spoken)


async def test_a_hanging_model_is_covered_by_a_filler() -> None:
    """The caller hears a prepared sentence within 2.5 s, even if the model never answers."""
    async with asyncio.timeout(60), stack() as s:
        s.openai.faults.hang_before_headers = True
        phone = await s.dial()
        await hear_greeting(s, phone)
        tape = await s.tape(phone)
        await s.says(phone, "what are your opening hours")
        await tape.until(lambda: ("agent", Wording().filler) in tape.lines)
        end_of_turn = next(t for t, _ in tape.actions(d.TurnEnded))
        filler = next(t for t, _ in tape.actions(d.FillerSaid))
        assert filler - end_of_turn <= 1_940
        s.openai.faults.hang_before_headers = False
        await phone.hang_up()


async def test_without_tts_the_carrier_speaks_the_apology() -> None:
    """With neither TTS nor prepared phrases, Twilio says the apology in the webhook that follows the stream."""
    async with asyncio.timeout(60):
        quick = agent(limits=Limits(silence_prompt_ms=60_000))
        clock = SteadyClock(SPEED)
        from telephony.testing.fakes.elevenlabs.tts import LocalTts, TtsFaults

        tts = LocalTts(clock=clock, faults=TtsFaults(refuse=401))
        async with local_stack(quick, clock=clock, replies=respond, tts=tts) as s:
            phone = await s.dial()
            await phone.ended()
            assert any("technical trouble" in text for text in phone.spoken)


async def test_a_tts_socket_that_drops_in_a_sentence_loses_nothing() -> None:
    """The rest of the sentence is spoken over a new socket, and the transcript is complete."""
    async with asyncio.timeout(60), stack() as s:
        phone = await s.dial()
        await hear_greeting(s, phone)
        s.elevenlabs.tts.faults.drop_after_bytes = 9_000
        tape = await s.tape(phone)
        await s.says(phone, "what are your opening hours")
        await tape.until(lambda: ("agent", LONG) in tape.lines)
        assert len({x.attempt for _, x in tape.actions(a.Speak)}) == 2
        await phone.hang_up()


async def test_an_stt_socket_that_drops_in_a_word_loses_nothing() -> None:
    """The STT's socket breaks while the caller speaks; the audio since the last commit is sent again."""
    async with asyncio.timeout(60), stack() as s:
        phone = await s.dial()
        await hear_greeting(s, phone)
        tape = await s.tape(phone)
        connections = s.elevenlabs.stt.connections
        s.elevenlabs.stt.faults.drop = True
        s.elevenlabs.stt.script.add("what are your opening hours")  # for the connection that breaks, if it hears any
        await s.says(phone, "what are your opening hours")
        await tape.until(lambda: ("agent", LONG) in tape.lines)
        assert s.elevenlabs.stt.connections > connections
        await phone.hang_up()


async def test_keys_reach_the_model_as_text() -> None:
    """The model gets pressed keys as a line of the caller."""
    async with asyncio.timeout(60), stack() as s:
        phone = await s.dial()
        await hear_greeting(s, phone)
        tape = await s.tape(phone)
        await phone.press("42#")
        await tape.until(lambda: ("caller", "[keys: 42#]") in tape.lines)
        await phone.hang_up()


async def test_two_calls_do_not_hear_each_other() -> None:
    """Calls at the same time are independent: lines of one never appear in the other."""

    def by_number(call: IncomingCall) -> Agent:
        return agent(greeting=f"Hello {call.caller[-1]}.")

    async with asyncio.timeout(60), stack(agents=by_number) as s:
        one, two = await s.dial(caller="+15550000001"), await s.dial(caller="+15550000002")
        tapes = [await s.tape(one), await s.tape(two)]
        await tapes[0].until(lambda: bool(tapes[0].lines))
        await tapes[1].until(lambda: bool(tapes[1].lines))
        assert [tape.lines[0] for tape in tapes] == [("agent", "Hello 1."), ("agent", "Hello 2.")]
        await s.says(one, "what are your opening hours")
        await tapes[0].until(lambda: ("agent", LONG) in tapes[0].lines)
        assert [line for line in tapes[1].lines if line[0] == "caller"] == []
        await one.hang_up()
        await two.hang_up()


async def test_agent_function_that_raises_hangs_or_rejects() -> None:
    """The webhook's answer tells the caller why the call is not taken."""

    async def hang(call: IncomingCall) -> Agent:
        await asyncio.Event().wait()
        raise AssertionError

    def fail(call: IncomingCall) -> Agent:
        raise RuntimeError("no database")

    for source, words in (
        (hang, "technical trouble"),
        (fail, "technical trouble"),
        (lambda call: Reject("We are closed."), "We are closed."),
    ):
        async with asyncio.timeout(60), stack(agents=source) as s:
            phone = await s.dial()
            await phone.ended()
            assert any(words in text for text in phone.spoken)
            assert s.service.registry.calls == {}


async def test_a_call_over_the_limit_hears_the_busy_phrase() -> None:
    """At TELEPHONY_MAX_CALLS the webhook answers with the spoken "busy" phrase."""
    async with asyncio.timeout(60), stack(max_calls=1) as s:
        first = await s.dial()
        await hear_greeting(s, first)
        second = await s.dial()
        await second.ended()
        assert second.spoken == [Wording().busy]
        await first.hang_up()


async def test_drain_lets_the_call_end_and_takes_no_new_one() -> None:
    """During a drain new callers are asked to call again; a live call ends with a goodbye at the deadline."""
    async with asyncio.timeout(60), stack() as s:
        phone = await s.dial()
        await hear_greeting(s, phone)
        draining = asyncio.create_task(s.service.registry.drain(3_000))
        await phone.until(lambda: s.service.registry.draining)
        late = await s.dial()
        await late.ended()
        assert late.spoken == [Wording().draining]
        await phone.ended()
        await draining
        assert (await s.tape(phone)).lines[-1] == ("agent", Wording().draining)
        assert phone.outcome == "completed"


async def test_status_callback_ends_a_call_in_any_order() -> None:
    """A terminal status may come before, after or without the stop."""
    async with asyncio.timeout(60), stack() as s:
        phone = await s.dial(faults=CarrierFaults(stop=False))
        await hear_greeting(s, phone)
        live = s.service.registry.calls[phone.sid]
        await phone.hang_up()
        await phone.ended()
        await live.done.wait()
        assert s.service.registry.calls == {}


async def test_a_call_whose_stream_never_comes_is_reaped() -> None:
    """The webhook prepares the call; no stream follows; the call ends and frees its connections."""
    import httpx2

    from telephony.testing.stack import AUTH_TOKEN
    from telephony.twilio.signature import sign_webhook

    async with asyncio.timeout(60), stack() as s, httpx2.AsyncClient(trust_env=False) as http:
        form = {"CallSid": "CA" + "0" * 32, "From": "+15550001111", "CallStatus": "ringing"}
        headers = {"X-Twilio-Signature": sign_webhook(AUTH_TOKEN, s.voice_url, form.items())}
        answer = await http.post(s.voice_url, data=form, headers=headers)
        assert "<Stream" in answer.text
        live = s.service.registry.calls[form["CallSid"]]
        again = await http.post(s.voice_url, data=form, headers=headers)
        assert again.status_code == 200
        assert len(s.service.registry.calls) == 1
        await live.done.wait()
        assert s.service.registry.calls == {}
