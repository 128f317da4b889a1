"""`telephony tape`: lists recorded calls, and shows one as text, as sound, or as a page.

Exit codes: 0 success, 2 wrong arguments or an unreadable tape.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from telephony.cli.json_output import print_json
from telephony.cli.tape_arguments import AsJson, RecordedCall, exiting, one_tape, readable, recorded
from telephony.tape import Flag, Order

if TYPE_CHECKING:
    from telephony.tape.timeline import Timeline

tape = typer.Typer(help="List recorded calls, or show one.", no_args_is_help=True, rich_markup_mode=None)


@tape.command("list")
@exiting
def list_tapes(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH...]", exists=True, help="Tapes, or folders of them. [TELEPHONY_TAPES]"),
    ] = None,
    flag: Annotated[list[Flag] | None, typer.Option(help="Only calls with this flag; may be repeated.")] = None,
    outcome: Annotated[str, typer.Option(help="Only calls that ended so: agent, caller, silent_goodbye, ...")] = "",
    caller: Annotated[str, typer.Option(help="Only calls from this number, or part of one.")] = "",
    since: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Only calls of this day (UTC) or later.")] = "",
    slower_than: Annotated[int, typer.Option(metavar="MS", help="Only calls with an answer that took longer.")] = -1,
    sort: Annotated[Order, typer.Option(help="The newest, the longest or the slowest first.")] = Order.TIME,
    as_json: AsJson = False,
) -> int:
    """List recorded calls: time, caller (masked), length, how it ended, the longest wait for an answer, and flags.

    Flags: damaged (the tape is not whole), failure (the agent apologised), not-heard (it asked the caller to repeat),
    cut-off (it answered into a pause), talked-over (both spoke for more than a second), tool-failed, unheard (it
    remembers words that the caller did not hear).
    """
    from telephony.tape.codec import BadTape
    from telephony.tape.show import chosen, entry, ordered, table

    if since:
        try:
            date.fromisoformat(since)
        except ValueError:
            raise BadTape(f"--since {since}: must be a day such as 2026-01-31") from None
    folder = recorded()[0]
    if not paths and folder is None:
        raise BadTape("name a folder of tapes, or set TELEPHONY_TAPES")
    unread: list[str] = []
    where = paths or [folder for folder in (folder,) if folder is not None]
    entries = [entry(one) for one in readable(where, unread) if caller in one.header.call.get("from", "")]
    some = chosen(entries, flags=flag or (), outcome=outcome, since=since, slower_than_ms=slower_than)
    if as_json:
        calls = [asdict(one) for one in ordered(some, sort)]
        print_json({"ok": not unread, "calls": calls, "of": len(entries), "unread": unread})
        return 2 if unread else 0
    typer.echo("\n".join(table(ordered(some, sort))))
    typer.echo(f"{len(some)} of {len(entries)} calls" if len(some) < len(entries) else f"{len(some)} calls", err=True)
    return 2 if unread else 0


@tape.command()
@exiting
def page(
    call: RecordedCall,
    out: Annotated[Path, typer.Option(help="The folder for call.wav and timeline.html.")] = Path("out"),
) -> int:
    """Write the call as a web page with its sound, as the demo does."""
    from telephony.files import private_folder
    from telephony.observe.timeline import timeline_html
    from telephony.tape.reader import read
    from telephony.tape.show import entry, stereo_wav

    found = read(one_tape(call))
    private_folder(out)
    stereo_wav(found, out / "call.wav")
    rules = found.header.policy.turn_taking
    html = timeline_html(found.steps, title=f"A call, {entry(found).words()}", wav="call.wav", rules=rules)
    (out / "timeline.html").write_text(html, encoding="utf-8")
    typer.echo(f"{out / 'timeline.html'}: {entry(found).words()}")
    for problem in found.problems:
        typer.echo(problem, err=True)
    return 0 if found.good else 2


@tape.command()
@exiting
def show(
    call: RecordedCall,
    steps: Annotated[bool, typer.Option("--steps", help="Print every event and decision.")] = False,
    begin: Annotated[float, typer.Option("--from", metavar="SECONDS", help="With --steps: start here.")] = 0.0,
    end: Annotated[float | None, typer.Option("--to", metavar="SECONDS", help="With --steps: stop here.")] = None,
    as_json: AsJson = False,
) -> int:
    """Print what was said and when."""
    from telephony.observe.printable import printable
    from telephony.tape import show as shown
    from telephony.tape.reader import read

    found = read(one_tape(call))
    if as_json:
        print_json({"ok": found.good, **asdict(shown.entry(found)), "variables": found.header.variables,
                    **_said(shown.timeline(found))})  # fmt: skip
        return 0 if found.good else 2
    if steps:
        lines = shown.steps(found, int(begin * 1000), None if end is None else int(end * 1000))
    else:
        lines = shown.transcript(found)
    typer.echo("\n".join(map(printable, lines)))
    return 0 if found.good else 2


@tape.command()
@exiting
def wav(
    call: RecordedCall,
    out: Annotated[Path, typer.Argument(metavar="[FILE.wav]", help="The file to write.")] = Path("call.wav"),
) -> int:
    """Write the call as a WAV file: the caller on the left, the agent as heard on the right."""
    from telephony.tape.reader import read
    from telephony.tape.show import stereo_wav

    found = read(one_tape(call))
    stereo_wav(found, out)
    typer.echo(f"{out}: {found.length_ms / 1000:.1f} s")
    for problem in found.problems:
        typer.echo(problem, err=True)
    return 0 if found.good else 2


def _said(call: Timeline) -> dict[str, Any]:
    """What was said, pressed and called, each with its millisecond, for a program."""
    return {
        "lines": [asdict(one) for one in call.record],
        "tools": [asdict(one) for one in call.tools],
        "slowest_answer_ms": call.slowest_answer_ms,
        "longest_overlap_ms": call.longest_overlap_ms,
        "remembered_unheard": call.remembered_unheard,
    }
