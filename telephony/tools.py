"""Tools: Python functions that the model may call.

    @tool
    async def book_table(day: str, people: int) -> str:
        "Book a table. `day` as YYYY-MM-DD."
        ...

The schema comes from the type hints, the description from the docstring. Arguments are validated before the function
is called; errors go back to the model as text, so that it can correct them. A parameter annotated `ToolContext` is
filled in by this module and is not part of the schema. Each run of a synchronous function has its own thread, so the
function may block.

`Toolbox.run_within` is the one way in which a tool is run: by the pipeline, for managed agents and in our LLM server.
Whatever the function returns, raises or never does, a text for the model comes of it, in time, and nothing else.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
import typing
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from telephony.clock import Clock
from telephony.contracts.tool_arguments import arguments_of as arguments_of
from telephony.contracts.tool_arguments import mended, says_nothing
from telephony.contracts.tool_run import ToolRun, current_run, running, without_keys
from telephony.core.policy import END_CALL
from telephony.threads import in_task, in_thread
from telephony.tool_context import ToolContext as ToolContext
from telephony.tool_context import ToolFailed
from telephony.tool_results import RESULT_CHARS as RESULT_CHARS
from telephony.tool_results import in_words, shortened

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tool:
    """A function with its schema (JSON Schema of the arguments object). Created by `@tool`.

    A `read_only` tool may run twice without harm. Any other runs once per turn of a call when our LLM server answers
    for a platform, which repeats requests, and not at all if a request does not name its call. It runs at most
    `limit_per_call` times in a call (0: as often as all tools together may, `Limits.tool_runs`). `style` is what an
    agent that has it adds to its default `style`.

    Tools that the model asks for in one answer run at the same time. One that is `alone` does not: what was asked
    before it is done by then, and what was asked after it waits for it."""

    name: str
    description: str
    parameters: dict[str, Any]
    function: Callable[..., Any]
    arguments: type[BaseModel] | None = field(default=None, repr=False)
    context_name: str = ""
    read_only: bool = False
    limit_per_call: int = 0
    style: str = ""
    alone: bool = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the function directly, for the user's own tests."""
        return self.function(*args, **kwargs)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The text for the model. If `failed`, it says what went wrong."""

    text: str
    failed: bool = False


@typing.overload
def tool(function: Callable[..., Any], /) -> Tool: ...
@typing.overload
def tool(
    *, name: str = "", description: str = "", read_only: bool = False, limit_per_call: int = 0, alone: bool = False
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str = "",
    description: str = "",
    read_only: bool = False,
    limit_per_call: int = 0,
    alone: bool = False,
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Turns a function into a `Tool`; `read_only` says that it may run twice without harm, `limit_per_call` how often
    it may run in one call, whatever the model wants (0: no limit of its own), `alone` that it must not run at the same
    time as the other tools of an answer.

    Raises TypeError for a signature that has no schema, such as a parameter without a type, ValueError for a bad name
    or limit."""
    if function is None:
        return lambda f: replace(_make(f, name, description, read_only, limit_per_call), alone=alone)
    return replace(_make(function, name, description, read_only, limit_per_call), alone=alone)


def _make(
    function: Callable[..., Any], name: str, description: str, read_only: bool = False, limit_per_call: int = 0
) -> Tool:
    fields: dict[str, Any] = {}
    context_name = ""
    if not inspect.isroutine(function) or inspect.isasyncgenfunction(function):
        what = "yields: a tool returns its result" if inspect.isroutine(function) else "is not a function"
        raise TypeError(f"tool {getattr(function, '__name__', type(function).__name__)}: it {what}")
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except Exception as error:
        raise TypeError(f"tool {function.__name__}: its types cannot be read: {error}") from error
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"tool {function.__name__}: parameter {parameter.name} cannot be passed by name")
        if parameter.name == "self" and "self" not in hints:
            raise TypeError(f"tool {name or function.__name__}: make a tool of an object's method: tool(it.method)")
        if parameter.name not in hints:
            raise TypeError(f"tool {function.__name__}: parameter {parameter.name} has no type, such as `: str`")
        if parameter.name.startswith("_") and parameter.default is parameter.empty:
            raise TypeError(f"tool {function.__name__}: parameter {parameter.name} must not begin with an underscore")
        hint = hints[parameter.name]
        if hint is ToolContext:
            context_name = parameter.name
            continue
        fields[parameter.name] = (hint, ... if parameter.default is parameter.empty else parameter.default)
    name = name or function.__name__
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise ValueError(f"a tool's name has at most 64 letters, digits, _ and -, not {name!r}")
    if limit_per_call < 0:
        raise ValueError(f"tool {name}: limit_per_call is {limit_per_call}; 0 means no limit")
    model, schema = _schema(name, fields)
    schema.setdefault("properties", {})
    text = description or inspect.getdoc(function) or name.replace("_", " ")
    return Tool(name, text, schema, function, model, context_name, read_only, limit_per_call)


