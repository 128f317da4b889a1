"""Whatever a tool is given, returns, raises or never does, a result for the model comes of it, in time."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import datetime
import enum
import functools
import itertools
import json
import re
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, NoReturn

import pytest
from pydantic import AfterValidator, BaseModel, Field

from telephony.clock import Clock
from telephony.tool_results import NO_RESULT, RESULT_CHARS
from telephony.tools import Toolbox, arguments_of, tool

DAY = datetime.date(2026, 1, 5)


@dataclasses.dataclass
class Slot:
    day: datetime.date
    people: int


class Booking(BaseModel):
    day: datetime.date
    secret: str = Field(default="x", exclude=True)


class Size(enum.Enum):
    LARGE = "large"


class Unreadable:
    """An object that cannot even be written."""

    def __init__(self, raises: BaseException) -> None:
        self._raises = raises

    def __str__(self) -> str:
        raise self._raises


def circular() -> list[object]:
    inside: list[object] = ["booked"]
    inside.append({"again": inside})
    return inside


def deep() -> list[object]:
    found: list[object] = []
    for _ in range(100_000):
        found = [found]
    return found


class Place(NamedTuple):
    street: str
    number: int


class Bound:
    def method(self, day: str) -> str:
        return day


class Row:
    """As a database has them: without a text of its own."""

    def __init__(self, day: object) -> None:
        self._session, self.day = "secret", day


def drained() -> Iterator[str]:
    yield "nine"
    yield "ten"


async def run(function: Callable[..., Any], arguments: str = "{}") -> tuple[str, bool]:
    """The text and `failed` of a run of `function` as a tool; the text can be sent."""
    result = await Toolbox([tool(function)]).run_within(Clock(), 30_000, function.__name__, arguments)
    assert result.text.encode()
    assert len(result.text) <= RESULT_CHARS
    return result.text, result.failed


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ("booked", "booked"),
        ("caf\ud83d", "caf"),
        ("Great \ud83d\ude00", "Great \U0001f600"),
        ("nul\x00", "nul"),
        ({"name": "caf\ud83d"}, '{"name": "caf"}'),
        ({"caf\ud83d": 1}, '{"caf": 1}'),
        (None, NO_RESULT),
        ("", NO_RESULT),
        ("\ud83d", NO_RESULT),
        ("   ", NO_RESULT),
        ("\n\t\u00a0\r\n", NO_RESULT),
        ("\ufeff\u200b", NO_RESULT),
        (b" ", NO_RESULT),
        ([], "[]"),
        (0, "0"),
        (False, "false"),
        (" -", " -"),
        ({DAY: "booked"}, '{"2026-01-05": "booked"}'),
        ({("mon", 9): True}, "{\"('mon', 9)\": true}"),
        ({None: 1.5}, '{"None": 1.5}'),
        ({"day": DAY, "price": Decimal("1.20")}, '{"day": "2026-01-05", "price": "1.20"}'),
        (Slot(DAY, 4), '{"day": "2026-01-05", "people": 4}'),
        ([Booking(day=DAY)], '[{"day": "2026-01-05"}]'),
        ({"size": Size.LARGE}, '{"size": "large"}'),
        (collections.deque([1, 2]), '"deque([1, 2])"'),
        (Place("Oak Street", 4), '{"street": "Oak Street", "number": 4}'),
        ([Place("Oak Street", 4)], '[{"street": "Oak Street", "number": 4}]'),
        (Row(DAY), '{"day": "2026-01-05"}'),
        ({"rows": [Row(DAY)]}, '{"rows": [{"day": "2026-01-05"}]}'),
        (Row(Row("friday")), '{"day": {"day": "friday"}}'),
        (ValueError("no table"), '"no table"'),
        ((1, "two"), '[1, "two"]'),
        ({7}, "[7]"),
        (b"caf\xff", '"caf\ufffd"'),
        (float("inf"), "Infinity"),
        ("x" * 50_000_000, "x" * RESULT_CHARS),
        (["x" * 50_000_000], '["' + "x" * (RESULT_CHARS - 2)),
        (itertools.count(), ("[" + ", ".join(map(str, range(5_000))))[:RESULT_CHARS]),
    ],
)  # fmt: skip
async def test_whatever_a_tool_returns_becomes_words(returned: object, words: str) -> None:
    """Text that can be sent, whether the tool is synchronous or not; no result is no success."""

    def sync() -> object:
        return returned

    async def asynchronous() -> object:
        return returned

    assert await run(sync) == (words, False)
    if not isinstance(returned, Iterator):
        assert await run(asynchronous) == (words, False)


async def test_what_a_generator_yields_is_its_result() -> None:
    assert await run(drained) == ('["nine", "ten"]', False)


async def yields() -> AsyncIterator[str]:
    yield "nine"


def exits_when_read() -> Iterator[str]:
    yield "nine"
    sys.exit(3)


class Odd(Mapping[str, str]):
    """A mapping that raises something that no mapping should."""

    def __init__(self, raises: BaseException) -> None:
        self._raises = raises

    def __getitem__(self, name: str) -> str:
        raise self._raises

    def __iter__(self) -> Iterator[str]:
        return iter(("day",))

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize(
    "returns",
    [circular, deep, lambda: 10**5_000, lambda: Unreadable(RuntimeError("secret")),
     yields, lambda: {Unreadable(ValueError()): 1}, exits_when_read, lambda: Unreadable(SystemExit(1)),
     lambda: [Unreadable(KeyboardInterrupt())],
     lambda: Unreadable(asyncio.CancelledError()), lambda: Unreadable(GeneratorExit()), lambda: Odd(SystemExit(1)),
     lambda: Odd(asyncio.CancelledError()), lambda: Odd(KeyError("secret")),
     lambda: map(sys.exit, ["secret"]), lambda: {"rows": exits_when_read()}],
)  # fmt: skip
async def test_a_result_that_cannot_be_read_was_a_run_all_the_same(returns: Callable[[], object]) -> None:
    """The model is told that the tool has run, whatever its result raises: it must not book a second time."""

    def sync() -> object:
        return returns()

    async def asynchronous() -> object:
        return returns()

    for function in (sync, asynchronous):
        text, failed = await run(function)
        assert failed
        assert "has run" in text
        assert "secret" not in text


async def cancelled() -> NoReturn:
    """Awaits something that was cancelled."""
    waiting = asyncio.get_running_loop().create_future()
    waiting.cancel()
    await waiting
    raise AssertionError


async def cancels_itself() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(60)


async def exits() -> NoReturn:
    sys.exit(3)


def exits_in_a_thread() -> NoReturn:
    sys.exit(3)


async def interrupted() -> NoReturn:
    raise KeyboardInterrupt


def cancelled_in_a_thread() -> NoReturn:
    raise asyncio.CancelledError


def stops() -> NoReturn:
    raise StopIteration


def exits_later() -> Any:
    return exits()


async def leaves_as_a_generator() -> None:
    raise GeneratorExit


async def groups() -> None:
    raise BaseExceptionGroup("several", [SystemExit(1), ValueError("secret")])


@pytest.mark.parametrize(
    "function",
    [cancelled, cancels_itself, exits, exits_in_a_thread, interrupted, cancelled_in_a_thread, stops, exits_later,
     groups, leaves_as_a_generator],
)  # fmt: skip
async def test_whatever_a_tool_raises_is_a_failed_tool(function: Callable[..., Any]) -> None:
    """Neither the loop nor the task that asked for the tool notices anything."""
    text, failed = await run(function)
    assert failed
    assert "failed" in text
    assert "secret" not in text


async def cancels_itself_and_returns() -> str:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    return "booked"


async def is_cancelled_while_it_returns() -> str:
    task = asyncio.current_task()
    assert task is not None
    try:
        task.cancel()
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        pass
    return "booked"


async def times_out_inside() -> str:
    try:
        async with asyncio.timeout(0):
            await asyncio.sleep(60)
    except TimeoutError:
        pass
    return "booked"


async def leaves_a_task_that_cancels_it() -> str:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_soon(task.cancel)
    return "booked"


@pytest.mark.parametrize(
    "function",
    [cancels_itself_and_returns, is_cancelled_while_it_returns, times_out_inside, leaves_a_task_that_cancels_it],
)
async def test_what_a_tool_returned_is_its_result(function: Callable[..., Any]) -> None:
    """Whatever it did to its own task before."""
    assert await run(function) == ("booked", False)


async def test_a_result_that_is_never_read_to_its_end_blocks_nobody() -> None:
    """What an asynchronous tool returned is read in a thread, and given up when the tool's time is over."""
    release = threading.Event()

    def endless() -> Iterator[str]:
        release.wait(60)
        yield "late"

    @tool
    async def reads() -> object:
        """Returns what blocks when it is read."""
        return endless()

    result = await Toolbox([reads]).run_within(Clock(100), 500, "reads", "{}")
    assert result.failed
    assert "Nobody knows if it was done" in result.text
    release.set()


