"""The STT port on a real socket, for tests: a local STT server, the port, and every event it reported."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from telephony.audio import frames, tones
from telephony.contracts.stt import SttSpec
from telephony.core import events as e
from telephony.core.actions import CommitTranscript, Transcribe
from telephony.elevenlabs.stt import ElevenLabsStt
from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
from telephony.testing.fakes.elevenlabs.stt import LocalStt, SttFaults
from telephony.testing.steady import SteadyClock

E = TypeVar("E")
WORD_MS = 300
SPEED = 20


class SttRig:
    """The port as a call sees it, and its events. Audio is passed to the port at once, not in real time."""

    def __init__(self, server: LocalElevenLabs, port: ElevenLabsStt, clock: SteadyClock) -> None:
        self.server, self.port, self.clock = server, port, clock
        self.events: list[tuple[int, e.Event]] = []
        self.commits = 0
        self._came = asyncio.Event()

    @property
    def stt(self) -> LocalStt:
        return self.server.stt

    def emit(self, event: e.Event) -> None:
        self.events.append((self.clock.ms(), event))
        self._came.set()

    def all(self, kind: type[E]) -> list[E]:
        return [event for _, event in self.events if isinstance(event, kind)]

    @property
    def finals(self) -> list[tuple[int, str]]:
        return [(x.commit, x.stable) for x in self.all(e.TranscriptUpdated) if x.stable or x.commit]

    @property
    def losses(self) -> list[tuple[str, bool]]:
        return [(lost.code, lost.retryable) for lost in self.all(e.SttLost)]

    async def until(self, predicate: Callable[[], bool]) -> None:
        while not predicate():
            self._came.clear()
            await self._came.wait()

    async def ready(self, times: int = 1) -> None:
        await self.until(lambda: len(self.all(e.SttReady)) >= times)

    def audio(self, pcmu: bytes) -> None:
        for frame in frames.frames(pcmu):
            self.port.perform(Transcribe(frame))

    def quiet(self, ms: int = 700) -> None:
        self.audio(frames.silence(ms))

    def commit(self) -> int:
        self.commits += 1
        self.port.perform(CommitTranscript(self.commits))
        return self.commits

    def says(self, text: str, *, commit: bool = True) -> None:
        """The caller says `text` and pauses; then a commit, unless `commit` is false."""
        self.stt.script.add(text)
        self.audio(tones.sine(300, WORD_MS * len(text.split())))
        self.quiet()
        if commit:
            self.commit()

    @property
    def tentative(self) -> list[str]:
        """The tentative texts, without those that came with stable words."""
        return [x.tentative for x in self.all(e.TranscriptUpdated) if not x.stable and not x.commit]

    async def answer(self, commit: int | None = None) -> e.TranscriptUpdated:
        """The final transcript of `commit` (default: the newest)."""
        number = self.commits if commit is None else commit
        found: list[e.TranscriptUpdated] = []

        def came() -> bool:
            found[:] = [x for x in self.all(e.TranscriptUpdated) if x.commit == number and (x.stable or x.commit)]
            return bool(found)

        await self.until(came)
        return found[0]


@asynccontextmanager
async def running_stt(
    faults: SttFaults | None = None, *, stt: LocalStt | None = None, clock: SteadyClock | None = None, run: bool = True
) -> AsyncIterator[SttRig]:
    """A running port (unless `run` is false), cancelled at the end as a call would. Times out after 60 real seconds."""
    clock = clock or SteadyClock(SPEED)
    stt = stt or LocalStt(clock=clock, faults=faults)
    async with asyncio.timeout(60), LocalElevenLabs(clock=clock, stt=stt) as server:
        spec = SttSpec("en", ("Northwind",))
        it = SttRig(server, ElevenLabsStt(base_url=server.base_url, api_key="local", spec=spec, clock=clock), clock)
        running = asyncio.create_task(it.port.run(it.emit)) if run else None
        try:
            yield it
        finally:
            if running is not None:
                running.cancel()
                await asyncio.wait([running])
                assert running.cancelled() or running.exception() is None
