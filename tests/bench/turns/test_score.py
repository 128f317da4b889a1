"""What counts as a cut-off, a yield and a tolerated sound, for timelines made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.turns.play import TalkPlayed, TurnPlayed
from tests.bench.turns.score import Rate, percentile, score_talk, score_turn

SPEECH = ((1_000, 2_000), (2_600, 3_000), (3_900, 5_000))
TALK = TalkPlayed((3_000, 3_400), 10_000, ((0, 10_000, 0),))
HELD = (0, 3_200, 0)


def test_a_decision_inside_a_pause_is_one_cut_off() -> None:
    """A pause counts once, however often the turn is decided in it."""
    score = score_turn(TurnPlayed(SPEECH, (2_300, 2_400, 5_560)))
    assert [pause.cut_off for pause in score.pauses] == [True, False]
    assert (score.cut_offs, score.delay_ms) == (1, 560)


def test_a_late_decision_in_the_speech_after_a_pause_is_a_cut_off_too() -> None:
    """The caller was still speaking; it counts for the pause before."""
    score = score_turn(TurnPlayed(SPEECH, (4_980, 5_500)))
    assert [pause.cut_off for pause in score.pauses] == [False, True]
    assert score.delay_ms == 500


def test_a_decision_just_before_the_end_of_speech_is_a_cut_off_and_no_delay() -> None:
    """20 ms before the end the caller was still speaking; at the end the delay is 0."""
    early = score_turn(TurnPlayed(((1_000, 2_000),), (1_980,)))
    assert (early.early, early.cut_offs, early.delay_ms) == (1, 1, None)
    assert score_turn(TurnPlayed(((1_000, 2_000),), (2_000,))).delay_ms == 0


@pytest.mark.parametrize(
    ("heard", "whole", "late_start"),
    [
        ((), True, True),
        (((2_350, 2_800), (5_700, 7_000)), True, True),  # 200 ms of it after the caller went on
        (((2_350, 2_801), (5_700, 7_000)), True, False),
        (((2_350, 2_700), (2_800, 2_901), (5_700, 7_000)), True, False),
        (((2_350, 2_700),), False, False),  # the rest was answered by itself
    ],
)
def test_a_cut_off_that_cost_a_syllable_is_a_late_start(
    heard: tuple[tuple[int, int], ...], whole: bool, late_start: bool
) -> None:
    """It counts as a cut-off all the same."""
    score = score_turn(TurnPlayed(SPEECH, (2_300, 5_560), heard=heard, whole=whole))
    assert [pause.late_start for pause in score.pauses] == [late_start, False]
    assert (score.cut_offs, score.late_starts) == (1, int(late_start))


def test_a_turn_is_answered_from_a_trial_that_became_its_reply() -> None:
    """The audio counts from the decision; a trial used earlier in the turn is not wasted, and answers nothing here."""
    used = score_turn(TurnPlayed(SPEECH, (5_560,), heard=((5_600, 7_000),), trials=3, used=(5_560,)))
    assert (used.from_trial, used.to_audio_ms, used.trials - used.used) == (True, 40, 2)
    earlier = score_turn(TurnPlayed(SPEECH, (2_300, 5_560), heard=((5_900, 7_000),), trials=1, used=(2_300,)))
    assert (earlier.from_trial, earlier.to_audio_ms, earlier.trials - earlier.used) == (False, 340, 0)


def test_a_trial_that_was_called_unfinished_is_not_wasted() -> None:
    """Nor is there less than nothing wasted, if one that was so called is used all the same."""
    assert score_turn(TurnPlayed(SPEECH, (5_560,), trials=3, used=(5_560,), verdicts=1)).wasted == 1
    assert score_turn(TurnPlayed(SPEECH, (5_560,), trials=1, used=(5_560,), verdicts=1)).wasted == 0


def test_the_voice_to_audio_goes_from_the_end_of_speech_to_the_first_audio() -> None:
    """Not to audio that began before the decision and has ended; without audio there is no such time."""
    score = score_turn(TurnPlayed(SPEECH, (2_300, 5_560), heard=((2_350, 2_700), (5_600, 7_000))))
    assert score.voice_to_audio_ms == 600
    assert score_turn(TurnPlayed(SPEECH, (5_560,))).voice_to_audio_ms is None


@pytest.mark.parametrize(
    ("decided", "asked", "cut_offs", "missed", "asked_again"),
    [
        ((), (), 0, True, False),
        ((), (5_700,), 0, False, True),
        ((), (2_300,), 1, True, False),
        ((5_560,), (2_300,), 1, False, False),
        ((5_560,), (5_900,), 0, False, False),
    ],
)
def test_a_caller_who_is_asked_again_is_not_missed_but_may_be_cut_off_by_it(
    decided: tuple[int, ...], asked: tuple[int, ...], cut_offs: int, missed: bool, asked_again: bool
) -> None:
    score = score_turn(TurnPlayed(SPEECH, decided, asked=asked))
    assert (score.cut_offs, score.missed, score.asked_again) == (cut_offs, missed, asked_again)


def test_only_decisions_in_pauses_count_for_a_coarsely_labelled_meeting() -> None:
    """Such a segment may contain silence, and a gap of two seconds may be an end."""
    played = TurnPlayed(((0, 5_000), (5_400, 6_000), (8_000, 9_000)), (3_000, 5_450, 7_000))
    score = score_turn(played, exact=False)
    assert [(pause.start, pause.cut_off) for pause in score.pauses] == [(5_000, False)]


def test_an_interruption_yields_when_it_is_cut_and_answered() -> None:
    """`silenced_ms` counts from the first voice to the last sample that was played."""
    played = TalkPlayed((3_000, 4_000), 10_000, (HELD,), (3_200,), (3_400,), (4_500,), (4_500,))
    assert (score_talk(played).yielded, score_talk(played).silenced_ms) == (True, 200)
    unanswered = TalkPlayed((3_000, 4_000), 10_000, (HELD,), (3_200,), (3_400,))
    assert not score_talk(unanswered).yielded
    assert score_talk(TALK).silenced_ms is None


@pytest.mark.parametrize(
    ("played", "failure"),
    [
        (TALK, ""),
        (TalkPlayed((3_000, 3_400), 10_000, (HELD, (3_900, 10_900, 3_000)), (3_200,)), ""),
        (TalkPlayed((3_000, 3_400), 10_000, (HELD, (3_920, 10_920, 3_000)), (3_200,)), "late"),
        (TalkPlayed((3_000, 3_400), 10_000, (HELD, (3_900, 10_680, 3_220)), (3_200,)), "lost"),
        (TalkPlayed((3_000, 3_400), 10_000, (HELD, (3_900, 9_000, 3_000)), (3_200,)), "not finished"),
        (TalkPlayed((3_000, 3_400), 10_000, (HELD,), (3_200,), (3_500,)), "cut"),
        (TalkPlayed((3_000, 3_400), 10_000, ((0, 10_000, 0),), decided=(4_000,)), "answered"),
        (TalkPlayed((3_000, 3_400), 10_000, ((0, 10_000, 0),), others=("Sorry?",)), "answered"),
    ],
)
def test_a_sound_is_tolerated_if_the_whole_talk_is_played_in_time_and_nothing_is_answered(
    played: TalkPlayed, failure: str
) -> None:
    """A resume 500 ms after the sound's end is in time, 520 ms is not. Words may be repeated, but not left out."""
    assert score_talk(played).failure == failure


