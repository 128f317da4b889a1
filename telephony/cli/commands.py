"""The commands: parsing and error messages. Everything else is imported when its command runs.

Exit codes: 0 success, 1 the command ran and failed, 2 wrong settings or arguments (nothing was started), 130
interrupted.
"""

from __future__ import annotations

import gc
import os
import sys
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from telephony.cli import chat, new, recordings
from telephony.cli.calling import dial, number, up
from telephony.cli.json_output import OneObject, print_json, stop

if TYPE_CHECKING:
    from telephony.settings import Settings

app = typer.Typer(
    name="telephony",
    cls=OneObject,
    help="A voice agent that answers phone calls (Twilio, ElevenLabs, any OpenAI-compatible model).\n\n"
    "Start with `telephony demo`: a complete call on this machine, without an account. Settings come from the "
    "environment and from the file `.env` in the current directory (see .env.example).",
    epilog="Exit codes: 0 success, 1 the command ran and failed, 2 wrong settings or arguments (nothing was started), "
    "130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Offline = Annotated[bool, typer.Option("--offline", help="Use local STT, LLM and TTS, whatever keys are set.")]
AgentName = Annotated[str | None, typer.Option("--agent", metavar="MODULE:NAME", help="The agent. [TELEPHONY_AGENT]")]


class Mode(StrEnum):
    """The demo's modes; see README, "Four ways to answer"."""

    pipeline = "pipeline"
    managed = "managed"
    custom_llm = "custom-llm"
    register = "register"
    transfer = "transfer"


@app.command()
def serve(
    offline: Offline = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on. [HOST]")] = None,
    port: Annotated[str | None, typer.Option(help="Port to listen on; 0: any free port. [PORT]")] = None,
    agent: AgentName = None,
) -> None:
    """Answer calls.

    Prints where to talk to the agent in a browser (/phone); without a Twilio key that is the only way to call it.
    Runs until Ctrl-C or SIGTERM, then lets calls in progress finish; a second signal ends it at once. `telephony number
    point` sends a number's calls here.
    """

    settings = _load({"HOST": host, "PORT": port, "TELEPHONY_AGENT": agent}, offline=offline)
    _logs(settings)
    _parts(settings)
    _offers(settings)
    gc.disable()  # for the start only: see `serve`, which switches it on
    from telephony.app.server import serve as run
    from telephony.errors import SettingsError

    try:
        raise typer.Exit(run(settings, typer.echo))
    except SettingsError as error:
        _wrong(error.problems)


@app.command()
def demo(
    caller: Annotated[
        list[Path] | None,
        typer.Option(
            "--caller", metavar="FILE.wav", exists=True, dir_okay=False,
            help="Your own recording of one caller turn (any rate, mono or stereo); repeat the option for each turn.",
        ),
    ] = None,
    more: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE.wav ...]", help="More recordings.", exists=True, dir_okay=False),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder for the recordings and timeline.html.")] = Path("out"),
    noise: Annotated[bool, typer.Option("--noise", help="Play noise instead of a caller: the demo must fail.")] = False,
    mode: Annotated[
        Mode,
        typer.Option(help="What runs the call: our pipeline, or a managed agent (of a local platform) that is bridged "
                     "(managed), bridged and using our custom LLM (custom-llm), or on its own (register). "
                     "transfer: the caller is put through to a person, who is asked first.")
    ] = Mode.pipeline,
    speed: Annotated[float, typer.Option(min=0.5, max=20, help="The call's speed relative to real time.")] = 1.0,
    offline: Offline = False,
    agent: AgentName = None,
) -> None:  # fmt: skip
    """Run a complete call, record it and check it.

    A caller's audio goes in over Twilio's protocol; the agent answers it, is interrupted once, and ends the call.
    Carrier and service run on this machine. Without ELEVENLABS_API_KEY STT and TTS are local too (English, any words).
    Without OPENAI_API_KEY and OPENAI_BASE_URL the model is a fixed dialogue for the example agent; another agent needs
    a real model, for example a server on this machine.
    """
    files = [*(caller or ()), *(more or ())]
    if mode is Mode.transfer:
        from telephony.cli import demo_transfer

        if files or agent is not None:
            raise typer.BadParameter(
                "--mode transfer plays a caller and an agent of its own: no recordings, no --agent"
            )
        agent = demo_transfer.AGENT
    changes = {
        "TELEPHONY_AGENT": agent,
        **{name: value for name, value in _DEMO_LOGS.items() if name not in os.environ},
    }
    settings = _load(changes, offline=offline or mode is not Mode.pipeline, local_carrier=True)
    _logs(settings)
    _parts(settings, carrier="local: a caller in this process, over Twilio's protocol on a real socket")
    _offers(settings)
    if mode is Mode.transfer:
        raise typer.Exit(demo_transfer.run(out, settings, speed=speed, noise=noise))
    from telephony.cli.demo import run

    code = run(out=out, callers=files, noise=noise, settings=settings, speed=speed, mode=mode.value)
    raise typer.Exit(code)


