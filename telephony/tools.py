"""Tools: Python functions that the model may call.

    @tool
    async def book_table(day: str, people: int) -> str:
        "Book a table. `day` as YYYY-MM-DD."
        ...

The schema comes from the type hints, the description from the docstring. Arguments are validated before the function
is called; errors go back to the model as text, so that it can correct them. A parameter annotated `ToolContext` is
filled in by this module and is not part of the schema. Each run of a synchronous function has its own thread, so the
function may block.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from telephony.clock import Clock
from telephony.core.policy import END_CALL
from telephony.threads import in_thread

log = structlog.get_logger()

RESULT_CHARS = 8_000
"""Longer results are truncated: the model reads the result before the caller hears anything."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool can know about its call."""

    call_sid: str = ""
    caller: str = ""
    called: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function with its schema (JSON Schema of the arguments object). Created by `@tool`.

    A `read_only` tool may run twice without harm. Any other runs once per turn of a call when our LLM server answers
    for a platform, which repeats requests, and not at all if a request does not name its call."""

    name: str
    description: str
    parameters: dict[str, Any]
    function: Callable[..., Any]
    arguments: type[BaseModel] | None = field(default=None, repr=False)
    context_name: str = ""
    read_only: bool = False

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
def tool(*, name: str = "", description: str = "", read_only: bool = False) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(
    function: Callable[..., Any] | None = None, /, *, name: str = "", description: str = "", read_only: bool = False
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Turns a function into a `Tool`; `read_only` says that it may run twice without harm.

    Raises TypeError for a signature that has no schema, such as a parameter without a type."""
    if function is None:
        return lambda f: _make(f, name, description, read_only)
    return _make(function, name, description, read_only)


def _make(function: Callable[..., Any], name: str, description: str, read_only: bool = False) -> Tool:
    fields: dict[str, Any] = {}
    context_name = ""
    hints = typing.get_type_hints(function, include_extras=True)
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"tool {function.__name__}: parameter {parameter.name} cannot be passed by name")
        if parameter.name not in hints:
            raise TypeError(f"tool {function.__name__}: parameter {parameter.name} has no type, such as `: str`")
        hint = hints[parameter.name]
        if hint is ToolContext:
            context_name = parameter.name
            continue
        fields[parameter.name] = (hint, ... if parameter.default is parameter.empty else parameter.default)
    name = name or function.__name__
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise ValueError(f"a tool's name has at most 64 letters, digits, _ and -, not {name!r}")
    model = create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
    schema = {k: v for k, v in model.model_json_schema().items() if k not in ("title", "description")}
    schema.setdefault("properties", {})
    text = description or inspect.getdoc(function) or name.replace("_", " ")
    return Tool(name, text, schema, function, model, context_name, read_only)


def _end_call(reason: str = "") -> str:
    """End the phone call. Say goodbye in words first; the call ends when the goodbye has been heard."""
    return "The call ends when what you have said has been heard."


END_CALL_TOOL = _make(_end_call, END_CALL, "")


class Toolbox:
    """The tools of one agent, including `end_call`. Raises ValueError if two tools have the same name."""

    def __init__(self, tools: Iterable[Tool] = (), context: ToolContext | None = None) -> None:
        given = tuple(tools)
        names = [t.name for t in given]
        if len(set(names)) != len(names):
            raise ValueError(f"two tools have the same name: {sorted(names)}")
        all_tools = given if END_CALL in names else (*given, END_CALL_TOOL)
        self._tools: Mapping[str, Tool] = {t.name: t for t in all_tools}
        self._context = context or ToolContext()

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
        chosen = self._tools.get(name)
        if chosen is None:
            return f"There is no tool {name!r}. There are: {', '.join(self._tools)}."
        try:
            self._checked(chosen, arguments)
        except ValueError as error:
            return str(error)
        return ""

    async def run_within(self, clock: Clock, limit_ms: int, name: str, arguments: str) -> ToolResult:
        """As `run`, but a tool that takes longer than `limit_ms` is abandoned, and the result says so."""
        try:
            async with clock.timeout(limit_ms):
                return await self.run(name, arguments)
        except TimeoutError:
            log.warning("tool_timeout", tool=name)
            return ToolResult(f"The tool {name} took too long and was given up.", failed=True)

    async def run(self, name: str, arguments: str) -> ToolResult:
        """Runs a tool with the arguments as the model wrote them (JSON text). Raises nothing but `CancelledError`."""
        chosen = self._tools.get(name)
        if chosen is None:
            return ToolResult(self.problem(name, arguments), failed=True)
        try:
            values = self._checked(chosen, arguments)
        except ValueError as error:
            return ToolResult(str(error), failed=True)
        if chosen.context_name:
            values[chosen.context_name] = self._context
        try:
            if inspect.iscoroutinefunction(chosen.function):
                result = await chosen.function(**values)
            else:
                result = await in_thread(f"tool {name}", functools.partial(chosen.function, **values))
                if inspect.isawaitable(result):
                    result = await result
        except Exception:
            log.exception("tool_failed", tool=name)
            return ToolResult(f"The tool {name} failed. Tell the caller that it did not work.", failed=True)
        return ToolResult(_text(result)[:RESULT_CHARS])

    def _checked(self, chosen: Tool, arguments: str) -> dict[str, Any]:
        """The arguments as Python values. Raises ValueError with a message that the model can act on."""
        try:
            given = json.loads(arguments or "{}")
        except ValueError as error:
            raise ValueError(f"The arguments of {chosen.name} are not valid JSON: {error}. Try again.") from None
        if not isinstance(given, dict):
            raise ValueError(f"The arguments of {chosen.name} must be a JSON object. Try again.")
        if chosen.arguments is None:
            return given
        try:
            checked = chosen.arguments.model_validate(given)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors()[:5])
            raise ValueError(f"The arguments of {chosen.name} are wrong: {wrong}. Try again.") from None
        return {name: getattr(checked, name) for name in type(checked).model_fields}


def _text(result: Any) -> str:
    if isinstance(result, str):
        return result
    if result is None:
        return "Done."
    if isinstance(result, BaseModel):
        return result.model_dump_json()
    return json.dumps(result, ensure_ascii=False, default=str)
