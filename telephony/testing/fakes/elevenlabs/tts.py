"""A local server that behaves like ElevenLabs' multi-context TTS socket, with a switch for each known fault.

Theory of operation. A context is absent, open, or closing. A message with an unknown id opens a context with the
settings that it carries. Text is synthesized on flush; its audio is sent in pieces of irregular size,
`realtime_factor` times faster than it plays. `isFinal` is sent once, after close_context, when all flushed text has
been synthesized; the context's slot is free then. A sixth context closes the socket with 1008.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request

from telephony.audio import tones
from telephony.clock import Clock

Synthesize = Callable[[str], Awaitable[tuple[bytes, tuple[int, ...]]]]
"""Text -> (mu-law 8 kHz audio, the end of each character in ms from its start)."""

LIMIT = 5
CHAR_MS = 70
LOG_MESSAGES = 10_000
PIECES = (1_024, 1_937, 2_500, 811, 3_333)
"""Sizes of the audio messages in bytes, in turn: none of them a multiple of a frame."""


@dataclass(slots=True)
class TtsLatency:
    """`first_byte_ms` from flush to first audio, which is then sent `realtime_factor` times faster than it plays."""

    first_byte_ms: int = 100
    realtime_factor: float = 5.0


@dataclass(slots=True)
class TtsFaults:
    """Faults to inject; they may be changed while the server runs."""

    refuse: int = 0  # refuse the handshake with this HTTP status
    html: bool = False  # answer the handshake with a web page
    snake_case: bool = False  # send `context_id` and `is_final` instead of `contextId` and `isFinal`
    no_alignment: bool = False
    segment_alignment: bool = False  # send a segment's whole alignment with its first audio
    race: int = 0  # this many contexts lose their audio: they send only isFinal
    hang: bool = False  # take every message, and send nothing
    drop_after_bytes: int = 0  # close with 1011 after this many bytes of audio, once
    error_slug: str = ""  # answer text with this error, then close with 1008
    garbage: bytes = b""  # send these bytes instead of audio
    final_late_ms: int = 0  # delay isFinal by this
    no_final: bool = False  # never send isFinal, and never free the context
    hang_up: int = 0  # close every socket with this code as soon as it is open
    inactivity_ms: int = 0  # close with input_timeout_exceeded after this long without a message (0: never)


async def speak_tones(text: str) -> tuple[bytes, tuple[int, ...]]:
    """The default synthesizer, deterministic: 70 ms of tone for each character, 70 ms of silence for white space."""
    audio = b"".join(tones.silence(CHAR_MS) if char.isspace() else tones.sine(440, CHAR_MS) for char in text)
    return audio, tuple((index + 1) * CHAR_MS for index in range(len(text)))


@dataclass(slots=True)
class _Context:
    settings: Any = None
    text: str = ""
    closing: bool = False
    lost: bool = False
    jobs: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(1_000))
    task: asyncio.Task[None] | None = None


class LocalTts:
    """The server. `handle` serves one connection; `received` logs (connection number, message); `most_contexts` is the
    largest number of contexts that were open at once. `latency_of` gives each text its own latency instead of
    `latency`."""

    def __init__(
        self,
        *,
        clock: Clock,
        synthesize: Synthesize = speak_tones,
        latency: TtsLatency | None = None,
        latency_of: Callable[[str], TtsLatency] | None = None,
        faults: TtsFaults | None = None,
        api_key: str = "local",
    ) -> None:
        self.latency, self.faults = latency or TtsLatency(), faults or TtsFaults()
        self.latency_of = latency_of or (lambda text: self.latency)
        self.received: deque[tuple[int, dict[str, Any]]] = deque(maxlen=LOG_MESSAGES)
        self.most_contexts = 0
        self.connections = 0
        self._clock, self._synthesize, self._key = clock, synthesize, api_key

    def refuse(self, request: Request) -> int | None:
        """The HTTP status with which to refuse the handshake, or None."""
        if self.faults.refuse:
            return self.faults.refuse
        return None if request.headers.get("xi-api-key") == self._key else 401

    async def handle(self, connection: ServerConnection) -> None:
        """Serves one socket until it closes."""
        self.connections += 1
        if self.faults.hang_up:
            await connection.close(self.faults.hang_up)
            return
        session = _Session(self, connection, self.connections)
        try:
            async with asyncio.TaskGroup() as group:
                await session.run(group)
        except* ConnectionClosed:
            pass


class _Session:
    """One socket's contexts."""

    def __init__(self, server: LocalTts, connection: ServerConnection, number: int) -> None:
        self._server, self._connection, self._number = server, connection, number
        self._contexts: dict[str, _Context] = {}
        self._sent_bytes = 0

    async def run(self, group: asyncio.TaskGroup) -> None:
        faults = self._server.faults
        try:
            while True:
                async with self._server._clock.timeout(faults.inactivity_ms or None):
                    text = await self._connection.recv()
                if not await self._message(text, group):
                    return
        except TimeoutError:
            await self._fail("input_timeout_exceeded")
        except ConnectionClosed:
            pass
        finally:
            for context in self._contexts.values():
                if context.task is not None:
                    context.task.cancel()

    async def _message(self, text: str | bytes, group: asyncio.TaskGroup) -> bool:
        """Handles one message from the client. Returns False if the socket has been closed."""
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            return await self._fail("invalid_input_message")
        self._server.received.append((self._number, message))
        if message.get("close_socket"):
            await self._connection.close()
            return False
        name = message.get("context_id", "default")
        if self._server.faults.hang:
            return True
        context = self._contexts.get(name)
        if context is None:
            if len(self._contexts) >= LIMIT:
                return await self._fail("max_active_conversations")
            context = self._contexts[name] = _Context(message.get("voice_settings"))
            context.lost = self._server.faults.race > 0
            self._server.faults.race -= context.lost
            context.task = group.create_task(self._speak(name, context))
            self._server.most_contexts = max(self._server.most_contexts, len(self._contexts))
        elif message.get("voice_settings") not in (None, context.settings):
            return await self._fail("voice_settings must be in the first message only")
        return await self._content(message, context)

    async def _content(self, message: dict[str, Any], context: _Context) -> bool:
        if message.get("close_context"):
            context.closing = True
            context.jobs.put_nowait(None)
            return True
        said = message.get("text") or ""
        if said.strip() and self._server.faults.error_slug:
            return await self._fail(self._server.faults.error_slug)
        context.text += said if said.strip() else ""
        if message.get("flush") and context.text and not context.closing:
            context.jobs.put_nowait(context.text)
            context.text = ""
        return True

    async def _fail(self, slug: str) -> bool:
        await self._send({"message": slug.replace("_", " "), "error": slug, "code": 1008})
        await self._connection.close(1008, slug)
        return False

    async def _send(self, message: dict[str, Any]) -> None:
        await self._connection.send(json.dumps(message))

    async def _speak(self, name: str, context: _Context) -> None:
        """Synthesizes flushed text in order until the context is closed, then sends isFinal."""
        clock, faults = self._server._clock, self._server.faults
        while (text := await context.jobs.get()) is not None:
            if not context.lost:
                await clock.sleep(self._server.latency_of(text).first_byte_ms)
                await self._generate(name, text)
        await clock.sleep(faults.final_late_ms)
        if faults.no_final:
            return
        self._contexts.pop(name, None)
        if faults.snake_case:
            await self._send({"is_final": True, "context_id": name})
        else:
            await self._send({"isFinal": True, "contextId": name})

    async def _generate(self, name: str, text: str) -> None:
        faults = self._server.faults
        pcmu, ends = await self._server._synthesize(text)
        at = piece = done = 0
        while at < len(pcmu):
            size = PIECES[piece % len(PIECES)]
            chunk = faults.garbage or pcmu[at : at + size]
            until_ms = len(pcmu) // 8 if at + size >= len(pcmu) else (at + size) // 8
            count = len(text) if faults.segment_alignment else sum(end <= until_ms for end in ends)
            block = _block(text[done:count], ends[done:count], 0 if faults.segment_alignment else at // 8)
            await self._audio(name, chunk, None if faults.no_alignment or count == done else block)
            at, piece, done = at + size, piece + 1, count
            await self._server._clock.sleep(len(chunk) / 8 / self._server.latency_of(text).realtime_factor)
            if faults.drop_after_bytes and self._sent_bytes >= faults.drop_after_bytes:
                faults.drop_after_bytes = 0
                await self._connection.close(1011, "internal error")

    async def _audio(self, name: str, chunk: bytes, block: dict[str, Any] | None) -> None:
        self._sent_bytes += len(chunk)
        id_key, final_key = ("context_id", "is_final") if self._server.faults.snake_case else ("contextId", "isFinal")
        await self._send(
            {
                "audio": b64encode(chunk).decode(),
                final_key: None,
                id_key: name,
                "alignment": block,
                "normalizedAlignment": block,
            }
        )


def _block(chars: str, ends: tuple[int, ...], base_ms: int) -> dict[str, Any]:
    """An alignment block, its times in ms from the start of its chunk."""
    starts = [max(0, (ends[index - 1] if index else base_ms) - base_ms) for index in range(len(ends))]
    lasts = [end - base_ms - start for end, start in zip(ends, starts, strict=True)]
    return {"chars": list(chars), "charStartTimesMs": starts, "charDurationsMs": lasts}
