"""JSON as strangers send it. Pure.

JSON may hold half of a character that takes two (`"\\ud83d"`, a text cut in the middle of an emoji). Python reads it,
and then cannot write it to anybody. So it is replaced where it comes in.
"""

from __future__ import annotations

import json
from typing import Any


def load(body: str | bytes) -> Any:
    """The JSON value in `body`, every text of it valid Unicode. Raises ValueError, RecursionError."""
    found = json.loads(body)
    escaped = "\\u" in body if isinstance(body, str) else b"\\u" in body  # the only way in for half a character
    if escaped:
        found = json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
    return found
