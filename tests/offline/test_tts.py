"""The local TTS: sound of the right length and level, the same every time, with estimated times of its characters."""

from __future__ import annotations

from itertools import pairwise

import pytest

from telephony.audio import audioop, level, mulaw
from telephony.offline.blocking import BlockingEngine, BlockingSynthesizer
from telephony.offline.tts import AGENT, CALLER, LocalVoice

TEXT = "We are open from five in the afternoon, and on Sundays from noon. Can I do anything else for you?"


def test_the_same_sentence_is_the_same_sound(tts_engine: BlockingEngine) -> None:
    """Whatever was said in between."""
    speaker = BlockingSynthesizer(tts_engine)
    first = speaker.say(TEXT)
    speaker.say("Something else.")
    assert speaker.say(TEXT) == first


def test_it_is_as_loud_as_speech_and_begins_at_once(tts_engine: BlockingEngine) -> None:
    pcmu, _ = BlockingSynthesizer(tts_engine).say(TEXT)
    assert 4_000 < len(pcmu) // 8 < 9_000
    assert -260 < level.level(pcmu) < -180
    assert level.level(pcmu[: 8 * 150]) > -400
    assert audioop.max(mulaw.decode(pcmu), 2) < 31_000
    assert level.level(pcmu[-8 * 20 :]) < -300


def test_each_character_has_its_end(tts_engine: BlockingEngine) -> None:
    """They rise to the end of the sound; a sentence ends where its sound does; a comma is a pause."""
    pcmu, ends = BlockingSynthesizer(tts_engine).say(TEXT)
    assert len(ends) == len(TEXT)
    assert all(before <= after for before, after in pairwise(ends))
    assert abs(ends[-1] - len(pcmu) // 8) <= 1
    first = ends[TEXT.index(".")]
    assert level.level(pcmu[(first + 20) * 8 : (first + 140) * 8]) < level.level(pcmu) - 200
    comma = TEXT.index(",")
    assert ends[comma] - ends[comma - 1] > 80


@pytest.mark.parametrize("text", ["", " ", "...", "?!", "—"])
def test_what_cannot_be_spoken_is_silence(tts_engine: BlockingEngine, text: str) -> None:
    pcmu, ends = BlockingSynthesizer(tts_engine).say(text)
    assert pcmu == b""
    assert ends == (0,) * len(text)


@pytest.mark.parametrize("text", ["Hi", "£5, café, naïve: 12:30!", "A very long sentence, " * 40, "日本", "x\ny. Z"])
def test_any_text_has_sound_and_times(tts_engine: BlockingEngine, text: str) -> None:
    pcmu, ends = BlockingSynthesizer(tts_engine).say(text)
    assert len(ends) == len(text)
    assert all(before <= after for before, after in pairwise(ends))
    assert ends[-1] <= len(pcmu) // 8 + 1


def test_the_caller_sounds_like_another_person(tts_engine: BlockingEngine) -> None:
    """The median pitch is at least a quarter lower; the words take about as long."""
    agent, caller = (BlockingSynthesizer(tts_engine, voice).say(TEXT)[0] for voice in (AGENT, CALLER))
    assert pitch_hz(caller) < 0.75 * pitch_hz(agent)
    assert 90 < pitch_hz(caller) < 160 < pitch_hz(agent) < 260
    assert 0.8 < len(caller) / len(agent) < 1.3
    slow = BlockingSynthesizer(tts_engine, LocalVoice(pace=0.8)).say(TEXT)[0]
    assert len(slow) > 1.1 * len(agent)


def pitch_hz(pcmu: bytes) -> float:
    """The median of the pitch by autocorrelation, over the loud frames of 50 ms."""
    pcm16, found = mulaw.decode(pcmu), []
    for at in range(0, len(pcm16) - 1_600, 800):
        frame = pcm16[at : at + 800]
        if audioop.rms(frame, 2) < 1_500:
            continue
        lags = range(30, 100)  # 80-267 Hz at 8 kHz
        fits = [audioop.findfactor(pcm16[at + 2 * lag : at + 2 * lag + 800], frame) for lag in lags]
        found.append(8_000 / lags[fits.index(max(fits))])
    return sorted(found)[len(found) // 2]
