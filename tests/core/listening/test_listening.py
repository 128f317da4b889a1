"""Transcripts that arrive late, split, repeated, empty or never, and how they are matched with voice."""

from __future__ import annotations

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.history import History
from telephony.core.listening.loudness import KNOWN_WINDOWS
from telephony.core.listening.voice_activity import VoiceActivity
from telephony.core.policy import Policy, TurnTaking
from telephony.testing.recorded_stt import Final, Partial, Scripted
from telephony.testing.simulator import Part, Simulator, last_words
from tests.core.calls import agent_lines, asks, caller, decided, first_heard, play, reasons, requested_replies, rules
from tests.core.turn_taking.expected_waits import QUICK_MS

TEXT = "what are your opening hours"


def repeat_it(history: History) -> list[Part]:
    return [f"You said: {last_words(history)}."]


def scripted(*events: tuple[int, Scripted], text: str = TEXT, until: int = 15_000) -> Simulator:
    """The caller says `text` from 500 ms on. STT sends only these (ms after the end of the voice, event) pairs."""
    sim = Simulator(Policy(), repeat_it)
    sim.faults.no_partials = sim.faults.no_finals = True
    end = sim.says(500, text)
    for after, event in events:
        sim.at(end + after, event)
    return sim.run(end + until)


def once(sim: Simulator, text: str = TEXT) -> None:
    """Asserts that the words are in the record once and answered once."""
    assert " ".join(caller(sim)) == text
    heard = [line for line in agent_lines(sim) if line.startswith("You said")]
    assert heard == [f"You said: {text}."]


# --- transcripts ----------------------------------------------------------------------------------------------------


def test_a_final_that_never_comes_is_replaced_by_the_partial() -> None:
    """The turn is decided within the wait for a final."""
    sim = scripted((100, Partial(TEXT)))
    once(sim)
    [(at, because)] = sim.explained(d.TurnEnded)
    assert because["transcript"] == "partial"
    assert at - sim.sounds[0].end <= rules(sim).open_ms + rules(sim).tuning.partial_wait_ms + 60


def test_without_a_transcript_the_caller_is_asked_to_repeat() -> None:
    """The question comes within the bound, if there was at least half a second of voice."""
    sim = scripted(until=6_000)
    bound = rules(sim).unheard_ms + rules(sim).tuning.transcript_wait_ms + 100
    assert first_heard(sim, 0) - sim.sounds[0].end <= bound
    assert agent_lines(sim) == [sim.policy.wording.not_heard]


def test_an_empty_final_is_no_transcript() -> None:
    """An empty final after half a second of voice leads to the same question, sooner."""
    sim = scripted((1_000, Final(1, "")), until=6_000)
    assert agent_lines(sim) == [sim.policy.wording.not_heard]


def test_an_empty_final_does_not_take_back_a_partial() -> None:
    """The caller hears a reply or a question soon, even if the final is empty."""
    sim = scripted((100, Partial(TEXT)), (650, Final(1, "")))
    assert caller(sim) in ([TEXT], [])
    assert first_heard(sim, 0) <= sim.sounds[0].end + 2_500


@pytest.mark.parametrize("late", [900, 2_000, 5_000, 9_000])
def test_a_late_final_is_answered_once(late: int) -> None:
    """With or without an answered partial, no word is repeated or lost, and there is one answer."""
    once(scripted((100, Partial(TEXT)), (late, Final(1, TEXT))))
    sim = scripted((late, Final(1, TEXT)))
    assert caller(sim) == [TEXT]


def test_words_that_only_a_late_final_has_are_not_lost() -> None:
    """The partial was answered; the additional words of its final become a turn."""
    sim = scripted((100, Partial("what are your")), (3_000, Final(1, TEXT)))
    assert " ".join(caller(sim)) == TEXT


def test_a_late_final_that_corrects_the_partial_is_no_new_turn() -> None:
    """It has as many words as the answered partial, some of them different: the answer stands."""
    sim = scripted((100, Partial("what are your open flowers")), (3_000, Final(1, TEXT)))
    assert caller(sim) == ["what are your open flowers"]


@pytest.mark.parametrize("again", [0, 40, 700, 3_000])
def test_a_final_that_comes_twice_counts_once(again: int) -> None:
    """The second copy arrives at once, or while the reply is playing."""
    final = Final(1, TEXT)
    once(scripted((100, Partial(TEXT)), (650, final), (650 + again, final)))


