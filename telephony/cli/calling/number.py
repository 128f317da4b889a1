"""`telephony number`: the account's numbers and where their calls go. Exit codes as in `outcomes.py`."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from telephony.cli.calling.outcomes import (
    FAILED,
    WRONG,
    Json,
    Yes,
    carrier_settings,
    confirmed,
    quiet,
    refusals,
    refuse,
)
from telephony.cli.json_output import print_json, stop

if TYPE_CHECKING:
    from telephony.clock import Clock
    from telephony.own_number.pointing import Change
    from telephony.settings import Settings
    from telephony.twilio.account import Number

number = typer.Typer(name="number", help="The numbers of the Twilio account, and where their calls go.",
                     no_args_is_help=True)  # fmt: skip


def add(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(number)

    @number.command("list")
    def list_numbers(as_json: Json = False) -> None:
        """Show the numbers, and where their calls go.

        Exit codes: 0 shown, 1 Twilio failed, 2 wrong settings.
        """
        settings = carrier_settings()
        quiet(settings)
        found = _numbers(settings)
        if as_json:
            print_json({"ok": True, "numbers": [asdict(one) for one in found]})
            return
        for one in found:
            typer.echo(_line(one, settings.public_url))
        if not found:
            typer.echo("The account has no number: buy one in Twilio's console.")

    @number.command("point")
    def point_number(
        which: Annotated[str, typer.Argument(metavar="[NUMBER]", help="Which one, if there are several.")] = "",
        url: Annotated[str, typer.Option(help="The service's public address. [PUBLIC_URL]")] = "",
        fallback: Annotated[
            str | None, typer.Option(metavar="URL", help="Asked for TwiML when the service fails; '' for none.")
        ] = None,
        yes: Yes = False,
        as_json: Json = False,
    ) -> None:
        """Send a number's calls to this service.

        Says first what is set now and what would change, and asks. Afterwards the number is read again. If it comes
        here already, nothing is changed. Exit codes: 0 it points here, 1 Twilio failed or you said no, 2 wrong settings
        or arguments, 130 interrupted.
        """
        from telephony.own_number.pointing import chosen, plan, point

        settings = carrier_settings()
        quiet(settings)
        base = _base(url or settings.public_url)
        try:
            wanted = chosen(_numbers(settings), which)
            changes = plan(wanted, base, fallback)
            show(wanted, changes)
            planned = [asdict(one) for one in changes]
            if changes and not confirmed("Change it?", yes):
                stop("declined", ["The number was left as it is: --yes changes it without asking."], FAILED,
                     planned=planned)  # fmt: skip
            now = asyncio.run(point(settings, _clock(), wanted, changes))
        except refusals() as error:
            refuse(error)
        if as_json:
            print_json({"ok": True, "changed": planned, "number": asdict(now)})
        else:
            typer.echo(_line(now, base))


def show(wanted: Number, changes: list[Change]) -> None:
    """Says on stderr what a number has now, and what would change."""
    if not changes:
        typer.echo(f"{wanted.number} comes here already; nothing to change.", err=True)
        return
    typer.echo(f"{wanted.number}, now -> then:", err=True)
    for one in changes:
        typer.echo(f"  {one.words}", err=True)


def _line(one: Number, base: str) -> str:
    where = one.elsewhere and f"{one.elsewhere} (an application or trunk)"
    goes = where or one.voice_url or "nowhere"
    mark = "*" if base and one.voice_url == f"{base}/twilio/voice" and not one.elsewhere else " "
    return f"{mark} {one.number:<16} {goes}{'' if one.voice else ' (no voice)'}"


def _numbers(settings: Settings) -> tuple[Number, ...]:
    from telephony.own_number.pointing import listed

    try:
        return asyncio.run(listed(settings, _clock()))
    except refusals() as error:
        refuse(error)


def _base(url: str) -> str:
    """The address in the form of PUBLIC_URL. Exits if it is none."""
    from telephony.loopback import leads_to_loopback
    from telephony.settings import public_address

    if leads_to_loopback(url):  # for the local carrier
        return url.rstrip("/")
    try:
        return public_address(url)
    except ValueError as error:
        wrong = f"The address (--url or PUBLIC_URL) {error}."
        stop("no_address", [wrong if url else "Which address? Set PUBLIC_URL or give --url."], WRONG)


def _clock() -> Clock:
    from telephony.clock import Clock

    return Clock()
