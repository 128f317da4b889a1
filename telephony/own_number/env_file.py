"""Writes settings into `.env`: the lines that are there stay as they are, the file is readable by its owner only."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from telephony.files import read_file

LIMIT = 1 << 20


def write(path: Path, values: Mapping[str, str]) -> None:
    """Sets `values` in the file, which is made if there is none. A line that sets one of them is replaced where it
    stands; others are kept, comments included. Another process sees the old file or the new one. Raises OSError, and
    ValueError for a value with a line break or a quote, which no setting has."""
    if wrong := [name for name, value in values.items() if re.search(r"[\r\n'\"]", value)]:
        raise ValueError(f"{wrong[0]} contains a line break or a quote")
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
