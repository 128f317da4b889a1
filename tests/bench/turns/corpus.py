"""The generated callers of `scripts/bench turns`: recipes, and the recordings made from them.

A recipe says who speaks (an espeak voice, its speed, pitch and level), what they say, with which pauses and over which
noise. Recipes depend on the seed alone; `compose` turns one into audio with exact labels. Sentences and voices are
split into two halves without overlap: `tuning`, to choose parameters with, and `held-out`, to report.

kinds        turn           a finished request, question or statement, 0-2 pauses in it
             digits         phone numbers, codes, spellings and addresses, in groups; half of them answer a question
             answer         a few words in answer to a question
             unfinished     breaks off and never continues
             interruption   words that claim the floor while the agent talks
             backchannel    "mm-hm", "yeah" while the agent talks and has not asked anything
             noise          coughs, clicks, tones, a dog, and vocal sounds without words that the detector takes for
                            voice, while the agent talks

Labels: a stretch of speech begins and ends at the first and last sample louder than 45 dB below its peak, measured on
the clean clip. Pauses last 0.3-1.2 s. All audio is limited to 150-3,700 Hz, put on a line with noise of -65 dBFS and
encoded as mu-law. Recordings begin with 1.2 s and end with 2.5 s of the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from types import ModuleType
from typing import Literal, TypeAlias

import numpy as np

from telephony.testing.recorded_stt import SpokenWord
from tests.bench.turns import more_sentences as more
from tests.bench.turns import sentences as say
from tests.bench.turns import short_turns, strangers_say
from tests.bench.turns import sound as snd
from tests.bench.turns.espeak import EspeakVoice
from tests.bench.turns.store import Store
from tests.bench.turns.strangers import Stranger, strangers

Split: TypeAlias = Literal["tuning", "held-out", "strangers"]
SPLITS: tuple[Split, ...] = ("tuning", "held-out", "strangers")
HALF: dict[Split, int] = {"tuning": 0, "held-out": 1, "strangers": 1}
"""Every second sentence from this index on is said by the part."""

VOICES: dict[Split, tuple[str, ...]] = {
    "tuning": ("en-us", "en-us+f2", "en-us+m1", "en-us+m3", "en-gb-x-rp", "en-gb-x-rp+f4", "en-us-nyc+m7", "en-029"),
    "held-out": ("en", "en-us+f3", "en-us+m2", "en-us+m5", "en-gb-scotland", "en-us+f5", "en-gb-x-gbclan+m4",
                 "en-gb-x-gbcwmd+m8"),
}  # fmt: skip
LEAD_MS, TAIL_MS = 1_200, 2_500
PAUSE_MS = (300, 1_100)
USUAL_PAUSE_MS = 400
"""The mode of the pauses. Their median is 600 ms; in labelled recordings of people, within the same bounds, 555 ms."""
LONG_PAUSE_MS = (1_100, 1_900)
LONG_PAUSES_PERCENT = 5
SNR_DB = (20, 15, 10)
NAMES = {
    "turn": "REQUESTS",
    "digits": "GROUPS",
    "answer": "ANSWERS",
    "unfinished": "UNFINISHED",
    "interruption": "INTERRUPTIONS",
}
"""The list of each kind in the modules of sentences."""
TURNS = ("turn", "digits", "answer")
TALKED_OVER = ("interruption", "backchannel", "noise")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who speaks. `level_db`: RMS of their speech."""

    voice: str
    words_per_minute: int
    pitch: int
    level_db: float


@dataclass(frozen=True, slots=True)
class Recipe:
    """One recording; see the module text.

    `prompt` is what the agent says before the caller's turn, or during the caller's sound. `gap_ms` counts from the end
    of the former, or the beginning of the latter, to the first voice. `opens`: the caller asks a question first, and
    the agent's talk is the reply to it rather than the greeting. `texts` holds (pronounced, written) parts; `inside`
    says which of the pauses between them are inside a phrase. `noise` is mixed in, `snr_db` below the speech.
    """

    name: str
    kind: str
    split: Split
    caller: Caller
    prompt: str
    gap_ms: int
    texts: tuple[tuple[str, str], ...]
    pauses_ms: tuple[int, ...] = ()
    inside: tuple[bool, ...] = ()
    sound: str = ""
    gain_db: float = 0.0
    opens: bool = False
    noise: str = ""
    snr_db: int = 0
    seed: int = 0

    @property
    def text(self) -> str:
        return self.sound or " | ".join(written for _, written in self.texts)


