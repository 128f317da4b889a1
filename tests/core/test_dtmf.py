"""DTMF: keys are collected into one text entry, ended by `#` or by a pause."""

from __future__ import annotations

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core.dtmf import DtmfCollector
from telephony.core.policy import Limits, Policy
from telephony.testing.simulator import Simulator


def test_keys_are_collected_until_the_hash_key() -> None:
    """The hash key is part of the entry, and the next key begins another."""
    dtmf = DtmfCollector(1_500)
    assert dtmf.press("1", 100) == ""
    assert dtmf.press("2", 200) == ""
    assert dtmf.press("#", 300) == "[keys: 12#]"
    assert dtmf.deadline is None
    assert dtmf.press("3", 400) == ""
    assert dtmf.end() == "[keys: 3]"


def test_every_key_moves_the_deadline() -> None:
    """The deadline is the gap after the last key."""
    dtmf = DtmfCollector(1_500)
    assert dtmf.deadline is None
    dtmf.press("1", 100)
    assert dtmf.deadline == 1_600
    dtmf.press("2", 1_000)
    assert dtmf.deadline == 2_500


def test_an_entry_without_keys_is_empty() -> None:
    """Ending an entry returns its keys once; a second call returns ""."""
    dtmf = DtmfCollector(1_500)
    assert dtmf.end() == ""
    dtmf.press("*", 0)
    assert dtmf.end() == "[keys: *]"
    assert dtmf.end() == ""
    assert dtmf.deadline is None


def test_an_entry_has_at_most_64_keys() -> None:
    """The last 64 keys are kept, so a stuck key cannot use up memory."""
    dtmf = DtmfCollector(1_500)
    for _ in range(64):
        dtmf.press("1", 0)
    assert dtmf.end() == f"[keys: {'1' * 64}]"
    for digit in "9" + "1" * 63 + "2":
        dtmf.press(digit, 0)
    assert dtmf.end() == f"[keys: {'1' * 63}2]"


@pytest.mark.parametrize(("gap", "entries"), [(1_499, ["[keys: 12]"]), (1_501, ["[keys: 1]", "[keys: 2]"])])
def test_keys_within_the_gap_of_each_other_are_one_entry(gap: int, entries: list[str]) -> None:
    """Keys at most one gap apart form one line of the caller; a longer pause begins another."""
    sim = Simulator(Policy(), lambda _: [])
    sim.faults.llm_hangs = True
    sim.presses(1_000, "1")
    sim.presses(1_000 + gap, "2")
    sim.run(1_000 + gap + 1_499)
    assert [text for who, text in sim.lines if who == "caller"] == entries[:-1]
    sim.run(1_000 + gap + 1_500)
    assert [text for who, text in sim.lines if who == "caller"] == entries


def test_an_entry_is_answered_when_it_is_over_and_not_before() -> None:
    """The entry ends exactly one gap after its last key, and the model is asked once, in that millisecond."""
    sim = Simulator(Policy(limits=Limits(dtmf_gap_ms=700)), lambda _: [])
    sim.faults.llm_hangs = True
    sim.presses(1_003, "4")
    sim.run(5_000)
    assert [(now, reply.turn) for now, reply in sim.actions(a.StartReply)] == [(1_703, 1)]


def test_words_wait_for_the_keys_that_are_being_pressed() -> None:
    """The answer waits until the entry is complete, because the next key would cut it."""
    sim = Simulator(Policy(), lambda _: ["Fine."])
    end = sim.says(1_000, "my number is one two three")
    sim.presses(end + 300, "1")
    sim.run(end + 1_799)
    assert sim.explained(d.TurnEnded) != []
    assert sim.explained(d.SpeculationUsed) == []
    assert sim.heard == []
    sim.run(end + 8_000)
    assert [text for who, text in sim.lines if who == "caller"] == ["my number is one two three", "[keys: 1]"]
    assert [text for who, text in sim.lines if who == "agent"] == ["Fine."]


def test_a_key_cuts_the_agent_at_once() -> None:
    """Neither voice nor words are needed."""
    sim = Simulator(Policy(greeting="Welcome to the Blue Door. For a table press one, for anything else press two."))
    sim.presses(1_007, "1")
    sim.run(1_007)
    assert [now for now, _ in sim.actions(a.ClearPlayout)] == [1_007]
    assert sim.explained(d.Cut) == [(1_007, {"why": "key"})]


def test_a_key_while_nothing_is_said_cuts_nothing() -> None:
    """No cut is reported while the agent is silent."""
    sim = Simulator(Policy())
    sim.presses(1_007, "1")
    sim.run(1_100)
    assert sim.explained(d.Cut) == []
