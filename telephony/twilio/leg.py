"""The leg: one Media Streams WebSocket, as a port.

Theory of operation. `open_leg` accepts the socket and waits for `start`. Nothing can be sent before it, because every
message needs the stream SID. `MediaLeg` then runs two tasks:

- the *reader* decodes messages, cuts frames, runs the voice detector (inline: a thread would make replay racy) and
  emits events. It awaits nothing but the socket, so that audio never backs up (error 31930 and lost words).
- the *writer* is the only task that sends (concurrent writers cause error 31924). It takes messages from the `Outbox`
  without pacing them, because Twilio does that. A send that stalls means that the peer does not read.

The leg ends at the first of these: Twilio's `stop`, the socket closing, an outbox over its limit or a stalled send
(`unread`), a flood of messages (`flooded`), or our own `EndCall` or `stop()`. The first reason is reported as
`CallerLeft`, the last event. Unreadable messages are ignored, counted by kind, and logged once at the end of the call.

Overflow policy of the outbox: the call ends. Audio that nobody reads is not worth keeping, and dropping part of it
would make every later mark wrong.
"""

from __future__ import annotations

import asyncio
from collections import Counter

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from telephony.audio.frames import FRAME_BYTES, FRAME_MS
from telephony.clock import Clock
from telephony.contracts.port import Emit
from telephony.contracts.vad import Detector
from telephony.core.actions import Action, ClearPlayout, EndCall, SendAudio, SendMark
from telephony.core.events import AudioMissed, AudioReceived, CallerLeft, CallStarted, KeyPressed, LegEnd, MarkReached
from telephony.errors import BadMessage, CarrierError
from telephony.twilio.media_stream import (
    Dtmf,
    Frame,
    FrameCutter,
    Mark,
    Media,
    Message,
    Stop,
    StreamStart,
    check_format,
    decode,
)
from telephony.twilio.outbox import Outbox

log = structlog.get_logger()

SUBPROTOCOL = "audio.twilio.com"
#: If a single send takes this long, the peer does not read.
STALLED_MS = 10_000
#: Time for each of flushing the outbox and closing the socket.
CLOSING_MS = 2_000
#: Limits on unreadable messages, and on messages of any kind, before `start`.
BAD_BEFORE_START = 100
ANY_BEFORE_START = 1_000
#: Control messages in one second, not counting echoes of our own marks. A caller presses at most ten keys a second.
CONTROL_PER_SECOND = 100
#: Most that audio may be ahead of the clock. Bursts after a stall stay below this; an endless upload does not.
MEDIA_AHEAD_MS = 60_000
#: A gap of this length resets the detector, whose state is then out of date.
RESET_AFTER_MISSED_MS = 200
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
        self.faults: Counter[str] = Counter()
        self._socket = socket
        self._detector = detector
        self._clock = clock
        self._outbox = Outbox(start.stream_sid)
        self._outbox_bytes = outbox_bytes
        self._work = asyncio.Event()  # set when there is something to write, or the leg is to end
        self._over = asyncio.Event()
        self._how: LegEnd | None = None
        self._ending = False  # EndCall or stop(): write the outbox, then close
        self._marks_out: Counter[str] = Counter()  # marks sent but not yet echoed

    async def run(self, emit: Emit) -> None:
        """Emits `CallStarted` first and `CallerLeft` last. Returns when the leg ends; also closes it if cancelled."""
        emit(CallStarted(self.start.stream_sid))
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
                self._marks_out[name] += 1
                self._outbox.mark(name)
            case ClearPlayout():
                self._outbox.clear()
            case EndCall():
                self._ending = True
            case _:
                return
        if self._outbox.size > self._outbox_bytes:
            self._finish(LegEnd.UNREAD)
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
                async with self._clock.timeout(STALLED_MS):
                    await self._socket.send_text(self._outbox.take())
        except TimeoutError:
            self._finish(LegEnd.UNREAD)
        except CLOSED:
            pass
        self._finish(LegEnd.DISCONNECTED)

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
        cutter, flood = FrameCutter(), _Flood(self._clock)
        handled = 0
        while not self._over.is_set():
            raw = await self._socket.receive()
            if raw["type"] == "websocket.disconnect":
                self._disconnected(raw.get("code"))
                return
            handled += 1
            if handled % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
            try:
                message = decode(_payload(raw))
            except BadMessage as error:
                self.faults[error.code] += 1
                flood.control()
            else:
                self._handle(message, cutter, flood, emit)
            if flood.is_on():
                self._finish(LegEnd.FLOODED)

    def _disconnected(self, code: int | None) -> None:
        if code == 1009:  # uvicorn closed it because a message exceeded its size limit
            self.faults["too_big"] += 1
        self._finish(LegEnd.DISCONNECTED)

    def _handle(self, message: Message, cutter: FrameCutter, flood: _Flood, emit: Emit) -> None:
        sid = getattr(message, "stream_sid", self.start.stream_sid)
        if sid != self.start.stream_sid or isinstance(message, StreamStart):
            self.faults["second_start" if isinstance(message, StreamStart) else "wrong_stream"] += 1
            flood.control()
            return
        match message:
            case Media(track="inbound"):
                flood.media(len(message.pcmu))
                for item in cutter.cut(message):
                    self._emit_frame(item, emit)
                if repeated := cutter.take_repeated():
                    self.faults["repeated_media"] += repeated
            case Media():
                self.faults["wrong_track"] += 1  # our own audio must not be taken for the caller's
                flood.control()
            case Mark(name=name):
                if not self._echo_expected(name):
                    self.faults["unknown_mark"] += 1
                    flood.control()
                emit(MarkReached(name))
            case Dtmf(digit=digit):
                flood.control()
                emit(KeyPressed(digit))
            case Stop():
                for frame in cutter.flush():
                    self._emit_frame(frame, emit)
                self._finish(LegEnd.STOP)
            case _:
                flood.control()

    def _emit_frame(self, item: Frame | AudioMissed, emit: Emit) -> None:
        if isinstance(item, AudioMissed):
            self.faults["gap"] += 1
            if item.ms >= RESET_AFTER_MISSED_MS:
                self._detector.reset()
            emit(item)
            return
        speech, level = self._detector.hear(item.pcmu)
        emit(AudioReceived(item.pcmu, item.media_ms, speech, level))

    def _echo_expected(self, name: str) -> bool:
        if name not in self._marks_out:
            return False
        self._marks_out[name] -= 1
        if not self._marks_out[name]:
            del self._marks_out[name]
        return True


class _Flood:
    """Detects floods: more control messages, or audio further ahead of the clock, than a real carrier sends. Echoes of
    our own marks do not count, because a clear can bring hundreds of them at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_ms = clock.ms()
        self._second = 0
        self._controls = 0
        self._heard_bytes = 0

    def control(self) -> None:
        second = (self._clock.ms() - self._began_ms) // 1000
        if second != self._second:
            self._second, self._controls = second, 0
        self._controls += 1

    def media(self, size: int) -> None:
        self._heard_bytes += max(size, 1)

    def is_on(self) -> bool:
        ahead_ms = self._heard_bytes * FRAME_MS // FRAME_BYTES - (self._clock.ms() - self._began_ms)
        return self._controls > CONTROL_PER_SECOND or ahead_ms > MEDIA_AHEAD_MS


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
    abort = socket.scope.get("extensions", {}).get("telephony.abort", {}).get("abort")
    if abort is not None:
        abort()
