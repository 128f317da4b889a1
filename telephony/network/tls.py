"""The TLS context of all HTTP clients and sockets."""

from __future__ import annotations

import ssl
from functools import cache

import httpx2


def tls(*, trust_env: bool = True) -> ssl.SSLContext:
    """Trusts the certificates that this machine trusts; with `trust_env`, those that SSL_CERT_FILE names. Shared,
    because loading them takes 20 ms of CPU time, in which the event loop stands still."""
    return loaded(trust_env)


@cache
def loaded(trust_env: bool) -> ssl.SSLContext:
    """The one context for this value, however `tls` is called."""
    return httpx2.create_ssl_context(trust_env=trust_env)
