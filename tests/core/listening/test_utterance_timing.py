"""When an utterance opens, when its transcript is asked for, and when it is over: `Listening` fed frame by frame.

Every frame of voice completes a detector window here, so that voice comes in steps of 32 ms and time in steps of 20.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from telephony.core.events import AudioReceived, TranscriptFinal
from telephony.core.language.registry import language_for
from telephony.core.listening.listening import Closed, Listening
from telephony.core.policy import TurnTaking
from telephony.core.turn_taking.question import AnswerContext

RULES = TurnTaking()
QUIET = -700
STIR = -580


def stt(rules: TurnTaking = RULES, windows: int = 0, partial: str = "") -> Listening:
    """After `windows` of voice and a partial."""
    listening = Listening(rules, language_for("en"))
    voice(listening, windows)
    if partial:
        listening.partial(partial)
    return listening


def voice(listening: Listening, windows: int) -> None:
    for _ in range(windows):
        listening.hear(AudioReceived(b"", 0, 950, -200))


def quiet(listening: Listening, ms: int, level: int = QUIET) -> None:
    assert ms % 20 == 0
    for _ in range(ms // 20):
        listening.hear(AudioReceived(b"", 0, 10, level))


def first(listening: Listening, what: str, within_ms: int = 4_000) -> int | None:
    """The silence, in ms, at which `wants_commit` or `closed` first says so, asked with every frame from now on."""
    start = listening.silence_ms
    for ms in range(start, start + within_ms, 20):
        if getattr(listening, what)():
            return ms
        quiet(listening, 20)
    return None


# --- opening --------------------------------------------------------------------------------------------------------


def test_an_utterance_opens_with_the_second_window_of_voice() -> None:
    """It begins with the first, and all of the voice counts."""
    listening = stt(windows=1)
    quiet(listening, 20)
    assert listening.utterance is None
    assert listening.silence_ms == 0
    listening = stt()
    quiet(listening, 200)
    voice(listening, 2)
    assert listening.utterance is not None
    assert (listening.utterance.opened_ms, listening.utterance.active_ms) == (220 - 32, 240)
    assert listening.utterance.voice_ms == 64
    voice(listening, 1)
    quiet(listening, 60)
    assert (listening.utterance.active_ms, listening.utterance.voice_ms) == (260, 96)
    assert listening.silence_ms == 60
    quiet(listening, 400)
    voice(listening, 3)  # a new burst, the same utterance
    assert (listening.utterance.opened_ms, listening.utterance.voice_ms) == (220 - 32, 192)


def test_a_frame_without_a_window_changes_nothing() -> None:
    """Frames and detector windows are not of one length."""
    listening = stt(windows=3)
    listening.hear(AudioReceived(b"", 0, None, -200))
    assert listening.utterance is not None
    assert listening.utterance.voice_ms == 96
    assert listening.silence_ms == 20


def test_words_without_voice_open_an_utterance_and_keep_it_alive() -> None:
    """A caller too quiet for the detector; punctuation is no word."""
    listening = stt()
    quiet(listening, 1_000)
    listening.partial("...")
    assert listening.utterance is None
    listening.partial("yes")
    assert listening.utterance is not None
    assert (listening.utterance.opened_ms, listening.utterance.active_ms) == (1_000, 1_000)
    quiet(listening, 300)
    assert listening.silence_ms == 300
    assert listening.wants_commit()
    listening.partial("yes we do")
    assert listening.silence_ms == 0
    assert not listening.utterance.committed
    listening = stt(partial="yes")
    quiet(listening, 160)
    listening.partial("yes")  # the same words again are no sign of life
    assert listening.silence_ms == 160
    listening.partial("...")
    assert listening.silence_ms == 160


def test_a_final_without_voice_opens_an_utterance_that_needs_no_commit() -> None:
    """Late words of what was not answered: silence counts from the last voice."""
    listening = stt(windows=1)
    quiet(listening, 1_000)
    listening.final(TranscriptFinal(0, "..."))
    assert listening.utterance is None
    listening.final(TranscriptFinal(0, "yes"))
    assert listening.utterance is not None
    assert (listening.utterance.opened_ms, listening.utterance.active_ms) == (1_020, 20)
    assert (listening.utterance.committed, listening.utterance.text_ms) == (True, 1_020)
    assert listening.wants_commit() == 0
    listening = stt()
    quiet(listening, 1_000)
    listening.final(TranscriptFinal(0, "yes"))
    assert listening.silence_ms == 1_000


def test_when_the_words_last_changed() -> None:
    """By a partial or a final that says something else; not by the same words, nor by an empty final."""
    listening = stt(windows=20, partial="yes")
    assert listening.utterance is not None
    assert listening.utterance.text_ms == 400
    quiet(listening, 200)
    listening.partial("yes")
    assert listening.utterance.text_ms == 400
    commit = listening.wants_commit()
    quiet(listening, 100)
    listening.final(TranscriptFinal(commit, "Yes."))
    assert listening.utterance.text_ms == 700
    assert listening.utterance.text == "Yes."
    quiet(listening, 100)
    listening.final(TranscriptFinal(commit, "No."))  # a repeat
    assert (listening.utterance.text, listening.utterance.text_ms) == ("Yes.", 700)
    listening = stt(windows=20)
    quiet(listening, 300)
    listening.final(TranscriptFinal(listening.wants_commit(), ""))
    assert listening.utterance is not None
    assert (listening.utterance.text_ms, listening.utterance.awaited) == (0, 0)


def test_words_of_a_voice_that_was_taken_for_somebody_else() -> None:
    """The caller has stepped back: the level follows, and what comes next is voice."""
    far = -200 - RULES.quieter_tenths_db - 30
    for partial, heard in (("...", False), ("yes", True)):
        listening = stt(windows=100)
        listening.discard()
        for speech in [10] * 11:
            listening.hear(AudioReceived(b"", 0, speech, far))
        listening.partial(partial)
        for _ in range(5):
            listening.hear(AudioReceived(b"", 0, 950, far))
        assert listening.voice.voiced is heard


def test_a_late_final_of_an_answered_utterance_comes_before_the_next() -> None:
    """What it has beyond the answered words was said first."""
    listening = stt(windows=20, partial="what are")
    listening.discard(answered=True)
    commit = listening.wants_commit()
    voice(listening, 20)
    listening.partial("on sunday")
    listening.final(TranscriptFinal(commit, "what are your hours"))
    assert listening.utterance is not None
    assert listening.utterance.text == "your hours on sunday"


def test_a_repeated_partial_opens_nothing() -> None:
    """Its words are known."""
    listening = stt(windows=20, partial="yes")
    listening.discard(answered=True)
    listening.final(TranscriptFinal(listening.wants_commit(), "yes"))
    listening.partial("yes")
    listening.final(TranscriptFinal(0, "yes"))
    assert listening.utterance is None


# --- words that come late -------------------------------------------------------------------------------------------


def test_more_words_than_any_voice_explains() -> None:
    """The caller was speaking 380 ms ago, though the detector did not hear it: the silence counts from there."""
    listening = stt(windows=20, partial="one")
    quiet(listening, 540)
    assert listening.wants_commit()
    quiet(listening, 60)
    listening.partial("won")  # written better, no more words
    assert listening.silence_ms == 600
    listening.partial("one two")
    assert listening.silence_ms == 380
    assert listening.utterance is not None
    assert not listening.utterance.committed


def test_words_as_late_as_usual_move_nothing() -> None:
    """A partial comes up to 380 ms after its last word."""
    listening = stt(windows=20, partial="one")
    listening.commit_early = True
    quiet(listening, 380)
    assert listening.wants_commit()
    listening.partial("one two")
    assert listening.silence_ms == 380
    assert listening.utterance is not None
    assert listening.utterance.committed


def answered(listening: Listening, late_ms: int, text: str) -> None:
    """An utterance whose words come `late_ms` after its voice, and which is answered."""
    quiet(listening, 400)
    voice(listening, 20)
    quiet(listening, late_ms)
    listening.partial(text)
    listening.discard(answered=True)
    listening.wants_commit()


def test_how_late_words_usually_are() -> None:
    """As late as the latest, coming down by a quarter with each utterance that is quicker, and never more than 380."""
    listening, found = stt(), list[int]()
    assert listening.transcript_lag_ms == 0
    listening.discard(answered=True)  # there is none
    listening.final(TranscriptFinal(0, "hello"))
    listening.discard(answered=True)
    assert listening.transcript_lag_ms == 0
    for late_ms, text in ((300, "yes"), (100, "no thanks"), (100, "maybe"), (240, "nine"), (2_000, "ten please")):
        answered(listening, late_ms, text)
        found.append(listening.transcript_lag_ms)
    assert found == [300, 250, 213, 240, 380]
    listening.partial("that is")
    listening.discard()
    assert listening.transcript_lag_ms == 380


def test_ears_that_give_words_while_the_caller_speaks() -> None:
    """Known from the first such partial on; one in a silence, or without words, tells nothing."""
    listening = stt(windows=20)
    quiet(listening, 40)
    listening.partial("yes")
    assert not listening.sends_partials
    voice(listening, 2)
    listening.partial("...")
    assert not listening.sends_partials
    listening.partial("yes we do")
    assert listening.sends_partials
    quiet(listening, 40)
    listening.partial("yes we do want it")
    assert listening.sends_partials


# --- asking for the transcript --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("partial", "due_ms"),
    [
        ("yes", 200),  # not before this, whatever the wait
        ("", 300),
        ("I need two rooms", 440),
        ("that depends", 540),
        ("my number is 555", 700),
        ("my number is", 900),
    ],
)
def test_the_transcript_is_asked_for_ahead_of_the_end(partial: str, due_ms: int) -> None:
    """By 400 ms, and once for the same voice."""
    listening = stt(windows=20, partial=partial)
    assert first(listening, "wants_commit") == due_ms
    assert first(listening, "wants_commit") is None
    voice(listening, 1)
    assert first(listening, "wants_commit") == (300 if not partial else due_ms)


def test_commits_are_numbered() -> None:
    """By the segments, from 1."""
    listening, found = stt(windows=20), list[int]()
    for _ in range(3):
        quiet(listening, 300)
        found.append(listening.wants_commit())
        voice(listening, 1)
    assert found == [1, 2, 3]


@pytest.mark.parametrize(
    ("words_at_once", "held_ms", "due_ms"), [(False, 160, 160), (False, 180, 180), (True, 160, 200)]
)
def test_a_held_agent_is_told_sooner(words_at_once: bool, held_ms: int, due_ms: int) -> None:
    """Unless the ears give words at once: then the transcript is not needed so soon."""
    listening = stt(replace(RULES, commit_held_ms=held_ms), windows=20, partial="that depends")
    listening.commit_early, listening.sends_partials = True, words_at_once
    assert first(listening, "wants_commit") == due_ms


def test_a_sound_too_short_for_a_word_has_no_transcript() -> None:
    """Unless there are words."""
    for windows, needed, due in ((5, 180, None), (6, 180, 300), (6, 192, 300), (6, 193, None)):
        assert first(stt(replace(RULES, min_word_ms=needed), windows=windows), "wants_commit") == due
    assert first(stt(windows=3, partial="yes"), "wants_commit") == 200
    assert first(stt(), "wants_commit") is None


def test_an_answered_partial_is_committed_out_of_the_way() -> None:
    """Its segment is still open and would bring the words again."""
    listening = stt(windows=20, partial="yes")
    listening.discard(answered=True)
    assert listening.wants_commit() == 1
    assert listening.wants_commit() == 0
    for words, done in (("", True), ("...", True), ("yes", False)):
        listening = stt(windows=20, partial=words)
        listening.discard(answered=done)
        assert listening.wants_commit() == 0


def test_a_refused_commit_is_not_repeated() -> None:
    """The partial is all there is; without an utterance it is nothing."""
    listening = stt(windows=20, partial="yes")
    quiet(listening, 200)
    listening.commit_refused(listening.wants_commit())
    assert listening.utterance is not None
    assert (listening.utterance.text, listening.utterance.awaited) == ("yes", 0)
    assert first(listening, "closed") == 380
    listening.commit_refused(1)
    assert listening.utterance is None


# --- the end --------------------------------------------------------------------------------------------------------


def test_an_utterance_is_over_after_its_wait() -> None:
    """With its final; it is given once."""
    listening = stt(windows=20, partial="yes")
    quiet(listening, 200)
    listening.final(TranscriptFinal(listening.wants_commit(), "Yes."))
    wait = listening.wait
    quiet(listening, 160)
    assert listening.closed() is None
    quiet(listening, 20)
    assert listening.closed() == Closed("Yes.", 640, 380, wait, complete=True)
    assert listening.closed() is None
    assert listening.utterance is None
    assert listening.wants_commit() == 0


@pytest.mark.parametrize(
    ("partial", "asked", "over_ms", "complete"),
    [
        ("yes", True, 380 + 500, False),
        ("that depends", True, 940 + 500, False),
        ("", True, 700 + 1_200, False),
        ("...", True, 700 + 1_200, False),
        ("yes", False, 380, True),
    ],
)
def test_how_long_a_final_is_waited_for(partial: str, asked: bool, over_ms: int, complete: bool) -> None:
    """Half a second where a partial has the words, longer where nothing has; not at all if it was not asked for."""
    listening = stt(windows=20, partial=partial)
    if asked:
        assert first(listening, "wants_commit")
    while (closed := listening.closed()) is None:
        quiet(listening, 20)
    assert (closed.silence_ms, closed.complete) == (over_ms, complete)


def test_no_wait_is_shorter_than_the_time_to_ask_for_the_transcript() -> None:
    """A question may have waits of its own."""
    assert first(stt(replace(RULES, finished_ms=100), windows=20, partial="yes"), "closed") == 200


@pytest.mark.parametrize(("stir_ms", "level", "over_ms"), [(0, STIR, 380), (20, STIR - 1, 380), (20, STIR, 400)])
def test_a_sound_at_the_end_of_the_silence_delays_it(stir_ms: int, level: int, over_ms: int) -> None:
    """While it is there: it may be voice that the detector has yet to notice."""
    listening = stt(windows=20, partial="yes")
    quiet(listening, 380 - stir_ms)
    quiet(listening, stir_ms, level)
    while (closed := listening.closed()) is None:
        quiet(listening, 20)
    assert closed.silence_ms >= over_ms
    assert closed.silence_ms <= over_ms + 20


@pytest.mark.parametrize(("finished_ms", "over_ms"), [(380, 520), (381, 540)])
def test_a_sound_delays_the_end_by_no_more(finished_ms: int, over_ms: int) -> None:
    """Than 140 ms: a frame that ends so much later than the wait is the last."""
    listening = stt(replace(RULES, finished_ms=finished_ms), windows=20, partial="yes")
    quiet(listening, 300)
    while (closed := listening.closed()) is None:
        quiet(listening, 20, STIR)
    assert closed.silence_ms == over_ms


def test_the_situation_decides_the_wait() -> None:
    """What the words reply to is set from outside."""
    listening = stt(windows=20, partial="tomorrow at nine")
    assert (listening.wait.ms, listening.wait.why) == (940, "open")
    listening.context = AnswerContext(answering=True)
    assert (listening.wait.ms, listening.wait.why) == (380, "finished")
    assert stt().wait.why == "unheard"


# --- pauses ---------------------------------------------------------------------------------------------------------

PAUSES = replace(RULES, open_ms=0, pause_margin_ms=0, pause_allowance_ms=10_000)
"""With these, `pause_allowance_ms` is the second longest pause."""


def learned(windows: int, partial: str, rules: TurnTaking = PAUSES) -> int:
    """From pauses of 400 and 600 ms behind so much voice and these words."""
    listening = stt(rules, windows, partial)
    for ms in (400, 600):
        quiet(listening, ms)
        voice(listening, 1)
    return listening.endpointing.pause_allowance_ms


def test_pauses_inside_a_thought_are_learned() -> None:
    """Not behind a sound too short for a word, nor between the groups of an entry."""
    assert learned(20, "") == 400
    assert learned(20, "that depends") == 400
    assert learned(5, "") == 0
    assert learned(6, "") == 400
    assert learned(6, "", replace(PAUSES, min_word_ms=192)) == 400
    assert learned(6, "", replace(PAUSES, min_word_ms=193)) == 0
    assert learned(20, "my number is 555") == 0
    listening = stt(PAUSES)
    for ms in (400, 600):
        quiet(listening, ms)
        voice(listening, 1)
    assert listening.endpointing.pause_allowance_ms == 0


def test_an_utterance_that_was_cut_off_goes_on() -> None:
    """The silence in between was a pause, and its words are judged with those before, once there are any."""
    listening, allowances = stt(PAUSES), list[int]()
    for _ in range(2):
        voice(listening, 20)
        listening.partial("is it")
        listening.discard(answered=True)
        listening.final(TranscriptFinal(listening.wants_commit(), "is it"))
        quiet(listening, 400)
        listening.was_cut_off()  # nothing goes on yet
        voice(listening, 2)
        listening.was_cut_off()
        listening.was_cut_off()
        assert listening.utterance is not None
        assert (listening.utterance.before, listening.wait.why) == ("is it", "unheard")
        listening.partial("for tomorrow")
        assert listening.wait == listening.endpointing.wait("is it for tomorrow", AnswerContext())
        allowances.append(listening.endpointing.pause_allowance_ms)
        listening.discard()
    assert allowances == [0, 400 + 20 - 32]


def test_what_was_not_answered_was_not_cut_off() -> None:
    """There is nothing before it."""
    listening = stt(PAUSES, windows=20, partial="my number is")
    listening.discard()
    quiet(listening, 400)
    voice(listening, 2)
    listening.was_cut_off()
    assert listening.utterance is not None
    assert listening.utterance.before == ""
