"""Tunnels, with scripts that print what cloudflared and ngrok print."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from pathlib import Path

import pytest

from telephony.clock import Clock
from telephony.errors import DialRefused
from telephony.own_number.tunnel import PROGRAMS, installed, tunnel
from telephony.testing.steady import SteadyClock

CLOUDFLARED = """
2026-11-29T10:00:00Z INF Requesting new quick Tunnel on trycloudflare.com...
2026-11-29T10:00:01Z INF request to https://api.trycloudflare.com/tunnel
2026-11-29T10:00:02Z INF |  https://some-four-random-words.trycloudflare.com                      |
2026-11-29T10:00:03Z INF Registered tunnel connection
"""
NGROK = """
t=2026-11-29T10:00:00+0000 lvl=info msg="client session established"
t=2026-11-29T10:00:01+0000 lvl=info msg="started tunnel" obj=tunnels name=command_line addr=http://localhost:8080 \
url=https://abcd-12-34.ngrok-free.app
"""


def program(folder: Path, name: str, output: str, after: str = "time.sleep(600)", code: int = 0) -> None:
    """An executable `name` in `folder` that writes its process id and arguments to files, prints, and does `after`."""
    path = folder / name
    path.write_text(
        f"#!/bin/sh\n'''exec' {shlex.quote(sys.executable)} \"$0\" \"$@\"\n' '''\n"  # Python's path may have spaces
        "import os, sys, time\n"
        f"open({str(folder / 'pid')!r}, 'w').write(str(os.getpid()))\n"
        f"open({str(folder / 'arguments')!r}, 'w').write(' '.join(sys.argv[1:]))\n"
        f"print({output!r}, file=sys.stderr, flush=True)\n{after}\nsys.exit({code})\n"
    )
    path.chmod(0o755)


def forwarder(folder: Path) -> None:
    """A `cloudflared` that is a tunnel on this machine: each run has another address, and leads to the port."""
    path = folder / "cloudflared"
    path.write_text(
        f"#!{sys.executable}\n"
        f"FOLDER = {str(folder)!r}\n"
        """
import os, socket, sys, threading
port = int(sys.argv[-1].rpartition(":")[2])
def pump(one, other):
    try:
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        pass
with open(FOLDER + "/pid", "w") as file:
    file.write(str(os.getpid()))
listening = socket.create_server(("127.0.0.1", 0))
print(f"INF |  http://127.0.0.1:{listening.getsockname()[1]}   |", file=sys.stderr, flush=True)
while True:
    one = listening.accept()[0]
    other = socket.create_connection(("127.0.0.1", port))
    for ends in ((one, other), (other, one)):
        threading.Thread(target=pump, args=ends, daemon=True).start()
"""
    )
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("name", "output", "address"),
    [
        ("cloudflared", CLOUDFLARED, "https://some-four-random-words.trycloudflare.com"),
        ("ngrok", NGROK, "https://abcd-12-34.ngrok-free.app"),
    ],
)
async def test_the_address_is_what_the_program_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, output: str, address: str
) -> None:
    """It is told the port, found on PATH, and ended with the context."""
    program(tmp_path, name, output)
    monkeypatch.setenv("PATH", str(tmp_path))
    async with asyncio.timeout(60), tunnel(8123, Clock()) as found:
        assert found.address == address
        assert "8123" in (tmp_path / "arguments").read_text()
        pid = int((tmp_path / "pid").read_text())
        os.kill(pid, 0)  # it runs
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_one_that_ends_later_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    after = "print('ERR first'); print('ERR \\x1b[31mthe edge has gone', flush=True)"
    program(tmp_path, "ngrok", NGROK, after=after, code=7)
    monkeypatch.setenv("PATH", str(tmp_path))
    async with asyncio.timeout(60), tunnel(8080, Clock()) as found:
        why = await found.lost
        assert why.startswith("ngrok has ended with code 7: ")
        assert "the edge has gone" in why
        assert "\x1b" not in why


async def test_one_that_ends_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "ngrok", "ERROR: authentication failed: \x1b[31mno authtoken", after="", code=1)
    monkeypatch.setenv("PATH", str(tmp_path))
    async with asyncio.timeout(60):
        with pytest.raises(DialRefused, match="authentication failed") as refused:
            async with tunnel(8080, Clock()):
                pass
    assert refused.value.code == "no_tunnel"
    assert "\x1b" not in str(refused.value)


async def test_one_that_prints_no_address_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "cloudflared", "waiting")
    monkeypatch.setenv("PATH", str(tmp_path))
    async with asyncio.timeout(60):
        with pytest.raises(DialRefused, match="no address within 30 s"):
            async with tunnel(8080, SteadyClock(20)):
                pass


async def test_without_a_program_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert installed() is None
    with pytest.raises(DialRefused, match="--url"):
        async with tunnel(8080, Clock()):
            pass
    assert {one.name for one in PROGRAMS} == {"cloudflared", "ngrok"}
