"""A local server that behaves like ElevenLabs' multi-context TTS socket, with a switch for each known fault.

Theory of operation. A context is absent, open, or closing. A message with an unknown id opens a context with the
settings that it carries. With `auto_mode` each text is synthesized at once; without it text waits until the chunk
schedule or a flush releases it, and close_context drops what is still waiting. Audio is sent in pieces of irregular
size, `realtime_factor` times faster than it plays. `isFinal` is sent once, after close_context, when all released text
has been synthesized; the context's slot is free then. A sixth context closes the socket with 1008. A context without a
message for `inactivity_timeout` (20 s) is gone, and a socket without a context closes with 1008.

A model, language or format that the service does not know is refused at the handshake (`request.py`); a wrong key and
an unknown voice only after it. Each error is a frame with a slug and a sentence, and a close whose reason is the
sentence.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request

from telephony.audio import tones
from telephony.clock import Clock
from telephony.errors import ProviderBusy
from telephony.testing.fakes.audio_formats import Encoder
from telephony.testing.fakes.elevenlabs.tts.alignment import Pair, blocks
from telephony.testing.fakes.elevenlabs.tts.faults import TtsFaults, TtsLatency
from telephony.testing.fakes.elevenlabs.tts.request import Refusal, Setup, read_message, read_request, schedule

Synthesize = Callable[[str], Awaitable[tuple[bytes, tuple[int, ...]]]]
"""Text -> (mu-law 8 kHz audio, each character's end in ms from its start). A ProviderBusy ends the connection."""

LIMIT = 5
CHAR_MS = 70
LOG_MESSAGES = 10_000
REASON_BYTES = 123
PIECES = (1_024, 1_937, 2_500, 811, 3_333)
"""Sizes of the audio messages in bytes of mu-law, in turn: none of them a multiple of a frame."""
SENTENCES = {
    "invalid_api_key": "Invalid API key",
    "authentication_required": "Authentication is required: send an API key",
    "voice_id_does_not_exist": "A voice with the given voice_id does not exist",
    "max_active_conversations": f"Maximum simultaneous contexts per WebSocket connection exceeded ({LIMIT})",
    "input_timeout_exceeded": "The input timeout was exceeded: no message arrived in time",
    "invalid_input_message": "The message could not be read",
    "invalid_voice_settings": "voice_settings must be in the first message, and then be absent or unchanged",
    "quota_exceeded": "This request exceeds your quota",
}
"""What the service says beside a slug; other slugs are said in words."""


async def speak_tones(text: str) -> tuple[bytes, tuple[int, ...]]:
    """The default synthesizer, deterministic: 70 ms of tone for each character, 70 ms of silence for white space."""
    audio = b"".join(tones.silence(CHAR_MS) if char.isspace() else tones.sine(440, CHAR_MS) for char in text)
    return audio, tuple((index + 1) * CHAR_MS for index in range(len(text)))


@dataclass(slots=True)
class _Context:
    """`waiting`: text that nothing has released yet; `heard_ms`: the time of the last message that named the context;
    `generated`: how many texts were released."""

    encoder: Encoder
    schedule: tuple[int, ...]
    settings: Any = None
    heard_ms: int = 0
    waiting: str = ""
    generated: int = 0
    closing: bool = False
    lost: bool = False
    jobs: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(1_000))
    task: asyncio.Task[None] | None = None

    def add(self, text: str, *, auto: bool) -> None:
        """Takes text, and releases it if `auto` or the schedule says so."""
        if not text.strip() and not self.waiting:
            return
        self.waiting += text
        if auto or len(self.waiting) >= self.schedule[min(self.generated, len(self.schedule) - 1)]:
            self.flush()

    def flush(self) -> None:
        if self.waiting.strip():
            self.jobs.put_nowait(self.waiting)
            self.generated += 1
        self.waiting = ""

    def close(self) -> None:
        if not self.closing:
            self.closing, self.waiting = True, ""
            self.jobs.put_nowait(None)


