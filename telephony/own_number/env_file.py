"""Writes settings into `.env`: the lines that are there stay as they are, the file is readable by its owner only."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values

from telephony.errors import DialRefused
from telephony.files import read_file

LIMIT = 1 << 20
_NAMES = {"\n": "a line break", "\r": "a line break", " ": "a space", "'": "a quote", '"': "a quote", "`": "a quote"}


def check(value: str) -> None:
    """Raises ValueError unless the value, written as it is, is read as it is. Quotes are read by everyone (we, a shell,
    Docker) in their own way, and no key has one."""
    wrong = re.search(r"[^\x21-\x7e]|['\"`]", value)
    if wrong or dotenv_values(stream=StringIO(f"KEY={value}\n"), interpolate=False) != {"KEY": value}:
        what = _NAMES.get(wrong[0], "a character") if wrong else "a character"
        raise ValueError(f"contains {what} that no key contains: copy it again, without what is around it")


def read(path: Path) -> dict[str, str | None]:
    """What the file sets; nothing if there is none. Raises DialRefused with code `no_keys` if it cannot be read."""
    if not path.is_file():
        return {}
    try:
        return dict(dotenv_values(path, interpolate=False, encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise DialRefused(f"{path} cannot be read as UTF-8 text ({type(error).__name__})", code="no_keys") from None


def write(path: Path, values: Mapping[str, str]) -> None:
    """Sets `values` in the file, which is made if there is none. A line that sets one of them is replaced where it
    stands; others are kept, comments included. Another process sees the old file or the new one. Raises OSError, and
    ValueError for a value that `check` refuses."""
    for value in values.values():
        check(value)
    path = path.resolve()
    before = read_file(path, LIMIT).decode("utf-8-sig") if path.exists() else ""
    lines, left = before.splitlines(), dict(values)
    for index, line in enumerate(lines):
        name = re.match(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=", line)
        if name and name[1] in values:
            lines[index] = f"{name[1]}={values[name[1]]}"
            left.pop(name[1], None)
    lines += [f"{name}={value}" for name, value in left.items()]
    other = path.with_name(f"{path.name}.{secrets.token_hex(6)}")
    try:
        with open(os.open(other, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(other, path)
    finally:
        other.unlink(missing_ok=True)
