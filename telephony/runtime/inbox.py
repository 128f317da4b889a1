"""The inbox of one call: stamps every event when it arrives, and gives it to the core at once.

Theory of operation. `put` returns after the event has gone through the core and its actions to the ports: from the
bytes that one socket receives to the bytes that another one sends, no task is woken. Everything is on one event loop
and nothing in that chain awaits, so there are no locks and no cycle of waits. An event waits its turn only

- before `open`: the call is being prepared,
- while another event is in the core, because a port may report something while it performs an action,
- after `AT_ONCE` events in a row, so that a burst of one call lets the others go on.

Stamps are those of arrival, so that neither waiting nor a stalled loop can move an event in time. What waits is
bounded: audio is dropped when too much of it waits, and control events never; too many of them end the call.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Sequence

from telephony.clock import Clock
from telephony.core import events as e

AUDIO_LIMIT = 500  # frames: ten seconds of audio
CONTROL_LIMIT = 20_000  # events; more means that a peer floods the call
AT_ONCE = 16
"""Events taken in a row, each at most a millisecond after the one before, before other calls have their turn."""

Take = Callable[[e.Event | None, int], None]
"""Takes an event and its time of arrival in ms since the call began; None: only time has passed."""


class Inbox:
    """See the module text. Times are ms since the inbox was made."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._zero = clock.ms()
        self._take: Take | None = None
        self._context = contextvars.copy_context()
        self._waiting: deque[tuple[e.Event, int]] = deque()
        self._audio = 0  # frames among them
        self._lost_ms = 0
        self._flooded = False
        self._busy = False  # an event is in the core
        self._in_a_row = 0
        self._latest = 0  # when the last event was taken
        self._later: asyncio.Handle | None = None  # the next turn of what waits

    def now(self) -> int:
        """Milliseconds since the call began."""
        return self.clock.ms() - self._zero

    def open(self, take: Take) -> None:
        """Gives everything to `take` from now on, what waits first; in the context of the caller of this method."""
        self._take, self._context = take, contextvars.copy_context()
        self._schedule()

    def close(self) -> None:
        """Ignores everything from now on."""
        self._take = _ignore
        self._waiting.clear()
        if self._later is not None:
            self._later.cancel()
            self._later = None

    def put(self, event: e.Event) -> None:
        """Never blocks, never raises. Over the limits it drops audio (reported as AudioMissed), or ends the call."""
        now = self.clock.ms() - self._zero
        if now > self._latest + 1:
            self._in_a_row = 0
        if self._take is None or self._busy or self._waiting or self._in_a_row >= AT_ONCE:
            self._keep(event, now)
        else:
            self._give(event, now)
        if self._waiting:
            self._schedule()

    def put_first(self, events: Sequence[e.Event], now: int) -> None:
        """Puts `events` before all that waits, stamped `now`: the stamp of the event that is in the core."""
        self._waiting.extendleft((event, now) for event in reversed(events))
        self._schedule()

    def wake(self) -> None:
        """Lets the core see what time it is. If events wait, it will see that before each of them."""
        if not self._busy and not self._waiting:
            self._give(None, self.now())
            self._schedule()

    # --- inside -----------------------------------------------------------------------------------------------------

    def _give(self, event: e.Event | None, now: int) -> None:
        self._busy, self._latest = True, now
        self._in_a_row += 1
        assert self._take is not None
        try:
            self._context.run(self._take, event, now)
        finally:
            self._busy = False

    def _keep(self, event: e.Event, now: int) -> None:
        if isinstance(event, e.AudioReceived):
            if self._audio >= AUDIO_LIMIT:
                self._lost_ms += 20
                return
            self._audio += 1
            if self._lost_ms:
                self._waiting.append((e.AudioMissed(self._lost_ms), now))
                self._lost_ms = 0
        elif len(self._waiting) - self._audio >= CONTROL_LIMIT:
            if self._flooded:
                return
            self._flooded = True
            event = e.CallerLeft(e.LegEnd.FLOODED)
        self._waiting.append((event, now))

    def _schedule(self) -> None:
        if self._waiting and self._later is None and self._take is not None:
            self._later = asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """Gives what waits, as much as may be given in a row."""
        self._later, self._in_a_row = None, 0
        while self._waiting and self._in_a_row < AT_ONCE:
            event, stamped = self._waiting.popleft()
            self._audio -= isinstance(event, e.AudioReceived)
            self._give(event, stamped)
        self._schedule()


def _ignore(event: e.Event | None, now: int) -> None:
    """After the end of the call."""
