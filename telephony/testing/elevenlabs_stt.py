"""A local Scribe realtime socket, as ElevenLabs' behaves, with a switch for each thing that goes wrong there.

What is recognised is up to a `Recognizer`: a script (the test knows the caller's words), or real ears.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request

from telephony.audio import level
from telephony.clock import Clock

Words = list[tuple[str, float, float]]
"""(word, start, end) in seconds from the first audio of the socket."""

COMMIT_MIN_BYTES = 2_400
IDLE_MS = 15_000


class Recognizer(Protocol):
    """The ears behind one connection."""

    def hear(self, pcmu: bytes) -> None: ...

    async def partial(self) -> str:
        """The words of the open segment so far."""
        ...

    async def commit(self) -> tuple[str, Words]:
        """Closes the open segment: its text, and its words with their times."""
        ...


class Script:
    """What the caller is going to say, in order. The recogniser gives the next text to the next voiced stretch."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.taken = 0

    def add(self, text: str) -> None:
        self.texts.append(text)

    def next(self) -> str:
        text = self.texts[self.taken] if self.taken < len(self.texts) else ""
        self.taken += 1
        return text


@dataclass(slots=True)
class _Stretch:
    """A voiced stretch of audio (in ms) and the words said in it."""

    words: list[str]
    start: int
    end: int


class ScriptedRecognizer:
    """Knows the words; hears only where they are. Words are spread over their stretch at `ms_per_word` each, and all
    of them are said when the stretch is over. A stretch ends after `gap_ms` of quiet."""

    def __init__(self, script: Script, *, ms_per_word: int = 300, gap_ms: int = 500, voiced_level: int = -450) -> None:
        self._script, self._ms_per_word, self._gap_ms, self._level = script, ms_per_word, gap_ms, voiced_level
        self._ms = 0
        self._stretches: list[_Stretch] = []
        self._committed = 0

    def hear(self, pcmu: bytes) -> None:
        for at in range(0, len(pcmu), 160):
            self._ms += 20
            if level.level(pcmu[at : at + 160]) < self._level:
                continue
            last = self._stretches[-1] if self._stretches else None
            if last is None or self._ms - last.end > self._gap_ms:
                self._stretches.append(_Stretch(self._script.next().split(), self._ms - 20, self._ms))
            else:
                last.end = self._ms

    async def partial(self) -> str:
        return " ".join(word for word, _, _ in self._words()[self._committed :])

    async def commit(self) -> tuple[str, Words]:
        words = self._words()
        new, self._committed = words[self._committed :], max(len(words), self._committed)
        return " ".join(word for word, _, _ in new), new

    def _words(self) -> Words:
        found: Words = []
        for stretch in self._stretches:
            over = self._ms - stretch.end > 100
            said = len(stretch.words) if over else (self._ms - stretch.start) // self._ms_per_word
            length = (stretch.end - stretch.start) / max(1, len(stretch.words))
            for index, word in enumerate(stretch.words[:said]):
                start = stretch.start + index * length
                found.append((word, start / 1000, (start + length) / 1000))
        return found


@dataclass(slots=True)
class SttLatency:
    """`partial_ms` from audio to its partial, `final_ms` from commit to transcript."""

    partial_ms: int = 120
    final_ms: int = 120


@dataclass(slots=True)
class SttFaults:
    """What goes wrong; may be changed while the server runs."""

    refuse: int = 0
    html: bool = False
    error_after_accept: str = ""  # an error slug in place of session_started
    error_slug: str = ""  # an error slug at the next audio, then a close
    hang: bool = False  # takes audio, says nothing
    no_finals: bool = False
    timed_first: bool = False  # the timed message before the plain one
    no_timed: bool = False
    duplicate_finals: bool = False
    empty_finals: bool = False
    stale_partials: bool = False  # repeats the last partial after the final
    tag_only: bool = False  # transcripts are "(laughter)"
    drop: bool = False  # closes with 1011 at the next audio, once


class LocalStt:
    """The server side. `handle` serves one connection; `received` counts audio bytes and commits."""

    def __init__(
        self,
        *,
        clock: Clock,
        recognizer: Callable[[], Recognizer] | None = None,
        latency: SttLatency | None = None,
        faults: SttFaults | None = None,
        api_key: str = "local",
    ) -> None:
        self.latency, self.faults = latency or SttLatency(), faults or SttFaults()
        self.script = Script()
        self.connections = self.commits = self.audio_bytes = 0
        self.paths: list[str] = []
        self._clock, self._key = clock, api_key
        self._recognizer = recognizer or (lambda: ScriptedRecognizer(self.script))

    def refuse(self, request: Request) -> int | None:
        """The HTTP status with which to refuse the handshake, or None."""
        if self.faults.refuse:
            return self.faults.refuse
        return None if request.headers.get("xi-api-key") == self._key else 401

    async def handle(self, connection: ServerConnection) -> None:
        """One socket, to its end."""
        self.connections += 1
        self.paths.append(connection.request.path if connection.request else "")
        session = _Session(self, connection, self._recognizer())
        try:
            await session.run()
        except ConnectionClosed:
            pass


