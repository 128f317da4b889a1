"""`telephony check --json`: the same findings for a program."""

from __future__ import annotations

import asyncio
from typing import Any

from telephony.app.languages import describe_all
from telephony.app.loading import load_agent, load_llm_agents
from telephony.app.online_check import check_online
from telephony.app.public_check import Finding
from telephony.cli.json_output import print_json
from telephony.clock import Clock
from telephony.observe.logs import configure
from telephony.settings import SETTINGS, Settings, describe, stand_ins


def check_json(settings: Settings, *, online: bool) -> int:
    """Prints one object and returns the exit code."""
    agents = load_llm_agents(settings, load_agent(settings.agent)).agents
    answer: dict[str, Any] = {
        "ok": True,
        "settings": {one.metadata["env"]: _shown(settings, one.name, one.metadata["secret"]) for one in SETTINGS},
        "parts": dict(describe(settings)),
        "warnings": stand_ins(settings),
        "languages": list(describe_all(agents.values())),
    }
    if online:
        configure("error", settings.log_format, settings.log_pii)

        async def ask() -> list[Finding]:
            return [finding async for finding in check_online(settings, agents, Clock())]

        found = asyncio.run(ask())
        answer["ok"] = all(one.right is not False for one in found)
        answer["findings"] = [{"part": one.part, "right": one.right, "words": one.words} for one in found]
    print_json(answer)
    return 0 if answer["ok"] else 1


def _shown(settings: Settings, name: str, secret: bool) -> object:
    """A secret is only said to be set."""
    value = getattr(settings, name)
    return ("(set)" if value else "") if secret else value
