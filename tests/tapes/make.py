"""Makes the calls of this folder again after an intended change of the rules.

    python -m tests.tapes.make --rehearse [NAME...]     a second: the recorded callers under today's rules
    python -m tests.tapes.make [NAME...]                three minutes: new calls

Inspect what changed (`telephony tape show tests/tapes/NAME`), and check that the tests still pass. Recording needs
`telephony[offline,dev]`: each call is made with the embedded default (local STT, LLM and TTS, the real voice detector)
over real sockets and in real time, by a synthetic caller.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from telephony.agent import Agent
from telephony.clock import Clock
from telephony.core.actions import LineAdded, SendAudio
from telephony.core.events import ToolWanted
from telephony.core.policy import Limits
from telephony.examples import receptionist
from telephony.observe.logs import configure
from telephony.offline.caller import utterance
from telephony.offline.dialogue import respond
from telephony.offline.stt import RecognizerProcess
from telephony.offline.tts import EspeakTts
from telephony.tape.bless import rewrite
from telephony.tape.reader import find, read
from telephony.tape.rehearsal.rehearse import rehearse
from telephony.tape.save import without_unplayed_phrases
from telephony.tape.writer import write
from telephony.testing.fakes.elevenlabs.stt import LocalStt, SttLatency
from telephony.testing.fakes.elevenlabs.tts import LocalTts, TtsLatency
from telephony.testing.fakes.openai.server import LlmLatency
from telephony.testing.fakes.twilio.carrier import CallOver, PhoneCall
from telephony.testing.stack import Stack, Tape, local_stack
from telephony.tools import tool
from telephony.vad.silero import SileroDetector

HERE = Path(__file__).parent
SPEED = 1.0
SILENCE = b"\xff" * 8
"""One millisecond."""


@tool
async def book_table(day: str, time: str, people: int) -> str:
    """Books after a delay of 2.5 s."""
    await asyncio.sleep(2.5 / SPEED)
    return f"Your table for {people} on {day} is booked."


AGENT = replace(receptionist.agent, greeting="Blue Door, how can I help you?")
SLOW = replace(AGENT, tools=(book_table,))
SHORT = replace(AGENT, limits=Limits(silence_prompt_ms=2_500, silence_end_ms=2_500))


@dataclass
class Caller:
    """A synthetic caller on one phone call."""

    stack: Stack
    phone: PhoneCall
    tape: Tape

    async def waits(self, ms: int) -> None:
        until = self.phone.now_ms + ms
        await self.phone.until(lambda: self.phone.now_ms >= until)

    async def listens(self) -> None:
        """Waits until another line of the agent is recorded, then for 300 ms of silence."""
        lines = self._lines()
        await self.phone.until(lambda: self._lines() > lines)
        await self.phone.agent_silent(for_ms=300)

    async def says(self, text: str) -> None:
        """Says words that the local STT knows; "|" is a pause of 0.65 s."""
        await self.phone.say((SILENCE * 650).join(utterance(part.strip()) for part in text.split("|")))

    async def answered(self, ms: int) -> None:
        """Waits until the agent has been answering for `ms`."""
        before = len(self.tape.actions(SendAudio))
        await self.phone.until(lambda: len(self.tape.actions(SendAudio)) > before)
        await self.phone.agent_speaking()
        await self.waits(ms)

    async def until_over(self) -> None:
        await self.phone.until(lambda: False)

    def _lines(self) -> int:
        return sum(line.speaker == "agent" for _, line in self.tape.actions(LineAdded))


# --- the calls ------------------------------------------------------------------------------------------------------


async def interruption(caller: Caller) -> None:
    await caller.listens()
    await caller.says("what are your opening hours")
    await caller.answered(2_500)
    await caller.says("wait i want to book a table")
    await caller.answered(1_500)


async def throat(caller: Caller) -> None:
    await caller.listens()
    await caller.says("i want to book a table")
    await caller.answered(900)
    await caller.says("ahem hem")
    await caller.listens()


async def backchannel(caller: Caller) -> None:
    await caller.listens()
    await caller.says("i want to book a table")
    await caller.answered(1_200)
    await caller.says("yes")
    await caller.listens()


async def pause(caller: Caller) -> None:
    await caller.listens()
    await caller.says("i want to | book a table")
    await caller.listens()


async def silence(caller: Caller) -> None:
    await caller.until_over()


async def during_a_tool(caller: Caller) -> None:
    await caller.listens()
    await caller.says("book a table for four people")
    await caller.listens()
    await caller.says("on friday at seven")
    await caller.listens()
    await caller.says("yes please")
    await caller.phone.until(lambda: bool(caller.tape.events(ToolWanted)))
    await caller.waits(1_000)
    await caller.says("what are your opening hours")
    await caller.answered(3_000)


async def keys(caller: Caller) -> None:
    await caller.listens()
    await caller.says("on friday at seven")
    await caller.listens()
    await caller.phone.press("4#")
    await caller.listens()


async def goodbye(caller: Caller) -> None:
    await caller.listens()
    await caller.says("no thank you goodbye")
    await caller.until_over()


async def lost_sentence(caller: Caller) -> None:
    await caller.listens()
    caller.stack.elevenlabs.tts.faults.race = 1
    await caller.says("i want to book a table")
    await caller.listens()  # a filler comes first
    await caller.listens()


async def broken_tts(caller: Caller) -> None:
    await caller.listens()
    caller.stack.elevenlabs.tts.faults.drop_after_bytes = 14_000
    await caller.says("i want to book a table")
    await caller.listens()


async def empty_answer(caller: Caller) -> None:
    await caller.listens()
    caller.stack.openai.faults.empty_reply = True
    await caller.says("i want to book a table")
    await caller.listens()
    caller.stack.openai.faults.empty_reply = False
    await caller.says("i want to book a table")
    await caller.answered(1_000)


async def no_transcript(caller: Caller) -> None:
    await caller.listens()
    caller.stack.elevenlabs.stt.faults.no_finals = True
    await caller.says("what are your opening hours")
    await caller.answered(2_000)


CALLS: dict[str, tuple[Agent, Callable[[Caller], Awaitable[None]]]] = {
    "an_interruption_stops_the_agent": (AGENT, interruption),
    "a_cleared_throat_costs_no_word": (AGENT, throat),
    "a_yes_in_between_takes_no_turn": (AGENT, backchannel),
    "a_pause_inside_a_sentence_is_no_end": (AGENT, pause),
    "a_silent_caller_is_asked_and_let_go": (SHORT, silence),
    "an_interrupted_tool_runs_once": (SLOW, during_a_tool),
    "keys_need_no_words": (AGENT, keys),
    "a_goodbye_is_heard_to_its_end": (AGENT, goodbye),
    "a_sentence_that_the_voice_lost_is_said": (AGENT, lost_sentence),
    "a_voice_that_breaks_off_goes_on": (AGENT, broken_tts),
    "an_empty_answer_is_no_silence": (AGENT, empty_answer),
    "a_transcript_that_never_comes_is_no_silence": (AGENT, no_transcript),
}


async def record(name: str) -> None:
    """Makes the call and replaces its tape."""
    agent, script = CALLS[name]
    clock = Clock(SPEED)
    with tempfile.TemporaryDirectory() as scratch:
        async with RecognizerProcess() as process:
            tts = LocalTts(clock=clock, synthesize=EspeakTts().synthesize, latency=TtsLatency(30, 20.0))
            stt = LocalStt(clock=clock, recognizer=process.recognizer, latency=SttLatency(20, 20, 0))
            parts = local_stack(
                agent, clock=clock, replies=respond, tts=tts, stt=stt, detector=SileroDetector, tapes=Path(scratch)
            )
            async with parts as stack:
                stack.openai.latency = LlmLatency(first_token_ms=100, tokens_per_s=80)
                phone = await stack.dial()
                caller = Caller(stack, phone, await stack.tape(phone))
                try:
                    async with clock.timeout(60_000):
                        await script(caller)
                except CallOver:
                    pass
                await phone.hang_up()
                await phone.ended()
                assert phone.violations == [], phone.violations
        tape = read(find(Path(scratch))[0])
        assert tape.good, tape.problems
        shutil.rmtree(HERE / name, ignore_errors=True)
        write(HERE / name, tape.header, without_unplayed_phrases(tape))
    kept = read(HERE / name)
    print(f"{name}: {kept.length_ms / 1000:.1f} s, {kept.tape_bytes // 1024} kB", flush=True)


def again(name: str) -> None:
    """Rehearses the tape under the rules that its agent has now, and replaces the tape if the result differs."""
    agent, _ = CALLS[name]
    tape = read(HERE / name)
    made = ",".join(dict.fromkeys((*tape.header.made.split(","), "rehearsed")))
    done = rehearse(tape, replace(tape.header, policy=agent.policy(), made=made))
    same = done.steps == tape.steps and agent.policy() == tape.header.policy
    if not same:
        rewrite(HERE / name, done.header, done.steps)
    print(f"{name}: {'the same' if same else 'rehearsed'}", flush=True)


def main(names: list[str]) -> None:
    configure("error")
    rehearsing = "--rehearse" in names
    names = [name for name in names if name != "--rehearse"]
    if unknown := set(names) - set(CALLS):
        sys.exit(f"unknown call {', '.join(sorted(unknown))}; known calls: {', '.join(CALLS)}")
    for name in names or CALLS:
        if rehearsing:
            again(name)
        else:
            asyncio.run(record(name))


if __name__ == "__main__":
    main(sys.argv[1:])
