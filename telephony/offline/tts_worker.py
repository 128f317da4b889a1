"""The process of the local TTS: hibari-tts with the English voice that its wheel contains.

    python -m telephony.offline.tts_worker

Request: {"text", "pace", "pitch", "size_of_speaker"}. Answer: 16-bit PCM at 8 kHz and {"ends"}, the end of each
character of the text in ms. The same request always gives the same samples.

Other speakers are made of the one voice: the network's pitch curve is multiplied by `pitch` before the sound is made of
it, and everything is resampled by `size_of_speaker` (above 1: lower resonances, as of a longer vocal tract), which the
pace makes up for.

The network does not say when it speaks which word, so the times of the characters are estimates: sentences are exact,
because each is synthesised alone; inside one the words share the time by their phonemes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from telephony.offline.worker_process import Message, serve

RATE = 8_000
SEED = 8_000
LEVEL = 0.1
"""RMS of the voiced part, relative to full scale: -20 dBFS, as recorded speech on the phone."""
PEAK = 0.9
QUIET = 0.01
"""Relative to the peak: quieter samples at either end of a sentence are trimmed..."""
MARGIN, GAP = RATE * 40 // 1_000, RATE * 160 // 1_000
"""...but for this much; and the silence between two sentences, in samples."""
PAUSE = 3.0
"""How many phonemes a comma or another mark inside a sentence takes."""


def load() -> Callable[[dict[str, Any], bytes], Message]:
    from hibari import Hibari

    engine = Hibari(threads=1)

    def answer(head: dict[str, Any], body: bytes) -> Message:
        pcm16, ends = speak(engine, head["text"], head["pace"], head["pitch"], head["size_of_speaker"])
        return {"ends": ends}, pcm16

    answer({"text": "Hello.", "pace": 1, "pitch": 1, "size_of_speaker": 1}, b"")  # the first sentence takes 0.5 s
    return answer


def speak(engine: Any, text: str, pace: float, pitch: float, size: float) -> tuple[bytes, list[int]]:
    """(16-bit PCM at 8 kHz, the end of each character in ms)."""
    import numpy as np

    chance = np.random.default_rng(SEED)
    pieces: list[Any] = []
    marks: list[tuple[int, int, int, list[float]]] = []  # (first character, start, end in samples, weights)
    at = total = 0
    for sentence in engine.split_sentences(text):
        at = text.index(sentence, at)
        parts = _samples(engine, sentence, pace, pitch, size, chance) if any(map(str.isalnum, sentence)) else []
        if parts:
            samples = np.concatenate(parts)
            if pieces:
                pieces.append(np.zeros(GAP, "f4"))
                total += GAP
            pieces.append(samples)
            marks.append((at, total, total + samples.size, _weights(engine, sentence)))
            total += samples.size
        at += len(sentence)
    whole = _levelled(np.concatenate(pieces)) if pieces else np.zeros(0, "f4")
    return (whole * 32_767).astype("<i2").tobytes(), _ends(len(text), marks, total)


def _samples(engine: Any, sentence: str, pace: float, pitch: float, size: float, chance: Any) -> list[Any]:
    """The sentence at 8 kHz, trimmed, in parts."""
    import numpy as np
    import soxr
    from hibari import dsp

    parts = []
    for phonemes in engine.phonemize(sentence):
        ids = {"ids": np.asarray([engine.ids(phonemes)], "i8"), "speed": np.asarray([pace * size], "f4")}
        *spectrum, f0 = (one[0] for one in engine.sess.run(None, ids))
        wide = dsp.synth(*spectrum, f0 * np.float32(pitch), chance)
        narrow = soxr.resample(wide, engine.sample_rate, RATE * size, quality="HQ")
        loud = np.flatnonzero(np.abs(narrow) > QUIET * np.abs(narrow).max())
        if loud.size:
            parts.append(narrow[max(0, loud[0] - MARGIN) : loud[-1] + MARGIN])
    return parts


def _levelled(samples: Any) -> Any:
    import numpy as np

    peak = np.abs(samples).max()
    voiced = samples[np.abs(samples) > 3 * QUIET * peak]
    return samples * min(LEVEL / np.sqrt(np.mean(voiced**2)), PEAK / peak)


def _weights(engine: Any, sentence: str) -> list[float]:
    """How long each character takes, relative to the others: a word has its phonemes, a mark a pause."""
    words = re.findall(r"\S+", sentence)
    spoken = "".join(engine.phonemize(sentence)).split() if len(words) > 1 else []
    weights = [0.0] * len(sentence)
    at = 0
    for number, word in enumerate(words):
        at = sentence.index(word, at)
        sounds = len(spoken[number]) if len(spoken) == len(words) else len(word)
        letters = [at + index for index, char in enumerate(word) if char.isalnum()]
        for index in letters:
            weights[index] = sounds / len(letters)
        if word[-1] in ",;:-" and number < len(words) - 1:
            weights[at + len(word) - 1] = PAUSE
        at += len(word)
    return weights


def _ends(size: int, marks: list[tuple[int, int, int, list[float]]], total: int) -> list[int]:
    """The end of each character in ms: rising, the last is the end of the audio."""
    ends = [0] * size
    for first, begin, end, weights in marks:
        so_far, whole = 0.0, sum(weights) or 1.0
        for index, weight in enumerate(weights):
            so_far += weight
            ends[first + index] = int(begin + (end - begin) * so_far / whole) * 1_000 // RATE
    highest = 0
    for index, at in enumerate(ends):
        highest = ends[index] = max(highest, at)
    if size:
        ends[-1] = total * 1_000 // RATE
    return ends


if __name__ == "__main__":
    serve(load)
