"""Admission under pressure: nobody passes the cap of calls, no place is lost, a stream that never opened is retried."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import AsyncExitStack

import pytest

from telephony.agent import Agent, IncomingCall
from telephony.core.policy import Wording
from telephony.testing.fakes.twilio.faults import CarrierFaults
from telephony.testing.stack import AUTH_TOKEN, Stack, local_stack
from telephony.testing.steady import SteadyClock
from telephony.twilio.stream_token import issue
from tests.app.test_untrusted_clients import AGENT, FORM, SID, closed, post, socket, stack, start, token_of

CALLERS, CAP = 10, 2
SIDS = [f"CA{number:032d}" for number in range(CALLERS)]


class AllAtOnce:
    """An agent function that answers only once `CALLERS` callers have asked it."""

    def __init__(self) -> None:
        self.asked = 0
        self.all = asyncio.Event()

    async def __call__(self, call: IncomingCall) -> Agent:
        self.asked += 1
        if self.asked == CALLERS:
            self.all.set()
        await self.all.wait()
        return AGENT


def after_url(s: Stack, attempt: int) -> str:
    return f"{s.service.base_url}/twilio/after?attempt={attempt}"


@pytest.mark.parametrize("path", ["voice", "after"])
async def test_webhooks_at_the_same_time_do_not_pass_the_cap(path: str) -> None:
    """Ten webhooks that all wait for the agent function: two calls are prepared, eight callers are told."""
    async with asyncio.timeout(60), local_stack(AllAtOnce(), clock=SteadyClock(20), max_calls=CAP) as s:
        url = s.voice_url if path == "voice" else after_url(s, attempt=1)
        async with asyncio.TaskGroup() as group:
            posts = [group.create_task(post(url, FORM | {"CallSid": sid})) for sid in SIDS]
        answers = [one.result().text for one in posts]
        assert len(s.service.registry.calls) == CAP
        assert sum("<Stream" in text for text in answers) == CAP
        words = Wording().busy if path == "voice" else "technical trouble"
        assert sum(words in text for text in answers) == CALLERS - CAP


async def test_streams_at_the_same_time_do_not_pass_the_cap() -> None:
    """Ten streams whose webhooks were answered by another process: two are served, eight are closed."""
    async with asyncio.timeout(60), local_stack(AllAtOnce(), clock=SteadyClock(20), max_calls=CAP) as s:
        most = 0
        async with AsyncExitStack() as sockets, asyncio.TaskGroup() as group:
            closing = []
            for sid in SIDS:
                connection = await sockets.enter_async_context(socket(s))
                await connection.send(start(s, sid, issue(AUTH_TOKEN.encode(), sid, s.clock.wall_s())))
                closing.append(group.create_task(closed(connection)))
            for one in itertools.islice(asyncio.as_completed(closing), CALLERS - CAP):
                assert await one == 1008
                most = max(most, len(s.service.registry.calls))
            for call_sid in list(s.service.registry.calls):
                s.service.registry.hung_up(call_sid)
        assert most == CAP


async def test_a_stream_that_never_opened_is_tried_once_more() -> None:
    """The webhook that follows connects the caller again, to the call that is prepared; it greets as if nothing was."""
    async with stack() as s:
        await token_of(s)
        prepared = s.service.registry.calls[SID]
        answer = await post(after_url(s, attempt=1), FORM | {"CallStatus": "in-progress"})
        assert "attempt=2" in answer.text
        assert "<Say" not in answer.text
        assert s.service.registry.calls[SID] is prepared
        token = answer.text.partition('name="token" value="')[2].partition('"')[0]
        async with socket(s) as connection:
            await connection.send(start(s, token=token))
            assert '"media"' in str(await connection.recv())
        await prepared.done.wait()


async def test_a_stream_that_cannot_open_is_given_up_without_silence() -> None:
    """After the second try the caller hears the apology at once, and the call's place is free."""
    async with stack() as s:
        phone = await s.dial(faults=CarrierFaults(bad_signature=True))
        await phone.ended()
        assert ["<Stream" in document for document in phone.twiml] == [True, True, False]
        assert "technical trouble" in phone.spoken[-1]
        assert phone.now_ms < 5_000
        while s.service.registry.calls:
            await next(iter(s.service.registry.calls.values())).done.wait()


async def test_a_fallback_number_is_dialled_at_once_and_frees_the_place() -> None:
    """Instead of a second try, if a number is set."""
    async with stack(fallback_number="+15550009999") as s:
        await token_of(s)
        prepared = s.service.registry.calls[SID]
        answer = await post(after_url(s, attempt=1), FORM | {"CallStatus": "in-progress"})
        assert "+15550009999" in answer.text
        await prepared.done.wait()


class SettingClock(SteadyClock):
    """A wall clock that is set, by `step_s`, each time somebody looks at it."""

    def __init__(self, step_s: float) -> None:
        super().__init__(20)
        self._step_s, self._wall_s = step_s, super().wall_s()

    def wall_s(self) -> float:
        self._wall_s += self._step_s
        return self._wall_s


@pytest.mark.parametrize("step_s", [-3_600.0, -2.0, 3_600.0])
async def test_a_wall_clock_that_steps_refuses_no_call(step_s: float) -> None:
    """Between webhook and stream the machine's clock may be set, back or forward."""
    async with asyncio.timeout(60), local_stack(AGENT, clock=SettingClock(step_s)) as s:
        phone = await s.dial()
        await phone.agent_speaking()
        assert ["<Stream" in document for document in phone.twiml] == [True]
        await phone.hang_up()


@pytest.mark.parametrize("field", ["From", "To", "Direction"])
@pytest.mark.parametrize("text", ["+1555\x00", "\x1b[31mAda", "￾￿", "\x08" * 300, "Zoë 😀 <&\"'>"])
async def test_a_caller_of_any_characters_is_answered(field: str, text: str) -> None:
    """Characters that XML cannot hold are left out; the agent function is given what the stream will bring."""
    seen: list[IncomingCall] = []

    def choose(call: IncomingCall) -> Agent:
        seen.append(call)
        return AGENT

    async with asyncio.timeout(60), local_stack(choose, clock=SteadyClock(20)) as s:
        answer = await post(s.voice_url, FORM | {field: text, "FromCity": text})
        assert answer.status_code == 200
        assert "<Stream" in answer.text
        assert len(s.service.registry.calls) == 1
        given = {"From": seen[0].caller, "To": seen[0].called, "Direction": seen[0].direction}[field]
        kept = "".join(char for char in text if char >= " " and char not in "￾￿")
        assert given == kept == seen[0].form["FromCity"]
