"""Keys out: pressing keys in another company's menu, which the agent has called or was put through to.

A media stream cannot send keys. So the call leaves its stream for `<Play digits>` and comes back to the same
conversation on a new one; for these one or two seconds the agent hears nothing, and says nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from telephony.tool_context import ToolContext
from telephony.tools import Tool, tool

MOST_KEYS = 32
Keys = Annotated[
    str,
    Field(
        description="the keys in their order, such as 2 or 4711#; w waits half a second between keys",
        pattern=rf"^[0-9*#w]{{1,{MOST_KEYS}}}$",
    ),
]


@dataclass(frozen=True, slots=True)
class KeyPressing:
    """What presses keys, for tools: (CallSid, keys) -> whether the call is one that can."""

    press: Callable[[str, str], bool]


def press_keys(name: str = "press_keys") -> Tool:
    """The tool with which the agent presses keys."""

    async def press(keys: Keys, call: ToolContext) -> str:
        service = call.service(KeyPressing)

        async def now() -> None:
            if not service.press(call.call_sid, keys):
                call.notify("The keys could not be pressed.")

        call.when_heard(now, must=True)
        return "The keys are pressed as soon as you are silent. Say nothing now: listen to what the menu says next."

    press.__annotations__ = {"keys": Keys, "call": ToolContext, "return": str}
    return tool(
        name=name,
        description="Press keys on the telephone, for an automatic menu at the other end. Hear the whole menu first; "
        "press all keys of one question at once, and say nothing while you do.",
    )(press)
