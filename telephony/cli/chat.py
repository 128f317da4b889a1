"""`telephony chat` and `telephony say`: a conversation in text with an agent, its model and its tools.

One event loop serves all turns and stands still at the prompt; so Ctrl-C is a signal to the terminal's line there, and
the cancellation of a turn while the agent answers.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from telephony.cli.json_output import INTERRUPTED, error_object, print_json, stop

if TYPE_CHECKING:
    from telephony.cli.text.call import Part, TextCall, ToolRan
    from telephony.cli.text.session import TextSession
    from telephony.errors import ProviderError

NOTICE_S = 1.0
"""After so long without a sign of life, it is said what is being waited for."""
NUMBER = "+15005550006"

Caller = Annotated[str, typer.Option("--caller", metavar="NUMBER", help="The caller's number, as tools see it.")]
Offline = Annotated[bool, typer.Option("--offline", help="Use the local model, even if OPENAI_API_KEY is set.")]


def add(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command()(chat)
    app.command()(say)


def chat(
    agent: Annotated[
        str | None, typer.Argument(metavar="[AGENT]", help="MODULE:NAME or FILE.py:NAME. [TELEPHONY_AGENT]")
    ] = None,
    caller: Caller = NUMBER,
    offline: Offline = False,
) -> None:
    """Talk to an agent in text.

    Each line that you type is what the caller says; the agent answers with its own model, and its tools run. There is
    no sound, and nothing of turn-taking. Ctrl-C interrupts an answer; at the prompt, Ctrl-C or Ctrl-D ends the
    conversation. Without OPENAI_API_KEY and OPENAI_BASE_URL the model is the example's fixed dialogue.

    Exit codes: 0 the conversation is over, 2 wrong settings or arguments.
    """
    session = _session(agent, caller, offline)
    _hints(session)
    with suppress(ImportError):
        import readline  # noqa: F401  (history and editing of the line)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            call = runner.run(stack.enter_async_context(_opened(session)))
            _converse(runner, session, call)
        finally:
            runner.run(stack.aclose())


def say(
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="MODULE:NAME or FILE.py:NAME.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the caller says.")],
    caller: Caller = NUMBER,
    offline: Offline = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as one JSON object.")] = False,
) -> None:
    """Say one thing to an agent; print its answer and the tools that it called.

    The agent has said its greeting before. Its tools really run.

    Exit codes: 0 the agent has answered, 1 the model failed or said nothing, 2 wrong settings or arguments, 130
    interrupted.
    """
    if not text.strip():
        _refuse("arguments_invalid", ["TEXT is empty: say something, for example 'When are you open?'"])
    session = _session(agent, caller, offline)
    if session.note:
        typer.echo(f"Note: {session.note}", err=True)
    try:
        code = asyncio.run(_once(session, text, as_json))
    except KeyboardInterrupt:
        typer.echo("Interrupted.", err=True)
        code = INTERRUPTED
    raise typer.Exit(code)


# --- inside ---------------------------------------------------------------------------------------------------------


def _session(agent: str | None, caller: str, offline: bool) -> TextSession:
    from telephony.cli.text.session import text_session
    from telephony.errors import SettingsError

    try:
        return text_session(agent, caller, offline=offline)
    except SettingsError as error:
        _refuse(error.code, error.problems)


def _refuse(code: str, problems: list[str]) -> NoReturn:
    stop(code, problems, 2, "Nothing was started:")


def _hints(session: TextSession) -> None:
    """What a newcomer wants to know first: what the model is, and how to leave."""
    typer.echo(f"model    {session.model}; Ctrl-C interrupts, Ctrl-D ends", err=True)
    if session.note:
        from telephony.cli.model_servers import model_servers

        typer.echo(f"Note: {session.note}", err=True)
        for server in model_servers():
            typer.echo(server.offer, err=True)


def _opened(session: TextSession) -> Any:
    from telephony.cli.text.session import opened

    return opened(session)


def _converse(runner: asyncio.Runner, session: TextSession, call: TextCall) -> None:
    """Asks for lines until the agent has ended the call or the input has ended."""
    if session.agent.greeting:
        _echo("agent", session.agent.greeting)
    while not call.ended:
        try:
            text = _line().strip()
        except (EOFError, KeyboardInterrupt):
            typer.echo("\nYou have ended the conversation.", err=True)
            return
        if not text:
            continue
        try:
            runner.run(_answer(session, call, text))
        except KeyboardInterrupt:
            typer.echo("\nInterrupted: the agent knows what it had said until then.", err=True)
    typer.echo("The agent has ended the call.", err=True)


def _line() -> str:
    """What the caller says next. Raises EOFError, KeyboardInterrupt. What comes from a file or pipe is shown too."""
    if sys.stdin.isatty():
        return input("you      ")
    line = sys.stdin.buffer.readline().decode(errors="replace")
    if not line:
        raise EOFError
    if line.strip():
        _echo("you", line.strip())
    return line


async def _answer(session: TextSession, call: TextCall, text: str) -> None:
    """Prints the answer as it comes."""
    from telephony.cli.text.call import Said, ToolBegun, ToolRan, in_words
    from telephony.errors import ProviderError

    shown = _Shown()
    try:
        async with aclosing(_noticing(call.turn(text))) as parts:
            async for part in parts:
                if isinstance(part, Said):
                    shown.words(part.text)
                elif isinstance(part, ToolBegun):
                    shown.line("tool", f"{part.name}({in_words(part.arguments)})")
                elif isinstance(part, ToolRan):
                    shown.line("", _returned(part))
        shown.end()
    except ProviderError as error:
        shown.end()
        typer.echo(f"The model failed: {_advice(session, error)}", err=True)
        return
    if not shown.anything:
        typer.echo("The model answered nothing. (On the telephone the agent would apologise.)", err=True)


@dataclass(slots=True)
class _Shown:
    """What is on the screen of an answer: words come in pieces, and tools between them."""

    anything: bool = False
    _open: bool = False
    _gap: str = ""

    def words(self, text: str) -> None:
        from telephony.observe.printable import printable

        pieces = text.split()
        if pieces:
            gap = (self._gap or " " * text[0].isspace()) if self._open else "agent    "
            typer.echo(gap + printable(" ".join(pieces)), nl=False)
            self._open = self.anything = True
            self._gap = ""
        if text[-1:].isspace():
            self._gap = " "

    def line(self, who: str, text: str) -> None:
        self.end()
        _echo(who, text)
        self.anything = True

    def end(self) -> None:
        """Ends the line, if one is open."""
        if self._open:
            typer.echo("")
        self._open, self._gap = False, ""


async def _once(session: TextSession, text: str, as_json: bool) -> int:
    """One turn. Returns the exit code."""
    from telephony.cli.text.call import Said, ToolRan, in_words
    from telephony.cli.text.session import opened
    from telephony.errors import ProviderError

    said, tools, failure = "", list[ToolRan](), ""
    code = "empty_answer"
    async with opened(session) as call:
        began = asyncio.get_running_loop().time()
        try:
            async with aclosing(_noticing(call.turn(text))) as parts:
                async for part in parts:
                    said += part.text if isinstance(part, Said) else ""
                    tools += [part] if isinstance(part, ToolRan) else []
        except ProviderError as error:
            failure, code = f"the model failed: {_advice(session, error)}", error.code
        took_ms = round((asyncio.get_running_loop().time() - began) * 1_000)
    said = " ".join(said.split())
    if not failure and not said:
        failure = "the model answered nothing"
    answer = {
        "ok": not failure,
        "agent": session.settings.agent,
        "model": session.model,
        "said": said,
        "tools": [
            {"name": one.name, "arguments": one.arguments, "result": one.result, "failed": one.failed, "ms": one.ms}
            for one in tools
        ],
        "ended": call.ended,
        "ms": took_ms,
    }
    if as_json:
        print_json(answer | (error_object(code, [failure]) if failure else {}))
        return int(bool(failure))
    for one in tools:
        _echo("tool", f"{one.name}({in_words(one.arguments)})")
        _echo("", _returned(one))
    if said:
        _echo("agent", said)
    if call.ended:
        typer.echo("The agent has ended the call.", err=True)
    if failure:
        typer.echo(failure[0].upper() + failure[1:], err=True)
    return int(bool(failure))


async def _noticing(parts: AsyncGenerator[Part, None]) -> AsyncGenerator[Part, None]:
    """The parts; says on standard error when the next one takes longer than `NOTICE_S`, once for each wait."""
    async with aclosing(parts):
        while True:
            coming = asyncio.ensure_future(anext(parts, None))
            try:
                done, _ = await asyncio.wait([coming], timeout=NOTICE_S)
                if not done:
                    typer.echo("... (waiting)", err=True)
                part = await coming
            finally:
                coming.cancel()
                await asyncio.wait([coming])  # the generator can be closed only when it has stopped
            if part is None:
                return
            yield part


def _returned(ran: ToolRan) -> str:
    return f"{'failed' if ran.failed else 'returned'}: {ran.result} ({ran.ms} ms)"


def _advice(session: TextSession, error: ProviderError) -> str:
    from telephony.app.online_check import llm_advice

    return llm_advice(error, session.model, session.settings.openai_base_url)


def _echo(who: str, text: str) -> None:
    from telephony.observe.printable import printable

    typer.echo(f"{who:<8} {printable(text)}")