@app.command()
def check(
    offline: Offline = False,
    online: Annotated[bool, typer.Option("--online", help="Ask each service whether a call would work.")] = False,
    agent: AgentName = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as one JSON object.")] = False,
) -> None:
    """Show and validate the settings.

    Builds the agent as a call would, shows what is set, which parts are local, and every error. With --online, also
    asks each vendor for what a call needs (key, voice, model, quota, number) and comes in through the public address,
    one line each; exit code 1 if anything is not right.
    """
    settings = _load({"TELEPHONY_AGENT": agent}, offline=offline)
    if as_json:
        from telephony.cli.check_json import check_json

        raise typer.Exit(check_json(settings, online=online))
    from telephony.settings import SETTINGS, Settings

    unset = Settings()
    for one in SETTINGS:
        value, default = getattr(settings, one.name), getattr(unset, one.name)
        shown = ("(set)" if value else "") if one.metadata["secret"] else _words(value)
        mark = " " if value == default else "*"
        typer.echo(f"{mark} {one.metadata['env']:<26} {shown or '-'}")
    typer.echo("  (* differs from the default)\n")
    _parts(settings, err=False)
    from telephony.app.languages import describe_all
    from telephony.app.loading import load_agent, load_llm_agents

    for line in describe_all(load_llm_agents(settings, load_agent(settings.agent)).agents.values()):
        typer.echo(f"language {line}")
    _offers(settings, err=False)
    typer.echo("\nThe settings are valid.")
    if online:
        raise typer.Exit(_ask_everyone(settings))


@app.command()
def version(
    as_json: Annotated[bool, typer.Option("--json", help="Print the versions as one JSON object.")] = False,
) -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    found = {"telephony": installed("telephony"), "python": sys.version.split()[0]}
    print_json({"ok": True} | found)
    if not as_json:
        typer.echo(f"telephony {found['telephony']}, Python {found['python']}")


chat.add(app)
new.add(app)
recordings.add(app)
number.add(app)
dial.add(app, lambda: _load({}, offline=False))
up.add(app, lambda changes: _load(changes, offline=False))


# --- inside ---------------------------------------------------------------------------------------------------------

_DEMO_LOGS = {"TELEPHONY_LOG_LEVEL": "error", "TELEPHONY_LOG_PII": "1"}
"""Errors only, but whole: the call is an invention."""
_OFFLINE_EXTRA = {
    "moonshine_voice": "moonshine-voice (with wheels for Linux with glibc 2.34 on x86-64 and arm64, macOS 15 on arm64, "
    "and Windows)",
    "hibari": "hibari-tts",
    "soxr": "soxr",
}


def _load(changes: dict[str, str | None], *, offline: bool, local_carrier: bool = False) -> Settings:
    """The settings; if they are wrong, says so and exits with code 2."""
    from telephony.errors import SettingsError

    try:
        return _configured(changes, offline=offline, local_carrier=local_carrier)
    except SettingsError as error:
        _wrong(error.problems)


def _configured(changes: dict[str, str | None], *, offline: bool, local_carrier: bool = False) -> Settings:
    """The settings of the environment with these changes, for parts that are installed. Raises SettingsError."""
    from telephony.errors import SettingsError
    from telephony.settings import load

    environ = {**os.environ, **{name: value for name, value in changes.items() if value is not None}}
    settings = load(environ, offline=offline, local_carrier=local_carrier, also=_agent_problems)
    missing = [wheel for package, wheel in _OFFLINE_EXTRA.items() if find_spec(package) is None]
    if settings.local_speech and missing:
        raise SettingsError([
            f"local STT and TTS need {', '.join(missing)}: pip install 'telephony[offline]'; or set ELEVENLABS_API_KEY"
        ])  # fmt: skip
    return settings


def _agent_problems(settings: Settings) -> list[str]:
    """Why the agents cannot answer calls: each is loaded and, if it is a function, tried."""
    from telephony.app.loading import load_agent, load_llm_agents, try_agents
    from telephony.errors import SettingsError

    try:
        agents = load_llm_agents(settings, load_agent(settings.agent)).agents
    except SettingsError as error:
        return error.problems
    return try_agents(agents, local_speech=settings.local_speech)


def _ask_everyone(settings: Settings) -> int:
    """Prints a line for each finding of the online check. Returns the exit code."""
    import asyncio

    from telephony.app.loading import load_agent, load_llm_agents
    from telephony.app.online_check import check_online
    from telephony.clock import Clock
    from telephony.observe.logs import configure

    configure("error", settings.log_format, settings.log_pii)
    agents = load_llm_agents(settings, load_agent(settings.agent)).agents
    marks = {True: "ok", False: "WRONG", None: "note"}

    async def ask() -> int:
        wrong = 0
        async for finding in check_online(settings, agents, Clock()):
            typer.echo(f"{marks[finding.right]:<6} {finding.part:<8} {finding.words}")
            wrong += finding.right is False
        return wrong

    typer.echo("")
    wrong = asyncio.run(ask())
    typer.echo(f"\n{wrong} of them would spoil a call." if wrong else "\nA call would work.")
    return 1 if wrong else 0


def _wrong(problems: list[str]) -> NoReturn:
    """Prints each problem on its own line and exits with code 2."""
    stop("settings_invalid", problems, 2, "The settings are invalid:")


def _logs(settings: Settings) -> None:
    from telephony.observe.logs import configure

    configure(settings.log_level, settings.log_format, settings.log_pii)


def _parts(settings: Settings, err: bool = True, carrier: str = "") -> None:
    from telephony.settings import describe, stand_ins

    for part, what in describe(settings):
        typer.echo(f"{part:<8} {carrier if carrier and part == 'carrier' else what}", err=err)
    for sentence in stand_ins(settings):
        typer.echo(f"WARNING  {sentence}", err=err)


def _offers(settings: Settings, err: bool = True) -> None:
    """Says which model servers on this machine could replace the local model."""
    from telephony.cli.model_servers import model_servers

    for server in model_servers() if settings.local_llm else ():
        typer.echo(server.offer, err=err)


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return (
        ", ".join(str(part) for part in value) if isinstance(value, tuple) else str(value if value is not None else "")
    )
