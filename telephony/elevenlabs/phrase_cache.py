"""Cache of fixed phrases: synthesised once, kept on disk, available as soon as a call starts.

The key covers everything that changes the sound: provider, voice, model, format, settings and text. Files are readable
by their owner only (0600 in a 0700 directory) and written atomically; a damaged file is synthesised again. Without a
writable directory, phrases are kept in memory only. If the TTS service is down, the phrase is skipped and tried later.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from weakref import WeakValueDictionary

import structlog
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from telephony.audio.frames import BYTES_PER_MS
from telephony.clock import Clock
from telephony.contracts.tts import PhraseSource, VoiceSpec
from telephony.core.events import Phrase
from telephony.elevenlabs import tts_codec as wire
from telephony.elevenlabs.connection import SessionEnded, describe
from telephony.elevenlabs.speech_sockets import REFUSED, Refusals, open_tts
from telephony.elevenlabs.tts_contexts import Contexts
from telephony.errors import ProviderError, ProviderRefused, ProviderUnavailable
from telephony.files import private_folder, read_file
from telephony.log_redaction import said, without_secrets

log = structlog.get_logger()

FORMAT = "ulaw_8000"
LONGEST_ENTRY = 2**24
"""Most bytes of a phrase on disk: more than twenty minutes of speech."""
MEMORY_PHRASES = 500
"""Phrases held in memory (about 20 KB each); the oldest are evicted. Agents may greet each caller by name."""
OF_THE_TEXT = frozenset({"max_character_limit_exceeded", "invalid_input_message"})
"""Refusals that say nothing about other phrases."""
CONCURRENT = 2
"""Phrases synthesised concurrently; kept low because live calls share the provider's concurrency limit."""
PHRASE_MS = 15_000
FIRST_MS = 3_000
"""Without audio for this long, close the context (which ends it) and request the phrase once more."""
QUIET_MS = 1_500
"""Once audio has paused for this long it counts as complete, whatever the alignment says."""


class PhraseCache:
    """Looks in memory, then on disk, then asks `source`. One per process. `memory` is what it keeps them in, by key."""

    def __init__(
        self, directory: Path | None, source: PhraseSource, clock: Clock, memory: dict[str, Phrase] | None = None
    ) -> None:
        self._directory = directory
        self._source = source
        self._clock = clock
        self._memory = {} if memory is None else memory
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # only those in use
        self._slots = asyncio.Semaphore(CONCURRENT)
        self._warned = False

    def load(self, spec: VoiceSpec, wording: Mapping[str, str]) -> dict[str, Phrase]:
        """Name -> phrase for the entries of `wording` (name -> text) that are cached. Never contacts the provider."""
        found = {}
        for name, text in wording.items():
            key = self._key(spec, text)
            phrase = self._memory.get(key) or self._read(key, name, text)
            if phrase is not None:
                self._remember(key, phrase)
                found[name] = Phrase(name, phrase.text, phrase.pcmu, phrase.ends_ms)
        return found

    async def ensure(self, spec: VoiceSpec, wording: Mapping[str, str]) -> int:
        """Synthesises missing phrases and returns the number that failed. Raises only CancelledError.

        Once one is refused for a reason that holds for all (key, voice, quota), the rest is not asked for.
        """
        found = self.load(spec, wording)
        missing = [(name, text) for name, text in wording.items() if name not in found]
        refused = asyncio.Event()
        results = await asyncio.gather(*(self._synthesize(spec, name, text, refused) for name, text in missing))
        return sum(not made for made in results)

    async def _synthesize(self, spec: VoiceSpec, name: str, text: str, refused: asyncio.Event) -> bool:
        key = self._key(spec, text)
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock, self._slots:
            if self.load(spec, {name: text}):
                return True
            if refused.is_set():
                return False
            try:
                phrase = await self._source.synthesize(spec, name, text)
            except ProviderError as error:
                log.warning("phrase_synthesis_failed", phrase=name, code=error.code, **said(str(error)))
                if not error.retryable and error.code not in OF_THE_TEXT:
                    refused.set()
                return False
            self._remember(key, phrase)
            await asyncio.to_thread(self._write, key, phrase)
            return True

    def _remember(self, key: str, phrase: Phrase) -> None:
        self._memory[key] = phrase
        if len(self._memory) > MEMORY_PHRASES:
            del self._memory[next(iter(self._memory))]

    def _key(self, spec: VoiceSpec, text: str) -> str:
        return hashlib.sha256(json.dumps([asdict(spec), FORMAT, text], sort_keys=True).encode()).hexdigest()

    def _read(self, key: str, name: str, text: str) -> Phrase | None:
        if self._directory is None:
            return None
        try:
            data = json.loads(read_file(self._directory / f"{key}.json", LONGEST_ENTRY))
            pcmu = base64.b64decode(data["pcmu"], validate=True)
            ends_ms = tuple(int(ms) for ms in data["ends_ms"])
            if data["text"] != text or not pcmu or len(ends_ms) not in (0, len(text)):
                raise ValueError("the entry does not match the phrase")
            return Phrase(name, text, pcmu, ends_ms)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._disk_failed(error)
            return None
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            log.warning("phrase_damaged", phrase=name)
            return None

    def _write(self, key: str, phrase: Phrase) -> None:
        if self._directory is None:
            return
        pcmu = base64.b64encode(phrase.pcmu).decode()
        text = json.dumps({"text": phrase.text, "ends_ms": phrase.ends_ms, "pcmu": pcmu})
        try:
            private_folder(self._directory)
            handle, temporary = tempfile.mkstemp(dir=self._directory)  # created with mode 0600
            try:
                with os.fdopen(handle, "w") as file:
                    file.write(text)
                Path(temporary).replace(self._directory / f"{key}.json")
            except OSError:
                with suppress(OSError):
                    os.unlink(temporary)
                raise
        except OSError as error:
            self._disk_failed(error)

    def _disk_failed(self, error: OSError) -> None:
        if not self._warned:
            self._warned = True
            log.warning("phrases_in_memory_only", reason=error.strerror)


