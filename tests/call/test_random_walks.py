"""Random walks over the core: what must hold whatever happens, and in whatever order."""

from __future__ import annotations

import random

import pytest

from telephony.call import actions as a
from telephony.call import events as e
from telephony.call.call import Call
from telephony.call.policy import PHRASE_NAMES, Limits, Policy
from telephony.testing.simulator import CHAR_MS, Calls, Simulator

TEXT = "We open at nine, and close at six. On Sundays we stay closed all day. Is there anything else?"


def random_event(rng: random.Random, call: Call, now: int, names: list[str], tools: list[str]) -> e.Event:
    """Any event, mostly plausible, often stale, sometimes absurd."""
    turn, attempt = rng.randint(0, call._turns.last + 1), rng.choice((1, 1, 1, 2))
    tool = rng.choice([*tools, "call_x"])
    commits = call._listening.segments.commits
    speech = rng.choice((None, 0, 200, 400, 600, 950, 950, 950))
    choices: list[tuple[int, e.Event]] = [
        (60, e.AudioReceived(b"\xff" * 160, now, speech, rng.randint(-960, 0))),
        (2, e.AudioMissed(rng.randint(1, 2_000))),
        (10, e.MarkReached(rng.choice([*names[-8:], "t1.1", "nonsense"]))),
        (1, e.KeyPressed(rng.choice("0123456789*#"))),
        (4, e.TranscriptPartial(rng.choice(("", "yes", "mm-hm", "wait", "i want to", "i want to book a table")))),
        (
            4,
            e.TranscriptFinal(
                rng.randint(0, call._listening.segments.commits + 1), rng.choice(("", "yes", "book a table"))
            ),
        ),
        (1, e.CommitRefused(rng.randint(0, commits + 1))),
        (12, e.ReplyDelta(turn, rng.choice(("", "Well, ", "of course. ", "No. ", TEXT)))),
        (3, e.ToolWanted(turn, tool, rng.choice(("book", "end_call")), "{}")),
        (4, e.ToolFinished(turn, tool, "ok", rng.random() < 0.2)),
        (5, e.ReplyEnded(turn, rng.choice(("stop", "length", "content_filter")))),
        (1, e.ReplyFailed(turn, rng.choice(("provider_busy", "provider_timeout")), rng.random() < 0.5)),
        (12, e.SpeechAudio(turn, attempt, b"\x55" * rng.randint(0, 3_000), "of course. ", tuple(range(70, 841, 70)))),
        (4, e.SpeechEnded(turn, attempt)),
        (1, e.SpeechLost(turn, attempt, "provider_unavailable", rng.random() < 0.8)),
        (1, e.VoiceLost("provider_unavailable", True)),
        (1, e.EarsLost("provider_unavailable", True)),
        (1, e.CallStarted("MZ1")),
    ]
    return rng.choices([event for _, event in choices], [weight for weight, _ in choices])[0]


@pytest.mark.parametrize("seed", range(20))
def test_anything_in_any_order(seed: int):
    """100,000 events over 20 seeds: no exception, time advances, numbers are used once, nothing grows."""
    rng = random.Random(seed)
    limits = Limits(call_ms=10**9, apologies=10**9, silence_end_ms=10**9)
    call = Call(Policy(greeting="Hello.", limits=limits))
    now, names, tools, allowed = 0, [], [], set()
    stock = tuple(e.Phrase(name, "Hello.", b"\x55" * 800) for name in (*PHRASE_NAMES, "greeting"))
    call.step(e.PhrasesLoaded(stock if seed % 2 else ()), 0)
    for _ in range(5_000):
        now += rng.choice((0, 0, 1, 20, 20, 100))
        event = random_event(rng, call, now, names, tools)
        if call.deadline is not None and call.deadline < now and rng.random() < 0.9:
            event = e.TimeReached(call.deadline)
        for action in call.step(event, now):
            match action:
                case a.SendAudio(pcmu):
                    assert pcmu
                    assert len(pcmu) % 160 == 0
                case a.SendMark(name):
                    assert name not in names
                    names.append(name)
                case a.StartReply(turn, history):
                    tools += [f"call_{turn}"]
                    assert len(history) < 10_000
                case a.RunTool(turn, tool_call_id):
                    assert (turn, tool_call_id) not in allowed
                    allowed.add((turn, tool_call_id))
                case a.Speak(_, _, text):
                    assert text.endswith(" ")
                    assert text.strip()
                case _:
                    pass
        if call.ended is not None:
            break
        steps = 0
        while (deadline := call.deadline) is not None and deadline <= now and steps < 20:
            call.step(e.TimeReached(deadline), now)
            steps += 1
        assert steps < 20, "the deadline does not move on"
        assert len(call._turns._speeches) < 60
        assert len(call._turns.playout.tracks) < 60


