"""The token that ties a media socket to a webhook signed by Twilio.

It is sent as a `<Parameter>` of the TwiML and comes back in `start`. It contains its time of issue and an HMAC over
that time and the CallSid, so no list of issued tokens is needed; only used tokens are remembered, until they expire.
A token is valid for 60 seconds and, within one process, for one stream. Times are arguments, in seconds of the clock
that issuer and redeemer share: the wall clock, which may be set while a call comes in, and which differs a little from
machine to machine. So a token from up to 60 seconds ahead is accepted. For a call that waits in this process, which is
given up soon if its stream does not come, the time of the token does not count at all.
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
        self._forget: deque[tuple[float, str]] = deque()  # (when it expires, used token), in order of use

    def __len__(self) -> int:
        """The number of used tokens remembered."""
        return len(self._used)

    def redeem(self, token: str, call_sid: str, now_s: float | None) -> None:
        """Marks the token as used. `now_s` is None if its time does not count. Raises `Unauthorized` with code
        `token_wrong` (not ours, another call's, from the future), `token_expired` or `token_replayed`."""
        stamp, _, seal = token.partition(".")
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 16):
            raise Unauthorized("the stream token is malformed", code="token_wrong")
        expected = _seal(self._secret, int(stamp), call_sid)
        if not hmac.compare_digest(seal.encode("utf-8", "replace"), expected.encode()):
            raise Unauthorized("the stream token is not for this call", code="token_wrong")
        issued_s = int(stamp) / 1000
        age_s = 0.0 if now_s is None else now_s - issued_s
        if age_s < -LIFETIME_S:
            raise Unauthorized("the stream token is from the future", code="token_wrong")
        if age_s > LIFETIME_S:
            raise Unauthorized("the stream token has expired", code="token_expired")
        if expected in self._used:
            raise Unauthorized("the stream token was used before", code="token_replayed")
        self._used.add(expected)
        self._forget.append((issued_s + LIFETIME_S + 1, expected))
        while self._forget[0][0] < (issued_s if now_s is None else now_s):
            self._used.discard(self._forget.popleft()[1])


def _seal(secret: bytes, issued_ms: int, call_sid: str) -> str:
    text = f"telephony stream {issued_ms} {call_sid}".encode("utf-8", "replace")
    return urlsafe_b64encode(hmac.new(secret, text, sha256).digest()).decode("ascii").rstrip("=")