class ElevenLabsPhrases:
    """A `PhraseSource` on the multi-context socket, with one short connection per phrase."""

    def __init__(self, base_url: str, api_key: str, clock: Clock, refusals: Refusals | None = None) -> None:
        self._open = functools.partial(open_tts, base_url, api_key, clock=clock, refusals=refusals or Refusals())
        self._key, self._clock = api_key, clock

    async def synthesize(self, spec: VoiceSpec, name: str, text: str) -> Phrase:
        """See `PhraseSource`. Retries once if the context ends without audio (a race between close and flush), or
        without the language if the service refuses that."""
        for _ in range(2):
            try:
                phrase = await self._once(spec, name, text)
            except ProviderError as error:
                if error.code != REFUSED:
                    raise
                continue
            if phrase.pcmu:
                return phrase
        raise ProviderUnavailable("the phrase has no audio", provider="elevenlabs_tts")

    async def _once(self, spec: VoiceSpec, name: str, text: str) -> Phrase:
        contexts = Contexts(wire.voice_settings(spec))
        try:
            async with self._clock.timeout(PHRASE_MS), self._open(spec) as socket:
                await _send(socket, contexts.speak((1, 1), text, 0))
                pcmu, ends, closed = b"", list[int](), False
                while True:
                    try:
                        async with self._clock.timeout(None if closed else QUIET_MS if pcmu else FIRST_MS):
                            message = wire.decode(await socket.recv())
                        over = False
                    except TimeoutError:
                        message, over = wire.Ignored(), True
                    if isinstance(message, wire.Audio) and (known := contexts.audio(message, 0)) is not None:
                        pcmu += message.pcmu
                        ends += known[2]
                        over = not any(char.isalnum() for char in text[len(ends) :])
                    elif isinstance(message, wire.Final):
                        return Phrase(name, text, pcmu, _whole(text, pcmu, ends))
                    elif isinstance(message, wire.Fault):
                        raise SessionEnded(message.slug, message.retryable, message.said)
                    elif isinstance(message, wire.Malformed):
                        raise ProviderUnavailable(message.why, provider="elevenlabs_tts", code="provider_misbehaved")
                    if over and not closed:
                        closed = True
                        await _send(socket, contexts.close((1, 1), 0))
        except ProviderError:
            raise
        except Exception as error:
            fault = describe(error, wire.PASSING)
            kind = ProviderUnavailable if fault.retryable else ProviderRefused
            sentence = without_secrets(fault.said, self._key)
            raise kind(sentence, provider="elevenlabs_tts", code=fault.slug) from error


async def _send(socket: ClientConnection, frames: list[str]) -> None:
    """Sends to a socket that the server may have closed: its reason, if it gave one, is still to be received."""
    with suppress(ConnectionClosed):
        for frame in frames:
            await socket.send(frame)


def _whole(text: str, pcmu: bytes, ends: list[int]) -> tuple[int, ...]:
    """The end of each character of `text`, the last ones without alignment at the end of the audio; () without any."""
    return (*ends, *[max(ends[-1], len(pcmu) // BYTES_PER_MS)] * (len(text) - len(ends))) if ends else ()