async def test_a_run_that_is_cancelled_from_outside_is_cancelled() -> None:
    """The tool hears of it, and the cancellation goes on in the task that asked."""
    begun, stopped = asyncio.Event(), asyncio.Event()

    @tool
    async def waits() -> None:
        """Waits."""
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    async with asyncio.timeout(60):
        running = asyncio.create_task(Toolbox([waits]).run("waits", "{}"))
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await stopped.wait()


async def test_a_tool_that_ignores_its_cancellation_is_not_waited_for() -> None:
    """After its time the model is told, also that the tool may have had its effect; the same when it is cancelled."""
    begun, release, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @tool
    async def stubborn() -> str:
        """Does not stop."""
        begun.set()
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                pass
        ended.set()
        return "too late"

    box = Toolbox([stubborn])
    async with asyncio.timeout(60):
        result = await box.run_within(Clock(100), 500, "stubborn", "{}")
        assert result.failed
        assert "Nobody knows if it was done" in result.text
        begun.clear()
        running = asyncio.create_task(box.run("stubborn", "{}"))
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert not ended.is_set()
        release.set()
        await ended.wait()


async def test_a_thread_that_never_returns_is_not_waited_for() -> None:
    """The thread cannot be stopped; its result is dropped when it comes."""
    gate, ended = threading.Event(), threading.Event()

    @tool
    def hangs() -> str:
        """Waits for a database that is down."""
        gate.wait(60)
        ended.set()
        return "too late"

    result = await Toolbox([hangs]).run_within(Clock(100), 500, "hangs", "{}")
    assert result.failed
    gate.set()
    assert await asyncio.to_thread(ended.wait, 60)