class LocalTts:
    """The server. `handle` serves one connection; `received` logs (connection number, message), `paths` the requests;
    `most_contexts` is the largest number of contexts that were open at once. `latency_of` gives each text its own
    latency instead of `latency`. `voices` are the account's voice ids; with None every id is one."""

    def __init__(
        self,
        *,
        clock: Clock,
        synthesize: Synthesize = speak_tones,
        latency: TtsLatency | None = None,
        latency_of: Callable[[str], TtsLatency] | None = None,
        faults: TtsFaults | None = None,
        voices: Collection[str] | None = None,
        api_key: str = "local",
    ) -> None:
        self.latency, self.faults = latency or TtsLatency(), faults or TtsFaults()
        self.latency_of = latency_of or (lambda text: self.latency)
        self.received: deque[tuple[int, dict[str, Any]]] = deque(maxlen=LOG_MESSAGES)
        self.paths: deque[str] = deque(maxlen=LOG_MESSAGES)
        self.voices = voices
        self.most_contexts = 0
        self.connections = 0
        self._clock, self._synthesize, self._key = clock, synthesize, api_key

    def refuse(self, request: Request) -> Refusal | None:
        """Why to refuse the handshake, or None."""
        self.paths.append(request.path)
        if self.faults.refuse:
            return self.faults.refuse, "refused", "injected fault"
        found = read_request(request.path)
        if isinstance(found, Setup) and self._refuses(found) and not self.faults.refused_by_frame:
            return 400, "unsupported_language", f"The model does not support language_code '{found.language}'"
        return None if isinstance(found, Setup) else found

    async def handle(self, connection: ServerConnection) -> None:
        """Serves one socket until it closes."""
        self.connections += 1
        assert connection.request is not None
        setup = read_request(connection.request.path)
        assert isinstance(setup, Setup)
        if self.faults.hang_up:
            await connection.close(self.faults.hang_up)
            return
        session = _Session(self, connection, self.connections, setup)
        try:
            if slug := self._refused(connection.request, setup):
                await session.fail(slug, quoted=connection.request.headers.get("xi-api-key", ""))
                return
            async with asyncio.TaskGroup() as group:
                await session.run(group)
        except* ConnectionClosed:
            pass
        except* ProviderBusy:
            await connection.close(1011, "busy")

    def _refused(self, request: Request, setup: Setup) -> str:
        """The slug of the error for a client that may connect but not speak, or ""."""
        if self.faults.error_after_accept:
            return self.faults.error_after_accept
        key = request.headers.get("xi-api-key")
        if key != self._key:
            return "invalid_api_key" if key else "authentication_required"
        if self._refuses(setup):
            return "unsupported_language"
        known = self.voices is None or setup.voice in self.voices
        return "" if known else "voice_id_does_not_exist"

    def _refuses(self, setup: Setup) -> bool:
        return setup.language != "" and setup.language == self.faults.refused_language


