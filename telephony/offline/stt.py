"""Local ears: pocketsphinx on a small grammar, in a process of its own, for a machine without keys.

They understand the sentences of `grammar.py` and nothing else; free speech is beyond them. What does not fit well
is not heard, and a caller who was not understood is asked again. A phrase counts if its words fit the sound (log10
likelihood a frame against the best sounds) and account for all of it.

Measured through mu-law, espeak voices with line noise at -50 dBFS, five seeds: the demo's six sentences 30 of 30. No
phrase in 108 pieces of recorded noise and music nor in 60 of white noise. Pieces of speech about other things became a
phrase in 1 of 83 cases (human), 1 of 20 (spoken digits) and 3 of 79 (synthetic). The rules were set on these very
recordings, so expect more of others: whatever has consequences is confirmed first. No recording of a human saying the
sentences of the vocabulary was at hand.

Known to fail with the demo's voice: "stop" alone is never heard, "cancel" alone in 2 of 5 cases only, and "six o'clock"
is heard as "eight o'clock". Sound is what is above -42 dBFS, so a caller on a line noisier than that is not understood.
Decoding takes 30-80 ms a phrase and about 100 ms a second of noise; nothing else waits for it but other local ears.
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

log = structlog.get_logger()

MEAN_FIT, WORST_FIT = -1.95, -2.8
"""A phrase that fits worse, as a whole or in one of its words, was not understood."""
MAX_UNCOVERED_MS = 160
"""So much sound may lie outside the words (measured for phrases that were meant: 80 ms at most)."""
MIN_SOUND_IN_WORDS = 0.5
"""Words that lie mostly on silence were made up (phrases that were meant: 0.56 and more)."""
MAX_GAP_MS = 700
"""A longer silence between two words would have ended the utterance."""
VOICED = -420
"""Tenths of dBFS: what is louder may be voice."""
MARGIN_FRAMES = 10
MIN_FRAMES = 8
"""Less than 160 ms of sound is no phrase."""
MAX_MS = 12_000
PARTIAL_FRAMES = 20
"""A partial is looked for after so many more frames of sound."""
Words = list[tuple[str, float, float]]


class SttNotInstalled(TelephonyError):
    """The local ears cannot be used on this machine."""

    code = "offline_not_installed"


class RecognizerProcess:
    """The decoding process; `async with` starts and ends it. One for all calls."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._asked = 0

    async def __aenter__(self) -> RecognizerProcess:
        """Raises SttNotInstalled if pocketsphinx is not installed or does not start."""
        if importlib.util.find_spec("pocketsphinx") is None:
            raise SttNotInstalled("the local ears need: pip install 'telephony[offline]'")
        await self._start()
        if not await self._ask(b"\0" * 3_200):  # loads the model before anybody waits for it
            await self.__aexit__(None, None, None)
            raise SttNotInstalled("the local ears (pocketsphinx) did not start")
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
        """Ears for one connection."""
        return GrammarRecognizer(self)

    async def understand(self, pcmu: bytes) -> tuple[str, Words]:
        """The phrase in mu-law audio with the times of its words in seconds; "" if none was understood.

        Only the words are judged here; whether they account for the sound, the recogniser knows.
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
        """One request at a time. A process that died is started again, once a request."""
        async with self._turn:
            for _ in range(2):
                try:
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
            # A call may leave in the middle of this: its answer still comes, and belongs to nobody. Whole lines are
            # read so that leaving between two reads cannot leave half an answer in the pipe.
            answer: dict[str, Any] = json.loads(await process.stdout.readuntil(b"\n"))
            if answer["id"] == number:
                return answer


class GrammarRecognizer:
    """The `Recognizer` of one connection: keeps the open segment, cuts out the voice, asks the process."""

    def __init__(self, process: RecognizerProcess) -> None:
        self._process = process
        self._audio = bytearray()
        self._begins_ms = 0  # where the open segment begins
        self._loud: list[int] = []  # the frames of the segment that are loud
        self._looked = 0  # how many of them the last partial has looked at
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
        if len(self._loud) - self._looked >= PARTIAL_FRAMES:
            self._looked = len(self._loud)
            self._partial = (await self._understand())[0]
        return self._partial

    async def commit(self) -> tuple[str, Words]:
        size = len(self._audio)
        text, words = await self._understand() if len(self._loud) >= MIN_FRAMES else ("", [])
        self._forget(size)
        return text, words

    async def _understand(self) -> tuple[str, Words]:
        """The phrase of the segment as it is now; word times in seconds from the first audio of the connection."""
        pcmu, begins_ms = self._voice()
        sound = {frame * 20 + self._begins_ms for frame in self._loud}
        text, words = await self._process.understand(pcmu)
        words = [(word, start + begins_ms / 1000, end + begins_ms / 1000) for word, start, end in words]
        return (text, words) if _accounts_for(words, sound) else ("", [])

    def _voice(self) -> tuple[bytes, int]:
        """The voiced part with its margins, filled up with silence, and where it begins in the caller's audio."""
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
        self._looked, self._partial = 0, ""


def _accounts_for(words: Words, sound: set[int]) -> bool:
    """Whether the words lie where the sound is (`sound`: the times of the loud frames in ms), and all of it in them.

    A decoder that must find a phrase squeezes one into a part of what it cannot understand: one word, seconds of
    something else, another word.
    """
    if not words:
        return False
    spans = [(start * 1000 - 10, end * 1000) for _, start, end in words]
    inside = sum(any(start <= at < end for start, end in spans) for at in sound)
    length = sum(end - start for start, end in spans)
    if any(after[0] - before[1] > MAX_GAP_MS for before, after in pairwise(spans)):
        return False
    return (len(sound) - inside) * 20 <= MAX_UNCOVERED_MS and inside * 20 >= MIN_SOUND_IN_WORDS * length
