"""`telephony new`: a folder with an agent of one's own, its tests, a recorded call, and what it takes to run it."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from telephony.cli.json_output import error_object, print_json

PROJECT = Path(__file__).parent / "project"
SUFFIX, DOT = ".in", "dot."
"""A template's name ends in `.in` if it is no document of this package, and begins with `dot.` instead of a dot."""


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
    from telephony.errors import TelephonyError

    typer.echo(f"Making {folder} and recording its first call ...", err=True)
    try:
        files = make_project(folder, language.value)
    except (TelephonyError, OSError) as error:
        problem = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
        code = error.code if isinstance(error, TelephonyError) else "folder_not_made"
        if as_json:
            print_json(error_object(code, [problem]))
        else:
            typer.echo(problem, err=True)
        raise typer.Exit(2) from None
    following = ["pytest", "telephony chat"]
    if as_json:
        print_json({"ok": True, "folder": folder, "language": language.value, "files": files, "next": following})
        return
    typer.echo(f"{folder}: an agent in agent.py, {len(files)} files; README.md says what each command does.\n")
    typer.echo("\n".join((f"  cd {folder}", f"  {following[0]:<24} the tests", f"  {following[1]:<24} talk to it")))


def make_project(folder: Path, language: str) -> list[str]:
    """Makes the project and returns the names of its files. Either all of it is there in the end, or nothing. Raises
    TelephonyError, and OSError (FileExistsError if there is something in its place)."""
    from telephony.cli.first_call import record_first_call
    from telephony.cli.package_wheel import pack_wheel

    folder = folder.absolute()
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", folder.name):
        raise _refused(f"{folder.name!r} is no name for a project: use letters, digits, '-', '_' and '.'")
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise _refused(f"{folder} exists already, and nothing is overwritten: choose another name")
    if not folder.parent.is_dir():
        raise _refused(f"{folder.parent} does not exist: make that folder first")
    made = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}")
    made.mkdir()
    try:
        (made / "wheels").mkdir()
        wheel = pack_wheel(made / "wheels")
        for source in (PROJECT / "common", PROJECT / language):
            _copy(source, made, {"{name}": folder.name, "{wheel}": wheel.name})
        _write_private(made / ".env", (made / ".env.example").read_text(encoding="utf-8"))
        record_first_call(made, language)
        shutil.rmtree(made / "__pycache__", ignore_errors=True)
        files = sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file())
        made.rename(folder)  # fails if something has come there meanwhile
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return files


def _refused(why: str) -> Exception:
    from telephony.errors import TelephonyError

    return TelephonyError(why, code="folder_refused")


def _copy(source: Path, target: Path, values: dict[str, str]) -> None:
    """Copies the templates; in those that are no Python, names in braces are filled in."""
    for path in sorted(source.rglob("*")):
        if path.is_dir() or "__pycache__" in path.parts:
            continue
        name = path.name.removesuffix(SUFFIX)
        name = f".{name.removeprefix(DOT)}" if name.startswith(DOT) else name
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            for placeholder, value in values.items():
                text = text.replace(placeholder, value)
        to = target / path.relative_to(source).parent / name
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text, encoding="utf-8")


def _write_private(path: Path, text: str) -> None:
    """Writes a new file that only its owner can read."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
