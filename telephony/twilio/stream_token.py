"""The token that ties a media socket to a webhook signed by Twilio.

It is sent as a `<Parameter>` of the TwiML and comes back in `start`. It contains its time of issue and an HMAC over
that time and the CallSid, so no list of issued tokens is needed; only used tokens are remembered, until they expire.
A token is valid for 60 seconds and, within one process, for one stream. Times are arguments, in seconds of any clock
that issuer and redeemer share.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections import deque
from hashlib import sha256

from telephony.errors import Unauthorized

#: How long a token is valid. Twilio connects within about a second of the webhook.
LIFETIME_S = 60


def issue(secret: bytes, call_sid: str, now_s: float) -> str:
    """A token for the stream of `call_sid`: URL-safe text of about 60 characters. Tokens issued for a call within the
    same millisecond are identical."""
    issued_ms = int(now_s * 1000)
    return f"{issued_ms}.{_seal(secret, issued_ms, call_sid)}"


class StreamTokens:
    """Redeems tokens. One per process, because its record of used tokens is what makes a token single-use."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._used: set[str] = set()
        self._forget: deque[tuple[float, str]] = deque()  # (when to forget it, used token), in order of use

    def __len__(self) -> int:
        """The number of used tokens remembered."""
        return len(self._used)

    def redeem(self, token: str, call_sid: str, now_s: float) -> None:
        """Marks the token as used. Raises `Unauthorized` with code `token_wrong` (not ours, another call's, from the
        future), `token_expired` or `token_replayed`."""
        self._forget_expired(now_s)
        stamp, _, seal = token.partition(".")
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 16):
            raise Unauthorized("the stream token is malformed", code="token_wrong")
        expected = _seal(self._secret, int(stamp), call_sid)
        if not hmac.compare_digest(seal.encode("utf-8", "replace"), expected.encode()):
            raise Unauthorized("the stream token is not for this call", code="token_wrong")
        age_s = now_s - int(stamp) / 1000
        if age_s < -1:
            raise Unauthorized("the stream token is from the future", code="token_wrong")
        if age_s > LIFETIME_S:
            raise Unauthorized("the stream token has expired", code="token_expired")
        if expected in self._used:
            raise Unauthorized("the stream token was used before", code="token_replayed")
        self._used.add(expected)
        self._forget.append((now_s + LIFETIME_S + 1, expected))

    def _forget_expired(self, now_s: float) -> None:
        while self._forget and self._forget[0][0] < now_s:
            self._used.discard(self._forget.popleft()[1])


def _seal(secret: bytes, issued_ms: int, call_sid: str) -> str:
    text = f"telephony stream {issued_ms} {call_sid}".encode("utf-8", "replace")
    return urlsafe_b64encode(hmac.new(secret, text, sha256).digest()).decode("ascii").rstrip("=")
