"""Numbers that JSON allows and no service means: endless integers, infinity, not-a-number; and values of other types.

Every codec of a provider either drops them or refuses the message in the way that it documents, and what it returns can
be put on a tape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from telephony.elevenlabs import agents_codec, stt_codec, tts_codec
from telephony.errors import BadMessage
from telephony.twilio import media_stream

VALUES = [
    "1" + "0" * 400,
    "-1" + "0" * 400,
    "1e999",
    "-1e999",
    "NaN",
    "1e308",
    "null",
    "true",
    '"9"',
    "[1]",
    "{}",
    "-5",
]
LARGEST = 2**63


def agents(text: str) -> object:
    try:
        return agents_codec.read(text)
    except ValueError:
        return None


def twilio(text: str) -> object:
    try:
        return media_stream.decode(text)
    except BadMessage:
        return None


ALIGNED = '"chars": ["a", "b"], "char_start_times_ms": [0, N], "char_durations_ms": [N, 10]'
STREAM = '"streamSid": "MZ1", "sequenceNumber": "1"'
MESSAGES: list[tuple[Callable[[str], object], str]] = [
    (
        agents,
        '{"type": "audio", "audio_event": {"audio_base_64": "////", "event_id": N, "alignment": {ALIGNED}}}'.replace(
            "ALIGNED", ALIGNED
        ),
    ),
    (agents, '{"type": "ping", "ping_event": {"event_id": N, "ping_ms": N}}'),
    (agents, '{"type": "interruption", "interruption_event": {"event_id": N}}'),
    (agents, '{"type": "client_tool_call", "client_tool_call": {"tool_call_id": "a", "event_id": N, "parameters": N}}'),
    (tts_codec.decode, '{"audio": "////", "contextId": "t1", "alignment": {ALIGNED}}'.replace("ALIGNED", ALIGNED)),
    (
        stt_codec.decode,
        '{"message_type": "committed_transcript_with_timestamps", "text": "a",'
        ' "words": [{"text": "a", "start": N, "end": N}]}',
    ),
    (
        twilio,
        '{"event": "media", STREAM, "media": {"payload": "////", "timestamp": N, "chunk": N}}'.replace(
            "STREAM", STREAM
        ),
    ),
    (
        twilio,
        '{"event": "start", STREAM, "start": {"callSid": "CA1", "mediaFormat": {"sampleRate": N}}}'.replace(
            "STREAM", STREAM
        ),
    ),
]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(("decode", "message"), MESSAGES, ids=[message[:40] for _, message in MESSAGES])
def test_no_number_breaks_a_codec(decode: Callable[[str], object], message: str, value: str) -> None:
    found = decode(message.replace("N", value))
    assert all(abs(number) < LARGEST for number in numbers(found))


def numbers(found: Any) -> list[float]:
    """All numbers in a decoded message."""
    if isinstance(found, int | float):
        return [found]
    if isinstance(found, tuple | list):
        return [number for one in found for number in numbers(one)]
    names = getattr(type(found), "__slots__", ()) if not isinstance(found, str | bytes) else ()
    return [number for name in names for number in numbers(getattr(found, name))]
