"""The ears: a port on ElevenLabs' realtime STT.

Audio goes out in pieces of 100 ms, and at once before a commit. Everything since the last answered commit is kept
(bounded), so that after a lost connection it can be sent again, paced, with the commits at their places. A session is
up when it says so (`session_started`), because quota and key faults come as messages after a good handshake.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException

from telephony.call.actions import Action, CommitTranscript, Transcribe
from telephony.call.events import CommitRefused, EarsLost, EarsReady, Event, OutboxOverflowed, TranscriptFinal
from telephony.clock import Clock
from telephony.ports import Emit
from telephony.stt import EarsSpec
from telephony.stt import scribe_wire as wire

log = structlog.get_logger()

PIECE_BYTES = 800
KEPT_BYTES = 30 * 8_000
"""Thirty seconds: the longest stretch that is sent again."""
OPEN_MS = 5_000
RESEND_SPEED = 4
"""Audio that is sent again goes out so many times faster than it was spoken: much faster risks `queue_overflow`."""
BACKOFF_MS = (100, 5_000)


class ScribeEars:
    """The `Port` that performs Transcribe and CommitTranscript."""

    def __init__(self, *, base_url: str, api_key: str, spec: EarsSpec, clock: Clock) -> None:
        self._url, self._key, self._clock = wire.socket_url(base_url, spec), api_key, clock
        # Audio and commit numbers since the last answered commit: those that this socket was sent, then the others.
        self._sent: deque[bytes | int] = deque()
        self._unsent: deque[bytes | int] = deque()
        self._kept_bytes = 0
        self._dropped = 0  # bytes of the caller's audio that are not kept any more
        self._segments = wire.Segments()
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._deaf = False  # refused for good
        self._emit: Emit = lambda event: None

    # --- the port ---------------------------------------------------------------------------------------------------

    async def run(self, emit: Emit) -> None:
        self._emit = emit
        async with asyncio.TaskGroup() as group:
            working = group.create_task(self._keep_connected())
            await self._stopping.wait()
            await asyncio.wait([working], timeout=self._clock.real_seconds(1_000))
            working.cancel()

    def perform(self, action: Action) -> None:
        if self._deaf:
            return
        match action:
            case Transcribe(pcmu):
                self._unsent.append(pcmu)
                self._kept_bytes += len(pcmu)
                self._shed()
            case CommitTranscript(number):
                self._unsent.append(number)
            case _:
                return
        self._wake.set()

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    # --- inside -----------------------------------------------------------------------------------------------------

    def _shed(self) -> None:
        """The oldest audio goes first; what was never sent is reported."""
        lost = 0
        while self._kept_bytes > KEPT_BYTES:
            lost += not self._sent
            self._forget((self._sent or self._unsent).popleft())
        if lost:
            self._emit(OutboxOverflowed("ears", lost))

    def _forget(self, item: bytes | int) -> None:
        if isinstance(item, bytes):
            self._kept_bytes -= len(item)
            self._dropped += len(item)

    def _answered(self, commit: int) -> None:
        """Everything up to this commit need not be sent again."""
        if commit in self._sent:
            while (item := self._sent.popleft()) != commit:
                self._forget(item)

    async def _keep_connected(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                await self._session()
                failures, code, retryable = 0, "provider_unavailable", True
            except Exception as error:
                code, retryable = describe(error)
                failures += 1
                log.info("ears_socket_failed", code=code, detail=type(error).__name__)
            if self._stopping.is_set():
                return
            self._emit(EarsLost(code, retryable))
            if not retryable:
                self._deaf = True
                self._sent.clear()
                self._unsent.clear()
                return
            low, high = BACKOFF_MS
            if failures > 1:
                await self._clock.sleep(min(high, low * 2 ** min(failures, 8)) * random.uniform(0.7, 1.3))

    async def _session(self) -> None:
        """One connection, until it or the call ends."""
        local = any(host in self._url for host in ("//127.0.0.1", "//localhost", "//[::1]"))
        async with (
            self._clock.timeout(OPEN_MS) as opening,
            connect(
                self._url,
                additional_headers={"xi-api-key": self._key},
                max_size=4 * 2**20,
                compression=None,
                open_timeout=None,
                close_timeout=self._clock.real_seconds(1_000),
                proxy=None if local else True,
            ) as socket,
        ):
            await self._started(socket)
            opening.reschedule(None)
            self._emit(EarsReady())
            await self._converse(socket)

    async def _started(self, socket: ClientConnection) -> None:
        while True:
            message = wire.decode(await socket.recv())
            if isinstance(message, wire.Started):
                break
            if isinstance(message, wire.Fault):
                raise _Over(message.slug, message.retryable)
        self._segments = wire.Segments()
        self._segments.offset_ms = self._dropped // wire.BYTES_PER_MS
        self._unsent.extendleft(reversed(self._sent))
        self._sent.clear()

    async def _converse(self, socket: ClientConnection) -> None:
        async with asyncio.TaskGroup() as group:
            helpers = [group.create_task(self._write(socket)), group.create_task(self._late())]
            try:
                async for text in socket:
                    message = wire.decode(text)
                    if isinstance(message, wire.Fault):
                        raise _Over(message.slug, message.retryable)
                    self._report(self._segments.received(message, self._clock.ms()))
            finally:
                for task in helpers:
                    task.cancel()

    def _report(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, TranscriptFinal) and event.commit:
                self._answered(event.commit)
            self._emit(event)

    async def _late(self) -> None:
        """Plain transcripts whose timed twin does not come."""
        while True:
            due = self._segments.due_ms()
            await self._clock.sleep(50 if due is None else max(5, due - self._clock.ms()))
            self._report(self._segments.due(self._clock.ms()))

    async def _write(self, socket: ClientConnection) -> None:
        piece = b""
        behind = len(self._unsent) > 25  # half a second: this is audio that is sent again
        while not self._stopping.is_set():
            more, commit = self._next(PIECE_BYTES - len(piece))
            piece += more
            if len(piece) < PIECE_BYTES and commit is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            if piece:
                self._segments.heard(piece)
                await socket.send(wire.audio(piece))
            if commit is not None:
                await self._commit(socket, commit)
            behind = behind and len(self._unsent) > 5
            if behind:
                await self._clock.sleep(len(piece) // wire.BYTES_PER_MS / RESEND_SPEED)
            piece = b""
        await socket.close()

    def _next(self, size: int) -> tuple[bytes, int | None]:
        """Up to about `size` bytes of audio (now in `_sent`), and the commit that follows them, if one does."""
        piece = b""
        while self._unsent and len(piece) < size:
            item = self._unsent.popleft()
            self._sent.append(item)
            if isinstance(item, int):
                return piece, item
            piece += item
        return piece, None

    async def _commit(self, socket: ClientConnection, number: int) -> None:
        if self._segments.commit(number):
            await socket.send(wire.commit())
        else:
            self._emit(CommitRefused(number))


class _Over(Exception):
    """The server said that the session is over."""

    def __init__(self, code: str, retryable: bool) -> None:
        super().__init__(code)
        self.code, self.retryable = code, retryable


def describe(error: BaseException) -> tuple[str, bool]:
    """(code, retryable) of whatever ended a session."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    match error:
        case _Over():
            return error.code, error.retryable
        case InvalidStatus() if error.response.status_code == 429:
            return "provider_busy", True
        case InvalidStatus() if 400 <= error.response.status_code < 500:
            return "provider_refused", False
        case TimeoutError():
            return "provider_timeout", True
        case OSError() | ConnectionClosed() | InvalidHandshake() | WebSocketException():
            return "provider_unavailable", True
    log.error("ears_bug", exc_info=error)
    return "ears_bug", True
