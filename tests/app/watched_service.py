"""The service in a process of its own, `SPEED` times as fast as real time. Its log on stderr also names each module
that is imported, at that point; one that does not exist is named each time that it is asked for."""

from __future__ import annotations

import asyncio
import os
import sys
from importlib.abc import MetaPathFinder

from telephony import Agent, IncomingCall, ManagedAgent, Settings, tool

SPEED = 5
IMPORTED = "imported "
BRIDGED_NUMBER = "+15005550008"
"""A call to this number is bridged."""


@tool
def book_table(people: int) -> str:
    """Book a table."""
    return f"Booked for {people}."


OWN = Agent(prompt="You are a test.", greeting="Hello, how can I help?", tools=(book_table,))
BRIDGED = ManagedAgent(agent_id="agent_1", tools=(book_table,), fallback=OWN)


def answer(call: IncomingCall) -> Agent | ManagedAgent:
    return BRIDGED if call.called == BRIDGED_NUMBER else OWN


class _Finder(MetaPathFinder):
    """Is asked first for each module that is not loaded yet, and finds none."""

    def find_spec(self, fullname: str, *_: object) -> None:
        sys.stderr.write(f"{IMPORTED}{fullname}\n")


def _main() -> None:
    from telephony.app.loading import try_agents
    from telephony.observe import logs
    from telephony.settings import load

    settings = load(os.environ)
    logs.configure(settings.log_level, settings.log_format, settings.log_pii)
    try_agents({"answer": answer})
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    from telephony.app.server import running
    from telephony.clock import Clock

    async with running(settings, Clock(SPEED), agents=answer) as service:
        sys.stderr.write(f'{{"url": "{service.base_url}"}}\n')
        await asyncio.Event().wait()


if __name__ == "__main__":
    sys.meta_path.insert(0, _Finder())
    _main()
