"""The commands for recorded calls: parsing and error messages, as in `main.py`.

Exit codes: 0 success, 1 the command ran and found a difference, 2 wrong arguments or an unreadable tape, 3 (replay) a
tape of other rules.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from telephony.cli.json_output import print_json
from telephony.cli.tape_arguments import AsJson, Paths, RecordedCall, each_as_json, exiting, readable, recorded
from telephony.cli.tapes import tape

if TYPE_CHECKING:
    from telephony.core.policy import Policy


def add(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.add_typer(tape, name="tape")
    app.command()(replay)
    app.command()(rehearse)
    app.command()(redact)
    app.command("save-test")(save_test)
    app.command("import-call")(import_call)


@exiting
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
    as_json: AsJson = False,
) -> int:
    """Replay recorded calls: does today's code decide the same?

    Stops at the first difference in each tape and prints both sides, with two seconds before and after. Exit code 0:
    no difference; 1: a difference; 2: a damaged tape; 3: a tape of other rules than today's, with which a difference
    may be meant: rehearse it. With --wire only the conversation must be the same.
    """
    from telephony.tape.bless import bless_all
    from telephony.tape.replay import DAMAGED, SAME, replay_all, worst

    run: Callable[..., int] = replay_all
    verdicts: tuple[str, ...] = ("same", "different", "damaged", "other rules")
    if wire:
        from telephony.observe.logs import configure
        from telephony.testing.wire_replay import wire_replay_all

        configure("error", "console", pii=False)
        run = partial(wire_replay_all, speed=speed)
    elif bless:
        run, verdicts = bless_all, ("accepted", "refused", "failed")
    unread: list[str] = []
    tapes = readable(paths, unread)
    if as_json:
        return each_as_json(tapes, unread, run, verdicts, lambda codes: worst((*codes, DAMAGED if unread else SAME)))
    code = run(list(tapes) if wire else tapes, typer.echo)
    return worst((code, DAMAGED if unread else SAME))


@exiting
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
    as_json: AsJson = False,
) -> int:
    """Try other rules on recorded calls: what would be different?

    Caller audio and provider latencies come from the tape; the decisions are new. Prints both time lines merged (`-`
    recorded, `+` now, `~` at another time) and totals for all tapes. From the point where the caller hears something
    that is not on the tape, events are shown but not counted.
    """
    from telephony.tape.rehearsal.report import rehearse_all

    policy, language = _rules(agent)
    rules: dict[str, Any] = {"settings": settings or (), "policy": policy, "language": language, "out": out}
    unread: list[str] = []
    tapes = readable(paths, unread)
    if as_json:
        run, verdicts = partial(rehearse_all, **rules), ("same", "different", "damaged")
        return each_as_json(tapes, unread, run, verdicts, lambda codes: 2 if unread else max(codes, default=2))
    code = rehearse_all(tapes, typer.echo, **rules)
    return 2 if unread else code


@exiting
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

    from telephony.tape.choose import meant, newest_whole
    from telephony.tape.redaction.redact import redact_to

    tape = newest_whole(meant(call, recorded()[0]), lambda why: typer.echo(f"passed over: {why}", err=True))
    sid = tape.header.call.get("sid", "")
    folder = out or tape.path.with_name(
        f"{tape.name.replace(sid, '') if sid else tape.name}-redacted".replace("--", "-")
    )
    for line in redact_to(tape, folder, keep or (), secrets.token_hex(16), silence):
        typer.echo(line)
    return 0


@exiting
def save_test(
    call: RecordedCall,
    name: Annotated[str, typer.Option(help="A name for the test: lower-case letters, digits, underscores.")] = "",
    to: Annotated[Path, typer.Option(help="The folder in which the test's folder is created.")] = Path("tests/calls"),
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="MODULE:NAME", help="The agent to guard. [TELEPHONY_AGENT]")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Turn a recorded call into a test.

    Creates a folder with the tape and a test file: one test replays the call exactly, the other rehearses the same
    caller with your agent as it is by then. Of several tapes the newest whole one is taken. The tape contains what was
    said: use `telephony redact` to remove that before you commit it.
    """
    from telephony.app.loading import agent_for
    from telephony.tape.choose import meant, newest_whole
    from telephony.tape.format import PIPELINE
    from telephony.tape.recorder import answered
    from telephony.tape.rehearsal.report import changed
    from telephony.tape.save import broken_by, lost_tools
    from telephony.tape.save import save_test as save
    from telephony.tape.show import entry

    tapes, answering = recorded()
    tape = newest_whole(meant(call, tapes), lambda why: typer.echo(f"passed over: {why}", err=True))
    chosen = agent or answering
    today = agent_for(chosen, answered(tape.header)) if tape.header.engine == PIPELINE else None
    found = entry(tape)
    saved = save(tape, name or f"call_{tape.header.call.get('sid', '')[-6:].lower() or 'saved'}", to, chosen)
    broken = [] if today is None else [
        *lost_tools(tape, today.tools),
        *broken_by(tape, changed(tape.header, (), today.policy(), today.voice.language)),
    ]  # fmt: skip
    if as_json:
        print_json({"ok": True, "tape": tape.path, "folder": saved.folder, "test": saved.test, "agent": chosen,
                    "rehearsed": today is not None, "would_not_pass": broken})  # fmt: skip
        return 0
    typer.echo(f"from {tape.path}: {found.words()}\n{saved.test}")
    typer.echo(f"Run it with: pytest {saved.folder} (in a clone: scripts/test)")
    if not found.outcome:
        typer.echo("(The call's end is not on the tape, so the test does not ask how it ended.)")
    if today is None:
        typer.echo("(A managed agent had the call: it is replayed, not rehearsed.)")
    elif broken:
        typer.echo(f"{chosen} as it is now would not pass the rehearsal (--agent names another one):", err=True)
        typer.echo("\n".join(f"  {one}" for one in broken), err=True)
    return 0


@exiting
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
    from telephony.testing.import_call import summary
    from telephony.vad.silero import SileroDetector

    if caller not in ("left", "right"):
        raise BadTape(f"--caller {caller}: must be left or right")
    policy, language = _rules(agent)
    done = make(
        audio, out, detector=SileroDetector(), transcript=transcript, caller=caller, policy=policy,
        language=language or "en",
    )  # fmt: skip
    waits = [one.answer_ms for one in timeline(read(out)).answers if one.answer_ms is not None]
    for line in summary(out, done, waits):
        typer.echo(line)
    return 0


# --- inside ---------------------------------------------------------------------------------------------------------


def _rules(agent: str | None) -> tuple[Policy | None, str | None]:
    """The policy and language of the named agent. If it is a function, it is asked to answer a trial call."""
    if agent is None:
        return None, None
    from telephony.app.loading import agent_for

    found = agent_for(agent)
    return found.policy(), found.voice.language
