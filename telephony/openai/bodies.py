"""The bodies that a model server answers with: bounded, and read by what they hold, not by what their headers say.

A stream of events is one whatever content type it is labelled with. A server that cannot stream answers with one JSON
object, which becomes a stream of one event. Errors come in several forms; servers that are not OpenAI's put their
sentence beside `error.message`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
from openai import APIStatusError

from telephony.errors import ProviderMisbehaved

MAX_BYTES, MAX_LINE_BYTES = 50_000_000, 500_000
"""Limits of one answer, and of one line of it, which is decoded without a pause."""
MAX_IDLE_LINES, BLOCK_BYTES = 5_000, 2_000
"""How many lines may come without data (comments, empty lines), and how much of them is decoded without a pause."""
LONGEST_REFUSAL = 1_000
_BOM = b"\xef\xbb\xbf"


async def bound(response: httpx2.Response) -> None:
    """A hook: limits the body of an answer, and makes events of one that is a single JSON object."""
    if isinstance(response.stream, httpx2.AsyncByteStream):
        answers = response.request.method == "POST" and response.status_code == 200
        response.stream = _Bounded(response.stream, as_events=answers)


class _Bounded(httpx2.AsyncByteStream):
    """The bytes of an answer, up to the limits."""

    def __init__(self, inner: httpx2.AsyncByteStream, *, as_events: bool) -> None:
        self._inner, self._bytes, self._line, self._idle = inner, 0, 0, 0
        self._begun, self._object = not as_events, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for received in self._inner:
            for at in range(0, len(received), BLOCK_BYTES):
                if at:
                    await asyncio.sleep(0)
                yield self._event(self._checked(received[at : at + BLOCK_BYTES]))
        if self._object:
            yield b"\n\n"

    def _checked(self, piece: bytes) -> bytes:
        self._bytes += len(piece)
        first, last = piece.find(b"\n"), piece.rfind(b"\n")
        self._line += len(piece) if first < 0 else first
        if self._bytes > MAX_BYTES or self._line > MAX_LINE_BYTES:
            raise ProviderMisbehaved("the answer is too long", provider="openai")
        self._line = self._line if first < 0 else len(piece) - last - 1
        self._idle = 0 if self._object or b"data:" in piece else self._idle + piece.count(b"\n")
        if self._idle > MAX_IDLE_LINES:
            raise ProviderMisbehaved("the answer has lines, but no data", provider="openai")
        return piece

    def _event(self, piece: bytes) -> bytes:
        """The piece as part of a stream of events: the lines of a JSON object are the data of one."""
        if not self._begun:
            piece = piece.removeprefix(_BOM).lstrip()
            self._begun, self._object = bool(piece), piece.startswith(b"{")
            piece = b"data: " + piece if self._object else piece
        return piece.replace(b"\r", b" ").replace(b"\n", b"\ndata: ") if self._object else piece

    async def aclose(self) -> None:
        await self._inner.aclose()


def refusal_words(error: APIStatusError) -> str:
    """What the server says of a request that it refuses. The SDK knows `error.message` only; others say `detail`, as a
    sentence or a list of fields, or just write it."""
    body: Any = error.body
    if isinstance(body, list) and len(body) == 1:  # Gemini's
        body = body[0]
    for key in ("error", "detail", "message", "msg"):
        body = body.get(key, body) if isinstance(body, dict) else body
    if isinstance(body, list):
        body = "; ".join(map(_problem, body[:10]))
    words = body if isinstance(body, str) else json.dumps(body)
    return error.message if not body or words in error.message else f"{error.message} - {words[:LONGEST_REFUSAL]}"


def _problem(problem: Any) -> str:
    """One of the problems with a request's fields. What else is in it quotes the request."""
    if not isinstance(problem, dict):
        return str(problem)[:LONGEST_REFUSAL]
    place = problem.get("loc")
    place = place if isinstance(place, list) else []
    return f"{'.'.join(map(str, place))}: {problem.get('msg')}"
