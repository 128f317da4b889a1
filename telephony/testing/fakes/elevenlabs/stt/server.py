"""A local server that behaves like ElevenLabs' Scribe realtime STT, with a switch for each known fault.

A wrong key and wrong parameters are accepted at the handshake and then answered with an error and a close. A commit is
answered with a partial that repeats the text, the plain final, and, if the client asked for word times or the language,
the timed one. In silence the last partial is repeated each second. A long segment is committed without being asked.

Transcripts come from a `Recognizer`: a script (the test knows the caller's words, see `script.py`), or a real STT
model. Audio and commits are processed in order of arrival; each answer is sent when its latency has passed, so a late
final does not delay the partials of later speech.
"""

from __future__ import annotations

import asyncio
import heapq
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request

import telephony.testing.fakes.elevenlabs.stt.messages as wire
from telephony.clock import Clock
from telephony.errors import ProviderBusy
from telephony.testing.fakes.audio_formats import Decoder
from telephony.testing.fakes.elevenlabs.stt.faults import SttFaults, SttLatency
from telephony.testing.fakes.elevenlabs.stt.request import Setup, SilenceCommits, read_query
from telephony.testing.fakes.elevenlabs.stt.script import Estimating, Paced, Recognizer, Script, ScriptedRecognizer

COMMIT_MIN_BYTES = 2_400
CHUNK_MAX_BYTES = 60_000
IDLE_MS = 15_000
REPEAT_BYTES = 8_000
REASON_BYTES = 123
BACKLOG = 2_000  # unprocessed chunks: 200 s of audio in chunks of 100 ms


class LocalStt:
    """The server. `handle` serves one connection. `live` is the number of open connections; `connections`, `commits`
    and `audio_bytes` are totals over all of them, and `paths` holds their paths with query."""

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
        self.connections = self.live = self.commits = self.audio_bytes = 0
        self.paths: list[str] = []
        self._clock, self._key = clock, api_key
        self._recognizer = recognizer or (lambda: ScriptedRecognizer(self.script))

    def refuse(self, request: Request) -> tuple[int, str, str] | None:
        """Why to refuse the handshake, as (HTTP status, slug, sentence), or None."""
        return (self.faults.refuse, "refused", "injected fault") if self.faults.refuse else None

    async def handle(self, connection: ServerConnection) -> None:
        """Serves one socket until it closes."""
        assert connection.request is not None
        path, key = connection.request.path, connection.request.headers.get("xi-api-key", "")
        self.paths.append(path)
        self.connections += 1
        self.live += 1
        setup = read_query(parse_qs(urlsplit(path).query))
        refused = ("invalid_request", setup) if isinstance(setup, str) else self._refused(key, setup)
        session = _Session(
            self, connection, self._clock, self._recognizer(), Setup() if isinstance(setup, str) else setup, key
        )
        try:
            if refused:
                await session.fail(*refused)
            else:
                await session.run()
        except ConnectionClosed:
            pass
        finally:
            session.give_back()
            self.live -= 1

    def _refused(self, key: str, setup: Setup) -> tuple[str, str] | None:
        """The error (slug, sentence) for a client that may connect but not speak, or None."""
        if key != self._key:
            return "auth_error", "You must be authenticated to use this endpoint."
        if setup.language and setup.language == self.faults.refused_language:
            return "invalid_request", f"Unsupported language_code: {setup.language}"
        slug = self.faults.error_after_accept
        return (slug, "") if slug else None


@dataclass(frozen=True, slots=True)
class _Answer:
    """Messages that are sent together. `final`: they answer a commit (there may be none, if a fault says so)."""

    messages: list[dict[str, Any]]
    final: bool = False


