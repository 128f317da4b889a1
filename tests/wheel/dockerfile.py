"""The steps of a Dockerfile, done without Docker: a folder stands for each stage, an empty venv for the image's Python.

`COPY`, `RUN pip ...`, `RUN python ...`, `WORKDIR` and `ENV` are done as they are written, with the absolute paths of
the image moved below the stage's folder; `/usr/local` is the venv. Users, rights and volumes are left out.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

NOT_DONE = ("USER", "VOLUME", "EXPOSE", "HEALTHCHECK")
USERS = "useradd "


def instructions(path: Path) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile: (FROM, "python:3.13"), ..."""
    text = re.sub(r"\\\n\s*", "", "\n".join(line for line in path.read_text().splitlines() if line[:1] != "#"))
    return [(word, rest.strip()) for line in text.splitlines() if line for word, _, rest in [line.partition(" ")]]


class BuildFailed(Exception):
    """A step that failed, or that cannot be done without Docker."""


@dataclass(slots=True)
class Stage:
    """A stage of a build. `python` is its interpreter."""

    root: Path
    python: Path
    folder: str = "/"
    environ: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)

    def at(self, path: str) -> Path:
        """A path of the image -> where it is here."""
        whole = path if path.startswith("/") else f"{self.folder}/{path}"
        if whole.startswith("/usr/local"):
            return self.python.parents[1] / whole.removeprefix("/usr/local").lstrip("/")
        return self.root / whole.lstrip("/")

    def run(self, line: str, environ: dict[str, str]) -> None:
        for one in line.split("&&"):
            words = shlex.split(one)
            if words[0] in ("pip", "python"):
                program = [str(self.python), *(("-m", "pip") if words[0] == "pip" else ())]
                rest = [
                    str(self.at(word)) if word.startswith("/") else word
                    for word in words[1:]
                    if word != "--no-cache-dir"
                ]
                done = subprocess.run([*program, *rest], cwd=self.at("."), env=environ, capture_output=True, text=True)
                if done.returncode:
                    raise BuildFailed(f"RUN {one}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
            elif not line.startswith(USERS):
                raise BuildFailed(f"this step cannot be done without Docker: RUN {line}")


def build(file: Path, context: Path, root: Path, python: Path, environ: dict[str, str]) -> Stage:
    """Does the steps of the Dockerfile `file` and returns the last stage. Raises BuildFailed."""
    stages: dict[str, Stage] = {}
    stage = Stage(root / "none", python)
    for word, rest in instructions(file):
        words = rest.split()
        if word == "FROM":
            name = words[-1] if "AS" in words else "last"
            stage = stages[name] = Stage(root / name, python)
            stage.root.mkdir(parents=True)
        elif word == "WORKDIR":
            stage.folder = rest
            stage.at(".").mkdir(parents=True, exist_ok=True)
        elif word == "COPY" and words[0].startswith("--from="):
            shutil.copytree(
                stages[words[0].removeprefix("--from=")].at(words[1]), stage.at(words[2]), dirs_exist_ok=True
            )
        elif word == "COPY":
            _copy(context, stage, words)
        elif word == "RUN":
            stage.run(rest, environ)
        elif word == "ENV":
            stage.environ |= dict(item.split("=", 1) for item in shlex.split(rest))
        elif word == "CMD":
            stage.command = json.loads(rest)
        elif word not in NOT_DONE:
            raise BuildFailed(f"this step cannot be done without Docker: {word} {rest}")
    return stage


def _copy(context: Path, stage: Stage, words: list[str]) -> None:
    *sources, target = words
    found = [path for source in sources for path in sorted(context.glob(source))]
    if not found:
        raise BuildFailed(f"nothing to copy: {sources}")
    for path in found:
        into = stage.at(target)
        if path.is_dir():
            shutil.copytree(path, into, dirs_exist_ok=True)
        else:
            into.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, into)
