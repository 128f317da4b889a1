"""The documentation agrees with the product: settings, commands, files, versions, and the README's examples."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.models import CommandInfo

from telephony.cli import recordings
from telephony.cli.main import app
from telephony.core.policy import TurnTaking
from telephony.settings import SETTINGS, Settings, load
from telephony.testing.script import CallerScript
from tests.bench.latency.expect import markdown

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
NAMES = [one.metadata["env"] for one in SETTINGS]


def as_text(value: Any) -> str:
    if isinstance(value, Path):
        return str(value).replace(str(Path.home()), "~", 1)
    if isinstance(value, bool):
        return str(int(value))
    return "" if value in ((), None) else str(value)


def test_the_readme_lists_every_setting_with_its_default_and_help() -> None:
    """One row each, in the order of `Settings`."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| *(?:`(.*?)`)? *\| (.*) \|$", README, re.MULTILINE)
    unset = Settings()
    assert rows == [(one.metadata["env"], as_text(getattr(unset, one.name)), one.metadata["help"]) for one in SETTINGS]


def test_the_example_file_has_every_setting_with_its_default() -> None:
    """Commented lines show the default; the others are those to fill in."""
    found = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    unset = Settings()
    assert found == {one.metadata["env"]: as_text(getattr(unset, one.name)) for one in SETTINGS}


def test_the_example_file_as_it_is_runs_offline(tmp_path: Path) -> None:
    """`cp .env.example .env` changes nothing; with every line active it still gives the defaults."""
    assert load({}, env_file=ROOT / ".env.example").offline
    everything = tmp_path / ".env"
    everything.write_text(re.sub(r"^#([A-Z_]+=)", r"\1", EXAMPLE, flags=re.MULTILINE))
    assert load({}, env_file=everything) == load({}, env_file=None)


def test_all_other_settings_named_in_the_documents_exist() -> None:
    """No document names a setting that does not exist."""
    texts = [
        README,
        EXAMPLE,
        *((ROOT / "infra" / name).read_text() for name in ("Dockerfile", "compose.yaml", "Caddyfile")),
    ]
    named = {name for text in texts for name in re.findall(r"\b(?:TELEPHONY|TWILIO|OPENAI|ELEVENLABS)_[A-Z_]+\b", text)}
    assert named - set(NAMES) == set()


def test_files_and_commands_that_the_readme_names_exist() -> None:
    """Links, scripts and module paths."""
    for path in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / path).exists(), path
    for script in set(re.findall(r"scripts/\w+", README)):
        assert (ROOT / script).stat().st_mode & 0o111, script
    for module in re.findall(r"`([a-z_]+/[a-z_]+\.py)`", README):
        assert (ROOT / "telephony" / module).exists(), module


def examples() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", examples(), ids=lambda code: code.splitlines()[0][:40])
def test_the_readmes_examples_run(code: str) -> None:
    """Every Python example in the README runs."""
    ast.parse(code)
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(code, "README.md", "exec"), names)
    assert "agent" in names or "answer" in names or "test_opening_hours" in names


async def test_the_readmes_test_passes() -> None:
    """The test that the README shows, unchanged."""
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(next(code for code in examples() if "local_stack" in code), "README.md", "exec"), names)
    await names["test_opening_hours"]()


def test_the_readmes_scripted_caller_passes(caller: CallerScript) -> None:
    """The README's test that uses our fixture, unchanged."""
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(next(code for code in examples() if "waits_for_agent" in code), "README.md", "exec"), names)
    names["test_patience"](caller)


def called(command: CommandInfo) -> str:
    """The name of the function behind a command."""
    assert command.callback is not None
    return command.callback.__name__


def test_commands_for_recorded_calls_exist() -> None:
    """Each `telephony ...` command that the README names."""
    known = {command.name or called(command) for command in app.registered_commands}
    tape_commands = {called(command) for command in recordings.tape.registered_commands}
    for name in re.findall(r"(?:bin/|`)telephony (?:tape )?([a-z-]+)", README):
        assert name.replace("-", "_") in {key.replace("-", "_") for key in known} | tape_commands, name


def test_the_constraints_name_versions_and_nothing_else() -> None:
    """Names and versions that cover the project's dependencies: no hosts, no paths, no editable installs."""
    lines = (ROOT / "infra" / "constraints.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", name) and re.fullmatch(r"[\w.]+", v) for name, v in pinned.items())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    names = {re.split(r"[^A-Za-z0-9_-]", line)[0].lower() for line in wanted}
    assert names - {name.lower() for name in pinned} == set()


def test_the_readmes_latencies_are_those_of_the_rules() -> None:
    """When a wait changes, so does the table, which `scripts/bench latency --expect` prints."""
    assert markdown(TurnTaking()) in README


def test_the_container_is_stopped_later_than_the_service_needs() -> None:
    """By default Docker kills a container after ten seconds, which would end every call."""
    compose = (ROOT / "infra" / "compose.yaml").read_text()
    drain = int(re.findall(r'TELEPHONY_DRAIN_SECONDS: "(\d+)"', compose)[0])
    graces = [int(seconds) for seconds in re.findall(r"stop_grace_period: (\d+)s", compose)]
    assert len(graces) == 2
    assert min(graces) >= drain + 20
    assert "read_only: true" in compose


def test_the_image_runs_as_non_root_and_receives_signals() -> None:
    """The exec form lets SIGTERM reach the service rather than a shell. The health check is on /healthz."""
    lines = (ROOT / "infra" / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER ")] == ["USER telephony"]
    assert [line for line in lines if line.startswith("CMD ")] == ['CMD ["telephony", "serve"]']
    assert any("/healthz" in line for line in lines)
