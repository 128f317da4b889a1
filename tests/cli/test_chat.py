"""`telephony chat` and `telephony say`, as a user runs them: in a process of their own, against a model server."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import select
import signal
import sys
import termios
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from telephony.clock import Clock
from telephony.testing.fakes.openai.server import CallTool, LocalOpenAi, Part, Say
from tests.cli.test_cli import BARE

AGENT = """
import os
from telephony import Agent, ToolContext, tool

@tool
def book_table(day: str, people: int, call: ToolContext) -> str:
    "Book a table."
    if people > 8:
        raise ValueError("the kitchen is too small")
    return f"Booked for {people} on {day}, {call.caller}, key {os.environ.get('CRM_KEY')}."

agent = Agent(prompt="You are the receptionist.", greeting="Hello!", tools=(book_table,))
german = Agent(prompt="Sie sind am Empfang.", voice=__import__("telephony").Voice(language="de"))
"""


def respond(body: dict[str, Any]) -> list[Part]:
    said = next(m["content"] for m in reversed(body["messages"]) if m["role"] == "user")
    if body["messages"][-2]["role"] == "tool":
        return [Say(body["messages"][-2]["content"])]
    if "bye" in said:
        return [Say("Goodbye!"), CallTool("end_call", {})]
    if "crowd" in said:
        return [CallTool("book_table", {"day": "today", "people": 30})]
    if "table" in said:
        return [Say("One moment."), CallTool("book_table", {"day": "today", "people": 2})]
    return [] if "nothing" in said else [Say("We open at nine and close at six.")]


@dataclass(slots=True)
class Finished:
    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        return json.loads(self.out)


@dataclass(slots=True)
class Terminal:
    """A folder with an agent, and the command line in it."""

    cwd: Path
    environ: dict[str, str] = field(default_factory=dict)

    async def start(self, *arguments: str) -> Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "telephony", *arguments, cwd=self.cwd, stdin=PIPE, stdout=PIPE, stderr=PIPE,
            env=BARE | {"TELEPHONY_DATA": str(self.cwd / "data")} | self.environ,
        )  # fmt: skip

    async def run(self, *arguments: str, types: str = "") -> Finished:
        process = await self.start(*arguments)
        out, err = await process.communicate(types.encode())
        assert process.returncode is not None
        return Finished(process.returncode, out.decode(), err.decode())


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    (tmp_path / "my_agent.py").write_text(AGENT)
    return Terminal(tmp_path)


@asynccontextmanager
async def model(terminal: Terminal) -> AsyncIterator[LocalOpenAi]:
    """A model server that the terminal's settings name."""
    async with asyncio.timeout(120), LocalOpenAi(clock=Clock(20), responder=respond) as server:
        terminal.environ |= {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "local"}
        yield server


async def test_a_line_is_answered_and_the_tools_run(terminal: Terminal) -> None:
    """What comes from a pipe is shown like what is typed, so that the output is a transcript."""
    async with model(terminal):
        done = await terminal.run("chat", "my_agent:agent", types="when do you open\n\na table please\nbye\nlost\n")
    assert (done.code, done.out.splitlines()) == (
        0,
        [
            "agent    Hello!",
            "you      when do you open",
            "agent    We open at nine and close at six.",
            "you      a table please",
            "agent    One moment.",
            "tool     book_table(day='today', people=2)",
            done.out.splitlines()[6],
            "agent    Booked for 2 on today, +15005550006, key None.",
            "you      bye",
            "agent    Goodbye!",
            "tool     end_call()",
            done.out.splitlines()[11],
        ],
    )
    assert done.out.splitlines()[6].startswith("         returned: Booked for 2 on today, +15005550006, key None. (")
    assert done.err.endswith("The agent has ended the call.\n")


async def test_the_end_of_the_input_ends_the_conversation(terminal: Terminal) -> None:
    """As Ctrl-D does."""
    async with model(terminal):
        done = await terminal.run("chat", "my_agent.py:agent", types="hello\n")
    assert done.code == 0
    assert done.err.endswith("You have ended the conversation.\n")


