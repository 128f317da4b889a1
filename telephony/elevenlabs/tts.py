"""The TTS port: text to speech over ElevenLabs' multi-context socket.

There is one socket per call. It is opened when `run` starts and reopened as soon as it is lost, because a handshake
takes 100-300 ms that no turn should have to wait for. It has one reader, one writer (the order of frames matters), and
a watchdog for a socket that accepts text or the close of a context without ever answering. Text to be spoken while
there is no socket waits for a second and a half; then it is reported as lost and the core decides what to do.
"""

from __future__ import annotations

import asyncio
import functools
from collections import deque

import structlog
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from telephony.clock import Clock
from telephony.contracts.port import Emit
from telephony.contracts.tts import VoiceSpec
from telephony.core.actions import Action, CloseContext, Speak
from telephony.core.events import SpeechAudio, SpeechEnded, SpeechLost, TtsLost, TtsReady
from telephony.elevenlabs import tts_codec as wire
from telephony.elevenlabs.connection import SessionEnded, reconnecting
from telephony.elevenlabs.speech_sockets import Refusals, open_tts
from telephony.elevenlabs.tts_contexts import Contexts

log = structlog.get_logger()

CONNECT_MS = 1_500
"""How long text may wait for a socket: through the pause for a busy service (`BUSY_MS`) and a handshake."""
STALL_MS = 4_000
"""If text has had no audio for this long, the socket is considered stalled."""
END_MS = 10_000
"""If a closed context has had neither audio nor its end for this long, the socket is stalled and its slot is lost."""
STOP_MS = 2_000
OUTBOX_FRAMES = 2_000
"""With more unsent frames than this the socket is aborted. Dropping single frames could open contexts by mistake."""


class ElevenLabsTts:
    """The `Port` that performs Speak and CloseContext. `refusals` knows what other calls were refused."""

    def __init__(
        self, *, base_url: str, api_key: str, spec: VoiceSpec, clock: Clock, refusals: Refusals | None = None
    ) -> None:
        self._open = functools.partial(open_tts, base_url, api_key, spec, clock, refusals or Refusals())
        self._key, self._clock = api_key, clock
        self._contexts = Contexts(wire.voice_settings(spec))
        self._outbox: deque[str] = deque()
        self._wake = asyncio.Event()
        self._connected = False
        self._given_up = ""  # the code of a refusal that rules out a retry
        self._stopping = asyncio.Event()
        self._emit: Emit = lambda event: None
        self._waiting_since_ms: int | None = None  # since when text has been waiting for a socket
        self._socket: ClientConnection | None = None

    # --- the port ---------------------------------------------------------------------------------------------------

    async def run(self, emit: Emit) -> None:
        self._emit = emit
        async with asyncio.TaskGroup() as group:
            working = group.create_task(self._keep_connected())
            watching = group.create_task(self._watch())
            await self._stopping.wait()
            watching.cancel()
            await asyncio.wait([working], timeout=self._clock.real_seconds(STOP_MS))
            working.cancel()

    def perform(self, action: Action) -> None:
        now = self._clock.ms()
        match action:
            case Speak(turn, attempt, text):
                if self._given_up:
                    if self._contexts.refuse((turn, attempt)):
                        self._emit(SpeechLost(turn, attempt, self._given_up, False))
                elif self._connected:
                    self._send(self._contexts.speak((turn, attempt), text, now))
                else:
                    self._waiting_since_ms = now if self._waiting_since_ms is None else self._waiting_since_ms
                    self._contexts.keep((turn, attempt), text)
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
        if len(self._outbox) > OUTBOX_FRAMES:
            self._outbox.clear()
            self._abort("outbox")
        self._wake.set()

    def _abort(self, why: str) -> None:
        """Cuts the socket without a closing handshake, which would stall as well."""
        log.warning("tts_stalled", why=why)
        if self._socket is not None:
            self._socket.transport.abort()

    async def _keep_connected(self) -> None:
        async for code, retryable, _ in reconnecting(
            self._session, self._clock, self._stopping, first_ms=100, passing=wire.PASSING, once=wire.PASSING,
            event="tts_lost", secret=self._key,
        ):  # fmt: skip
            self._lost(code, retryable)

    def _lost(self, code: str, retryable: bool) -> None:
        self._outbox.clear()
        if not retryable:
            self._given_up = code
        self._emit(TtsLost(code, retryable))
        for key in self._contexts.lost_open() if retryable else self._contexts.lost():
            self._emit(SpeechLost(*key, code, retryable))
        if self._contexts.waiting and self._waiting_since_ms is None:  # until now it waited for a slot
            self._waiting_since_ms = self._clock.ms()

    async def _session(self) -> None:
        """Runs until the socket or the call ends."""
        async with self._open() as socket, asyncio.TaskGroup() as group:
            self._socket, self._connected, self._waiting_since_ms = socket, True, None
            self._emit(TtsReady())
            self._send(self._contexts.open_waiting(self._clock.ms()))
            writing = group.create_task(self._write(socket))
            try:
                async for text in socket:
                    self._read(wire.decode(text))
            finally:
                writing.cancel()
                self._socket, self._connected = None, False

    def _read(self, message: wire.Message) -> None:
        match message:
            case wire.Audio():
                if (known := self._contexts.audio(message, self._clock.ms())) is not None:
                    (turn, attempt), text, ends_ms = known
                    self._emit(SpeechAudio(turn, attempt, message.pcmu, text, ends_ms))
                if message.final:
                    self._ended(message)
            case wire.Final():
                self._ended(message)
            case wire.Fault(slug, retryable, said):
                raise SessionEnded(slug, retryable, said)
            case wire.Malformed(why):
                log.warning("tts_malformed", why=why)
                raise SessionEnded("provider_misbehaved", True)
            case wire.Ignored():
                pass

    def _ended(self, message: wire.Audio | wire.Final) -> None:
        key, frames = self._contexts.final(message, self._clock.ms())
        self._send(frames)  # before the report: what follows from it may come for the context that opens here
        if key is not None:
            self._emit(SpeechEnded(*key))

    async def _write(self, socket: ClientConnection) -> None:
        try:
            while not self._stopping.is_set():
                while self._outbox:
                    await socket.send(self._outbox.popleft())
                self._wake.clear()
                await self._wake.wait()
            await socket.send(wire.CLOSE_SOCKET)
            await socket.close()
        except ConnectionClosed:
            pass  # the reader will find the reason for the close

    async def _watch(self) -> None:
        """Aborts a stalled socket, and reports text as lost that has waited too long for a socket."""
        while True:
            await self._clock.sleep(250)
            now = self._clock.ms()
            unanswered, closed = self._contexts.unanswered_since(), self._contexts.unended_since()
            if self._connected and unanswered is not None and now - unanswered > STALL_MS:
                self._abort("no audio")
            elif self._connected and closed is not None and now - closed > END_MS:
                self._abort("no end")
            if not self._connected and self._waiting_since_ms is not None and now - self._waiting_since_ms > CONNECT_MS:
                self._waiting_since_ms = None
                for key in self._contexts.lost():
                    self._emit(SpeechLost(*key, "provider_unavailable", True))
