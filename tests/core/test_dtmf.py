"""DTMF: keys are collected into one text entry, ended by `#` or by a pause."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.dtmf import AskedEntry, DtmfCollector
from telephony.core.history import CallerSaid, ToolUsed
from telephony.core.policy import Limits, Policy
from telephony.testing.simulator import Simulator
from tests.core.bare import Bare


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


# --- entries that a tool asks for -----------------------------------------------------------------------------------

C, T = a.EntryEnd.COMPLETE, a.EntryEnd.TIMED_OUT
WANTED = e.EntryWanted(1, 1, "", 4, "#", 3_000)


@pytest.mark.parametrize(
    ("length", "terminator", "keys", "how", "kept"),
    [
        # by length
        (4, "", "1234", C, "1234"),
        (4, "", "123", None, "123"),
        (1, "", "7", C, "7"),
        (4, "", "12#4", C, "12#4"),
        (4, "", "12AD", C, "12AD"),
        # by terminator
        (0, "#", "1234567#", C, "1234567"),
        (0, "#", "#", C, ""),
        (4, "#", "12#", C, "12"),
        (0, "*", "12*", C, "12"),
        (0, "D", "12#3D", C, "12#3"),
        # cleared
        (4, "#", "19*1234", C, "1234"),
        (4, "#", "12*", None, ""),
        (0, "#", "12**#", C, ""),
        (4, "*", "12*", C, "12"),
        # masked
        (4, "#", "••••", C, "••••"),
        (0, "#", "••*•#", C, "•"),
        # no end in sight
        (0, "", "1" * 63, None, "1" * 63),
        (0, "", "1" * 64, C, "1" * 64),
    ],
)
def test_how_an_entry_ends(length: int, terminator: str, keys: str, how: a.EntryEnd | None, kept: str) -> None:
    """By its length, by its terminator, which is not part of it, or with 64 keys; `*` begins anew."""
    entry = AskedEntry(replace(WANTED, length=length, terminator=terminator), 0)
    ends = [entry.press(key, at) for at, key in enumerate(keys)]
    assert ends[:-1] == [None] * (len(keys) - 1)
    assert (ends[-1], entry.keys) == (how, kept)


@pytest.mark.parametrize(
    ("key_ms", "asked_ms", "heard_ms", "deadline"),
    [(None, 0, None, 4_000), (None, 6_000, None, 9_000), (7_000, 6_000, None, 10_000), (5_000, 6_000, None, 9_000),
     (2_000, 0, 2_500, 5_500), (None, 6_000, 8_000, 11_000)],
)  # fmt: skip
def test_when_an_entry_is_given_up(key_ms: int | None, asked_ms: int, heard_ms: int | None, deadline: int) -> None:
    """So long after the last key, the caller's last words, or the end of the question."""
    entry = AskedEntry(WANTED, 1_000)
    if key_ms is not None:
        entry.press("1", key_ms)
    if heard_ms is not None:
        entry.heard(heard_ms)
    assert entry.deadline(asked_ms) == deadline


QUESTION = "Please key in your code."


def asking(**wanted: Any) -> tuple[Bare, int]:
    """A call whose tool asks for keys at 1,200 ms. The question sounds from 1,300 to 3,800 ms."""
    call = Bare()
    turn = call.asks(1_000)
    call.wants(1_100, turn, "call_1")
    call.at(1_200, replace(WANTED, turn=turn, question=QUESTION, **wanted))
    call.speaks(1_300, turn, QUESTION + " ")
    return call, turn


def ends(call: Bare) -> list[tuple[int, a.EntryEnd, str]]:
    return [(at, one.how, one.keys or one.said) for at, one in call.did(a.EndEntry)]


def press(call: Bare, at: int, keys: str) -> int:
    for key in keys:
        call.at(at, e.KeyPressed(key))
        at += 200
    return at - 200


def test_the_question_is_part_of_the_reply_and_keys_go_to_the_tool() -> None:
    """The reply goes on with the tool's result; the record has the question, then the keys, then the answer."""
    call, turn = asking()
    assert call.spoken() == [(turn, 1, QUESTION + " ")]
    call.run(4_000)
    assert press(call, 4_000, "1234") == 4_600
    assert ends(call) == [(4_600, C, "1234")]
    call.returns(4_700, turn, "call_1", "right")
    call.writes(4_800, turn, "Thank you.")
    call.finishes(4_800, turn)
    call.speaks(4_900, turn, "Thank you. ", start_ms=2_500)
    call.confirms(4_900, turn)
    call.run(8_000)
    assert call.explained(d.Cut) == []
    assert call.lines[1:] == [("caller", "[keys: 1234]"), ("agent", f"{QUESTION} Thank you.")]
    assert call.did(a.StartReply)[1:] == []