# --- what a tool is given -------------------------------------------------------------------------------------------


NO_ARGUMENTS = [
    "", " ", "null", "[]", "{}", '""', '"{}"', '"null"', "None", "undefined", "[{}]", "[null]", "\ufeff{}", "{}{}",
    "```{}```", "```json\n{}\n```", '{"": ""}', "'null'", "NULL", "nil", "{ }\n", "[[]]", "[{}, {}]", '\'{}\'', "()",
    '"\\"{}\\""', "{}\x00", "\u200b{}", "\u00a0{}", '{"": null}', '{"": {}}', '[""]', "```", "``````", "{},",
    "{}\n{}", "`{}`", "{null}", '"undefined"', '{"_": ""}', '{"input": null}', '{"_": [{}]}',
]  # fmt: skip
SOMETHING = [
    "{", '{"', '{"da', '{"":', '{"": "', "[", "[null,", "}", '"', "```json\n{", "0", "false", "true", "[1]",
    '{"": "friday"}', '{"day": "friday"', '{"days": "friday"}', '[{"days": "friday"}]', "friday", "nonsense",
    "nothing else", '{"null": "friday"}', '{"": 0}', '{"_": false}', "{}{", '{"x": [null, 1]}', "undefined friday",
    '{"call": {}}',
]  # fmt: skip
"""What is cut off before the end could have gone on, and what is not known says something."""


def hours() -> str:
    return "nine to five"


async def on_day(day: str = "today") -> str:
    return f"nine to five {day}"


@pytest.mark.parametrize("given", NO_ARGUMENTS)
async def test_no_arguments_in_any_spelling(given: str) -> None:
    """What says nothing is no arguments: the tool runs if it needs none, and if it does, the model is told which."""

    def book(day: str) -> str:
        raise AssertionError(day)

    assert await run(hours, given) == ("nine to five", False)
    assert await run(on_day, given) == ("nine to five today", False)
    text, failed = await run(book, given)
    assert failed
    assert "day: Field required" in text


@pytest.mark.parametrize("given", SOMETHING)
async def test_arguments_that_say_something_are_not_ignored(given: str) -> None:
    """A tool does not run without what the model has, or may have, given."""
    for function in (hours, on_day):
        text, failed = await run(function, given)
        assert failed
        assert "arguments" in text


@pytest.mark.parametrize(
    ("given", "ran"),
    [
        ('{"day": null}', "today"),
        ('{"day": null, "": ""}', "today"),
        ('\ufeff{"day": "friday"}', "friday"),
        ('```json\n{"day": "friday"}\n```', "friday"),
        ('```\n{"day": "fri```day"}```', "fri```day"),
        ('{"day": "friday", "": null}', "friday"),
        ('{"day": ""}', ""),
        ('{"day": "null"}', "null"),
        ('\x00{"day": "friday"}\x00', "friday"),
    ],
)
async def test_an_argument_that_is_null_is_not_given(given: str, ran: str) -> None:
    """If it need not be given, and null is no value for it; texts are taken as they are."""
    assert await run(on_day, given) == (f"nine to five {ran}", False)


class Party(BaseModel):
    people: int


def reserves(
    number: str,
    people: int = 2,
    day: datetime.date | None = None,
    tags: tuple[str, ...] = (),
    party: Party | None = None,
) -> str:
    return f"{number} {people} {day} {','.join(tags)} {party and party.people}"


