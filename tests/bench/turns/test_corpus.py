"""The generated callers: two halves without overlap, enough of each kind, and labels that fit the audio."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations, pairwise
from pathlib import Path

import pytest

pytest.importorskip("numpy")

from telephony.audio import wav
from telephony.audio.level import level
from tests.bench.turns import short_turns
from tests.bench.turns.cells import jobs
from tests.bench.turns.corpus import (
    LONG_PAUSE_MS,
    PAUSE_MS,
    SPLITS,
    TALKED_OVER,
    TURNS,
    VOICES,
    Recipe,
    compose,
    noisy,
    plan,
    sentences,
)
from tests.bench.turns.espeak import EspeakVoice, available
from tests.bench.turns.folder import BadLabels, labelled, load, load_piece, pieces
from tests.bench.turns.store import Store
from tests.bench.turns.strangers import strangers

SPEAKS = pytest.mark.skipif(not available(), reason="the program espeak-ng is not on this machine")


def test_no_sentence_and_no_voice_is_in_two_parts() -> None:
    """A parameter that was tuned with one part is then tested with unknown callers."""
    parts = [plan(split, 1) for split in SPLITS if VOICES.get(split) or strangers()]
    for one, other in combinations(parts, 2):
        assert {r.caller.voice for r in one} & {r.caller.voice for r in other} == set()
        for kinds in (TURNS, ("interruption", "backchannel")):
            said = [
                {(r.prompt * (kinds == TURNS), r.text) for r in x if r.kind in kinds and not r.sound}
                for x in (one, other)
            ]
            assert said[0] & said[1] == set()
    assert all(len({r.text for r in part if r.kind in TURNS}) >= 160 for part in parts)


def test_short_turns_are_short_and_varied() -> None:
    """Hundreds of whole turns of up to six words, and of turns that go on, few of them built alike; all are tuned with,
    and none is said by another part, whatever the question."""
    texts = short_turns.REQUESTS.splitlines() + [answer for _, answer in short_turns.ANSWERS]
    words = [re.findall(r"[a-z']+", text.lower()) for text in texts]
    whole = [said for said, text in zip(words, texts, strict=True) if not re.search(r"[|/]", text)]
    assert len(whole) >= 300
    assert max(map(len, whole)) <= 6
    assert len(words) - len(whole) >= 200
    assert max(Counter(tuple(said[:3]) for said in words).values()) <= 3
    said_by = {split: {text for kind in TURNS for _, text in sentences(kind, split)} for split in SPLITS}
    assert set(texts) <= said_by["tuning"]
    assert not set(texts) & (said_by["held-out"] | said_by["strangers"])


def test_each_cell_has_enough_pauses_and_sounds() -> None:
    """With fewer than sixty of each, the intervals would be too wide."""
    found: dict[tuple[str, str], int] = {}
    for job in jobs(SPLITS, 1):
        for cell in {play.cell for play in job.plays}:
            assert isinstance(job.source, Recipe)
            kind = job.source.kind
            found[cell, kind] = found.get((cell, kind), 0) + (len(job.source.pauses_ms) if kind in TURNS else 1)
    for cell in ("quiet", "20 dB", "15 dB", "10 dB"):
        assert sum(found[cell, kind] for kind in TURNS) >= 2 * 60
        assert all(found[cell, kind] >= 2 * 60 for kind in TALKED_OVER)
    assert sum(found["STT errors", kind] for kind in TURNS) >= 2 * 60


@SPEAKS
def test_labels_fit_the_audio(tmp_path: Path) -> None:
    """Segments and pauses are as planned, words end inside segments, and pauses are quiet."""
    store = Store(tmp_path)
    for recipe in [r for r in plan("tuning", 1) if len(r.pauses_ms) == 2][:6]:
        recording = compose(recipe, store).recording
        segments = recording.segments
        pauses = [right[0] - left[1] for left, right in pairwise(segments)]
        assert tuple(pauses) == recipe.pauses_ms
        assert all(PAUSE_MS[0] <= pause <= LONG_PAUSE_MS[1] for pause in pauses)
        assert segments[-1][1] + 2_500 <= len(recording.pcmu) // 8
        assert all(any(start < word.end_ms <= end for start, end in segments) for word in recording.words)
        assert [word.text for word in recording.words] == recipe.text.replace(" |", "").split()
        quiet = recording.pcmu[segments[0][1] * 8 + 80 : segments[1][0] * 8 - 80]
        assert level(quiet) < -600 < -400 < level(recording.pcmu[segments[0][0] * 8 : segments[0][1] * 8])


@SPEAKS
def test_the_same_recipe_gives_the_same_bytes(tmp_path: Path) -> None:
    recipe = next(r for r in plan("held-out", 1) if r.kind == "backchannel" and r.opens)
    again = [compose(recipe, Store(tmp_path / name)) for name in ("a", "b")]
    assert again[0] == again[1]
    loud = compose(noisy([recipe], 10)[0], Store(tmp_path)).recording
    assert abs(level(loud.pcmu[:8_000]) - 10 * (recipe.caller.level_db - 10)) < 15


@SPEAKS
def test_a_users_own_folder(tmp_path: Path) -> None:
    """Words without times are divided among segments by length; an invalid label is reported by name."""
    wav.write(tmp_path / "a.wav", EspeakVoice().say("I want to cancel my order")[0])
    entry = {"file": "elsewhere/a.wav", "segments": [[0.1, 0.5], [0.8, 1.6]], "transcript": "i want to cancel my order"}
    (tmp_path / "labels.json").write_text(json.dumps({"a": entry}))
    case = load(labelled(tmp_path)[0])
    assert (case.kind, case.complete, case.recording.segments) == ("turn", True, ((1_300, 1_700), (2_000, 2_800)))
    assert [word.text for word in case.recording.words if word.end_ms <= 1_700] == ["i", "want"]
    (tmp_path / "noise").mkdir()
    wav.write(tmp_path / "noise" / "b.wav", EspeakVoice().say("a chair falls over in the next room")[0])
    loaded = [load_piece(piece) for piece in pieces(tmp_path)]
    assert len(loaded) == 8
    assert all(
        0 < end - start <= 1_000 and not x.recording.words for x in loaded for start, end in x.recording.segments
    )
    (tmp_path / "labels.json").write_text(json.dumps({"a": {**entry, "segments": [["x", 1]]}}))
    with pytest.raises(BadLabels, match="segments of a"):
        labelled(tmp_path)
