"""With `--json`, whatever happens to a command: exactly one object on standard output, with the error's code and words,
and the documented exit code."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from telephony.cli import commands
from telephony.cli.calling.outcomes import as_dict, exit_code
from telephony.cli.commands import app
from telephony.outbound.attempt import Attempt, Outcome
from telephony.testing.fakes.twilio.outgoing import Callee, PlacingFaults, Post
from tests.cli.test_dial_and_number import Shop, shop
from tests.cli.test_json import TAPES, commands_with_json
from tests.outbound.ringing import OWN, THEIRS

URL = "https://calls.example.com"
TAPE = TAPES / "an_interrupted_tool_runs_once"
#: For each command, arguments with which it would do something.
GOOD: dict[str, list[str]] = {
    "check": [],
    "dial": [THEIRS],
    "new": ["NEW"],
    "number list": [],
    "number point": ["--url", URL],
    "rehearse": [str(TAPE)],
    "replay": [str(TAPE)],
    "save-test": [str(TAPE)],
    "say": ["telephony.examples.receptionist:agent", "hello"],
    "tape list": [str(TAPES)],
    "tape show": [str(TAPE)],
    "version": [],
}


def the_object(text: str) -> dict[str, Any]:
    """The only thing that was printed."""
    found = json.loads(text)
    assert isinstance(found, dict)
    assert found["ok"] is ("error" not in found) or not found["ok"]
    return found


def refused(text: str, code: str) -> list[str]:
    """The problems of an object with this error."""
    found = the_object(text)
    assert (found["ok"], found["error"]["code"]) == (False, code), found
    problems: list[str] = found["error"]["problems"]
    assert problems
    assert all(len(one.split()) > 2 for one in problems)
    return problems


def test_the_table_has_every_command() -> None:
    assert set(GOOD) == commands_with_json()


@pytest.mark.parametrize("command", sorted(GOOD))
def test_an_option_that_does_not_exist(command: str) -> None:
    done = CliRunner().invoke(app, [*command.split(), *GOOD[command], "--json", "--nonsense"])
    assert done.exit_code == 2
    assert "--nonsense" in refused(done.stdout, "arguments_invalid")[0]


@pytest.mark.parametrize("command", sorted(name for name in GOOD if GOOD[name] and name != "number point"))
def test_arguments_that_are_missing(command: str) -> None:
    """A list of tapes has a folder by the settings."""
    done = CliRunner().invoke(app, [*command.split(), "--json"])
    assert done.exit_code == 2
    refused(done.stdout, "bad_tape" if command == "tape list" else "arguments_invalid")


@pytest.mark.parametrize("arguments", [["--json"], ["nonsense", "--json"], ["number", "--json"], ["serve", "--json"]])
def test_what_is_no_command_or_has_no_such_option(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    refused(done.stdout, "arguments_invalid")


@pytest.mark.parametrize(("raised", "exit_code", "code"), [
    (RuntimeError("a bug of ours"), 1, "internal"),
    (KeyboardInterrupt(), 130, "interrupted"),
    (SystemExit(3), 3, "failed"),
    (SystemExit("words"), 1, "failed"),
])  # fmt: skip
def test_a_bug_and_an_interruption(
    monkeypatch: pytest.MonkeyPatch, raised: BaseException, exit_code: int, code: str
) -> None:
    """Whatever else was printed, by whomever, is on standard error."""

    def broken(*arguments: object, **options: object) -> None:
        print("printed by somebody")
        raise raised

    monkeypatch.setattr(commands, "_load", broken)
    done = CliRunner().invoke(app, ["check", "--json"])
    assert done.exit_code == exit_code
    assert refused(done.stdout, code)
    assert "printed by somebody" in done.stderr


def test_help_stays_help() -> None:
    done = CliRunner().invoke(app, ["dial", "--help", "--json"])
    assert done.exit_code == 0
    assert "Exit codes" in done.stdout


def test_what_an_agent_prints_is_not_mixed_with_the_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loud_agent.py").write_text(
        "print('hello from my module')\nfrom telephony import Agent\nagent = Agent(prompt='P')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("ELEVENLABS_API_KEY", "e")
    done = CliRunner().invoke(app, ["check", "--json", "--agent", "loud_agent:agent"])
    assert (done.exit_code, the_object(done.stdout)["ok"]) == (0, True)
    assert "hello from my module" in done.stderr


def asked(*arguments: object, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert done.exit_code == code, done.output
    return the_object(done.stdout)


def test_version() -> None:
    found = asked("version")
    assert found["ok"]
    assert found["telephony"][0].isdigit()
    assert found["python"].startswith("3.")


def test_a_replay() -> None:
    """A verdict for each tape, with the report that a person reads."""
    found = asked("replay", TAPE)
    assert found["ok"]
    assert [(one["verdict"], Path(one["tape"]).name) for one in found["calls"]] == [("same", TAPE.name)]
    assert "the same" in found["calls"][0]["report"][0]


def test_a_replay_with_a_damaged_tape_among_others(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "tape.jsonl").write_bytes(b"\0")
    found = asked("replay", TAPE, tmp_path, code=2)
    assert [one["verdict"] for one in found["calls"]] == ["same"]
    assert (found["ok"], len(found["unread"])) == (False, 1)


def test_a_blessing(tmp_path: Path) -> None:
    copied = tmp_path / TAPE.name
    copied.mkdir()
    for file in TAPE.iterdir():
        (copied / file.name).write_bytes(file.read_bytes())
    assert [one["verdict"] for one in asked("replay", "--bless", copied)["calls"]] == ["accepted"]


@pytest.mark.parametrize(
    ("changed", "code", "verdict"), [((), 0, "same"), (("--set", "turn_taking.hold_after_ms=900"), 1, "different")]
)
def test_a_rehearsal(changed: tuple[str, ...], code: int, verdict: str) -> None:
    found = asked("rehearse", TAPE, *changed, code=code)
    assert [one["verdict"] for one in found["calls"]] == [verdict]
    assert found["ok"] is (code == 0)


def test_a_setting_that_no_rehearsal_knows() -> None:
    found = asked("rehearse", TAPE, "--set", "turn_taking.nonsense=1", code=2)
    assert found["calls"][0]["verdict"] == "damaged"
    assert "nonsense" in found["calls"][0]["report"][0]


def test_a_call_that_becomes_a_test(tmp_path: Path) -> None:
    """The second time the folder is there: that is refused."""
    found = asked("save-test", TAPE, "--to", tmp_path, "--name", "kept")
    assert Path(found["test"]).is_file()
    assert Path(found["folder"]).parent == tmp_path
    refused(json.dumps(asked("save-test", TAPE, "--to", tmp_path, "--name", "kept", code=2)), "file_unreadable")


# --- the commands that ask Twilio -----------------------------------------------------------------------------------

NOWHERE = {"TWILIO_API_BASE_URL": "http://127.0.0.1:9"}
#: (arguments, changes of the environment, exit code, the error's code or "" for none, words).
WAYS_OUT: list[tuple[list[str], dict[str, str], int, str, str]] = [
    (["number", "list"], {}, 0, "", OWN),
    (["number", "list"], {"PORT": "http"}, 2, "settings_invalid", "PORT"),
    (["number", "list"], {"TWILIO_ACCOUNT_SID": ""}, 2, "no_account", "telephony up"),
    (["number", "list"], NOWHERE, 1, "rest_unreachable", "connect"),
    (["number", "list"], {"TWILIO_AUTH_TOKEN": "wrong"}, 1, "rest_refused", "refused"),
    (["number", "point"], {}, 2, "no_address", "PUBLIC_URL"),
    (["number", "point"], {"PORT": "http"}, 2, "settings_invalid", "PORT"),
    (["number", "point", "--url", "http://a.example.com"], {}, 2, "no_address", "https://"),
    (["number", "point", "--url", "nonsense"], {}, 2, "no_address", "https://"),
    (["number", "point", "+12025550199", "--url", URL], {}, 2, "no_number", "not a number"),
    (["number", "point", "--url", URL], {"TWILIO_ACCOUNT_SID": ""}, 2, "no_account", "telephony up"),
    (["number", "point", "--url", URL], NOWHERE, 1, "rest_unreachable", "connect"),
    (["number", "point", "--url", URL], {}, 1, "declined", "old.example.com"),
    (["number", "point", "--url", URL, "--yes"], {}, 0, "", URL),
    (["dial", THEIRS, "--var", "x"], {}, 2, "arguments_invalid", "NAME=VALUE"),
    (["dial", THEIRS, "--var", "a b=c"], {}, 2, "variables", "letters"),
    (["dial", THEIRS, "--ring", "soon"], {}, 2, "arguments_invalid", "--ring"),
    (["dial", THEIRS, "--ring", "1"], {}, 2, "ring", "seconds"),
    (["dial", THEIRS], {"PORT": "http"}, 2, "settings_invalid", "PORT"),
    (["dial", THEIRS], {"TELEPHONY_AGENT": "nowhere:agent"}, 2, "settings_invalid", "nowhere"),
    (["dial", THEIRS, "--agent", "nowhere:agent"], {}, 2, "not_ready", "nowhere"),
    (["dial", THEIRS], {"TELEPHONY_DATA": "/dev/null/data"}, 2, "no_store", "TELEPHONY_DATA"),
    (["dial", "911"], {}, 2, "emergency", "emergency"),
    (["dial", "call me"], {}, 2, "number_invalid", "country code"),
    (["dial", OWN], {}, 2, "own_number", "your own"),
    (["dial", "+4915112345678"], {}, 2, "country", "TELEPHONY_DIAL_COUNTRIES"),
    (["dial", THEIRS, "--from", "+12025550199"], {}, 2, "caller_id", "account"),
    (["dial", THEIRS], {}, 1, "", "busy"),
]  # fmt: skip


async def test_every_way_out_of_the_commands_that_ask_twilio(tmp_path: Path) -> None:
    async with shop(tmp_path) as s:
        s.carrier.outgoing.callees[THEIRS] = Callee("busy", ring_ms=0)
        for arguments, environ, exit_code, error, words in WAYS_OUT:
            code, out, err = await Shop(s.carrier, s.environ | environ, s.folder).run(*arguments, "--json")
            assert code == exit_code, (arguments, out, err)
            if error:
                refused(out, error)
            assert words in json.dumps(the_object(out)), arguments
        assert len(s.carrier.outgoing.posts) == 1


@pytest.mark.parametrize(
    ("faults", "exit_code", "outcome"),
    [(PlacingFaults(code=21216), 1, "blocked"), (PlacingFaults(post=[Post.BUSY]), 1, "failed")],
)
async def test_an_outcome_that_is_none(tmp_path: Path, faults: PlacingFaults, exit_code: int, outcome: str) -> None:
    async with shop(tmp_path) as s:
        s.carrier.outgoing.faults = faults
        code, out, _ = await s.run("dial", THEIRS, "--ring", "5", "--json")
        found = the_object(out)
        assert (code, found["outcome"], found["ok"]) == (exit_code, outcome, False)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [(Outcome.ANSWERED, 0), (Outcome.NO_ANSWER, 1), (Outcome.BLOCKED, 1), (Outcome.UNKNOWN, 3), (None, 3)],
)
def test_the_exit_code_of_an_attempt(outcome: Outcome | None, code: int) -> None:
    """Its object says the same, and not its id, which is secret."""
    attempt = Attempt("the-secret-id", "k", THEIRS, OWN, 1.0, outcome=outcome)
    assert exit_code(attempt) == code
    assert as_dict(attempt)["ok"] is (code == 0)
    assert "the-secret-id" not in json.dumps(as_dict(attempt))


@pytest.mark.parametrize("when", ["Starting", "Calling"])
async def test_ctrl_c(tmp_path: Path, when: str) -> None:
    """Before anybody is called, nobody is; while it rings, it is hung up."""
    async with shop(tmp_path) as s:
        s.carrier.outgoing.callees[THEIRS] = Callee(ring_ms=50_000)
        dialling = await s.start("dial", THEIRS, "--json", "--ring", "60")
        assert dialling.stderr is not None
        while when not in (await asyncio.wait_for(dialling.stderr.readline(), 60)).decode():
            pass
        dialling.send_signal(signal.SIGINT)
        code, out, _ = await s.end(dialling)
        assert code == 130
        if when == "Starting":
            refused(out, "stopped")
            assert s.carrier.outgoing.posts == []
        else:
            assert the_object(out)["outcome"] == "canceled"
