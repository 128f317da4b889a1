"""Local STT: pocketsphinx with a small grammar, in its own process, for a machine without keys.

It recognises the sentences of `grammar.py` and nothing else. Audio that does not fit them well gives an empty
transcript, and the agent asks the caller again. A phrase is accepted if its words fit the sound (log10 likelihood per
frame, relative to the best sounds) and cover all of it.

Measured through mu-law, with espeak voices, line noise at -50 dBFS and five seeds: the demo's six sentences are
recognised in 30 of 30 cases. No phrase in 108 pieces of recorded noise and music, nor in 60 of white noise. Speech
about other topics became a phrase in 1 of 83 pieces (human), 1 of 20 (spoken digits) and 3 of 79 (synthetic). The rules
were tuned on these recordings, so expect more errors on others: the dialogue confirms before it books. No recording of
a human saying the sentences of the grammar was available.

Known failures with the demo's voice: "stop" alone is never recognised, "cancel" alone in only 2 of 5 cases, and "six
o'clock" becomes "eight o'clock". Audio above -42 dBFS counts as sound, so a caller on a noisier line is not understood.
Decoding takes 30-80 ms for a phrase and about 100 ms for a second of noise; only other local recognisers wait for it.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import struct
import sys
from itertools import pairwise
from types import TracebackType
from typing import Any

import structlog

from telephony.audio import level, mulaw
from telephony.audio.resample import double
from telephony.errors import TelephonyError
from telephony.offline.grammar import grammar, is_whole
from telephony.testing.steady import time_stands_still

log = structlog.get_logger()

MEAN_FIT, WORST_FIT = -1.95, -2.8
"""A phrase whose mean fit or worst word fit is lower is rejected."""
MAX_UNCOVERED_MS = 160
"""Maximum sound outside the words (measured for phrases really said: 80 ms at most)."""
MIN_SOUND_IN_WORDS = 0.5
"""Minimum share of sound in the words: those mostly on silence are wrong (phrases really said: 0.56 or more)."""
MAX_GAP_MS = 700
"""Maximum silence between two words: a longer one would have ended the utterance."""
VOICED = -420
"""Frames above this level (tenths of dBFS) may be voice."""
MARGIN_FRAMES = 10
MIN_FRAMES = 8
"""Less sound (160 ms) is never a phrase."""
MAX_MS = 12_000
PARTIAL_FRAMES = 20
"""Decode a partial after this many more frames of sound."""
Words = list[tuple[str, float, float]]


class SttNotInstalled(TelephonyError):
    """The local STT cannot be used on this machine."""

    code = "offline_not_installed"


class RecognizerProcess:
    """The decoding process, one for all calls; `async with` starts and ends it."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._asked = 0

    async def __aenter__(self) -> RecognizerProcess:
        """Raises SttNotInstalled if pocketsphinx is not installed or does not start."""
        if importlib.util.find_spec("pocketsphinx") is None:
            raise SttNotInstalled("the local speech recogniser needs: pip install 'telephony[offline]'")
        await self._start()
        if not await self._ask(b"\0" * 3_200):  # loads the model in advance
            await self.__aexit__(None, None, None)
            raise SttNotInstalled("the local speech recogniser (pocketsphinx) did not start")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()

    def recognizer(self) -> GrammarRecognizer:
        """A recogniser for one connection."""
        return GrammarRecognizer(self)

    async def understand(self, pcmu: bytes) -> tuple[str, Words]:
        """The phrase in mu-law audio and the times of its words in seconds; "" if none was recognised.

        Checks only how well the words fit; the recogniser checks whether they cover the sound.
        """
        answer = await self._ask(double(mulaw.decode(pcmu))[0])
        text, fits = str(answer.get("text", "")), [float(fit) for fit in answer.get("fits", [])]
        if not fits or not is_whole(text) or min(fits) < WORST_FIT or sum(fits) / len(fits) < MEAN_FIT:
            return "", []
        return text, [(word, start / 1000, end / 1000) for word, start, end in answer["words"]]

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "telephony.offline.stt_worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"grammar": grammar()}).encode() + b"\n")

    async def _ask(self, pcm16: bytes) -> dict[str, Any]:
        """Sends one request at a time. Restarts a dead process, and repeats the request once."""
        async with self._turn:
            for _ in range(2):
                try:
                    with time_stands_still():
                        return await self._exchange(pcm16)
                except (OSError, EOFError, asyncio.IncompleteReadError):
                    log.warning("stt_process_died")
                    await self._start()
        return {}

    async def _exchange(self, pcm16: bytes) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise EOFError
        self._asked = number = (self._asked + 1) % 2**32
        process.stdin.write(struct.pack(">II", number, len(pcm16)) + pcm16)
        await process.stdin.drain()
        while True:
            # The task may be cancelled here; its answer still comes, and the next request skips it by its number.
            # Whole lines are read so that a cancellation between two reads cannot leave half an answer in the pipe.
            answer: dict[str, Any] = json.loads(await process.stdout.readuntil(b"\n"))
            if answer["id"] == number:
                return answer


