"""JSON bodies as strangers send them. Pure.

JSON may hold half of a character that takes two (`"\\ud83d"`, a text cut in the middle of an emoji). Python reads it,
and then cannot write it to anybody. So it is replaced where it comes in.
"""

from __future__ import annotations

import json
from typing import Any


def load(body: bytes) -> Any:
    """The JSON value in `body`, every text of it valid Unicode. Raises ValueError, RecursionError."""
    found = json.loads(body)
    if b"\\u" in body:  # an escape is the only way in; bytes that are no UTF-8 are refused above
        found = json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
    return found
