"""What a fault of the service means: whether the same request may succeed a moment later. Pure.

One rule for STT, TTS and agents. A fault of the transport passes: a lost connection, a close that says no more than
"going away" or "internal error", HTTP 408, 429 and 5xx. What the service itself says is final at once, whether it is
an error frame with a slug, or a close or an HTTP status that means a refusal; only the slugs that a client lists as
`passing` are followed by a new connection. A close often comes without its frame and repeats only the sentence.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field

from telephony.errors import ProviderBusy, ProviderMisbehaved, ProviderRefused, ProviderUnavailable
from telephony.log_redaction import identifier

TRANSPORT_CLOSES = frozenset({1001, 1006, 1011, 1012, 1013})
REFUSING_CLOSES = frozenset({1003, 1007, 1008, 1009})
"""The service does not accept what we ask: its policy, a kind of message, a voice that does not fit the model."""
PASSING_STATUSES = frozenset({408, 425, 429})
_SENTENCES = {"simultaneous contexts": "max_active_conversations", "timeout": "input_timeout_exceeded"}
"""What the close of a passing fault says in place of its slug."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What ended a connection. `slug` is a stable code. `said`: the service's own sentence, not for the log as it is
    (see `log_redaction`)."""

    slug: str
    retryable: bool
    said: str = field(default="", compare=False, repr=False)


def of_frame(slug: object, said: object, close_code: object, passing: Collection[str]) -> Fault:
    """An error frame. Without a slug it is a refusal in words; with the close code of a transport fault it passes. The
    slug may be in an object with its sentence, as in the body of an HTTP error."""
    if isinstance(slug, dict):
        said = said or slug.get("message")
        slug = next((one for key in ("code", "status", "type") if identifier(one := slug.get(key))), said)
    sentence = said if isinstance(said, str) else ""
    passes = close_code in TRANSPORT_CLOSES if isinstance(close_code, int) else False
    if not (name := identifier(slug)):
        sentence = sentence or (slug if isinstance(slug, str) else "")
        if passes or close_code is None:
            return Fault(ProviderUnavailable.code, True, sentence)
        return of_close(close_code if isinstance(close_code, int) else 1008, sentence, passing)
    return Fault(name, passes or name in passing, sentence)


def of_close(close_code: int, reason: str, passing: Collection[str]) -> Fault:
    """A close by the service. One without a reason says nothing that could be a refusal."""
    if close_code not in REFUSING_CLOSES or not reason:
        return Fault(ProviderUnavailable.code, True, reason)
    words = reason.lower()
    named = next((slug for slug in passing if "_" in slug and (slug in words or slug.replace("_", " ") in words)), "")
    named = named or next((slug for text, slug in _SENTENCES.items() if slug in passing and text in words), "")
    return Fault(named or ProviderRefused.code, bool(named), reason)


def of_status(status: int, body: bytes) -> Fault:
    """An HTTP answer instead of a socket. A redirect is never followed: the key and the call would go to its target."""
    said = f"{status} {_detail(body)}".strip()
    if 300 <= status < 400:
        return Fault(ProviderRefused.code, False, f"{status} redirect: check the base URL")
    if status == 429:
        return Fault(ProviderBusy.code, True, said)
    if 400 <= status < 500 and status not in PASSING_STATUSES:
        return Fault(ProviderRefused.code, False, said)
    return Fault(ProviderUnavailable.code, True, said)


def misbehaved(why: str = "") -> Fault:
    """A message that breaks the protocol."""
    return Fault(ProviderMisbehaved.code, True, why)


def _detail(body: bytes) -> str:
    """The `detail` of an error body: an object with `status` and `message`, a list of such, or a text."""
    try:
        detail = json.loads(body).get("detail")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return detail_text(detail)


def detail_text(detail: object) -> str:
    """The platform's `detail` as a sentence. Of a 422's list, `input` is left out, because it repeats our values."""
    match detail:
        case list():
            return "; ".join(f"{one.get('loc')} {one.get('msg')}" for one in detail if isinstance(one, dict))
        case dict():
            return f"{detail.get('status') or ''} {detail.get('message') or ''}".strip()
        case _:
            return str(detail or "")
