"""Who is calling? A caller id is no answer: anybody can call with anybody's.

    @needs_verified
    @tool
    async def change_address(address: str, context: ToolContext) -> str:
        customer = customers[verified_number(context)]

A number counts as the person's own if the carrier vouches for the caller id of this call (STIR/SHAKEN attestation A: it
knows its customer, and the number is theirs), or if they have said a code that was sent to it. Nothing that is said on
the call, by the caller or in the results of tools, changes that: the model cannot.
"""

from __future__ import annotations

import functools
import inspect
from dataclasses import replace
from typing import Any

from telephony.caller_number import caller_number
from telephony.messages.messages import Messages
from telephony.messages.proof import Proof
from telephony.tool_context import ToolContext, ToolFailed
from telephony.tools import Tool

NOT_VERIFIED = (
    "Not done: it is not proven who is calling, and a caller id proves nothing. If you have the tool prove_number, use "
    "it and then try again; otherwise tell the caller that this cannot be done in this call."
)
_CONTEXT = "_verifying"


def verified_number(context: ToolContext) -> str:
    """The number that the person on the line has shown to be theirs (E.164), "" if there is none: the one that they
    have proven with a code, or the one that they call from if the carrier vouches for it. Look accounts up by it."""
    proof = _proof(context)
    return proof.number if proof.proven else _vouched(context)


def verified(context: ToolContext, number: str = "") -> bool:
    """Whether the person on the line has shown that `number` (E.164) is theirs. Without a number: that the one of this
    call is, or the one on file. (Another one that they hold is not enough: they might call with the id of somebody
    else, as whom a tool then takes them. If their own is withheld, it is.)"""
    proof, wanted = _proof(context), number or caller_number(context.person)
    if proof.proven and (proof.number == wanted or (not number and (proof.on_file or not wanted))):
        return True
    return bool(wanted) and _vouched(context) == wanted


def needs_verified(tool: Tool) -> Tool:
    """The same tool, refusing in words for the model unless the person on the line is `verified`."""
    given = tool.context_name or _CONTEXT

    def check(values: dict[str, Any]) -> dict[str, Any]:
        context = values.get(given) if tool.context_name else values.pop(given, None)
        if context is None or not verified(context):
            raise ToolFailed(NOT_VERIFIED)
        return values

    @functools.wraps(tool.function)
    async def later(**values: Any) -> Any:
        return await tool.function(**check(values))

    @functools.wraps(tool.function)
    def at_once(**values: Any) -> Any:
        return tool.function(**check(values))

    function = later if inspect.iscoroutinefunction(tool.function) else at_once
    return replace(tool, function=function, context_name=given)


def _vouched(context: ToolContext) -> str:
    """The number of a caller for whom the carrier vouches; of a call that we placed it vouches for ourselves."""
    return caller_number(context.caller) if context.verified and not context.outbound else ""


def _proof(context: ToolContext) -> Proof:
    try:
        return context.service(Messages).proof
    except ToolFailed:  # no messages can be sent here
        return Proof()
