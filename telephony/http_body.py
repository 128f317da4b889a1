"""Reads untrusted HTTP bodies: a size limit, and JSON with valid Unicode only. Pure.

JSON may contain half of a surrogate pair (`"\\ud83d"`, a text cut in the middle of an emoji). Python decodes it, but
cannot encode it as UTF-8 again, so it is replaced on input.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterable
from typing import Any


class TooBig(Exception):
    """The body is larger than allowed."""


async def gather(pieces: AsyncIterable[bytes], most: int) -> bytes:
    """The whole body. Raises TooBig if it has more than `most` bytes. Sets no time limit: that is up to the caller."""
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > most:
            raise TooBig
    return bytes(body)


def load(body: str | bytes) -> Any:
    """The JSON value in `body`, with every string valid Unicode. Raises ValueError, RecursionError."""
    found = json.loads(body)
    escaped = "\\u" in body if isinstance(body, str) else b"\\u" in body  # the only source of lone surrogates
    if escaped:
        found = json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
    return found
