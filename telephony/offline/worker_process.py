"""The worker's side of the pipe that `worker.py` holds: messages on standard input, one answer each on standard output.

A message is a line of JSON, `{"size": n, ...}`, and n bytes. A worker answers in order and ends when its input does, so
it never outlives its parent. Whatever its libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import IO, Any, TypeAlias

Message: TypeAlias = tuple[dict[str, Any], bytes]

IMPOSSIBLE = 3
"""Exit code of a worker that cannot work on this machine; the last line of its standard error says why."""


def encode(head: dict[str, Any], body: bytes = b"") -> bytes:
    return json.dumps({**head, "size": len(body)}).encode() + b"\n" + body


def read(stream: IO[bytes]) -> Message | None:
    """The next message, or None at the end of the input."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    head = json.loads(line)
    body = stream.read(head["size"])
    return (head, body) if len(body) == head["size"] else None


def serve(load: Callable[[], Callable[[dict[str, Any], bytes], Message]]) -> None:
    """Loads the engine, says that it is ready with an empty message, and answers requests until the input ends."""
    # A library that prints must not break the protocol: it gets standard error instead.
    stdin, stdout = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        answer = load()
    except (ImportError, OSError) as error:
        print(f"{type(error).__name__}: {error}".replace("\n", " "), file=sys.stderr)
        sys.exit(IMPOSSIBLE)
    try:
        stdout.write(encode({}))
        stdout.flush()
        while (request := read(stdin)) is not None:
            stdout.write(encode(*answer(*request)))
            stdout.flush()
    except BrokenPipeError:
        os._exit(0)  # whoever asked has gone; an orderly exit would try to write the answer once more
