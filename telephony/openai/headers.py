"""Reads the header of a message where templates write it into the text: role, channel, and to whom it goes. Pure.

    assistant                                         after <|im_start|>, <|start_header_id|>, <start_of_turn>, ...
    assistant commentary to=functions.hours json      after <|start|> and <|channel|> (Harmony)

It ends with a mark of its own, or, where that is missing, with the first word that can be no part of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_OURS = frozenset({"assistant", "model", ""})
_ROLE = r"(?P<role>assistant|model|user|system|developer|human|tool|ipython|environment|functions\.[\w.]+)(?![a-z])"
_PLAIN = re.compile(rf"\s*{_ROLE}")
_CHANNELS = re.compile(
    rf"\s*(?:{_ROLE}|(?P<channel>analysis|commentary|final)(?![a-z])|to=(?P<to>[\w.-]+)|constrain\s?\w*|(?P<kind>json|code))"
)
_ROLES = ("assistant", "model", "user", "system", "developer", "human", "tool", "ipython", "environment", "functions.")
_BEGINNINGS = (*_ROLES, "analysis", "commentary", "final", "to=", "json", "code")


@dataclass(frozen=True, slots=True)
class Header:
    """`to`: the tool that the message is for, or ""; `length`: how much of the text it was."""

    ours: bool
    channel: str
    to: str
    length: int


def read_header(text: str, *, channels: bool, final: bool) -> Header | None:
    """The header at the beginning of `text`; None if more of it may come. `channels`: it may name one."""
    role = channel = to = ""
    at = 0
    while found := (_CHANNELS if channels else _PLAIN).match(text, at):
        kind = channels and found["kind"]
        if (found["role"] and (role or channel)) or (channels and found["channel"] and channel) or (kind and not to):
            break
        if not final and found.end() == len(text):
            return None
        role = found["role"] or role
        channel, to = (found["channel"] or channel, found["to"] or to) if channels else ("", "")
        at = found.end()
    left = text[at:].lstrip()
    if not final and any(one.startswith(left) for one in (_BEGINNINGS if channels else _ROLES)):
        return None
    return Header(role in _OURS, channel, to.removeprefix("functions."), len(text) - len(left))
