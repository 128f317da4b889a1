"""One answer on its way to the client, streamed or whole.

Theory of operation. Three tasks: the *thinker* iterates `answer()` into a small queue, the *speaker* turns the queue
into SSE, and the *watcher* waits for the client to leave, which is normal here: a platform drops a request in
mid-stream whenever its caller goes on speaking. All three end together, and with the thinker the request to the model
behind us.

Until the first part has come nothing is sent, so a model that fails at once is still a status. But a caller waits:
after `BUFFER_MS` the stream begins with buffer words, and from then on a fault is an apology, in words.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from uuid import uuid4

import structlog
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from telephony.clock import Clock
from telephony.contracts.llm import Finished
from telephony.core.policy import Wording
from telephony.errors import ProviderError
from telephony.llm_server import codec
from telephony.llm_server.answer import End, Part, PassBack, Text

log = structlog.get_logger()

BUFFER_MS = 900
"""So long nothing is said before buffer words are: a platform wants the first word within a second."""
BUFFER_AGAIN_MS = 4_000
KEEP_ALIVE_MS = 5_000
MOST_BUFFERS = 3
PARTS = 64  # the thinker waits when so many are not sent yet
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", "Content-Type": "text/event-stream; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is being answered: in which form (`chunks`, `stream`), in whose words, for which turn (for the log)."""

    chunks: codec.Chunks
    stream: bool
    wording: Wording
    turn: int


@dataclass(frozen=True, slots=True)
class _Failed:
    """The thinker has given up."""

    code: str
    detail: str


class Exchange(Response):
    """See the module text. `thinking` begins to think; `cancelled` is called when the client has left."""

    def __init__(
        self,
        asked: Asked,
        thinking: Callable[[], AsyncGenerator[Part, None]],
        clock: Clock,
        cancelled: Callable[[], None],
    ) -> None:
        self.background = None
        self._asked, self._thinking, self._clock, self._cancelled = asked, thinking, clock, cancelled
        self._chunks, self._wording = asked.chunks, asked.wording
        self._parts: asyncio.Queue[Part | _Failed] = asyncio.Queue(PARTS)
        self._whole_sent = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with asyncio.TaskGroup() as group:
            thinker = group.create_task(self._think(), name="llm thinker")
            speaker = group.create_task(self._speak(scope, receive, self._noting(send)), name="llm speaker")
            watcher = group.create_task(self._watch(receive, thinker, speaker), name="llm watcher")
            await asyncio.wait([speaker])
            watcher.cancel()
            thinker.cancel()

    def _noting(self, send: Send) -> Send:
        async def noting(message: Message) -> None:
            self._whole_sent |= message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        return noting

    async def _watch(self, receive: Receive, *tasks: asyncio.Task[None]) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        if self._whole_sent:  # a server tells the end of an answer in the same way
            return
        self._cancelled()
        log.info("llm_request_cancelled", turn=self._asked.turn)
        for task in tasks:
            task.cancel()

    async def _think(self) -> None:
        try:
            async with aclosing(self._thinking()) as parts:
                async for part in parts:
                    await self._parts.put(part)
        except ProviderError as error:
            log.warning("llm_answer_failed", code=error.code)
            await self._parts.put(_Failed(error.code, str(error)[:300]))
        except Exception:
            log.exception("llm_answer_failed", code="reply_failed")
            await self._parts.put(_Failed("reply_failed", "internal error"))

    # --- what is sent -----------------------------------------------------------------------------------------------

    async def _speak(self, scope: Scope, receive: Receive, send: Send) -> None:
        first: Part | _Failed | None = None
        if self._asked.stream:
            first = await self._next(BUFFER_MS)
        else:
            first = await self._parts.get()
        if isinstance(first, _Failed):
            await _failure(first)(scope, receive, send)
        elif self._asked.stream:
            await self._stream(first, send)
        else:
            assert first is not None
            await (await self._whole(first))(scope, receive, send)

    async def _whole(self, part: Part | _Failed) -> Response:
        said, calls = "", []
        while not isinstance(part, End):
            match part:
                case _Failed():
                    return _failure(part)
                case Text(text):
                    said += text
                case PassBack(wanted):
                    calls = list(wanted)
            part = await self._parts.get()
        if not said.strip() and not calls:
            said = self._wording.apology
        reason = codec.finish_reason(part.finish, bool(calls))
        return JSONResponse(codec.completion(self._chunks, said, calls, reason, part.usage))

    async def _stream(self, part: Part | _Failed | None, send: Send) -> None:
        stream = _Sse(send)
        await stream.begin()
        await stream.write(self._chunks.role())
        told = _Told()
        while True:
            match part:
                case None:
                    await stream.write(self._bridge(told))
                case Text(text):
                    told.said = told.said or bool(text.strip())
                    await stream.write(self._chunks.text(text))
                case PassBack(calls):
                    told.called = True
                    for index, call in enumerate(calls):
                        await stream.write(self._chunks.call(index, call))
                case End(finish, usage):
                    await self._finish(stream, told, finish, usage)
                    return
                case _Failed():
                    told.said = told.called = False
                    await self._finish(stream, told, "stop", Finished("stop"))
                    return
            part = await self._next(BUFFER_AGAIN_MS if told.buffers else BUFFER_MS if not told.said else KEEP_ALIVE_MS)

    def _bridge(self, told: _Told) -> str:
        """What is sent when there is nothing to send: words, if nothing was said for long, or a comment."""
        words = codec.buffer_words(self._wording.filler)
        if told.buffers >= MOST_BUFFERS or not words:
            return codec.KEEP_ALIVE
        told.buffers += 1
        return self._chunks.text(words)

    async def _finish(self, stream: _Sse, told: _Told, finish: str, usage: Finished) -> None:
        """The end; an answer that says and does nothing is an apology."""
        if not told.said and not told.called:
            await stream.write(self._chunks.text(self._wording.apology))
        await stream.write(self._chunks.finish(codec.finish_reason(finish, told.called)))
        await stream.write(self._chunks.usage(usage))
        await stream.write(codec.DONE)
        await stream.end()

    async def _next(self, wait_ms: int) -> Part | _Failed | None:
        """The next part, or None if it takes longer than that."""
        try:
            async with self._clock.timeout(wait_ms):
                return await self._parts.get()
        except TimeoutError:
            return None


@dataclass(slots=True)
class _Told:
    """What the client has been told so far."""

    said: bool = False
    called: bool = False
    buffers: int = 0


class _Sse:
    """An open event stream."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def begin(self) -> None:
        headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
        headers.append((b"x-request-id", uuid4().hex.encode()))
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    async def write(self, event: str) -> None:
        if event:
            await self._send({"type": "http.response.body", "body": event.encode(), "more_body": True})

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _failure(failed: _Failed) -> Response:
    status, kind, again = codec.status_of(failed.code)
    response = error(status, "the model behind this agent failed", kind, failed.code)
    response.headers["x-should-retry"] = "true" if again else "false"
    if status == 429:
        response.headers["retry-after"] = "1"
    return response


def error(status: int, message: str, kind: str, code: str, param: str | None = None) -> Response:
    """OpenAI's form of an error."""
    return JSONResponse(codec.error_body(message, kind, code, param), status_code=status)
