"""Managed calls over real sockets: carrier, service and Agents platform, on a clock running at 20 times real time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from telephony.agent import Agent, IncomingCall, ManagedAgent
from telephony.audio import wav
from telephony.audio.level import level
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import managed_events as m
from telephony.core.policy import Wording
from telephony.observe.turn_latency import TurnClock
from telephony.tape.choose import find
from telephony.tape.reader import read
from telephony.tape.replay import replay
from telephony.tape.show import steps, stereo_wav, timeline
from telephony.testing.fakes.elevenlabs.agents import BRIDGE_EVENTS, CLIENT_EVENTS, LocalAgent, LocalAgents
from telephony.testing.fakes.openai.server import CallTool, Part, Say
from telephony.testing.fakes.twilio.carrier import PhoneCall
from telephony.testing.fakes.twilio.faults import CarrierFaults
from telephony.testing.stack import Stack, Tape, local_stack
from telephony.testing.steady import SteadyClock
from telephony.tools import Toolbox, ToolContext, tool
from telephony.twilio.direct import direct_of
from telephony.twilio.leg import MediaLeg
from tests.elevenlabs.taped_calls import replays

SPEED = 20
HELLO = "Hello Ada! How can I help you?"
LONG = (
    "We open at nine in the morning and close at six in the evening. On Sundays we stay closed all day. "
    "Please book ahead for groups of more than four people."
)
booked: list[tuple[int, str]] = []


@tool
async def book_table(people: int, call: ToolContext) -> str:
    """Book a table."""
    booked.append((people, call.caller))
    return f"Booked for {people}."


@tool
def broken() -> str:
    """Never works."""
    raise RuntimeError("a bug of the user's")


def respond(body: dict[str, Any]) -> list[Part]:
    last = body["messages"][-1]
    if last["role"] == "tool":
        return [Say("It is booked." if "Booked" in last["content"] else "That did not work.")]
    said = last["content"] if last["role"] == "user" else ""
    if "bye" in said:
        return [Say("Thank you, goodbye!"), CallTool("end_call", {"reason": "done"})]
    if "table" in said:
        return [CallTool("book_table", {"people": 2})]
    if "broken" in said:
        return [CallTool("broken", {})]
    return [Say(LONG)]


TOOLS = (book_table, broken)
PLATFORM = LocalAgent(
    first_message="Hello {{name}}! How can I help you?",
    respond=respond,
    variables=("name",),
    client_events=BRIDGE_EVENTS,
    client_tools=tuple(s for s in Toolbox(TOOLS).schemas() if s["function"]["name"] != "end_call"),
)
FALLBACK = Agent(prompt="You are a test.", greeting="Hello, this is ours.")


def managed(**options: Any) -> ManagedAgent:
    return ManagedAgent(**({"agent_id": "agent_1", "variables": {"name": "Ada"}, "tools": TOOLS} | options))


@asynccontextmanager
async def calling(agent: Any = None, platform: LocalAgent = PLATFORM, **options: Any) -> AsyncIterator[Stack]:
    """A running stack with one managed agent (default: `managed()`)."""
    booked.clear()
    agents = agent or managed()
    async with (
        asyncio.timeout(60),
        local_stack(agents, clock=SteadyClock(SPEED), platform={"agent_1": platform}, **options) as stack,
    ):
        yield stack


async def greeted(stack: Stack) -> tuple[PhoneCall, Tape]:
    """A call whose greeting has been heard."""
    phone = await stack.dial()
    tape = await stack.tape(phone)
    await tape.until(lambda: ("agent", HELLO) in tape.lines)
    return phone, tape


def platform(stack: Stack) -> LocalAgents:
    return stack.elevenlabs.agents


async def test_a_managed_call_from_hello_to_goodbye() -> None:
    """An agent function chooses the agent; signed URL, start data, an answer, one of our tools, all words played."""
    calls: list[IncomingCall] = []

    async def choose(call: IncomingCall) -> ManagedAgent:
        calls.append(call)
        overrides = {"agent": {"first_message": HELLO, "language": None}}
        return managed(overrides=overrides, extra_body={"n": 1}, user_id="u1")

    async with calling(choose) as s:
        phone, tape = await greeted(s)
        await s.says(phone, "what are your opening hours")
        await tape.until(lambda: ("agent", LONG) in tape.lines)
        await s.says(phone, "a table for two please")
        await tape.until(lambda: ("agent", "It is booked.") in tape.lines)
        await s.says(phone, "thank you bye")
        await phone.ended()
        assert booked == [(2, "+15551230000")]
        assert tape.lines == [
            ("agent", HELLO), ("caller", "what are your opening hours"), ("agent", LONG),
            ("caller", "a table for two please"), ("agent", "It is booked."),
            ("caller", "thank you bye"), ("agent", "Thank you, goodbye!"),
        ]  # fmt: skip
        assert (phone.outcome, phone.violations, phone.spoken) == ("completed", [], [])
        clock = TurnClock()
        for step in tape.steps:
            clock.see(step)
        assert [(x.caller, x.agent) for x in clock.reports] == [
            ("what are your opening hours", LONG), ("a table for two please", "It is booked."),
            ("thank you bye", "Thank you, goodbye!"),
        ]  # fmt: skip
        assert all(600 <= (x.answer_ms or 0) <= 3_000 for x in clock.reports)
        assert phone.marks[-1].fate == "played"
        assert tape.actions(a.EndCall)[0][1].reason == "agent"
        start = platform(s).seen.received[0]
        assert start["dynamic_variables"] == {
            "caller": calls[0].caller, "called": calls[0].called, "call_id": phone.sid, "name": "Ada",
        }  # fmt: skip
        assert start["conversation_config_override"] == {"agent": {"first_message": HELLO}}
        assert (start["custom_llm_extra_body"], start["user_id"]) == ({"n": 1}, "u1")
        assert platform(s).seen.violations == []
        assert platform(s).seen.conversations[0].closed == 1000
        assert s.service.registry.calls == {}
        replays(tape)


async def test_what_the_caller_hears_is_what_the_platform_sent() -> None:
    """Audio passes unchanged in both directions, and so does the caller's silence."""
    audio = bytes(range(256)) * 40

    async def say(text: str) -> tuple[bytes, tuple[int, ...]]:
        return audio, tuple(len(audio) // 8 * (i + 1) // len(text) for i in range(len(text)))

    async with calling() as s:
        platform(s).synthesize = say
        phone, _ = await greeted(s)
        await phone.hang_up()
        await phone.ended()
        assert audio in phone.heard()
        assert platform(s).seen.audio_bytes > 2_000


async def test_the_signed_url_is_fetched_while_the_phone_rings() -> None:
    """The URL is fetched before the carrier's stream is up; the conversation starts with the stream."""
    async with calling() as s:
        phone = await s.dial(CarrierFaults(connect_delay_ms=1_500))
        await platform(s).until(lambda: platform(s).admission.signed == 1)
        assert phone.sid not in s.tapes
        tape = await s.tape(phone)
        assert len(platform(s).seen.conversations) <= 1
        await tape.until(lambda: ("agent", HELLO) in tape.lines)
        await phone.hang_up()
        await phone.ended()
        assert platform(s).admission.signed == 1


async def test_interruption_clears_and_the_correction_is_recorded() -> None:
    """The carrier is cleared, late audio of the interrupted turn is dropped by its id, the transcript is corrected."""
    async with calling() as s:
        platform(s).faults.late_audio = True
        phone, tape = await greeted(s)
        await s.says(phone, "what are your opening hours")
        await phone.agent_speaking()
        await tape.until(lambda: len(tape.events(m.ManagedSaid)) == 2)
        begun = phone.now_ms
        await phone.until(lambda: phone.now_ms - begun > 1_500)
        await s.says(phone, "wait a table for two")
        await tape.until(lambda: ("agent", "It is booked.") in tape.lines)
        await phone.hang_up()
        await phone.ended()
        corrected = tape.events(m.ManagedCorrected)[0][1]
        assert ("agent", f"{corrected.text} --") in tape.lines
        assert LONG.startswith(corrected.text)
        assert phone.clears
        assert phone.cleared_bytes > 8_000
        assert b"\x00" * 400 not in phone.heard()  # the late audio
        assert len(tape.actions(d.PlatformCut)) == 1
        assert {"role": "assistant", "content": corrected.text} in platform(s).seen.conversations[0].messages
        replays(tape)


async def test_without_a_correction_the_heard_words_are_recorded() -> None:
    """If the agent sends no corrections, the transcript holds what was provably played, in whole words."""
    async with calling() as s:
        platform(s).faults.no_correction = True
        phone, tape = await greeted(s)
        await s.says(phone, "what are your opening hours")
        await phone.agent_speaking()
        await tape.until(lambda: len(tape.events(m.ManagedSaid)) == 2)
        begun = phone.now_ms
        await phone.until(lambda: phone.now_ms - begun > 2_500)
        await s.says(phone, "wait a table for two")
        await tape.until(lambda: any(text.endswith("--") for _, text in tape.lines))
        heard = next(text.removesuffix(" --") for _, text in tape.lines if text.endswith("--"))
        assert heard
        assert LONG.startswith(heard + " ")
        await phone.hang_up()
        await phone.ended()


async def test_failed_tools_return_errors_and_no_tool_runs_twice() -> None:
    """A tool that raises gives an error result; a repeated tool call is answered without a second run."""
    async with calling() as s:
        platform(s).faults.tool_twice = True
        phone, tape = await greeted(s)
        await s.says(phone, "a table for two please")
        await tape.until(lambda: ("agent", "It is booked.") in tape.lines)
        await s.says(phone, "now the broken one")
        await tape.until(lambda: ("agent", "That did not work.") in tape.lines)
        await phone.hang_up()
        await phone.ended()
        assert len(booked) == 1
        results = [r for r in platform(s).seen.received if r.get("type") == "client_tool_result"]
        assert {r["is_error"] for r in results if "Booked" in r["result"]} == {False}
        assert {r["is_error"] for r in results if "failed" in r["result"]} == {True}


async def test_pings_keys_and_the_operator() -> None:
    """Pings are answered at once; keys enter the transcript; operators can send context, user messages and activity."""
    async with calling() as s:
        phone, tape = await greeted(s)
        await platform(s).until(lambda: len(platform(s).seen.pong_ms) >= 2)
        assert max(platform(s).seen.pong_ms) < 200
        conversation = platform(s).seen.conversations[0]
        assert s.service.registry.send_message(phone.sid, "The caller is a regular.")
        assert s.service.registry.active(phone.sid)
        await platform(s).until(lambda: conversation.told == ["The caller is a regular."])
        await phone.press("12#")
        await platform(s).until(lambda: {"role": "user", "content": "[keys: 12#]"} in conversation.messages)
        assert ("caller", "[keys: 12#]") in tape.lines
        assert conversation.activity >= 2
        assert s.service.registry.send_message(phone.sid, "thank you bye", silent=False)
        await phone.ended()
        assert phone.outcome == "completed"
        assert not s.service.registry.send_message(phone.sid, "too late")


CLOSES = [
    ((1002, "LLM timeout"), "managed_failed"),
    ((1008, "Override not allowed"), "managed_refused"),
    ((1011, "internal"), "managed_unavailable"),
    ((1013, "overloaded"), "managed_busy"),
    (None, "managed_lost"),
]


@pytest.mark.parametrize(("close", "cause"), CLOSES)
async def test_closes_that_are_failures_end_with_an_apology(close: tuple[int, str] | None, cause: str) -> None:
    """Each has its own cause, one log line with its meaning, and an apology in the carrier's voice."""
    wording = Wording(broken="I am truly sorry. Goodbye.")
    with structlog.testing.capture_logs() as lines:
        async with calling(managed(wording=wording)) as s:
            phone, tape = await greeted(s)
            platform(s).faults.error_frame = True
            platform(s).faults.close_on_turn, platform(s).faults.drop_on_turn = close, True
            await s.says(phone, "what are your opening hours")
            await phone.ended()
            assert tape.actions(a.EndCall)[0][1] == a.EndCall(cause, wording.broken)
            assert phone.spoken == [wording.broken]
    [line] = [one for one in lines if one["event"] == "managed_closed"]
    assert (line["cause"], line["close_code"]) == (cause, close[0] if close else 1006)
    assert line["meaning"]
    assert line["log_level"] == "error"


async def test_a_platform_that_floods_ends_only_its_own_call() -> None:
    """Twenty thousand tool calls: an apology in the carrier's voice; another call is answered as ever."""
    async with calling() as s:
        other, tape = await greeted(s)
        phone, _ = await greeted(s)
        platform(s).faults.tool_flood = 20_000
        await s.says(phone, "what are your opening hours")
        await phone.ended()
        assert phone.spoken == [Wording().broken]
        await s.says(other, "what are your opening hours")
        await tape.until(lambda: ("agent", LONG) in tape.lines)
        assert tape.actions(d.PlatformFailed) == []
        await other.hang_up()
        await other.ended()


async def test_a_normal_end_plays_the_last_words() -> None:
    """The platform closes with 1000: the audio is played to its end, then we hang up without an apology."""
    async with calling() as s:
        phone, tape = await greeted(s)
        await s.says(phone, "what are your opening hours")
        await tape.until(lambda: len(tape.events(m.ManagedSaid)) == 2)
        await platform(s).close(1000, "max duration")
        await phone.ended()
        assert (phone.outcome, phone.spoken) == ("completed", [])
        assert tape.lines[-1] == ("agent", LONG)
        assert tape.actions(a.EndCall)[0][1].reason == "agent"


async def test_our_pipeline_takes_over_when_the_platform_fails(tmp_path: Path) -> None:
    """Leg, tape and observers continue with the fallback agent, which knows the transcript and listens at once."""
    replies = [Say("We open at nine, as ours.")]
    async with calling(managed(fallback=FALLBACK), replies=lambda body: replies, tapes=tmp_path) as s:
        phone, tape = await greeted(s)
        platform(s).faults.close_on_turn = (1002, "custom_llm generation failed")
        await s.says(phone, "what are your opening hours")
        await tape.until(lambda: ("agent", FALLBACK.wording.apology) in tape.lines)
        await s.says(phone, "when do you open")
        await tape.until(lambda: ("agent", "We open at nine, as ours.") in tape.lines)
        await phone.hang_up()
        await phone.ended()
        assert [x.why for _, x in tape.actions(m.SwitchTo)] == ["managed_failed"]
        messages = [(x["role"], x["content"]) for x in s.openai.requests[-1]["messages"] if x["role"] != "system"]
        assert messages[:2] == [("assistant", HELLO), ("user", "what are your opening hours")]
        assert len(phone.twiml) == 1  # the stream was not reconnected
        lines = tape.lines
    recorded = read(find(tmp_path)[0])
    assert replay(recorded).same, replay(recorded).report()
    assert timeline(recorded).lines[: len(lines)] == lines
    assert "managed_failed" in "\n".join(steps(recorded))
    stereo_wav(recorded, tmp_path / "call.wav")
    assert level(wav.read(tmp_path / "call.wav")[1]) > -450


@pytest.mark.parametrize(
    "fault", ["sign_status", "sign_hang", "refuse", "no_metadata", "close_at_start", "close_at_start=1000", "format"]
)
async def test_a_platform_that_does_not_start_costs_no_call(fault: str) -> None:
    """The platform refuses, is silent or uses a wrong format at the start: the fallback greets the caller."""
    agent = PLATFORM
    if fault == "format":
        agent = LocalAgent(variables=("name",), client_events=BRIDGE_EVENTS, output_format="pcm_16000")
    with structlog.testing.capture_logs() as lines:
        async with calling(managed(fallback=FALLBACK), agent) as s:
            values = {"sign_status": 401, "sign_hang": True, "refuse": 403, "no_metadata": True,
                      "close_at_start": (1008, "Missing required dynamic variables"),
                      "close_at_start=1000": (1000, "")}  # fmt: skip
            if fault in values:
                setattr(platform(s).faults, fault.partition("=")[0], values[fault])
            phone = await s.dial()
            tape = await s.tape(phone)
            await tape.until(lambda: ("agent", FALLBACK.greeting) in tape.lines)
            await phone.hang_up()
            await phone.ended()
            assert phone.violations == []
    if fault == "format":
        [line] = [one for one in lines if one["event"] == "managed_format_wrong"]
        assert (line["output"], line["wanted"]) == ("pcm_16000", "ulaw_8000")


async def test_a_misconfigured_agent_is_logged() -> None:
    """Each missing event is logged with its consequence; the call itself continues."""
    events = ("audio", "agent_response", "ping")
    with structlog.testing.capture_logs() as lines:
        async with calling(platform=LocalAgent(client_events=events)) as s:
            phone = await s.dial()
            tape = await s.tape(phone)
            await tape.until(lambda: ("agent", LocalAgent().first_message) in tape.lines)
            await phone.hang_up()
            await phone.ended()
    problems = [line["problem"] for line in lines if line["event"] == "managed_agent_misconfigured"]
    assert [problem.partition(":")[0].split()[-1] for problem in problems] == [
        "interruption", "agent_response_correction", "user_transcript", "client_tool_call",
    ]  # fmt: skip


OFFICIAL = replace(PLATFORM, client_events=CLIENT_EVENTS)
ASKING = replace(OFFICIAL, allowed=OFFICIAL.allowed | {"conversation.client_events"})


@pytest.mark.parametrize("chosen", [False, True], ids=["the only agent", "chosen for the call"])
async def test_missing_client_events_are_asked_for_where_the_agent_allows_it(chosen: bool) -> None:
    """By override in each call, besides the agent's own: tools run and corrections come, and nothing is complained."""
    agent = managed(overrides={"conversation": {"max_duration_seconds": 300}})
    allowed = replace(ASKING, allowed=ASKING.allowed | {"conversation.max_duration_seconds"})
    with structlog.testing.capture_logs() as lines:
        async with calling((lambda call: agent) if chosen else agent, allowed) as s:
            phone, tape = await greeted(s)
            await s.says(phone, "a table for two please")
            await tape.until(lambda: ("agent", "It is booked.") in tape.lines)
            await phone.hang_up()
            await phone.ended()
            start = platform(s).seen.received[0]
            asked = start["conversation_config_override"]["conversation"]
            assert set(asked["client_events"]) == {
                *CLIENT_EVENTS, "agent_response_correction", "client_tool_call", "agent_tool_response",
            }  # fmt: skip
            assert asked["max_duration_seconds"] == 300
    assert [line for line in lines if line["event"] == "managed_agent_misconfigured"] == []


@pytest.mark.parametrize("agent", [OFFICIAL, PLATFORM], ids=["not allowed", "not needed"])
async def test_client_events_are_not_asked_for_without_need_or_leave(agent: LocalAgent) -> None:
    async with calling(platform=agent) as s:
        phone, _ = await greeted(s)
        await phone.hang_up()
        await phone.ended()
        assert "conversation_config_override" not in platform(s).seen.received[0]


async def test_a_call_goes_on_when_the_agent_does_not_allow_client_events_any_more() -> None:
    """Its settings were changed after they were read: the call is asked for again without, as are all later ones."""
    async with calling(platform=ASKING) as s:
        await s.service.warm.wait()
        platform(s).agents["agent_1"] = OFFICIAL
        for _ in range(2):
            phone, _ = await greeted(s)
            await phone.hang_up()
            await phone.ended()
        asked = ["conversation_config_override" in x.initiation for x in platform(s).seen.conversations]
        assert asked == [True, False, False]


async def test_a_configuration_that_does_not_come_delays_no_call() -> None:
    """It is read while the phone rings; a conversation waits half a second for it at most."""
    async with calling(lambda call: managed(), ASKING) as s:
        platform(s).faults.configuration_hang = True
        phone, _ = await greeted(s)
        await phone.hang_up()
        await phone.ended()
        assert "conversation_config_override" not in platform(s).seen.received[0]


async def test_without_platform_and_fallback_the_call_ends_with_an_apology() -> None:
    """No agent can take the call: the caller hears the apology and the call is completed."""
    async with calling() as s:
        platform(s).faults.sign_status = 500
        phone = await s.dial()
        await phone.ended()
        assert phone.spoken == [Wording().broken]
        assert phone.outcome == "completed"


async def test_hang_up_drain_and_end_by_operator() -> None:
    """When the caller hangs up, the platform's socket closes with 1000; drain and operator end calls with a goodbye."""
    async with calling() as s:
        phone, _ = await greeted(s)
        await phone.hang_up()
        await phone.ended()
        await platform(s).until(lambda: platform(s).seen.conversations[0].closed is not None)
        assert platform(s).seen.conversations[0].closed == 1000
        phone, _ = await greeted(s)
        assert s.service.registry.end(phone.sid, "operator")
        await phone.ended()
        assert phone.spoken == [Wording().goodbye]
        phone, _ = await greeted(s)
        await s.service.registry.drain(500)
        await phone.ended()
        assert phone.spoken == [Wording().draining]


@pytest.mark.parametrize("fault", ["garbage", "no_alignment", "id_per_chunk"])
async def test_variations_of_the_protocol_do_not_change_the_transcript(fault: str) -> None:
    """Unreadable messages in between, no alignment, or one event id per piece of audio."""
    async with calling() as s:
        setattr(platform(s).faults, fault, True)
        phone, tape = await greeted(s)
        await s.says(phone, "what are your opening hours")
        await tape.until(lambda: ("agent", LONG) in tape.lines)
        await s.says(phone, "thank you bye")
        await phone.ended()
        assert [text for who, text in tape.lines if who == "agent"] == [HELLO, LONG, "Thank you, goodbye!"]
        assert phone.outcome == "completed"


async def test_our_pipeline_takes_over_after_a_lost_stream() -> None:
    """The carrier's socket breaks but the caller is still there: an apology, then the fallback on a second stream."""
    async with calling(managed(fallback=FALLBACK)) as s:
        phone, tape = await greeted(s)
        live = s.service.registry.calls[phone.sid]
        leg = live.leg.result()
        assert isinstance(leg, MediaLeg)
        direct = direct_of(leg._socket.scope)
        assert direct is not None
        direct.abort()
        await phone.until(lambda: len(phone.twiml) == 2)
        await tape.until(lambda: ("agent", FALLBACK.wording.apology) in tape.lines)
        await phone.hang_up()
        await phone.ended()
        assert platform(s).seen.conversations[0].closed == 1000
