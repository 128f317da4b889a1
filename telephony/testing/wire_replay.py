"""Wire replay: runs a recorded call again over real sockets, through the whole service.

    done = await wire_replay(read(path), clock=Clock(speed=10))
    assert done.same, done.report()

The local carrier sends the caller's recorded frames, with gaps, keys and hang-up; the service is the real one, with all
its sockets. Its providers are local servers that answer from the tape (`taped.py`): the STT yields the words where they
were said, the LLM gives the recorded replies, tools return their recorded results, and the TTS the recorded speech. So
any recorded call of the pipeline will do, and no vendor is contacted. Unlike a replay it is not exact, as sockets have
latencies of their own: both calls must have the same words and actions in the same order.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from telephony.clock import Clock
from telephony.contracts.vad import Detector
from telephony.core import events as e
from telephony.errors import TelephonyError
from telephony.tape.codec import BadTape
from telephony.tape.compare import moments, row_text, rows
from telephony.tape.format import PIPELINE
from telephony.tape.reader import Tape
from telephony.tape.replay import DAMAGED, DIFFERENT, exit_code, other_rules, worst
from telephony.tape.show import timeline
from telephony.tape.step_text import plain
from telephony.tape.timeline import Timeline
from telephony.testing.fakes.elevenlabs.stt import LocalStt, SttFaults
from telephony.testing.fakes.elevenlabs.tts import LocalTts
from telephony.testing.fakes.twilio.carrier import CallOver, PhoneCall
from telephony.testing.fakes.twilio.faults import CarrierFaults
from telephony.testing.stack import Tape as ObservedSteps
from telephony.testing.stack import local_stack
from telephony.testing.steady import SteadyClock, SteadyLoop
from telephony.testing.taped import TapedParts
from telephony.text_normalization import spoken_form

TIMEOUT_MS = 20_000
CUT_MS = 500
"""Largest difference in length of an interrupted line that counts as the same; sockets alone can cause as much."""
MOVED_MS = 250
"""Largest difference in time of a moment that is not reported; sockets alone can cause as much."""


@dataclass(slots=True)
class WireReplay:
    """The result. `now` is the timeline of the new call; `violations` are the service's breaches of Twilio's protocol;
    `differences` are the moments that differ from the tape in content or time. The latter two are lines of text."""

    tape: Tape
    now: Timeline
    violations: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether the tape is undamaged, the protocol was kept, and both calls are the same conversation."""
        if not self.tape.good:
            return False
        then = timeline(self.tape)
        return not self.violations and alike(conversation(then), conversation(self.now))

    def report(self) -> str:
        head = f"{self.tape.path}: {self.tape.length_ms / 1000:.1f} s over sockets: "
        head += "the same conversation" if self.same else "DIFFERENT CONVERSATION" if self.tape.good else "DAMAGED"
        found = (f"  {line}" for line in (*self.tape.problems, *self.violations, *self.differences))
        return "\n".join([head, *other_rules(self.tape), *found])

    @property
    def code(self) -> int:
        """The exit code, as of a replay. A breach of the protocol is a difference, whatever rules made the tape."""
        return DIFFERENT if self.violations else exit_code(self.tape, self.same)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the caller said, what they heard of the agent's lines, and the names of the tools that ran. A line consists
    of its words, whether it was interrupted, and for how many ms its turn could be heard."""

    said: str
    lines: tuple[tuple[tuple[str, ...], bool, int], ...]
    tools: tuple[str, ...]


def conversation(call: Timeline) -> Conversation:
    """The call as a listener to both sides would describe it."""
    played: Counter[int] = Counter()
    for piece in call.played:
        played[piece.turn] += piece.end - piece.start
    return Conversation(
        " ".join(" ".join(plain(text)) for speaker, text in call.lines if speaker == "caller"),
        tuple(
            (plain(one.text), one.interrupted, played[one.turn])
            for one in call.record
            if one.text and one.speaker == "agent"
        ),
        tuple(one.name for one in call.tools if one.ran),
    )


def alike(then: Conversation, now: Conversation) -> bool:
    """Whether both are the same to a listener: the same words were heard, and interrupted lines end at nearly the same
    place."""
    if (then.said, then.tools, len(then.lines)) != (now.said, now.tools, len(now.lines)):
        return False
    for (old, old_cut, old_ms), (new, new_cut, new_ms) in zip(then.lines, now.lines, strict=True):
        cut = old_cut or new_cut
        shared = min(len(old), len(new)) if cut else None  # a cut line may end a few words earlier or later
        if old[:shared] != new[:shared] or (cut and abs(old_ms - new_ms) > CUT_MS):
            return False
    return True


async def wire_replay(
    tape: Tape, *, clock: Clock | None = None, detector: Callable[[], Detector] | None = None
) -> WireReplay:
    """Replays a tape over sockets (see the module text). `detector` makes a detector that analyses the frames again; if
    it is None, the recorded results are used. Raises BadTape for a call that was not held by the pipeline, and
    TelephonyError if the call does not end."""
    if tape.header.engine != PIPELINE:
        raise BadTape(
            f"only calls of the pipeline can be replayed over sockets; this one was held by {tape.header.engine!r}"
        )
    clock = clock or Clock()
    taped = TapedParts(tape)
    stack = local_stack(
        taped.agent(),
        clock=clock,
        replies=taped.answer,
        stt=LocalStt(clock=clock, recognizer=taped.stt, latency=taped.stt_latency, faults=SttFaults(no_echo=True)),
        tts=LocalTts(clock=clock, synthesize=taped.speak),
        detector=detector or taped.detector,
    )
    async with stack as parts:
        first = next((s.event.media_ms for s in tape.steps if isinstance(s.event, e.AudioReceived)), 0)
        phone = await parts.dial(CarrierFaults(first_timestamp_ms=first, gaps=taped.gaps))
        observed = await _call(phone, taped, parts.tape(phone), clock)
        violations = [f"the carrier: {code} {text}" for code, text in phone.violations]
    spoken = partial(spoken_form, language=tape.header.language or "en")
    now = Timeline(observed.steps, spoken, tape.header.policy.turn_taking)
    return WireReplay(tape, now, violations, _differences(tape, now))


def wire_replay_all(tapes: Sequence[Tape], write: Callable[[str], None], speed: float) -> int:
    """Replays tapes over sockets, one after the other, and passes a report on each to `write`. Returns the exit code: 0
    if all are the same conversations, 1 if one is not, 2 if a tape is damaged or cannot be replayed over sockets, 3 if
    other rules made one; of several, the lowest that is not 0."""
    codes = []
    for tape in tapes:
        try:
            if not tape.good:
                raise BadTape("a damaged tape cannot be replayed over sockets: " + "; ".join(tape.problems))
            with asyncio.Runner(loop_factory=SteadyLoop) as runner:
                done = runner.run(wire_replay(tape, clock=SteadyClock(speed)))
        except TelephonyError as error:
            write(f"{tape.path}: {error}")
            codes.append(DAMAGED)
        else:
            write(done.report())
            codes.append(done.code)
    return worst(codes)


def _differences(tape: Tape, now: Timeline) -> list[str]:
    then = timeline(tape)
    found = []
    for row in rows(moments(then), moments(now)):
        moved = row.then is not None and row.now is not None and abs(row.then.at - row.now.at) > MOVED_MS
        if row.then is None or row.now is None or moved:
            found.append(row_text(row))
    return found


async def _call(phone: PhoneCall, taped: TapedParts, beginning: Any, clock: Clock) -> ObservedSteps:
    """Plays the caller's side, from the first frame to the end of the call. Returns the steps of the new call."""
    voice = phone.line.voice
    speaking = asyncio.ensure_future(phone.say(taped.caller))
    try:
        async with clock.timeout(TIMEOUT_MS + len(taped.caller) // 8):
            observed: ObservedSteps = await beginning
            for after, key in taped.keys:
                await phone.until(lambda after=after: voice.taken >= after)  # type: ignore[misc]
                await phone.press(key)
            await speaking
            if not taped.hangs_up:
                await phone.until(lambda: False)
    except CallOver:
        pass
    except TimeoutError:
        raise TelephonyError("the call did not end in time") from None
    finally:
        speaking.cancel()
        await phone.hang_up()
        await phone.ended()
    await observed.until(lambda: observed.closed)
    return observed