def test_a_segment_that_the_service_split_is_one_turn() -> None:
    """STT closed half of the segment by itself, and the rest at the commit."""
    once(
        scripted(
            (100, Partial(TEXT)),
            (640, Final(0, "what are your")),
            (680, Final(1, "opening hours")),
        )
    )


@pytest.mark.parametrize("after", [20, 300, 2_000, 6_000])
def test_a_stale_partial_is_no_turn(after: int) -> None:
    """Partials repeated after their final are no turn, no interruption and no additional words."""
    partial = Partial(TEXT)
    once(scripted((100, partial), (650, Final(1, TEXT)), (650 + after, partial), (900 + after, partial)))


def test_the_same_words_said_again_are_heard_again() -> None:
    """ "Yes" and later "yes" with its own voice are two answers, not a repeated transcript."""
    twice = asks("hello").interrupts("yes", 1.9, ms=400).interrupts("yes", 1.9, ms=400)
    sim = play(twice.waits(4), ["Do you want more?"])
    assert caller(sim) == ["hello", "yes", "yes"]


def test_words_whose_final_is_missing_are_not_lost() -> None:
    """The first final never comes, and the partial has moved on to the next words."""
    sim = Simulator(Policy(), repeat_it)
    end = sim.says(500, "I want a table for two people please")
    sim.latencies.final = 700
    sim.intercept = lambda at, event: [] if isinstance(event, Final) and event.commit == 1 else [(at, event)]
    sim.says(end + TurnTaking().shortest_wait_ms - 60, "and a high chair please")
    sim.run(end + 9_000)
    assert " ".join(caller(sim)) == "I want a table for two people please and a high chair please"


def test_words_that_show_around_a_commit_count_once() -> None:
    """The first ones show only after the pause with its commit, and again with those that follow. No final comes."""
    sim = Simulator(Policy(), repeat_it)
    sim.faults.no_partials = sim.faults.no_finals = True
    pause = sim.says(500, "what are", ms=600)
    end = sim.says(pause + 400, "your opening hours", ms=1_200)
    sim.at(pause + 340, Partial("what are"))
    sim.at(end - 400, Partial("what are your opening"))
    sim.at(end + 100, Partial(TEXT))
    sim.run(end + 9_000)
    assert [pause < at < pause + 340 for at, _ in sim.actions(a.CommitTranscript)] == [True, False]
    once(sim)


def test_a_refused_commit_leaves_the_words_to_the_partial() -> None:
    """Too little new audio for a commit: the partial is used, and its segment is not answered again."""
    sim = scripted((100, Partial(TEXT)), (620, e.CommitRefused(1)), (1_400, Final(2, TEXT)))
    once(sim)


def test_a_lost_stt_session_does_not_cause_silence() -> None:
    """STT fails in the middle of a sentence; the caller still gets an answer or a question in time."""
    sim = Simulator(Policy(), repeat_it)
    end = sim.says(500, TEXT)
    sim.at(1_200, e.SttLost("provider_unavailable", True))
    sim.run(1_200)
    sim.faults.no_partials = sim.faults.no_finals = True
    sim.run(end + 6_000)
    assert first_heard(sim, 0) - end <= rules(sim).longest_wait_ms + rules(sim).tuning.transcript_wait_ms + 1_000


def test_a_short_yes_does_not_hang() -> None:
    """A word of 220 ms is decided as quickly as a sentence, even without its final."""
    for missing in (False, True):
        sim = play(asks("hello").interrupts("yes", 1.9, ms=220).waits(4), ["Shall I book it now?"])
        assert caller(sim)[-1] == "yes"
        sim = Simulator(Policy(), lambda history: ["Shall I book it now?"])
        sim.says(500, "hello")
        sim.run(3_500)
        sim.faults.no_finals = missing
        end = sim.says(3_500, "yes", ms=220)
        sim.run(end + 3_000)
        assert caller(sim)[-1] == "yes"
        assert decided(sim)[-1] - end <= QUICK_MS + rules(sim).tuning.partial_wait_ms + 60


def test_a_short_answer_without_a_transcript_is_asked_for() -> None:
    """Without any transcript, a short sound counts as a word; with an empty final it is a noise."""
    sim = play(asks("hello").listens(2), ["Shall I book it for you?"])
    sim.faults.no_partials = sim.faults.no_finals = True
    sim.says(6_000, "yes", ms=250)
    sim.run(13_250)
    assert agent_lines(sim)[-1] == sim.policy.wording.not_heard
    sim = play(asks("hello").listens(2.4).coughs(250).waits(4), ["Shall I book it for you?"])
    assert len(agent_lines(sim)) == 1


