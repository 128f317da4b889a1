"""What the platform's socket says, read into events."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from telephony.agent import IncomingCall, ManagedAgent
from telephony.audio.frames import silence
from telephony.core.events import ToolWanted
from telephony.core.managed_events import ManagedAudio, ManagedOpened
from telephony.elevenlabs import agents_codec as wire


@pytest.mark.parametrize(
    ("chars", "starts", "lasts", "text", "ends"),
    [
        (["H", "i"], [0, 70], [70, 90], "Hi", (70, 160)),
        (["He", "y"], [0, 80], [80, 40], "Hey", (40, 80, 120)),
        ([None, "a"], [0, 80], [80, 40], "a", (120,)),
        (["a", "b"], [0, "x"], [80, 40], "a", (80,)),
        (["a"], None, [80], "", ()),
        (["H", "i"], [-70, 0], [70, 90], "Hi", (200, 200)),
        (["H", "i"], [70, 0], [90, 70], "Hi", (200, 200)),
        (["H", "o", "u", "r", "s"], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0], "Hours", (200,) * 5),
        ([], [], [], "", ()),
    ],
)
def test_an_alignment_may_be_odd(chars: Any, starts: Any, lasts: Any, text: str, ends: tuple[int, ...]) -> None:
    """Items of several characters are spread; what is no item is left out. Times that cannot be prove only that all has
    been said when the audio is over."""
    alignment = {"chars": chars, "char_start_times_ms": starts, "char_durations_ms": lasts}
    pcmu = silence(200)
    event = {"audio_base_64": b64encode(pcmu).decode(), "event_id": 3, "alignment": alignment}
    assert wire.read(json.dumps({"type": "audio", "audio_event": event})) == ManagedAudio(3, pcmu, text, ends)


@pytest.mark.parametrize(
    ("given", "sent"),
    [("de", {"language": "de"}), ("pt-br", {"language": "pt-br"}), ("jp", {"language": "ja"}), ("Klingon", None)],
)
def test_a_language_is_asked_for_by_its_code_or_not_at_all(given: str, sent: dict[str, str] | None) -> None:
    """The platform would close the socket."""
    agent = ManagedAgent("agent_1", overrides={"agent": {"language": given}})
    data = wire.initiation(agent, IncomingCall("CA1"))
    assert data.get("conversation_config_override", {}).get("agent") == sent


def test_odd_spellings_are_read() -> None:
    """A format in capitals, an id that is a number, base64 without padding."""
    formats = {"user_input_audio_format": "ULAW_8000", "agent_output_audio_format": "Ulaw_8000"}
    opened = {"type": "conversation_initiation_metadata", "conversation_initiation_metadata_event": formats}
    assert wire.read(json.dumps(opened)) == ManagedOpened("", "ulaw_8000", "ulaw_8000")
    call = {"tool_call_id": 5, "tool_name": "hours", "event_id": "3"}
    assert wire.read(json.dumps({"type": "client_tool_call", "client_tool_call": call})) == ToolWanted(
        3, "5", "hours", "{}"
    )
    event = {"audio_base_64": "/w", "event_id": 3}
    assert wire.read(json.dumps({"type": "audio", "audio_event": event})) == ManagedAudio(3, b"\xff")
    for body in ({}, {"tool_call_id": None}, {"tool_call_id": ""}, {"tool_call_id": [1]}):
        with pytest.raises(ValueError, match="without an id"):
            wire.read(json.dumps({"type": "client_tool_call", "client_tool_call": body}))