def random_call(seed: int) -> Simulator:
    rng = random.Random(seed)
    replies = rng.choice(
        (
            lambda h: [TEXT],
            lambda h: ["Yes."],
            lambda h: ["One moment, please.", Calls("book", "{}", "done"), TEXT] if len(h) < 4 else [TEXT],
        )
    )
    sim = Simulator(Policy(greeting="Hello, how can I help you?", limits=Limits(call_ms=10**8)), replies)
    lag = sim.latencies
    lag.partial, lag.final = rng.choice((60, 120, 400)), rng.choice((60, 120, 400, 900))
    lag.first_token, lag.first_audio = rng.choice((100, 250, 600, 1_500)), rng.choice((60, 100, 400))
    lag.mark, lag.tool = rng.choice((0, 20, 60)), rng.choice((50, 400, 3_000))
    at = 1_000
    for number in range(rng.randint(2, 8)):
        kind = rng.random()
        if kind < 0.6:
            at = sim.says(at, f"word{number}a word{number}b word{number}c", ms=rng.randint(400, 2_500))
        elif kind < 0.8:
            at = sim.coughs(at, rng.randint(40, 500))
        else:
            at = sim.says(at, rng.choice(("mm-hm", "yeah", "okay")), ms=rng.randint(200, 500))
        at += rng.choice((300, 700, 900, 1_500, 4_000, 7_000))
    sim.faults.no_alignment = rng.random() < 0.1
    return sim.run(at + 12_000)


@pytest.mark.parametrize("block", range(8))
def test_calls_keep_their_promises(block: int):
    """300 random calls: truth about what was heard, no words lost, no turn answered twice, silence bounded."""
    for seed in range(block * 40, block * 40 + 40):
        sim = random_call(seed)
        check_heard(sim, seed)
        check_words(sim, seed)
        check_silence(sim, seed)
        check_tools(sim, seed)


def check_heard(sim: Simulator, seed: int) -> None:
    """Each agent line is no longer than what the carrier really played of its turn."""
    played: dict[int, int] = {}
    for turn, ms in sim.carrier.played_by_turn().items():
        played[turn] = ms
    for _, line in sim.actions(a.LineAdded):
        if line.speaker == "agent":
            assert len(line.text) * CHAR_MS <= played.get(line.turn, 0) + 2 * CHAR_MS, (seed, line, played)


def check_words(sim: Simulator, seed: int) -> None:
    """Every word that the ears reported as final, and that is no backchannel, is in the record once."""
    said = [w for sound in sim._ears.sounds for w in sound.words if w.startswith("word")]
    record = " ".join(text for who, text in sim.lines if who == "caller").split()
    for word in said:
        assert record.count(word) == 1, (seed, word, sim.lines)


def check_silence(sim: Simulator, seed: int) -> None:
    """After an end of turn something is audible, or the caller speaks again, within 2.5 s."""
    audible = [start for start, _ in sim.heard]
    voices = [sound.start for sound in sim._ears.sounds]
    for at, _ in sim.explained("end_of_turn"):
        if at + 2_500 > sim.now:
            continue
        playing = any(start <= at <= end for start, end in sim.heard)
        soon = any(at <= other <= at + 2_500 for other in (*audible, *voices))
        assert playing or soon, (seed, at, sim.heard)


def check_tools(sim: Simulator, seed: int) -> None:
    """No tool call runs twice."""
    ran = [x.tool_call_id for _, x in sim.actions(a.RunTool)]
    assert len(ran) == len(set(ran)), seed
