"""The tool with which an agent puts its caller through to one of the destinations that its author has named.

agent = Agent(prompt="...", tools=(transfer_to(Destination("sales", "+12025550123", about="orders and prices")),))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from telephony.call_control.destinations import NEVER_MIND, Destination
from telephony.tool_context import ToolContext
from telephony.tools import Tool, tool


@dataclass(frozen=True, slots=True)
class Transferring:
    """What puts calls through, for tools; see `transfers.py`."""

    problem: Callable[[str, Destination], str]
    begin: Callable[[str, Destination, str], str]
    never_mind: Callable[[str], str]


def transfer_to(*destinations: Destination, name: str = "transfer_call") -> Tool:
    """The tool for these destinations. The model chooses one by name, or "never mind", and writes who is calling and
    why for the person. The caller is put through once they have heard the agent say so. Raises ValueError for none, and
    for two of one name."""
    known = {one.name: one for one in destinations}
    if not destinations or len(known) < len(destinations):
        raise ValueError("transfer_to needs destinations, each with a name of its own")

    async def transfer(destination: str, call: ToolContext, summary: str = "") -> str:
        service = call.service(Transferring)
        if destination == NEVER_MIND:
            return service.never_mind(call.call_sid)
        to = known[destination]
        if problem := service.problem(call.call_sid, to):
            return problem

        async def begin() -> None:
            if problem := service.begin(call.call_sid, to, summary):
                call.notify(problem)

        call.when_heard(begin)
        return _announce(to)

    choice: Any = Literal[(*known, NEVER_MIND)]
    told = Field(description="for the person: who is calling and why, in one or two sentences, from the conversation")
    transfer.__annotations__ = {
        "destination": choice, "call": ToolContext, "summary": Annotated[str, told], "return": str,
    }  # fmt: skip
    listed = "; ".join(f"{one.name}{f' ({one.about})' if one.about else ''}" for one in destinations)
    return tool(
        name=name,
        description=(
            "Put the caller through to a person, when the caller asks for it or nothing else helps. Destinations: "
            f'{listed}. "{NEVER_MIND}" cancels a transfer that is going on, when the caller does not want it any more.'
        ),
    )(transfer)


def _announce(to: Destination) -> str:
    if to.warm:
        return (
            f"{to.name} will be called while the caller stays on the line with you. Now tell the caller in one short "
            f"sentence that you are asking {to.name}, and that they can go on talking with you meanwhile. You will be "
            f'told what comes of it. If the caller does not want it any more, call this tool with "{NEVER_MIND}".'
        )
    return (
        "The caller is put through as soon as they have heard you say so. Now tell them in one short sentence that "
        f"you are connecting them with {to.name}, and nothing more."
    )
