"""What the commands for recorded calls have in common: their arguments, and how they report errors."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, ParamSpec

import typer

from telephony.cli.json_output import error_object, print_json

if TYPE_CHECKING:
    from telephony.tape.reader import Tape

P = ParamSpec("P")

RecordedCall = Annotated[
    str,
    typer.Argument(
        metavar="CALL",
        help="A tape's folder, a folder of tapes (the newest), or the SID of a call in TELEPHONY_TAPES.",
    ),
]
Paths = Annotated[
    list[Path], typer.Argument(metavar="PATH...", exists=True, help="Tapes, or folders that contain tapes.")
]


def exiting(command: Callable[P, int]) -> Callable[P, None]:
    """Exits with the code that the command returns; errors are a sentence on standard error (with `--json` an object on
    standard output) and exit code 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from telephony.errors import TelephonyError

        try:
            code = command(*args, **kwargs)
        except OSError as error:
            why = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            _refuse("file_unreadable", why, as_json=bool(kwargs.get("as_json")))
        except TelephonyError as error:
            _refuse(error.code, str(error), as_json=bool(kwargs.get("as_json")))
        raise typer.Exit(code)

    return run


def _refuse(code: str, why: str, *, as_json: bool) -> NoReturn:
    if as_json:
        print_json(error_object(code, [why]))
    else:
        typer.echo(why, err=True)
    raise typer.Exit(2)


def one_tape(call: str) -> Path:
    from telephony.tape.choose import one

    return one(call, recorded()[0])


def recorded() -> tuple[Path | None, str]:
    """The folder of recorded calls and the name of the agent that answers, by the settings."""
    from telephony.errors import SettingsError
    from telephony.settings import Settings, load

    try:
        settings = load(os.environ, offline=True)
    except SettingsError:  # wrong settings do not matter to these commands
        settings = Settings()
    return settings.tapes, settings.agent


def readable(paths: list[Path], unread: list[str]) -> Iterator[Tape]:
    """The tapes at and below `paths`, one by one. Errors of unreadable ones are printed and appended to `unread`."""
    from telephony.tape.choose import find
    from telephony.tape.codec import BadTape
    from telephony.tape.reader import read

    for path in [one for given in paths for one in find(given)]:
        try:
            found = read(path)
        except BadTape as error:
            unread.append(str(error))
            typer.echo(str(error), err=True)
        else:
            yield found
