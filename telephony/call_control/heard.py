"""When a caller has heard a certain line of the agent's, and for how long nobody has said anything."""

from __future__ import annotations

import asyncio

from telephony.clock import Clock
from telephony.contracts.observer import Step
from telephony.core.actions import LineAdded


class _Lines:
    """The observer of one call."""

    def __init__(self, lines: HeardLines, call_sid: str) -> None:
        self._lines, self._call_sid = lines, call_sid

    def see(self, step: Step) -> None:
        for action in step.actions:
            if isinstance(action, LineAdded):
                self._lines.talked(self._call_sid)
                if action.speaker == "agent":
                    self._lines.said(self._call_sid, action.text)

    def close(self) -> None:
        self._lines.over(self._call_sid)


class HeardLines:
    """Hands out observers of calls, and waits for lines."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[str, tuple[str, asyncio.Future[bool]]] = {}
        self._talked: dict[str, int] = {}

    def of(self, call_sid: str) -> _Lines:
        return _Lines(self, call_sid)

    def talked(self, call_sid: str) -> None:
        self._talked[call_sid] = self._clock.ms()

    def quiet_ms(self, call_sid: str) -> int:
        """How long ago the last line was, of either."""
        return self._clock.ms() - self._talked.get(call_sid, self._clock.ms())

    def said(self, call_sid: str, text: str | None) -> None:
        """The caller has heard the line, or part of it before they interrupted; None: the stream is over."""
        waited, found = self._waiting.get(call_sid, ("", None))
        if found is None or found.done():
            return
        if text is None or (text and (not waited or waited.startswith(text))):
            found.set_result(text in (None, waited) or not waited)

    def over(self, call_sid: str) -> None:
        self._talked.pop(call_sid, None)
        self.said(call_sid, None)

    async def until_said(self, call_sid: str, text: str = "") -> bool:
        """Returns when the agent's line (without a text: the next one) was heard or interrupted, or the stream is over:
        False if the line was interrupted."""
        found = asyncio.get_running_loop().create_future()
        self._waiting[call_sid] = (text, found)
        try:
            return bool(await found)
        finally:
            self._waiting.pop(call_sid, None)
