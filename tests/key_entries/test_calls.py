"""Tools that ask for keys, in calls over real sockets."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

from telephony.agent import Agent
from telephony.audio.tones import dtmf
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.policy import Limits
from telephony.key_entries.entries import Entries, Entry, EntryEnd
from telephony.observe import logs
from telephony.tape.choose import find
from telephony.tape.reader import read
from telephony.tape.replay import replay
from telephony.testing.fakes.openai.server import CallTool, Part, Say
from telephony.testing.fakes.twilio.carrier import PhoneCall
from telephony.testing.stack import Stack, Tape, local_stack
from telephony.testing.steady import SteadyClock
from telephony.tool_context import ToolContext
from telephony.tools import Tool, tool
from tests.console.page_client import page, says

HELLO = "Hello, how can I help?"
QUESTION = "Please key in your number."
CARD = "4929173905582647"
answers: list[Entry] = []
answered = asyncio.Event()


async def remember(context: ToolContext, **asked: Any) -> str:
    entry = await context.service(Entries).ask(QUESTION, **asked)
    answers.append(entry)
    if entry.how is EntryEnd.HUNG_UP:
        answered.set()
    return f"It was {entry.how}: {entry.keys}{entry.said}."


@tool
async def customer(context: ToolContext) -> str:
    """Asks for the customer number."""
    return await remember(context, length=6)


@tool
async def card(context: ToolContext) -> str:
    """Asks for the card number."""
    return await remember(context, sensitive=True)


@tool
async def clumsy(context: ToolContext) -> str:
    """Asks for the card number and fails with it."""
    said = await remember(context, sensitive=True)
    raise ValueError(f"cannot read {said} {answers[-1].keys}")


@tool
def threaded(context: ToolContext) -> str:
    """Asks from a thread."""
    entry = context.service(Entries).ask_in_thread(QUESTION, length=2)
    answers.append(entry)
    return f"It was {entry.keys}."


@tool
async def hasty(context: ToolContext) -> str:
    """Asks, and gives up."""
    entries = context.service(Entries)
    try:
        async with asyncio.timeout(0.05):
            await entries.ask(QUESTION, sensitive=True)
    except TimeoutError:
        pass
    return "Nobody waits."


TOOLS = (customer, card, clumsy, threaded, hasty)
NAMES = {one.name: one for one in TOOLS}


def respond(body: dict[str, Any]) -> list[Part]:
    messages = [m for m in body["messages"] if m["role"] != "system"]
    if messages[-1]["role"] == "tool":
        return [Say("Thank you.")]
    asked = messages[-1]["content"].split()
    found = [CallTool(word, {}) for word in asked if word in NAMES]
    return [*found] if found else [Say("I see.")]


@asynccontextmanager
async def stack(*tools: Tool, **settings: Any) -> AsyncIterator[Stack]:
    global answered
    answers.clear()
    answered = asyncio.Event()  # of this test's loop
    agent = Agent(prompt="P.", greeting=HELLO, tools=tools or TOOLS, limits=Limits(tool_ms=2_000))
    async with (
        asyncio.timeout(60),
        local_stack(agent, clock=SteadyClock(20), replies=respond, **settings) as running,
    ):
        yield running


async def asked(s: Stack, what: str) -> tuple[PhoneCall, Tape]:
    """A call whose tool has just asked."""
    phone = await s.dial()
    tape = await s.tape(phone)
    await tape.until(lambda: ("agent", HELLO) in tape.lines)
    await s.says(phone, f"please {what}")
    await tape.until(lambda: tape.events(e.EntryWanted) != [])
    return phone, tape


async def over(phone: PhoneCall, tape: Tape) -> None:
    await phone.hang_up()
    await tape.until(lambda: tape.closed)


async def test_a_tool_gets_the_keys_and_the_reply_goes_on() -> None:
    """Typed ahead while the question sounds; it takes longer than a tool may."""
    async with stack() as s:
        phone, tape = await asked(s, "customer")
        await phone.agent_speaking()
        await phone.press("12")
        begun = phone.now_ms
        await phone.until(lambda: phone.now_ms - begun > 3_000)
        await phone.press("*123456")
        await tape.until(lambda: any("Thank you." in text for _, text in tape.lines))
        assert [(entry.how, entry.keys) for entry in answers] == [(EntryEnd.COMPLETE, "123456")]
        assert answers[0].complete
        assert "123456" not in repr(answers[0])
        assert ("caller", "[keys: 123456]") in tape.lines
        told = [m["content"] for m in s.openai.requests[-1]["messages"] if m["role"] == "tool"]
        assert told == ["It was complete: 123456."]
        await over(phone, tape)


async def test_words_instead() -> None:
    """The tool learns them, and the model hears them as ever."""
    async with stack() as s:
        phone, tape = await asked(s, "customer")
        await phone.agent_speaking()
        await phone.agent_silent(300)
        await s.says(phone, "it is four two seven one nine")
        await tape.until(lambda: any(text in ("Thank you.", "I see.") for _, text in tape.lines))
        assert [(entry.how, entry.said) for entry in answers] == [(EntryEnd.SAID, "it is four two seven one nine")]
        assert "it is four two seven one nine" in [m["content"] for m in s.openai.requests[-1]["messages"]]
        await over(phone, tape)


async def test_nothing_at_all_and_a_caller_who_hangs_up() -> None:
    """Both have outcomes, which the tool learns."""
    async with stack() as s:
        phone, tape = await asked(s, "customer")
        await tape.until(lambda: any("Thank you." in text for _, text in tape.lines))
        assert [entry.how for entry in answers] == [EntryEnd.TIMED_OUT]
        await over(phone, tape)
        phone, tape = await asked(s, "customer")
        await phone.press("1")
        await over(phone, tape)
        await answered.wait()
        assert (answers[1].how, answers[1].keys) == (EntryEnd.HUNG_UP, "1")


async def test_a_tool_in_a_thread_asks_as_well() -> None:
    async with stack() as s:
        phone, tape = await asked(s, "threaded")
        await phone.press("42")
        await tape.until(lambda: any("Thank you." in text for _, text in tape.lines))
        assert [entry.keys for entry in answers] == ["42"]
        await over(phone, tape)


async def test_two_tools_ask_one_after_the_other() -> None:
    """In the order of the calls; the second waits for the first, which does not count as its time."""
    async with stack() as s:
        phone, tape = await asked(s, "customer and card")
        await phone.agent_speaking()
        begun = phone.now_ms
        await phone.until(lambda: phone.now_ms - begun > 2_500)
        await phone.press("123456")
        await tape.until(lambda: len(tape.events(e.EntryWanted)) == 2)
        await phone.press("7391#")
        await tape.until(lambda: any("Thank you." in text for _, text in tape.lines))
        assert [entry.keys for entry in answers] == ["123456", "7391"]
        await over(phone, tape)


async def test_an_entry_that_nobody_waits_for_is_over() -> None:
    """The caller is heard again."""
    async with stack() as s:
        phone, tape = await asked(s, "hasty")
        await tape.until(lambda: any("Thank you." in text for _, text in tape.lines))
        assert [event.entry for _, event in tape.events(e.EntryDropped)] == [1]
        await phone.agent_silent(300)
        await s.says(phone, "are you still there")
        await tape.until(lambda: ("caller", "are you still there") in tape.lines)
        await over(phone, tape)


# --- what nobody may know ---------------------------------------------------------------------------------------------


@pytest.fixture
def log_text() -> Iterator[io.StringIO]:
    """All that is logged, by us and by the libraries, at every level."""
    stream, root = io.StringIO(), logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure("debug", "json", True, stream)
    loud = [logging.getLogger(name) for name in ("", "websockets", "uvicorn", "uvicorn.error", "asyncio", "httpx")]
    levels = [one.level for one in loud]
    for one in loud:
        one.setLevel(1)
    yield stream
    for one, was in zip(loud, levels, strict=True):
        one.setLevel(was)
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)


def known_of(tape: Tape) -> list[str]:
    """The keys that the call knows of."""
    return [event.digit for _, event in tape.events(e.KeyPressed)]


def assert_unknown(tape: Tape, s: Stack, log: io.StringIO, folder: Path) -> None:
    """No trace of the card in what is kept or told: tape, record, log, model."""
    assert set(known_of(tape)) <= {"•", "#", "*"}
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert any(b"KeyPressed" in one for one in files)
    held = [repr(tape.steps).encode(), log.getvalue().encode(), json.dumps(s.openai.requests).encode(), *files]
    tone = dtmf(CARD[0])[200:360]  # the phase of a tone is the same in each of its periods
    for one in held:
        assert CARD.encode() not in one
        assert CARD[:4].encode() + b" " + CARD[4:8].encode() not in one
        assert tone not in one


@pytest.mark.parametrize("what", ["card", "clumsy"])
async def test_nobody_knows_what_is_sensitive(what: str, tmp_path: Path, log_text: io.StringIO) -> None:
    """Nor do the tones of the keys get anywhere, nor keys that come too late, nor what the tool returns or raises. The
    tape replays."""
    async with stack(tapes=tmp_path) as s:
        phone, tape = await asked(s, what)
        for digit in CARD:
            await phone.say(dtmf(digit, 120))
            await phone.press(digit)
        await phone.press("#")
        await phone.say(dtmf(CARD[0], 200))
        await phone.press(CARD[0])
        await tape.until(lambda: any("Thank you." in text for _, text in tape.lines))
        assert [(entry.how, entry.keys) for entry in answers] == [(EntryEnd.COMPLETE, CARD)]
        await phone.agent_silent(300)
        await s.says(phone, "that was all")
        await tape.until(lambda: ("caller", "that was all") in tape.lines)
        await over(phone, tape)
        assert ("caller", f"[keys: {'•' * len(CARD)}]") in tape.lines
        loud = [event for _, event in tape.events(e.AudioReceived) if event.level > -450]
        assert len(loud) * 20 < 5_000  # of what was said, and nothing of the tones
    found = read(find(tmp_path)[0])
    assert found.good
    assert replay(found).same
    assert_unknown(tape, s, log_text, tmp_path)
    if what == "clumsy":
        assert "ValueError" in log_text.getvalue()


async def test_a_page_shows_masks_only(tmp_path: Path, log_text: io.StringIO) -> None:
    """The phone in the browser is told of each key, but not which."""
    async with stack(tapes=tmp_path) as s, page(s) as client:
        await client.event("line")
        tape = s.tapes[client.of("ringing")[0]["call"]]
        await says(s, client, "please card")
        await tape.until(lambda: tape.events(e.EntryWanted) != [])
        for digit in f"{CARD}#":
            await client.send(type="key", key=digit)
        await tape.until(lambda: any("Thank you." in text for _, text in tape.lines))
        assert [entry.keys for entry in answers] == [CARD]
        assert [one["key"] for one in client.of("key")] == [*("•" * len(CARD)), "#"]
        assert CARD not in json.dumps(client.told)
    await tape.until(lambda: tape.closed)
    assert_unknown(tape, s, log_text, tmp_path)


async def test_what_is_not_sensitive_is_on_record() -> None:
    """A control: the keys are known where nothing hides them."""
    async with stack() as s:
        phone, tape = await asked(s, "customer")
        await phone.press("493917")
        await tape.until(lambda: tape.actions(a.EndEntry) != [])
        assert known_of(tape) == [*"493917"]
        await over(phone, tape)
