"""The objects that the pytest fixtures return (see `pytest_plugin.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from telephony.agent import Agent, AgentSource
from telephony.app.loading import agent_for
from telephony.tape.reader import damage, read
from telephony.tape.recorder import answered
from telephony.tape.rehearsal.rehearse import rehearse
from telephony.tape.rehearsal.report import changed, report
from telephony.tape.replay import replay
from telephony.tape.save import lost_tools
from telephony.tape.show import timeline
from telephony.tape.timeline import Timeline
from telephony.testing.fakes.openai.server import Part as Answer
from telephony.testing.fakes.openai.server import Say
from telephony.testing.phone_caller import PhoneCaller
from telephony.testing.script import CallerScript, Reply, reply_to
from telephony.testing.stack import local_stack
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


@dataclass(frozen=True, slots=True)
class Rehearses:
    """Rehearses tapes below `folder` with an agent as it is today."""

    folder: Path

    def __call__(self, agent: str | Agent, path: str | Path = ".") -> Timeline:
        """Rehearses the tape in `path` (relative to the test file's folder) with the rules of `agent`, an agent or
        `module:name`, and returns the timeline of the new call. Prints what is different. The test fails if the agent
        could not run a tool that ran in the recorded call."""
        tape = read(self.folder / path)
        if not tape.good:
            pytest.fail(f"only a whole tape can be rehearsed: {damage(tape)}", pytrace=False)
        found = agent if isinstance(agent, Agent) else agent_for(agent, answered(tape.header))
        if lost := lost_tools(tape, found.tools):
            pytest.fail("\n".join(lost), pytrace=False)
        done = rehearse(tape, changed(tape.header, (), found.policy(), found.voice.language))
        report(done, print, whole=False)
        return done.now


class OverSockets:
    """Runs scripted calls over real sockets: a local carrier, the service, and local servers as providers."""

    async def __call__(
        self,
        script: CallerScript,
        agents: AgentSource,
        replies: Iterable[Reply] = (),
        *,
        speed: float = SPEED,
        **options: Any,
    ) -> Timeline:
        """Runs one call, `speed` times faster than real time, and returns its timeline. `options` are those of
        `local_stack`. Raises ScriptFailed, and AssertionError if the service broke Twilio's protocol."""
        async with local_stack(agents, clock=SteadyClock(speed), replies=_model(list(replies)), **options) as stack:
            phone = await stack.dial()
            tape = await stack.tape(phone)
            agent, rules = (live := stack.service.registry.calls[phone.sid]).agent, live.turn_taking
            caller = PhoneCaller(
                phone,
                stack.clock,
                lines=lambda: sum(who == "agent" for who, _ in tape.lines),
                transcribe=stack.elevenlabs.stt.script.add,
            )
            try:
                await caller.play(script)
                await caller.play(CallerScript().waits_for_agent(1.5))
            finally:
                await phone.hang_up()
                await phone.ended()
            assert phone.violations == [], phone.violations
            await tape.until(lambda: tape.closed)
        spoken = partial(spoken_form, language=agent.voice.language) if isinstance(agent, Agent) else lambda text: text
        return Timeline(tape.steps, spoken, rules)


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
                return [*parts, part]
        return parts

    return answer