class _DelayedAnswers:
    """A queue of answers, each with the time at which it is due; those due at the same time keep their order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[int, int, _Answer]] = []
        self._count = 0
        self._came = asyncio.Event()

    def put(self, due_ms: int, answer: _Answer) -> None:
        self._count += 1
        heapq.heappush(self._heap, (due_ms, self._count, answer))
        self._came.set()

    async def next(self) -> _Answer:
        """Waits until the earliest answer is due, and returns it."""
        while True:
            self._came.clear()
            wait_ms = self._heap[0][0] - self._clock.ms() if self._heap else None
            if wait_ms is not None and wait_ms <= 0:
                return heapq.heappop(self._heap)[2]
            try:
                async with self._clock.timeout(wait_ms):
                    await self._came.wait()
            except TimeoutError:
                pass


@dataclass(slots=True)
class _Session:
    """One socket. `work` holds unprocessed messages as (arrival in ms, mu-law audio, commit); `answers` those not yet
    due."""

    server: LocalStt
    connection: ServerConnection
    clock: Clock
    recognizer: Recognizer
    setup: Setup
    key: str
    began: int | None = None
    audio_bytes: int = 0
    uncommitted: int = 0
    last_partial: str = ""
    unchanged: int = 0
    partial_due: int = 0
    work: asyncio.Queue[tuple[int, bytes, bool]] = field(default_factory=lambda: asyncio.Queue(BACKLOG))
    answers: _DelayedAnswers = field(init=False)
    decoder: Decoder = field(init=False)
    silence: SilenceCommits = field(init=False)

    def __post_init__(self) -> None:
        self.answers = _DelayedAnswers(self.clock)
        self.decoder, self.silence = Decoder(self.setup.format), SilenceCommits(self.setup)

    async def run(self) -> None:
        faults = self.server.faults
        if not faults.no_session:
            await self._send(wire.session_started(self.setup))
        if faults.close_after_session:
            await self._close(1000, "")
            return
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._recognize()), group.create_task(self._send_answers())]
                try:
                    await self._listen()
                finally:
                    for task in tasks:
                        task.cancel()
        except* ConnectionClosed:
            pass

    @property
    def latency(self) -> SttLatency:
        return self.recognizer.latency if isinstance(self.recognizer, Paced) else self.server.latency

    def give_back(self) -> None:
        """Returns undelivered words to the script, unless the client closed normally: it may send their audio again."""
        protocol = self.connection.protocol
        done = protocol.close_rcvd is not None and protocol.close_rcvd.code == 1000 and protocol.close_rcvd_then_sent
        if isinstance(self.recognizer, ScriptedRecognizer) and not done:
            self.recognizer.give_back()

    # --- what comes in ----------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            try:
                async with self.clock.timeout(IDLE_MS):
                    text = await self.connection.recv()
            except TimeoutError:
                await self._close(1000, "")
                return
            slug = self._take(text)
            if slug == "1011":
                await self._close(1011, "internal error")
                return
            if slug:
                await self.fail(slug)
                return

    def _take(self, text: str | bytes) -> str:
        """Takes one message. Returns the slug of the error that ends the session, or ""."""
        faults, message = self.server.faults, wire.read(text, self.setup.rate, self.decoder)
        if message is None or (message.get("previous_text") is not None and self.audio_bytes):
            return "input_error"
        pcmu, commit = message["audio_base_64"], message["commit"]
        now = self.clock.ms()
        self.began = now if self.began is None else self.began
        self.audio_bytes += len(pcmu)
        self.server.audio_bytes += len(pcmu)
        lead_ms = self.audio_bytes // 8 - (now - self.began)
        if faults.drop:
            faults.drop = False
            return "1011"
        if slug := faults.error_slug:
            faults.error_slug = ""
            return slug
        if len(pcmu) > CHUNK_MAX_BYTES:
            return "chunk_size_exceeded"
        if self.work.full() or (faults.overflow_lead_ms and lead_ms > faults.overflow_lead_ms):
            return "queue_overflow"
        self.work.put_nowait((now, pcmu, commit))
        return ""

    async def _recognize(self) -> None:
        """Processes audio and commits in order. A recognizer that cannot keep up ends the session."""
        try:
            while True:
                await self._process(*await self.work.get())
        except ProviderBusy:
            await self.fail("resource_exhausted")

    async def _process(self, arrived: int, pcmu: bytes, commit: bool) -> None:
        silent = False
        if pcmu:
            self.recognizer.hear(pcmu)
            self.uncommitted += len(pcmu)
            self.unchanged += len(pcmu)
            silent = self.setup.vad and self.silence.hear(pcmu)
        if commit:
            self.server.commits += 1
            await self._client_commit(arrived)
        elif silent or self.uncommitted >= self.server.faults.own_commit_ms * 8:
            await self._commit(arrived)
        elif self.work.empty():
            await self._partial(arrived)

    async def _client_commit(self, arrived: int) -> None:
        """Answers a commit from the client: closed, throttled, or finals."""
        faults = self.server.faults
        if faults.drop_at_commit:
            faults.drop_at_commit = False
            await self._close(1011, "internal error")
        elif self.uncommitted < COMMIT_MIN_BYTES or faults.throttle > 0:
            faults.throttle = max(0, faults.throttle - 1)
            error = wire.error("commit_throttled", f"only {self.uncommitted // 8} ms uncommitted")
            self.answers.put(arrived, _Answer([error]))
        else:
            await self._commit(arrived)

    async def _partial(self, arrived: int) -> None:
        faults, text = self.server.faults, await self.recognizer.partial()
        if text and faults.rough_partials:
            text = text[: -(len(text.split()[-1]) // 2) or None]
        repeated = text and self.unchanged >= REPEAT_BYTES and not faults.no_echo
        if text == self.last_partial and not repeated:
            return
        self.last_partial, self.unchanged = text, 0
        messages: list[dict[str, Any]] = [wire.partial(text)]
        if faults.flood:
            messages = [*(wire.partial(f"{text} {number}") for number in range(faults.flood)), *messages]
            faults.flood = 0
        if faults.unknown_messages:
            messages = [{"message_type": "warning", "warning": "a test"}, {"message_type": "a_newcomer"}, *messages]
        if faults.garbage:
            faults.garbage, messages = False, [{}]
        self.partial_due = arrived + self.latency.partial_ms
        self.answers.put(self.partial_due, _Answer(messages))

    async def _commit(self, arrived: int) -> None:
        faults = self.server.faults
        self.uncommitted = 0
        text, words = await self.recognizer.commit()
        stale, self.last_partial = self.last_partial, ""
        language = self.setup.language
        estimated = isinstance(self.recognizer, Estimating)
        plain, timed = wire.finals(text, words, faults, timed=self.setup.words, language=language, estimated=estimated)
        both = [timed, plain] if faults.timed_first else [plain, timed]
        asked = self.setup.timed or faults.timed_unasked
        both = [m for m in both if not (faults.no_finals or (faults.no_plain and m is plain))]
        both = [m for m in both if not ((faults.no_timed or not asked) and m is timed)]
        both *= 3 if faults.duplicate_finals else 1
        due = max(arrived + self.latency.final_ms, self.partial_due)  # never before the partial that it makes final
        late = self.latency.timed_ms + faults.timed_late_ms
        now = 1 if late else len(both)
        echo = [wire.partial(plain["text"])] if text and both and not faults.no_echo else []
        self.answers.put(due, _Answer(echo + both[:now], final=True))
        if both[now:]:
            self.answers.put(due + late, _Answer(both[now:]))
        if faults.stale_partials and stale:
            self.answers.put(due, _Answer([wire.partial(stale)] * 3))

    # --- what goes out ----------------------------------------------------------------------------------------------

    async def _send_answers(self) -> None:
        """Sends each answer when it is due."""
        while True:
            answer = await self.answers.next()
            if self.server.faults.hang:
                continue
            for message in answer.messages:
                await self._send(message)
            if answer.final and isinstance(self.recognizer, ScriptedRecognizer):
                self.recognizer.delivered()

    async def fail(self, slug: str, said: str = "") -> None:
        """Sends an error and closes."""
        said = said or slug.replace("_", " ").capitalize()
        said += f": {self.key} {self.last_partial}" if self.server.faults.quote else ""
        await self._send(wire.error(slug, said))
        reason = said.encode()[:REASON_BYTES].decode(errors="ignore")
        await self._close(1000 if slug == "session_time_limit_exceeded" else 1008, reason)

    async def _close(self, code: int, reason: str) -> None:
        self.give_back()  # before the client can reconnect
        await self.connection.close(code, reason)

    async def _send(self, message: dict[str, Any]) -> None:
        await self.connection.send(json.dumps(message) if message else "<html>Bad gateway</html>")
