"""Wire replay: a recorded call once more over real sockets, through the whole service.

    done = await wire_replay(read(path), clock=Clock(speed=10))
    assert done.same, done.report()

The carrier sends the caller's frames as they came, with their gaps, keys and hang-up; the service is the real one, with
all its sockets. Behind it stand local servers that know the tape: the ears hear the words where they were said, the
model answers the same words as it did, tools return what they returned, and the voice has the same sound. So the call
need not have been with the local parts, and nothing of a vendor is asked. It is not exact as a replay is: sockets have
latencies of their own. What must be the same is what happens, in what order.
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
from telephony.tape.show import timeline
from telephony.tape.step_text import plain
from telephony.tape.timeline import Timeline
from telephony.testing.fakes.elevenlabs.stt import LocalStt
from telephony.testing.fakes.elevenlabs.tts import LocalTts
from telephony.testing.fakes.twilio.carrier import CallOver, PhoneCall
from telephony.testing.fakes.twilio.faults import CarrierFaults
from telephony.testing.stack import Tape as Watching
from telephony.testing.stack import local_stack
from telephony.testing.steady import SteadyClock, SteadyLoop
from telephony.testing.taped import TapedParts
from telephony.text_normalization import spoken_form

TIMEOUT_MS = 20_000
CUT_MS = 500
"""A line that breaks off so much earlier or later was heard otherwise; less than that, sockets do."""
MOVED_MS = 250
"""A moment that comes so much earlier or later than on the tape is the same to a listener, over sockets."""


@dataclass(slots=True)
class WireReplay:
    """What came of it. `violations` is what the carrier found wrong with the service; `otherwise` are moments that
    came otherwise or at another time, as lines."""

    tape: Tape
    now: Timeline
    violations: list[str] = field(default_factory=list)
    otherwise: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """The tape is whole, the protocol was kept, and both said and did the same."""
        if not self.tape.good:
            return False
        then = timeline(self.tape)
        return not self.violations and alike(conversation(then), conversation(self.now))

    def report(self) -> str:
        head = f"{self.tape.path}: {self.tape.length_ms / 1000:.1f} s over sockets: "
        head += "the same conversation" if self.same else "ANOTHER CONVERSATION" if self.tape.good else "DAMAGED"
        return "\n".join([head, *(f"  {line}" for line in (*self.tape.problems, *self.violations, *self.otherwise))])


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the caller said, what they heard of the agent's lines, and which tools ran. A line is its words, whether it
    was interrupted, and for how long its turn could be heard (ms)."""

    said: str
    lines: tuple[tuple[tuple[str, ...], bool, int], ...]
    tools: tuple[str, ...]


def conversation(call: Timeline) -> Conversation:
    """The call as it was to both."""
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
    """The same to a listener: the same words heard, and what is cut off is cut off at nearly the same place."""
    if (then.said, then.tools, len(then.lines)) != (now.said, now.tools, len(now.lines)):
        return False
    for (old, old_cut, old_ms), (new, new_cut, new_ms) in zip(then.lines, now.lines, strict=True):
        cut = old_cut or new_cut
        shared = min(len(old), len(new)) if cut else None  # where a cut falls into a word differs
        if old[:shared] != new[:shared] or (cut and abs(old_ms - new_ms) > CUT_MS):
            return False
    return True


async def wire_replay(
    tape: Tape, *, clock: Clock | None = None, detector: Callable[[], Detector] | None = None
) -> WireReplay:
    """See the module text. `detector` (None: what the recorded call's one found) listens to the frames again."""
    if tape.header.engine != PIPELINE:
        raise BadTape(f"only calls of the pipeline can be replayed so; this one was held by {tape.header.engine!r}")
    clock = clock or Clock()
    known = TapedParts(tape)
    stack = local_stack(
        known.agent(),
        clock=clock,
        replies=known.answer,
        stt=LocalStt(clock=clock, recognizer=known.stt, latency=known.hearing),
        tts=LocalTts(clock=clock, synthesize=known.speak),
        detector=detector or known.detector,
    )
    async with stack as parts:
        first = next((s.event.media_ms for s in tape.steps if isinstance(s.event, e.AudioReceived)), 0)
        phone = await parts.dial(CarrierFaults(first_timestamp_ms=first, gaps=known.gaps))
        watching = await _call(phone, known, parts.tape(phone), clock)
        violations = [f"the carrier: {code} {text}" for code, text in phone.violations]
    spoken = partial(spoken_form, language=tape.header.language or "en")
    now = Timeline(watching.steps, spoken, tape.header.policy.turn_taking)
    return WireReplay(tape, now, violations, _otherwise(tape, now))


def wire_replay_all(tapes: Sequence[Tape], tell: Callable[[str], None], speed: float) -> int:
    """Replays tapes over sockets, one after the other, and tells of each. The exit code: 0 all the same, 1 one is not,
    2 a tape is damaged, or cannot be replayed so."""
    code = 0
    for tape in tapes:
        try:
            if not tape.good:
                raise BadTape("only a whole tape can be replayed over sockets: " + "; ".join(tape.problems))
            with asyncio.Runner(loop_factory=SteadyLoop) as runner:
                done = runner.run(wire_replay(tape, clock=SteadyClock(speed)))
        except TelephonyError as error:
            tell(f"{tape.path}: {error}")
            code = code or 2
        else:
            tell(done.report())
            code = code if done.same else 1
    return code


def _otherwise(tape: Tape, now: Timeline) -> list[str]:
    then = timeline(tape)
    found = []
    for row in rows(moments(then), moments(now)):
        moved = row.then is not None and row.now is not None and abs(row.then.at - row.now.at) > MOVED_MS
        if row.then is None or row.now is None or moved:
            found.append(row_text(row))
    return found


async def _call(phone: PhoneCall, known: TapedParts, beginning: Any, clock: Clock) -> Watching:
    """The caller's side, from the first frame to the end."""
    voice = phone.line.voice
    speaking = asyncio.ensure_future(phone.say(known.caller))
    try:
        async with clock.timeout(TIMEOUT_MS + len(known.caller) // 8):
            watching: Watching = await beginning
            for after, key in known.keys:
                await phone.until(lambda after=after: voice.taken >= after)  # type: ignore[misc]
                await phone.press(key)
            await speaking
            if not known.hangs_up:
                await phone.until(lambda: False)
    except CallOver:
        pass
    except TimeoutError:
        raise TelephonyError("the call did not come to its end") from None
    finally:
        speaking.cancel()
        await phone.hang_up()
        await phone.ended()
    await watching.until(lambda: watching.closed)
    return watching
