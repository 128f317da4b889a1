"""The local STT: what was said, from the sound alone; nothing from noise; bounded work for speech without end."""

from __future__ import annotations

import random
from array import array
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from telephony.audio import audioop, mulaw, wav
from telephony.core.language.words import words
from telephony.offline import caller as demo
from telephony.offline.blocking import Answered, BlockingAsks, BlockingEngine, BlockingRecognizer, BlockingSynthesizer
from telephony.offline.stt import AFTER_MS, BEFORE_MS, MOST_CPU, PIECE_MS

SPEECH = Path(__file__).parents[3] / "shared" / "speech"
RECORDINGS = pytest.mark.skipif(not SPEECH.is_dir(), reason="no recordings beside this repository")
PAUSE = mulaw.SILENCE * 4_000  # 500 ms
CHUNK = 800  # 100 ms, as the port sends it
SENTENCES = (
    "There is a hole in the garden fence behind the garage.",
    "I think I left my umbrella on the train this morning.",
    "The doctor told me to call again after three days.",
    "We walked along the river until it was dark.",
    "My washing machine makes a terrible noise when it spins.",
    "Please tell my brother that dinner is in the oven.",
)


def noise(ms: int, rms: float, seed: int) -> bytes:
    """White noise as 16-bit samples at 8 kHz."""
    chance = random.Random(seed)
    return array("h", (int(chance.gauss(0, rms)) for _ in range(ms * 8))).tobytes()


