"""`--json`: one object on standard output, whatever happens, and the exit codes that the guide names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from telephony.cli.commands import app
from tests.cli.test_cli import MODEL, SPEECH, telephony

ROOT = Path(__file__).parents[2]
TAPES = ROOT / "tests" / "tapes"
GUIDE = (ROOT / "telephony" / "cli" / "README.md").read_text()


def asked(*arguments: object, code: int = 0) -> Any:
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_a_list_of_tapes() -> None:
    """Sorted and chosen like the table, callers masked."""
    found = asked("tape", "list", TAPES, "--json", "--sort", "length")
    lengths = [one["length_ms"] for one in found["calls"]]
    assert found["ok"]
    assert found["of"] == len(lengths) > 5
    assert lengths == sorted(lengths, reverse=True)
    assert "1230000" not in json.dumps(found)
    some = asked("tape", "list", TAPES, "--json", "--flag", "not-heard")
    assert all("not-heard" in one["flags"] for one in some["calls"])


def test_what_was_said_in_a_tape() -> None:
    found = asked("tape", "show", TAPES / "an_interrupted_tool_runs_once", "--json")
    assert found["ok"]
    assert [one["at"] for one in found["lines"]] == sorted(one["at"] for one in found["lines"])
    assert {"agent", "caller"} <= {one["speaker"] for one in found["lines"]}
    assert found["tools"][0]["name"] == "book_table"
    assert found["remembered_unheard"] == []


def test_an_unreadable_tape_is_an_object_too(tmp_path: Path) -> None:
    for command in ("show", "list"):
        found = asked("tape", command, tmp_path, "--json", code=2)
        assert not found["ok"]
        assert found["error"]["code"] == "bad_tape"
        assert str(tmp_path) in found["error"]["problems"][0]
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "tape.jsonl").write_bytes(b"\0")
    listed = asked("tape", "list", tmp_path, "--json", code=2)
    assert (listed["ok"], listed["calls"]) == (False, [])
    assert "this is not a tape" in listed["unread"][0]


def test_check_shows_everything_but_secrets(tmp_path: Path) -> None:
    done = telephony("check", "--json", cwd=tmp_path, **SPEECH, OPENAI_API_KEY="sk-hush")
    found = json.loads(done.stdout)
    assert (done.returncode, found["ok"]) == (0, True)
    assert (found["settings"]["OPENAI_API_KEY"], found["settings"]["TWILIO_AUTH_TOKEN"]) == ("(set)", "")
    assert found["settings"]["PORT"] == 8080
    assert found["parts"]["agent"] == "telephony.examples.receptionist:agent"
    assert "sk-hush" not in done.stdout + done.stderr


def test_check_lists_all_problems(tmp_path: Path) -> None:
    done = telephony("check", "--json", cwd=tmp_path, PORT="http", ELEVENLABS_MODEL="eleven_v3")
    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (2, "")
    assert found["error"]["code"] == "settings_invalid"
    assert {one.split()[0] for one in found["error"]["problems"]} == {"PORT", "ELEVENLABS_MODEL"}


def test_the_online_findings_decide_the_exit_code(tmp_path: Path) -> None:
    """A vendor that cannot be reached is no reason to print anything but the object."""
    nowhere = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "ELEVENLABS_BASE_URL": "http://127.0.0.1:9"}
    done = telephony("check", "--json", "--online", cwd=tmp_path, **MODEL, **SPEECH, **nowhere)
    found = json.loads(done.stdout)
    assert (done.returncode, found["ok"]) == (1, False)
    assert {one["part"] for one in found["findings"] if one["right"] is False} >= {"llm"}


def commands_with_json() -> set[str]:
    group: Any = typer.main.get_command(app)
    found = set()
    for name, command in group.commands.items():
        for inner, one in getattr(command, "commands", {"": command}).items():
            if any("--json" in parameter.opts for parameter in one.params):
                found.add(f"{name} {inner}".strip())
    return found


def test_the_guide_describes_each_command_that_has_the_option() -> None:
    assert set(re.findall(r"^\| `telephony ([a-z -]+)` \|", GUIDE.partition("## For programs")[2], re.MULTILINE)) == (
        commands_with_json()
    )


@pytest.mark.parametrize("command", ["", "new", "say", "chat", "dial", "number list", "number point", "up"])
def test_help_names_the_exit_codes(command: str) -> None:
    shown = CliRunner().invoke(app, [*command.split(), "--help"])
    assert "Exit codes: 0 " in " ".join(shown.output.split())
