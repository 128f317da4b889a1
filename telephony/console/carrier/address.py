"""Where the service is: the address under which it signs and announces itself, and the one where it is reached. Pure.

What is signed is what Twilio would have requested (`PUBLIC_URL`, if there is one); the request itself goes to the
process's own port. No URL leads anywhere else.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """`own`: `http://127.0.0.1:8080`. `public`: the same, or PUBLIC_URL, which may have a path."""

    own: str
    public: str

    def announced(self, path: str) -> str:
        """The URL of one of our routes, as Twilio would know it."""
        return self.public + path

    def reached(self, url: str) -> str | None:
        """Where a URL that the service has announced is requested from within; None if it is not the service's."""
        for scheme in ("http", "ws"):
            public = self.public.replace("http", scheme, 1)
            if url.startswith(f"{public}/"):
                return self.own.replace("http", scheme, 1) + url.removeprefix(public)
        return None


def address(host: str, port: int, public_url: str) -> Address:
    """Of a service that listens on `host` and `port`; one that listens everywhere is reached over loopback."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)
    own = f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{port}"
    return Address(own, public_url or own)
