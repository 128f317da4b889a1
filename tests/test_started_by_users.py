"""Nothing that a user's function starts on the event loop ends the loop, whoever runs it; an operator's signal does."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

import pytest
import structlog
import uvloop

from telephony.app import server
from telephony.clock import Clock
from telephony.threads import Callers
from telephony.tools import Toolbox, tool

Make = Callable[[], asyncio.AbstractEventLoop]
each_loop = pytest.mark.parametrize("make", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])


async def exits() -> NoReturn:
    await asyncio.sleep(0)
    sys.exit(3)


async def interrupts() -> NoReturn:
    await asyncio.sleep(0)
    raise KeyboardInterrupt


async def a_child() -> str:
    child = asyncio.create_task(exits())
    await asyncio.wait([child])
    return "ran"


async def a_child_that_is_left() -> str:
    asyncio.get_running_loop().create_task(exits())
    return "ran"


async def a_grandchild() -> str:
    await asyncio.wait([asyncio.create_task(a_child_that_is_left())])
    return "ran"


async def an_interrupted_child() -> str:
    await asyncio.wait([asyncio.create_task(interrupts())])
    return "ran"


async def a_gathered_child() -> str:
    found = await asyncio.gather(exits(), return_exceptions=True)
    return "ran" if isinstance(found[0], SystemExit) else "lost"


async def a_child_with_a_deadline() -> str:
    try:
        await asyncio.wait_for(exits(), 60)
    except SystemExit:
        return "ran"
    return "lost"


async def a_callback() -> str:
    asyncio.get_running_loop().call_soon(sys.exit, 3)
    return "ran"


async def a_timer() -> str:
    asyncio.get_running_loop().call_later(0, sys.exit, 3)
    return "ran"


async def a_timer_at() -> str:
    loop = asyncio.get_running_loop()
    loop.call_at(loop.time(), sys.exit, 3)
    return "ran"


async def a_done_callback() -> str:
    child = asyncio.create_task(asyncio.sleep(0))
    child.add_done_callback(lambda _: sys.exit(3))
    return "ran"


async def a_callback_of_a_future() -> str:
    waiting = asyncio.get_running_loop().create_future()
    waiting.add_done_callback(lambda _: sys.exit(3))
    waiting.set_result(None)
    return "ran"


async def a_callback_from_a_thread() -> str:
    await asyncio.to_thread(asyncio.get_running_loop().call_soon_threadsafe, sys.exit, 3)
    return "ran"


async def a_thread_of_the_pool() -> str:
    asyncio.get_running_loop().run_in_executor(None, sys.exit, 3)
    return "ran"


async def an_asynchronous_generator() -> str:
    async def numbers() -> Any:
        try:
            yield 1
            yield 2
        finally:
            sys.exit(3)

    async for _ in numbers():
        break
    return "ran"


def a_loop_in_the_thread() -> str:
    try:
        asyncio.run(exits())
    except SystemExit:
        return "ran"
    return "lost"


def an_awaitable() -> Any:
    return a_child()


STARTS: list[Callable[[], Any]] = [
    a_child, a_child_that_is_left, a_grandchild, an_interrupted_child, a_gathered_child, a_child_with_a_deadline,
    a_callback, a_timer, a_timer_at, a_done_callback, a_callback_of_a_future, a_callback_from_a_thread,
    a_thread_of_the_pool, an_asynchronous_generator, a_loop_in_the_thread, an_awaitable,
]  # fmt: skip


def outlives(make: Make, started: Coroutine[Any, Any, Any]) -> Any:
    """Runs `started` on a loop of its own, and what it left behind too; anything that ends the loop is raised."""

    async def main() -> Any:
        result = await started
        while left := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(left)
        await asyncio.sleep(0.01)  # one round through the timers
        return result

    with asyncio.Runner(loop_factory=make) as runner:
        return runner.run(main())


@each_loop
@pytest.mark.parametrize("starts", STARTS)
def test_the_loop_outlives_what_a_tool_starts(starts: Callable[[], Any], make: Make) -> None:
    """The tool has run, and its result is what it returned."""
    box = Toolbox([tool(starts)])
    result = outlives(make, box.run_within(Clock(), 30_000, starts.__name__, "{}"))
    assert (result.text, result.failed) == ("ran", False)


@each_loop
@pytest.mark.parametrize("starts", [a_child, a_child_that_is_left, a_callback, a_done_callback])
def test_the_loop_outlives_what_an_agent_function_starts(starts: Callable[[], Any], make: Make) -> None:
    assert outlives(make, Callers("agent function").ask(starts)) == "ran"


@each_loop
def test_a_child_that_is_awaited_is_the_tools_own_failure(make: Make) -> None:
    """As if the tool itself had raised `SystemExit`; also in a task group."""

    @tool
    async def waits() -> None:
        """Awaits the child."""
        await asyncio.create_task(exits())

    @tool
    async def groups() -> None:
        """Has a task group."""
        async with asyncio.TaskGroup() as group:
            group.create_task(exits())

    box = Toolbox([waits, groups])
    for name in ("waits", "groups"):
        assert outlives(make, box.run(name, "{}")).failed


@each_loop
def test_what_others_start_may_still_end_the_loop(make: Make) -> None:
    """The guard is for users' functions: a `SystemExit` of the process's own code passes."""

    async def ran() -> str:
        return "ran"

    async def main() -> None:
        await Callers("agent function").ask(ran)
        await asyncio.create_task(exits())

    with pytest.raises(SystemExit):
        outlives(make, main())


def test_what_is_refused_is_logged() -> None:
    """With the name of the function that started it, and without what it said."""
    with structlog.testing.capture_logs() as logs:
        outlives(asyncio.new_event_loop, Toolbox([tool(a_callback)]).run("a_callback", "{}"))
    assert logs == [
        {"event": "exit_refused", "log_level": "error", "function": "tool a_callback", "raised": "SystemExit"}
    ]


# --- the process ----------------------------------------------------------------------------------------------------


def stops_the_loop() -> None:
    asyncio.get_running_loop().stop()


def exits_when_readable() -> None:
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()

    def read() -> None:
        loop.remove_reader(ours)
        ours.close()
        theirs.close()
        sys.exit(3)

    loop.add_reader(ours, read)
    theirs.send(b"x")


def exits_from_a_bare_thread() -> None:
    threading.Thread(target=asyncio.get_running_loop().call_soon_threadsafe, args=(sys.exit, 3)).start()


def exits_in_an_exception_handler() -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: sys.exit(3))
    loop.call_soon(lambda: 1 / 0)


@each_loop
@pytest.mark.parametrize(
    "does", [stops_the_loop, exits_when_readable, exits_from_a_bare_thread, exits_in_an_exception_handler]
)
def test_the_process_goes_on_when_its_loop_is_stopped(does: Callable[[], None], make: Make) -> None:
    """What does not carry the mark of a user's function cannot end the process either; a signal does."""

    @tool
    async def stops() -> str:
        """Stops the loop."""
        does()
        await asyncio.sleep(0.01)
        return "ran"

    async def main() -> int:
        signals = server.stop_signals()
        result = await Toolbox([stops]).run("stops", "{}")
        assert result.text == "ran"
        os.kill(os.getpid(), signal.SIGINT)
        return await signals.get()

    assert server._run(main(), make()) == signal.SIGINT


@pytest.mark.parametrize("raises", [SystemExit(4), RuntimeError("broken")])
def test_what_the_service_itself_raises_ends_the_process(raises: BaseException) -> None:
    """For example a port that is in use."""

    async def main() -> int:
        raise raises

    with pytest.raises(type(raises)):
        server._run(main(), asyncio.new_event_loop())


@each_loop
@pytest.mark.parametrize(("seconds", "said"), [(0.3, 1), (0, 0)])
def test_a_function_that_holds_all_calls_up_is_named(seconds: float, said: int, make: Make) -> None:
    """An `async def` that waits without awaiting stops everybody's audio; nothing else would show which one it was."""

    async def looks_up() -> str:
        time.sleep(seconds)  # noqa: ASYNC251
        return "done"

    async def runs() -> str:
        return (await Toolbox([tool(looks_up)]).run("looks_up", "{}")).text

    with structlog.testing.capture_logs() as lines, asyncio.Runner(loop_factory=make) as runner:
        assert runner.run(runs()) == "done"
    assert [line["function"] for line in lines if line["event"] == "all_calls_held_up"] == ["tool looks_up"] * said
