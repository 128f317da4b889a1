"""Installs the wheel where there is nothing else, and uses it as a newcomer does. Exit code 1 if something is wrong.

python -m tests.wheel WHEEL PYTHON...     # scripts/wheel builds the wheel and finds the interpreters

For each interpreter: the plain package has every command, says what it lacks, serves (the phone in the browser, too),
and makes a project in each language, whose tests pass and whose image can be built (its steps, without Docker); with
the extra `offline` a whole demo call takes place.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import typer

from telephony.cli.commands import app
from telephony.console.pages import STATIC
from tests.wheel.dockerfile import BuildFailed, build

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "infra" / "constraints.txt"
KEPT = (
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "SSL_CERT_FILE",
    "PIP_INDEX_URL",
    "PIP_CACHE_DIR",
    "HTTPS_PROXY",
    "HTTP_PROXY",
)
BARE = {name: os.environ[name] for name in KEPT if name in os.environ} | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
KEYS = {
    "OPENAI_API_KEY": "o", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    "ELEVENLABS_API_KEY": "e", "ELEVENLABS_BASE_URL": "http://127.0.0.1:9", "TWILIO_AUTH_TOKEN": "t",
}  # fmt: skip
IMAGE = (3, 13)
"""The Python of the image."""
DEMO_SPEED = "2"


Env = Mapping[str, str]
NONE: Env = {}


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """All commands of this clone's command line, and the groups of them: (), ("number",), ("number", "list"), ..."""
    command = command or typer.main.get_command(app)
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


class Wrong(Exception):
    """What is not as it should be, in words."""


