"""Makes the calls of this folder again after an intended change of the rules (and of their number, `RULES`).

    python -m tests.tapes.make --rehearse [NAME...]     a second: the recorded callers under today's rules
    python -m tests.tapes.make [NAME...]                three minutes: new calls

Inspect what changed (`telephony tape show tests/tapes/NAME`), and check that the tests still pass. The tapes of
`tests/tape/first_format` stay as they are. Recording needs
`telephony[offline,dev]`: each call is made with the embedded default (local STT, LLM and TTS, the real voice detector)
over real sockets and in real time, by a synthetic caller.
"""

from __future__ import annotations

import asyncio
import atexit
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from telephony.agent import Agent
from telephony.clock import Clock
from telephony.core.decisions import RULES
from telephony.core.policy import Limits
from telephony.examples import receptionist
from telephony.observe.logs import configure
from telephony.offline import stt as local_stt
from telephony.offline import tts as local_tts
from telephony.offline.blocking import BlockingEngine, BlockingSynthesizer
from telephony.offline.dialogue import respond
from telephony.offline.stt import LocalRecognizer
from telephony.offline.tts import CALLER, LocalSynthesizer
from telephony.offline.worker import Worker
from telephony.tape.bless import rewrite
from telephony.tape.choose import find
from telephony.tape.reader import read
from telephony.tape.rehearsal.rehearse import rehearse
from telephony.tape.save import without_unplayed_phrases
from telephony.tape.writer import write
from telephony.testing.fakes.elevenlabs.stt import LocalStt, SttLatency
from telephony.testing.fakes.elevenlabs.tts import LocalTts, TtsLatency
from telephony.testing.fakes.openai.server import LlmLatency
from telephony.testing.phone_caller import PhoneCaller
from telephony.testing.script import CallerScript
from telephony.testing.stack import Stack, local_stack
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


Part = CallerScript | Callable[[Stack], None]
"""A part of a call: moves of the caller, or a fault that is switched on or off."""

LISTENS = CallerScript().waits_for_agent(0.3)
UNTIL_OVER = CallerScript().waits(60)


@cache
def _speaker() -> BlockingSynthesizer:
    engine = BlockingEngine(local_tts.ENGINE).__enter__()
    atexit.register(engine.__exit__, None, None, None)
    return BlockingSynthesizer(engine, CALLER)


def utterance(text: str) -> bytes:
    """`text` in the caller's voice."""
    return _speaker().say(text)[0]


def says(text: str) -> CallerScript:
    """ "|" is a pause of 0.65 s."""
    return CallerScript().says((SILENCE * 650).join(utterance(part.strip()) for part in text.split("|")))


def interrupts(text: str, after_s: float) -> CallerScript:
    return CallerScript().interrupts(utterance(text), after_s)


# --- the calls ------------------------------------------------------------------------------------------------------


def interruption() -> list[Part]:
    wait = interrupts("wait i want to book a table", 2.5)
    return [LISTENS, says("what are your opening hours"), wait, CallerScript().listens(1.5)]


def throat() -> list[Part]:
    return [LISTENS, says("i want to book a table"), interrupts("ahem hem", 0.9), LISTENS]


def backchannel() -> list[Part]:
    return [LISTENS, says("i want to book a table"), interrupts("yes", 1.2), LISTENS]


def pause() -> list[Part]:
    return [LISTENS, says("i want to | book a table"), LISTENS]


def silence() -> list[Part]:
    return [UNTIL_OVER]


def during_a_tool() -> list[Part]:
    booking = [says(text) for text in ("book a table for four people", "on friday at seven", "yes please")]
    asks = CallerScript().waits(2.0)  # the tool is running by then
    hours = says("what are your opening hours").listens(3.0)
    return [LISTENS, booking[0], LISTENS, booking[1], LISTENS, booking[2], asks, hours]


def keys() -> list[Part]:
    return [LISTENS, says("on friday at seven"), LISTENS, CallerScript().presses("4#"), LISTENS]


def goodbye() -> list[Part]:
    return [LISTENS, says("no thank you goodbye"), UNTIL_OVER]


def lost_sentence() -> list[Part]:
    def race(stack: Stack) -> None:
        stack.elevenlabs.tts.faults.race = 1

    return [LISTENS, race, says("i want to book a table").waits_for_agent(3.0)]  # a filler comes first


def broken_tts() -> list[Part]:
    def drop(stack: Stack) -> None:
        stack.elevenlabs.tts.faults.drop_after_bytes = 14_000

    return [LISTENS, drop, says("i want to book a table"), LISTENS]


def empty_answer() -> list[Part]:
    def empty(stack: Stack) -> None:
        stack.openai.faults.empty_reply = not stack.openai.faults.empty_reply

    table = says("i want to book a table")
    return [LISTENS, empty, table, LISTENS, empty, table.listens(1.0)]


def no_transcript() -> list[Part]:
    def lose(stack: Stack) -> None:
        stack.elevenlabs.stt.faults.no_finals = True

    return [LISTENS, lose, says("what are your opening hours").listens(2.0)]


CALLS: dict[str, tuple[Agent, Callable[[], list[Part]]]] = {
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
    agent, parts = CALLS[name]
    clock = Clock(SPEED)
    with tempfile.TemporaryDirectory() as scratch:
        async with Worker(local_stt.ENGINE) as stt_engine, Worker(local_tts.ENGINE) as tts_engine:
            synthesize, recognizer = LocalSynthesizer(tts_engine).synthesize, partial(LocalRecognizer, stt_engine)
            tts = LocalTts(clock=clock, synthesize=synthesize, latency=TtsLatency(30, 20.0))
            stt = LocalStt(clock=clock, recognizer=recognizer, latency=SttLatency(20, 20, 0))
            service = local_stack(
                agent, clock=clock, replies=respond, tts=tts, stt=stt, detector=SileroDetector, tapes=Path(scratch)
            )
            async with service as stack:
                stack.openai.latency = LlmLatency(first_token_ms=100, tokens_per_s=80)
                phone = await stack.dial()
                tape = await stack.tape(phone)
                caller = PhoneCaller(phone, clock, lines=lambda: sum(who == "agent" for who, _ in tape.lines))
                for part in parts():
                    if isinstance(part, CallerScript):
                        await caller.play(part)
                    else:
                        part(stack)
                await phone.hang_up()
                await phone.ended()
                assert phone.violations == [], phone.violations
        made = read(find(Path(scratch))[0])
        assert made.good, made.problems
        shutil.rmtree(HERE / name, ignore_errors=True)
        write(HERE / name, made.header, without_unplayed_phrases(made))
    kept = read(HERE / name)
    print(f"{name}: {kept.length_ms / 1000:.1f} s, {kept.tape_bytes // 1024} kB", flush=True)


def again(name: str) -> None:
    """Rehearses the tape under the rules that its agent has now, and replaces it if the result differs or older rules
    made it."""
    agent, _ = CALLS[name]
    tape = read(HERE / name)
    made = ",".join(dict.fromkeys((*tape.header.made.split(","), "rehearsed")))
    done = rehearse(tape, replace(tape.header, policy=agent.policy(), made=made))
    same = done.steps == tape.steps and (agent.policy(), RULES) == (tape.header.policy, tape.header.rules)
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