@pytest.mark.parametrize(
    ("holds", "resumes", "cuts", "times", "held_ms"),
    [
        ((), (), (), 0, ()),
        ((3_200,), (3_600,), (), 1, (400,)),
        ((3_200, 3_900), (3_600, 4_200), (), 2, (400, 300)),
        ((3_200, 3_900), (3_600,), (4_500,), 2, (400,)),  # the second ends with a cut
        ((3_200,), (), (3_700,), 1, ()),
        ((2_900, 3_200), (2_950, 3_500), (), 1, (300,)),  # the first was before the sound
    ],
)
def test_each_hold_of_a_sound_counts_with_the_time_until_its_resume(
    holds: tuple[int, ...], resumes: tuple[int, ...], cuts: tuple[int, ...], times: int, held_ms: tuple[int, ...]
) -> None:
    """A hold that ends with a cut has no such time."""
    score = score_talk(TalkPlayed((3_000, 3_400), 10_000, (HELD,), holds, cuts, resumes=resumes))
    assert (score.holds, score.held_ms) == (times, held_ms)


def test_whatever_the_agent_says_to_a_sound_is_an_answer_and_a_cut_alone_is_none() -> None:
    """An answer after a cut counts too, and so does a question of the agent's."""
    cut = TalkPlayed((3_000, 3_400), 10_000, (HELD,), (3_200,), (3_500,))
    assert not score_talk(cut).answered
    assert not score_talk(TALK).answered
    for replies, decided, others in (((4_000,), (), ()), ((), (4_000,), ()), ((), (), ("Sorry?",))):
        assert score_talk(replace(cut, replies=replies, decided=decided, others=others)).answered
        assert score_talk(replace(TALK, replies=replies, decided=decided, others=others)).answered


def test_wilsons_interval() -> None:
    """Values from the textbook, and no information from no samples."""
    low, high = Rate(5, 100).interval
    assert (round(low, 4), round(high, 4)) == (0.0215, 0.1118)
    assert Rate(0, 60).interval[1] == pytest.approx(0.0602, abs=1e-4)
    assert Rate(0, 0).interval == (0.0, 1.0)


def test_percentiles_come_with_the_order_statistics_around_them() -> None:
    """Of 100 values, the 41st and the 61st enclose the median with 95 % confidence."""
    assert percentile(range(1, 101), 0.5) == (51, 41, 61, 100)
    assert percentile([7], 0.9) == (7, 7, 7, 1)
    assert percentile([], 0.5) is None
