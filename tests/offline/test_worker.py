"""An engine's process: shared by calls, bounded, restarted when it dies, and ended with its owner."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from subprocess import PIPE

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

pytest.importorskip("hibari", reason="the local parts are not installed")

from telephony.offline import tts
from telephony.offline.tts import CALLER, LocalSynthesizer
from telephony.offline.worker import MAX_OPTIONAL, MAX_URGENT, Engine, EngineBusy, NotInstalled, Worker
from telephony.offline.worker_process import encode

HELLO = b"hello"
LOADS_ECHO = "from telephony.offline.worker_process import serve\nserve(lambda: lambda head, body: (head, body))\n"
ECHO = Engine("engine", "echo_engine", "json", "json", "no system")
"""Answers with what it is asked, and is loaded at once: for what is the worker's own."""


@pytest_asyncio.fixture
async def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Worker]:
    (tmp_path / "echo_engine.py").write_text(LOADS_ECHO)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    async with asyncio.timeout(120), Worker(ECHO) as worker:
        yield worker


async def test_calls_share_it_and_each_gets_its_own_answer() -> None:
    texts = ["One.", "Two and a half.", "Three, which is more."]
    async with asyncio.timeout(120), Worker(tts.ENGINE) as worker:
        agent, caller = LocalSynthesizer(worker), LocalSynthesizer(worker, CALLER)
        together = await asyncio.gather(*(voice.synthesize(text) for text in texts for voice in (agent, caller)))
        alone = [await voice.synthesize(text) for text in texts for voice in (agent, caller)]
    assert together == alone
    assert len({pcmu for pcmu, _ in alone}) == 6


async def test_urgent_requests_come_first_and_those_withdrawn_are_not_begun(worker: Worker) -> None:
    order: list[str] = []
    first = worker.ask({}, HELLO)  # it is being worked on while the others wait
    await asyncio.sleep(0)
    waiting = {
        "late": worker.ask({}, HELLO, urgent=False),
        "gone": worker.ask({}, HELLO),
        "early": worker.ask({}, HELLO),
    }
    for name, future in waiting.items():
        future.add_done_callback(lambda _, name=name: order.append(name))  # type: ignore[misc]
    waiting["gone"].cancel()
    await asyncio.gather(first, waiting["late"], waiting["early"])
    assert order == ["gone", "early", "late"]


async def test_both_queues_are_bounded(worker: Worker) -> None:
    """What does not fit is refused at once; what waits is answered."""
    for urgent, most in ((False, MAX_OPTIONAL), (True, MAX_URGENT)):
        waiting = [worker.ask({}, HELLO, urgent=urgent) for _ in range(most)]
        with pytest.raises(EngineBusy, match=f"{most} requests wait"):
            worker.ask({}, HELLO, urgent=urgent)
        for future in waiting[1:]:
            future.cancel()
        assert (await waiting[0])[1] == HELLO


async def test_a_machine_that_is_too_slow_is_told_once(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do about it. (A slow answer is made of a quick one, by calling any answer late.)"""
    monkeypatch.setattr("telephony.offline.worker.LATE_S", -1.0)
    with capture_logs() as logs:
        for _ in range(2):
            await worker.ask({}, HELLO)
    [line] = [line for line in logs if line["event"] == "local_engine_too_slow"]
    assert "TELEPHONY_MAX_CALLS" in line["advice"]


async def test_a_process_that_dies_is_started_again(worker: Worker) -> None:
    """The request is repeated: nothing that the caller said is lost."""
    before = worker.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    assert (await worker.ask({}, HELLO))[1] == HELLO
    assert worker.pid not in (None, before)


async def test_the_process_ends_with_its_owner(worker: Worker) -> None:
    async with asyncio.timeout(120):
        async with Worker(ECHO) as other:
            process, waiting = other._process, other.ask({}, HELLO)
        assert process is not None
        assert process.returncode == 0
        assert waiting.cancelled()


async def test_ctrl_c_at_a_terminal_does_not_reach_it(worker: Worker) -> None:
    """It goes to the whole group of the service, which lets its calls finish."""
    assert worker.pid is not None
    assert os.getpgid(worker.pid) != os.getpgid(0)


@pytest.mark.parametrize("asked", [0, 1])
def test_a_process_whose_owner_was_killed_ends_without_a_word(tmp_path: Path, asked: int) -> None:
    """Also if it finds that out only when it answers."""
    command, stderr = [sys.executable, "-c", LOADS_ECHO], tmp_path / "stderr"
    with stderr.open("w") as file, subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=file) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == encode({})
        process.stdout.close()
        process.stdin.write(encode({}) * asked)
        process.stdin.close()
        assert process.wait(timeout=60) == 0
    assert stderr.read_text() == ""


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