def test_silence_is_bounded_whatever_stt_does() -> None:
    """For every kind of missing or late transcript, something is heard in time."""
    partial, final = Partial(TEXT), Final(1, TEXT)
    for events in (
        [],
        [(100, partial)],
        [(700, final)],
        [(700, Final(1, ""))],
        [(100, partial), (5_000, final)],
    ):
        sim = scripted(*events, until=6_000)
        assert first_heard(sim, 0) - sim.sounds[0].end <= 2_500


def test_short_noises_are_not_answered() -> None:
    """Noises during silence, or before a reply begins, do not become turns."""
    sim = play(asks("hello").listens(6).coughs(100).waits(2).coughs(150).waits(3), ["Hi."])
    assert len(requested_replies(sim)) == 1
    sim = play(asks("hello").waits(0.3).coughs(300).waits(5), ["Hello, what can I do for you?"], first_token=1_200)
    assert caller(sim) == ["hello"]
    assert len([line for line in agent_lines(sim) if line.startswith("Hello")]) == 1


def test_every_frame_goes_to_stt() -> None:
    """This includes frames during the agent's speech and before any onset, so no pre-roll is lost."""
    sim = play(asks("hello", at=0).interrupts("no", 0.5).waits(4))
    frames = [event for _, event, _ in sim.steps if isinstance(event, e.AudioReceived)]
    assert [x.pcmu for _, x in sim.actions(a.Transcribe)] == [frame.pcmu for frame in frames]


# --- the parts ------------------------------------------------------------------------------------------------------


def voice(levels: list[tuple[int, int]], rules: TurnTaking | None = None) -> VoiceActivity:
    """Voice activity after each (frames, level) of voice, followed by half a second of silence."""
    activity = VoiceActivity(rules or TurnTaking())
    for frames, level in levels:
        for number in range(frames):
            activity.frame(950 if number % 2 else None, level)
        for _ in range(25):
            activity.frame(10, -700)
    return activity


def test_a_voice_far_below_the_callers_own_is_somebody_else() -> None:
    """Once the caller's level is known, background voices do not count; before that, any voice may be theirs."""
    loud, far = -200, -200 - TurnTaking().tuning.quieter_tenths_db - 30
    assert voice([(20, far)]).burst_ms > 0
    known = voice([(4 * KNOWN_WINDOWS, loud)])
    before = known.last_voiced_ms
    for number in range(40):
        known.frame(950 if number % 2 else None, far)
    assert known.last_voiced_ms == before


def test_a_caller_who_steps_back_is_heard_again() -> None:
    """Words from a quieter voice lower the level immediately."""
    loud, far = -200, -200 - TurnTaking().tuning.quieter_tenths_db - 30
    activity = voice([(100, loud)])
    activity.frame(10, far)
    for _ in range(10):
        activity.frame(10, far)
    activity.level.heard_words()
    for number in range(10):
        activity.frame(950 if number % 2 else None, far)
    assert activity.voiced


def test_a_key_tone_is_not_voice() -> None:
    """The burst that began with the key is dropped, and the rest of the tone is ignored."""
    activity = VoiceActivity(TurnTaking())
    for number in range(8):
        activity.frame(950 if number % 2 else None, -200)
    activity.key_pressed()
    for number in range(8):
        activity.frame(950 if number % 2 else None, -200)
    assert not activity.onset
    assert activity.last_voiced_ms is None


def test_hysteresis_bridges_a_weak_window() -> None:
    """Between the two thresholds the previous state holds, in both directions."""
    rules = TurnTaking()
    between = (rules.voiced_at + rules.tuning.unvoiced_below) // 2
    activity = VoiceActivity(rules)
    activity.frame(between, -200)
    assert not activity.voiced
    activity.frame(rules.voiced_at, -200)
    activity.frame(between, -200)
    assert activity.voiced
    activity.frame(rules.tuning.unvoiced_below - 1, -200)
    assert not activity.voiced


def test_dismissals_carry_their_reason() -> None:
    """A sound that was heard and not answered is explained."""
    sim = play(asks("hello").interrupts("mm-hm", 0.5, ms=400).waits(5), ["We open at nine in the morning every day."])
    assert reasons(sim, d.Ignored) or reasons(sim, d.Resumed)