class Installed:
    """A venv with the wheel in it, and an empty folder."""

    def __init__(self, python: str, wheel: Path, folder: Path) -> None:
        self.folder, self.wheel = folder, wheel
        folder.mkdir()
        subprocess.run([python, "-m", "venv", str(folder / "venv")], check=True, env=BARE)
        self.python = folder / "venv" / "bin" / "python"
        self.telephony = folder / "venv" / "bin" / "telephony"
        self.home = folder / "empty"
        self.home.mkdir()

    def pip(self, *wanted: str, cwd: Path | None = None) -> None:
        self.run(str(self.python), "-m", "pip", "install", "-q", "-c", str(CONSTRAINTS), *wanted, cwd=cwd)

    def run(self, *command: str, code: int = 0, types: str = "", cwd: Path | None = None, environ: Env = NONE) -> str:
        """Runs a command; what it prints. Raises Wrong with all of that if its exit code is another."""
        done = subprocess.run(
            command,
            cwd=cwd or self.home,
            env={**BARE, "TELEPHONY_DATA": str(self.folder / "data"), **environ},
            input=types,
            capture_output=True,
            text=True,
            timeout=600,
        )
        if done.returncode != code:
            raise Wrong(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout + done.stderr

    def cli(self, *arguments: str, code: int = 0, types: str = "", cwd: Path | None = None, environ: Env = NONE) -> str:
        return self.run(str(self.telephony), *arguments, code=code, types=types, cwd=cwd, environ=environ)


def plain(here: Installed) -> None:
    """Without extras: help, and in words what is missing and how to get it."""
    here.pip(str(here.wheel))
    for words in commands():
        here.cli(*words, "--help")
    expect(here.cli("version").startswith(f"telephony {here.wheel.name.split('-')[1]}, "), "the version")
    for command in ("demo", "serve", "check"):
        expect("pip install 'telephony[offline]'" in here.cli(command, code=2), f"{command} says what is missing")
    here.cli("check", environ=KEYS)
    said = here.cli("chat", types="a table for two tomorrow at eight in the evening\nyes\nno\n")
    expect("book_table(day='tomorrow'" in said, "chat books a table")
    serves(str(here.telephony), here.home, BARE | KEYS | {"TELEPHONY_DATA": str(here.folder / "data")})


def projects(here: Installed) -> None:
    """`telephony new` and its tests, outside of the repository."""
    here.pip(f"{here.wheel}[test]")
    for language in ("en", "de"):
        here.cli("new", language, "--language", language)
        project = here.home / language
        expect("passed" in here.run(str(here.python), "-m", "pytest", cwd=project), "pytest")
        here.cli("check", cwd=project, environ=KEYS)
        keys = json.loads(here.cli("check", "--json", cwd=project, environ=KEYS).partition("\n}")[0] + "\n}")
        expect(keys["ok"] and keys["parts"]["agent"] == "agent:agent", "check --json")


def image(here: Installed) -> None:
    """The steps of the Dockerfiles, each in a venv of its own, and what the container then runs."""
    version = here.run(str(here.python), "-c", "import sys; print(*sys.version_info[:2])").split()
    if tuple(map(int, version)) != IMAGE:
        return
    project = here.home / "en"
    files = (("project", project / "Dockerfile", project), ("repository", ROOT / "infra" / "Dockerfile", ROOT))
    for name, file, context in files:
        other = Installed(str(here.python), here.wheel, here.folder / name)
        stage = build(file, context, here.folder / f"{name}-stages", other.python, BARE)
        expect(stage.command == ["telephony", "serve"], "the container's command")
        public = {"PUBLIC_URL": "https://calls.example.com", "TELEPHONY_DATA": str(other.folder / "data")}
        serves(str(other.telephony), stage.at("/app"), BARE | KEYS | stage.environ | public)


def hears(here: Installed) -> None:
    """With the local speech recogniser and voice: a whole call in the new project, and a test made of it."""
    here.pip("telephony[offline]")  # as the message says: what is installed stays, the extra's packages are added
    project = here.home / "en"
    said = here.cli("demo", "--speed", DEMO_SPEED, cwd=project)
    expect("understood, answered, interrupted and ended correctly" in said, "the demo")
    here.cli("save-test", "out/tapes", "--name", "heard", cwd=project)
    expect("7 passed" in here.run(str(here.python), "-m", "pytest", cwd=project), "the test of the demo's call")


def serves(telephony: str, cwd: Path, environ: dict[str, str]) -> None:
    """The service answers /healthz, says where the phone in the browser is, has all of it there (closed if there is a
    public address), and ends on SIGTERM."""
    environ = environ | {"PORT": "0", "TELEPHONY_LOG_FORMAT": "json"}
    pipe = subprocess.PIPE
    with subprocess.Popen([telephony, "serve"], cwd=cwd, env=environ, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if '"serving"' in line:
                break
        else:
            raise Wrong(f"serve has ended:\n{said}")
        try:
            url = json.loads(line)["url"]
            expect(asked(f"{url}/healthz")[0] == 200, "/healthz")
            expect("/phone" in process.stdout.readline(), "serve says where the phone is")
            status, page = asked(f"{url}/phone")
            expect(status == (403 if "PUBLIC_URL" in environ else 200), f"/phone: {status}")
            expect(status == 403 or "/phone/static/phone.js" in page, "the page of the phone")
            for name in STATIC:
                expect(asked(f"{url}/phone/static/{name}")[0] == 200, f"/phone/static/{name}")
        finally:
            process.send_signal(signal.SIGTERM)
            process.stderr.read()
        expect(process.wait(60) == 0, "serve ends on SIGTERM")


def asked(url: str) -> tuple[int, str]:
    """The status and the text of an answer."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def expect(right: bool, what: str) -> None:
    if not right:
        raise Wrong(f"not as expected: {what}")


STEPS: tuple[Callable[[Installed], None], ...] = (plain, projects, image, hears)


def check(python: str, wheel: Path, folder: Path) -> bool:
    """Does the steps with one interpreter, and says how each went."""
    here = Installed(python, wheel, folder)
    for step in STEPS:
        began = time.monotonic()
        try:
            step(here)
        except (Wrong, BuildFailed, OSError, subprocess.SubprocessError) as error:
            print(f"{python}: {step.__name__}: {error}", file=sys.stderr)
            return False
        print(f"{python}: {step.__name__}: as it should be ({time.monotonic() - began:.0f} s)", flush=True)
    return True


def main(wheel: Path, pythons: list[str]) -> int:
    """All interpreters at once: most of the time is spent on files and on the clock of a call."""
    with tempfile.TemporaryDirectory(prefix="telephony-wheel-") as scratch, ThreadPoolExecutor(len(pythons)) as pool:
        done = [pool.submit(check, one, wheel, Path(scratch) / str(n)) for n, one in enumerate(pythons)]
        return int(not all(one.result() for one in done))


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]).absolute(), sys.argv[2:]))
