"""The turn bench from end to end with a few recordings, and its scripted STT."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("numpy")

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.testing.recorded_stt import (
    Clip,
    Final,
    HeardFrame,
    Partial,
    RecordedStt,
    Scripted,
    SpokenWord,
    TranscriptStyle,
)
from telephony.testing.simulator import Latencies
from tests.bench import cli
from tests.bench.turns import bench
from tests.bench.turns.before import keep, load
from tests.bench.turns.cells import BASELINE, ERRING, QUIET, VERDICT, Job, rules, run
from tests.bench.turns.corpus import BEHIND, Caller, Recipe, changed, compose, plan
from tests.bench.turns.counts import TEST, counted
from tests.bench.turns.espeak import available
from tests.bench.turns.jobs import jobs
from tests.bench.turns.picture import picture
from tests.bench.turns.play import asks_for_a_reply, hear, play_talk
from tests.bench.turns.score import Rate
from tests.bench.turns.store import Store

WORDS = (SpokenWord("Forty", 400), SpokenWord("two,", 700), SpokenWord("please.", 1_000))


def heard(how: TranscriptStyle, commits: tuple[int, ...]) -> list[tuple[int, Scripted]]:
    """What the STT sends, and when, while it hears one recording with commits at these times."""
    sent: list[tuple[int, Scripted]] = []
    stt = RecordedStt(lambda at, event, valid: sent.append((at, event)), Latencies(), how)
    stt.add(0, Clip([HeardFrame(b"\xff" * 160, 10, -650)] * 60, WORDS))
    for now in range(20, 1_520, 20):
        stt.frame(now)
        if now in commits:
            stt.perform(a.CommitTranscript(len(commits)), now)
    return sent


def test_words_come_when_they_end_and_a_commit_takes_complete_words() -> None:
    """Partials are 120 ms late, finals 120 ms after the commit. The one here comes in the middle of "please"."""
    assert heard(TranscriptStyle(), (800,)) == [
        (520, Partial("forty")),
        (820, Partial("forty two")),
        (920, Final(1, "forty two")),
        (1_120, Partial("please")),
    ]


def test_a_commit_of_too_little_new_audio_is_refused() -> None:
    """As by the real service; the words stay in the open segment."""
    events = [
        event for _, event in heard(TranscriptStyle(), (740, 1_020)) if isinstance(event, Final | e.CommitRefused)
    ]
    assert events == [Final(2, "forty two"), e.CommitRefused(2)]


def test_only_partials_have_errors_and_finals_are_punctuated_if_configured() -> None:
    """The final corrects the errors of the partials."""
    sent = heard(TranscriptStyle(punctuated=True, error_share=100, seed=3), (1_200,))
    assert sent[-1] == (1_320, Final(1, "Forty two, please."))
    assert all("Forty two" not in event.text for _, event in sent if isinstance(event, Partial))


def few() -> list[Job]:
    """A job of each kind on a quiet line, one over noise, two with a voice behind the caller, and a German one."""
    todo = jobs(("held-out", "german"), 1, quick=True)
    every = [(job, job.source) for job in todo if isinstance(job.source, Recipe)]
    kinds = ("turn", "digits", "answer", "unfinished", "interruption", "backchannel", "noise")
    found = [next(job for job, recipe in every if recipe.kind == kind) for kind in kinds]
    found.append(next(job for job, recipe in every if recipe.noise))
    scenes = [job for job, recipe in every if recipe.behind]
    return [*found, scenes[0], scenes[-1], todo[-1]]


def test_a_few_recordings_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is played with each rule, twice with the same result, and appears in tables, JSON and picture."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    rows, heard_rows = [], []
    for job in few():
        some, how = run(job)
        assert some == run(job)[0]
        rows += some
        heard_rows.append(how)
    counts = counted(rows)
    balanced = counts[TEST, QUIET, "balanced"]
    assert balanced.missed().count == 0
    assert 200 < (balanced.delay(0.5) or (0,))[0] < 1_500
    erring = counts[TEST, ERRING, "balanced"]
    assert erring.yields().count == erring.yields().total == 1
    assert counts[TEST, BEHIND, "balanced"].tolerated(BEHIND).total == 2
    assert counts["german", QUIET, "balanced"].missed() == Rate(0, 1)
    results = tmp_path / "results.json"
    results.write_text(json.dumps(bench.as_json(counts, rows, seed=1)))
    keep(results, "rules 0", tmp_path / "before.json")
    before = load(tmp_path / "before.json")
    counts |= {("strangers", *key[1:]): count for key, count in counts.items() if key[0] == "held-out"}
    shown = bench.show(counts, heard_rows, before)
    assert "=== test: held-out, strangers ===" in shown
    assert f"{ERRING}, {BASELINE}" in shown
    assert all(f"{cell}, balanced, rules 0" in shown for cell in (QUIET, ERRING, VERDICT, "10 dB", BEHIND))
    assert "rules 0: figures of a run with seed 1 and" in shown
    alone = bench.show({key: count for key, count in counts.items() if key[0] != "strangers"}, heard_rows, before)
    assert "=== test: held-out ===" in alone
    assert "rules 0" not in alone
    assert bench.draw(counts, TEST, before).startswith("<svg")
    assert "talked over:" in bench.worst(rows, "balanced", 3)


def test_the_voices_that_spoke_are_counted_by_engine() -> None:
    """Each once, however often it speaks."""
    recipe = plan("held-out", 1, renderings=1)[0]
    names = ("en-us", "en-us+f2", "en-us", "flite/awb")
    todo = [Job(changed(recipe, caller=Caller(name, 165, 45, -20.0)), "held-out", ()) for name in names]
    assert bench.voices(todo) == "espeak (2), flite (1)"


def test_a_reply_on_trial_asks_for_nothing_to_be_heard_until_it_is_used() -> None:
    asks = asks_for_a_reply()
    trial, used = a.StartReply(3, ()), d.SpeculationUsed(3, 400)
    assert [asks(action) for action in (d.SpeculationBegun(3, 2), trial, used)] == [False, False, True]
    assert asks(a.StartReply(4, ()))


@pytest.mark.skipif(not available(), reason="the program espeak-ng is not on this machine")
def test_the_agent_speaks_the_listeners_language(tmp_path: Path) -> None:
    """What English data does not know, German data takes for a listener's words."""
    store = Store(tmp_path)
    case = compose(next(r for r in plan("tuning", 1, 1) if r.text == "Ja, das passt."), store)
    played = play_talk(case, hear(case.recording, store), None, rules("balanced"), TranscriptStyle())
    assert (played.cuts, played.replies) == ((), ())


def test_an_empty_picture_is_a_picture() -> None:
    """It has axes, though nothing was measured, and a legend."""
    drawn = picture({"plain silence": []}, [], "a < b")
    assert "delay of finished turns" in drawn
    assert "plain silence" in drawn


def test_the_first_argument_names_the_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name, the load bench runs."""
    called: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(
        cli, "BENCHES", {n: lambda rest, n=n: called.append((n, rest)) for n in ("load", "turns", "replay")}
    )
    for arguments in ([], ["--calls", "1"], ["load", "--turns", "2"], ["turns", "--quick"]):
        cli.main(arguments)
    assert called == [("load", []), ("load", ["--calls", "1"]), ("load", ["--turns", "2"]), ("turns", ["--quick"])]
    with pytest.raises(SystemExit, match="no bench called speed"):
        cli.main(["speed"])
