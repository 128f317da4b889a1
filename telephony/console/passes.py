"""Signed tokens that let somebody use the console: a login, or a link that was shared. Pure.

A token is `kind.expires.id.seal`, and the seal is an HMAC over the rest. Its key comes from TELEPHONY_CONSOLE_KEY, so
tokens outlive a restart, and another key revokes them all. Times are arguments, in seconds of the wall clock.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

LONGEST_TOKEN = 200


class Kind(StrEnum):
    LOGIN = "login"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Pass:
    """A token that is genuine and has not expired."""

    kind: Kind
    id: str
    expires_s: int


class Passes:
    """Issues and reads tokens. Without a key there are none."""

    def __init__(self, console_key: str) -> None:
        self._secret = hmac.new(console_key.encode(), b"telephony console", sha256).digest() if console_key else b""
        self._key = console_key.encode()

    def opens(self, given: str) -> bool:
        """Whether `given` is the console's key; takes the same time whatever it is."""
        # Digests have one length, so that not even the key's own length shows.
        same = hmac.compare_digest(sha256(given.encode("utf-8", "replace")).digest(), sha256(self._key).digest())
        return same and bool(self._key)

    def issue(self, kind: Kind, id: str, expires_s: int) -> str:
        """A URL-safe token. `id`: letters and digits that nobody can guess."""
        text = f"{kind}.{expires_s}.{id}"
        return f"{text}.{self._seal(text)}"

    def read(self, token: str, now_s: float) -> Pass | None:
        """What the token is; None if it is forged, malformed or expired."""
        if not self._secret or len(token) > LONGEST_TOKEN or not token.isascii():
            return None
        text, _, seal = token.rpartition(".")
        if not hmac.compare_digest(seal.encode(), self._seal(text).encode()):
            return None
        kind, expires, id = text.split(".")  # only we can have sealed it
        return Pass(Kind(kind), id, int(expires)) if now_s < int(expires) else None

    def _seal(self, text: str) -> str:
        return urlsafe_b64encode(hmac.new(self._secret, text.encode(), sha256).digest()).decode().rstrip("=")
