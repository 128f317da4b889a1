"""The commands for recorded calls: parsing and error messages, as in `main.py`.

Exit codes: 0 success, 1 the command ran and found a difference, 2 wrong arguments or an unreadable tape.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer

if TYPE_CHECKING:
    from telephony.core.policy import Policy
    from telephony.tape.reader import Tape

P = ParamSpec("P")

tape = typer.Typer(help="Show a recorded call, or write it as a WAV file.", no_args_is_help=True, rich_markup_mode=None)

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


def add(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.add_typer(tape, name="tape")
    app.command()(replay)
    app.command()(rehearse)
    app.command()(redact)
    app.command("save-test")(save_test)
    app.command("import-call")(import_call)


def _exiting(command: Callable[P, int]) -> Callable[P, None]:
    """Exits with the code that the command returns; errors are one sentence on stderr and exit code 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from telephony.errors import TelephonyError

        try:
            code = command(*args, **kwargs)
        except OSError as error:
            typer.echo(f"{error.filename}: {error.strerror}" if error.filename else str(error), err=True)
            raise typer.Exit(2) from None
        except TelephonyError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from None
        raise typer.Exit(code)

    return run


@tape.command()
@_exiting
def show(
    call: RecordedCall,
    steps: Annotated[bool, typer.Option("--steps", help="Print every event and decision.")] = False,
    begin: Annotated[float, typer.Option("--from", metavar="SECONDS", help="With --steps: start here.")] = 0.0,
    end: Annotated[float | None, typer.Option("--to", metavar="SECONDS", help="With --steps: stop here.")] = None,
) -> int:
    """Print what was said and when."""
    from telephony.observe.printable import printable
    from telephony.tape import show as shown
    from telephony.tape.reader import read

    found = read(_one(call))
    if steps:
        lines = shown.steps(found, int(begin * 1000), None if end is None else int(end * 1000))
    else:
        lines = shown.transcript(found)
    typer.echo("\n".join(map(printable, lines)))
    return 0 if found.good else 2


@tape.command()
@_exiting
def wav(
    call: RecordedCall,
    out: Annotated[Path, typer.Argument(metavar="[FILE.wav]", help="The file to write.")] = Path("call.wav"),
) -> int:
    """Write the call as a WAV file: the caller on the left, the agent as heard on the right."""
    from telephony.tape.reader import read
    from telephony.tape.show import stereo_wav

    found = read(_one(call))
    stereo_wav(found, out)
    typer.echo(f"{out}: {found.length_ms / 1000:.1f} s")
    for problem in found.problems:
        typer.echo(problem, err=True)
    return 0 if found.good else 2


@_exiting
def replay(
    paths: Paths,
    bless: Annotated[
        bool, typer.Option("--bless", help="Accept today's decisions where the rest of the tape still fits.")
    ] = False,
    wire: Annotated[
        bool,
        typer.Option("--wire", help="Replay over real sockets: the whole service, with local providers."),
    ] = False,
    speed: Annotated[float, typer.Option(min=0.5, max=20, help="With --wire: speed relative to real time.")] = 5.0,
) -> int:
    """Replay recorded calls: does today's code decide the same?

    Stops at the first difference in each tape and prints both sides, with two seconds before and after. Exit code 0:
    no difference; 1: a difference; 2: a damaged tape. With --wire only the conversation must be the same.
    """
    from telephony.tape.bless import bless_all
    from telephony.tape.replay import replay_all

    unread: list[str] = []
    tapes = _readable(paths, unread)
    if wire:
        from telephony.observe.logs import configure
        from telephony.testing.wire_replay import wire_replay_all

        configure("error", "console", pii=False)
        code = wire_replay_all(list(tapes), typer.echo, speed)
    else:
        code = bless_all(tapes, typer.echo) if bless else replay_all(tapes, typer.echo)
    return code or (2 if unread else 0)


@_exiting
def rehearse(
    paths: Paths,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="For example turn_taking.hold_after_ms=300; may be repeated."),
    ] = None,
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="MODULE:NAME", help="Use this agent's rules instead of the tape's.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the rehearsed calls as new tapes into this folder.")] = None,
) -> int:
    """Try other rules on recorded calls: what would be different?

    Caller audio and provider latencies come from the tape; the decisions are new. Prints both time lines merged (`-`
    recorded, `+` now, `~` at another time) and totals for all tapes. From the point where the caller hears something
    that is not on the tape, events are shown but not counted.
    """
    from telephony.tape.rehearsal.report import rehearse_all

    policy, language = _rules(agent)
    unread: list[str] = []
    code = rehearse_all(_readable(paths, unread), typer.echo, settings or (), policy, language, out)
    return 2 if unread else code


