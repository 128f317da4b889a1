"""The sockets that a server accepts connections on, and why there can be none, in words."""

from __future__ import annotations

import asyncio
import errno
import socket

from telephony.errors import SettingsError

BACKLOG = 2048


async def listening(host: str, port: int) -> list[socket.socket]:
    """A listening socket for each address of `host` (`port` 0: any free port). Whoever connects before the server runs
    waits. Raises SettingsError."""
    found: list[socket.socket] = []
    try:
        places = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, address in dict.fromkeys(places):
            found.append(one := socket.socket(family, kind, protocol))
            one.setblocking(False)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(address)
            one.listen(BACKLOG)
    except (OSError, UnicodeError) as error:  # UnicodeError: no host can have this name
        for one in found:
            one.close()
        raise SettingsError([_why(host, port, error)]) from None
    return found


def _why(host: str, port: int, error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return f"PORT={port} is taken: something listens already at {host}; end that, or choose another port"
    if number in (errno.EACCES, errno.EPERM):
        return f"PORT={port} may not be used by this user; from 1024 on everybody may"
    if number == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror | UnicodeError):
        return f"HOST={host} is no address of this machine: 127.0.0.1 is seen from here only, 0.0.0.0 from everywhere"
    return f"nothing can listen at HOST={host}, PORT={port}: {error}"
