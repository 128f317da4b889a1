"""A managed agent's tools may defer work, too: it is done once all that the agent has said was heard."""

from __future__ import annotations

import pytest

from telephony.core import actions as a
from telephony.core import events as e
from telephony.core import managed_events as m
from telephony.core.acting.deferred import NOTICE_CHARS
from telephony.core.ending import Ended, EndedBy
from telephony.core.managed.bridge import BridgePolicy
from telephony.core.managed.speech import LAST_WORDS_MS
from telephony.core.policy import Limits
from tests.core.managed.test_bridge import SECOND, Driven, begun


def deferred(driven: Driven, *, must: bool = False, failed: bool = False) -> None:
    """The agent calls a tool, which defers its work and returns."""
    driven.step(e.ToolWanted(1, "call_1", "transfer", "{}"))
    driven.step(e.WorkDeferred(1, "call_1", "work", must))
    driven.step(e.ToolFinished(1, "call_1", "It begins soon.", failed))


def outcome(driven: Driven) -> list[str]:
    return [
        "run" if isinstance(one, a.RunDeferred) else str(one.why)
        for one in driven.done
        if isinstance(one, a.RunDeferred | a.DropDeferred)
    ]


def test_it_is_done_when_all_was_heard_and_nothing_more_comes() -> None:
    driven = begun()
    deferred(driven)
    driven.run(300)
    driven.step(m.ManagedAudio(2, SECOND * 3))
    driven.run(2_900)
    assert outcome(driven) == []
    driven.run(LAST_WORDS_MS)
    assert outcome(driven) == ["run"]


def test_it_is_done_if_the_agent_says_nothing_with_it() -> None:
    driven = begun()
    deferred(driven)
    driven.run(LAST_WORDS_MS - 100)
    assert outcome(driven) == []
    driven.run(200)
    assert outcome(driven) == ["run"]


@pytest.mark.parametrize(("must", "becomes"), [(False, "interrupted"), (True, "run")])
def test_the_caller_interrupts(must: bool, becomes: str) -> None:
    driven = begun()
    deferred(driven, must=must)
    driven.step(m.ManagedAudio(2, SECOND * 3))
    driven.run(1_000)
    driven.step(m.ManagedInterrupted(2))
    driven.run(9_000)
    assert outcome(driven) == [becomes]
    told = [one for one in driven.of(m.SendToManaged) if "was not done" in one.text]
    assert len(told) == (0 if must else 1)


def test_a_tool_that_fails_defers_nothing() -> None:
    driven = begun()
    deferred(driven, must=True, failed=True)
    driven.run(9_000)
    assert outcome(driven) == ["failed"]


@pytest.mark.parametrize("must", [False, True])
def test_the_caller_hangs_up(must: bool) -> None:
    driven = begun()
    deferred(driven, must=must)
    driven.step(m.ManagedAudio(2, SECOND))
    driven.step(e.CallerLeft(e.LegEnd.STOP))
    assert outcome(driven) == ["run" if must else "call ended"]


@pytest.mark.parametrize("fallback", [False, True])
def test_the_platform_fails(fallback: bool) -> None:
    driven = begun(BridgePolicy(fallback=fallback))
    deferred(driven)
    driven.step(m.ManagedAudio(2, SECOND))
    driven.step(m.ManagedClosed(1011, m.ManagedCause.MANAGED_UNAVAILABLE))
    driven.run(3_000)
    assert outcome(driven) == ["failed" if fallback else "call ended"]


def test_the_agent_says_it_and_leaves() -> None:
    """Its last words were heard, so the work is done, before the call ends."""
    driven = begun()
    deferred(driven)
    driven.step(m.ManagedAudio(2, SECOND))
    driven.step(m.ManagedClosed(1000, m.ManagedCause.ENDED))
    driven.run(3_000)
    assert outcome(driven) == ["run"]
    assert driven.bridge.ended == Ended("agent", EndedBy.AGENT)


def test_the_call_is_too_long_for_it() -> None:
    driven = begun(BridgePolicy(limits=Limits(call_ms=2_000)))
    deferred(driven)
    driven.step(m.ManagedAudio(2, SECOND * 5))
    driven.run(3_000)
    assert outcome(driven) == ["call ended"]


def test_only_a_tool_that_runs_can_defer_and_each_work_counts_once() -> None:
    driven = begun()
    driven.step(e.WorkDeferred(1, "call_1", "too early"))
    deferred(driven)
    driven.step(e.WorkDeferred(1, "call_1", "work"))
    driven.step(e.WorkDeferred(1, "call_1", "too late"))
    driven.run(5_000)
    assert outcome(driven) == ["failed", "failed", "run"]


def test_a_tool_ends_the_call() -> None:
    driven = begun()
    driven.step(e.ToolWanted(1, "call_1", "leave", "{}"))
    driven.step(e.EndWanted(1, "call_1"))
    driven.step(e.ToolFinished(1, "call_1", "ok"))
    driven.step(m.ManagedAudio(2, SECOND))
    driven.run(4_000)
    assert driven.bridge.ended == Ended("agent", EndedBy.AGENT)


def test_it_is_told_no_more_of_a_notice_than_a_model_of_ours() -> None:
    driven = begun()
    driven.step(e.NoticeReceived("x" * 100_000))
    [told] = [action for action in driven.done if isinstance(action, m.SendToManaged)]
    assert told.text.count("x") == NOTICE_CHARS


@pytest.mark.parametrize(
    ("event", "kind", "text"),
    [
        (e.NoticeReceived("Anna accepts."), "user_message", '[Notice, not from the caller: "Anna accepts."]'),
        (
            e.NoticeReceived("Half done.", speak=False),
            "contextual_update",
            '[Notice, not from the caller: "Half done."]',
        ),
        (e.SayRequested("Wait."), "user_message", '[Not from the caller. Say this now, word for word: "Wait."]'),
    ],
)
def test_the_agent_is_told(event: e.Event, kind: str, text: str) -> None:
    driven = begun()
    driven.step(event)
    assert driven.of(m.SendToManaged) == [m.SendToManaged(kind, text)]


def test_a_call_that_moves_is_neither_ended_nor_limited() -> None:
    driven = begun(BridgePolicy(limits=Limits(call_ms=2_000)))
    driven.step(e.MoveStarted("transfer"))
    driven.run(5_000)
    assert driven.bridge.ended is None
    driven.step(e.CallerLeft(e.LegEnd.DISCONNECTED))
    assert driven.bridge.ended == Ended("transfer", EndedBy.MOVED)


def test_a_move_that_fails_is_undone() -> None:
    driven = begun()
    driven.step(e.MoveStarted("transfer"))
    driven.step(e.MoveFailed("transfer"))
    driven.step(e.CallerLeft(e.LegEnd.STOP))
    assert driven.bridge.ended == Ended("caller", EndedBy.CALLER)
