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
from tests.bench.turns import listener_says, short_turns
from tests.bench.turns.cells import ERRING, LONG, NO_VERDICT, QUIET, VERDICT
from tests.bench.turns.corpus import (
    BEHIND,
    LONG_PAUSE_MS,
    PAUSE_MS,
    TALKED_OVER,
    TURNS,
    VOICES,
    Recipe,
    compose,
    long_pauses,
    noisy,
    plan,
)
from tests.bench.turns.espeak import EspeakVoice, available
from tests.bench.turns.folder import BadLabels, labelled, load, load_piece, pieces
from tests.bench.turns.jobs import BEHIND_DB, NOISY, jobs
from tests.bench.turns.parts import SPLITS, sentences
from tests.bench.turns.places import AFTER_SENTENCE, BETWEEN, IN_ENTRY, IN_PHRASE, places
from tests.bench.turns.store import Store
from tests.bench.turns.strangers import strangers
from tests.bench.turns.voices_behind import voices_behind

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
    english = [part for part in parts if part[0].split != "german"]
    assert all(len({r.text for r in part if r.kind in TURNS}) >= 160 for part in english)


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


def test_listeners_do_not_repeat_each_other() -> None:
    """What they say while the agent talks is said in one part only, in German by German voices to a German agent."""
    said_by = {split: {r.text for r in plan(split, 1, 1) if r.kind in TALKED_OVER} for split in SPLITS[:2]}
    for texts, count in (
        (listener_says.BACKCHANNELS, 80),
        (listener_says.INTERRUPTIONS, 60),
        (listener_says.GERMAN_BACKCHANNELS, 20),
    ):
        lines = texts.splitlines()
        assert len(set(lines)) == len(lines) == count
        assert set(lines) & said_by["tuning"] == set(lines[::2])
        assert set(lines) & said_by["held-out"] == set(lines[1::2])
    foreign = [r for split in ("tuning", "held-out") for r in plan(split, 1) if r.language == "de"]
    assert {r.text for r in foreign} == set(listener_says.GERMAN_BACKCHANNELS.splitlines())
    assert all(r.caller.voice.startswith("de") and r.prompt in listener_says.GERMAN_STATEMENTS for r in foreign)


def test_each_cell_has_enough_pauses_and_sounds() -> None:
    """With fewer than sixty of each, the intervals would be too wide, even if only `held-out` can be played."""
    pauses, sounds = Counter[str](), Counter[tuple[str, str]]()
    for job in jobs(("held-out", "german"), 1):
        for cell in {play.cell for play in job.plays}:
            assert isinstance(job.source, Recipe)
            name = "german" if job.split == "german" else cell
            pauses[name] += len(job.source.pauses_ms) * (job.source.kind in TURNS)
            sounds[name, job.source.kind] += 1
    cells = (QUIET, ERRING, VERDICT, NO_VERDICT, LONG, *NOISY, "german")
    assert {cell for cell in cells if pauses[cell] < 60} == set()
    assert {(c, kind) for c in (QUIET, ERRING, *NOISY) for kind in TALKED_OVER if sounds[c, kind] < 60} == set()
    assert {cell for cell in BEHIND_DB if sounds[cell, BEHIND] < 60} == set()


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("turn", "I want to | cancel", [IN_PHRASE]),
        ("turn", "If I cancel today / do I get it back?", [BETWEEN]),
        ("turn", "If you can / I'd be glad of it / on Monday.", [BETWEEN, AFTER_SENTENCE]),
        ("turn", "Hi there, / it's Ann.", [BETWEEN]),
        ("turn", "I called yesterday / and nobody came.", [AFTER_SENTENCE]),
        ("turn", "I need to see | Graham / but he has left.", [IN_PHRASE, AFTER_SENTENCE]),
        ("turn", "When I | open it / it's empty.", [IN_PHRASE, BETWEEN]),
        ("answer", "Six, / or maybe seven.", [BETWEEN]),
        ("digits", "My number is | two two / one.", [IN_ENTRY, IN_ENTRY]),
    ],
)
def test_the_place_of_a_pause(kind: str, text: str, expected: list[str]) -> None:
    """By the marks in the text, what is said, and all words since the last slash."""
    parts = re.split(r" [|/] ", text)
    assert list(places(kind, parts, [mark == "|" for mark in re.findall(r"[|/]", text)])) == expected


def test_long_pauses_are_long_and_at_the_same_places() -> None:
    """The other callers have one long pause in twenty."""
    recipes = plan("held-out", 1, renderings=1)
    changed = long_pauses(recipes, 1)
    paused = [recipe for recipe in recipes if recipe.pauses_ms and recipe.kind in TURNS]
    assert [recipe.inside for recipe in changed] == [recipe.inside for recipe in paused]
    assert all(800 <= ms <= 1_900 for recipe in changed for ms in recipe.pauses_ms)
    usual = [ms for recipe in plan("tuning", 1) for ms in recipe.pauses_ms]
    assert 0.03 < sum(ms > PAUSE_MS[1] for ms in usual) / len(usual) < 0.07


def test_voices_behind_are_other_speakers_and_say_other_sentences_in_each_part() -> None:
    """Half of the scenes come after the agent's answer."""
    parts = [voices_behind(split, 1, (10, 20)) for split in SPLITS if split != "german"]
    for scenes in parts[:2]:
        assert all(scene.behind and scene.behind.voice != scene.caller.voice for scene in scenes)
        assert sum(scene.gap_ms > len(scene.prompt) * 70 for scene in scenes) == len(scenes) / 2
    assert {scene.text for scene in parts[0]} & {scene.text for scene in parts[1]} == set()


@SPEAKS
def test_a_voice_behind_is_as_much_quieter_than_the_caller_as_it_says(tmp_path: Path) -> None:
    """The question before is the caller's, in their own voice and at their own level."""
    scene = voices_behind("tuning", 1, (17, 17))[0]
    case = compose(scene, Store(tmp_path))
    assert case.opening is not None
    levels = [
        level(recording.pcmu[recording.segments[0][0] * 8 : recording.segments[0][1] * 8])
        for recording in (case.opening, case.recording)
    ]
    assert levels[0] - levels[1] == pytest.approx(170, abs=10)


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
    entry = {
        "file": "elsewhere/a.wav",
        "segments": [[0.1, 0.5], [0.8, 1.6]],
        "transcript": "i want to cancel my order",
        "repo": "someone/speech",
        "licence": "CC BY 4.0 (Speech; read by A. Reader)",
    }
    (tmp_path / "labels.json").write_text(json.dumps({"a": entry}))
    case = load(labelled(tmp_path)[0])
    assert (case.kind, case.complete, case.recording.segments) == ("turn", True, ((1_300, 1_700), (2_000, 2_800)))
    assert [word.text for word in case.recording.words if word.end_ms <= 1_700] == ["i", "want"]
    assert case.source == "someone/speech, CC BY 4.0 (Speech)"
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
