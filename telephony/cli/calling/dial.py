"""`telephony dial`: place one call. Parsing and printing; exit codes as in `outcomes.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from telephony.cli.calling.outcomes import STOPPED, WRONG, Json, as_dict, exit_code, quiet, refusals, refuse
from telephony.cli.json_output import print_json, stop

if TYPE_CHECKING:
    from telephony.outbound.attempt import Attempt
    from telephony.own_number.first_call import Order
    from telephony.settings import Settings

Load = Callable[[], "Settings"]


def add(app: typer.Typer, load: Load) -> None:
    """Adds the command. `load` reads the settings, and exits if they are wrong."""

    @app.command()
    def dial(
        to: Annotated[str, typer.Argument(metavar="NUMBER", help="With its country code: +12025550123.")],
        agent: Annotated[str | None, typer.Option(metavar="MODULE:NAME", help="Who talks. [TELEPHONY_AGENT]")] = None,
        var: Annotated[
            list[str] | None,
            typer.Option("--var", metavar="NAME=VALUE", help="What the agent is to know of this call; repeatable."),
        ] = None,
        key: Annotated[
            str, typer.Option(help="Stands for this one call: given again, nothing is dialled, the outcome is shown.")
        ] = "",
        caller: Annotated[str, typer.Option("--from", metavar="NUMBER", help="[TELEPHONY_DIAL_FROM]")] = "",
        ring: Annotated[int, typer.Option(metavar="SECONDS", help="How long it rings.")] = 25,
        detect_machine: Annotated[
            bool, typer.Option("--detect-machine", help="Have Twilio say, for a fee, who it believes has answered.")
        ] = False,
        as_json: Json = False,
    ) -> None:
        """Call somebody and let the agent talk.

        Uses the service that runs at HOST and PORT, or runs it for as long as the call takes. Emergency and premium
        numbers are never dialled, other countries only if TELEPHONY_DIAL_COUNTRIES lists them, and nothing is dialled
        twice. Ctrl-C hangs up. Exit codes: 0 answered, 1 nobody was reached, 2 not allowed or wrong settings (nothing
        was dialled), 3 unknown whether the phone rang, 130 stopped.
        """
        from telephony.own_number.first_call import Order

        variables = dict(one.partition("=")[::2] for one in var or ())
        if wrong := [one for one in var or () if "=" not in one]:
            stop("arguments_invalid", [f"--var must be NAME=VALUE, not {wrong[0]!r}"], WRONG)
        settings = load()
        quiet(settings)
        order = Order(to, agent or "", variables, key, caller, ring, detect_machine)
        raise typer.Exit(asyncio.run(_dial(settings, order, as_json)))


async def _dial(settings: Settings, order: Order, as_json: bool) -> int:
    from telephony.app.loading import load_agent
    from telephony.app.server import stop_signals
    from telephony.clock import Clock
    from telephony.own_number.first_call import calling, make

    signals, stopping, clock = stop_signals(), asyncio.Event(), Clock()

    async def watch() -> None:
        await signals.get()
        typer.echo("Hanging up.", err=True)
        stopping.set()

    watching = asyncio.create_task(watch())
    typer.echo("Starting the service.", err=True)
    try:
        async with calling(settings, load_agent(settings.agent), clock) as calls:
            attempt = await make(calls, settings, order, _say, stopping, clock)
    except refusals() as error:
        refuse(error)
    finally:
        watching.cancel()
    if as_json:
        print_json(as_dict(attempt))
    else:
        typer.echo(attempt.words)
    return STOPPED if stopping.is_set() else exit_code(attempt)


def _say(attempt: Attempt) -> None:
    """Progress goes to stderr."""
    if attempt.status in ("", "queued"):
        typer.echo(f"Calling {attempt.to} from {attempt.from_} (key {attempt.key}).", err=True)
    else:
        typer.echo(attempt.words, err=True)