@dataclass(slots=True)
class _Session:
    """One socket's segment."""

    server: LocalStt
    connection: ServerConnection
    recognizer: Recognizer
    uncommitted: int = 0
    last_partial: str = ""
    last_final: str = ""
    work: asyncio.Queue[tuple[int, bool]] = field(default_factory=lambda: asyncio.Queue(10_000))

    async def run(self) -> None:
        faults = self.server.faults
        if faults.error_after_accept:
            await self._fail(faults.error_after_accept)
            return
        await self._send(_SESSION)
        try:
            async with asyncio.TaskGroup() as group:
                answering = group.create_task(self._answer())
                try:
                    await self._listen()
                finally:
                    answering.cancel()
        except* ConnectionClosed:
            pass

    async def _listen(self) -> None:
        clock, faults = self.server._clock, self.server.faults
        while True:
            try:
                async with clock.timeout(IDLE_MS):
                    message = json.loads(await self.connection.recv())
            except TimeoutError:
                await self.connection.close(1000)
                return
            except ValueError:
                await self._fail("input_error")
                return
            if message.get("message_type") != "input_audio_chunk" or message.get("sample_rate") != 8000:
                await self._fail("input_error")
                return
            if faults.error_slug:
                slug, faults.error_slug = faults.error_slug, ""
                await self._fail(slug)
                return
            if faults.drop:
                faults.drop = False
                await self.connection.close(1011, "internal error")
                return
            self._take(b64decode(message["audio_base_64"]), commit=message["commit"])

    def _take(self, pcmu: bytes, *, commit: bool) -> None:
        self.server.audio_bytes += len(pcmu)
        self.uncommitted += len(pcmu)
        self.recognizer.hear(pcmu)
        latency = self.server.latency
        due = self.server._clock.ms() + (latency.final_ms if commit else latency.partial_ms)
        if not self.work.full():
            self.work.put_nowait((due, commit))

    async def _answer(self) -> None:
        """Partials and finals, in the order of the audio, each after its latency."""
        clock = self.server._clock
        while True:
            due, commit = await self.work.get()
            if commit:
                await self._commit(due)
            elif not self.server.faults.hang and (text := await self.recognizer.partial()) != self.last_partial:
                await clock.sleep(due - clock.ms())
                self.last_partial = text
                await self._send({"message_type": "partial_transcript", "text": text})

    async def _commit(self, due: int) -> None:
        faults, clock = self.server.faults, self.server._clock
        self.server.commits += 1
        if self.uncommitted < COMMIT_MIN_BYTES:
            await self._send({"message_type": "commit_throttled", "error": f"{self.uncommitted // 8} ms uncommitted"})
            return
        self.uncommitted = 0
        text, words = await self.recognizer.commit()
        await clock.sleep(due - clock.ms())
        stale, self.last_partial = self.last_partial, ""
        if faults.no_finals or faults.hang:
            return
        text, words = ("", []) if faults.empty_finals else (text, words)
        text, words = ("(laughter)", []) if faults.tag_only else (text, words)
        plain: dict[str, Any] = {"message_type": "committed_transcript", "text": text}
        timed = {
            "message_type": "committed_transcript_with_timestamps",
            "text": text,
            "language_code": "en",
            "words": [{"text": w, "start": start, "end": end, "type": "word"} for w, start, end in words],
        }
        order = [timed, plain] if faults.timed_first else [plain, timed]
        for message in order * (3 if faults.duplicate_finals else 1):
            if not (faults.no_timed and message is timed):
                await self._send(message)
        if faults.stale_partials and stale:
            for _ in range(3):
                await self._send({"message_type": "partial_transcript", "text": stale})

    async def _fail(self, slug: str) -> None:
        await self._send({"message_type": slug, "error": slug.replace("_", " ")})
        await self.connection.close(1000 if slug == "session_time_limit_exceeded" else 1008, slug)

    async def _send(self, message: dict[str, Any]) -> None:
        await self.connection.send(json.dumps(message))


_SESSION: dict[str, Any] = {
    "message_type": "session_started",
    "session_id": "local",
    "config": {
        "sample_rate": 8000,
        "audio_format": "ulaw_8000",
        "language_code": "en",
        "model_id": "scribe_v2_realtime",
        "vad_commit_strategy": False,
        "commit_strategy": "manual",
        "include_timestamps": True,
        "enable_logging": True,
        "disable_logging": False,
    },
}