def test_a_key_stops_the_question_and_not_the_reply() -> None:
    """People type ahead. What follows is spoken in another attempt, and what was heard is on record."""
    call, turn = asking()
    call.run(2_000)
    press(call, 2_000, "1234")
    assert call.when(a.ClearPlayout) == [2_000]
    assert ends(call) == [(2_600, C, "1234")]
    assert [at for at, _ in call.did(a.CancelReply)] == []
    call.speaks(2_700, turn, "late audio of the question")  # stale
    call.returns(2_700, turn, "call_1", "right")
    call.writes(2_800, turn, "Thank you.")
    call.finishes(2_800, turn)
    assert call.spoken()[1:] == [(turn, 2, "Thank you. ")]
    call.speaks(2_900, turn, "Thank you. ", attempt=2)
    call.confirms(2_900, turn, attempt=2)
    call.run(6_000)
    assert call.lines[1:] == [("caller", "[keys: 1234]"), ("agent", "Please — Thank you.")]


def test_an_entry_is_given_up_when_no_key_comes() -> None:
    """So long after the end of the question, or after the last key; nothing is said meanwhile to bridge the wait."""
    call, _ = asking()
    call.run(20_000)
    assert ends(call) == [(6_800, T, "")]
    call, _ = asking()
    call.run(4_000)
    press(call, 4_000, "12")
    call.run(20_000)
    assert ends(call) == [(7_200, T, "12")]
    assert [at for at in call.explained(d.FillerSaid) if at < 7_200 + 2_000] == []
    assert call.explained(d.FillerSaid) != []


def test_keys_after_the_entry_are_not_lines_of_the_caller() -> None:
    """The terminator that callers press all the same, and what belongs to a sensitive entry; others are as ever."""
    call, _ = asking()
    call.run(4_000)
    at = press(call, 4_000, "1234#")
    assert call.explained(d.Cut) == [at]  # the key interrupts, as any other
    call.at(at + 100, e.KeyPressed("•"))
    call.run(at + 3_000)
    assert [text for who, text in call.lines if who == "caller"] == ["[keys: #]", "[keys: 1234]"]


@pytest.mark.parametrize(("sensitive", "how"), [(False, a.EntryEnd.SAID), (True, T)])
def test_words_instead_of_keys(sensitive: bool, how: a.EntryEnd) -> None:
    """They end the entry and are answered as ever; a sensitive entry is deaf, so nothing said ends it."""
    call, turn = asking(sensitive=sensitive)
    call.sim.says(4_500, "it is four two seven one")
    while not ends(call):
        call.run(call.sim.now + 100)
    [(_, found, said)] = ends(call)
    assert (found, said) == (how, "" if sensitive else "it is four two seven one")
    call.returns(call.sim.now + 100, turn, "call_1", "thanks")
    last = call.did(a.StartReply)[-1][1].history
    assert CallerSaid("it is four two seven one") in last
    assert ToolUsed("call_1", "book", "{}", "thanks") in last or sensitive


def test_words_after_a_key_do_not_end_the_entry() -> None:
    """Somebody who reads their card aloud while they key it in is still keying it in."""
    call, _ = asking()
    call.run(4_000)
    press(call, 4_000, "12")
    end = call.sim.says(4_500, "hang on a moment")
    call.run(end + 1_800)
    assert ends(call) == []
    press(call, end + 1_800, "34")
    assert [one[1:] for one in ends(call)] == [(C, "1234")]


def test_the_end_of_the_call_ends_the_entry() -> None:
    """The tool learns of it."""
    call, _ = asking()
    call.at(4_000, e.KeyPressed("1"))
    call.at(4_100, e.CallerLeft(e.LegEnd.STOP))
    assert ends(call) == [(4_100, a.EntryEnd.HUNG_UP, "1")]


def test_there_is_one_entry_at_a_time_and_only_for_the_reply() -> None:
    """A second one is refused; one for a turn that was cut is not begun; one that nobody waits for is over."""
    call, turn = asking()
    call.at(1_400, replace(WANTED, turn=turn, entry=2))
    call.at(1_500, e.EntryDropped(7), e.EntryDropped(1))
    call.at(1_600, replace(WANTED, turn=turn + 5, entry=3))
    call.at(1_700, e.KeyPressed("#"))  # cuts the reply, for no entry is open
    call.at(1_800, replace(WANTED, turn=turn, entry=4))
    found = [(one.entry, one.how) for _, one in call.did(a.EndEntry)]
    assert found == [(2, a.EntryEnd.REFUSED), (3, a.EntryEnd.INTERRUPTED), (4, a.EntryEnd.INTERRUPTED)]
