"""Makes the folder of a project from the templates beside this file."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from pathlib import Path

from telephony.cli.project.first_call import record_first_call
from telephony.cli.project.package_wheel import pack_wheel, versions_in_use
from telephony.errors import TelephonyError

TEMPLATES = Path(__file__).parent / "templates"
SUFFIX, DOT = ".in", "dot."
"""A template's name ends in `.in` if it is no document of this package, and begins with `dot.` instead of a dot."""
VERSIONS = "# The versions that were in use when this project was made: what the image installs.\n"


def make_project(folder: Path, language: str) -> list[str]:
    """Makes the project and returns the names of its files. Either all of it is there in the end, or nothing. Raises
    TelephonyError, and OSError (FileExistsError if there is something in its place)."""
    folder = folder.absolute()
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", folder.name):
        raise _refused(f"{folder.name!r} is no name for a project: use letters, digits, '-', '_' and '.'")
    if folder == Path.cwd():  # it would be replaced under the feet of the shell
        raise _refused("name a folder to create, and not the one you are in")
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise _refused(f"{folder} exists already, and nothing is overwritten: choose another name")
    if not folder.parent.is_dir():
        raise _refused(f"{folder.parent} does not exist: make that folder first")
    made = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}")
    made.mkdir()
    try:
        (made / "wheels").mkdir()
        wheel = pack_wheel(made / "wheels")
        for source in (TEMPLATES / "common", TEMPLATES / language):
            _copy(source, made, {"{name}": folder.name, "{wheel}": wheel.name})
        (made / "constraints.txt").write_text(VERSIONS + "\n".join(versions_in_use()) + "\n", encoding="utf-8")
        _write_private(made / ".env", (made / ".env.example").read_text(encoding="utf-8"))
        record_first_call(made, language)
        shutil.rmtree(made / "__pycache__", ignore_errors=True)
        files = sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file())
        made.rename(folder)  # fails if something has come there meanwhile
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return files


def _refused(why: str) -> TelephonyError:
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
