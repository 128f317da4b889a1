"""The local engines for code without an event loop: scripts, and tests in virtual time.

    with BlockingEngine(tts.ENGINE) as engine: ...
    with BlockingEngine(stt.ENGINE) as engine:
        recognizer = BlockingRecognizer(engine)

A request blocks until its answer has come, so no other request can wait.
"""

from __future__ import annotations

import atexit
import importlib.util
import subprocess
from collections.abc import Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from subprocess import PIPE
from types import TracebackType
from typing import Any, Protocol, TypeVar

from telephony.offline import stt
from telephony.offline.stt import LocalRecognizer, Words
from telephony.offline.tts import AGENT, ENGINE, LocalSynthesizer, LocalVoice, Speech
from telephony.offline.worker import Engine, NotInstalled
from telephony.offline.worker_process import Message, encode, read

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that has come, as `Pending`."""

    message: Message

    def done(self) -> bool:
        return True

    def result(self) -> Message:
        return self.message

    def cancel(self) -> bool:
        return False

    def __await__(self) -> Generator[None, None, Message]:
        yield from ()
        return self.message


class BlockingEngine:
    """One engine's process; `with` starts and ends it. Raises NotInstalled if it cannot run here."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def __enter__(self) -> BlockingEngine:
        if importlib.util.find_spec(self._engine.package) is None:
            raise self._engine.missing()
        engine = self._engine
        self._process = subprocess.Popen(
            engine.command, stdin=PIPE, stdout=PIPE, env=engine.environment(), start_new_session=True
        )
        if self._read() is None:
            self.__exit__(None, None, None)
            raise NotInstalled(f"the local {engine.name} did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.__exit__(kind, error, trace)  # closes the pipes and waits

    def ask(self, head: Mapping[str, Any], body: bytes = b"", *, urgent: bool = True) -> Answered:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(encode(dict(head), body))
        self._process.stdin.flush()
        answer = self._read()
        if answer is None:
            raise NotInstalled(f"the local {self._engine.name} has died")
        return Answered(answer)

    def _read(self) -> Message | None:
        assert self._process is not None
        assert self._process.stdout is not None
        return read(self._process.stdout)


class BlockingAsks(Protocol):
    """A `BlockingEngine`, or whatever wraps one."""

    def ask(self, head: Mapping[str, Any], body: bytes = b"", *, urgent: bool = True) -> Answered: ...


class BlockingRecognizer:
    """A `LocalRecognizer` with plain methods; one for each connection."""

    def __init__(self, engine: BlockingAsks) -> None:
        self._recognizer = LocalRecognizer(engine)

    def hear(self, pcmu: bytes) -> None:
        self._recognizer.hear(pcmu)

    def partial(self) -> str:
        return _finished(self._recognizer.partial())

    def commit(self) -> tuple[str, Words]:
        return _finished(self._recognizer.commit())


def local_stt() -> BlockingRecognizer:
    """The local STT as a `model` of `telephony.testing.recorded_stt`, for calls in virtual time. All share one engine,
    which ends with this process."""
    return BlockingRecognizer(_shared())


@lru_cache(maxsize=1)
def _shared() -> BlockingEngine:
    engine = BlockingEngine(stt.ENGINE).__enter__()
    atexit.register(engine.__exit__, None, None, None)
    return engine


class BlockingSynthesizer:
    """A `LocalSynthesizer` with a plain method."""

    def __init__(self, engine: BlockingEngine, voice: LocalVoice = AGENT) -> None:
        self._synthesizer = LocalSynthesizer(engine, voice)

    def say(self, text: str) -> Speech:
        return _finished(self._synthesizer.synthesize(text))


def say(texts: Sequence[str], voice: LocalVoice = AGENT) -> list[bytes]:
    """The texts as mu-law at 8 kHz, from a process of their own. Takes about a second. Raises NotInstalled."""
    with BlockingEngine(ENGINE) as engine:
        speaker = BlockingSynthesizer(engine, voice)
        return [speaker.say(text)[0] for text in texts]


def _finished(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing but answers that have come."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise RuntimeError("it waits for something else")
