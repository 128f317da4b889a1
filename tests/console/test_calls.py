"""Calls from a page, through the service's own webhooks and media socket, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from telephony.agent import Agent, AgentSource, IncomingCall, Reject
from telephony.call_control.destinations import Destination
from telephony.call_control.transfer_tools import transfer_to
from telephony.core import events as e
from telephony.core.policy import Limits
from telephony.testing.fakes.openai.server import CallTool, Part, Say
from telephony.testing.stack import Stack, local_stack
from telephony.testing.steady import SteadyClock
from tests.console.page_client import media_url, page, says
from tests.console.visitors import login

HELLO = "Hello, how can I help?"
LONG = (
    "We open at nine in the morning and close at six in the evening. On Sundays we stay closed all day. "
    "Please book ahead for groups of more than four people."
)
AGENT = Agent(prompt="You are a test.", greeting=HELLO)


def respond(body: dict[str, Any]) -> list[Part]:
    said = next((m["content"] for m in reversed(body["messages"]) if m["role"] == "user"), "")
    if "bye" in said:
        return [Say("Thank you, goodbye!"), CallTool("end_call", {"reason": "done"})]
    return [Say("Yes?")] if "wait" in said else [Say(LONG)]


@asynccontextmanager
async def stack(agents: AgentSource = AGENT, **settings: Any) -> AsyncIterator[Stack]:
    async with (
        asyncio.timeout(60),
        local_stack(agents, clock=SteadyClock(20), **{"replies": respond, **settings}) as running,
    ):
        yield running


async def test_a_call_from_hello_to_goodbye() -> None:
    """The page hears the agent, is understood, reads both, and is told how the call ended."""
    async with stack() as s, page(s) as phone:
        await phone.event("line")
        assert phone.lines == [("agent", HELLO)]
        assert phone.loud_ms() > 500
        await says(s, phone, "bye now")
        assert await phone.ended() == "completed"
        assert phone.lines == [("agent", HELLO), ("caller", "bye now"), ("agent", "Thank you, goodbye!")]
        assert [one["type"] for one in phone.told[:1]] == ["ringing"]
        assert phone.of("warning") == []
        assert not s.service.registry.calls


async def test_the_service_has_such_a_call_as_any_other() -> None:
    """It has a CallSid of its own, came through the signed webhooks, and is on record like a call of Twilio's."""
    seen: list[IncomingCall] = []

    def answer(call: IncomingCall) -> Agent:
        seen.append(call)
        return AGENT

    async with stack(answer) as s, page(s) as phone:
        call_sid = (await phone.event("ringing"))["call"]
        await phone.event("line")
        assert list(s.service.registry.calls) == [call_sid]
        assert s.tapes[call_sid].lines == [("agent", HELLO)]
        assert (seen[0].call_sid, seen[0].caller, seen[0].called) == (call_sid, "client:browser", "client:agent")


async def test_an_interruption_silences_the_agent_and_shows_what_was_not_heard() -> None:
    """The playout is cleared; the unheard rest is told, and who has the floor and why."""
    async with stack() as s, page(s) as phone:
        await phone.event("line")
        await says(s, phone, "what are your hours")
        await phone.until(lambda: any(one["heard"] and one["turn"] > 1 for one in phone.of("saying")))
        await says(s, phone, "wait stop I need something else")
        await phone.until(lambda: ("agent", "Yes?") in phone.lines)
        cut = next(one for one in phone.of("line") if one["interrupted"])
        assert cut["text"]
        assert LONG.startswith(f"{cut['text']} {cut['unheard']}".strip())
        assert cut["unheard"]
        assert any(one["why"].startswith("The agent was interrupted") for one in phone.of("floor"))
        answered = [one for one in phone.of("turn") if one["over"] and one["answer_ms"]]
        assert {stage["name"] for stage in answered[0]["stages"]} >= {"endpointing", "tts"}


async def test_keys_reach_the_agent() -> None:
    async with stack() as s, page(s) as phone:
        await phone.event("line")
        await phone.send(type="key", key="4")
        await phone.send(type="key", key="2")
        await phone.send(type="key", key="x")
        await phone.until(lambda: len(phone.lines) > 2)
        assert phone.lines[1] == ("caller", "[keys: 42]")
        assert [one["key"] for one in phone.of("key")] == ["4", "2"]


async def test_hanging_up_ends_the_call() -> None:
    async with stack() as s, page(s) as phone:
        call_sid = (await phone.event("ringing"))["call"]
        await phone.event("line")
        await phone.send(type="hang_up")
        assert await phone.ended() == "completed"
        tape = s.tapes[call_sid]
        await tape.until(lambda: tape.closed)
        assert not s.service.registry.calls


