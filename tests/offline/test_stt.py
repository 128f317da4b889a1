"""The local STT recognises its phrases from audio, and never noise or another call's words."""

from __future__ import annotations

import asyncio
import importlib.util
import random
from array import array
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

pytest.importorskip("pocketsphinx")
pytest.importorskip("espeakng_loader")

from telephony.audio import audioop, mulaw, wav
from telephony.offline.caller import utterance, whole_call
from telephony.offline.grammar import is_whole
from telephony.offline.stt import GrammarRecognizer, RecognizerProcess, SttNotInstalled
from telephony.testing.script import Says

NOISE = Path(__file__).parents[3] / "shared" / "speech" / "noise"
PAUSE = mulaw.SILENCE * 2_400  # 300 ms
JAZZ = (96_000,)  # where the decoder by itself finds a phrase in the music, in samples


@pytest_asyncio.fixture
async def stt_process() -> AsyncIterator[RecognizerProcess]:
    async with asyncio.timeout(60), RecognizerProcess() as stt_process:
        yield stt_process


def noise(ms: int, rms: float, seed: int) -> bytes:
    """White noise as 16-bit samples at 8 kHz."""
    chance = random.Random(seed)
    return array("h", (int(chance.gauss(0, rms)) for _ in range(ms * 8))).tobytes()


def on_a_line(pcmu: bytes, seed: int = 1) -> bytes:
    """Adds pauses before and after `pcmu`, and line noise (-50 dBFS)."""
    pcm16 = mulaw.decode(PAUSE + pcmu + PAUSE)
    return mulaw.encode(audioop.add(pcm16, noise(len(pcm16) // 16 + 1, 104, seed)[: len(pcm16)], 2))


def recognizer_of(stt_process: RecognizerProcess, pcmu: bytes) -> GrammarRecognizer:
    """A recogniser that has received `pcmu` in frames."""
    recognizer = stt_process.recognizer()
    for at in range(0, len(pcmu), 160):
        recognizer.hear(pcmu[at : at + 160])
    return recognizer


async def test_every_sentence_of_the_demo_is_recognised(stt_process: RecognizerProcess) -> None:
    """From audio alone, through mu-law and line noise."""
    said = [move for move in whole_call()[0].moves if isinstance(move, Says)]
    heard = [(await recognizer_of(stt_process, on_a_line(move.pcmu)).commit())[0] for move in said]
    assert heard == [move.text for move in said]
    assert len(heard) == 6


async def test_white_noise_is_not_a_phrase(stt_process: RecognizerProcess) -> None:
    """Noise as loud as speech, of any length, gives an empty transcript."""
    clips = [noise(ms, rms, seed=ms) for ms in (200, 500, 1_500, 3_000) for rms in (600, 2_000)]
    assert [(await recognizer_of(stt_process, mulaw.encode(clip)).commit())[0] for clip in clips] == [""] * len(clips)


@pytest.mark.skipif(not NOISE.is_dir(), reason="no recordings of noise beside this repository")
async def test_recorded_noise_and_music_are_not_phrases(stt_process: RecognizerProcess) -> None:
    """Regression: music became "for five", two words with two seconds of other sound between them."""
    pieces = {path.stem: wav.read_mono(path)[:16_000] for path in sorted(NOISE.glob("*.wav"))}
    jazz = wav.read_mono(NOISE / "jazz.wav")
    pieces |= {f"jazz {at}": jazz[at : at + 24_000] for at in JAZZ}
    heard = {name: (await recognizer_of(stt_process, piece).commit())[0] for name, piece in pieces.items()}
    assert {name: text for name, text in heard.items() if text} == {}


async def test_a_phrase_between_other_sounds_is_rejected(stt_process: RecognizerProcess) -> None:
    """If the words leave a second of sound uncovered, the caller said something else as well."""
    other = mulaw.encode(noise(1_000, 2_000, seed=3))
    assert (await recognizer_of(stt_process, on_a_line(other + utterance("yes please") + other)).commit())[0] == ""


async def test_an_abandoned_request_does_not_answer_the_next_one(stt_process: RecognizerProcess) -> None:
    """The answer to a cancelled request still comes; another call must not get it."""
    for turns in range(4):
        gone = asyncio.ensure_future(recognizer_of(stt_process, on_a_line(utterance("on friday at seven"))).commit())
        for _ in range(turns):
            await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait([gone])
        assert (await recognizer_of(stt_process, on_a_line(utterance("yes please"))).commit())[0] == "yes please"


async def test_word_times_count_from_the_first_audio_of_the_connection(stt_process: RecognizerProcess) -> None:
    """This also holds in the second segment: a commit does not restart the count."""
    recognizer = recognizer_of(stt_process, on_a_line(utterance("yes please")))
    await recognizer.commit()
    begins = len(on_a_line(utterance("yes please"))) / 8_000
    recognizer.hear(on_a_line(utterance("on friday at seven")))
    text, words = await recognizer.commit()
    assert text == "on friday at seven"
    assert [word for word, _, _ in words] == text.split()
    assert begins + 0.1 < words[0][1] < begins + 0.6
    assert all(start < end for _, start, end in words)


async def test_a_partial_comes_before_the_commit_and_goes_with_it(stt_process: RecognizerProcess) -> None:
    """An interruption is recognised while it is spoken; after the commit the partial is empty."""
    recognizer = recognizer_of(stt_process, on_a_line(utterance("wait i want to book a table")))
    assert await recognizer.partial() == "wait i want to book a table"
    await recognizer.commit()
    assert await recognizer.partial() == ""


async def test_a_decoder_that_dies_is_started_again(stt_process: RecognizerProcess) -> None:
    """The request is repeated: nothing that the caller said is lost."""
    assert stt_process._process is not None
    stt_process._process.kill()
    await stt_process._process.wait()
    assert (await recognizer_of(stt_process, on_a_line(utterance("yes please"))).commit())[0] == "yes please"


async def test_the_process_ends_with_its_owner() -> None:
    """It exits with code 0; no orphan is left."""
    async with asyncio.timeout(60):
        async with RecognizerProcess() as stt_process:
            process = stt_process._process
        assert process is not None
        assert process.returncode == 0


async def test_a_missing_recogniser_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pocketsphinx the service does not start; the error says what to install."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SttNotInstalled, match=r"telephony\[offline\]"):
        async with RecognizerProcess():
            pass


def test_an_incomplete_phrase_is_not_whole() -> None:
    """A prefix of a sentence is not a phrase."""
    assert [is_whole(text) for text in ("what are your", "what are your opening hours", "")] == [False, True, False]


async def test_a_phrase_committed_in_its_middle_is_recognised_whole(stt_process: RecognizerProcess) -> None:
    """By the second commit. A third one does not hear it again."""
    [wait] = [move for move in whole_call()[0].moves if isinstance(move, Says) and move.text.startswith("wait")]
    pcmu = on_a_line(wait.pcmu)
    recognizer = recognizer_of(stt_process, pcmu[:9_600])
    assert (await recognizer.commit())[0] == ""
    for at in range(9_600, len(pcmu), 160):
        recognizer.hear(pcmu[at : at + 160])
    text, words = await recognizer.commit()
    assert text == wait.text
    assert words[0][1] < 1.2
    recognizer.hear(mulaw.SILENCE * 8_000)
    assert (await recognizer.commit())[0] == ""
