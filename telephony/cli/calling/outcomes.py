"""What the commands around a number of one's own have in common: settings, messages, exit codes.

Exit codes: 0 done (dial: the call was answered), 1 it ran and did not succeed (dial: nobody was reached), 2 wrong
settings, arguments, or a number that must not be dialled (nothing was done), 3 (dial) it is unknown whether the phone
rang, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from telephony.cli.json_output import error_object, print_json

if TYPE_CHECKING:
    from telephony.outbound.attempt import Attempt
    from telephony.settings import Settings

DONE, FAILED, WRONG, UNKNOWN, STOPPED = 0, 1, 2, 3, 130

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, and nothing else, on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before changing anything at Twilio.")]


def refuse(error: Exception, *, as_json: bool = False) -> NoReturn:
    """Says why nothing was done, and exits: with 2 for a refusal of ours or a setting, 1 for the carrier's."""
    from telephony.errors import DialRefused, SettingsError, TelephonyError

    ours = isinstance(error, DialRefused | SettingsError)

    code = error.code if isinstance(error, TelephonyError) else "failed"
    if as_json:
        print_json(error_object(code, [str(error)]))
    typer.echo(f"Nothing was done: {error}." if ours else f"It failed: {error}.", err=True)
    raise typer.Exit(WRONG if ours else FAILED)


def as_dict(attempt: Attempt) -> dict[str, Any]:
    """An attempt as `--json` shows it: without its id, which is a secret."""
    shown = {"ok": exit_code(attempt) == DONE} | asdict(attempt)
    shown |= {"variables": dict(attempt.variables), "words": attempt.words}
    del shown["id"]
    return shown


def exit_code(attempt: Attempt) -> int:
    from telephony.outbound.attempt import Outcome

    if attempt.outcome is Outcome.ANSWERED:
        return DONE
    return UNKNOWN if attempt.outcome in (Outcome.UNKNOWN, None) else FAILED


def carrier_settings() -> Settings:
    """The settings, for a command that needs nothing but Twilio. Exits if they are wrong."""
    from telephony.errors import SettingsError
    from telephony.settings import load

    try:
        return load(os.environ, offline=True)
    except SettingsError as error:
        typer.echo("The settings are invalid:", err=True)
        for problem in error.problems:
            typer.echo(f"- {problem}", err=True)
        raise typer.Exit(WRONG) from None


def quiet(settings: Settings) -> None:
    """Logs errors only: the command says itself what happens."""
    from telephony.observe.logs import configure

    configure("error", settings.log_format, settings.log_pii)


def confirmed(question: str, yes: bool, ask: Callable[[str], bool] | None = None) -> bool:
    """Whether to go on. Without `--yes` and without a terminal, no."""
    if yes:
        return True
    if ask is None and not sys.stdin.isatty():
        typer.echo("Nothing is changed without being asked for: add --yes.", err=True)
        return False
    return ask(question) if ask is not None else typer.confirm(question, default=False, err=True)
