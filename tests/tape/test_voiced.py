"""One rule says which detector windows are voice: `TurnTaking.voiced_at` and `unvoiced_below` of the call's policy.

The same calls under two policies: windows of 600 thousandths are voice by the defaults, and are not from 700 on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from telephony.agent import Agent, IncomingCall, ManagedAgent
from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.listening.voice_activity import Voiced
from telephony.core.policy import Policy, TurnTaking
from telephony.observe.logs import CallLog
from telephony.observe.timeline import timeline_html
from telephony.observe.turn_latency import TurnClock
from telephony.runtime.call_registry import LiveCall
from telephony.tape import show
from telephony.tape.format import Header
from telephony.tape.reader import Tape
from telephony.tape.rehearsal.world import spoken_words
from telephony.testing.import_call import _voiced
from telephony.testing.recorded_stt import HeardFrame
from telephony.testing.stack import local_stack
from telephony.testing.steady import SteadyClock
from tests.bench.turns.play import voiced_after

STRICT = TurnTaking().tuned(voiced_at=700, unvoiced_below=650)
BOTH = pytest.mark.parametrize(("rules", "voice"), [(TurnTaking(), True), (STRICT, False)])


def frame(at: int, speech: int) -> e.AudioReceived:
    return e.AudioReceived(b"\x55" * 160, at - 20, speech, -200)


ENDED = d.TurnEnded(1, d.EndpointReason.OPEN, 600, 600, 400, 0, "final")


def call() -> list[Step]:
    """0.4 s of windows of 600 thousandths, silence, the words, and the answer."""
    found: list[tuple[int, e.Event, tuple[a.Action, ...]]] = [
        (at, frame(at, 600 if 1_000 < at <= 1_400 else 0), (a.Transcribe(b""),)) for at in range(20, 2_000, 20)
    ]
    found.append((2_000, e.TranscriptUpdated("hello Morgan", "", 1), (ENDED,)))
    found.append((2_000, e.TimeReached(2_000), (a.LineAdded("caller", "hello Morgan", 1), a.StartReply(1, ()))))
    found.append((2_100, e.SpeechAudio(1, 1, b"\x55" * 800), (a.SendAudio(b"\x55" * 800),)))
    return [Step(seq, at, event, done) for seq, (at, event, done) in enumerate(found)]


def taped(rules: TurnTaking) -> Tape:
    made = call()
    return Tape(Path("call"), Header(policy=Policy(turn_taking=rules)), made, ended=True, whole=len(made))


def test_between_the_two_thresholds_the_last_state_holds() -> None:
    """As in the core; a frame that completed no window is not voice itself, and changes nothing."""
    voice = Voiced(TurnTaking().tuned(voiced_at=500, unvoiced_below=350))
    windows = [(499, False), (500, True), (None, False), (350, True), (349, False), (499, False)]
    assert [voice.window(speech) for speech, _ in windows] == [voiced for _, voiced in windows]
    assert voice.hears(frame(20, 500))
    assert not voice.hears(e.AudioMissed(20))
    assert not voice.hears(frame(60, 499)), "missed audio ends it"


@BOTH
def test_a_live_call_is_watched_by_the_rule_of_its_agent(rules: TurnTaking, voice: bool) -> None:
    clock = TurnClock(rules=rules)
    log = CallLog("CA1", rules)
    for step in call():
        clock.see(step)
        log.see(step)
    clock.close()
    log.close()
    assert clock.reports[0].voiced_ms == (1_400 if voice else None)
    assert log._totals == [700 if voice else 100]
    assert ('class="voiced"' in timeline_html(call(), rules=rules)) is voice


@BOTH
def test_a_tape_is_shown_by_its_own_rule(rules: TurnTaking, voice: bool) -> None:
    seen = show.timeline(taped(rules))
    assert seen.caller_spans == ([(988, 1_400)] if voice else [])
    assert seen.record[0].at == (988 if voice else 2_000)
    assert seen.slowest_answer_ms == (700 if voice else 100)
    assert any("caller: voice" in line for line in show.steps(taped(rules))) is voice


@BOTH
def test_a_rehearsal_takes_for_voice_what_the_tape_did(rules: TurnTaking, voice: bool) -> None:
    """A word without times of its own was out when the voice before it ended."""
    assert {word.at for word in spoken_words(call(), rules)} == {1_400 if voice else 0}


@BOTH
def test_an_import_and_the_bench_take_the_rule_that_is_given(rules: TurnTaking, voice: bool) -> None:
    heard = [HeardFrame(b"\xff" * 160, speech, -200) for speech in (0, 600, None, 0)]
    assert _voiced(heard, rules) == ([1] if voice else [])
    assert voiced_after(heard, rules) == ([40] if voice else [])


def test_a_live_call_has_the_rule_of_its_agent_or_of_the_managed_agents_fallback() -> None:
    ours = Agent("Say hello.", turn_taking=STRICT)

    def live(agent: Agent | ManagedAgent) -> LiveCall:
        unused: Any = None
        return LiveCall(IncomingCall("CA1"), agent, inbox=unused, leg=unused)

    assert live(ours).turn_taking is STRICT
    assert live(ManagedAgent("agent_1", fallback=ours)).turn_taking is STRICT
    assert live(ManagedAgent("agent_1")).turn_taking == TurnTaking()


async def test_the_log_of_a_live_call_has_the_rule_of_its_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[TurnTaking | None] = []

    class Watched(CallLog):
        def __init__(self, call_sid: str, rules: TurnTaking | None = None) -> None:
            given.append(rules)
            super().__init__(call_sid, rules)

    monkeypatch.setattr("telephony.app.app.CallLog", Watched)
    async with local_stack(Agent("Say hello.", turn_taking=STRICT), clock=SteadyClock(20)) as stack:
        phone = await stack.dial()
        await stack.tape(phone)
        await phone.hang_up()
        await phone.ended()
    assert given == [STRICT]