@pytest.mark.parametrize(
    ("given", "ran"),
    [
        ({"number": 15551234567}, "15551234567 2 None  None"),
        ({"number": 4271, "tags": [1, 2]}, "4271 2 None 1,2 None"),
        ({"number": "1", "people": ""}, "1 2 None  None"),
        ({"number": "1", "people": "null", "day": ""}, "1 2 None  None"),
        ({"number": "1", "day": "None", "tags": "[]", "party": "{}"}, "1 2 None  None"),
        ({"number": "1", "extra": None}, "1 2 None  None"),
        ({"number": "1", "tags": '["a", "b"]'}, "1 2 None a,b None"),
        ({"number": "1", "party": '{"people": 4}'}, "1 2 None  4"),
        ({"arguments": {"number": "1", "people": 4}}, "1 4 None  None"),
        ({"parameters": {"number": 1, "people": ""}}, "1 2 None  None"),
        ({"input": {"number": "1"}}, "1 2 None  None"),
        ({"number": "[1]"}, "[1] 2 None  None"),
        ({"number": ""}, " 2 None  None"),
        ({"number": "null"}, "null 2 None  None"),
    ],
)
async def test_arguments_that_were_right_before_a_model_wrote_them(given: dict[str, object], ran: str) -> None:
    """Numbers for texts, nothing in words, JSON in a text, one object around all: no second try."""
    assert await run(reserves, json.dumps(given)) == (ran, False)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"number": None},
        {"number": ["1"]},
        {"number": True},
        {"number": "1", "people": "four"},
        {"number": "1", "people": "[4]"},
        {"number": "1", "wine": "red"},
        {"number": "1", "party": "[]["},
        {"arguments": {"number": "1"}, "people": 4},
        {"arguments": "1"},
        {"wine": {"colour": "red"}},
        {"wine": {}},
        {"arguments": {"number": "1", "wine": "red"}},
    ],
)
async def test_arguments_that_are_wrong_are_not_guessed(given: dict[str, object]) -> None:
    text, failed = await run(reserves, json.dumps(given))
    assert failed
    assert "Try again" in text


@pytest.mark.parametrize(
    ("what", "why"),
    [(yields, "returns its result"), ("book", "not a function"), (Row, "not a function"),
     (tool(hours), "not a function"), (functools.partial(hours), "not a function"), (Bound.method, "tool(it.method)")],
)  # fmt: skip
def test_what_cannot_be_a_tool_says_why(what: Any, why: str) -> None:
    """When it is made, which `check` shows, and not on the first call."""
    with pytest.raises(TypeError, match=re.escape(why)):
        tool(what)


def test_a_method_of_an_object_is_a_tool() -> None:
    assert tool(Bound().method).parameters["properties"].keys() == {"day"}


async def test_null_is_a_value_where_the_type_says_so() -> None:
    def moves(day: str | None = "today") -> str:
        return str(day)

    assert await run(moves, '{"day": null}') == ("None", False)


def test_arguments_inside_a_text_are_read() -> None:
    """Some servers encode them twice."""
    assert arguments_of(json.dumps(json.dumps({"day": "friday"}))) == {"day": "friday"}


async def test_arguments_are_made_valid() -> None:
    """Half a surrogate pair in an argument, raw or escaped, in a name or inside a list, does not reach the tool."""

    def note(texts: list[str]) -> str:
        return json.dumps(texts)

    assert await run(note, '{"texts": ["caf\\ud83d", "a\ud83d", "\\ud83d\\ude00"]}') == (
        json.dumps(["caf", "a", "\U0001f600"]), False,
    )  # fmt: skip
    text, failed = await run(note, '{"texts": [], "caf\\ud83d": 1}')
    assert failed
    assert "caf" in text


def explodes(value: str) -> str:
    raise {"type": TypeError, "exit": SystemExit}[value]


@pytest.mark.parametrize(
    "arguments",
    [
        '{"what": ' + "[" * 100_000,
        "[" * 2_000 + "]" * 2_000,
        '{"what": "type"}',
        '{"what": "exit"}',
        "1" * 5_000,
        "nan",
    ],
    ids=["unclosed", "deep", "validator", "exit", "huge", "nan"],
)
async def test_arguments_that_cannot_be_read_are_told_to_the_model(arguments: str) -> None:
    """A refusal in words, also before the run (`problem`); the function is not called."""
    ran: list[str] = []

    def takes(what: Annotated[str, AfterValidator(explodes)]) -> None:
        ran.append(what)

    text, failed = await run(takes, arguments)
    assert failed
    assert "arguments" in text
    assert Toolbox([tool(takes)]).problem("takes", arguments) == text
    assert ran == []


async def test_a_tool_that_does_not_exist_is_named_shortly() -> None:
    """Its name is the model's: it may be long, and not even text."""
    result = await Toolbox().run("x\ud83d" * 100_000, "{}")
    assert result.failed
    assert len(result.text.encode()) < 1_000