def on_a_line(pcmu: bytes, seed: int = 1) -> bytes:
    """Adds pauses before and after `pcmu`, and line noise (-50 dBFS)."""
    pcm16 = mulaw.decode(PAUSE + pcmu + PAUSE)
    return mulaw.encode(audioop.add(pcm16, noise(len(pcm16) // 16 + 1, 104, seed)[: len(pcm16)], 2))


def heard(engine: BlockingAsks, pcmu: bytes) -> BlockingRecognizer:
    """A recogniser that has received `pcmu` in chunks, and was asked for a partial after each, as by the server."""
    recognizer = BlockingRecognizer(engine)
    for at in range(0, len(pcmu), CHUNK):
        recognizer.hear(pcmu[at : at + CHUNK])
        recognizer.partial()
    return recognizer


def understood(engine: BlockingEngine, pcmu: bytes) -> list[str]:
    """The words of the final transcript, without the work for partials."""
    recognizer = BlockingRecognizer(engine)
    recognizer.hear(pcmu)
    return words(recognizer.commit()[0])


def error_rate(said: list[str], understood: list[str]) -> float:
    """Word error rate: the edits that make one of the other, by the number of words said."""
    row = list(range(len(understood) + 1))
    for i, one in enumerate(said, 1):
        above, row = row, [i]
        for j, other in enumerate(understood, 1):
            row.append(min(row[-1] + 1, above[j] + 1, above[j - 1] + (one != other)))
    return row[-1] / len(said)


class Counted:
    """An engine that notes the length of each request in ms of audio."""

    def __init__(self, engine: BlockingEngine) -> None:
        self._wrapped = engine
        self.partials: list[int] = []
        self.finals: list[int] = []

    def ask(self, head: Mapping[str, Any], body: bytes = b"", *, urgent: bool = True) -> Answered:
        (self.finals if urgent else self.partials).append(len(body) // 32)
        return self._wrapped.ask(head, body, urgent=urgent)


def test_what_the_demos_caller_says_is_understood(stt_engine: BlockingEngine, caller: BlockingSynthesizer) -> None:
    """From audio alone, through mu-law and line noise."""
    texts = (demo.QUESTION, demo.BOOKING, *demo.DETAILS, demo.GOODBYE)
    found = [understood(stt_engine, on_a_line(caller.say(text)[0])) for text in texts]
    assert found == [words(text) for text in texts]


def test_sentences_outside_any_list_are_understood(stt_engine: BlockingEngine, caller: BlockingSynthesizer) -> None:
    errors = [
        error_rate(words(text), understood(stt_engine, on_a_line(caller.say(text)[0], seed)))
        for seed, text in enumerate(SENTENCES[:3])
    ]
    assert sum(errors) / len(errors) <= 0.1, errors


@RECORDINGS
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ps_librivox_0870", "and mr john dashwood had then leisure to consider how much there might be prudently in "
         "his power to do for them"),
        ("ps_librivox_0920", "had he married a more amiable woman he might have been made still more respectable "
         "than he was"),
        ("arctic_a0024", "it was my reports from the north which chiefly induced people to buy"),
    ],
)  # fmt: skip
def test_people_are_understood(stt_engine: BlockingEngine, name: str, said: str) -> None:
    found = understood(stt_engine, wav.read_mono(SPEECH / "real" / f"{name}.wav"))
    assert error_rate(words(said), found) <= 0.15


def test_white_noise_has_no_words(stt_engine: BlockingEngine) -> None:
    """As loud as speech, of any length."""
    clips = [noise(ms, rms, seed=ms) for ms in (200, 500, 1_500, 3_000) for rms in (600, 2_000)]
    assert [understood(stt_engine, mulaw.encode(clip)) for clip in clips] == [[]] * len(clips)


@RECORDINGS
@pytest.mark.parametrize("path", sorted((SPEECH / "noise").glob("*.wav")), ids=lambda path: path.stem)
@pytest.mark.parametrize("gain", [1.0, 0.25])
def test_recorded_noise_and_music_have_no_words(stt_engine: BlockingEngine, path: Path, gain: float) -> None:
    """Breath, tones, an engine, a dog, a band: the decoder alone makes "Thank you for watching!" of most of them."""
    pcmu = mulaw.encode(audioop.mul(mulaw.decode(wav.read_mono(path)), 2, gain))
    assert understood(stt_engine, pcmu) == []


def test_sound_between_two_sentences_adds_no_words(stt_engine: BlockingEngine, caller: BlockingSynthesizer) -> None:
    yes, day = caller.say("Yes, that would be great.")[0], caller.say("On Thursday afternoon.")[0]
    other = mulaw.encode(noise(2_500, 600, seed=3))
    assert understood(stt_engine, yes + PAUSE + other + PAUSE + day) == words(
        "yes that would be great on thursday afternoon"
    )


def test_word_times_count_from_the_first_audio_of_the_connection(
    stt_engine: BlockingEngine, caller: BlockingSynthesizer
) -> None:
    """They rise, lie inside the speech, and a commit does not start the count again."""
    first, second = (on_a_line(caller.say(text)[0]) for text in ("Yes, please.", "I will come on Friday."))
    recognizer = heard(stt_engine, first)
    recognizer.commit()
    recognizer.hear(second)
    text, times = recognizer.commit()
    begins, ends = len(first) / 8_000, (len(first) + len(second)) / 8_000
    assert [word for word, _, _ in times] == text.split()
    assert begins + 0.3 < times[0][1] < begins + 0.9
    assert ends - 1.0 < times[-1][2] < ends - 0.3
    assert all(start < end for _, start, end in times)
    assert all(before[1] < after[1] for before, after in pairwise(times))


def test_a_partial_comes_before_the_commit_and_goes_with_it(
    stt_engine: BlockingEngine, caller: BlockingSynthesizer
) -> None:
    """An interruption is recognised while it is spoken."""
    speech = on_a_line(caller.say("Wait, I want to book a table for the weekend.")[0])
    recognizer = heard(stt_engine, speech[: len(speech) * 6 // 10])
    recognizer.partial()
    assert "wait" in words(recognizer.partial())
    assert recognizer.partial()[-1].isalnum()  # where speech goes on, no sentence has ended
    recognizer.hear(speech[len(speech) * 6 // 10 :])
    assert "weekend" in words(recognizer.commit()[0])
    assert recognizer.partial() == ""
    assert recognizer.commit() == ("", [])


def test_partials_leave_most_of_a_core_free(stt_engine: BlockingEngine, caller: BlockingSynthesizer) -> None:
    """They become rarer as the utterance grows. A second of audio takes 55 ms of CPU time (measured); here it may take
    80 ms. Where it takes more, the measured time makes them rarer still."""
    counted = Counted(stt_engine)
    speech = on_a_line(_without_a_pause(caller, 3))
    heard(counted, speech)
    lengths = counted.partials
    assert len(lengths) >= 6
    assert all(after - before >= 0.19 * before - 100 for before, after in pairwise(lengths))
    assert sum(lengths) * 0.08 <= MOST_CPU * len(speech) / 8


def test_speech_without_end_is_decoded_in_pieces(stt_engine: BlockingEngine, caller: BlockingSynthesizer) -> None:
    """Without a pause and without a commit, no request is longer than a piece, and no sentence is lost."""
    counted = Counted(stt_engine)
    recognizer, speech = BlockingRecognizer(counted), _without_a_pause(caller, len(SENTENCES))
    for at in range(0, len(speech), 8_000):
        recognizer.hear(speech[at : at + 8_000])
    recognizer.partial()
    found = words(recognizer.commit()[0])
    assert max(counted.partials + counted.finals) <= PIECE_MS + BEFORE_MS + AFTER_MS + 20
    assert len(counted.finals) >= 2
    assert error_rate(words(" ".join(SENTENCES)), found) <= 0.25


def _without_a_pause(caller: BlockingSynthesizer, sentences: int) -> bytes:
    return b"".join(caller.say(text)[0].strip(mulaw.SILENCE) for text in SENTENCES[:sentences])
