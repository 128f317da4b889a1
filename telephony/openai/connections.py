"""The connections of the HTTP client, on asyncio alone: half the work for each chunk of an answer.

httpx2 reads through anyio, which takes up and puts away its interest in the socket, a timer and a scope for each read.
Here the transport stays open for reading, up to a limit, and what it brings waits for `read`. The interface is that of
httpcore2, the part of httpx2 that speaks HTTP; errors are its own.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

import httpcore2
import httpx2

MAX_WAITING_BYTES = 256_000
"""How much a connection holds that nobody has read; then the server has to wait."""
NEXT_ADDRESS_S = 0.25
"""After so long without an answer from one address of the server the next is tried as well (RFC 8305), as in anyio."""


def on_asyncio(client: httpx2.AsyncClient) -> bool:
    """Gives `client` these connections, except to its proxies. httpx2 has no public place for that; where it has moved
    the private one, this does nothing and returns False, and the client works as it did."""
    pool = getattr(getattr(client, "_transport", None), "_pool", None)
    if not isinstance(getattr(pool, "_network_backend", None), httpcore2.AsyncNetworkBackend):
        return False
    pool._network_backend = Network()  # type: ignore[union-attr]
    return True


_Address: TypeAlias = tuple[Any, ...]
_Found: TypeAlias = tuple[int, int, int, str, _Address]
_Connected: TypeAlias = "tuple[asyncio.Transport, _Peer]"


class Network(httpcore2.AsyncNetworkBackend):
    """Opens connections."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> Connection:
        local = None if local_address is None else (local_address, 0)
        with _raising(httpcore2.ConnectTimeout, httpcore2.ConnectError):
            async with asyncio.timeout(timeout):
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
                transport, peer = await _first_to_answer([address for *_, address in _alternating(found)], local)
        for option in socket_options or ():
            transport.get_extra_info("socket").setsockopt(*option)
        return Connection(transport, peer)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Connection(httpcore2.AsyncNetworkStream):
    """See `httpcore2.AsyncNetworkStream`. One task reads and one writes, as HTTP/1.1 does."""

    def __init__(self, transport: asyncio.Transport, peer: _Peer) -> None:
        self._transport, self._peer = transport, peer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _raising(httpcore2.ReadTimeout, httpcore2.ReadError):
            if self._peer.readable:
                await asyncio.sleep(0)  # however much there is, others get their turn
            elif timeout is None:
                await self._peer.until_readable()
            else:
                async with asyncio.timeout(timeout):
                    await self._peer.until_readable()
            return self._peer.take(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        with _raising(httpcore2.WriteTimeout, httpcore2.WriteError):
            self._peer.check()
            self._transport.write(buffer)
            async with asyncio.timeout(timeout):
                await self._peer.until_written()

    async def aclose(self) -> None:
        """At once: what is cancelled must not go on at the server until it has said goodbye."""
        self._transport.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Connection:
        try:
            with _raising(httpcore2.ConnectTimeout, httpcore2.ConnectError):
                async with asyncio.timeout(timeout):
                    secure = await asyncio.get_running_loop().start_tls(
                        self._transport, self._peer, ssl_context, server_hostname=server_hostname
                    )
        except BaseException:
            self._transport.abort()
            raise
        if secure is None:
            raise httpcore2.ConnectError("the connection was closed")
        self._peer.is_carried_by(secure)
        return Connection(secure, self._peer)

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # asked of an idle connection: it has ended, or brings what nobody asked for
            return self._peer.readable
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._transport.get_extra_info(names.get(info, info))


class _Peer(asyncio.Protocol):
    """What has come from the other side, and whether it takes more."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._ended = self._reading_paused = self._writing_paused = False
        self._error: Exception | None = None
        self._transport: asyncio.Transport | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None

    @property
    def readable(self) -> bool:
        return bool(self._received) or self._ended

    def check(self) -> None:
        """Raises if the connection is lost."""
        if self._ended:
            raise self._error or ConnectionResetError("the connection was closed")

    def take(self, max_bytes: int) -> bytes:
        """The next bytes; none at the end."""
        if self._error is not None and not self._received:
            raise self._error
        taken = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        if self._reading_paused and self._transport is not None and len(self._received) < MAX_WAITING_BYTES:
            self._reading_paused = False
            self._transport.resume_reading()
        return taken

    async def until_readable(self) -> None:
        self._reader = asyncio.get_running_loop().create_future()
        try:
            await self._reader
        finally:
            self._reader = None

    async def until_written(self) -> None:
        """Returns when there is room for more."""
        if not self._writing_paused:
            return
        self._writer = asyncio.get_running_loop().create_future()
        try:
            await self._writer
        finally:
            self._writer = None
        self.check()

    def is_carried_by(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    # --- asyncio.Protocol -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.is_carried_by(transport)  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) > MAX_WAITING_BYTES and self._transport is not None and not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> None:
        self._ended = True
        _wake(self._reader)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._error = True, exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        self._writing_paused = True

    def resume_writing(self) -> None:
        self._writing_paused = False
        _wake(self._writer)


def _alternating(found: Sequence[_Found]) -> list[_Found]:
    """The first address, then the first of the other family, then the rest."""
    other = next((one for one in found if one[0] != found[0][0]), None)
    return [found[0], *([other] if other else []), *(one for one in found[1:] if one is not other)]


async def _first_to_answer(addresses: Sequence[_Address], local: tuple[str, int] | None) -> _Connected:
    """Connects to one of the addresses. Raises OSError if there is none."""
    won, failed, ended = list[_Connected](), list[OSError](), asyncio.Event()

    async def connect(address: _Address) -> None:
        try:
            host, port = address[:2]
            made = await asyncio.get_running_loop().create_connection(_Peer, host, port, local_addr=local)
            made[0].abort() if won else won.append(made)
        except OSError as error:
            failed.append(error)
        ended.set()

    try:
        async with asyncio.TaskGroup() as group:
            tries = list[asyncio.Task[None]]()
            for address in addresses:
                if won:
                    break
                tries.append(group.create_task(connect(address)))
                with suppress(TimeoutError):
                    async with asyncio.timeout(NEXT_ADDRESS_S):
                        await ended.wait()
                ended.clear()
            while not won and len(failed) < len(tries):
                await ended.wait()
                ended.clear()
            for one in tries:
                one.cancel()
    except BaseException:
        for transport, _ in won:
            transport.abort()
        raise
    if not won:
        raise failed[0]
    return won[0]


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)


@contextmanager
def _raising(timeout: type[Exception], error: type[Exception]) -> Iterator[None]:
    try:
        yield
    except TimeoutError as raised:  # an OSError too
        raise timeout(str(raised)) from raised
    except OSError as raised:
        raise error(str(raised)) from raised
