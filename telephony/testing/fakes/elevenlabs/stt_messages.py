"""The server's side of the Scribe realtime protocol: a pure codec, the counterpart of `elevenlabs/stt_codec.py`."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from typing import Any

from telephony.testing.fakes.elevenlabs.stt_faults import SttFaults

Words = list[tuple[str, float, float]]
"""(word, start, end) in seconds from the first audio of the socket."""


def read(text: str | bytes) -> dict[str, Any] | None:
    """A client's message with its audio decoded to mu-law bytes, or None if it breaks the schema."""
    try:
        message = json.loads(text)
        pcmu = b64decode(message["audio_base_64"], validate=True)
        valid = message["message_type"] == "input_audio_chunk" and message["sample_rate"] == 8000
    except (ValueError, TypeError, KeyError, binascii.Error):
        return None
    return {**message, "audio_base_64": pcmu} if valid and isinstance(message["commit"], bool) else None


def acceptable(query: dict[str, list[str]]) -> bool:
    """Whether the server accepts these query parameters. It knows only those that a phone call needs."""
    terms = query.get("keyterms", [])
    return (
        query.get("model_id") == ["scribe_v2_realtime"]
        and query.get("audio_format") == ["ulaw_8000"]
        and query.get("commit_strategy", ["manual"]) == ["manual"]
        and len(terms) <= 50
        and all(len(term) <= 20 for term in terms)
    )


def session_started(query: dict[str, list[str]]) -> dict[str, Any]:
    """The first message. Its `config` has the fields seen on the wire and those of the vendor's SDK."""
    timed = query.get("include_timestamps") == ["true"]
    config = {
        "sample_rate": 8000,
        "audio_format": "ulaw_8000",
        "language_code": query.get("language_code", ["en"])[0],
        "timestamps_granularity": "word",
        "vad_commit_strategy": False,
        "commit_strategy": "manual",
        "vad_silence_threshold_secs": 1.5,
        "vad_threshold": 0.4,
        "min_speech_duration_ms": 100,
        "min_silence_duration_ms": 100,
        "max_tokens_to_recompute": 5,
        "model_id": "scribe_v2_realtime",
        "disable_logging": False,
        "enable_logging": True,
        "include_timestamps": timed,
        "include_language_detection": False,
    }
    return {"message_type": "session_started", "session_id": "local", "config": config}


def finals(text: str, words: Words, faults: SttFaults) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two messages for a committed segment: plain, and with word times."""
    if faults.empty_finals:
        text, words = "", []
    items: list[dict[str, Any]] = []
    for word, start, end in words:
        if items:
            items.append(_item(" ", items[-1]["end"], start, "spacing"))
        items.append(_item(word, start, end, "word"))
    if faults.thrice:
        text, items = " ".join([text] * 3), items * 3
    if faults.tags or faults.tag_only:
        text = "(laughter)" if faults.tag_only else f"(laughter) {text}"
        items = [_item("(laughter)", 0.0, 0.1, "audio_event"), *([] if faults.tag_only else items)]
    timed = {"message_type": "committed_transcript_with_timestamps", "text": text, "language_code": "en"}
    return {"message_type": "committed_transcript", "text": text}, {**timed, "words": items}


def _item(text: str, start: float, end: float, kind: str) -> dict[str, Any]:
    times = {"text": text, "start": start, "end": end, "type": kind}
    return {**times, "speaker_id": None, "logprob": -0.1, "characters": list(text)}


def error(slug: str, text: str) -> dict[str, Any]:
    return {"message_type": slug, "error": text}
