"""Random walks over the core: what must hold for any events in any order.

WALKS=5000 pytest tests/core/test_random_walks.py -n 4      many more calls than usual
WALK=1234 pytest tests/core/test_random_walks.py            the call of one seed, and the three after it
WALK=9000 WALKS=5000 pytest ...                             many calls from this seed on
"""

from __future__ import annotations

import os
import random

import pytest

from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.conversation import Conversation
from telephony.core.policy import PHRASE_NAMES, Limits, Policy
from tests.core.promises import keep
from tests.core.walks import walk

TEXT = "We open at nine, and close at six. On Sundays we stay closed all day. Is there anything else?"

BLOCKS = 4
FIRST_SEED = int(os.environ.get("WALK", 0))
WALKS = int(os.environ.get("WALKS", BLOCKS if "WALK" in os.environ else 80))


def random_event(rng: random.Random, call: Conversation, now: int, names: list[str], tools: list[str]) -> e.Event:
    """One random event: mostly plausible, often stale, sometimes nonsensical."""
    turn, attempt = rng.randint(0, call._turns.last + 1), rng.choice((1, 1, 1, 2))
    tool = rng.choice([*tools, "call_x"])
    commits = call._listening.commits
    speech = rng.choice((None, 0, 200, 400, 600, 950, 950, 950))
    choices: list[tuple[int, e.Event]] = [
        (60, e.AudioReceived(b"\xff" * 160, now, speech, rng.randint(-960, 0))),
        (2, e.AudioMissed(rng.randint(1, 2_000))),
        (10, e.MarkReached(rng.choice([*names[-8:], "t1.1", "nonsense"]))),
        (1, e.KeyPressed(rng.choice("0123456789*#•"))),
        (2, random_entry(rng, call)),
        (1, e.EntryDropped(rng.choice((7, asked.wanted.entry if (asked := call._acting.entries._asked) else 7)))),
        (4, e.TranscriptUpdated("", rng.choice(("", "yes", "mm-hm", "wait", "i want to", "i want to book a table")))),
        (4, e.TranscriptUpdated(rng.choice(("", "yes", "book a table")), "", rng.randint(0, commits + 1))),
        (1, e.CommitRefused(rng.randint(0, commits + 1))),
        (12, e.ReplyDelta(turn, rng.choice(("", "Well, ", "of course. ", "No. ", "…", ".", TEXT)))),
        (3, e.ToolWanted(turn, tool, rng.choice(("book", "end_call")), "{}")),
        (4, e.ToolFinished(turn, tool, "ok", rng.random() < 0.2)),
        (3, e.WorkDeferred(turn, tool, f"work {rng.randint(0, 400)}", rng.random() < 0.3)),
        (1, e.NoticeReceived(rng.choice(("", "They have accepted.")), rng.random() < 0.5)),
        (1, e.SayRequested(rng.choice(("", "I am still looking.")))),
        (1, rng.choice((e.MoveStarted("transfer"), e.MoveFailed("transfer"), e.MoveFailed("transfer")))),
        (5, e.ReplyEnded(turn, rng.choice((e.Finish.STOP, e.Finish.LENGTH, e.Finish.CONTENT_FILTER)))),
        (1, e.ReplyFailed(turn, "provider_timeout", rng.choice((e.ReplyFault.BUSY, e.ReplyFault.OTHER)))),
        (12, e.SpeechAudio(turn, attempt, b"\x55" * rng.randint(0, 3_000), "of course. ", tuple(range(70, 841, 70)))),
        (4, e.SpeechEnded(turn, attempt)),
        (1, e.SpeechLost(turn, attempt, "provider_unavailable", rng.random() < 0.8)),
        (1, e.TtsLost("provider_unavailable", True)),
        (1, e.SttLost("provider_unavailable", True)),
        (1, e.CallStarted("MZ1")),
    ]
    return rng.choices([event for _, event in choices], [weight for weight, _ in choices])[0]


