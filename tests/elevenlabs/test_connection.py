"""Reconnecting: what counts as a loss, how long the pauses are, and what ends it."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from telephony.elevenlabs.connection import BUSY_MS, STEADY_MS, SessionEnded, open_socket, reconnecting
from telephony.elevenlabs.rest import new_client
from telephony.network.tls import loaded
from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
from telephony.testing.steady import SteadyClock

FIRST_MS = 200
LATE_MS = 150  # for waking up, at the speed of these tests
Loss = tuple[str, bool, int]


class Rig:
    """Each session lives for `lived_ms` and ends as the next of `sessions` says; after the last, the call ends."""

    def __init__(
        self, *sessions: Exception | None, lived_ms: int = 0, busy: frozenset[str] = frozenset(), speed: int = 20
    ) -> None:
        self.clock, self.stopping = SteadyClock(speed), asyncio.Event()
        self.losses: list[Loss] = []
        self.began_ms: list[int] = []
        self._sessions, self._lived_ms, self._busy = list(sessions), lived_ms, busy

    async def session(self) -> None:
        self.began_ms.append(self.clock.ms())
        if not self._sessions:
            self.stopping.set()
            return
        end = self._sessions.pop(0)
        await self.clock.sleep(self._lived_ms)
        if end is not None:
            raise end

    async def run(self, session: Callable[[], Awaitable[None]] | None = None) -> None:
        async with asyncio.timeout(60):
            async for loss in reconnecting(
                session or self.session, self.clock, self.stopping, first_ms=FIRST_MS, busy=self._busy
            ):
                self.losses.append(loss)

    @property
    def pauses(self) -> list[int]:
        return [
            after - before - self._lived_ms for before, after in zip(self.began_ms, self.began_ms[1:], strict=False)
        ]


async def test_a_loss_is_reported_with_its_code_and_how_many_came_before() -> None:
    """A session that just returns, although the call goes on, is one too."""
    rig = Rig(SessionEnded("queue_overflow", True), None, OSError())
    await rig.run()
    assert rig.losses == [
        ("queue_overflow", True, 1), ("provider_unavailable", True, 2), ("provider_unavailable", True, 3),
    ]  # fmt: skip


async def test_the_first_reconnect_is_immediate_and_later_pauses_double_up_to_five_seconds() -> None:
    """Each within 30 % of its nominal length."""
    rig = Rig(*[OSError()] * 11)
    await rig.run()
    for pause, nominal in zip(rig.pauses, (0, 200, 400, 800, 1_600, 3_200, *[5_000] * 5), strict=True):
        assert nominal * 0.7 - 1 <= pause <= nominal * 1.3 + LATE_MS


async def test_a_busy_service_is_left_alone_for_a_second() -> None:
    """Already before the first reconnect; a code that is not listed as busy is asked again at once."""
    rig = Rig(SessionEnded("throttled", True), busy=frozenset({"throttled"}))
    await rig.run()
    assert BUSY_MS - 1 <= rig.pauses[0] <= BUSY_MS + LATE_MS
    rig = Rig(SessionEnded("throttled", True))
    await rig.run()
    assert rig.pauses[0] <= LATE_MS


async def test_a_429_is_busy_for_every_port() -> None:
    """No port has to list it."""
    rig = Rig(SessionEnded("provider_busy", True))
    await rig.run()
    assert BUSY_MS - 1 <= rig.pauses[0] <= BUSY_MS + LATE_MS


@pytest.mark.parametrize(("lived_ms", "counts"), [(STEADY_MS + 50, [1, 1, 1]), (STEADY_MS // 2, [1, 2, 3])])
async def test_only_a_connection_that_lived_long_resets_the_count(lived_ms: int, counts: list[int]) -> None:
    """One that closes soon after it opened would otherwise be reopened for ever, without a pause."""
    rig = Rig(*[OSError()] * 3, lived_ms=lived_ms, speed=200)
    await rig.run()
    assert [failures for _, _, failures in rig.losses] == counts


async def test_a_refusal_is_the_last_loss() -> None:
    """No further session."""
    rig = Rig(SessionEnded("quota_exceeded", False), OSError())
    await rig.run()
    assert rig.losses == [("quota_exceeded", False, 1)]
    assert len(rig.began_ms) == 1


async def test_what_ends_a_session_of_a_call_that_is_over_is_no_loss() -> None:
    """Neither a return nor an exception; and a call that is over before the start opens nothing."""
    rig = Rig()

    async def fails() -> None:
        rig.stopping.set()
        raise OSError

    await rig.run(fails)
    await rig.run()
    assert (rig.losses, rig.began_ms) == ([], [])
    rig = Rig()
    await rig.run()
    assert (rig.losses, len(rig.began_ms)) == ([], 1)


async def test_the_end_of_the_call_ends_a_pause() -> None:
    """At once, and no session follows."""
    rig = Rig(SessionEnded("throttled", True), busy=frozenset({"throttled"}))
    async with asyncio.TaskGroup() as group:
        group.create_task(rig.run())
        await rig.clock.sleep(BUSY_MS / 4)
        stopped_ms = rig.clock.ms()
        rig.stopping.set()
    assert rig.clock.ms() - stopped_ms < BUSY_MS / 2
    assert len(rig.began_ms) == 1


async def test_cancelling_reaches_the_session() -> None:
    """It is cancelled itself, not taken for a loss."""
    rig, started, cancelled = Rig(), asyncio.Event(), asyncio.Event()

    async def session() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    running = asyncio.create_task(rig.run(session))
    await started.wait()
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    assert cancelled.is_set()
    assert rig.losses == []


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """A server's certificate, which clients trust as long as SSL_CERT_FILE names it."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    name = "-subj /CN=localhost -addext subjectAltName=DNS:localhost"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes {name}".split()
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    loaded.cache_clear()
    yield context
    loaded.cache_clear()


async def test_a_socket_reads_no_certificates(certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """They were read for the REST API, before the first call: to do so again would stop all calls for 20 ms."""
    await new_client("https://api.elevenlabs.io").aclose()
    monkeypatch.delenv("SSL_CERT_FILE")
    clock = SteadyClock(20)
    async with asyncio.timeout(60), LocalElevenLabs(clock=clock, tls=certificate) as server:
        url = server.base_url.replace("https://127.0.0.1", "wss://localhost") + "/v1/speech-to-text/realtime"
        async with open_socket(f"{url}?model_id=scribe_v2_realtime", "local", clock, max_bytes=2**20) as socket:
            assert "session_started" in str(await socket.recv())