async def test_a_page_that_is_left_or_loaded_again_hangs_up() -> None:
    """The call ends with its page, and the next page has a new one."""
    async with stack() as s:
        async with page(s) as phone:
            first = (await phone.event("ringing"))["call"]
            await phone.event("line")
        async with page(s) as phone:
            second = (await phone.event("ringing"))["call"]
            await phone.event("line")
            assert second != first
            tape = s.tapes[first]
            await tape.until(lambda: tape.closed)
            assert list(s.service.registry.calls) == [second]


async def test_who_would_be_rung_is_shown_and_the_way_back_is_heard() -> None:
    """A cold transfer cannot be made from here: it goes on as if nobody had answered."""
    sales = Destination("sales", "+12025550188", about="orders")
    agent = replace(AGENT, tools=(transfer_to(sales),))
    async with stack(agent, replies=transferring, dial_countries=("US",)) as s, page(s) as phone:
        await phone.event("line")
        await says(s, phone, "put me through please")
        note = await phone.event("note")
        assert note["text"] == "Twilio would connect you with another number now; this phone has no other line."
        assert note["details"] == "+12025550188"
        await phone.until(lambda: any("nobody answered" in text for _, text in phone.lines) or phone.closed)
        assert not phone.closed, phone.told
        assert phone.of("warning") == phone.of("problem") == []
        await phone.send(type="hang_up")
        assert await phone.ended() == "completed"


async def test_nobody_is_really_called_for_a_page(tmp_path: Path) -> None:
    """Whoever said yes would be alone on the line: a page cannot be joined with a telephone."""
    sales = Destination("sales", "+12025550188", about="orders", warm=True)
    agent = replace(AGENT, tools=(transfer_to(sales),))
    async with stack(agent, replies=told, dial_countries=("US",), data=tmp_path) as s, page(s) as phone:
        s.carrier.account.numbers = [{"phone_number": "+12025550100"}]
        await phone.event("line")
        await says(s, phone, "put me through please")
        await phone.until(lambda: any("on the page in the browser" in text for _, text in phone.lines))
        assert s.carrier.calls == {}
        await phone.send(type="hang_up")
        assert await phone.ended() == "completed"


def told(body: dict[str, Any]) -> list[Part]:
    """The model: transfers, and says what it is told."""
    last = [m for m in body["messages"] if m["role"] != "system"][-1]
    called = CallTool("transfer_call", {"destination": "sales"})
    return [called] if last["role"] == "user" else [Say(str(last["content"]))]


def transferring(body: dict[str, Any]) -> list[Part]:
    """The model: transfers when asked to, and says what came of it."""
    last = [m for m in body["messages"] if m["role"] != "system"][-1]
    if "put me through" in str(last["content"]):
        return [CallTool("transfer_call", {"destination": "sales"})]
    return [Say("I am putting you through." if last["role"] == "tool" else f"So nobody answered. {len(body)}")]


@pytest.mark.parametrize(
    ("verbs", "keys", "notes", "outcome"),
    [
        ('<Play digits="1w2#"/>', "", [("Twilio would press keys now, for whoever is at the other end.", "1w2#")], ""),
        ("<Gather/>", "", [("Twilio asks for keys now: press them here.", "")], ""),
        (
            '<Gather numDigits="2" action="/no/such/route"><Say>Press.</Say><Pause length="9"/></Gather>', "12",
            [("Twilio asks for keys now: press them here.", "")], "failed",
        ),
        (
            "<Dial><Conference>a room</Conference></Dial>", "",
            [("Twilio would bring you into a conference now; this phone has no other line.", "")],
            "dialled",
        ),
        (
            '<Dial action="/no/such/route"><Conference>a room</Conference></Dial>', "",
            [("Twilio would bring you into a conference now; this phone has no other line.", "")], "failed",
        ),
        ('<Dial action="https://elsewhere.example/"><Number>+12025550188</Number></Dial>', "", None, "failed"),
        ('<Redirect>http://[/</Redirect>', "", [], "failed"),
        ("<Enqueue/>", "", [], "failed"),
        ("<Response", "", [], "failed"),
    ],
)  # fmt: skip
async def test_what_this_phone_cannot_do_is_said_and_breaks_nothing(
    verbs: str, keys: str, notes: list[tuple[str, str]] | None, outcome: str
) -> None:
    async with stack() as s, page(s) as phone:
        call_sid = (await phone.event("ringing"))["call"]
        await phone.event("line")
        call = s.service.console._live[call_sid].call
        call.complete(f"<Response>{verbs}<Hangup/></Response>")
        if keys:
            await phone.event("note")
            for key in keys:
                await phone.send(type="key", key=key)
        assert await phone.ended() == (outcome or "completed")
        if notes is not None:
            assert [(one["text"], one["details"]) for one in phone.of("note")] == notes
        assert bool(phone.of("problem")) is (outcome == "failed")


async def test_the_rest_api_of_such_a_call_is_its_own_carrier() -> None:
    """An end requested over the REST API reaches the call, and Twilio is never asked."""
    async with stack() as s, page(s) as phone:
        call_sid = (await phone.event("ringing"))["call"]
        await phone.event("line")
        assert s.service.console.hang_up(call_sid) is True
        assert await phone.ended() == "completed"
        assert s.service.console.hang_up(call_sid) is False
        assert s.service.console.hang_up("CA" + "1" * 32) is None


