"""How calls ended, for the webhook that follows the stream."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

import structlog

from telephony.clock import Clock
from telephony.contracts.observer import Step
from telephony.core.actions import EndCall

log = structlog.get_logger()

REMEMBERED = 2_000
"""Maximum number of endings kept."""

WIND_DOWN_MS = 5_000


async def until_over(done: asyncio.Event, call_sid: str, clock: Clock) -> None:
    """Waits, within reason, until the call whose `done` it is has freed its place."""
    try:
        async with clock.timeout(WIND_DOWN_MS):
            await done.wait()
    except TimeoutError:
        log.warning("wind_down_slow", call_sid=call_sid)


@dataclass(frozen=True, slots=True)
class Ending:
    """How this service or the caller ended a call. After a crash or a lost stream there is none. `language` is that of
    `farewell`, which the carrier has to say."""

    reason: str
    farewell: str = ""
    language: str = "en"


class Endings:
    """The endings of the latest calls."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Ending] = OrderedDict()

    def get(self, call_sid: str) -> Ending | None:
        return self._known.get(call_sid)

    def remember(self, call_sid: str, ending: Ending) -> None:
        """Keeps the ending, unless an earlier one of the call is known."""
        self._known.setdefault(call_sid, ending)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


class EndingRecorder:
    """An observer: records how a call ends before its socket closes, because the carrier asks milliseconds later."""

    def __init__(self, endings: Endings, call_sid: str, language: str = "en") -> None:
        self._endings, self._call_sid, self._language = endings, call_sid, language

    def see(self, step: Step) -> None:
        for action in step.actions:
            if isinstance(action, EndCall):
                self._endings.remember(self._call_sid, Ending(action.reason, action.farewell, self._language))

    def close(self) -> None:
        pass