def _schema(name: str, fields: dict[str, Any]) -> tuple[type[BaseModel], dict[str, Any]]:
    """The model of the arguments and its JSON Schema. Raises TypeError, naming the parameter that has none."""
    try:
        # Models write telephone numbers and codes as numbers.
        config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)
        model = create_model(name, __config__=config, **fields)
        schema = model.model_json_schema()
    except Exception as error:
        if len(fields) == 1:
            [(parameter, (hint, _))] = fields.items()
            kind = hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint)
            why = f"a model cannot write parameter {parameter}, whose type is {kind}"
            raise TypeError(f"tool {name}: {why}; it can write {WRITABLE}") from error
        for one in fields.items():
            _schema(name, dict([one]))
        raise
    return model, {k: v for k, v in schema.items() if k not in ("title", "description")}


WRITABLE = (
    "str, int, float, bool, Decimal, dates and times, Enum, Literal, a list or dict of these, and a dataclass, "
    "TypedDict or pydantic model"
)


def _end_call(reason: str = "") -> str:
    """End the phone call. Say goodbye in words first; the call ends when the goodbye has been heard."""
    return "The call ends when what you have said has been heard."


LIMITED = "Not done: {what}. Do not try again; tell the caller what you cannot do."
"""The result of a tool that has reached a limit."""

END_CALL_TOOL = _make(_end_call, END_CALL, "")


class Toolbox:
    """The tools of one agent, including `end_call`; `runs` counts how often each has run in the call, and `most_runs`
    is how often all of them together may. Raises ValueError if two tools have the same name."""

    def __init__(
        self,
        tools: Iterable[Tool] = (),
        context: ToolContext | None = None,
        *,
        runs: Counter[str] | None = None,
        most_runs: int = 0,
    ) -> None:
        given = tuple(tools)
        names = [t.name for t in given]
        if len(set(names)) != len(names):
            raise ValueError(f"two tools have the same name: {sorted(names)}")
        all_tools = given if END_CALL in names else (*given, END_CALL_TOOL)
        self._tools: Mapping[str, Tool] = {t.name: t for t in all_tools}
        self._context = context or ToolContext()
        self._runs, self._most_runs = Counter[str]() if runs is None else runs, most_runs

    def schemas(self) -> tuple[dict[str, Any], ...]:
        """The tools in the format of Chat Completions, always in the same order (the prompt cache needs it)."""
        return tuple(
            {
                "type": "function",
                "function": {"name": t.name, "description": t.description, "parameters": t.parameters},
            }
            for t in self._tools.values()
        )

    def problem(self, name: str, arguments: str) -> str:
        """Why the tool cannot run with these arguments, worded for the model; "" if it can."""
        try:
            self._checked(name, arguments)
        except ValueError as error:
            return shortened(str(error))
        return ""

    async def run_within(
        self, clock: Clock, limit_ms: int, name: str, arguments: str, context: ToolContext | None = None
    ) -> ToolResult:
        """As `run`, but a tool that takes longer than `limit_ms` is abandoned, and the result says so."""
        context = context or self._context
        try:
            async with clock.timeout(limit_ms) as limit:
                with running(ToolRun(limit, context.turn, context.link.tell)) as run:
                    result = await self.run(name, arguments, context)
                    return replace(result, text=without_keys(result.text, run.secrets))
        except TimeoutError:
            log.warning("tool_timeout", tool=name)
            context.cancelled.set()
            return ToolResult(_given_up(name), failed=True)
        except BaseException:
            context.cancelled.set()
            raise

    async def run(self, name: str, arguments: str, context: ToolContext | None = None) -> ToolResult:
        """Runs a tool with the arguments as the model wrote them (JSON text). Raises nothing but `CancelledError`, and
        only if it is cancelled itself; it does not wait for the tool then."""
        try:
            chosen, values = self._checked(name, arguments)
            self._count(chosen)
        except ValueError as error:
            return ToolResult(shortened(str(error)), failed=True)
        if chosen.context_name:
            values[chosen.context_name] = context or self._context
        work = functools.partial(chosen.function, **values)
        try:
            if inspect.iscoroutinefunction(chosen.function):
                return await _read(name, await in_task(f"tool {name}", work()))
            done = await in_thread(f"tool {name}", _done, name, work)
            return done if isinstance(done, ToolResult) else await _read(name, await in_task(f"tool {name}", done))
        except ToolFailed as failed:
            return ToolResult(shortened(str(failed)), failed=True)
        except Exception as error:
            if (run := current_run()) is not None and run.secrets:  # which the traceback may show
                log.error("tool_failed", tool=name, error=type(error).__name__)
            else:
                log.exception("tool_failed", tool=name)
            return ToolResult(f"The tool {name} failed. Tell the caller that it did not work.", failed=True)

    def _count(self, chosen: Tool) -> None:
        """Counts the run. Raises ValueError, worded for the model, if the tool may not run any more in this call."""
        if chosen.name == END_CALL:
            return
        if chosen.limit_per_call and self._runs[chosen.name] >= chosen.limit_per_call:
            log.warning("tool_limit_reached", tool=chosen.name, limit=chosen.limit_per_call)
            raise ValueError(LIMITED.format(what=f"{chosen.name} may not run more often in this call"))
        if self._most_runs and self._runs.total() >= self._most_runs:
            log.warning("tool_limit_reached", tool=chosen.name, limit_of_all=self._most_runs)
            raise ValueError(LIMITED.format(what="no more tools may run in this call"))
        self._runs[chosen.name] += 1

    def _checked(self, name: str, arguments: str) -> tuple[Tool, dict[str, Any]]:
        """The tool, and the arguments as Python values. Raises ValueError with a message that the model can act on."""
        chosen = self._tools.get(name)
        if chosen is None:
            raise ValueError(f"There is no tool {name[:100]!r}. There are: {', '.join(self._tools)}.")
        given = arguments_of(arguments, f"The arguments of {name}")
        if chosen.arguments is None:
            return chosen, given
        try:
            checked = _validated(chosen, chosen.arguments, given)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors()[:5])
            raise ValueError(f"The arguments of {name} are wrong: {wrong}. Try again.") from None
        except BaseException:  # a validator of the user's; nothing is awaited here
            log.exception("tool_arguments_failed", tool=name)
            raise ValueError(
                f"The arguments of {name} could not be checked. Tell the caller it did not work."
            ) from None
        return chosen, {name: getattr(checked, name) for name in type(checked).model_fields}


