"""Tools: schemas, checked arguments, and errors that a model can act on."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Annotated, Literal

import pytest
from pydantic import Field

from telephony.core.policy import END_CALL
from telephony.tools import RESULT_CHARS, Toolbox, ToolContext, tool


@tool
async def book(
    day: Literal["friday", "saturday"], people: Annotated[int, Field(ge=1, le=8)] = 2
) -> dict[str, str | int]:
    """Book a table."""
    return {"day": day, "people": people}


def test_schema_comes_from_the_signature() -> None:
    """Name, description, types, limits and defaults; additional properties are not allowed."""
    [schema, end] = Toolbox([book]).schemas()
    function = schema["function"]
    assert (function["name"], function["description"]) == ("book", "Book a table.")
    assert function["parameters"]["required"] == ["day"]
    assert function["parameters"]["additionalProperties"] is False
    assert function["parameters"]["properties"]["people"]["maximum"] == 8
    assert end["function"]["name"] == END_CALL


async def test_good_arguments_run_the_tool() -> None:
    """Results that are not text become JSON."""
    result = await Toolbox([book]).run("book", '{"day": "friday", "people": "4"}')
    assert json.loads(result.text) == {"day": "friday", "people": 4}
    assert not result.failed


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ('{"day": "monday"}', "day"),
        ('{"day": "friday", "people": 40}', "people"),
        ('{"day": "friday", "wine": true}', "wine"),
        ("{day: friday", "JSON"),
        ("[1]", "object"),
        ("", "day"),
    ],
)
async def test_bad_arguments_name_what_is_wrong(arguments: str, named: str) -> None:
    """The model learns what to correct, and the function is not called."""
    result = await Toolbox([book]).run("book", arguments)
    assert result.failed
    assert named in result.text


async def test_unknown_tools_are_an_answer_not_an_error() -> None:
    """If a tool does not exist, the model is told which ones do."""
    result = await Toolbox([book]).run("bake", "{}")
    assert result.failed
    assert "book" in result.text


async def test_exception_texts_do_not_reach_the_model() -> None:
    """The text of an exception may hold secrets."""

    @tool
    def fails() -> str:
        raise RuntimeError("password=hunter2")

    result = await Toolbox([fails]).run("fails", "{}")
    assert result.failed
    assert "hunter2" not in result.text


async def test_blocking_functions_run_in_a_thread_and_get_the_context() -> None:
    """A synchronous function must not block the call. The context is not one of the model's arguments."""

    @tool
    def who(call: ToolContext) -> str:
        return f"{call.caller} {threading.current_thread() is threading.main_thread()}"

    box = Toolbox([who], ToolContext(caller="+15550001111"))
    assert box.schemas()[0]["function"]["parameters"]["properties"] == {}
    assert (await box.run("who", "{}")).text == "+15550001111 False"
    assert (await box.run("who", '{"call": {}}')).failed


async def test_tools_that_hang_take_no_threads_from_others() -> None:
    """However many hang, the next tool runs at once, and none prevents the process from stopping."""
    gate = threading.Event()

    @tool
    def hangs() -> str:
        """Waits for a database that is down."""
        gate.wait(60)
        return str(threading.current_thread().daemon)

    @tool
    def quick() -> str:
        """Answers."""
        return "here"

    box = Toolbox((hangs, quick), ToolContext("CA1", "", ""))
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        hanging = [group.create_task(box.run("hangs", "{}")) for _ in range(50)]
        await asyncio.sleep(0)
        assert (await box.run("quick", "{}")).text == "here"
        gate.set()
    assert {task.result().text for task in hanging} == {"True"}


async def test_long_results_are_cut() -> None:
    """The model reads a result before the caller hears anything."""

    @tool
    def long() -> str:
        return "x" * 100_000

    assert len((await Toolbox([long]).run("long", "{}")).text) == RESULT_CHARS


def test_two_tools_of_one_name_are_refused() -> None:
    """It would be ambiguous which one a call means."""
    with pytest.raises(ValueError, match="same name"):
        Toolbox([book, book])
