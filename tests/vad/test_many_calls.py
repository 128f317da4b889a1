"""Detectors of many calls, whose windows are answered together."""

from __future__ import annotations

import functools
import random
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.audio import frames, mulaw, tones
from telephony.vad.silero import MOST_AT_ONCE, SileroDetector, Waiting
from telephony.vad.silero_model import SileroModel

Answers = list[tuple[int | None, int]]
MODEL = SileroModel()


def pcmu(samples: np.ndarray[Any, Any]) -> bytes:
    return mulaw.encode(samples.clip(-32_768, 32_767).astype("<i2").tobytes())


def vowel(rng: random.Random, ms: int, loud: int) -> bytes:
    """Two formants that ring after each of the pulses of a voice."""
    ring = np.arange(80) / 8_000
    formants = rng.choice(((730, 1_090), (270, 2_290), (570, 840)))
    pulse = np.sum([np.exp(-ring * 400) * np.sin(2 * np.pi * hz * ring) for hz in formants], axis=0)
    pulses = np.zeros(8 * ms)
    pulses[:: rng.randrange(45, 75)] = loud
    return pcmu(np.convolve(pulses, pulse)[: 8 * ms])


@functools.cache
def caller(seed: int) -> tuple[bytes, ...]:
    """The frames of a caller: 3 s of vowels, noise, key tones and silence, faint and loud."""
    rng = random.Random(seed)
    sound = b""
    while len(sound) < 24_000:
        ms, loud = 20 * rng.randrange(2, 30), rng.choice((40, 1_000, 10_000))
        noise = pcmu(np.array([rng.gauss(0, loud / 3) for _ in range(8 * ms)]))
        sound += rng.choice(
            (vowel(rng, ms, loud), vowel(rng, ms, loud), noise, tones.dtmf("7", ms), frames.silence(ms))
        )
    return tuple(frames.frames(sound[:24_000]))


@functools.cache
def alone(seed: int) -> Answers:
    detector = SileroDetector(Waiting(MODEL))
    return [detector.hear(frame) for frame in caller(seed)]


def same(found: Answers, expected: Answers) -> bool:
    """The same frames carry an answer, and the answers differ by two thousandths at most."""
    return len(found) == len(expected) and all(
        level == other_level and (speech is None) == (other is None) and abs((speech or 0) - (other or 0)) <= 2
        for (speech, level), (other, other_level) in zip(found, expected, strict=True)
    )


class CountingModel(SileroModel):
    """The model; keeps the sizes of its batches."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def run(self, windows, states):  # type: ignore[no-untyped-def]
        self.batches.append(len(windows))
        return super().run(windows, states)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=900))
def test_calls_do_not_hear_each_other(turns: list[int]) -> None:
    """Frames of six calls in any order: each call's answers are those that it gets alone, in the same frames."""
    waiting = Waiting(MODEL)
    detectors = [SileroDetector(waiting) for _ in range(6)]
    heard: list[Answers] = [[] for _ in detectors]
    for call in turns:
        if len(heard[call]) < len(caller(call)):
            heard[call].append(detectors[call].hear(caller(call)[len(heard[call])]))
    for call, answers in enumerate(heard):
        assert same(answers, alone(call)[: len(answers)]), call


def test_the_callers_are_told_apart() -> None:
    """The sounds of the test above: answers of all kinds, and of no two calls alike."""
    answers = [tuple(speech for speech, _ in alone(seed)) for seed in range(6)]
    assert len(set(answers)) == 6
    assert len({speech // 100 for one in answers for speech in one if speech is not None}) >= 8


def test_windows_are_answered_once_a_frame_and_together() -> None:
    """A hundred calls in step: one answer for all at each frame, in batches that stay small."""
    model = CountingModel()
    waiting = Waiting(model)
    detectors = [SileroDetector(waiting) for _ in range(100)]
    sounds = [caller(n % 6) for n in range(100)]
    heard: list[Answers] = [[] for _ in detectors]
    for at in range(50):
        for call, detector in enumerate(detectors):
            heard[call].append(detector.hear(sounds[call][at]))
    assert all(same(answers, alone(call % 6)[:50]) for call, answers in enumerate(heard))
    assert max(model.batches) == MOST_AT_ONCE
    assert len(model.batches) <= 2 * 50
    assert sum(model.batches) > 100 * 20


def test_reset_drops_the_window_that_waits() -> None:
    """The frame after a reset brings no answer to audio from before it; nor does the model see that window."""
    model = CountingModel()
    detector = SileroDetector(Waiting(model))
    loud = tones.sine(300, 40)
    for frame in frames.frames(loud):
        detector.hear(frame)
    detector.reset()
    assert [detector.hear(frame)[0] for frame in frames.frames(loud)] == [None, None]
    assert model.batches == []
    assert detector.hear(loud[:160])[0] is not None
    assert model.batches == [1]


def test_reset_leaves_the_windows_of_others() -> None:
    waiting = Waiting(MODEL)
    one, other = SileroDetector(waiting), SileroDetector(waiting)
    answers = []
    for n, frame in enumerate(caller(1)):
        one.hear(frame)
        answers.append(other.hear(frame))
        if n % 7 == 0:
            one.reset()
    assert same(answers, alone(1))


def test_a_call_that_ended_leaves_nothing() -> None:
    """Its window is neither kept nor answered."""
    model = CountingModel()
    waiting = Waiting(model)
    gone, stays = SileroDetector(waiting), SileroDetector(waiting)
    for frame in frames.frames(tones.sine(300, 40)):
        gone.hear(frame)
        stays.hear(frame)
    assert len(waiting) == 2
    del gone
    assert len(waiting) == 1
    stays.hear(tones.sine(300, 20))
    assert model.batches == [1]


def test_a_faint_window_is_answered_with_the_next_frame_too() -> None:
    """Where the gate saves the run, the answer comes no sooner."""
    detector = SileroDetector()
    assert [detector.hear(frame)[0] for frame in frames.frames(frames.silence(60))] == [None, None, 0]


def test_event_loops_in_threads_may_share_the_windows() -> None:
    """Each detector stays in one thread; windows of all threads are answered together."""
    waiting = Waiting(MODEL)
    heard: dict[int, Answers] = {}
    start = threading.Barrier(4)

    def call(seed: int) -> Callable[[], None]:
        def work() -> None:
            detector = SileroDetector(waiting)
            start.wait(10)
            heard[seed] = [detector.hear(frame) for frame in caller(seed)]

        return work

    threads = [threading.Thread(target=call(seed)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [same(heard[seed], alone(seed)) for seed in range(4)] == [True] * 4


@pytest.mark.parametrize("seed", range(6))
def test_a_second_call_gives_the_same(seed: int) -> None:
    """With the same company, exactly; the state of an earlier call has no part in it."""
    detector = SileroDetector(Waiting(MODEL))
    first = [detector.hear(frame) for frame in caller(seed)]
    detector.reset()
    assert [detector.hear(frame) for frame in caller(seed)] == first == alone(seed)
