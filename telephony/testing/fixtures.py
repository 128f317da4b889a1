"""The objects that the pytest fixtures return (see `pytest_plugin.py`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from telephony.agent import Agent
from telephony.audio import tones
from telephony.core.actions import LineAdded
from telephony.tape.reader import read
from telephony.tape.replay import replay
from telephony.tape.show import timeline
from telephony.tape.timeline import Timeline
from telephony.testing.fakes.openai.server import CallTool, Say
from telephony.testing.fakes.openai.server import Part as Answer
from telephony.testing.fakes.twilio.carrier import CallOver, PhoneCall
from telephony.testing.script import (
    TIMEOUT_MS,
    CallerScript,
    HangsUp,
    Move,
    Presses,
    Reply,
    Says,
    ScriptFailed,
    Waits,
    WaitsForAgent,
    reply_to,
)
from telephony.testing.stack import WORD_MS, Stack, Tape, local_stack
from telephony.testing.steady import SteadyClock
from telephony.text_normalization import spoken_form

SPEED = 10.0


@dataclass(frozen=True, slots=True)
class Replays:
    """Replays tapes below `folder`. A difference fails the test with a message that shows both sides."""

    folder: Path

    def __call__(self, path: str | Path = ".") -> Timeline:
        """Replays the tape in `path` (relative to the test file's folder) and returns its timeline."""
        tape = read(self.folder / path)
        done = replay(tape)
        if not done.same:
            pytest.fail(done.report(), pytrace=False)
        return timeline(tape)


class OverSockets:
    """Runs scripted calls over real sockets: a local carrier, the service, and local servers as providers."""

    async def __call__(
        self,
        script: CallerScript,
        agent: Agent,
        replies: Iterable[Reply] = (),
        *,
        speed: float = SPEED,
        **options: Any,
    ) -> Timeline:
        """Runs one call, `speed` times faster than real time, and returns its timeline. `options` are those of
        `local_stack`. Raises ScriptFailed, and AssertionError if the service broke Twilio's protocol."""
        async with local_stack(agent, clock=SteadyClock(speed), replies=_model(list(replies)), **options) as stack:
            phone = await stack.dial()
            tape = await stack.tape(phone)
            try:
                await _Caller(stack, phone, tape).run(script.moves)
            finally:
                await phone.hang_up()
                await phone.ended()
            assert phone.violations == [], phone.violations
            await tape.until(lambda: tape.closed)
        return Timeline(tape.steps, partial(spoken_form, language=agent.voice.language), agent.turn_taking)


def _model(replies: Sequence[Reply]) -> Any:
    """The scripted LLM: it answers the caller's n-th turn with the n-th reply. After a tool's result it goes on with
    what follows that tool call in the reply."""

    def answer(body: dict[str, Any]) -> list[Answer]:
        roles = [message["role"] for message in body["messages"]]
        turn = roles.count("user") - 1
        since = len(roles) - 1 - roles[::-1].index("user") if "user" in roles else 0
        done = roles[since:].count("tool")
        parts: list[Answer] = []
        for part in reply_to(replies, turn):
            if isinstance(part, str):
                parts += [Say(part)] if not done else []
            elif done:
                done -= 1
            else:
                return [*parts, CallTool(part.name, json.loads(part.arguments))]
        return parts

    return answer


class _Caller:
    """Runs a script's moves in a real call."""

    def __init__(self, stack: Stack, phone: PhoneCall, tape: Tape) -> None:
        self._stack, self._phone, self._tape = stack, phone, tape
        self._moved_ms = 0  # when the caller last did something
        self._lines_before = 0  # how many lines the agent had by then

    async def run(self, moves: Iterable[Move]) -> None:
        try:
            for move in moves:
                await self._do(move)
            await self._until_silent(1_500)
        except CallOver:
            pass

    async def _do(self, move: Move) -> None:
        phone = self._phone
        match move:
            case Says(text, pcmu, after_ms):
                if after_ms is not None:
                    await self._within_limit(phone.agent_speaking(), "the agent did not speak")
                    await self._pause(after_ms)
                self._stack.elevenlabs.stt.script.add(text)
                await phone.say(pcmu or tones.sine(300, WORD_MS * len(text.split())))
            case WaitsForAgent(quiet_ms):
                await self._until_silent(quiet_ms)
            case Waits(ms):
                await self._pause(ms)
            case Presses(keys):
                await phone.press(keys)
            case HangsUp():
                await phone.hang_up()
                await phone.ended()
                raise CallOver("the caller has hung up")
        if not isinstance(move, WaitsForAgent | Waits):
            self._moved_ms = phone.now_ms
            self._lines_before = self._lines()

    async def _until_silent(self, quiet_ms: int) -> None:
        async def over() -> None:
            await self._phone.until(lambda: self._phone.line.playout.loud_until_ms > self._moved_ms)
            await self._phone.until(lambda: self._lines() > self._lines_before)  # a pause may not be the reply's end
            await self._phone.agent_silent(for_ms=quiet_ms)

        await self._within_limit(over(), "the agent did not speak, or did not stop")

    async def _pause(self, ms: int) -> None:
        until = self._phone.now_ms + ms
        await self._phone.until(lambda: self._phone.now_ms >= until)

    async def _within_limit(self, waiting: Any, failure: str) -> None:
        try:
            async with self._stack.clock.timeout(TIMEOUT_MS):
                await waiting
        except TimeoutError:
            raise ScriptFailed(f"{failure} within {TIMEOUT_MS // 1_000} s") from None

    def _lines(self) -> int:
        """How many lines of the agent have been recorded."""
        return sum(one.speaker == "agent" for _, one in self._tape.actions(LineAdded))
