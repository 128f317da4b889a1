"""What a proxy says about the address that its client asked for: `X-Forwarded-*`, and `Forwarded` of RFC 7239.

The first value counts: it is the one of the proxy that the client reached. Of both kinds `X-Forwarded-*` wins, because
proxies set it, and many pass a client's own `Forwarded` on unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PAIR = re.compile(r'\s*([!#$%&\'*+.^_`|~\w-]+)=("(?:[^"\\]|\\.)*"|[^\s;,"]*)\s*(;|,|$)')
_PREFIX = re.compile(r"(/[\w.~-]+)+", re.ASCII)
_USUAL_PORTS = ("80", "443")


@dataclass(frozen=True, slots=True)
class Outside:
    """The address from outside; "" for what the proxy did not say. `prefix` is the path in front of ours ("/voice")."""

    scheme: str = ""
    host: str = ""
    prefix: str = ""


def outside(scope: Mapping[str, Any]) -> Outside:
    """What the headers of an ASGI scope say. Whether the peer may be believed is the caller's question."""
    standard = _standard(header(scope, b"forwarded", whole=True))
    host = header(scope, b"x-forwarded-host") or standard.get("host", "")
    port = header(scope, b"x-forwarded-port")
    if port.isdecimal() and port not in _USUAL_PORTS and not re.search(r":\d+$", host):
        host = host and f"{host}:{port}"
    return Outside(
        scheme=(header(scope, b"x-forwarded-proto") or standard.get("proto", "")).lower(),
        host=host,
        prefix=path_prefix(header(scope, b"x-forwarded-prefix")),
    )


def path_prefix(text: str) -> str:
    """`/a/b` without a slash at its end; "" if there is no prefix, or one with characters that would need escapes."""
    text = text.rstrip("/")
    return text if _PREFIX.fullmatch(text) else ""


def header(scope: Mapping[str, Any], name: bytes, *, whole: bool = False) -> str:
    """The first comma-separated value of the first header of this (lower-case) name; the `whole` header if asked; "" if
    there is none."""
    for key, value in scope.get("headers") or ():
        if bytes(key).lower() == name:
            text = bytes(value).decode("latin-1")
            return text if whole else text.partition(",")[0].strip()
    return ""


def _standard(text: str) -> dict[str, str]:
    """The pairs of the first element of a `Forwarded` header, names in lower case; what cannot be read ends it."""
    found: dict[str, str] = {}
    at = 0
    while (pair := _PAIR.match(text, at)) is not None:
        value = pair[2]
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        found.setdefault(pair[1].lower(), value)
        if pair[3] != ";":
            break
        at = pair.end()
    return found
