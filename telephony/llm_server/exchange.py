"""Sends one answer to the client, streamed or whole.

Theory of operation. There are three tasks: the *producer* iterates `answer()` into a small queue, the *sender* turns
the queue into SSE, and the *watcher* waits for the client to disconnect. That is normal here: a platform drops a
request in mid-stream whenever its caller continues to speak. All three end together, and when the producer ends, so
does the request to the LLM.

Nothing is sent before the first part is available, so that an LLM that fails at once still gives an HTTP status. But a
caller is waiting: after `BUFFER_MS` the stream begins with buffer words, and from then on a failure is a spoken
apology.
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
from telephony.llm_server.answer import Part, PassBack
from telephony.log_redaction import said
from telephony.runtime.reply import Done, Said

log = structlog.get_logger()

BUFFER_MS = 900
"""Send buffer words after this long without text: a platform expects the first word within a second."""
BUFFER_AGAIN_MS = 4_000
KEEP_ALIVE_MS = 5_000
MAX_BUFFERS = 3
PARTS = 64  # the producer waits while this many are unsent
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", "Content-Type": "text/event-stream; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """How to send the answer (`chunks`, `stream`), the agent's fixed phrases, and the turn (for the log)."""

    chunks: codec.Chunks
    stream: bool
    wording: Wording
    turn: int


@dataclass(frozen=True, slots=True)
class _Failed:
    """The producer has failed; `code` is a stable error code."""

    code: str


class Exchange(Response):
    """See the module docstring. `start` starts the answer."""

    def __init__(self, options: AnswerOptions, start: Callable[[], AsyncGenerator[Part, None]], clock: Clock) -> None:
        self.background = None
        self._options, self._start, self._clock = options, start, clock
        self._chunks, self._wording = options.chunks, options.wording
        self._parts: asyncio.Queue[Part | _Failed] = asyncio.Queue(PARTS)
        self._whole_sent = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with asyncio.TaskGroup() as group:
            producer = group.create_task(self._produce(), name="llm producer")
            sender = group.create_task(self._send_answer(scope, receive, self._noting_end(send)), name="llm sender")
            watcher = group.create_task(self._watch(receive, producer, sender), name="llm watcher")
            await asyncio.wait([sender])
            watcher.cancel()
            producer.cancel()

    def _noting_end(self, send: Send) -> Send:
        async def note_end(message: Message) -> None:
            self._whole_sent |= message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        return note_end

    async def _watch(self, receive: Receive, *tasks: asyncio.Task[None]) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        if self._whole_sent:  # the server also sends this after a complete answer
            return
        log.info("llm_request_cancelled", turn=self._options.turn)
        for task in tasks:
            task.cancel()

    async def _produce(self) -> None:
        try:
            async with aclosing(self._start()) as parts:
                async for part in parts:
                    await self._parts.put(part)
        except ProviderError as error:
            log.warning("llm_answer_failed", code=error.code, **said(str(error)))
            await self._parts.put(_Failed(error.code))
        except Exception:
            log.exception("llm_answer_failed", code="reply_failed")
            await self._parts.put(_Failed("reply_failed"))

    # --- what is sent -----------------------------------------------------------------------------------------------

    async def _send_answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        first = await self._next(BUFFER_MS if self._options.stream else None)
        if isinstance(first, _Failed):
            await _failure(first)(scope, receive, send)
        elif self._options.stream:
            await self._stream(first, send)
        else:
            assert first is not None
            await (await self._whole(first))(scope, receive, send)

    async def _whole(self, part: Part | _Failed) -> Response:
        said, calls = "", []
        while not isinstance(part, Done):
            match part:
                case _Failed():
                    return _failure(part)
                case Said(text):
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
        progress = _Progress()
        while True:
            match part:
                case None:
                    await stream.write(self._while_waiting(progress))
                case Said(text):
                    progress.said = progress.said or bool(text.strip())
                    await stream.write(self._chunks.text(text))
                case PassBack(calls):
                    progress.called = True
                    for index, call in enumerate(calls):
                        await stream.write(self._chunks.call(index, call))
                case Done(finish, usage):
                    await self._finish(stream, progress, finish, usage)
                    return
                case _Failed():
                    progress.said = progress.called = False
                    await self._finish(stream, progress, "stop", Finished("stop"))
                    return
            part = await self._next(
                BUFFER_AGAIN_MS if progress.buffers else BUFFER_MS if not progress.said else KEEP_ALIVE_MS
            )

    def _while_waiting(self, progress: _Progress) -> str:
        """What to send while no part is available: buffer words, or a comment if there are none or no more."""
        words = codec.buffer_words(self._wording.filler)
        if progress.buffers >= MAX_BUFFERS or not words:
            return codec.KEEP_ALIVE
        progress.buffers += 1
        return self._chunks.text(words)

    async def _finish(self, stream: _Sse, progress: _Progress, finish: str, usage: Finished) -> None:
        """Ends the stream. An answer without text and tool calls becomes an apology."""
        if not progress.said and not progress.called:
            await stream.write(self._chunks.text(self._wording.apology))
        await stream.write(self._chunks.finish(codec.finish_reason(finish, progress.called)))
        await stream.write(self._chunks.usage(usage))
        await stream.write(codec.DONE)
        await stream.end()

    async def _next(self, wait_ms: int | None) -> Part | _Failed | None:
        """The next part, or None if there is none within `wait_ms` (None: no limit)."""
        try:
            async with self._clock.timeout(wait_ms):
                return await self._parts.get()
        except TimeoutError:
            return None


@dataclass(slots=True)
class _Progress:
    """What has been sent so far: text, tool calls, and the number of buffer phrases."""

    said: bool = False
    called: bool = False
    buffers: int = 0


class _Sse:
    """An open stream of server-sent events."""

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
    response = error(status, "the LLM of this agent failed", kind, failed.code)
    response.headers["x-should-retry"] = "true" if again else "false"
    if status == 429:
        response.headers["retry-after"] = "1"
    return response


def error(status: int, message: str, kind: str, code: str, param: str | None = None) -> Response:
    """An error response in OpenAI's format."""
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return JSONResponse(body, status_code=status)
