"""Post-call webhooks of the Agents platform: the signature, and what an event is. Pure.

`ElevenLabs-Signature: t=<unix seconds>,v0=<hex>`, where hex is HMAC-SHA256 over `<t>.` and the raw body, with the
webhook's secret (elevenlabs.io, post-call webhooks). The body may be large and is signed as it came, so the check
takes it in pieces: nothing has to be parsed, or held, before it is known to be genuine.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

HEADERS = ("elevenlabs-signature", "x-elevenlabs-signature")
"""As documented, and as proxies that rename what they do not know; upper and lower case are one in HTTP."""
OLDEST_S = 30 * 60
NEWEST_S = 5 * 60
"""A clock of theirs that is further ahead than this is no clock."""


class NotGenuine(Exception):
    """The webhook was not signed with our secret, or not lately. `code` is a stable word."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Signature:
    """One body being checked: `update` with each piece, then `check`, which raises NotGenuine."""

    def __init__(self, header: str, secret: str, now_s: float) -> None:
        """Raises NotGenuine for a header that cannot be right, before any body is read."""
        parts = dict(re.findall(r"(?:^|,)\s*(t|v0)\s*=\s*([^,\s]*)", header))
        if not header or set(parts) != {"t", "v0"}:
            raise NotGenuine("signature_missing" if not header.strip() else "signature_malformed")
        stamp = parts["t"]
        if not re.fullmatch(r"[0-9]{1,12}", stamp):
            raise NotGenuine("signature_malformed")
        if int(stamp) < now_s - OLDEST_S:
            raise NotGenuine("signature_old")
        if int(stamp) > now_s + NEWEST_S:
            raise NotGenuine("signature_early")
        self._given = parts["v0"].lower().encode("utf-8", "replace")
        self._hmac = hmac.new(secret.encode(), f"{stamp}.".encode(), sha256)

    def update(self, piece: bytes) -> None:
        self._hmac.update(piece)

    def check(self) -> None:
        if not hmac.compare_digest(self._hmac.hexdigest().encode(), self._given):
            raise NotGenuine("signature_wrong")


def sign(secret: str, body: bytes, at_s: int) -> str:
    """The header's value for a body: for tests and stand-ins."""
    digest = hmac.new(secret.encode(), f"{at_s}.".encode() + body, sha256).hexdigest()
    return f"t={at_s},v0={digest}"


@dataclass(frozen=True, slots=True)
class PostCall:
    """What the platform tells after a call, as the user's hook is given it.

    `kind`: `post_call_transcription`, `post_call_audio`, `call_initiation_failure`, or what comes in future. `data` is
    the platform's own, unchanged; nothing in it is sure to be there, and texts may be null.
    """

    kind: str
    conversation_id: str
    agent_id: str
    data: Mapping[str, Any] = field(repr=False)


def read(event: object) -> PostCall:
    """The event in a JSON body. Raises ValueError."""
    if not isinstance(event, dict) or not isinstance(kind := event.get("type"), str) or not kind:
        raise ValueError("no event")
    data = event.get("data")
    data = data if isinstance(data, dict) else {}
    ids = [value if isinstance(value := data.get(name), str) else "" for name in ("conversation_id", "agent_id")]
    return PostCall(kind, ids[0], ids[1], data)


def file_name(event: PostCall, digest: str) -> str:
    """The name of the event's file: of its type and conversation, by which repeated deliveries are known. One without
    a conversation goes by its content (`digest`)."""
    kind, conversation = (_plain(text) for text in (event.kind, event.conversation_id))
    return f"{kind}.{conversation or digest[:32]}.json"


def _plain(text: str) -> str:
    """`text` as a part of a file's name; of two texts never the same."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", text)[:80]
    return plain if plain == text else f"{plain}-{sha256(text.encode('utf-8', 'replace')).hexdigest()[:16]}"