class _Session:
    """One socket's contexts."""

    def __init__(self, server: LocalTts, connection: ServerConnection, number: int, setup: Setup) -> None:
        self._server, self._connection, self._number, self._setup = server, connection, number, setup
        self._contexts: dict[str, _Context] = {}
        self._sent_bytes = 0
        self._heard_ms = server._clock.ms()

    async def run(self, group: asyncio.TaskGroup) -> None:
        clock = self._server._clock
        try:
            while True:
                try:
                    async with clock.timeout(self._expires_ms() - clock.ms()):
                        text = await self._connection.recv()
                except TimeoutError:
                    if not self._expired():
                        continue
                    await self.fail("input_timeout_exceeded")
                    return
                if not await self._message(text, group):
                    return
        except ConnectionClosed:
            pass
        finally:
            for context in self._contexts.values():
                if context.task is not None:
                    context.task.cancel()

    def _expires_ms(self) -> int:
        """When the first context, or a socket without one, will have been idle for too long."""
        return min((c.heard_ms for c in self._contexts.values()), default=self._heard_ms) + self._idle_ms

    @property
    def _idle_ms(self) -> int:
        return self._server.faults.inactivity_ms or self._setup.idle_ms

    def _expired(self) -> bool:
        """Removes the contexts that have been idle for too long. True if that was the last, or there was none."""
        last = self._server._clock.ms() - self._idle_ms
        gone = [name for name, context in self._contexts.items() if context.heard_ms <= last]
        for name in gone:
            task = self._contexts.pop(name).task
            if task is not None:
                task.cancel()
        return not self._contexts and (bool(gone) or self._heard_ms <= last)

    async def _message(self, text: str | bytes, group: asyncio.TaskGroup) -> bool:
        """Handles one message from the client. Returns False if the socket has been closed."""
        self._heard_ms = self._server._clock.ms()
        message = read_message(text)
        if message is None:
            return await self.fail("invalid_input_message", quoted=str(text))
        self._server.received.append((self._number, message))
        if message.get("close_socket"):
            await self._close_socket()
            return False
        if self._server.faults.hang:
            return True
        name = message.get("context_id") or "default"
        context = self._contexts.get(name)
        if context is None:
            if len(self._contexts) >= LIMIT:
                return await self.fail("max_active_conversations")
            context = self._open(name, message, group)
        elif message.get("voice_settings") not in (None, context.settings):
            return await self.fail("invalid_voice_settings")
        context.heard_ms = self._heard_ms
        return await self._content(message, context)

    def _open(self, name: str, message: dict[str, Any], group: asyncio.TaskGroup) -> _Context:
        faults = self._server.faults
        context = _Context(Encoder(self._setup.format), schedule(message), message.get("voice_settings"))
        context.lost = faults.race > 0
        faults.race -= context.lost
        self._contexts[name] = context
        context.task = group.create_task(self._speak(name, context))
        self._server.most_contexts = max(self._server.most_contexts, len(self._contexts))
        return context

    async def _content(self, message: dict[str, Any], context: _Context) -> bool:
        if message.get("close_context"):
            context.close()
        if context.closing:
            return True
        said = message.get("text") or ""
        if said.strip() and self._server.faults.error_slug:
            return await self.fail(self._server.faults.error_slug, quoted=said)
        context.add(said, auto=self._setup.auto)
        if message.get("flush"):
            context.flush()
        return True

    async def _close_socket(self) -> None:
        """Finishes all contexts, and then closes."""
        tasks = [context.task for context in self._contexts.values() if context.task is not None]
        for context in self._contexts.values():
            context.flush()
            context.close()
        if tasks:
            await asyncio.wait(tasks)
        await self._connection.close()

    async def fail(self, slug: str, *, quoted: str = "") -> bool:
        """Sends an error and closes. Returns False."""
        faults = self._server.faults
        said = SENTENCES.get(slug, slug.replace("_", " ").capitalize())
        said += f": {quoted}" if faults.quote and quoted else ""
        if not faults.no_frame:
            await self._send({"message": said, "error": slug, "code": 1008})
        await self._connection.close(1008, said.encode()[:REASON_BYTES].decode(errors="ignore"))
        return False

    async def _send(self, message: dict[str, Any]) -> None:
        await self._connection.send(json.dumps(message))

    async def _speak(self, name: str, context: _Context) -> None:
        """Synthesizes released text in order until the context is closed, then sends isFinal."""
        clock, faults = self._server._clock, self._server.faults
        spoken = False
        while (text := await context.jobs.get()) is not None:
            if not context.lost:
                await clock.sleep(self._server.latency_of(text).first_byte_ms)
                await self._generate(name, context, text, first=not spoken)
                spoken = True
        await clock.sleep(faults.final_late_ms)
        if faults.no_final:
            return
        self._contexts.pop(name, None)
        if faults.snake_case:
            await self._send({"is_final": True, "context_id": name})
        else:
            await self._send({"isFinal": True, "contextId": name})

    async def _generate(self, name: str, context: _Context, text: str, *, first: bool) -> None:
        faults = self._server.faults
        pcmu, ends = await self._server._synthesize(text)
        pieces = _pieces(pcmu)
        until, total = [], 0
        for piece in pieces:
            total += len(piece)
            until.append(total // 8)
        pairs = blocks(text, ends, until, faults, sync=self._setup.sync, first=first)
        for piece, pair in zip(pieces, pairs, strict=True):
            await self._audio(name, faults.garbage or context.encoder.encode(piece), pair)
            flood, faults.flood = faults.flood, 0
            for _ in range(flood):
                await self._audio(name, context.encoder.encode(b"\xff"), (None, None))
            await self._server._clock.sleep(len(piece) / 8 / self._server.latency_of(text).realtime_factor)
            if faults.drop_after_bytes and self._sent_bytes >= faults.drop_after_bytes:
                faults.drop_after_bytes = 0
                await self._connection.close(1011, "internal error")

    async def _audio(self, name: str, chunk: bytes, pair: Pair) -> None:
        self._sent_bytes += len(chunk)
        id_key, final_key = ("context_id", "is_final") if self._server.faults.snake_case else ("contextId", "isFinal")
        await self._send(
            {
                "audio": b64encode(chunk).decode(),
                final_key: None,
                id_key: name,
                "alignment": pair[0],
                "normalizedAlignment": pair[1],
            }
        )


def _pieces(pcmu: bytes) -> list[bytes]:
    """The audio in pieces of irregular size."""
    found: list[bytes] = []
    at = 0
    while at < len(pcmu):
        size = PIECES[len(found) % len(PIECES)]
        found.append(pcmu[at : at + size])
        at += size
    return found