@dataclass(frozen=True, slots=True)
class Recording:
    """Audio (mu-law, whole frames), the (start, end) of each stretch of speech or sound in it in ms, and its words."""

    pcmu: bytes
    segments: tuple[tuple[int, int], ...]
    words: tuple[SpokenWord, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What the bench plays. `opening` is the question that the agent's talk replies to, if it is a reply. `complete`:
    the last segment ends a finished turn. `exact`: segments contain only speech (the labels of a meeting are coarser).
    """

    name: str
    kind: str
    text: str
    prompt: str
    gap_ms: int
    recording: Recording
    opening: Recording | None = None
    complete: bool = True
    exact: bool = True
    inside: tuple[bool, ...] = ()


def plan(split: Split, seed: int, renderings: int = 2) -> list[Recipe]:
    """The recipes of one half, on a quiet line: `renderings` of each sentence, more of each backchannel and noise."""
    rng = Random(f"{seed}/{split}")
    recipes = [_turn(split, *turn, rng) for turn in _turns(split, renderings)]
    for kind in TALKED_OVER:
        recipes += _talked_over(kind, split, renderings, rng)
    return recipes


def noisy(recipes: Sequence[Recipe], snr_db: int) -> list[Recipe]:
    """The same callers over noise, of each kind in turn."""
    made = []
    for number, recipe in enumerate(recipes):
        noise = snd.NOISES[number % len(snd.NOISES)]
        made.append(_changed(recipe, name=f"{recipe.name}/{noise}{snr_db}", noise=noise, snr_db=snr_db))
    return made


def sentences(kind: str, split: Split) -> list[tuple[str, str]]:
    """(prompt, text with its pauses marked) of a kind, of one half: every second one, `tuning` has the first."""
    if split == "strangers":
        return _every(kind, strangers_say)
    own = _every(kind, say)[HALF[split] :: 2]
    if split == "tuning":
        own += _every(kind, more) + _every(kind, short_turns)
    reported = _every(kind, strangers_say)  # what strangers say is not tuned with
    return [pair for pair in own if pair not in reported]


def _every(kind: str, said: ModuleType) -> list[tuple[str, str]]:
    """A module need not have all kinds."""
    found = getattr(said, NAMES[kind], ())
    return [("", text) for text in found.splitlines()] if isinstance(found, str) else list(found)


def _backchannels(split: Split) -> list[tuple[str, str]]:
    if split == "strangers":
        return list(strangers_say.BACKCHANNELS)
    own = [*say.BACKCHANNELS[HALF[split] :: 2], *(more.BACKCHANNELS if split == "tuning" else ())]
    reported = {written for _, written in strangers_say.BACKCHANNELS}
    return [pair for pair in own if pair[1] not in reported]


def voice(caller: Caller) -> snd.Speaks:
    """The voice that the machine has for a caller of the corpus."""
    kind = Stranger if "/" in caller.voice else EspeakVoice
    return kind(caller.voice, caller.words_per_minute, caller.pitch)


def compose(recipe: Recipe, store: Store, voice_of: Callable[[Caller], snd.Speaks] = voice) -> Case:
    """Turns the recipe into audio with labels, the same bytes each time."""
    opening, speaks = None, voice_of(recipe.caller)
    if recipe.opens:
        opens = _changed(recipe, texts=((say.OPENING, say.OPENING),), pauses_ms=(), sound="")
        opening = _recording(opens, store, speaks)
    return Case(
        recipe.name,
        recipe.kind,
        recipe.text,
        recipe.prompt,
        recipe.gap_ms,
        _recording(recipe, store, speaks),
        opening,
        complete=recipe.kind != "unfinished",
        inside=recipe.inside,
    )


# --- recipes --------------------------------------------------------------------------------------------------------


def _turns(split: Split, renderings: int) -> list[tuple[str, int, str, str]]:
    found = []
    for kind in (*TURNS, "unfinished"):
        for number in range(renderings):
            found += [(kind, number, prompt, text) for prompt, text in sentences(kind, split)]
    return found


def _turn(split: Split, kind: str, number: int, prompt: str, text: str, rng: Random) -> Recipe:
    parts = [part.strip() for part in re.split(r"[|/]", text)]
    inside = tuple(mark == "|" for mark in re.findall(r"[|/]", text))
    pauses = tuple(_pause_ms(rng) for _ in inside)
    return Recipe(
        f"{split}/{kind}/{number}/{'-'.join(re.findall(r'[a-z0-9]+', text.lower())[:9])}",
        kind,
        split,
        _caller(split, rng),
        prompt or say.HELLO,
        rng.randrange(300, 1_000),
        tuple((part, part) for part in parts),
        pauses,
        inside,
        seed=rng.randrange(2**31),
    )


def _talked_over(kind: str, split: Split, renderings: int, rng: Random) -> list[Recipe]:
    things: list[tuple[tuple[tuple[str, str], ...], str]] = []
    if kind == "interruption":
        things += [(((text, text),), "") for _, text in sentences(kind, split)]
    elif kind == "backchannel":
        things += [((pair,), "") for pair in _backchannels(split)] * (2 if split == "held-out" else 1)
    else:
        things += [((), name) for name in (*snd.SOUNDS, *say.VOCAL)] * 3
    recipes = []
    for number, (texts, sound) in enumerate(things * renderings):
        gain = {"interruption": 0.0, "backchannel": rng.uniform(-8, 0), "noise": rng.uniform(-12, 3)}[kind]
        recipes.append(
            Recipe(
                f"{split}/{kind}/{number}/{sound or texts[0][1]}",
                kind,
                split,
                _caller(split, rng),
                say.STATEMENTS[rng.randrange(len(say.STATEMENTS))],
                rng.randrange(1_500, 6_000),
                texts,
                sound=sound,
                gain_db=gain,
                opens=number % 2 == 0,
                seed=rng.randrange(2**31),
            )
        )
    return recipes


def _pause_ms(rng: Random) -> int:
    """One in twenty is long."""
    if rng.randrange(100) < LONG_PAUSES_PERCENT:
        return rng.randint(*LONG_PAUSE_MS)
    return int(rng.triangular(*PAUSE_MS, USUAL_PAUSE_MS))


def _caller(split: Split, rng: Random) -> Caller:
    return Caller(
        rng.choice(VOICES.get(split) or strangers()),
        rng.randrange(145, 191, 5),
        rng.randrange(30, 66, 5),
        rng.uniform(-27, -17),
    )


def _changed(recipe: Recipe, **changes: object) -> Recipe:
    fields = {name: getattr(recipe, name) for name in Recipe.__slots__}
    return Recipe(**(fields | changes))


# --- recordings -----------------------------------------------------------------------------------------------------


def _recording(recipe: Recipe, store: Store, voice: snd.Speaks) -> Recording:
    caller = recipe.caller
    if recipe.sound in say.VOCAL:
        clips = [snd.spoken(say.VOCAL[recipe.sound][HALF[recipe.split]], voice, store)]
    elif recipe.sound:
        clips = [(snd.sound(recipe.sound, recipe.seed), tuple[int, ...]())]
    else:
        clips = [snd.spoken(pronounced, voice, store) for pronounced, _ in recipe.texts]
    gain = 10 ** ((caller.level_db + recipe.gain_db - snd.rms_db(np.concatenate([clip for clip, _ in clips]))) / 20)
    loudest = max(float(np.max(np.abs(clip))) for clip, _ in clips)
    gain = min(gain, 0.98 / loudest)
    pieces, segments, words, at = [snd.quiet(LEAD_MS)], [], list[SpokenWord](), LEAD_MS
    for index, (clip, ends) in enumerate(clips):
        if index:
            at += recipe.pauses_ms[index - 1]
            pieces.append(snd.quiet(recipe.pauses_ms[index - 1]))
        whole = np.pad(clip, (0, -len(clip) % snd.PER_MS))
        end = at + len(whole) // snd.PER_MS
        if not recipe.sound:
            words += _placed(recipe.texts[index][1], ends, at, end)
        segments.append((at, end))
        pieces.append((whole * gain).astype(np.float32))
        at = end
    pieces.append(snd.quiet(TAIL_MS + -(at + TAIL_MS) % 20))
    samples = np.concatenate(pieces)
    if recipe.noise:
        noise = snd.background(recipe.noise, len(samples), recipe.seed, store)
        samples = samples + snd.at_level(noise, caller.level_db - recipe.snr_db)
    return Recording(snd.encoded(snd.line(samples, recipe.seed)), tuple(segments), tuple(words))


def _placed(written: str, ends: tuple[int, ...], at: int, end: int) -> list[SpokenWord]:
    """The written words with the ends of the pronounced ones, or spread evenly where their numbers differ."""
    tokens = written.split()
    if len(tokens) != len(ends):
        ends = tuple((end - at) * (index + 1) // len(tokens) for index in range(len(tokens)))
    return [SpokenWord(token, at + place) for token, place in zip(tokens, ends, strict=True)]
