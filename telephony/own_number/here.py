"""What runs on this machine at HOST and PORT, and under which public address: for a second process beside it.

A service that has its address from the command line or from a tunnel notes it in TELEPHONY_DATA for as long as it runs.
It holds a lock on the note, so one that a killed process has left is not believed: a tunnel's address may be somebody
else's by then.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx2

from telephony.clock import Clock
from telephony.errors import DialRefused, SettingsError
from telephony.files import private_folder, read_file
from telephony.loopback import leads_to_loopback
from telephony.network.listening import listening
from telephony.network.tls import tls
from telephony.settings import Settings, public_address

ASKED_MS = 2_000
LIMIT = 2_000


def listens(settings: Settings) -> bool:
    """Whether something listens at HOST and PORT."""
    if not settings.port:
        return False
    try:
        with socket.create_server((settings.host, settings.port)):
            return False
    except OSError as error:
        return error.errno == errno.EADDRINUSE


async def free_port(settings: Settings, clock: Clock) -> int:
    """The port to serve at, a free one for 0. Raises DialRefused with code `port_taken`, which says who may have it."""
    try:
        sockets = await listening(settings.host, settings.port)
    except SettingsError as error:
        who = ""
        if await _is_telephony(settings, clock):
            who = (
                ". It is `telephony serve` or `telephony up`: stop it first, or leave it running and use `telephony "
                "number point` and `telephony dial`"
            )
        elif listens(settings):
            who = f" (`ss -ltnp` or `lsof -i :{settings.port}` names it)"
        raise DialRefused(error.problems[0] + who, code="port_taken") from None
    port = int(sockets[0].getsockname()[1])
    for one in sockets:
        one.close()
    return port


async def _is_telephony(settings: Settings, clock: Clock) -> bool:
    """Whether what listens answers as this service does."""
    try:
        async with (
            clock.timeout(ASKED_MS),
            httpx2.AsyncClient(timeout=None, trust_env=False, verify=tls(trust_env=False)) as http,
        ):
            found = (await http.get(f"http://{settings.host}:{settings.port}/healthz")).json()
    except (httpx2.HTTPError, TimeoutError, ValueError):
        return False
    return isinstance(found, dict) and {"status", "calls"} <= set(found)


@contextmanager
def announced(settings: Settings, address: str) -> Iterator[None]:
    """Notes the address of the service at PORT while the context lasts. Where nothing can be noted, nothing is."""
    path = _note(settings)
    if path is None:
        yield
        return
    with ExitStack() as stack:
        with suppress(OSError):
            private_folder(path.parent)
            note = stack.enter_context(os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "w", encoding="utf-8"))
            fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
            stack.callback(path.unlink, missing_ok=True)
            note.truncate(0)
            note.write(address)
            note.flush()
        yield


def announced_address(settings: Settings) -> str:
    """The address that the running service at PORT has noted, or ""."""
    path = _note(settings)
    if path is None or not _is_held(path):
        return ""
    try:
        found = read_file(path, LIMIT).decode()
        return found if leads_to_loopback(found) else public_address(found)
    except (OSError, ValueError):
        return ""


def _is_held(path: Path) -> bool:
    """Whether the process that made the note still runs: its lock ends with it, however it ends."""
    try:
        with open(path, encoding="utf-8") as note:
            fcntl.flock(note, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _note(settings: Settings) -> Path | None:
    return settings.data / f"address-{settings.port}" if settings.data is not None else None
