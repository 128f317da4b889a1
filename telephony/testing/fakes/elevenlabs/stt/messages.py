"""The server's side of the Scribe realtime protocol: a pure codec, the counterpart of `elevenlabs/stt_codec.py`."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from typing import Any

from telephony.testing.fakes.audio_formats import Decoder
from telephony.testing.fakes.elevenlabs.stt.faults import SttFaults
from telephony.testing.fakes.elevenlabs.stt.request import Setup

Words = list[tuple[str, float, float]]
"""(word, start, end) in seconds from the first audio of the socket."""


def read(text: str | bytes, rate: int, decoder: Decoder) -> dict[str, Any] | None:
    """A client's message with its audio decoded to mu-law bytes, or None if it breaks the schema. `rate`: that of the
    socket's audio format."""
    try:
        message = json.loads(text)
        audio = b64decode(message["audio_base_64"], validate=True)
        valid = message["message_type"] == "input_audio_chunk" and message["sample_rate"] == rate
        if not valid or not isinstance(message["commit"], bool):
            return None
        return {**message, "audio_base_64": decoder.decode(audio)}
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error):
        return None


def session_started(setup: Setup) -> dict[str, Any]:
    """The first message."""
    return {"message_type": "session_started", "session_id": "local", "config": setup.config()}


def partial(text: str) -> dict[str, Any]:
    return {"message_type": "partial_transcript", "text": text}


def finals(
    text: str, words: Words, faults: SttFaults, *, timed: bool = True, language: str = "", estimated: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two messages for a committed segment: plain, and with word times (null unless `timed`). Times that are
    `estimated` stand in items without `logprob` and `characters`, which have a field `estimated` more than the
    service's."""
    if faults.empty_finals:
        text, words = "", []
    items: list[dict[str, Any]] = []
    for word, start, end in words:
        if items:
            items.append(_item(" ", items[-1]["end"], start, "spacing"))
        items.append(_item(word, start, end, "word"))
    if estimated:
        items = [{**item, "logprob": None, "characters": None, "estimated": True} for item in items]
    if faults.thrice:
        text, items = " ".join([text] * 3), items * 3
    if faults.tags or faults.tag_only:
        text = "(laughter)" if faults.tag_only else f"(laughter) {text}"
        items = [_item("(laughter)", 0.0, 0.1, "audio_event"), *([] if faults.tag_only else items)]
    second = {"message_type": "committed_transcript_with_timestamps", "text": text, "language_code": language or "en"}
    return {"message_type": "committed_transcript", "text": text}, {**second, "words": items if timed else None}


def _item(text: str, start: float, end: float, kind: str) -> dict[str, Any]:
    times = {"text": text, "start": start, "end": end, "type": kind}
    return {**times, "speaker_id": None, "logprob": -0.1, "characters": list(text)}


def error(slug: str, text: str) -> dict[str, Any]:
    return {"message_type": slug, "error": text}