@_exiting
def redact(
    call: RecordedCall,
    keep: Annotated[
        list[str] | None, typer.Option("--keep", metavar="WORD", help="A word that may stay; may be repeated.")
    ] = None,
    silence: Annotated[bool, typer.Option("--silence", help="Replace sound with silence instead of noise.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="The folder of the new tape. [the tape's name with -redacted]")
    ] = None,
) -> int:
    """Remove what was said from a recorded call, keeping every timing.

    Only common words that turn-taking knows (I, want, please, ...) stay, and those that you keep. Every other word is
    replaced by one that means nothing, the same throughout the call; numbers, dates and spelled letters are replaced by
    others of their kind. All sound of the caller becomes noise, and the agent's where its words have changed. The new
    tape replays like the old one: if a decision depends on a word, the command says where, and writes nothing.
    """
    import secrets

    from telephony.tape.reader import meant, newest_whole
    from telephony.tape.redaction.redact import redact_to

    tape = newest_whole(meant(call, _recorded()[0]), lambda why: typer.echo(f"passed over: {why}", err=True))
    sid = tape.header.call.get("sid", "")
    folder = out or tape.path.with_name(
        f"{tape.name.replace(sid, '') if sid else tape.name}-redacted".replace("--", "-")
    )
    for line in redact_to(tape, folder, keep or (), secrets.token_hex(16), silence):
        typer.echo(line)
    return 0


@_exiting
def save_test(
    call: RecordedCall,
    name: Annotated[str, typer.Option(help="A name for the test: lower-case letters, digits, underscores.")] = "",
    to: Annotated[Path, typer.Option(help="The folder in which the test's folder is created.")] = Path("tests/calls"),
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="MODULE:NAME", help="The agent to guard. [TELEPHONY_AGENT]")
    ] = None,
) -> int:
    """Turn a recorded call into a test.

    Creates a folder with the tape and a test file: one test replays the call exactly, the other rehearses the same
    caller with your agent as it is by then. Of several tapes the newest whole one is taken. The tape contains what was
    said: use `telephony redact` to remove that before you commit it.
    """
    from telephony.app.loading import agent_for
    from telephony.tape.format import PIPELINE
    from telephony.tape.reader import meant, newest_whole
    from telephony.tape.recorder import answered
    from telephony.tape.rehearsal.report import changed
    from telephony.tape.save import broken_by
    from telephony.tape.save import save_test as save
    from telephony.tape.show import entry

    recorded, answering = _recorded()
    tape = newest_whole(meant(call, recorded), lambda why: typer.echo(f"passed over: {why}", err=True))
    chosen = agent or answering
    today = agent_for(chosen, answered(tape.header)) if tape.header.engine == PIPELINE else None
    saved = save(tape, name or f"call_{tape.header.call.get('sid', '')[-6:].lower() or 'saved'}", to, chosen)
    typer.echo(
        f"from {tape.path}: {entry(tape).words()}\n{saved.test}\nRun it with: scripts/test {saved.folder} (or pytest)"
    )
    if today is None:
        typer.echo("(A managed agent had the call: it is replayed, not rehearsed.)")
    elif broken := broken_by(tape, changed(tape.header, (), today.policy(), today.voice.language)):
        typer.echo(f"{chosen} as it is now would not pass the rehearsal (--agent names another one):", err=True)
        typer.echo("\n".join(f"  {one}" for one in broken), err=True)
    return 0


@_exiting
def import_call(
    audio: Annotated[Path, typer.Argument(metavar="CALL.wav", help="A recording with one or two channels.")],
    out: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of the new tape.")],
    transcript: Annotated[
        Path | None, typer.Option(help="What was said: a text file with lines 'caller: ...' and 'agent: ...', or JSON.")
    ] = None,
    caller: Annotated[str, typer.Option(metavar="left|right", help="The caller's channel.")] = "left",
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="MODULE:NAME", help="The agent whose rules to use. [a plain agent]")
    ] = None,
) -> int:
    """Make a tape from any recording, to see how this agent would have listened.

    The caller's side is the recording; the agent answers in virtual time with the words of the recording's other side.
    """
    from telephony.tape.codec import BadTape
    from telephony.tape.reader import read
    from telephony.tape.show import timeline
    from telephony.testing.import_call import import_call as make
    from telephony.testing.import_call import told
    from telephony.vad.silero import SileroDetector

    if caller not in ("left", "right"):
        raise BadTape(f"--caller {caller}: must be left or right")
    policy, language = _rules(agent)
    done = make(
        audio, out, detector=SileroDetector(), transcript=transcript, caller=caller, policy=policy,
        language=language or "en",
    )  # fmt: skip
    waits = [one.answer_ms for one in timeline(read(out)).answers if one.answer_ms is not None]
    for line in told(out, done, waits):
        typer.echo(line)
    return 0


# --- inside ---------------------------------------------------------------------------------------------------------


def _one(call: str) -> Path:
    from telephony.tape.reader import one

    return one(call, _recorded()[0])


def _recorded() -> tuple[Path | None, str]:
    """The folder of recorded calls and the name of the agent that answers, by the settings."""
    from telephony.errors import SettingsError
    from telephony.settings import Settings, load

    try:
        settings = load(os.environ, offline=True)
    except SettingsError:  # wrong settings do not matter to these commands
        settings = Settings()
    return settings.tapes, settings.agent


def _readable(paths: list[Path], unread: list[str]) -> Iterator[Tape]:
    """The tapes at and below `paths`, one by one. Errors of unreadable ones are printed and appended to `unread`."""
    from telephony.tape.codec import BadTape
    from telephony.tape.reader import find, read

    for path in [one for given in paths for one in find(given)]:
        try:
            found = read(path)
        except BadTape as error:
            unread.append(str(error))
            typer.echo(str(error), err=True)
        else:
            yield found


def _rules(agent: str | None) -> tuple[Policy | None, str | None]:
    """The policy and language of the named agent. If it is a function, it is asked to answer a trial call."""
    if agent is None:
        return None, None
    from telephony.app.loading import agent_for

    found = agent_for(agent)
    return found.policy(), found.voice.language
