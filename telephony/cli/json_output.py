"""What `--json` prints: one object on standard output, whatever happens; see README.md beside this file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

import typer


def print_json(answer: dict[str, Any]) -> None:
    """Prints the object; what JSON has no type for (a path, a date) as text."""
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=2, default=_plain))


def error_object(code: str, problems: Iterable[str]) -> dict[str, Any]:
    """The object for a command that did not do what it was asked. `code` is stable (see errors.py)."""
    return {"ok": False, "error": {"code": code, "problems": list(problems)}}


def _plain(value: Any) -> str:
    return os.fspath(value) if isinstance(value, os.PathLike) else str(value)