async def test_ctrl_c_interrupts_an_answer_and_the_agent_knows(terminal: Terminal) -> None:
    """The next request holds what was said until then, with the dash of an interruption."""
    async with model(terminal) as server:
        server.faults.hang_mid_stream = True
        process = await terminal.start("chat", "my_agent:agent")
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"when do you open\n")
        await process.stdout.readuntil(b"open at")
        await process.stderr.readuntil(b"(waiting)")
        process.send_signal(signal.SIGINT)
        await process.stderr.readuntil(b"Interrupted")
        server.faults.hang_mid_stream = False
        out, _ = await process.communicate(b"and on Sundays\n")
        assert process.returncode == 0
        assert b"agent    We open" in out
        roles = [(m["role"], m["content"]) for m in server.requests[-1]["messages"] if m["role"] != "system"]
    assert roles == [
        ("assistant", "Hello!"),
        ("user", "when do you open"),
        ("assistant", "We open at —"),
        ("user", "and on Sundays"),
    ]


async def test_ctrl_c_at_the_prompt_ends_the_conversation(terminal: Terminal) -> None:
    async with model(terminal):
        process = await terminal.start("chat", "my_agent:agent")
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"hello\n")
        await process.stdout.readuntil(b"six.")
        process.send_signal(signal.SIGINT)  # at the prompt, or in the last moments of the answer
        process.stdin.close()
        assert await process.wait() == 0


@pytest.mark.parametrize("key", [b"\x04", b"\x03"], ids=["Ctrl-D", "Ctrl-C"])
async def test_at_a_terminal_it_prompts_and_these_keys_end_it(terminal: Terminal, key: bytes) -> None:
    """What is typed is shown by the terminal, once; and it is left as it was."""
    ours, theirs = pty.openpty()
    async with model(terminal):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "telephony", "chat", "my_agent:agent", cwd=terminal.cwd,
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, preexec_fn=lambda: _control(theirs),
            env=BARE | terminal.environ | {"TERM": "dumb"},
        )  # fmt: skip
        os.close(theirs)
        shown = await asyncio.to_thread(_until, ours, b"you      ")
        os.write(ours, b"when do you open\n")
        shown += await asyncio.to_thread(_until, ours, b"six.\r\nyou      ")
        shown += await asyncio.to_thread(_until, ours, b"ended the conversation.", key)
        assert await process.wait() == 0
    os.close(ours)
    assert shown.count(b"when do you open") == 1


def _control(terminal: int) -> None:
    """Makes the terminal the one that sends the process its signals."""
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def _until(terminal: int, words: bytes, key: bytes = b"") -> bytes:
    """What is shown until `words` are. Presses a key, and again if nothing follows: CPython overlooks a signal that
    comes between the prompt and the wait for input."""
    shown = b""
    os.write(terminal, key)
    while words not in shown:
        while key and not select.select([terminal], [], [], 1)[0]:
            os.write(terminal, key)
        shown += os.read(terminal, 4_096)
    return shown


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [(401, "invalid_api_key", "OPENAI_API_KEY is refused"), (500, "", "check the network and OPENAI_BASE_URL")],
)
async def test_a_model_that_fails_is_reported_in_words(terminal: Terminal, status: int, code: str, words: str) -> None:
    """The conversation goes on, without the turn that failed; `say` exits with code 1. No key is printed."""
    terminal.environ["CRM_KEY"] = "own"
    async with model(terminal) as server:
        server.faults.status, server.faults.code = status, code
        chatted = await terminal.run("chat", "my_agent:agent", types="hello\nhello again\n")
        said = await terminal.run("say", "my_agent:agent", "hello")
        shown = await terminal.run("say", "my_agent:agent", "hello", "--json")
        last = [m["content"] for m in server.requests[-1]["messages"] if m["role"] == "user"]
    assert chatted.code == 0
    assert chatted.err.count("The model failed: ") == 2
    assert words in chatted.err
    assert (said.code, said.out) == (1, "")
    assert words in said.err
    assert shown.code == 1
    assert words in shown.answer["error"]["problems"][0]
    assert shown.answer["ok"] is False
    assert last == ["hello"]
    assert "Traceback" not in chatted.err + said.err


