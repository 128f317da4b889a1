"""The Agents socket as a port: it stands in for STT, LLM and TTS in a managed call.

Theory of operation. The port starts at the webhook. While the phone rings it fetches the signed URL (private agents
only). `OpenManaged` arrives once the carrier's stream is up: the port connects and sends the start message. A fault of
the transport before the conversation has begun is tried again; after that, it would be another conversation. A *reader*
then handles incoming messages and answers a ping at once; a *writer* sends the outbox in order. Our own tools run here
as child tasks.

However the conversation ends, `ManagedClosed` is reported exactly once, with the close code, a stable cause and the
platform's own text; a log line explains the code. After `stop`, nothing is reported and the socket is closed with 1000.

Overflow policy of the outbox: the oldest caller audio is dropped, and reported at most once a second. Up to a thousand
texts and tool results may wait; beyond that the newest is dropped and reported. Until the socket is open the outbox
keeps the last five seconds of audio.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import suppress

import structlog
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from telephony.agent import IncomingCall, ManagedAgent
from telephony.clock import Clock
from telephony.contracts.port import Emit
from telephony.core.actions import Action, RunTool, Transcribe
from telephony.core.events import OutboxOverflowed, ToolFinished, ToolWanted
from telephony.core.managed_events import (
    AUDIO_FORMAT,
    AnswerTool,
    ManagedCause,
    ManagedClosed,
    ManagedOpened,
    OpenManaged,
    SendToManaged,
)
from telephony.elevenlabs import agents_codec
from telephony.elevenlabs.agents_rest import AgentsRest
from telephony.elevenlabs.connection import BUSY_MS, describe, open_socket
from telephony.elevenlabs.faults import TRANSPORT_CLOSES
from telephony.errors import ProviderError
from telephony.log_redaction import identifier, said, without_secrets
from telephony.tools import Toolbox, ToolContext

log = structlog.get_logger()

START_MS = 6_000
"""How long the platform may take to answer our start message with its metadata."""
IDLE_MS = 30_000
"""Without any message for this long, a platform that has been pinging (every few seconds) counts as lost."""
EARLY_FRAMES = 250
LATE_FRAMES = 500
MAX_TEXTS = 1_000
MAX_BYTES = 16 * 2**20
ATTEMPTS = 3
RETRY_MS = 300
"""The first further attempt is immediate; the caller hears nothing meanwhile."""
MAX_UNREADABLE = 100  # unreadable messages in a row
_CAUSES = {
    "provider_refused": ManagedCause.MANAGED_REFUSED,
    "provider_busy": ManagedCause.MANAGED_BUSY,
    "provider_timeout": ManagedCause.MANAGED_TIMEOUT,
    "provider_misbehaved": ManagedCause.MANAGED_MISBEHAVED,
}


class _Closed(Exception):
    """Ends the conversation: carries the `ManagedClosed` to report and, for the log, its explanation. `passes`: it was
    a fault of the transport."""

    def __init__(
        self, code: int, cause: ManagedCause, detail: str = "", means: str = "", *, passes: bool = False
    ) -> None:
        super().__init__(cause)
        self.event = ManagedClosed(code, cause, without_secrets(detail))
        self.means, self.passes = means, passes


class ManagedSocket:
    """The `Port` that performs OpenManaged, Transcribe, SendToManaged, RunTool and AnswerTool."""

    def __init__(self, agent: ManagedAgent, call: IncomingCall, rest: AgentsRest, clock: Clock) -> None:
        self._agent, self._call, self._rest, self._clock = agent, call, rest, clock
        self._toolbox = Toolbox(agent.tools, ToolContext(call.call_sid, call.caller, call.called))
        self._wanted: dict[str, ToolWanted] = {}
        self._outbox = _Outbox()
        self._open = asyncio.Event()  # set by OpenManaged, or by `stop`
        self._stopped = asyncio.Event()
        self._group: asyncio.TaskGroup | None = None
        self._begun = False  # the platform has answered the start message
        self._emit: Emit = lambda event: None

    async def run(self, emit: Emit) -> None:
        self._emit = emit
        try:
            closed = await self._until_stopped()
        except Exception:
            log.exception("managed_crashed", call_sid=self._call.call_sid)
            closed = _Closed(0, ManagedCause.MANAGED_FAILED, "internal error")
        if closed is not None and not self._stopped.is_set():
            event = closed.event
            level = log.info if event.cause is ManagedCause.ENDED else log.error
            level(
                "managed_closed", call_sid=self._call.call_sid, agent_id=self._agent.agent_id, close_code=event.code,
                cause=event.cause, meaning=closed.means, **said(event.detail),
            )  # fmt: skip
            emit(event)

    def perform(self, action: Action) -> None:
        match action:
            case Transcribe(pcmu):
                if dropped := self._outbox.audio(pcmu, self._clock.ms()):
                    self._emit(OutboxOverflowed("managed", dropped))
            case OpenManaged():
                self._open.set()
            case SendToManaged(kind, text):
                self._text(agents_codec.message(kind, text))
            case AnswerTool(tool_call_id, result, failed):
                self._text(agents_codec.tool_result(tool_call_id, result, failed))
            case RunTool(_, tool_call_id):
                wanted = self._wanted.get(tool_call_id)
                if wanted is not None and self._group is not None:
                    work = self._run_tool(wanted)
                    try:
                        self._group.create_task(work, name=f"tool {wanted.name}")
                    except RuntimeError:  # the task group is already shutting down
                        work.close()
            case _:
                pass

    def stop(self) -> None:
        self._stopped.set()
        self._open.set()

    def _text(self, message: str) -> None:
        if not self._outbox.text(message):
            self._emit(OutboxOverflowed("managed", 1))

    # --- one conversation -------------------------------------------------------------------------------------------

    async def _until_stopped(self) -> _Closed | None:
        """How the platform ended the conversation; None if we ended it."""
        async with asyncio.TaskGroup() as group:
            stopping = group.create_task(self._stopped.wait())
            talking = group.create_task(self._talk())
            inspecting = group.create_task(self._rest.inspect(self._agent))
            await asyncio.wait([stopping, talking], return_when=asyncio.FIRST_COMPLETED)
            for task in (stopping, talking, inspecting):
                task.cancel()
        return None if talking.cancelled() else talking.result()

    async def _talk(self) -> _Closed:
        """Until the conversation has begun, a fault of the transport is tried again."""
        for attempt in range(1, ATTEMPTS):
            closed = await self._attempt()
            if not closed.passes or self._begun:
                return closed
            log.info("managed_retry", call_sid=self._call.call_sid, cause=closed.event.cause, attempt=attempt)
            await self._clock.sleep(
                BUSY_MS if closed.event.cause is ManagedCause.MANAGED_BUSY else RETRY_MS * (attempt - 1)
            )
        return await self._attempt()

    async def _attempt(self) -> _Closed:
        try:
            address = await self._rest.address(self._agent)
            await self._open.wait()
            async with open_socket(address, "", self._clock, max_bytes=MAX_BYTES) as socket:
                await self._converse(socket)
        except Exception as error:
            return _why(error)
        return _Closed(1000, ManagedCause.ENDED)

    async def _converse(self, socket: ClientConnection) -> None:
        await socket.send(json.dumps(agents_codec.initiation(self._agent, self._call)))
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                group.create_task(self._write(socket), name="managed writer")
                await self._read(socket)
            finally:
                self._group = None
                await socket.close()  # otherwise leaving the connection's block with an exception closes it with 1011

    async def _write(self, socket: ClientConnection) -> None:
        self._outbox.opened = True
        with suppress(ConnectionClosed):  # the reader will find the reason, which comes before the close
            while True:
                await socket.send(await self._outbox.next())

    async def _read(self, socket: ClientConnection) -> None:
        """Reads until an exception ends it: a close, a timeout, or too many unreadable messages."""
        loop, silence = asyncio.get_running_loop(), self._clock.real_seconds(IDLE_MS)
        faults, in_a_row, error_text, opened, pings = 0, 0, "", False, False
        try:
            async with self._clock.timeout(START_MS) as timeout:
                while True:
                    raw = await socket.recv()
                    try:
                        message = agents_codec.read(raw)
                    except (ValueError, RecursionError):
                        faults, in_a_row = faults + 1, in_a_row + 1
                        if in_a_row > MAX_UNREADABLE:
                            raise _Closed(
                                0, ManagedCause.MANAGED_MISBEHAVED, "", "too many unreadable messages"
                            ) from None
                        continue
                    in_a_row = 0
                    if isinstance(message, agents_codec.Ping):
                        pings = True
                        await socket.send(agents_codec.pong(message.event_id))
                    elif message is None:
                        error_text = agents_codec.error_of(raw) or error_text
                    else:
                        self._begun = opened = opened or isinstance(message, ManagedOpened)
                        self._report(message)
                    if opened:  # agents can turn pings off: then silence proves nothing
                        timeout.reschedule(loop.time() + silence if pings else None)
        except TimeoutError:
            means = "no message for half a minute" if opened else "the platform did not begin the conversation"
            raise _Closed(
                0, ManagedCause.MANAGED_LOST if opened else ManagedCause.MANAGED_TIMEOUT, error_text, means
            ) from None
        except ConnectionClosed as error:
            raise _by_close(error, error_text, opened) from None
        finally:
            if faults:
                log.warning("managed_unreadable_messages", call_sid=self._call.call_sid, count=faults)

    def _report(self, message: agents_codec.Message) -> None:
        if isinstance(message, ToolWanted):
            self._wanted.setdefault(message.tool_call_id, message)
        if isinstance(message, ManagedOpened):
            self._log_opened(message)
        assert not isinstance(message, agents_codec.Ping)
        if not self._stopped.is_set():
            self._emit(message)

    def _log_opened(self, opened: ManagedOpened) -> None:
        line = log.bind(call_sid=self._call.call_sid, conversation_id=opened.conversation_id)
        if {opened.input_format, opened.output_format} == {AUDIO_FORMAT}:
            line.info("managed_opened", agent_id=self._agent.agent_id)
            return
        line.error(
            "managed_format_wrong", agent_id=self._agent.agent_id, input=identifier(opened.input_format),
            output=identifier(opened.output_format), wanted=AUDIO_FORMAT,
            fix="set user_input_audio_format and agent_output_audio_format of the agent to ulaw_8000",
        )  # fmt: skip

    async def _run_tool(self, wanted: ToolWanted) -> None:
        limit_ms = self._agent.limits.tool_ms
        result = await self._toolbox.run_within(self._clock, limit_ms, wanted.name, wanted.arguments)
        self._emit(ToolFinished(wanted.turn, wanted.tool_call_id, result.text, result.failed))


class _Outbox:
    """Messages waiting to be sent, in order. The module docstring states the overflow policy."""

    def __init__(self) -> None:
        self.opened = False
        self._items: deque[str] = deque()
        self._audio = 0
        self._dropped = 0
        self._reported_ms: int | None = None
        self._work = asyncio.Event()

    def audio(self, pcmu: bytes, now: int) -> int:
        """Queues a frame. Returns how many were dropped since the last report (at most one a second), else 0."""
        limit = LATE_FRAMES if self.opened else EARLY_FRAMES
        if self._audio >= limit:
            oldest = next(index for index, item in enumerate(self._items) if item.startswith(_AUDIO))
            del self._items[oldest]
            self._audio -= 1
            self._dropped += self.opened  # audio dropped before the socket is open is not counted as lost
        self._items.append(agents_codec.audio(pcmu))
        self._audio += 1
        self._work.set()
        if not self._dropped or (self._reported_ms is not None and now - self._reported_ms < 1_000):
            return 0
        dropped, self._dropped, self._reported_ms = self._dropped, 0, now
        return dropped

    def text(self, message: str) -> bool:
        """Queues a text. Returns False if `MAX_TEXTS` are already waiting, which means that nobody reads them."""
        if len(self._items) - self._audio >= MAX_TEXTS:
            return False
        self._items.append(message)
        self._work.set()
        return True

    async def next(self) -> str:
        while not self._items:
            self._work.clear()
            await self._work.wait()
        item = self._items.popleft()
        self._audio -= item.startswith(_AUDIO)
        return item


_AUDIO = '{"user_audio_chunk"'


def _by_close(error: ConnectionClosed, error_text: str, opened: bool = True) -> _Closed:
    if error.sent is not None and not error.rcvd_then_sent and error.sent.code in agents_codec.OWN_CLOSES:
        cause, means = agents_codec.OWN_CLOSES[error.sent.code]
        return _Closed(int(error.sent.code), cause, error_text, means)
    code = int(error.rcvd.code) if error.rcvd is not None else 1006
    reason = error.rcvd.reason if error.rcvd is not None else ""
    cause, means = agents_codec.meaning(code, reason)
    if cause is ManagedCause.ENDED and not opened:  # the caller has not heard an agent yet
        cause, means = ManagedCause.MANAGED_REFUSED, "the platform did not begin the conversation"
    passes = code in TRANSPORT_CLOSES and not error_text and cause is not ManagedCause.ENDED
    return _Closed(code, cause, reason or error_text, means, passes=passes)


def _why(error: BaseException) -> _Closed:
    """The reason for whatever ended the conversation; of several exceptions, the platform's own close wins."""
    while isinstance(error, BaseExceptionGroup):
        error = next((e for e in error.exceptions if isinstance(e, _Closed)), error.exceptions[0])
    if isinstance(error, _Closed):
        return error
    if isinstance(error, ConnectionClosed):
        return _by_close(error, "")
    if isinstance(error, ProviderError):  # of the REST client, which has tried again where it may help
        code, detail, passes = error.code, str(error), False
    else:
        fault = describe(error)
        code, detail, passes = fault.slug, fault.said, fault.retryable and not isinstance(error, TimeoutError)
    means = "the platform refused to start" if code == "provider_refused" else "the platform could not be reached"
    return _Closed(0, _CAUSES.get(code, ManagedCause.MANAGED_UNAVAILABLE), detail, means, passes=passes)
