"""When a caller has heard a certain line of the agent's."""

from __future__ import annotations

import asyncio

from telephony.contracts.observer import Step
from telephony.core.actions import LineAdded


class _Lines:
    """The observer of one call."""

    def __init__(self, lines: HeardLines, call_sid: str) -> None:
        self._lines, self._call_sid = lines, call_sid

    def see(self, step: Step) -> None:
        for action in step.actions:
            if isinstance(action, LineAdded) and action.speaker == "agent":
                self._lines.said(self._call_sid, action.text)

    def close(self) -> None:
        self._lines.said(self._call_sid, None)


class HeardLines:
    """Hands out observers of calls, and waits for lines."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[str, asyncio.Event]] = {}

    def of(self, call_sid: str) -> _Lines:
        return _Lines(self, call_sid)

    def said(self, call_sid: str, text: str | None) -> None:
        """The caller has heard the line, or part of it before they interrupted; None: the stream is over."""
        waited, event = self._waiting.get(call_sid, ("", None))
        if event is not None and (text is None or (text and waited.startswith(text))):
            event.set()

    async def until_said(self, call_sid: str, text: str) -> None:
        """Returns when the line was heard or interrupted, or the stream is over."""
        event = asyncio.Event()
        self._waiting[call_sid] = (text, event)
        try:
            await event.wait()
        finally:
            self._waiting.pop(call_sid, None)