def _validated(chosen: Tool, arguments: type[BaseModel], given: dict[str, Any]) -> BaseModel:
    """The arguments as the function's types, a second time without what models do to arguments that were right.
    Raises ValidationError."""
    values = {name: one for name, one in given.items() if name.strip("_ ") or not says_nothing(json.dumps(one))}
    inner = next(iter(values.values()), None) if len(values) == 1 else None
    names = {*chosen.parameters["properties"]}
    if isinstance(inner, dict) and inner and {*inner} <= names and not {*values} & names:
        values = inner  # {"arguments": {...}}
    try:
        return arguments.model_validate(values)
    except ValidationError as error:
        better = mended(chosen.parameters, values, {e["loc"][0] for e in error.errors() if e["loc"]})
        if better == values:
            raise
        return arguments.model_validate(better)


def _done(name: str, work: Callable[[], Any]) -> ToolResult | Awaitable[Any]:
    """Runs a synchronous tool. Returns what it returned if that is still to be awaited."""
    returned = work()
    return returned if inspect.isawaitable(returned) else _result(name, returned)


async def _read(name: str, returned: Any) -> ToolResult:
    """The result of an asynchronous tool. What is more than text is written out by methods of the user's, which may
    block, and so in a thread."""
    if returned is None or type(returned) is str:
        return _result(name, returned)
    return await in_thread(f"tool {name}", _result, name, returned)


def _result(name: str, returned: Any) -> ToolResult:
    """The result of a tool that has run, even if what it returned is unusable. Awaits nothing, so whatever is raised
    comes from what it returned."""
    try:
        return ToolResult(in_words(returned))
    except BaseException as error:  # logged without traceback, which a debugging log would fill with the same values
        log.error("tool_result_unreadable", tool=name, returned=type(returned).__name__, error=type(error).__name__)
        return ToolResult(f"The tool {name} has run, but its result cannot be read. Do not run it again.", failed=True)


def _given_up(name: str) -> str:
    return f"The tool {name} took too long and was given up. Nobody knows if it was done: ask before it runs again."
