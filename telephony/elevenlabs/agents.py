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
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

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
    ManagedOpened,
    OpenManaged,
    SendToManaged,
)
from telephony.elevenlabs import agents_codec
from telephony.elevenlabs.agents_closed import Closed, by_close, why
from telephony.elevenlabs.agents_rest import AgentsRest
from telephony.elevenlabs.connection import BUSY_MS, open_socket
from telephony.log_redaction import identifier, said
from telephony.runtime.tool_runs import ToolRuns

log = structlog.get_logger()

START_MS = 6_000
"""How long the platform may take to answer our start message with its metadata."""
INSPECT_MS = 500
"""How long the conversation waits for the agent's configuration, which is read while the phone rings."""
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


class ManagedSocket:
    """The `Port` that performs OpenManaged, Transcribe, SendToManaged, RunTool, AnswerTool, RunDeferred and
    DropDeferred. `services` are for tools: see `ToolRuns`."""

    def __init__(
        self,
        agent: ManagedAgent,
        call: IncomingCall,
        rest: AgentsRest,
        clock: Clock,
        services: Mapping[type[Any], object] | None = None,
    ) -> None:
        self._agent, self._call, self._rest, self._clock = agent, call, rest, clock
        self._tools = ToolRuns(agent.tools, agent.limits, call, clock, services)
        self._wanted: dict[str, ToolWanted] = {}
        self._outbox = _Outbox()
        self._open = asyncio.Event()  # set by OpenManaged, or by `stop`
        self._stopped = asyncio.Event()
        self._group: asyncio.TaskGroup | None = None
        self._begun = False  # the platform has answered the start message
        self._emit: Emit = lambda event: None

    async def run(self, emit: Emit) -> None:
        self._emit = emit
        self._tools.open(emit)
        try:
            closed = await self._until_stopped()
        except Exception:
            log.exception("managed_crashed", call_sid=self._call.call_sid)
            closed = Closed(0, ManagedCause.MANAGED_FAILED, "internal error")
        if closed is not None and not self._stopped.is_set():
            event = closed.event
            level = log.info if event.cause is ManagedCause.ENDED else log.error
            level(
                "managed_closed", call_sid=self._call.call_sid, agent_id=self._agent.agent_id, close_code=event.code,
                cause=event.cause, meaning=closed.means, **said(event.detail),
            )  # fmt: skip
            emit(event)
        await self._stopped.wait()  # what the agent said last is still being heard, and work may wait for it
        self._tools.close()
        await self._tools.finish()

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
                self._wanted.pop(tool_call_id, None)
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
                self._tools.perform(action)

    def stop(self) -> None:
        self._stopped.set()
        self._open.set()

    def _text(self, message: str) -> None:
        if not self._outbox.text(message):
            self._emit(OutboxOverflowed("managed", 1))

    # --- one conversation -------------------------------------------------------------------------------------------

    async def _until_stopped(self) -> Closed | None:
        """How the platform ended the conversation; None if we ended it."""
        async with asyncio.TaskGroup() as group:
            stopping = group.create_task(self._stopped.wait())
            inspecting = group.create_task(self._rest.inspect(self._agent))
            talking = group.create_task(self._talk(inspecting))
            await asyncio.wait([stopping, talking], return_when=asyncio.FIRST_COMPLETED)
            for task in (stopping, talking, inspecting):
                task.cancel()
        return None if talking.cancelled() else talking.result()

    async def _talk(self, inspecting: asyncio.Task[tuple[str, ...]]) -> Closed:
        """Until the conversation has begun, a fault of the transport is tried again."""
        for attempt in range(1, ATTEMPTS):
            closed = await self._attempt(inspecting)
            if not closed.passes or self._begun:
                return closed
            log.info("managed_retry", call_sid=self._call.call_sid, cause=closed.event.cause, attempt=attempt)
            await self._clock.sleep(
                BUSY_MS if closed.event.cause is ManagedCause.MANAGED_BUSY else RETRY_MS * (attempt - 1)
            )
        return await self._attempt(inspecting)

    async def _attempt(self, inspecting: asyncio.Task[tuple[str, ...]]) -> Closed:
        """One conversation. If the platform refuses it because we ask for client events (the agent's settings may have
        changed since they were read), it is asked once more without."""
        try:
            url = await self._rest.address(self._agent)
            await self._open.wait()
            await asyncio.wait([inspecting], timeout=self._clock.real_seconds(INSPECT_MS))
            events = (inspecting.result() or ()) if inspecting.done() else ()
            closed = await self._connect(url, events)
            if events and closed.event.cause is ManagedCause.MANAGED_REFUSED and not self._begun:
                self._rest.events_refused(self._agent)
                closed = await self._connect(await self._rest.address(self._agent), ())
        except Exception as error:
            return why(error)
        return closed

    async def _connect(self, url: str, events: tuple[str, ...]) -> Closed:
        try:
            async with open_socket(url, "", self._clock, max_bytes=MAX_BYTES) as socket:
                await self._converse(socket, events)
        except Exception as error:
            return why(error)
        return Closed(1000, ManagedCause.ENDED)

    async def _converse(self, socket: ClientConnection, events: tuple[str, ...]) -> None:
        await socket.send(json.dumps(agents_codec.initiation(self._agent, self._call, events)))
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
                            raise Closed(
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
            raise Closed(
                0, ManagedCause.MANAGED_LOST if opened else ManagedCause.MANAGED_TIMEOUT, error_text, means
            ) from None
        except ConnectionClosed as error:
            raise by_close(error, error_text, opened) from None
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
        result = await self._tools.run(wanted.turn, wanted.tool_call_id, wanted.name, wanted.arguments)
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