def random_entry(rng: random.Random, call: Conversation) -> e.EntryWanted:
    """A tool asks for keys, mostly one of the reply under way."""
    reply = call._turns.reply
    turn = reply.number if reply is not None and rng.random() < 0.8 else rng.randint(0, call._turns.last + 1)
    question, timeout_ms = rng.choice(("", "Your code?")), rng.choice((500, 3_000))
    return e.EntryWanted(
        turn, rng.randint(100, 10**9), question, rng.choice((0, 1, 4)), "#", timeout_ms, rng.random() < 0.3
    )


@pytest.mark.parametrize("seed", range(20))
def test_anything_in_any_order(seed: int) -> None:
    """100,000 events over 20 seeds: no exception, deadlines advance, mark names are unique, each tool call runs once,
    deferred work and each entry of keys have one outcome, and state stays bounded.
    """
    rng = random.Random(seed)
    limits = Limits(call_ms=10**9, apologies=10**9, silence_end_ms=10**9)
    call = Conversation(Policy(greeting="Hello.", limits=limits))
    now, names, tools, allowed = 0, list[str](), list[str](), set[tuple[int, str]]()
    decided, asked, over = set[str](), set[int](), set[int]()
    phrases = tuple(e.Phrase(name, "Hello.", b"\x55" * 800) for name in (*PHRASE_NAMES, "greeting"))
    call.step(e.PhrasesLoaded(phrases if seed % 2 else ()), 0)
    for _ in range(5_000):
        now += rng.choice((0, 0, 1, 20, 20, 100))
        event = random_event(rng, call, now, names, tools)
        if call.deadline is not None and call.deadline < now and rng.random() < 0.9:
            event = e.TimeReached(call.deadline)
        asked |= {event.entry} if isinstance(event, e.EntryWanted) else set()
        for action in call.step(event, now):
            match action:
                case a.EndEntry(entry):
                    assert entry in asked - over
                    over.add(entry)
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
                case a.RunDeferred(work) | a.DropDeferred(work):
                    assert work not in decided
                    decided.add(work)
                case a.Speak(_, _, text):
                    assert text.endswith(" ")
                    assert text.strip()
                case _:
                    pass
        if call.ended is not None:
            break
        steps = 0
        while (deadline := call.deadline) is not None and deadline <= now and steps < 20:
            late = call.step(e.TimeReached(deadline), now)
            over |= {action.entry for action in late if isinstance(action, a.EndEntry)}
            steps += 1
        assert steps < 20, "the deadline does not move on"
        open_now = call._acting.entries._asked
        over |= {event.entry} if isinstance(event, e.EntryDropped) else set()
        assert asked - over == ({open_now.wanted.entry} if open_now is not None else set())
        assert len(list(call._turns)) < 60
        assert len(call._turns.playout.tracks) < 60


@pytest.mark.parametrize("seed", [46, 140, 205, *range(8)])
def test_no_deadline_lies_in_the_past(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that kept it would go back in time."""
    step, late = Conversation.step, list[tuple[int, int]]()

    def watched(self: Conversation, event: e.Event, now: int) -> tuple[a.Action, ...]:
        actions = step(self, event, now)
        if self.deadline is not None and self.deadline < now:
            late.append((now, self.deadline))
        return actions

    monkeypatch.setattr(Conversation, "step", watched)
    walk(seed)
    assert late == []


@pytest.mark.parametrize("block", range(BLOCKS))
def test_calls_keep_their_promises(block: int) -> None:
    """Random callers with randomly failing providers keep every promise in `promises.py`."""
    for number in range(WALKS // BLOCKS):
        seed = FIRST_SEED + number * BLOCKS + block
        try:
            keep(walk(seed))
        except AssertionError as broken:
            raise AssertionError(f"seed {seed} (WALK={seed} pytest {__file__}): {broken}") from broken
