"""`telephony new`: what it makes is whole, passes its own tests, and overwrites nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from telephony.app.loading import agent_for
from telephony.cli import new
from telephony.cli.project.make import make_project
from telephony.errors import TelephonyError
from telephony.examples import receptionist
from telephony.settings import SETTINGS, load
from tests.cli.test_cli import BARE, telephony
from tests.wheel.dockerfile import instructions

ROOT = Path(__file__).parents[2]
LANGUAGES = ("en", "de")


@pytest.fixture(scope="module", params=LANGUAGES)
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of each language, as `telephony new` makes it."""
    folder = tmp_path_factory.mktemp("projects") / f"my-{request.param}"
    make_project(folder, request.param)
    return folder


def run(*command: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=cwd, env=BARE | environ,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_its_tests_pass(project: Path, tmp_path: Path) -> None:
    """Scripted callers and the recorded call, from the project's folder and from another."""
    copy = shutil.copytree(project, tmp_path / "copy")
    for cwd, where in ((copy, ()), (tmp_path, ("copy",))):
        done = run("-m", "pytest", "-q", "-W", "error", *where, cwd=cwd)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "5 passed" in done.stdout


def test_it_is_clean_python(project: Path) -> None:
    """For a linter that knows nothing of us."""
    for arguments in (
        ("check", "--no-cache", "--isolated", "--select", "E,F,I,B,UP"),
        ("format", "--no-cache", "--isolated", "--check"),
    ):
        done = run("-m", "ruff", *arguments, "--line-length", "120", "agent.py", "tests/test_agent.py", cwd=project)
        assert done.returncode == 0, done.stdout


def test_it_is_whole(project: Path) -> None:
    """No placeholder is left, and no trace of where it was made."""
    found = {path.relative_to(project).as_posix(): path for path in project.rglob("*") if path.is_file()}
    assert {
        "agent.py", "tests/test_agent.py", "tests/calls/booking/tape.jsonl", "tests/calls/booking/test_booking.py",
        ".env", ".env.example", ".gitignore", ".dockerignore", "Dockerfile", "compose.yaml", "Caddyfile", "AGENTS.md",
        "README.md", "requirements.txt", "requirements-dev.txt", "constraints.txt",
    } <= set(found)  # fmt: skip
    assert not [name for name in found if name.endswith(".in") or "dot." in name]
    texts = {name: path.read_text() for name, path in found.items() if path.suffix not in (".whl", ".ulaw")}
    assert [name for name, text in texts.items() if "{name}" in text or "{wheel}" in text] == []
    assert [name for name, text in texts.items() if str(project.parent) in text] == []
    assert texts["README.md"].startswith(f"# {project.name}\n")


def test_only_the_owner_reads_the_keys(project: Path) -> None:
    """And git does not, nor Docker's build."""
    assert stat.S_IMODE((project / ".env").stat().st_mode) == 0o600
    assert ".env" in (project / ".gitignore").read_text().splitlines()
    assert (project / ".dockerignore").read_text().startswith("*\n")
    assert "!.env" not in (project / ".dockerignore").read_text()


def test_the_settings_are_the_forms_and_run_offline(project: Path) -> None:
    """Every name is a setting of ours with its default, or obviously the user's own."""
    text = (project / ".env").read_text()
    assert text == (project / ".env.example").read_text()
    settings = load({}, env_file=project / ".env")
    assert settings.offline
    assert settings.agent == "agent:agent"
    named = set(re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE))
    assert named - {one.metadata["env"] for one in SETTINGS} == {"CALENDAR_KEY"}


