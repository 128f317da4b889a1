"""Strict validation of what the service sends on the media stream. Pure.

A message must have exactly the keys of the protocol: with an extra one, Twilio gives warning 31951 and ignores it.
"""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass
from typing import Any, TypeAlias


class Violation(Exception):
    """A message that Twilio would ignore with a warning. `code` is Twilio's error code."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Audio:
    pcmu: bytes


@dataclass(frozen=True, slots=True)
class MarkSet:
    name: str


@dataclass(frozen=True, slots=True)
class Cleared:
    pass


FromService: TypeAlias = Audio | MarkSet | Cleared


def read(message: str | bytes, stream_sid: str) -> FromService:
    """Parses one message from the service. Raises `Violation`: 31950 (binary), or 31951 (invalid in any other way)."""
    if isinstance(message, bytes):
        raise Violation("31950", "a binary frame")
    try:
        parsed = json.loads(message)
    except ValueError:
        raise Violation("31951", f"not JSON: {message[:80]}") from None
    if not isinstance(parsed, dict):
        raise Violation("31951", "not an object")
    match parsed.get("event"):
        case "media":
            _exactly(parsed, {"event", "streamSid", "media"}, stream_sid)
            return Audio(_payload(_part(parsed, "media", "payload")))
        case "mark":
            _exactly(parsed, {"event", "streamSid", "mark"}, stream_sid)
            return MarkSet(_part(parsed, "mark", "name"))
        case "clear":
            _exactly(parsed, {"event", "streamSid"}, stream_sid)
            return Cleared()
        case event:
            raise Violation("31951", f"unknown event {event!r}")


def _exactly(parsed: dict[str, Any], keys: set[str], stream_sid: str) -> None:
    if parsed.keys() != keys:
        raise Violation("31951", f"keys {sorted(parsed)} instead of {sorted(keys)}")
    if parsed["streamSid"] != stream_sid:
        raise Violation("31951", "a wrong or stale streamSid")


def _part(parsed: dict[str, Any], name: str, key: str) -> str:
    part = parsed[name]
    if not isinstance(part, dict) or part.keys() != {key} or not isinstance(part[key], str):
        raise Violation("31951", f"{name} must hold exactly {key}, a string")
    return str(part[key])


def _payload(text: str) -> bytes:
    try:
        pcmu = b64decode(text, validate=True)
    except ValueError:
        raise Violation("31951", "payload is not base64") from None
    if pcmu[:4] in (b"RIFF", b"ID3\x03", b"ID3\x04", b"OggS"):
        raise Violation("31951", "payload begins with a file header, which would be heard")
    return pcmu
