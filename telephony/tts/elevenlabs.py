"""The voice: a port on ElevenLabs' multi-context socket.

One socket for the call, opened as soon as `run` starts and again, eagerly, whenever it is lost: a handshake costs
100-300 ms that no turn should wait for. One reader, one writer (the order of frames matters), and a watchdog for a
socket that takes text and gives nothing. What the core wants spoken while there is no socket waits for a second; then
it is reported as lost and the core decides.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque

import structlog
from websockets.asyncio.client import ClientConnection

from telephony.call.actions import Action, CloseContext, Speak
from telephony.call.events import SpeechAudio, SpeechEnded, SpeechLost, VoiceLost, VoiceReady
from telephony.clock import Clock
from telephony.ports import Emit
from telephony.sockets import Over, describe, open_socket
from telephony.tts import VoiceSpec
from telephony.tts import elevenlabs_wire as wire

log = structlog.get_logger()

PATIENCE_MS = 1_000
"""How long text may wait for a socket."""
HANG_MS = 4_000
"""Text without any audio for this long: the socket hangs."""
BACKOFF_MS = (100, 5_000)
OUTBOX_FRAMES = 2_000


class ElevenLabsVoice:
    """The `Port` that performs Speak and CloseContext."""

    def __init__(self, *, base_url: str, api_key: str, spec: VoiceSpec, clock: Clock) -> None:
        self._url, self._key = wire.socket_url(base_url, spec), api_key
        self._clock = clock
        self._contexts = wire.Contexts(wire.voice_settings(spec))
        self._outbox: deque[str] = deque()
        self._wake = asyncio.Event()
        self._connected = False
        self._given_up = ""  # the code of a refusal that retrying cannot cure
        self._stopping = asyncio.Event()
        self._emit: Emit = lambda event: None
        self._asked_ms: int | None = None  # since when text waits for a socket
        self._socket: ClientConnection | None = None

    # --- the port ---------------------------------------------------------------------------------------------------

    async def run(self, emit: Emit) -> None:
        self._emit = emit
        async with asyncio.TaskGroup() as group:
            working = group.create_task(self._keep_connected())
            watching = group.create_task(self._watch())
            await self._stopping.wait()
            watching.cancel()
            try:
                async with self._clock.timeout(2_000):
                    await asyncio.wait([working])
            except TimeoutError:
                pass
            working.cancel()

    def perform(self, action: Action) -> None:
        now = self._clock.ms()
        match action:
            case Speak(turn, attempt, text):
                if self._given_up:
                    self._emit(SpeechLost(turn, attempt, self._given_up, False))
                    return
                if self._connected:
                    self._send(self._contexts.speak((turn, attempt), text, now))
                else:
                    self._asked_ms = now if self._asked_ms is None else self._asked_ms
                    self._contexts.keep((turn, attempt), text)
                    self._wake.set()
            case CloseContext(turn, attempt):
                self._send(self._contexts.close((turn, attempt), now))
            case _:
                pass

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    # --- inside -----------------------------------------------------------------------------------------------------

    def _send(self, frames: list[str]) -> None:
        self._outbox += frames
        while len(self._outbox) > OUTBOX_FRAMES:  # nobody reads: the watchdog will end this socket
            self._outbox.popleft()
        self._wake.set()

    async def _keep_connected(self) -> None:
        failures = 0
        while not self._stopping.is_set() and not self._given_up:
            try:
                async with open_socket(self._url, self._key, self._clock, max_bytes=wire.MAX_MESSAGE_BYTES) as socket:
                    failures = 0
                    await self._converse(socket)
                    code, retryable = "provider_unavailable", True
            except Exception as error:
                code, retryable = describe(error, wire.FATAL_SLUGS)
                log.info("voice_socket_failed", code=code, detail=type(error).__name__)
            self._connected = False
            self._outbox.clear()
            if self._stopping.is_set():
                return
            self._lost(code, retryable)
            failures += 1
            low, high = BACKOFF_MS
            pause = min(high, low * 2 ** min(failures - 1, 8))
            if retryable and failures > 1:  # the first reconnect is at once
                await self._clock.sleep(pause * random.uniform(0.7, 1.3))

    def _lost(self, code: str, retryable: bool) -> None:
        if not retryable:
            self._given_up = code
        self._emit(VoiceLost(code, retryable))
        for key in self._contexts.lost_open() if retryable else self._contexts.lost():
            self._emit(SpeechLost(*key, code, retryable))

    async def _converse(self, socket: ClientConnection) -> None:
        """Until the socket or the call ends."""
        self._socket, self._connected, self._asked_ms = socket, True, None
        self._emit(VoiceReady())
        self._send(self._contexts.restart(self._clock.ms()))
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(self._write(socket))
            try:
                async for text in socket:
                    self._read(wire.decode(text))
            finally:
                writing.cancel()

    def _read(self, message: wire.Message) -> None:
        match message:
            case wire.Audio():
                if (known := self._contexts.audio(message)) is not None:
                    (turn, attempt), ends = known
                    self._emit(SpeechAudio(turn, attempt, message.pcmu, message.chars, ends))
            case wire.Final():
                key, frames = self._contexts.final(message, self._clock.ms())
                if key is not None:
                    self._emit(SpeechEnded(*key))
                self._send(frames)
            case wire.Fault(slug, retryable):
                raise Over(slug, retryable)
            case wire.Garbage(why):
                log.warning("voice_garbage", why=why)
                raise Over("provider_misbehaved", True)
            case wire.Ignored():
                pass

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            while self._outbox:
                await socket.send(self._outbox.popleft())
            if self._stopping.is_set():
                await socket.send(wire.CLOSE_SOCKET)
                await socket.close()
                return
            self._wake.clear()
            await self._wake.wait()

    async def _watch(self) -> None:
        """A socket that hangs is ended; text that waits in vain for a socket is reported as lost."""
        while True:
            await self._clock.sleep(250)
            now = self._clock.ms()
            since = self._contexts.unanswered_since()
            if self._connected and since is not None and now - since > HANG_MS:
                log.warning("voice_hangs")
                if self._socket is not None:
                    self._socket.transport.abort()  # a closing handshake with it would hang as well
            if not self._connected and self._asked_ms is not None and now - self._asked_ms > PATIENCE_MS:
                self._asked_ms = None
                for key in self._contexts.lost():
                    self._emit(SpeechLost(*key, "provider_unavailable", True))
