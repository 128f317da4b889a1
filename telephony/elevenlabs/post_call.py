"""Post-call webhooks of the Agents platform: signature check and event. Pure.

`ElevenLabs-Signature: t=<unix seconds>,v0=<hex>`, where hex is HMAC-SHA256 over `<t>.` and the raw body, with the
webhook's secret (elevenlabs.io, post-call webhooks). The body may be large and the signature covers its raw bytes, so
the check takes it in pieces: nothing has to be parsed or held in memory before the signature is verified.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

HEADERS = ("elevenlabs-signature", "x-elevenlabs-signature")
"""The documented header, and the form used by proxies that rename unknown headers. HTTP ignores case."""
MAX_AGE_S = 30 * 60
MAX_AHEAD_S = 5 * 60
"""A timestamp further in the future than this is rejected."""


class BadSignature(Exception):
    """The signature is missing, malformed, wrong or outside the accepted time window. `code` is stable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Signature:
    """Checks one body: call `update` with each piece, then `check`, which raises BadSignature.

    The check of the `elevenlabs` package (2.78: `construct_event`) wants the whole body as text, compares with `!=`,
    accepts any future timestamp, and raises ValueError for one that is no number.
    """

    def __init__(self, header: str, secret: str, now_s: float) -> None:
        """`header` as received, `now_s` in Unix seconds. Raises BadSignature if the header alone rules it out."""
        parts = dict(re.findall(r"(?:^|,)\s*(t|v0)\s*=\s*([^,\s]*)", header))
        if not header or set(parts) != {"t", "v0"}:
            raise BadSignature("signature_missing" if not header.strip() else "signature_malformed")
        stamp = parts["t"]
        if not re.fullmatch(r"[0-9]{1,12}", stamp):
            raise BadSignature("signature_malformed")
        if int(stamp) < now_s - MAX_AGE_S:
            raise BadSignature("signature_old")
        if int(stamp) > now_s + MAX_AHEAD_S:
            raise BadSignature("signature_early")
        self._given = parts["v0"].lower().encode("utf-8", "replace")
        self._hmac = hmac.new(secret.encode(), f"{stamp}.".encode(), sha256)

    def update(self, piece: bytes) -> None:
        self._hmac.update(piece)

    def check(self) -> None:
        if not hmac.compare_digest(self._hmac.hexdigest().encode(), self._given):
            raise BadSignature("signature_wrong")


def sign(secret: str, body: bytes, at_s: int) -> str:
    """The header's value for `body`, signed at `at_s` (Unix seconds): for tests and fakes."""
    digest = hmac.new(secret.encode(), f"{at_s}.".encode() + body, sha256).hexdigest()
    return f"t={at_s},v0={digest}"


@dataclass(frozen=True, slots=True)
class PostCall:
    """A post-call event, as passed to the user's hook.

    `kind`: `post_call_transcription`, `post_call_audio`, `call_initiation_failure`, or a future type. `data` is the
    platform's own, unchanged: any key may be missing, and texts may be null.
    """

    kind: str
    conversation_id: str
    agent_id: str
    data: Mapping[str, Any] = field(repr=False)


def read(event: object) -> PostCall:
    """The event in a JSON body. Raises ValueError."""
    if not isinstance(event, dict) or not isinstance(kind := event.get("type"), str) or not kind:
        raise ValueError("not an event")
    data = event.get("data")
    data = data if isinstance(data, dict) else {}
    ids = [value if isinstance(value := data.get(name), str) else "" for name in ("conversation_id", "agent_id")]
    return PostCall(kind, ids[0], ids[1], data)


def file_name(event: PostCall, digest: str) -> str:
    """The event's file name, built from its type and conversation, so that repeated deliveries share a name.

    Without a conversation id the content's `digest` (hex) takes its place."""
    kind, conversation = (_plain(text) for text in (event.kind, event.conversation_id))
    return f"{kind}.{conversation or digest[:32]}.json"


def _plain(text: str) -> str:
    """`text` as part of a file name. Different texts give different results."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", text)[:80]
    return plain if plain == text else f"{plain}-{sha256(text.encode('utf-8', 'replace')).hexdigest()[:16]}"
