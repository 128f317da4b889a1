"""The leg: one Media Streams WebSocket, as a port.

Theory of operation. `open_leg` accepts the socket and waits for `start`. Nothing can be sent before it, because every
message needs the stream SID. `MediaLeg` then works in both directions:

- *in*: `Inbound` turns each message into events. Messages come directly from the bytes that the socket has read
  (`socket_protocol.py`), so that nothing is woken for a frame; the *reader* task takes those that cannot, and all under
  another server. Nothing is awaited but the socket, so that audio never backs up (error 31930 and lost words).
- *out*: messages are taken from the `Outbox` without pacing them, because Twilio does that. They are written at once;
  while the peer does not read, the *writer* task waits until it does. A send that stalls means that it never will. Only
  one message is being written at any time (concurrent writers cause error 31924).

The leg ends at the first of these: Twilio's `stop`, the socket closing, an outbox over its limit or a stalled send
(`unread`), a flood of messages (`flooded`), or our own `EndCall` or `stop()`. The first reason is reported as
`CallerLeft`, the last event. Unreadable messages are ignored, counted by kind, and logged once at the end of the call.

Overflow policy of the outbox: the call ends. Audio that nobody reads is not worth keeping, and dropping part of it
would make every later mark wrong.
"""

from __future__ import annotations

import asyncio
import functools
from collections import Counter

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from telephony.clock import Clock
from telephony.contracts.port import Emit
from telephony.contracts.vad import Detector
from telephony.core.actions import Action, ClearPlayout, EndCall, SendAudio, SendMark
from telephony.core.events import CallerLeft, CallStarted, LegEnd
from telephony.errors import BadMessage, CarrierError
from telephony.twilio.inbound import Inbound
from telephony.twilio.media_stream import Dtmf, Mark, Media, Stop, StreamStart, check_format, decode
from telephony.twilio.outbox import Outbox
from telephony.twilio.socket_protocol import direct_of

log = structlog.get_logger()

SUBPROTOCOL = "audio.twilio.com"
#: If a single send takes this long, the peer does not read.
STALLED_MS = 10_000
#: Time for each of flushing the outbox and closing the socket.
CLOSING_MS = 2_000
#: Limits on unreadable messages, and on messages of any kind, before `start`.
BAD_BEFORE_START = 100
ANY_BEFORE_START = 1_000
#: What Starlette and uvicorn raise on a closed socket.
CLOSED = (WebSocketDisconnect, RuntimeError, OSError)
#: Messages handled in a row before yielding to the event loop.
_YIELD_EVERY = 32


async def open_leg(socket: WebSocket, *, clock: Clock, start_ms: int = 5_000) -> StreamStart:
    """Accepts the socket, waits for `start` and returns it.

    Check the signature before calling this (a refusal must be HTTP 403) and the token afterwards. On failure, closes
    the socket with 1008 and raises `CarrierError` with one of these codes: `no_start` (not within `start_ms`),
    `media_format`, `flooded`, `left_before_start` (the peer closed).
    """
    await socket.accept(SUBPROTOCOL if SUBPROTOCOL in socket.scope.get("subprotocols", ()) else None)
    faults: Counter[str] = Counter()
    try:
        try:
            async with clock.timeout(start_ms):
                start = await _await_start(socket, faults)
        except TimeoutError:
            raise CarrierError(f"no start within {start_ms} ms", code="no_start") from None
        check_format(start)
    except CarrierError as error:
        await close(socket, clock, 1008, error.code)
        log.warning("leg_refused", code=error.code, faults=dict(faults))
        raise
    if faults:
        log.warning("leg_faults_before_start", call_sid=start.call_sid, faults=dict(faults))
    return start


async def _await_start(socket: WebSocket, faults: Counter[str]) -> StreamStart:
    for _ in range(ANY_BEFORE_START):
        raw = await socket.receive()
        if raw["type"] == "websocket.disconnect":
            raise CarrierError("the socket closed before start", code="left_before_start")
        try:
            message = decode(_payload(raw))
        except BadMessage as error:
            faults[error.code] += 1
            if faults.total() > BAD_BEFORE_START:
                break
            continue
        match message:
            case StreamStart():
                return message
            case Stop():
                raise CarrierError("stopped before start", code="left_before_start")
            case Media() | Mark() | Dtmf():
                faults["before_start"] += 1
            case _:  # `connected`, and events that Twilio may add
                pass
    raise CarrierError("many messages without a start", code="flooded")


