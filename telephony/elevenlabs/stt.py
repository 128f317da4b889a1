"""The STT port: speech to text over ElevenLabs' realtime socket.

Audio is sent in pieces of 100 ms. It is sent sooner before a commit and when a sound fades: the recogniser needs the
end of a word to recognise it, and this saves waiting time at the end of an utterance. While the session keeps up,
`perform` writes each message itself, because waking a task costs as much again; whatever has to wait is sent by a task.
Everything since the last answered commit is kept (`stt_backlog.py`), so that after a lost connection it can be sent
again, paced, with the commits in their places. A session counts as started only at `session_started`, because quota and
key errors arrive as messages after a successful handshake.

A session that leaves a commit unanswered for five seconds counts as dead and is replaced, even if its socket is open.
The audio before such a commit is sent again only if no partial of it was received; otherwise the call has already
continued with the partial.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import broadcast
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from telephony.audio.frames import BYTES_PER_MS
from telephony.audio.level import level
from telephony.clock import Clock
from telephony.contracts.port import Emit
from telephony.contracts.stt import SttSpec
from telephony.contracts.transcripts import SOUND_LEVEL
from telephony.core.actions import Action, CommitTranscript, Transcribe
from telephony.core.events import CommitRefused, Event, OutboxOverflowed, SttLost, SttReady, TranscriptUpdated
from telephony.elevenlabs import stt_codec as wire
from telephony.elevenlabs.connection import SessionEnded, describe, reconnecting
from telephony.elevenlabs.speech_sockets import REFUSED, Refusals, open_stt
from telephony.elevenlabs.stt_backlog import Backlog
from telephony.errors import ProviderError
from telephony.log_redaction import without_secrets

log = structlog.get_logger()

PIECE_BYTES = 800
FADING_BYTES = 960
"""For this much quiet (120 ms) after a sound, audio is sent without waiting for a whole piece."""
START_MS = 5_000
STOP_MS = 1_000
OWN_CLOSE_MS = 500
"""A transcript that the service closed by itself contains all audio up to this long ago."""
RESEND_SPEED = 4
"""Audio is sent again at this multiple of real time; a much higher one risks `queue_overflow`."""
BEHIND_ITEMS = 25
"""A session that starts with more items waiting than this (half a second) sends its backlog paced."""
CONGESTED_BYTES = 2**15
"""With more than this not yet taken by the network (three seconds of audio), a session does not keep up."""


class ElevenLabsStt:
    """The `Port` that performs Transcribe and CommitTranscript. `refusals` knows what other calls were refused."""

    def __init__(
        self, *, base_url: str, api_key: str, spec: SttSpec, clock: Clock, refusals: Refusals | None = None
    ) -> None:
        self._open = functools.partial(open_stt, base_url, api_key, spec, clock, refusals or Refusals())
        self._key, self._clock = api_key, clock
        self._backlog = Backlog()
        self._segments = wire.Segments()
        self._live: ClientConnection | None = None  # the session's socket, while nothing has to wait
        self._quiet_bytes = FADING_BYTES  # since the last sound
        self._wake = asyncio.Event()  # something has to wait, or the call ends
        self._stopping = asyncio.Event()
        self._refused = False  # the service refused us with a code that rules out a retry
        self._emit: Emit = lambda event: None

    # --- the port ---------------------------------------------------------------------------------------------------

    async def run(self, emit: Emit) -> None:
        self._emit = emit
        async with asyncio.TaskGroup() as group:
            working = group.create_task(self._keep_connected())
            await self._stopping.wait()
            await asyncio.wait([working], timeout=self._clock.real_seconds(STOP_MS))
            working.cancel()

    def perform(self, action: Action) -> None:
        if self._refused:
            return
        match action:
            case Transcribe(pcmu):
                self._keep(pcmu)
                self._quiet_bytes = 0 if level(pcmu) >= SOUND_LEVEL else self._quiet_bytes + len(pcmu)
            case CommitTranscript(number):
                self._keep(number)
            case _:
                return
        if self._live is not None and self._due():
            self._send_now(self._live)

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    # --- inside -----------------------------------------------------------------------------------------------------

    def _keep(self, item: bytes | int) -> None:
        shed = self._backlog.add(item)
        if shed.pieces:
            self._emit(OutboxOverflowed("stt", shed.pieces))
        for number in shed.commits:
            self._emit(CommitRefused(number))

    async def _keep_connected(self) -> None:
        async for code, retryable, _ in reconnecting(
            self._session, self._clock, self._stopping, first_ms=200, passing=wire.RETRYABLE, busy=wire.BUSY,
            event="stt_lost", secret=self._key,
        ):  # fmt: skip
            if not retryable:
                self._refused = True
                self._backlog.clear()
            self._emit(SttLost(code, retryable))

    async def try_once(self) -> None:
        """Opens a session and closes it, without audio. Raises ProviderError with the service's code."""
        try:
            async with self._opened():
                pass
        except Exception as error:
            fault = describe(error, wire.RETRYABLE)
            if fault.slug == REFUSED:  # the next session does not name the language
                return await self.try_once()
            said = without_secrets(fault.said, self._key) or str(error)
            raise ProviderError(said, provider="elevenlabs_stt", code=fault.slug, retryable=fault.retryable) from error

    async def _session(self) -> None:
        """Runs one connection. Returns when the call ends; raises when the connection fails."""
        async with self._opened() as socket:
            await self._converse(socket)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[ClientConnection]:
        async with self._open() as socket:
            async with self._clock.timeout(START_MS):
                await self._started(socket)
            yield socket

    async def _started(self, socket: ClientConnection) -> None:
        while True:
            message = wire.decode(await socket.recv())
            if isinstance(message, wire.Started):
                break
            if isinstance(message, wire.Fault):
                raise SessionEnded(message.slug, message.retryable, message.said)
        response = socket.response
        log.debug("stt_ready", trace_id=response.headers.get("x-trace-id", "") if response else "")
        self._backlog.rewind()
        self._segments = wire.Segments()
        self._emit(SttReady())

    async def _converse(self, socket: ClientConnection) -> None:
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(self._write(socket))
            try:
                await self._read(socket)
            except ConnectionClosed:
                if not self._stopping.is_set():
                    raise
            finally:
                writing.cancel()

    async def _read(self, socket: ClientConnection) -> None:
        """Handles messages; checks the deadlines of transcripts and commits at least once a second."""
        segments, clock = self._segments, self._clock
        while True:
            wait_ms = segments.wait_ms(clock.ms())
            try:
                async with clock.timeout(1_000 if wait_ms is None else wait_ms + 1):
                    message = wire.decode(await socket.recv())
            except TimeoutError:
                message = wire.Ignored()
            if isinstance(message, wire.Fault):
                raise SessionEnded(message.slug, message.retryable, message.said)
            now = clock.ms()
            self._report(segments.due(now))
            self._report(segments.received(message, now))
            if segments.overdue(now):
                self._report(segments.given_up())
                raise SessionEnded("provider_timeout", True)

    def _report(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case TranscriptUpdated(stable, _, 0) if stable:  # closed by the service itself, a moment ago
                    self._backlog.heard(but_ms=OWN_CLOSE_MS)
                case TranscriptUpdated(commit=commit):
                    self._backlog.answered(commit)
                case CommitRefused(commit):
                    self._backlog.refused(commit)
            self._emit(event)

    # --- sending ----------------------------------------------------------------------------------------------------

    def _due(self) -> bool:
        """Whether there is a whole piece to send, a commit, or the end of a sound."""
        fading = 0 < self._quiet_bytes <= FADING_BYTES
        return self._backlog.ready(PIECE_BYTES) or (fading and bool(self._backlog))

    def _send_now(self, socket: ClientConnection) -> None:
        """Sends all that is due, without waiting. If the network is slow, or gone, that is left to the task."""
        if socket.state is not State.OPEN or socket.transport.get_write_buffer_size() > CONGESTED_BYTES:
            self._live = None
            self._wake.set()
            return
        while self._due():
            for message in self._messages(*self._backlog.take(PIECE_BYTES)):
                broadcast((socket,), message, text=True)  # the library's way to send without waiting

    async def _write(self, socket: ClientConnection) -> None:
        try:
            await self._send(socket)
        except ConnectionClosed:
            pass  # the reader will find the reason, which comes before the close
        finally:
            self._live = None

    async def _send(self, socket: ClientConnection) -> None:
        behind = len(self._backlog) > BEHIND_ITEMS
        while not self._stopping.is_set():
            if self._due():
                pcmu, commit = self._backlog.take(PIECE_BYTES)
                for message in self._messages(pcmu, commit):
                    await socket.send(message, text=True)
                if behind:
                    await self._clock.sleep(len(pcmu) / BYTES_PER_MS / RESEND_SPEED)
            else:
                behind, self._live = False, socket
                self._wake.clear()
                await self._wake.wait()
        await socket.close()

    def _messages(self, pcmu: bytes, commit: int | None) -> list[bytes]:
        """The messages for a piece of audio and the commit that follows it."""
        messages, now = [], self._clock.ms()
        if pcmu:
            self._segments.sent(pcmu)
            messages.append(wire.audio(pcmu))
        if self._segments.repeat(now) if commit is None else self._segments.commit(commit, now):
            messages.append(wire.COMMIT)
        elif commit is not None:
            self._report([CommitRefused(commit)])
        return messages
