"""The command line: parsing, and words for mistakes. Everything else is imported when its command runs.

Exit codes: 0 fine, 1 it ran and failed, 2 wrong settings or arguments (nothing was started).
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from telephony.cli import recordings

if TYPE_CHECKING:
    from telephony.settings import Settings

app = typer.Typer(
    name="telephony",
    help="A voice agent that answers phone calls (Twilio, ElevenLabs, any OpenAI-compatible model).\n\n"
    "Start with `telephony demo`: one whole call on this machine, without an account. Settings come from the "
    "environment and from a file `.env` in the current directory (see .env.example).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Offline = Annotated[bool, typer.Option("--offline", help="Use the local ears, brain and voice, whatever keys are set.")]
AgentName = Annotated[str | None, typer.Option("--agent", metavar="MODULE:NAME", help="Who answers. [TELEPHONY_AGENT]")]


class Mode(StrEnum):
    """The demo's modes; README, "Four ways to answer"."""

    pipeline = "pipeline"
    managed = "managed"
    custom_llm = "custom-llm"
    register = "register"


@app.command()
def serve(
    offline: Offline = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on. [HOST]")] = None,
    port: Annotated[str | None, typer.Option(help="Port to listen on; 0: any free one. [PORT]")] = None,
    agent: AgentName = None,
) -> None:
    """Answer calls.

    Runs until Ctrl-C or SIGTERM: then calls under way may finish; a second signal ends it at once. Twilio must be told
    to ask for POST {PUBLIC_URL}/twilio/voice when a call comes in; the README shows where.
    """
    settings = _load({"HOST": host, "PORT": port, "TELEPHONY_AGENT": agent}, offline=offline)
    _logs(settings)
    _parts(settings)
    from telephony.app.server import serve as run

    raise typer.Exit(run(settings))


@app.command()
def demo(
    caller: Annotated[
        list[Path] | None,
        typer.Option(
            "--caller", metavar="FILE.wav", exists=True, dir_okay=False,
            help="Your own recording of a caller's turn (any rate, mono or stereo); repeat it for each turn.",
        ),
    ] = None,
    more: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE.wav ...]", help="More recordings.", exists=True, dir_okay=False),
    ] = None,
    out: Annotated[Path, typer.Option(help="Where call.wav and timeline.html go.")] = Path("out"),
    noise: Annotated[bool, typer.Option("--noise", help="Noise instead of a caller: the demo must fail.")] = False,
    mode: Annotated[
        Mode,
        typer.Option(help="Who listens, thinks and speaks: our pipeline, or a managed agent (of a local platform) that "
                     "is bridged, thinks with our custom LLM, or has the call by itself (register).")
    ] = Mode.pipeline,
    speed: Annotated[float, typer.Option(min=0.5, max=20, help="How much faster than life the call runs.")] = 1.0,
    offline: Offline = False,
    agent: AgentName = None,
) -> None:  # fmt: skip
    """Hear one whole call.

    A caller's audio goes in over Twilio's protocol, is understood, answered, interrupted once, and ended. Everything
    runs on this machine. Without keys the ears, brain and voice are local too (a small English vocabulary, for the
    example agent); with OPENAI_API_KEY and ELEVENLABS_API_KEY they are the real ones.
    """
    changes = {"TELEPHONY_AGENT": agent, **({} if "TELEPHONY_LOG_LEVEL" in os.environ else _QUIET)}
    settings = _load(changes, offline=offline or mode is not Mode.pipeline, local_carrier=True)
    _logs(settings)
    _parts(settings, carrier="local: a caller in this process, over Twilio's protocol on a real socket")
    from telephony.cli.demo import run

    files = [*(caller or ()), *(more or ())]
    code = run(out=out, callers=files, noise=noise, settings=settings, speed=speed, mode=mode.value)
    raise typer.Exit(code)


@app.command()
def check(offline: Offline = False) -> None:
    """Look at the settings.

    Starts nothing. Shows what is set, which parts are local, and everything that is wrong.
    """
    settings = _load({}, offline=offline)
    from telephony.settings import SETTINGS, Settings

    unset = Settings()
    for one in SETTINGS:
        value, default = getattr(settings, one.name), getattr(unset, one.name)
        shown = ("(set)" if value else "") if one.metadata["secret"] else _words(value)
        mark = " " if value == default else "*"
        typer.echo(f"{mark} {one.metadata['env']:<26} {shown or '-'}")
    typer.echo("  (* differs from the default)\n")
    _parts(settings, err=False)
    typer.echo("\nThe settings are fine.")


@app.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    typer.echo(f"telephony {installed('telephony')}, Python {sys.version.split()[0]}")


recordings.add(app)


def main() -> None:
    """The entry point of `telephony` and `python -m telephony`. Agents are found in the current directory too."""
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    app()


# --- inside ---------------------------------------------------------------------------------------------------------

_QUIET = {"TELEPHONY_LOG_LEVEL": "error"}


def _load(changes: dict[str, str | None], *, offline: bool, local_carrier: bool = False) -> Settings:
    from telephony.errors import SettingsError
    from telephony.settings import load

    environ = {**os.environ, **{name: value for name, value in changes.items() if value is not None}}
    try:
        return load(environ, offline=offline, local_carrier=local_carrier, also=_agent_problems)
    except SettingsError as error:
        _wrong(error.problems)


def _agent_problems(settings: Settings) -> list[str]:
    """Why the agent cannot be loaded. What a module raises when it is imported is not ours to foresee."""
    from telephony.app.loading import load_agent, load_llm_agents
    from telephony.errors import SettingsError

    try:
        load_llm_agents(settings, load_agent(settings.agent))
    except SettingsError as error:
        return error.problems
    except Exception as error:
        return [f"TELEPHONY_AGENT={settings.agent} cannot be imported: {type(error).__name__}: {error}"]
    return []


def _wrong(problems: list[str]) -> NoReturn:
    """Every problem on its own line, and exit code 2."""
    typer.echo("The settings cannot work:", err=True)
    for problem in problems:
        typer.echo(f"- {problem}", err=True)
    raise typer.Exit(2)


def _logs(settings: Settings) -> None:
    from telephony.observe.logs import configure

    configure(settings.log_level, settings.log_format, settings.log_pii)


def _parts(settings: Settings, err: bool = True, carrier: str = "") -> None:
    from telephony.settings import describe

    for part, what in describe(settings):
        typer.echo(f"{part:<8} {carrier if carrier and part == 'carrier' else what}", err=err)


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return (
        ", ".join(str(part) for part in value) if isinstance(value, tuple) else str(value if value is not None else "")
    )
