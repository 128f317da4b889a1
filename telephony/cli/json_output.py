"""What `--json` prints: one object on standard output, whatever happens; see README.md beside this file.

`OneObject` keeps that promise for every command at one place: while a command runs with `--json`, whatever is written
to standard output, by whomever, goes to standard error. Commands hand over their object with `print_json`, or end with
`stop`; a command that ends in any other way (wrong arguments, an interruption, a bug) gets an object too.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stdout
from contextvars import ContextVar
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C has ended, as in a shell."""

_answers: ContextVar[list[dict[str, Any]] | None] = ContextVar("answers", default=None)
"""The objects of the running command; None without `--json`."""


def print_json(answer: dict[str, Any]) -> None:
    """Hands over the object of a command that runs with `--json`; only the last one counts. What JSON has no type for
    (a path, a date) is shown as text."""
    answers = _answers.get()
    if answers is not None:
        answers.append(answer)


def error_object(code: str, problems: Iterable[str]) -> dict[str, Any]:
    """The object for a command that did not do what it was asked. `code` is stable (see errors.py)."""
    return {"ok": False, "error": {"code": code, "problems": list(problems)}}


def stop(
    code: str, problems: Sequence[str], exit_code: int = 2, headline: str = "", text: str = "", **more: object
) -> NoReturn:
    """Ends the command, which did not do what it was asked: with `--json` as an object (with `more` in it), otherwise
    in words on standard error: `text`, or the problems, under a `headline` as a list."""
    if _answers.get() is not None:
        print_json(error_object(code, problems) | more)
    else:
        lines = [headline, *(f"- {one}" for one in problems)] if headline else problems
        typer.echo(text or "\n".join(lines), err=True)
    raise typer.Exit(exit_code)


class OneObject(TyperGroup):
    """The command line: as any other, but with `--json` exactly one object on standard output. `--help` stays text."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **options: Any) -> Any:
        given = list(sys.argv[1:] if args is None else args)
        options_given = given[: given.index("--")] if "--" in given else given
        if "--json" not in options_given or "--help" in options_given or not options.get("standalone_mode", True):
            return super().main(given, *more, **options)
        run = super().main
        code, answer = _answered(lambda: run(given, *more, **options | {"standalone_mode": False}))
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2, default=_plain))
        sys.exit(code)


def _answered(run: Callable[[], Any]) -> tuple[int, dict[str, Any]]:
    """Runs a command. Returns its exit code and its object."""
    answers: list[dict[str, Any]] = []
    token = _answers.set(answers)
    try:
        with redirect_stdout(sys.stderr):
            code, otherwise = _ended(run)
    finally:
        _answers.reset(token)
    return code, answers[-1] if answers else otherwise


def _ended(run: Callable[[], Any]) -> tuple[int, dict[str, Any]]:
    """Runs a command. Returns its exit code, and an object for it if the command has none of its own."""
    try:
        code = int(run() or 0)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(bool(error.code))
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:
        if (message := getattr(error, "format_message", None)) is not None:  # click's error for wrong arguments
            return getattr(error, "exit_code", 2), error_object("arguments_invalid", [message()])
        traceback.print_exc()
        return 1, error_object("internal", [f"{type(error).__name__}: {error}"])
    if code == INTERRUPTED:
        return code, error_object("interrupted", ["it was interrupted"])
    return code, {"ok": True} if code == 0 else error_object("failed", ["it failed: standard error says why"])


def _plain(value: Any) -> str:
    return os.fspath(value) if isinstance(value, os.PathLike) else str(value)
