"""Audio of a conversation with the local Agents platform: the caller's loudness, the agent's speech, the socket."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from telephony.audio.level import LOUD, level
from telephony.testing.fakes.elevenlabs.agents_line import CarrierLine
from telephony.testing.fakes.elevenlabs.agents_messages import server_message
from telephony.testing.fakes.elevenlabs.agents_state import Conversation, Platform

PIECES = (1_600, 3_333, 811, 4_000, 1_937)  # sizes of audio messages in bytes, in turn: not all multiples of a frame
GARBAGE = (
    "<html>", "[]", '{"type": null}', '{"type": "newcomer", "x": 1}', '{"type": "audio"}',
    '{"type": "vad_score", "vad_score_event": {"vad_score": 0.5}}',
)  # fmt: skip


@dataclass(slots=True)
class CallerSide:
    """Tells the caller's voice from silence by loudness.

    `voiced_ms` is the voice so far, `run_ms` the voice since the last silence, `quiet_ms` the silence since the last
    voice."""

    voiced_ms: int = 0
    quiet_ms: int = 0
    run_ms: int = 0

    def hear(self, frame: bytes) -> None:
        if level(frame) >= LOUD:
            self.voiced_ms += 20
            self.run_ms += 20
            self.quiet_ms = 0
        else:
            self.quiet_ms += 20
            self.run_ms = 0


@dataclass(slots=True)
class Playback:
    """What was said in this turn. `said` holds each character with its end, and `until_ms` is the end of all audio, in
    ms of the platform's clock."""

    event_id: int = 0
    said: list[tuple[str, float]] = field(default_factory=list)
    until_ms: float = 0.0

    def spoken(self, now: float) -> str:
        """The words that have been played in full by `now`."""
        text = "".join(char for char, end in self.said if end <= now)
        if len(text) == len(self.said):
            return text.strip()
        return text.rpartition(" ")[0].strip()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A fixed text, spoken without asking the responder."""

    text: str


class Wire:
    """Sends messages of the types that the client `wants` (metadata and errors always) and drops all others. `ids` is
    the last event id used; ids rise through a conversation."""

    def __init__(self, connection: ServerConnection | CarrierLine) -> None:
        self.ids = 0
        self._connection = connection
        self._events: set[str] = set()
        self.wants(())

    def wants(self, events: Collection[str]) -> None:
        self._events = {"conversation_initiation_metadata", "error", *events}

    def next_id(self) -> int:
        self.ids += 1
        return self.ids

    async def send(self, kind: str, **body: Any) -> None:
        if kind in self._events:
            await self.raw(json.dumps(server_message(kind, **body)))

    async def flood(self, count: int) -> None:
        """Sends `count` tool calls at once."""
        for number in range(count):
            call = {"tool_name": "flood", "tool_call_id": f"flood_{number}", "parameters": {}}
            await self.send("client_tool_call", **call, event_id=self.ids)

    async def raw(self, text: str) -> None:
        try:
            await self._connection.send(text)
        except ConnectionClosed:
            raise asyncio.CancelledError from None  # ends the sending task: the socket is gone

    async def close(self, code: int, reason: str) -> None:
        await self._connection.close(code, reason)


class Speaker:
    """Sends sentences as audio, in pieces of irregular size, faster than they play. `playback` is the current turn's
    speech."""

    def __init__(self, server: Platform, wire: Wire, conversation: Conversation) -> None:
        self.playback = Playback()
        self._server, self._wire, self._conversation = server, wire, conversation

    def next_line(self) -> None:
        """Gives the speech from now on a new event id."""
        self.playback = Playback(self._wire.next_id(), until_ms=self.playback.until_ms)

    async def speak(self, sentences: asyncio.Queue[str | None]) -> None:
        """Speaks the sentences from the queue until it yields None."""
        clock, latency, playback = self._server.clock, self._server.latency, self.playback
        while (text := await sentences.get()) is not None:
            pcmu, ends = await self._server.synthesize(text)
            begin = max(float(clock.ms()), playback.until_ms)
            at = piece = done = 0
            while at < len(pcmu):
                chunk = pcmu[at : at + PIECES[piece % len(PIECES)]]
                last = at + len(chunk) >= len(pcmu)
                count = len(text) if last else sum(end * 8 <= at + len(chunk) for end in ends)
                playback.said += [(text[i], begin + ends[i]) for i in range(done, count)]
                playback.until_ms = self._conversation.until_ms = begin + (at + len(chunk)) / 8
                self._conversation.voiced = self._conversation.asked
                await self._audio(playback, chunk, text[done:count], ends[done:count], at // 8)
                at, piece, done = at + len(chunk), piece + 1, count
                await clock.sleep(len(chunk) / 8 / latency.realtime_factor)

    async def _audio(self, playback: Playback, chunk: bytes, text: str, ends: tuple[int, ...], base_ms: int) -> None:
        faults = self._server.faults
        if faults.id_per_chunk:
            playback.event_id = self._wire.next_id()
        body: dict[str, Any] = {"audio_base_64": b64encode(chunk).decode(), "event_id": playback.event_id}
        if not faults.no_alignment:
            starts = [max(0, (ends[i - 1] if i else base_ms) - base_ms) for i in range(len(ends))]
            lasts = [max(0, end - base_ms - start) for end, start in zip(ends, starts, strict=True)]
            body["alignment"] = {"chars": list(text), "char_start_times_ms": starts, "char_durations_ms": lasts}
        await self._wire.send("audio", **body)
        for garbage in GARBAGE if faults.garbage else ():
            await self._wire.raw(garbage)
