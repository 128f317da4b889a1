"""Server-sent events: read as the vendor's own SDK reads them, however the bytes come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openai._streaming import SSEDecoder

from telephony.errors import ProviderMisbehaved
from telephony.openai.events import Events, StreamFailed


def chunks(pieces: Sequence[bytes]) -> list[dict[str, Any]]:
    events = Events()
    return [chunk for piece in pieces if not events.done for chunk in events.add(piece)]


def by_the_sdk(text: bytes) -> list[dict[str, Any]]:
    """Without events that have no data: the standard ignores them, the SDK decodes their data as JSON."""
    found = []
    for event in SSEDecoder().iter_bytes(iter([text])):
        if event.data.startswith("[DONE]"):
            break
        if event.data:
            found.append(event.json())
    return found


def cut(text: bytes, ends: Sequence[int]) -> list[bytes]:
    places = [0, *sorted(end % (len(text) + 1) for end in ends), len(text)]
    return [text[start:end] for start, end in pairwise(places)]


LINES = st.sampled_from(
    [
        *('data: {"a": 1}', 'data:{"é": "…"}', 'data: {"a":', "data: 2}", "data: [DONE]", "data:[DONE] "),
        *("data", "data:"),
        *(": comment", ":", "event: message", "id: 7", "retry: 3", "retry: x", "what: is this", "", "", "", ""),
    ]
)  # fmt: skip
ENDS = st.sampled_from(["\n", "\r", "\r\n"])


@example([("data", "\n"), ('data: {"a": 1}', "\n"), ("", "\n")], [])
@example([("data", "\n"), ("data: [DONE]", "\n"), ("", "\n")], [])
@given(st.lists(st.tuples(LINES, ENDS), max_size=14), st.lists(st.integers(0, 300), max_size=6))
def test_events_are_those_of_the_sdk_however_the_bytes_are_cut(lines: list[tuple[str, str]], ends: list[int]) -> None:
    text = "".join(line + end for line, end in lines).encode()
    try:
        expected = by_the_sdk(text)
    except ValueError:
        with pytest.raises(ValueError, match="line"):
            chunks(cut(text, ends))
        return
    assert chunks(cut(text, ends)) == expected


@pytest.mark.parametrize("end", ["\n\n", "\r\r", "\r\n\r\n"])
def test_each_byte_on_its_own(end: str) -> None:
    text = "".join(f"data: {json.dumps({'n': n})}{end}" for n in range(3)).encode()
    assert chunks([bytes([one]) for one in text]) == [{"n": 0}, {"n": 1}, {"n": 2}]


def test_a_chunk_is_there_at_once() -> None:
    """With the byte that ends its event: the next may take a while."""
    events = Events()
    assert list(events.add(b'data: {"n": 1}\r\r')) == [{"n": 1}]


def test_nothing_counts_after_the_end() -> None:
    events = Events()
    assert list(events.add(b'data: {"n": 1}\n\ndata: [DONE]\n\ndata: {"n": 2}\n\n')) == [{"n": 1}]
    assert events.done


def test_chunks_are_decoded_one_by_one() -> None:
    """Others get their turn between them, and what follows the fault of a server is not read."""
    events = Events().add(b'data: {"n": 1}\n\ndata: {broken\n\n')
    assert next(events) == {"n": 1}
    with pytest.raises(ValueError, match="line 1"):
        next(events)


@pytest.mark.parametrize(
    ("error", "message", "code", "param"),
    [
        ({"message": "busy", "code": "rate_limited", "param": "p"}, "busy", "rate_limited", "p"),
        ({"message": "busy", "code": 429, "param": 1}, "busy", "429", None),
        ({"message": ["busy"]}, "An error occurred during streaming", "", None),
        ("busy", "An error occurred during streaming", "", None),
    ],
)
def test_an_error_in_the_stream(error: object, message: str, code: str, param: str | None) -> None:
    """Its fields are of any kind; the code is text, as in the SDK."""
    with pytest.raises(StreamFailed) as caught:
        chunks([b"data: %s\n\n" % json.dumps({"error": error}).encode()])
    assert (caught.value.message, caught.value.code, caught.value.param) == (message, code, param)


def test_no_error_is_none() -> None:
    """Some servers send the field in each chunk."""
    assert chunks([b'data: {"error": null}\n\n']) == [{"error": None}]


def test_null_is_no_chunk() -> None:
    assert chunks([b'data: null\n\ndata: {"n": 1}\n\n']) == [{"n": 1}]


@pytest.mark.parametrize("data", ["[]", "1", '"text"'])
def test_a_chunk_is_an_object(data: str) -> None:
    with pytest.raises(ProviderMisbehaved):
        chunks([f"data: {data}\n\n".encode()])
