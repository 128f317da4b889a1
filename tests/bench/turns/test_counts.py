"""What each column of the tables counts, for rows made by hand, and what is said of the targets."""

from __future__ import annotations

from tests.bench.turns.cells import ERRING, RECORDED, Row
from tests.bench.turns.counts import TEST, counted
from tests.bench.turns.places import AFTER_SENTENCE, IN_PHRASE
from tests.bench.turns.score import Pause, Percentile, Rate, TalkScore, TurnScore
from tests.bench.turns.tables import ms, rate, tables, text
from tests.bench.turns.targets import targets

BALANCED = "balanced"


def turn(
    *pauses: tuple[int, bool],
    split: str = "held-out",
    kind: str = "turn",
    words: int = 8,
    places: tuple[str, ...] = (),
    source: str = "",
    delay_ms: int = 500,
    audio_ms: int = 30,
    cell: str = ERRING,
) -> Row:
    """A turn with pauses of (length in ms, whether it was cut off)."""
    found = tuple(Pause(10_000, 10_000 + length, cut) for length, cut in pauses)
    score = TurnScore(found, 0, delay_ms, audio_ms, trials=3, used=1, from_trial=True, verdicts=1)
    return Row(split, cell, BALANCED, "a", kind, score, words, places=places, source=source)


def talk(kind: str, failure: str = "", *, cell: str = ERRING) -> Row:
    """A sound while the agent talks."""
    score = TalkScore(not failure, 160, failure, failure == "answered", 1, (300,))
    return Row("strangers", cell, BALANCED, "a", kind, score)


def test_the_tested_parts_also_count_together_and_tuning_does_not() -> None:
    counts = counted([turn(split="held-out"), turn(split="strangers"), turn(split="tuning")])
    assert {part: len(count.turns) for (part, _, _), count in counts.items()} == {
        "held-out": 1,
        "strangers": 1,
        "tuning": 1,
        TEST: 2,
    }


def test_recordings_also_count_for_their_corpus() -> None:
    rows = [turn(split=RECORDED, cell=RECORDED, source=source) for source in ("a, CC BY 4.0", "b, MIT")]
    counts = counted(rows)
    assert {cell: len(count.turns) for (_, cell, _), count in counts.items()} == {
        RECORDED: 2,
        "recorded: a, CC BY 4.0": 1,
        "recorded: b, MIT": 1,
    }
    assert "recorded: b, MIT, balanced" in tables(counts, RECORDED)["turns"]


def test_voices_behind_at_all_levels_count_together() -> None:
    counts = counted([talk("behind", cell="behind 17 dB"), talk("behind", "answered", cell="behind 10-20 dB")])
    count = counts[TEST, "behind", BALANCED]
    assert (count.tolerated("behind"), count.answered("behind")) == (Rate(1, 2), Rate(1, 2))


def test_pauses_count_by_length_and_by_place() -> None:
    """The bounds belong to the longer pauses. A place counts where all pauses were scored."""
    places = (IN_PHRASE, AFTER_SENTENCE, IN_PHRASE)
    rows = [
        turn((799, True), (800, False), (1_100, True), places=places),
        turn((500, True), places=places),  # two pauses were too short or too long to be scored
    ]
    count = counted(rows)[TEST, ERRING, BALANCED]
    assert (count.cut_offs_of(800, 1_100), count.cut_offs_of(1_100)) == (Rate(0, 1), Rate(1, 1))
    assert count.cut_offs() == Rate(3, 4)
    assert (count.places()[IN_PHRASE], count.places()[AFTER_SENTENCE]) == (Rate(2, 2), Rate(0, 1))


def test_short_answers_have_few_words_and_no_pause() -> None:
    rows = [
        turn(kind="answer", words=3, delay_ms=400),
        turn(kind="answer", words=4, delay_ms=1_000),
        turn((500, False), kind="answer", words=2, places=(IN_PHRASE,), delay_ms=1_000),
        turn(kind="turn", words=2, delay_ms=1_000),
    ]
    assert counted(rows)[TEST, ERRING, BALANCED].short_answers(0.5) == (400, 400, 400, 1)


def test_a_trial_that_was_called_unfinished_is_not_wasted() -> None:
    """Of three trials one was used, and one was answered with the verdict. The voice to audio goes over both parts."""
    count = counted([turn(delay_ms=500, audio_ms=30)])[TEST, ERRING, BALANCED]
    assert (count.wasted(), count.verdicts()) == (Rate(1, 1), Rate(1, 1))
    assert count.voice_to_audio(0.5) == (530, 530, 530, 1)


def test_a_cell_with_fewer_than_sixty_cases_is_marked() -> None:
    """So that nobody builds on it; without any there is nothing to say."""
    assert rate(Rate(3, 60)) == "5.0 % (2-14; 3/60)"
    assert rate(Rate(0, 59)) == "0.0 % (0-6; 0/59) (few)"
    assert ms(Percentile(500, 400, 600, 59)) == "500 (400-600; 59) (few)"
    assert (rate(Rate(0, 0)), ms(None)) == ("-", "-")


def test_an_older_rule_is_printed_below_its_like() -> None:
    """Columns that it was not measured by are empty."""
    new = {"a, balanced": {"x": "1", "y": "2"}, "b, balanced": {"x": "3", "y": "4"}}
    shown = text(new, "turns", {"a, balanced": {"x": "9"}}, "rules 0").splitlines()
    assert [line.split() for line in shown] == [
        ["turns", "x", "y"],
        ["a,", "balanced", "1", "2"],
        ["a,", "balanced,", "rules", "0", "9", "-"],
        ["b,", "balanced", "3", "4"],
    ]


def test_targets_are_met_at_their_bound_missed_beyond_it_and_open_without_cases() -> None:
    """19 of 20 sounds tolerated are 95 %."""
    rows = [turn(*[(400, number == 0) for number in range(20)], delay_ms=600, audio_ms=41)]
    rows += [talk("backchannel")] * 19 + [talk("noise", "cut")]
    lines = {line.split(":")[0].strip() for line in targets(counted(rows)).splitlines()}
    assert {"met    cut-offs", "met    decision p50", "met    tolerated", "met    answered by mistake"} <= lines
    assert "MISSED decision to audio p50, from a trial" in lines
    assert {"-      yield", "-      voices behind tolerated", "-      cut-offs in pauses of 0.8-1.1 s"} <= lines
    assert "MISSED tolerated" in {
        line.split(":")[0].strip() for line in targets(counted([*rows, talk("noise", "late")])).splitlines()
    }
    assert targets(counted([turn(split="tuning")])) == ""
