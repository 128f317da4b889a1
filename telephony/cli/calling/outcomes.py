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

from telephony.cli.json_output import INTERRUPTED, stop

if TYPE_CHECKING:
    from telephony.outbound.attempt import Attempt
    from telephony.settings import Settings

DONE, FAILED, WRONG, UNKNOWN, STOPPED = 0, 1, 2, 3, INTERRUPTED

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, and nothing else, on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before changing anything at Twilio.")]


def refuse(error: Exception) -> NoReturn:
    """Says why nothing was done, and exits: with 2 for a refusal of ours or a setting, 1 for the carrier's."""
    from telephony.errors import DialRefused, SettingsError, TelephonyError

    code = error.code if isinstance(error, TelephonyError) else "failed"
    problems = error.problems if isinstance(error, SettingsError) else [str(error)]
    if not isinstance(error, DialRefused | SettingsError):
        stop(code, problems, FAILED, text=f"It failed: {error}.")
    stop(code, problems, STOPPED if code == "stopped" else WRONG, text=f"Nothing was done: {error}.")


def refusals() -> tuple[type[Exception], ...]:
    """What `refuse` is for."""
    from telephony.errors import CarrierError, DialRefused, SettingsError

    return CarrierError, DialRefused, SettingsError, OSError


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
        stop(error.code, error.problems, WRONG, "The settings are invalid:")


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
    if ask is not None:
        return ask(question)
    try:
        return typer.confirm(question, default=False, err=True)
    except typer.Abort:
        raise typer.Exit(STOPPED) from None