def test_what_the_local_model_plays_is_this_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any key, `telephony chat` has a conversation with the English one."""
    make_project(tmp_path / "mine", "en")
    monkeypatch.syspath_prepend(tmp_path / "mine")
    monkeypatch.delitem(sys.modules, "agent", raising=False)
    agent, example = agent_for("agent:agent"), receptionist.agent
    assert (agent.prompt, agent.greeting) == (example.prompt, example.greeting)
    assert [one.parameters for one in agent.tools] == [one.parameters for one in example.tools]


def test_the_wheel_in_it_is_the_running_package(project: Path) -> None:
    """As it runs here; the installation is checked by scripts/wheel."""
    [wheel] = (project / "wheels").iterdir()
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert f"./wheels/{wheel.name}" in (project / name).read_text()
    with zipfile.ZipFile(wheel) as packed:
        assert packed.testzip() is None
        assert packed.read("telephony/cli/new.py") == Path(new.__file__).read_bytes()
        [metadata] = [name for name in packed.namelist() if name.endswith("METADATA")]
        assert b"Provides-Extra: offline" in packed.read(metadata)


def test_the_image_installs_the_versions_in_use(project: Path) -> None:
    """All that the service needs, and nothing that only tests or the local parts do."""
    lines = [line for line in (project / "constraints.txt").read_text().splitlines() if line[0] != "#"]
    pinned = {name.lower(): version for name, _, version in (line.partition("==") for line in lines)}
    for name in ("twilio", "starlette", "websockets", "openai", "pydantic", "pydantic_core", "typer"):
        assert pinned[name] == version(name)
    assert set(pinned) & {"telephony", "pytest", "moonshine-voice", "ruff"} == set()


def test_the_wheel_holds_what_the_build_puts_into_one(tmp_path: Path) -> None:
    """All modules and templates, and nothing else: no tests and no documents of the repository."""
    source = tmp_path / "source"
    shutil.copytree(ROOT / "telephony", source / "telephony")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    done = run("-c", "from setuptools import build_meta; build_meta.build_wheel('.')", cwd=source)
    assert done.returncode == 0, done.stderr
    [built] = source.glob("*.whl")
    make_project(tmp_path / "mine", "en")
    [packed] = (tmp_path / "mine" / "wheels").iterdir()
    number = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert built.name == f"telephony-{number}-py3-none-any.whl"
    assert packed.name == f"telephony-{version('telephony')}-py3-none-any.whl"
    with zipfile.ZipFile(built) as one, zipfile.ZipFile(packed) as other:
        names = {name for name in one.namelist() if ".dist-info" not in name}
        assert names == {name for name in other.namelist() if ".dist-info" not in name}
        [[entries], [others]] = ([n for n in z.namelist() if n.endswith("entry_points.txt")] for z in (one, other))
        assert one.read(entries).split() == other.read(others).split()
    assert {"telephony/__init__.py", "telephony/cli/project/templates/common/Dockerfile"} <= names
    assert not [name for name in names if not name.startswith("telephony/")]
    assert not [name for name in names if name.endswith(".md")]


# --- containers -----------------------------------------------------------------------------------------------------


def compose(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def test_the_containers_are_kept_as_those_of_the_repository(project: Path) -> None:
    """The same limits, times and images; only the names and the place of the files differ."""
    own, ours = compose(project / "compose.yaml"), compose(ROOT / "infra" / "compose.yaml")
    assert own["volumes"] == ours["volumes"]
    assert own["services"]["proxy"] | {"depends_on": None} == ours["services"]["proxy"] | {"depends_on": None}
    differ = {"build", "env_file"}
    one, other = own["services"]["agent"], ours["services"]["telephony"]
    assert {k: v for k, v in one.items() if k not in differ} == {k: v for k, v in other.items() if k not in differ}
    assert (one["build"], one["env_file"]) == (".", ".env")
    caddy = (ROOT / "infra" / "Caddyfile").read_text().replace("telephony:8080", "agent:8080")
    assert (project / "Caddyfile").read_text() == caddy


def test_the_image_is_that_of_the_repository_with_the_agent_in_it(project: Path) -> None:
    own, ours = instructions(project / "Dockerfile"), instructions(ROOT / "infra" / "Dockerfile")
    for word in ("FROM", "USER", "VOLUME", "EXPOSE", "CMD"):
        assert [rest for one, rest in own if one == word] == [rest for one, rest in ours if one == word], word
    [mine], [theirs] = ([rest for one, rest in found if one == "ENV"] for found in (own, ours))
    assert set(mine.split()) - set(theirs.split()) == {"TELEPHONY_AGENT=agent:agent"}
    assert dict(item.split("=") for item in mine.split())["TELEPHONY_LOG_FORMAT"] == "json"


def test_what_the_build_copies_is_there_and_let_through(project: Path) -> None:
    """Sources exist, and .dockerignore, which keeps all else out, lets them in."""
    allowed = {line[1:] for line in (project / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copies = [
        rest.split() for word, rest in instructions(project / "Dockerfile") if word == "COPY" and "--" not in rest
    ]
    copied = [name for words in copies for name in words[:-1]]
    assert set(copied) == allowed
    assert all(list(project.glob(name)) for name in copied)


# --- what comes next ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activated", [True, False])
@pytest.mark.parametrize("name", ["mine", "in a folder/mine"])
def test_what_to_do_next_can_be_run_as_it_is_printed(tmp_path: Path, name: str, activated: bool) -> None:
    """In the same shell, whether the environment is active in it or `telephony` was called by its path."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    here = str(Path(sys.executable).parent)
    environ = BARE | {"PATH": f"{here}:/usr/bin:/bin" if activated else "/usr/bin:/bin"}
    made = run("-m", "telephony", "new", name, cwd=tmp_path, **environ)
    assert made.returncode == 0, made.stderr
    commands = [line.split("    ")[0].strip() for line in made.stdout.splitlines() if line.startswith("  ")]
    assert (here in made.stdout) is not activated
    done = subprocess.run(
        ["sh", "-ec", "\n".join(commands)], cwd=tmp_path, env=environ, input="when are you open\n",
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 passed" in done.stdout
    assert "agent    We are open" in done.stdout


def test_an_agent_that_the_local_model_does_not_know_is_said_to_need_one(tmp_path: Path) -> None:
    made = telephony("new", "meiner", "--language", "de", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "with a language model: OPENAI_API_KEY or OPENAI_BASE_URL in .env" in made.stdout


# --- refusals -------------------------------------------------------------------------------------------------------


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Neither by the second run, nor where a file is."""
    made = telephony("new", "mine", "--json", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    answer = json.loads(made.stdout)
    assert answer["ok"]
    assert "agent.py" in answer["files"]
    (tmp_path / "mine" / "agent.py").write_text("mine = 1\n")
    again = telephony("new", "mine", cwd=tmp_path)
    assert again.returncode == 2
    assert "exists already, and nothing is overwritten: choose another name" in again.stderr
    assert (tmp_path / "mine" / "agent.py").read_text() == "mine = 1\n"
    refused = telephony("new", "mine", "--json", cwd=tmp_path)
    assert json.loads(refused.stdout)["error"]["code"] == "folder_refused"


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert "agent.py" in make_project(tmp_path / "mine", "en")


@pytest.mark.parametrize("name", ["-x", "two words", "a/b/c", "ä", ".hidden", "x" * 300])
def test_a_name_that_cannot_be_is_refused_and_nothing_is_left(tmp_path: Path, name: str) -> None:
    with pytest.raises((TelephonyError, OSError)):
        make_project(tmp_path / name, "en")
    assert list(tmp_path.iterdir()) == []


def test_the_current_folder_is_refused(tmp_path: Path) -> None:
    """Also an empty one: it would be another folder afterwards, and the shell would stand in none."""
    shown = telephony("new", ".", cwd=tmp_path)
    assert shown.returncode == 2
    assert "name a folder to create" in shown.stderr


def test_another_language_is_refused_with_those_there_are(tmp_path: Path) -> None:
    shown = telephony("new", "mine", "--language", "fr", cwd=tmp_path)
    assert shown.returncode == 2
    assert "'en', 'de'" in shown.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    """Nor does one that cannot finish: everything is made beside the folder, which comes into being at once."""
    code = (
        "import os, signal, telephony.cli.project.make as f\n"
        "f.record_first_call = lambda *_: os.kill(os.getpid(), signal.SIGINT)\n"
        "import sys; sys.argv[1:] = ['new', 'mine']\n"
        "from telephony.cli.main import main; main()"
    )
    done = run("-c", code, cwd=tmp_path)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    shown = telephony("new", "mine", cwd=tmp_path)
    tmp_path.chmod(0o700)
    assert shown.returncode == 2
    assert "Permission denied" in shown.stderr
