"""`telephony up`: from keys to a phone that rings. Parsing and printing; exit codes as in `outcomes.py`."""

from __future__ import annotations

import asyncio
import getpass
import os
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from telephony.cli.calling.outcomes import DONE, STOPPED, Yes, confirmed, exit_code, quiet, refusals, refuse

if TYPE_CHECKING:
    from telephony.clock import Clock
    from telephony.outbound.attempt import Attempt
    from telephony.own_number.bring_up import Wanted
    from telephony.settings import Settings

Load = Callable[[dict[str, str | None]], "Settings"]


class Step(StrEnum):
    """A step that can be run alone."""

    keys = "keys"
    check = "check"
    address = "address"


class Terminal:
    """The user at the terminal. Secrets are not shown while they are typed."""

    def __init__(self, yes: bool) -> None:
        self.there = sys.stdin.isatty()
        self._yes = yes

    def say(self, text: str) -> None:
        typer.echo(text, err=True)

    def ask(self, question: str, *, secret: bool = False) -> str:
        if not self.there:
            return ""
        if secret:
            return getpass.getpass(f"{question}: ")
        return str(typer.prompt(question, default="", show_default=False, err=True))

    def agreed(self, question: str) -> bool:
        return confirmed(question, self._yes)


def add(app: typer.Typer, load: Load) -> None:
    """Adds the command. `load` reads the settings with changes, and exits if they are wrong."""

    @app.command()
    def up(
        url: Annotated[
            str, typer.Option(help="The public https address. [PUBLIC_URL, or a tunnel that is opened]")
        ] = "",
        number: Annotated[str, typer.Option(help="Which of the account's numbers, if there are several.")] = "",
        phone: Annotated[str, typer.Option(help="Your own phone, which is rung once.")] = "",
        no_ring: Annotated[bool, typer.Option("--no-ring", help="Ring nobody.")] = False,
        only: Annotated[Step | None, typer.Option(help="Do this step alone.")] = None,
        agent: Annotated[str | None, typer.Option(metavar="MODULE:NAME", help="Who answers. [TELEPHONY_AGENT]")] = None,
        yes: Yes = False,
    ) -> None:
        """Put the agent on a telephone number.

        Asks for the keys that are missing and writes them to .env, checks each, takes the public address or opens a
        tunnel (cloudflared or ngrok, if installed), serves, points the number here after asking, and rings your phone.
        Then it goes on answering calls until Ctrl-C. It can be run again at any time; what is done already is not done
        again. A tunnel that ends by itself is opened again, and the number follows. Exit codes: 0 done, 1 your phone
        was not reached or Twilio failed, 2 something is missing or wrong, 3 unknown whether it rang, 130 stopped.
        """
        from telephony.own_number.bring_up import Wanted, ask_keys

        console = Terminal(yes)
        try:
            os.environ |= ask_keys(os.environ, Path(".env"), console)  # an empty variable would override the file
        except refusals() as error:
            refuse(error)
        if only is Step.keys:
            return
        settings = load({"TELEPHONY_AGENT": agent, "PUBLIC_URL": url or None})
        quiet(settings)
        raise typer.Exit(asyncio.run(_up(settings, Wanted(url, number, phone, not no_ring), only, console)))


async def _up(settings: Settings, wanted: Wanted, only: Step | None, console: Terminal) -> int:
    from telephony.app.loading import load_agent
    from telephony.app.server import stop_signals
    from telephony.clock import Clock
    from telephony.own_number.bring_up import bring_up, check_keys

    signals, stop, clock = stop_signals(), asyncio.Event(), Clock()

    agents = load_agent(settings.agent)
    if only is Step.check:
        working: asyncio.Task[Attempt | None] = asyncio.create_task(check_keys(settings, agents, clock, console))
    elif only is Step.address:
        working = asyncio.create_task(_open(settings, wanted, clock, console, stop))
    else:
        working = asyncio.create_task(bring_up(settings, agents, wanted, clock, console, stop))

    async def watch() -> None:
        await signals.get()
        console.say("Stopping; Ctrl-C once more stops at once.")
        stop.set()
        if only is not Step.check:
            await signals.get()
        working.cancel()

    watching = asyncio.create_task(watch())
    try:
        attempt = await working
    except asyncio.CancelledError:
        return STOPPED
    except refusals() as error:
        refuse(error)
    finally:
        watching.cancel()
    return DONE if attempt is None else exit_code(attempt)


async def _open(settings: Settings, wanted: Wanted, clock: Clock, console: Terminal, stop: asyncio.Event) -> None:
    """Opens the address, prints it, and keeps it open until it is stopped."""
    from telephony.errors import DialRefused
    from telephony.own_number.bring_up import address

    async with address(settings, wanted.url, clock, console) as found:
        typer.echo(found.url)
        if lost := await found.until_lost(stop):
            raise DialRefused(f"the tunnel is gone: {lost}", code="no_tunnel")
