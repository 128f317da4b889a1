"""Saving a tape as a test, and blessing changed decisions where the rest of the tape stays valid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from telephony.core.decisions import BargeInReason, MarksMissing
from telephony.core.language.language import Language
from telephony.core.policy import TurnTaking
from telephony.core.turn_taking import barge_in, floor
from telephony.core.turn_taking.barge_in import Evidence, Verdict
from telephony.tape.bless import bless_all
from telephony.tape.choose import find
from telephony.tape.codec import BadTape
from telephony.tape.reader import read
from telephony.tape.replay import replay
from telephony.tape.save import save_test
from tests.tape.calls import tape


def test_a_saved_test_passes_and_is_smaller_than_its_tape(tmp_path: Path, pytester: pytest.Pytester) -> None:
    """Unplayed phrases are left out; the decisions are the same."""
    original = read(tape(tmp_path / "call"))
    saved = save_test(original, "booking", pytester.path / "calls")
    copied = read(saved.folder)
    assert replay(copied).same
    assert [step.actions for step in copied.steps] == [step.actions for step in original.steps]
    assert copied.tape_bytes < original.tape_bytes - 50_000
    pytester.runpytest_inprocess(
        saved.test, "-p", "telephony.testing.pytest_plugin", "-p", "no:asyncio"
    ).assert_outcomes(passed=1)
    with pytest.raises(FileExistsError):
        save_test(original, "booking", pytester.path / "calls")


def test_only_a_whole_tape_and_a_good_name_make_a_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that cannot pass is refused."""
    good = read(tape(tmp_path / "call"))
    with pytest.raises(BadTape, match="Python name"):
        save_test(good, "my test", tmp_path)
    good.header = replace(good.header, policy=replace(good.header.policy, greeting="Hi."))
    with pytest.raises(BadTape, match="does not replay"):
        save_test(good, "mine", tmp_path)
    good.ended = False
    with pytest.raises(BadTape, match="breaks off"):
        save_test(good, "mine", tmp_path)


def test_another_explanation_is_blessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the core only gives another reason for a decision, the tape is rewritten, and replays."""
    path = tape(tmp_path / "call")
    real = barge_in.judge

    def judge(evidence: Evidence, rules: TurnTaking, language: Language) -> tuple[Verdict, BargeInReason]:
        verdict, why = real(evidence, rules, language)
        return verdict, BargeInReason.ENDLESS if verdict is Verdict.HOLD else why

    monkeypatch.setattr(floor, "judge", judge)
    assert not replay(read(path)).same
    said: list[str] = []
    assert bless_all([read(path)], said.append) == 0
    assert "blessed, " in said[0]
    assert replay(read(path)).same
    assert read(path).header.made == "recorded,blessed"


def test_a_crash_or_a_failing_tape_does_not_keep_others_from_being_blessed(tmp_path: Path) -> None:
    """An incomplete replacement is not listed as a tape, and is overwritten; a failed write is reported."""
    for name in ("a", "b", "c"):
        tape(tmp_path / name)
    tape(tmp_path / "c.new")
    (tmp_path / "b.new").mkdir()
    (tmp_path / "b.new" / "notes.txt").touch()  # a file of the user's
    (tmp_path / "b.new" / "tape.jsonl").touch()
    tapes = [read(path) for path in find(tmp_path)]
    assert [one.name for one in tapes] == ["a", "b", "c"]
    for one in tapes:
        one.steps[5] = replace(one.steps[5], actions=(*one.steps[5].actions, MarksMissing(0)))
    said: list[str] = []
    assert bless_all(tapes, said.append) == 2
    assert [("blessed, 1 steps" in line, "NOT blessed" in line) for line in said] == [
        (True, False), (False, True), (True, False),
    ]  # fmt: skip
    assert "there is a tape here already" in said[1]
    assert [read(tmp_path / name).header.made for name in ("a", "b", "c")] == [
        "recorded,blessed", "recorded", "recorded,blessed",
    ]  # fmt: skip
    assert not (tmp_path / "c.new").exists()


def test_a_call_that_would_have_gone_differently_is_not_blessed(tmp_path: Path) -> None:
    """A turn that would end later is refused with its time, and a rehearsal is suggested."""
    tape_then = read(tape(tmp_path / "call"))
    rules = tape_then.header.policy.turn_taking.tuned(shortest_wait_ms=900, likely_ms=900)
    tape_then.header = replace(tape_then.header, policy=replace(tape_then.header.policy, turn_taking=rules))
    before = (tmp_path / "call" / "tape.jsonl").read_bytes()
    said: list[str] = []
    assert bless_all([tape_then], said.append) == 1
    assert "NOT blessed: at 5." in said[0]
    assert "telephony rehearse" in said[1]
    assert (tmp_path / "call" / "tape.jsonl").read_bytes() == before
