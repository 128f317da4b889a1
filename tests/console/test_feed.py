"""What the page is told of a call, from calls in virtual time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from telephony.console import words
from telephony.console.feed import Feed
from telephony.contracts.observer import Step
from telephony.core import decisions as d
from telephony.core.decisions import BargeInReason, EndpointReason
from telephony.core.policy import Policy
from telephony.testing.script import CallerScript
from telephony.testing.simulator import Simulator
from tests.core.calls import LONG, asks, play

HELLO = "Hello, how can I help?"


def shown(sim: Simulator, until: int, every: int = 20) -> list[dict[str, Any]]:
    """What the feed tells while the call goes on."""
    told: list[dict[str, Any]] = []

    def tell(event: Mapping[str, Any]) -> None:
        told.append(dict(event))

    feed, done = Feed(tell, lambda: sim.call), 0
    for at in range(0, until, every):
        sim.run(at)
        for now, event, actions in sim.steps[done:]:
            feed.see(Step(done, now, event, actions))
            done += 1
    feed.close()
    return told


def of(told: Iterable[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one for one in told if one["type"] == kind]


def interrupted() -> list[dict[str, Any]]:
    sim = Simulator(Policy(greeting=HELLO), lambda history: [LONG])
    end = sim.says(3_000, "what are your hours")
    sim.says(end + 3_500, "wait stop I need something else", ms=1_500)
    return shown(sim, 20_000)


def test_lines_are_told_with_what_was_not_heard_of_them() -> None:
    """The agent's words were there before they were heard; the rest of an interrupted line stays, greyed."""
    told = interrupted()
    lines = of(told, "line")
    assert [(one["who"], one["text"]) for one in lines[:2]] == [("agent", HELLO), ("caller", "what are your hours")]
    cut = next(one for one in lines if one["interrupted"])
    assert cut["unheard"]
    assert LONG.startswith(f"{cut['text']} {cut['unheard']}")
    saying = [one for one in of(told, "saying") if one["turn"] == cut["turn"]]
    assert not saying[0]["heard"]
    assert LONG.startswith(saying[0]["unheard"])


def test_a_line_that_was_heard_to_its_end_has_nothing_unheard() -> None:
    assert {one["unheard"] for one in of(interrupted(), "line") if not one["interrupted"]} == {""}


def test_the_callers_words_appear_while_they_are_spoken() -> None:
    partials = [one["text"] for one in of(interrupted(), "partial")]
    assert "what are" in partials


def test_the_floor_changes_hands_with_the_reason_in_words() -> None:
    floors = [(one["who"], one["why"]) for one in of(interrupted(), "floor")]
    holders = [who for who, _ in floors]
    assert holders[:4] == ["agent", "caller", "thinking", "agent"]
    assert ("caller", "The agent has said everything.") in floors
    held = holders.index("held")
    assert holders[held + 1] == "caller"
    assert floors[held + 1][1].startswith("The agent was interrupted: ")


def test_a_cough_is_held_and_resumed() -> None:
    sim = Simulator(Policy(greeting=HELLO), lambda history: [LONG])
    end = sim.says(3_000, "what are your hours")
    sim.coughs(end + 3_500, 400)
    floors = of(shown(sim, 20_000), "floor")
    held = next(n for n, one in enumerate(floors) if one["who"] == "held")
    assert floors[held + 1]["who"] == "agent"
    assert floors[held + 1]["why"].startswith("The agent goes on: ")


def test_the_waterfall_grows_while_the_turn_goes_on() -> None:
    """Stages are told as they happen, and all of them once more when the turn is over."""
    turns = of(interrupted(), "turn")
    first = [one for one in turns if one["turn"] == next(t["turn"] for t in turns if t["over"] and t["answer_ms"])]
    sizes = [len(one["stages"]) for one in first]
    assert sizes == sorted(sizes)
    assert len(sizes) > 2
    assert [one["over"] for one in first] == [False] * (len(first) - 1) + [True]
    assert sum(stage["ms"] for stage in first[-1]["stages"]) == first[-1]["answer_ms"]
    assert first[-1]["why"] in {words.why(reason) for reason in EndpointReason}


@pytest.mark.parametrize("reason", EndpointReason)
@pytest.mark.parametrize("entry", ["", "phone number "])
def test_the_rule_that_ended_a_turn_is_told_in_words(entry: str, reason: EndpointReason) -> None:
    """Whatever was being dictated."""
    assert words.turn_ended(f"{entry}{reason}") == words.why(reason)
    assert words.turn_ended(entry) == ""


def test_keys_and_the_end_are_told() -> None:
    sim = Simulator(Policy(greeting=HELLO))
    sim.presses(3_000, "12")
    sim.hangs_up(5_000)
    told = shown(sim, 6_000)
    assert [one["key"] for one in of(told, "key")] == ["1", "2"]
    assert of(told, "closed") == [{"type": "closed", "details": "stop"}]


def test_the_feed_changes_nothing() -> None:
    """A call that is watched takes the same course."""
    script = asks("what are your hours").interrupts("stop please", 1.5).waits(4)
    assert isinstance(script, CallerScript)
    plain = play(script, [LONG])
    watched = play(script, [LONG])
    feed = Feed(lambda event: None, lambda: watched.call)
    for seq, (now, event, actions) in enumerate(watched.steps):
        feed.see(Step(seq, now, event, actions))
    watched.run(watched.now + 2_000)
    plain.run(plain.now + 2_000)
    assert watched.steps == plain.steps


@pytest.mark.parametrize("reason", [*BargeInReason, *EndpointReason])
def test_every_reason_has_words(reason: BargeInReason | EndpointReason) -> None:
    assert bool(words.why(reason)) == bool(reason)


@pytest.mark.parametrize("kind", [d.Held, d.Cut, d.Resumed])
def test_a_decision_without_a_reason_is_a_sentence_too(kind: type[d.Held | d.Cut | d.Resumed]) -> None:
    assert words.floor(kind(1, BargeInReason.NONE)).endswith(".")
