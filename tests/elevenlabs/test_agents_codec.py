"""What the platform's socket says, read into events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from telephony.core.managed_events import ManagedAudio
from telephony.elevenlabs import agents_codec as wire


@pytest.mark.parametrize(
    ("chars", "starts", "lasts", "text", "ends"),
    [
        (["H", "i"], [0, 70], [70, 90], "Hi", (70, 160)),
        (["He", "y"], [0, 80], [80, 40], "Hey", (40, 80, 120)),
        ([None, "a"], [0, 80], [80, 40], "a", (120,)),
        (["a", "b"], [0, "x"], [80, 40], "a", (80,)),
        (["a"], None, [80], "", ()),
    ],
)
def test_an_alignment_may_be_odd(chars: Any, starts: Any, lasts: Any, text: str, ends: tuple[int, ...]) -> None:
    """Items of several characters are spread; what is no item is left out."""
    alignment = {"chars": chars, "char_start_times_ms": starts, "char_durations_ms": lasts}
    event = {"audio_base_64": "/w==", "event_id": 3, "alignment": alignment}
    assert wire.read(json.dumps({"type": "audio", "audio_event": event})) == ManagedAudio(3, b"\xff", text, ends)
