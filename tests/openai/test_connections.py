"""The connections of the HTTP client, against servers on real sockets, with and without TLS, on both event loops."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpcore2
import httpx2
import pytest
import uvloop

from telephony.openai import connections
from telephony.openai.connections import MAX_WAITING_BYTES, Connection, Network, on_asyncio

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    runs: Run = request.param
    return lambda work: runs(_limited(work))


async def _limited(work: Coroutine[Any, Any, None]) -> None:
    async with asyncio.timeout(60):
        await work


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The certificate of 127.0.0.1, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return made, key


@asynccontextmanager
async def server(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Yields its port. At the end nothing of it is left."""
    served = set[asyncio.Task[None]]()

    async def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        served.add(task)
        try:
            await serve(reader, writer)
        finally:
            writer.transport.abort()

    async with await asyncio.start_server(whole, "127.0.0.1", 0, ssl=tls) as listening:
        yield listening.sockets[0].getsockname()[1]
        for task in served:
            task.cancel()
        await asyncio.gather(*served, return_exceptions=True)
        await asyncio.sleep(0)  # the transports close


@asynccontextmanager
async def connected(serve: Serve) -> AsyncIterator[Connection]:
    async with server(serve) as port:
        connection = await Network().connect_tcp("127.0.0.1", port, timeout=5)
        try:
            yield connection
        finally:
            await connection.aclose()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers requests with how long their bodies were, until the client closes."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for digit in str(length).encode():
                writer.write(b"1\r\n%c\r\n" % digit)
                await writer.drain()
            writer.write(b"0\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
def test_requests_and_answers_of_any_length(run: Run, secure: bool, certificate: tuple[Path, Path]) -> None:
    """One after the other on one connection, and longer than what the system takes over at once."""

    async def ask() -> None:
        ours = theirs = None
        if secure:
            theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            theirs.load_cert_chain(*certificate)
            ours = ssl.create_default_context(cafile=str(certificate[0]))
        client = httpx2.AsyncClient(trust_env=False, verify=ours or True)
        assert on_asyncio(client)
        async with server(answer, theirs) as port, client:
            url = f"{'https' if secure else 'http'}://127.0.0.1:{port}/"
            for length in (0, 1, 5_000_000, 10):
                assert (await client.post(url, content=b"x" * length)).text == str(length)
            pool = client._transport._pool  # type: ignore[attr-defined]  # the pool is private to httpx2
            assert len(pool.connections) == 1

    run(ask())


def test_a_certificate_that_is_not_trusted(run: Run, certificate: tuple[Path, Path]) -> None:
    async def ask() -> None:
        theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        theirs.load_cert_chain(*certificate)
        client = httpx2.AsyncClient(trust_env=False)
        assert on_asyncio(client)
        async with server(answer, theirs) as port, client:
            with pytest.raises(httpx2.ConnectError, match="certificate verify failed"):
                await client.get(f"https://127.0.0.1:{port}/")

    run(ask())


def test_httpx2_has_its_connections_where_they_are_replaced() -> None:
    """If this fails after an update: `on_asyncio` has to look elsewhere; until then the client works as it came."""
    client = httpx2.AsyncClient()
    assert on_asyncio(client)
    del client._transport._pool._network_backend  # type: ignore[attr-defined]  # private to httpx2
    assert not on_asyncio(client)


def test_what_the_server_sends_waits_for_its_reader(run: Run) -> None:
    """Up to a limit; then the server waits. Everything is read, then the end."""

    async def read() -> None:
        total, sent = 20 * MAX_WAITING_BYTES, 0

        async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            for _ in range(20):
                writer.write(b"x" * MAX_WAITING_BYTES)
                await writer.drain()
                sent += MAX_WAITING_BYTES
            writer.write_eof()
            await reader.read()

        async with connected(flood) as connection:
            got = len(await connection.read(65_536))
            while received := await connection.read(65_536, timeout=5):
                assert len(connection._peer._received) <= 2 * MAX_WAITING_BYTES
                got += len(received)
            assert got == sent == total
            assert connection.get_extra_info("is_readable")
            assert await connection.read(65_536) == b""

    run(read())


def test_an_idle_connection_that_has_ended_is_noticed(run: Run) -> None:
    """The pool asks before it uses a connection again: some servers say something before they close it."""

    async def wait(said: bytes) -> None:
        goes = asyncio.Event()

        async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await goes.wait()
            writer.write(said)
            await writer.drain()
            writer.close()
            await writer.wait_closed()

        async with connected(close) as connection:
            assert not connection.get_extra_info("is_readable")
            goes.set()
            await connection._peer.until_readable()
            assert connection.get_extra_info("is_readable")

    async def both() -> None:
        await wait(b"")
        await wait(b"HTTP/1.1 408 Request Timeout\r\n\r\n")

    run(both())


def test_faults_are_those_of_httpcore(run: Run) -> None:
    async def fail() -> None:
        async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        async with connected(hang) as connection:
            with pytest.raises(httpcore2.ReadTimeout):
                await connection.read(10, timeout=0.01)
            with pytest.raises(httpcore2.WriteTimeout):
                await connection.write(b"x" * 50_000_000, timeout=0)
            connection._transport.abort()
            await connection._peer.until_readable()
            with pytest.raises(httpcore2.WriteError):
                await connection.write(b"x")

        async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            linger = (1).to_bytes(4, "little") + bytes(4)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()

        async with connected(reset) as connection:
            await connection.write(b"x")
            with pytest.raises(httpcore2.ReadError):
                await connection.read(10, timeout=5)
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            with pytest.raises(httpcore2.ConnectError):
                await Network().connect_tcp("127.0.0.1", nobody.getsockname()[1], timeout=5)

    run(fail())


def test_an_address_that_does_not_answer_delays_no_call(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next is tried as well after a moment, at once if the first refuses; the first to answer is used."""
    monkeypatch.setattr(connections, "NEXT_ADDRESS_S", 0.02)

    async def connect() -> None:
        full = socket.create_server(("127.0.0.1", 0), backlog=0)
        waiting = [socket.socket() for _ in range(8)]
        for one in waiting:  # its queue is full: nothing more is answered
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            async with server(answer) as port:
                there, dead, silent = ("127.0.0.1", port), nobody.getsockname(), full.getsockname()
                for addresses in ([there], [dead, there], [silent, there], [silent, dead, there, silent]):
                    transport, _ = await connections._first_to_answer(addresses, None)
                    assert transport.get_extra_info("peername")[1] == port
                    transport.abort()
                with pytest.raises(OSError, match=r"refused|Connect call failed"):
                    await connections._first_to_answer([dead, dead], None)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await connections._first_to_answer([dead, silent], None)
        for one in (*waiting, full):
            one.close()

    run(connect())


def test_families_take_turns() -> None:
    def found(*families: int) -> list[connections._Found]:
        return [(family, 1, 6, "", (str(n), 1)) for n, family in enumerate(families)]

    def order(*families: int) -> list[str]:
        return [address[0] for *_, address in connections._alternating(found(*families))]

    assert order(10) == ["0"]
    assert order(10, 10, 2, 2) == ["0", "2", "1", "3"]
    assert order(2, 2) == ["0", "1"]
