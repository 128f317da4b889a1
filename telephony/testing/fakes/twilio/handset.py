"""The phone at the far end of a call: what its owner does, what can be waited for, and what was heard and said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from telephony.audio.frames import BYTES_PER_MS
from telephony.clock import Clock
from telephony.console.carrier.playout import SILENCE, MarkEcho
from telephony.testing.fakes.twilio.faults import CarrierFaults
from telephony.testing.fakes.twilio.stream import CallOver, Line
from telephony.testing.fakes.twilio.wav import write_stereo

#: The agent is speaking if sound was played within this time (the playout is checked every 20 ms).
_NOW_MS = 60
#: The time that a key takes in `<Play digits>`: a pause, or the tone and the silence after it.
_KEY_MS, _TONE_MS = {"w": 500, "W": 1_000}, 200


class Handset:
    """One phone in one call. Audio is mu-law 8 kHz, times are ms since the call began.

    The methods are named as for the phone of a caller; for a phone that is called they mean the same: "the agent" is
    whatever sounds in it. `keys_heard`: the keys that someone else has pressed in this call, as tones.
    """

    def __init__(self, clock: Clock, faults: CarrierFaults) -> None:
        self.sid = "CA" + uuid4().hex
        self.line = Line(clock, faults)
        self.keys_heard = ""

    # --- what the owner does ---

    async def say(self, pcmu: bytes) -> None:
        """The caller speaks. Returns when the last frame has been sent (or the call is over)."""
        target = self.line.voice.add(pcmu)
        await self._until_or_over(lambda: self.line.voice.taken >= target)

    async def press(self, digits: str) -> None:
        """The caller presses keys, one DTMF message each. Returns when they have been sent (or the call is over)."""
        self.line.keys.extend(digits)
        self.line.notify()
        await self._until_or_over(lambda: not self.line.keys)

    async def inject(self, message: str | bytes) -> None:
        """Sends a raw WebSocket message to the service. Returns when it has been sent (or the call is over)."""
        self.line.injected.append(message)
        self.line.notify()
        await self._until_or_over(lambda: not self.line.injected)

    async def hang_up(self) -> None:
        """The caller hangs up. Returns at once; use `ended()` to wait for the end of the call."""
        self.line.leave()

    async def pause(self, ms: int) -> None:
        """Returns after `ms`, or when the call is over."""
        ends_ms = self.line.now_ms + ms
        while self.line.now_ms < ends_ms and not self.line.left:
            await self.line.change(ends_ms)

    async def hear_keys(self, digits: str) -> None:
        """Someone else presses keys; `w` is half a second, `W` a second. Returns when that is over, or the line is left
        for something else."""
        for digit in digits:
            await self.line.unheard(lambda: False, self.line.now_ms + _KEY_MS.get(digit, _TONE_MS))
            if self.line.leaving:
                return
            if digit not in _KEY_MS:
                self.keys_heard += digit
                self.line.notify()

    # --- what can be waited for ---

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Returns when `predicate()` is true; evaluates it again after each frame and message. Raises `CallOver` if the
        call ends first."""
        await self.line.until(predicate)

    async def agent_speaking(self) -> None:
        """Returns when sound of the agent is being played. Raises `CallOver` if the call ends first."""
        await self.until(lambda: self.line.now_ms - self.line.playout.loud_until_ms <= _NOW_MS)

    async def agent_silent(self, for_ms: int) -> None:
        """Returns when only silence has been played for `for_ms`. Raises `CallOver` if the call ends first."""
        await self.until(lambda: self.line.now_ms - self.line.playout.loud_until_ms >= for_ms)

    async def ended(self) -> None:
        """Returns when the call is over and its status callbacks have been sent."""
        await self._until_or_over(lambda: self.line.ended_ms is not None)

    # --- what happened ---

    @property
    def left(self) -> bool:
        """Whether the phone has hung up, or the call was ended."""
        return self.line.left

    @property
    def now_ms(self) -> int:
        """Milliseconds since dialling; stops when the call has ended."""
        return self.line.now_ms

    @property
    def violations(self) -> list[tuple[str, str]]:
        """(Twilio's error code, text) of each violation of the protocol by the service."""
        return self.line.violations

    @property
    def marks(self) -> list[MarkEcho]:
        """The marks that came back, in order."""
        return self.line.playout.marks

    @property
    def clears(self) -> list[int]:
        """When the service cleared the playout."""
        return self.line.playout.clears

    @property
    def cleared_bytes(self) -> int:
        """How many bytes of audio were dropped by clears."""
        return self.line.playout.cleared_bytes

    def heard(self) -> bytes:
        """What the caller has heard since dialling, silence included."""
        self.line.playout.advance(self.line.now_ms)
        return bytes(self.line.playout.heard)

    def caller_audio(self) -> bytes:
        """What the caller has said since dialling, silence included."""
        said = bytes(self.line.voice.said)
        return said.ljust(self.line.now_ms * BYTES_PER_MS, SILENCE)

    def stereo_wav(self, path: str | Path) -> None:
        """Writes both sides as a WAV file: 8 kHz, 16 bit, the caller left, the agent right."""
        write_stereo(path, self.caller_audio(), self.heard())

    async def _until_or_over(self, predicate: Callable[[], bool]) -> None:
        try:
            await self.line.until(predicate)
        except CallOver:
            pass
