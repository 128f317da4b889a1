"""What a server listens at: all addresses of a host, or a sentence that says why not."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import closing

import pytest

from telephony.errors import SettingsError
from telephony.network.listening import listening


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "127.0.0.2"])
async def test_who_connects_early_waits_and_is_served(host: str) -> None:
    first, *others = await listening(host, 0)
    for one in others:
        one.close()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"here")
        writer.close()
        await writer.wait_closed()

    reader, writer = await asyncio.open_connection(*first.getsockname()[:2])
    async with await asyncio.start_server(answer, sock=first), asyncio.timeout(60):
        assert await reader.read() == b"here"
    writer.close()


@pytest.mark.parametrize("there", ["127.0.0.1", "0.0.0.0"])
async def test_a_port_that_is_taken_is_named(there: str) -> None:
    with closing(socket.create_server((there, 0))) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"^PORT={port} is taken: .*127\.0\.0\.1; .*another port$"):
            await listening("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "no-such-host.invalid", "x" * 70, "a..b", "1.2.3.4.5"])
async def test_a_host_that_is_not_this_machine_is_named(host: str) -> None:
    with pytest.raises(SettingsError, match=rf"^HOST={host} is no address of this machine"):
        await listening(host, 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="this user may use every port")
async def test_a_port_that_needs_rights_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^PORT=1 may not be used by this user"):
        await listening("127.0.0.1", 1)


async def test_what_was_bound_before_the_failure_is_free_again() -> None:
    """Of a host with several addresses, one may be taken."""
    with closing(socket.create_server(("::1", 0), family=socket.AF_INET6)) as other:
        port = other.getsockname()[1]
        addresses = {one[4][0] for one in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)}
        if addresses != {"127.0.0.1", "::1"}:
            pytest.skip("localhost has one address here")
        with pytest.raises(SettingsError, match="is taken"):
            await listening("localhost", port)
        for one in await listening("127.0.0.1", port):
            one.close()
