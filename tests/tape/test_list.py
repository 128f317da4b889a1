"""Finding a call among many, and its page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from telephony.cli.commands import app
from telephony.core.policy import Policy
from telephony.tape import Flag
from telephony.tape.format import Header
from telephony.tape.reader import read
from telephony.tape.show import entry, masked
from telephony.tape.writer import write
from telephony.testing.simulator import Simulator
from tests.tape.calls import GREETING, conversation, steps, tape

HARM: dict[Flag, str] = {Flag.FAILURE: "llm_fails", Flag.NOT_HEARD: "no_finals"}


@pytest.fixture(scope="module")
def tapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three calls: a whole one, a short one in which the model fails, and a newer one that breaks off."""
    folder = tmp_path_factory.mktemp("tapes")
    record(folder / "a", conversation(), "2026-03-01T10:00:00.000+00:00", "+15551230001")
    failing = Simulator(GREETING)
    failing.faults.llm_fails = "provider_down"
    failing.says(3_000, "what are your opening hours")
    failing.hangs_up(12_000)
    record(folder / "b", failing.run(20_000), "2026-03-02T10:00:00.000+00:00", "anonymous")
    record(folder / "c", conversation(), "2026-03-03T10:00:00.000+00:00", "sip:alice@example.com")
    path = folder / "c" / "tape.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:500]))
    return folder


def record(folder: Path, sim: Simulator, began: str, caller: str) -> None:
    write(folder, Header(policy=sim.policy, began=began, call={"sid": "CA1", "from": caller}), steps(sim))


def listed(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["tape", "list", *map(str, arguments)])


def names(done: Result) -> list[str]:
    """The names of the tapes in the list, in order."""
    assert done.exit_code == 0, done.output
    return [line[-1] for line in done.stdout.splitlines()[1:]]


def test_a_line_says_what_one_must_know_to_choose_a_call(tapes: Path) -> None:
    done = listed(tapes)
    head, newest, failed, first = done.stdout.splitlines()
    assert head.split() == ["began", "(UTC)", "caller", "length", "ended", "worst", "answer", "flags,", "tape"]
    length, worst = read(tapes / "a").length_ms, entry(read(tapes / "a")).worst_ms
    assert first.split()[:4] == ["2026-03-01", "10:00:00", "+15*******01", f"{length / 1000:.1f}"]
    assert f"{worst} ms" in first
    assert "anonymous" in failed
    assert "caller" in failed
    assert "failure" in failed
    assert "damaged" in newest
    assert "alice" not in done.output
    assert "5551230001" not in done.output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "cba"),
        (["--flag", "failure"], "b"),
        (["--flag", "failure", "--flag", "damaged"], ""),
        (["--outcome", "caller"], "b"),
        (["--caller", "555123"], "a"),
        (["--since", "2026-03-02"], "cb"),
        (["--slower-than", "100000"], ""),
        (["--slower-than", "0", "--since", "2026-03-01", "--caller", "+1"], "a"),
    ],
)
def test_calls_are_chosen(tapes: Path, arguments: list[str], expected: str) -> None:
    assert "".join(names(listed(tapes, *arguments))) == expected


def test_calls_are_sorted(tapes: Path) -> None:
    """The longest or the slowest first; a call without an answer last."""
    assert names(listed(tapes, "--sort", "length"))[0] == "a"
    by_answer = names(listed(tapes, "--sort", "answer"))
    worst = [entry(read(tapes / name)).worst_ms or -1 for name in by_answer]
    assert worst == sorted(worst, reverse=True)


def test_the_settings_name_the_folder(tapes: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TELEPHONY_TAPES", str(tapes))
    assert names(listed()) == ["c", "b", "a"]
    monkeypatch.delenv("TELEPHONY_TAPES")
    done = listed()
    assert done.exit_code == 2
    assert "set TELEPHONY_TAPES" in done.output
    assert "--since" in listed(tapes, "--since", "yesterday").output


def test_a_tape_that_cannot_be_read_is_named_and_the_others_are_listed(tmp_path: Path) -> None:
    tape(tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "tape.jsonl").write_bytes(b"\0")
    done = listed(tmp_path)
    assert done.exit_code == 2
    assert "this is not a tape" in done.stderr
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize(("number", "shown"), [
    ("+15551230000", "+15*******00"), ("anonymous", "anonymous"), ("12345", "*****"), ("", ""),
    ("client:alice", "cli*******ce"), ("alice", "*****"),
])  # fmt: skip
def test_callers_are_masked(number: str, shown: str) -> None:
    assert masked(number) == shown


@pytest.mark.parametrize("flag", HARM)
def test_flags_name_what_went_wrong(tmp_path: Path, flag: Flag) -> None:
    sim = Simulator(Policy(greeting="Hello, how can I help?"))
    setattr(sim.faults, HARM[flag], "provider_down" if flag is Flag.FAILURE else True)
    sim.faults.no_partials = True
    sim.says(3_000, "what are your opening hours")
    sim.hangs_up(15_000)
    record(tmp_path / "call", sim.run(20_000), "", "")
    assert flag in entry(read(tmp_path / "call")).flags
    good = read(tape(tmp_path / "good"))
    assert entry(good).flags == ()
    assert entry(replace(good, ended=False)).flags == (Flag.DAMAGED,)


def test_any_tape_has_a_page_as_the_demo_has(tmp_path: Path) -> None:
    path = tape(tmp_path / "call")
    done = CliRunner().invoke(app, ["tape", "page", str(path), "--out", str(tmp_path / "page")])
    assert done.exit_code == 0, done.output
    html = (tmp_path / "page" / "timeline.html").read_text()
    assert 'src="call.wav"' in html
    assert "what are your opening hours" in html
    assert (tmp_path / "page" / "call.wav").stat().st_size > 100_000
    assert (tmp_path / "page").stat().st_mode & 0o077 == 0