class MediaLeg:
    """The leg as a port. Events: the caller's audio and keys, and marks. Actions: audio, marks, clear and the end.

    `outbox_bytes` bounds the unwritten messages (8 MiB are 17 minutes of speech). See the module docstring.
    """

    def __init__(
        self, socket: WebSocket, start: StreamStart, detector: Detector, clock: Clock, *, outbox_bytes: int = 8 * 2**20
    ) -> None:
        self.start = start
        self._inbound = Inbound(start, detector, clock)
        self._socket = socket
        self._direct = direct_of(socket.scope)
        self._clock = clock
        self._outbox = Outbox(start.stream_sid)
        self._outbox_bytes = outbox_bytes
        self._work = asyncio.Event()  # set when there is something to write, or the leg is to end
        self._over = asyncio.Event()
        self._how: LegEnd | None = None
        self._ending = False  # EndCall or stop(): write the outbox, then close
        self._writing = False  # a message is being written

    @property
    def faults(self) -> Counter[str]:
        """Faults of the carrier's messages so far, by kind."""
        return self._inbound.faults

    async def run(self, emit: Emit) -> None:
        """Emits `CallStarted` first and `CallerLeft` last. Returns when the leg ends; also closes it if cancelled."""
        emit(CallStarted(self.start.stream_sid))
        if self._direct is not None:
            self._direct.listen(functools.partial(self._take, emit))
        try:
            async with asyncio.TaskGroup() as tasks:
                running = (tasks.create_task(self._read(emit)), tasks.create_task(self._write()))
                await self._over.wait()
                for task in running:
                    task.cancel()
        except Exception:  # a port never raises: a bug here ends this call only
            log.exception("leg_crashed", call_sid=self.start.call_sid)
            self._finish(LegEnd.DISCONNECTED)
        finally:
            if self._direct is not None:
                self._direct.listen(None)
            await self._close()
            for code, count in sorted(self.faults.items()):
                log.warning("leg_fault", code=code, count=count, call_sid=self.start.call_sid)
        emit(CallerLeft(self._how or LegEnd.CLOSED))

    def perform(self, action: Action) -> None:
        """Carries out `SendAudio`, `SendMark`, `ClearPlayout` and `EndCall`; ignores all others."""
        if self._ending or self._over.is_set():
            return
        match action:
            case SendAudio(pcmu):
                self._outbox.audio(pcmu)
            case SendMark(name):
                self._inbound.expect_echo(name)
                self._outbox.mark(name)
            case ClearPlayout():
                self._outbox.clear()
            case EndCall():
                self._ending = True
            case _:
                return
        self._write_now()
        if self._outbox.size > self._outbox_bytes:
            self._finish(LegEnd.UNREAD)
        if self._outbox or self._ending:
            self._work.set()

    def stop(self) -> None:
        """Writes the outbox and closes the socket with 1000."""
        self._ending = True
        self._work.set()

    # --- the writer ---

    async def _write(self) -> None:
        """Sends the outbox; finishes the leg when it is to end and the outbox is empty."""
        try:
            while self._outbox or not self._ending:
                if not self._outbox:
                    self._work.clear()
                    await self._work.wait()
                    continue
                self._writing = True
                async with self._clock.timeout(STALLED_MS):
                    await self._socket.send_text(self._outbox.take())
                self._writing = False
        except TimeoutError:
            self._finish(LegEnd.UNREAD)
        except CLOSED:
            pass
        self._finish(LegEnd.DISCONNECTED)

    def _write_now(self) -> None:
        """Sends what the socket can take at once, without the writer's task."""
        if self._direct is not None and not self._writing:
            while self._outbox and self._direct.ready():
                self._direct.write(self._outbox.take())

    async def _close(self) -> None:
        """Closes the socket. After `EndCall` it first sends the outbox, in case the writer was cancelled too early."""
        self._over.set()
        if self._how is LegEnd.UNREAD:
            _abort(self._socket)
            return
        if self._ending and self._how is None:
            try:
                async with self._clock.timeout(CLOSING_MS):
                    while self._outbox:
                        await self._socket.send_text(self._outbox.take())
            except (TimeoutError, *CLOSED):
                pass
        flooded = self._how is LegEnd.FLOODED
        await close(self._socket, self._clock, 1008 if flooded else 1000, "flooded" if flooded else "")

    def _finish(self, how: LegEnd) -> None:
        """Ends the leg. The first reason given is the one reported."""
        self._how = self._how or how
        self._over.set()

    # --- the reader ---

    async def _read(self, emit: Emit) -> None:
        """Takes what does not come directly: everything, under a server that has no direct way."""
        handled = 0
        while not self._over.is_set():
            raw = await self._socket.receive()
            if raw["type"] == "websocket.disconnect":
                if raw.get("code") == 1009:  # the server closed it because a message exceeded its size limit
                    self.faults["too_big"] += 1
                self._finish(LegEnd.DISCONNECTED)
                return
            handled += 1
            if handled % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
            self._inbound.receive(_payload(raw), emit)
            self._look()

    def _take(self, emit: Emit, payload: bytes) -> None:
        """Takes a message that came directly. Never raises."""
        if self._over.is_set():
            return
        try:
            self._inbound.receive_ascii(payload, emit)
        except Exception:  # a port never raises: a bug here ends this call only
            log.exception("leg_crashed", call_sid=self.start.call_sid)
            self._finish(LegEnd.DISCONNECTED)
        self._look()

    def _look(self) -> None:
        """Whether the caller's side is over, after a message."""
        if self._inbound.stopped:
            self._finish(LegEnd.STOP)
        if self._inbound.flood.on:
            self._finish(LegEnd.FLOODED)


def _payload(raw: object) -> str | bytes:
    """The text of an ASGI message, or the bytes of a binary one."""
    assert isinstance(raw, dict)
    text = raw.get("text")
    return text if isinstance(text, str) else bytes(raw.get("bytes") or b"")


async def close(socket: WebSocket, clock: Clock, code: int, reason: str) -> None:
    """Closes the socket, whatever its state. If the peer does not read, aborts the connection after `CLOSING_MS`."""
    try:
        async with clock.timeout(CLOSING_MS):
            await socket.close(code, reason)
    except TimeoutError:
        _abort(socket)
    except CLOSED:
        pass


def _abort(socket: WebSocket) -> None:
    """Aborts the connection if the server can (see `socket_protocol`); otherwise it ends when the peer disconnects."""
    if (direct := direct_of(socket.scope)) is not None:
        direct.abort()
