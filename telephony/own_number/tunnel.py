"""A tunnel to this machine, with a program that is installed: cloudflared or ngrok.

The program runs for as long as the context; its address is read from what it prints. Nothing is downloaded and no
account is made: cloudflared's quick tunnels need none, ngrok's own must be set up already.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from telephony.clock import Clock
from telephony.errors import DialRefused
from telephony.observe.printable import printable

ADDRESS_MS = 30_000
END_MS = 5_000
KEPT_LINES = 5
NONE = (
    "there is no public address, and neither cloudflared nor ngrok is installed: give --url, or install cloudflared "
    "(https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/downloads/)"
)


@dataclass(frozen=True, slots=True)
class Program:
    """A program that opens a tunnel. `address` finds its address in a line of its output."""

    name: str
    arguments: tuple[str, ...]
    address: re.Pattern[str]

    def command(self, port: int) -> list[str]:
        return [self.name, *(one.format(port=port) for one in self.arguments)]


PROGRAMS = (
    Program("cloudflared", ("tunnel", "--no-autoupdate", "--url", "http://127.0.0.1:{port}"),
            re.compile(r"(https://(?!api\.)[\w-]+\.trycloudflare\.com|http://127\.0\.0\.1:\d+(?=\s+\|))")),
    Program("ngrok", ("http", "{port}", "--log", "stdout", "--log-format", "logfmt"),
            re.compile(r"\burl=(https://[\w.-]+)")),
)  # fmt: skip


def installed() -> Program | None:
    """The first of the programs that is found on PATH."""
    return next((one for one in PROGRAMS if shutil.which(one.name)), None)


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A tunnel that is open. `lost` ends when the program does, and says why."""

    address: str
    lost: asyncio.Task[str]


@asynccontextmanager
async def tunnel(port: int, clock: Clock, program: Program | None = None) -> AsyncIterator[Tunnel]:
    """Runs a tunnel to `port` of this machine. Raises DialRefused with code `no_tunnel`."""
    program = program or installed()
    if program is None:
        raise DialRefused(NONE, code="no_tunnel")
    process = await asyncio.create_subprocess_exec(
        *program.command(port), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    lost: asyncio.Task[str] | None = None
    try:
        address = await _address(process.stdout, program, clock)
        lost = asyncio.create_task(_until_it_ends(process, process.stdout, program))
        yield Tunnel(address, lost)
    finally:
        if lost is not None:
            lost.cancel()
        await _end(process, clock)


async def _address(output: asyncio.StreamReader, program: Program, clock: Clock) -> str:
    last: list[str] = []
    why = "it ended"
    try:
        async with clock.timeout(ADDRESS_MS):
            while line := (await output.readline()).decode("utf-8", "replace"):
                if (found := program.address.search(line)) is not None:
                    return found[1]
                last = _kept(last, line)
    except TimeoutError:
        why = f"it printed no address within {ADDRESS_MS // 1_000} s"
    except ValueError:  # a line that is too long
        why = "it printed what cannot be read"
    raise DialRefused(
        f"{program.name} opened no tunnel: {why}{': ' if last else ''}{' / '.join(last)}", code="no_tunnel"
    )


async def _until_it_ends(process: asyncio.subprocess.Process, output: asyncio.StreamReader, program: Program) -> str:
    """Reads what the program goes on printing, so that it never blocks. Returns why there is no tunnel any more."""
    last: list[str] = []
    while chunk := await output.read(65_536):
        for line in chunk.decode("utf-8", "replace").splitlines():
            last = _kept(last, line)
    code = await process.wait()
    return f"{program.name} has ended with code {code}{': ' if last else ''}{' / '.join(last)}"


def _kept(last: list[str], line: str) -> list[str]:
    return [*last, printable(line.strip())[:300]][-KEPT_LINES:] if line.strip() else last


async def _end(process: asyncio.subprocess.Process, clock: Clock) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with clock.timeout(END_MS):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if (transport := getattr(process, "_transport", None)) is not None:
        transport.close()
