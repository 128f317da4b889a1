"""`telephony new`: a folder with an agent of one's own, its tests, a recorded call, and what it takes to run it."""

from __future__ import annotations

import shlex
import shutil
import sys
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from telephony.cli.json_output import print_json, stop

PROGRAMS = ("python", "telephony")


class Language(StrEnum):
    """The languages of the template."""

    en = "en"
    de = "de"


def add(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command()(new)


def new(
    folder: Annotated[Path, typer.Argument(metavar="NAME", help="The folder to create; its last part is the name.")],
    language: Annotated[Language, typer.Option(help="The language that the agent speaks.")] = Language.en,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was made as one JSON object.")] = False,
) -> None:
    """Make a project of your own: an agent, tests that pass, and all it takes to run it.

    The template is a receptionist. The folder also holds a recorded call with its tests, .env (readable by you only),
    a Dockerfile with compose.yaml, the wheel of this version, and AGENTS.md for coding assistants. Nothing that exists
    is overwritten.

    Exit codes: 0 the project is there, 2 wrong arguments, or the folder cannot be made (then nothing is left of it).
    """
    from telephony.cli.project.make import make_project
    from telephony.errors import TelephonyError

    typer.echo(f"Making {folder} and recording its first call ...", err=True)
    try:
        files = make_project(folder, language.value)
    except (TelephonyError, OSError) as error:
        problem = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
        code = error.code if isinstance(error, TelephonyError) else "folder_not_made"
        stop(code, [problem])
    following = _commands(folder)
    if as_json:
        commands = list(following)[1:]
        print_json({"ok": True, "folder": folder, "language": language.value, "files": files, "next": commands})
        return
    typer.echo(f"{folder}: an agent in agent.py, {len(files)} files; README.md says what each command does.\n")
    model = "" if language is Language.en else ", with a language model: OPENAI_API_KEY or OPENAI_BASE_URL in .env"
    width = max(map(len, following))
    for command, what in following.items():
        typer.echo(f"  {command:<{width}}    {what}{model if what == TALK else ''}".rstrip())


TALK = "talk to it"


def _commands(folder: Path) -> dict[str, str]:
    """What to run next, as it can be run in this shell, and what it does."""
    here = Path(sys.executable).parent
    on_path = shutil.which("telephony")
    short = on_path is not None and Path(on_path).parent == here
    python, program = ("python", "telephony") if short else (shlex.quote(f"{here}/{one}") for one in PROGRAMS)
    extra = {} if find_spec("pytest") else {f"{python} -m pip install 'telephony[test]'": "pytest, once"}
    return {f"cd {shlex.quote(str(folder))}": "", **extra, f"{python} -m pytest": "the tests", f"{program} chat": TALK}
