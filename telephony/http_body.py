"""Bodies as strangers send them: no bigger than allowed, and JSON. Pure.

JSON may hold half of a character that takes two (`"\\ud83d"`, a text cut in the middle of an emoji). Python reads it,
and then cannot write it to anybody. So it is replaced where it comes in.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterable
from typing import Any


class TooBig(Exception):
    """A body of more bytes than are taken."""


async def gather(pieces: AsyncIterable[bytes], most: int) -> bytes:
    """A whole body, of at most `most` bytes. Raises TooBig. The time it may take is for the caller to limit."""
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > most:
            raise TooBig
    return bytes(body)


def load(body: str | bytes) -> Any:
    """The JSON value in `body`, every text of it valid Unicode. Raises ValueError, RecursionError."""
    found = json.loads(body)
    escaped = "\\u" in body if isinstance(body, str) else b"\\u" in body  # the only way in for half a character
    if escaped:
        found = json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
    return found
