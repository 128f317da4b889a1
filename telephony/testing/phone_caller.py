"""A caller who plays scripts (`script.py`) on a phone call, over real sockets.

caller = PhoneCaller(phone, clock, lines=lambda: len(lines_of_the_agent))
await caller.play(CallerScript().waits_for_agent().says(Path("hours.wav")).hangs_up())
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from telephony.clock import Clock
from telephony.testing.fakes.twilio.carrier import CallOver, PhoneCall
from telephony.testing.script import (
    TIMEOUT_MS,
    CallerScript,
    HangsUp,
    Listens,
    Move,
    Presses,
    Says,
    ScriptFailed,
    Waits,
    WaitsForAgent,
)


class PhoneCaller:
    """The caller on one phone call. `lines` counts the lines of the agent that are complete: a pause in its voice may
    not be the end of what it says. `transcribe` is given the words of each sound before it is made, for a scripted STT.
    """

    def __init__(
        self,
        phone: PhoneCall,
        clock: Clock,
        *,
        lines: Callable[[], int],
        transcribe: Callable[[str], object] = lambda text: None,
    ) -> None:
        self._phone, self._clock = phone, clock
        self._lines, self._transcribe = lines, transcribe
        self._moved_ms = 0  # when the caller last did something
        self._lines_before = 0  # how many lines the agent had by then

    async def play(self, script: CallerScript) -> None:
        """Makes the script's moves; returns when they are done, or the call is over. Raises ScriptFailed."""
        with suppress(CallOver):
            for move in script.moves:
                await self.make(move)

    async def make(self, move: Move) -> None:
        """Makes one move. Raises ScriptFailed, and CallOver if the call has ended."""
        phone = self._phone
        match move:
            case Says(text):
                self._transcribe(text)
                await phone.say(move.sound())
            case Listens(ms):
                await self._within_limit(phone.agent_speaking(), "the agent did not speak")
                await self._pause(ms)
            case WaitsForAgent(quiet_ms):
                await self._within_limit(self._silent(quiet_ms), "the agent did not speak, or did not stop")
            case Waits(ms):
                await self._pause(ms)
            case Presses(keys):
                await phone.press(keys)
            case HangsUp():
                await phone.hang_up()
                await phone.ended()
                raise CallOver("the caller has hung up")
        if isinstance(move, Says | Presses):
            self._moved_ms = phone.now_ms
            self._lines_before = self._lines()

    async def until(self, predicate: Callable[[], bool], failure: str) -> None:
        """Waits until `predicate()` is true. Raises ScriptFailed if that takes too long, and CallOver."""
        await self._within_limit(self._phone.until(predicate), failure)

    async def _silent(self, quiet_ms: int) -> None:
        phone = self._phone
        await phone.until(lambda: phone.line.playout.loud_until_ms > self._moved_ms)
        await phone.until(lambda: self._lines() > self._lines_before)
        await phone.agent_silent(for_ms=quiet_ms)

    async def _pause(self, ms: int) -> None:
        until = self._phone.now_ms + ms
        await self._phone.until(lambda: self._phone.now_ms >= until)

    async def _within_limit(self, waiting: Awaitable[None], failure: str) -> None:
        try:
            async with self._clock.timeout(TIMEOUT_MS):
                await waiting
        except TimeoutError:
            raise ScriptFailed(f"{failure} within {TIMEOUT_MS // 1_000} s") from None
