"""The local TTS: level, trimmed ends, and the time of each character."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("espeakng_loader")

from telephony.audio.level import level
from telephony.offline.tts import EspeakTts, NotInstalled

TEXT = "We are open from Tuesday to Saturday. Can I do anything else for you?"


def test_each_character_has_an_end_and_the_last_is_the_end_of_the_audio() -> None:
    """The text heard at an interruption is computed from these times: monotone, one per character."""
    pcmu, ends = EspeakTts().say(TEXT)
    assert len(ends) == len(TEXT)
    assert list(ends) == sorted(ends)
    assert ends[-1] == len(pcmu) // 8
    middle = ends[TEXT.index(". ")] / ends[-1]
    assert 0.35 < middle < 0.7  # from the times of the words, not spread evenly


def test_the_level_is_that_of_speech_and_the_ends_are_tight() -> None:
    """About -20 dBFS; at most 60 ms of silence at either end, because pauses between sentences add up."""
    pcmu, _ = EspeakTts().say(TEXT)
    assert -240 < level(pcmu) < -170
    for edge in (pcmu[: 8 * 80], pcmu[-8 * 80 :]):
        assert level(edge) > -600


@pytest.mark.parametrize("text", ["", "...", "Café — 20 €, naïve!", "a"])
def test_unusual_texts_have_one_end_per_character(text: str) -> None:
    """An empty text, a text without words, and one with more bytes than characters."""
    pcmu, ends = EspeakTts().say(text)
    assert len(ends) == len(text)
    assert not ends or ends[-1] == len(pcmu) // 8


async def test_concurrent_sentences_do_not_mix() -> None:
    """The library has global state, and two calls may speak at the same time."""
    one, other = EspeakTts(), EspeakTts("en-us+m3", words_per_minute=120)
    alone = [len(one.say(TEXT)[0]), len(other.say(TEXT)[0])]
    together = await asyncio.gather(one.synthesize(TEXT), other.synthesize(TEXT))
    assert all(abs(len(pcmu) - size) < 800 for (pcmu, _), size in zip(together, alone, strict=True))


def test_an_unknown_voice_is_refused() -> None:
    """espeak would keep the previous voice, and caller and agent would sound the same."""
    with pytest.raises(NotInstalled, match="xx-nobody"):
        EspeakTts("xx-nobody").say("Hello.")