async def test_a_model_that_cannot_be_reached_is_reported_with_what_to_do(terminal: Terminal) -> None:
    """No network, or no server at this address."""
    terminal.environ |= {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    said = await terminal.run("say", "my_agent:german", "hallo")
    assert (said.code, said.out) == (1, "")
    assert "The model failed: the server does not answer: check the network and OPENAI_BASE_URL" in said.err
    assert "Traceback" not in said.err


async def test_say_prints_the_answer_and_the_tools(terminal: Terminal) -> None:
    async with model(terminal):
        done = await terminal.run("say", "my_agent:agent", "a table", "--caller", "+15551230000")
        shown = await terminal.run("say", "my_agent:agent", "a table", "--json")
    assert done.code == 0
    assert done.out.splitlines()[0] == "tool     book_table(day='today', people=2)"
    assert "+15551230000" in done.out.splitlines()[1]
    assert done.out.splitlines()[2].startswith("agent    One moment. Booked for 2")
    answer = shown.answer
    assert (answer["ok"], answer["agent"], answer["ended"]) == (True, "my_agent:agent", False)
    assert answer["said"].startswith("One moment. Booked for 2 on today")
    [tool] = answer["tools"]
    assert (tool["name"], tool["arguments"], tool["failed"]) == ("book_table", {"day": "today", "people": 2}, False)


async def test_a_tool_that_fails_is_shown_with_its_traceback(terminal: Terminal) -> None:
    """The model is told only that it failed; who wrote the tool wants to know why."""
    async with model(terminal):
        done = await terminal.run("say", "my_agent:agent", "a crowd", "--json")
    assert done.code == 0
    assert done.answer["tools"][0]["failed"]
    assert "my_agent.py" in done.err
    assert "ValueError: the kitchen is too small" in done.err


async def test_a_model_that_says_nothing_is_a_failure(terminal: Terminal) -> None:
    async with model(terminal):
        done = await terminal.run("say", "my_agent:agent", "nothing", "--json")
        chatted = await terminal.run("chat", "my_agent:agent", types="nothing\n")
    assert (done.code, done.answer["error"]["code"]) == (1, "empty_answer")
    assert "The model answered nothing." in chatted.err


async def test_keys_of_ones_own_in_the_env_file_reach_the_tools(terminal: Terminal) -> None:
    """As they do in a container; the environment takes precedence."""
    (terminal.cwd / ".env").write_text("CRM_KEY=from-the-file\nTELEPHONY_AGENT=my_agent:agent\n")
    async with model(terminal):
        done = await terminal.run("say", "my_agent:agent", "a table")
        terminal.environ["CRM_KEY"] = "from-the-environment"
        over = await terminal.run("chat", types="a table\n")
    assert "key from-the-file." in done.out
    assert "key from-the-environment." in over.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("my_agent:agnt", "hello"), "did you mean agent?"),
        (("nowhere:agent", "hello"), "No module named 'nowhere'"),
        (("my_agent:german", "hello"), "speaks de, and the local model knows English only: set OPENAI_API_KEY"),
        (("my_agent:agent", " "), "TEXT is empty"),
    ],
)
async def test_what_cannot_be_asked_is_said_before_anything_starts(
    terminal: Terminal, arguments: tuple[str, str], words: str
) -> None:
    """In words and with exit code 2, for people and for programs."""
    done, shown = await terminal.run("say", *arguments), await terminal.run("say", *arguments, "--json")
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert shown.code == 2
    assert words in " ".join(shown.answer["error"]["problems"])
    assert shown.answer["ok"] is False


async def test_without_a_key_the_example_is_played_and_nothing_of_the_extra_is_needed(terminal: Terminal) -> None:
    """A newcomer's first words, in a plain installation; it is said that this is no language model."""
    hidden = "import sys\n" + "".join(
        f"sys.modules['{name}'] = None\n" for name in ("moonshine_voice", "hibari", "soxr")
    )
    (terminal.cwd / "sitecustomize.py").write_text(hidden)
    terminal.environ["PYTHONPATH"] = f"{terminal.cwd}{os.pathsep}{BARE['PYTHONPATH']}"
    done = await terminal.run("chat", types="a table for two tomorrow at eight in the evening\nyes\nno\n")
    assert done.code == 0, done.err
    assert "book_table(day='tomorrow', time='20:00', people=2)" in done.out
    assert "Note: The model is local" in done.err
    assert done.err.endswith("The agent has ended the call.\n")


async def test_ctrl_c_ends_say(terminal: Terminal) -> None:
    async with model(terminal) as server:
        server.faults.hang_before_headers = True
        process = await terminal.start("say", "my_agent:agent", "hello")
        assert process.stderr is not None
        await process.stderr.readuntil(b"(waiting)")
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130
        assert b"Traceback" not in await process.stderr.read()