class GrammarRecognizer:
    """The `Recognizer` of one connection: keeps the open segment, extracts the voice, has the process decode it."""

    def __init__(self, process: RecognizerProcess) -> None:
        self._process = process
        self._audio = bytearray()
        self._begins_ms = 0  # the start of the open segment
        self._loud: list[int] = []  # the loud frames of the segment
        self._decoded = 0  # how many of them the last partial has decoded
        self._partial = ""

    def hear(self, pcmu: bytes) -> None:
        for at in range(0, len(pcmu), 160):
            frame = pcmu[at : at + 160]
            if level.level(frame) > VOICED:
                self._loud.append(len(self._audio) // 160)
            self._audio += frame
        if not self._loud and len(self._audio) > 8 * 1_000:
            self._forget(len(self._audio) - 8 * 500)
        if len(self._audio) > 8 * MAX_MS:
            self._forget(len(self._audio) - 8 * MAX_MS)

    async def partial(self) -> str:
        if len(self._loud) - self._decoded >= PARTIAL_FRAMES:
            self._decoded = len(self._loud)
            self._partial = (await self._understand())[0]
        return self._partial

    async def commit(self) -> tuple[str, Words]:
        size = len(self._audio)
        text, words = await self._understand() if len(self._loud) >= MIN_FRAMES else ("", [])
        self._forget(size)
        return text, words

    async def _understand(self) -> tuple[str, Words]:
        """The phrase in the segment so far; word times in seconds from the first audio of the connection."""
        pcmu, begins_ms = self._voice()
        sound = {frame * 20 + self._begins_ms for frame in self._loud}
        text, words = await self._process.understand(pcmu)
        words = [(word, start + begins_ms / 1000, end + begins_ms / 1000) for word, start, end in words]
        return (text, words) if _covers(words, sound) else ("", [])

    def _voice(self) -> tuple[bytes, int]:
        """The voiced part with margins, padded with silence, and its start in the caller's audio in ms."""
        if not self._loud:
            return b"", self._begins_ms
        first = max(0, self._loud[0] - MARGIN_FRAMES)
        last = self._loud[-1] + MARGIN_FRAMES
        pcmu = bytes(self._audio[first * 160 : (last + 1) * 160])
        return pcmu.ljust((last + 1 - first) * 160, mulaw.SILENCE), self._begins_ms + first * 20

    def _forget(self, size: int) -> None:
        size -= size % 160
        del self._audio[:size]
        self._begins_ms += size // 8
        self._loud = [frame - size // 160 for frame in self._loud if frame >= size // 160]
        self._decoded, self._partial = 0, ""


def _covers(words: Words, sound: set[int]) -> bool:
    """Whether the words coincide with the sound and cover it. `sound` holds the times of the loud frames in ms.

    A decoder that must find a phrase fits one into a part of unintelligible audio: one word, seconds of something else,
    another word.
    """
    if not words:
        return False
    spans = [(start * 1000 - 10, end * 1000) for _, start, end in words]
    inside = sum(any(start <= at < end for start, end in spans) for at in sound)
    length = sum(end - start for start, end in spans)
    if any(after[0] - before[1] > MAX_GAP_MS for before, after in pairwise(spans)):
        return False
    return (len(sound) - inside) * 20 <= MAX_UNCOVERED_MS and inside * 20 >= MIN_SOUND_IN_WORDS * length
