"""An engine's process: shared by calls, bounded, restarted when it dies, and ended with its owner."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

pytest.importorskip("hibari", reason="the local parts are not installed")

from telephony.offline import tts
from telephony.offline.tts import CALLER, LocalSynthesizer
from telephony.offline.worker import MAX_OPTIONAL, MAX_URGENT, Engine, EngineBusy, NotInstalled, Worker

HELLO = {"text": "Hello.", "pace": 1, "pitch": 1, "size_of_speaker": 1}


@pytest_asyncio.fixture
async def worker() -> AsyncIterator[Worker]:
    async with asyncio.timeout(120), Worker(tts.ENGINE) as worker:
        yield worker


async def test_calls_share_it_and_each_gets_its_own_answer(worker: Worker) -> None:
    agent, caller = LocalSynthesizer(worker), LocalSynthesizer(worker, CALLER)
    texts = ["One.", "Two and a half.", "Three, which is more."]
    together = await asyncio.gather(*(voice.synthesize(text) for text in texts for voice in (agent, caller)))
    alone = [await voice.synthesize(text) for text in texts for voice in (agent, caller)]
    assert together == alone
    assert len({pcmu for pcmu, _ in alone}) == 6


async def test_urgent_requests_come_first_and_those_withdrawn_are_not_begun(worker: Worker) -> None:
    order: list[str] = []
    first = worker.ask(HELLO)  # it is being worked on while the others wait
    await asyncio.sleep(0)
    waiting = {"late": worker.ask(HELLO, urgent=False), "gone": worker.ask(HELLO), "early": worker.ask(HELLO)}
    for name, future in waiting.items():
        future.add_done_callback(lambda _, name=name: order.append(name))  # type: ignore[misc]
    waiting["gone"].cancel()
    await asyncio.gather(first, waiting["late"], waiting["early"])
    assert order == ["gone", "early", "late"]


async def test_both_queues_are_bounded(worker: Worker) -> None:
    """What does not fit is refused at once; what waits is answered."""
    for urgent, most in ((False, MAX_OPTIONAL), (True, MAX_URGENT)):
        waiting = [worker.ask(HELLO, urgent=urgent) for _ in range(most)]
        with pytest.raises(EngineBusy, match=f"{most} requests wait"):
            worker.ask(HELLO, urgent=urgent)
        for future in waiting[1:]:
            future.cancel()
        assert (await waiting[0])[1]


async def test_a_machine_that_is_too_slow_is_told_once(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to do about it. (A slow answer is made of a quick one, by calling any answer late.)"""
    monkeypatch.setattr("telephony.offline.worker.LATE_S", -1.0)
    for _ in range(2):
        await worker.ask(HELLO)
    shown = "".join(capsys.readouterr())
    assert shown.count("local_engine_too_slow") == 1
    assert "TELEPHONY_MAX_CALLS" in shown


async def test_a_process_that_dies_is_started_again(worker: Worker) -> None:
    """The request is repeated: nothing that the caller said is lost."""
    before = worker.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    assert (await worker.ask(HELLO))[1]
    assert worker.pid not in (None, before)


async def test_the_process_ends_with_its_owner() -> None:
    async with asyncio.timeout(120):
        async with Worker(tts.ENGINE) as worker:
            process, waiting = worker._process, worker.ask(HELLO)
        assert process is not None
        assert process.returncode == 0
        assert waiting.cancelled()


async def test_a_missing_engine_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install, where that is possible, and what to do elsewhere."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(NotInstalled, match=r"telephony\[offline\].*onnxruntime.*ELEVENLABS_API_KEY"):
        async with Worker(tts.ENGINE):
            pass


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise ImportError('libc.so.6: version GLIBC_2.34 not found')", "GLIBC_2.34"),
        ("raise OSError('cannot open shared object file')", "cannot open shared object"),
        ("raise ValueError('a broken model')", "a broken model"),
    ],
)
async def test_an_engine_that_cannot_work_here_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, said: str
) -> None:
    code = f"from telephony.offline.worker_process import serve\ndef load():\n    {body}\nserve(load)\n"
    (tmp_path / "broken_engine.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(NotInstalled, match=said):
        async with asyncio.timeout(60), Worker(Engine("engine", "broken_engine", "json", "json", "no system")):
            pass