async def test_a_call_that_is_not_taken_says_so() -> None:
    """A rejection with words is spoken by the carrier's voice; the page shows them."""
    async with stack(lambda call: Reject("We are closed.")) as s, page(s) as phone:
        assert await phone.ended() == "completed"
        assert [one["text"] for one in phone.of("carrier_says")] == ["We are closed."]
    async with stack(lambda call: Reject()) as s, page(s) as phone:
        assert await phone.ended() == "rejected"
        assert phone.of("note")


async def test_calls_take_places_as_others_do() -> None:
    """With TELEPHONY_MAX_CALLS=1 a second page hears that the line is busy."""
    async with stack(max_calls=1) as s, page(s) as first:
        await first.event("line")
        async with page(s) as second:
            assert await second.ended() == "completed"
            assert second.of("carrier_says")


@pytest.mark.parametrize("twilio", [{}, {"twilio_auth_token": "", "twilio_account_sid": ""}])
async def test_with_a_public_address_the_signatures_are_those_of_that_address(twilio: dict[str, Any]) -> None:
    """What Twilio would sign is signed; the requests stay on this machine. So it is without an account of Twilio's."""
    key = "a-key-for-the-console"
    async with stack(public_url="https://calls.example.com/voice", console_key=key, **twilio) as s:
        cookie = await login(s, key)
        async with page(s, Cookie=cookie) as phone:
            await phone.event("line")
            await says(s, phone, "bye now")
            assert await phone.ended() == "completed"
            assert phone.of("warning") == phone.of("problem") == []


async def test_without_a_twilio_key_calls_are_signed_all_the_same() -> None:
    """The service makes a token for the process, which nobody else has."""
    async with stack(twilio_auth_token="", twilio_account_sid="") as s, page(s) as phone:
        await phone.event("line")
        assert phone.lines == [("agent", HELLO)]
        assert s.service.rest is None


async def test_a_call_has_the_limits_of_its_agent() -> None:
    agent = replace(AGENT, limits=Limits(call_ms=5_000, call_warning_ms=0))
    async with stack(agent) as s, page(s) as phone:
        assert await phone.ended() == "completed"


async def test_a_bad_line_is_as_bad_as_asked() -> None:
    """Lost frames are missing from what the service is sent, and noise is heard in the silence."""
    async with stack() as s, page(s) as phone:
        await phone.send(type="quality", noise_db=-50, loss_percent=20, jitter_ms=60)
        call_sid = (await phone.event("ringing"))["call"]
        await phone.event("line")
        tape = s.tapes[call_sid]
        await tape.until(lambda: len(tape.events(e.AudioMissed)) > 3)
        levels = [event.level for _, event in tape.events(e.AudioReceived)]
        assert -530 < max(levels) < -470


async def test_nonsense_from_the_page_is_ignored() -> None:
    async with stack() as s, page(s) as phone:
        for message in (
            "",
            "{",
            "[]",
            '{"type": 1}',
            '{"type": "say", "text": " "}',
            '{"type": "key", "key": 5}',
            b"",
            b"x",
        ):
            await phone.socket.send(message)
        await phone.send(type="quality", noise_db="loud", loss_percent=1_000, jitter_ms=True)
        await phone.event("line")
        assert phone.lines == [("agent", HELLO)]


async def test_pages_that_come_and_go_at_any_moment_leave_nothing_behind() -> None:
    """Gone before the call begins, hung up at once, or without a word; then all places are free."""
    async with stack() as s:
        for number in range(12):
            headers = {"Origin": s.service.base_url}
            async with connect(media_url(s), additional_headers=headers, proxy=None) as socket:
                if number % 3 == 0:
                    await socket.send('{"type": "hang_up"}')
                elif number % 3 == 1:
                    await socket.send('{"type": "caller", "caller": "en-hours"}')
                    await socket.recv()
                if number % 2 == 0:
                    socket.transport.abort()
        for _ in range(2):  # with eight places, the last pages' must be free again
            async with page(s) as phone:
                await phone.event("line")
                await phone.send(type="hang_up")
                assert await phone.ended() == "completed"
        while s.service.registry.calls or s.service.console.limit.live:
            await s.clock.sleep(100)


async def test_a_page_that_floods_ends_its_own_call_only() -> None:
    """With frames or with keys; another page's call goes on."""
    async with stack() as s, page(s) as other:
        await other.event("line")
        for message in (b"\x11" * 160, '{"type": "key", "key": "5"}'):
            async with page(s) as phone:
                with suppress(ConnectionClosed):
                    for _ in range(8_000):
                        await phone.socket.send(message)
                await phone.until(lambda phone=phone: phone.closed)  # type: ignore[misc]
        await says(s, other, "bye now")
        assert await other.ended() == "completed"
