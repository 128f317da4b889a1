"""When an utterance opens, when its transcript is committed, and when it ends: `Listening` fed frame by frame.

Every frame of voice completes a detector window here, so voice advances in steps of 32 ms and time in steps of 20.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from telephony.core.actions import CommitTranscript
from telephony.core.events import AudioReceived, TranscriptUpdated
from telephony.core.language.registry import language_for
from telephony.core.listening.listening import Closed, Listening
from telephony.core.policy import TurnTaking
from telephony.core.turn_taking.judgement import Evidence
from telephony.core.turn_taking.question import AnswerContext

RULES = TurnTaking()
QUIET = -700
SOUND = -580


def flat(ms: int) -> TurnTaking:
    """The same wait whatever the words."""
    return RULES.tuned(shortest_wait_ms=ms, longest_wait_ms=ms)


def listening_after(rules: TurnTaking = RULES, windows: int = 0, partial: str = "") -> Listening:
    """A `Listening` after `windows` of voice and a partial."""
    listening = Listening(rules, language_for("en"))
    voice(listening, windows)
    if partial:
        tentative(listening, partial)
    return listening


def voice(listening: Listening, windows: int) -> None:
    for _ in range(windows):
        listening.hear(AudioReceived(b"", 0, 950, -200))


def quiet(listening: Listening, ms: int, level: int = QUIET) -> None:
    assert ms % 20 == 0
    for _ in range(ms // 20):
        listening.hear(AudioReceived(b"", 0, 10, level))


def tentative(listening: Listening, text: str) -> None:
    listening.transcript(TranscriptUpdated("", text))


def stable(listening: Listening, text: str, commit: int) -> None:
    listening.transcript(TranscriptUpdated(text, "", commit))


def commits(listening: Listening) -> int:
    """The number of the commit that is requested now, or 0."""
    return next((action.commit for action in listening.tick() if isinstance(action, CommitTranscript)), 0)


def first(listening: Listening, what: Callable[[Listening], object], within_ms: int = 4_000) -> int | None:
    """The silence, in ms, at which `commits` or `Listening.close` first returns a result. It is called every frame."""
    start = listening.silence_ms
    for ms in range(start, start + within_ms, 20):
        if what(listening):
            return ms
        quiet(listening, 20)
    return None


# --- opening --------------------------------------------------------------------------------------------------------


def test_an_utterance_opens_with_the_second_window_of_voice() -> None:
    """It starts at the first window, and all of the voice counts."""
    listening = listening_after(windows=1)
    quiet(listening, 20)
    assert listening.utterance is None
    assert listening.silence_ms == 0
    listening = listening_after()
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


def test_a_frame_without_a_window_adds_no_voice() -> None:
    """Frames and detector windows differ in length."""
    listening = listening_after(windows=3)
    listening.hear(AudioReceived(b"", 0, None, -200))
    assert listening.utterance is not None
    assert listening.utterance.voice_ms == 96
    assert listening.silence_ms == 20


def test_words_without_voice_open_an_utterance_and_keep_it_alive() -> None:
    """The caller is too quiet for the detector. Punctuation is not a word."""
    listening = listening_after()
    quiet(listening, 1_000)
    tentative(listening, "...")
    assert listening.utterance is None
    tentative(listening, "yes")
    assert listening.utterance is not None
    assert (listening.utterance.opened_ms, listening.utterance.active_ms) == (1_000, 1_000)
    quiet(listening, 300)
    assert listening.silence_ms == 300
    assert commits(listening)
    tentative(listening, "yes we do")
    assert listening.silence_ms == 0
    assert not listening.utterance.committed
    listening = listening_after(partial="yes")
    quiet(listening, 160)
    tentative(listening, "yes")  # repeated words do not end the silence
    assert listening.silence_ms == 160
    tentative(listening, "...")
    assert listening.silence_ms == 160


def test_a_final_without_voice_opens_an_utterance_that_needs_no_commit() -> None:
    """Such words are late; the silence counts from the last voice."""
    listening = listening_after(windows=1)
    quiet(listening, 1_000)
    stable(listening, "...", 0)
    assert listening.utterance is None
    stable(listening, "yes", 0)
    assert listening.utterance is not None
    assert (listening.utterance.opened_ms, listening.utterance.active_ms) == (1_020, 20)
    assert (listening.utterance.committed, listening.utterance.text_ms) == (True, 1_020)
    assert commits(listening) == 0
    listening = listening_after()
    quiet(listening, 1_000)
    stable(listening, "yes", 0)
    assert listening.silence_ms == 1_000


@pytest.mark.parametrize(
    ("windows", "final", "silence_ms"), [(0, "yes please", 0), (0, "yes", 500), (8, "yes please", 500)]
)
def test_a_word_without_voice_that_only_the_final_has_ends_the_silence(
    windows: int, final: str, silence_ms: int
) -> None:
    """The caller was speaking just now, as with a word of a partial; a voice tells better."""
    listening = listening_after(windows=windows, partial="yes")
    quiet(listening, 500)
    stable(listening, final, commits(listening))
    assert listening.silence_ms == silence_ms


def test_when_the_words_last_changed() -> None:
    """A partial or final with different text counts; repeated words and empty finals do not."""
    listening = listening_after(windows=20, partial="yes")
    assert listening.utterance is not None
    assert listening.utterance.text_ms == 400
    quiet(listening, 200)
    tentative(listening, "yes")
    assert listening.utterance.text_ms == 400
    commit = commits(listening)
    quiet(listening, 100)
    stable(listening, "Yes.", commit)
    assert listening.utterance.text_ms == 700
    assert listening.utterance.text == "Yes."
    quiet(listening, 100)
    stable(listening, "", 0)
    assert (listening.utterance.text, listening.utterance.text_ms) == ("Yes.", 700)
    listening = listening_after(windows=20)
    quiet(listening, 300)
    stable(listening, "", commits(listening))
    assert listening.utterance is not None
    assert (listening.utterance.text_ms, listening.utterance.awaited) == (0, 0)


def test_a_late_final_of_an_answered_utterance_comes_before_the_next() -> None:
    """Its additional words were said before those of the next utterance."""
    listening = listening_after(windows=20, partial="what are")
    listening.discard(answered=True)
    commit = commits(listening)
    voice(listening, 20)
    tentative(listening, "what are on sunday")
    assert listening.utterance is not None
    assert listening.utterance.text == "on sunday"
    listening.transcript(TranscriptUpdated("what are your hours", "on sunday", commit))
    assert listening.utterance.text == "your hours on sunday"


def test_answered_words_open_no_utterance() -> None:
    """While they are tentative, and when they become stable."""
    listening = listening_after(windows=20, partial="yes")
    listening.discard(answered=True)
    tentative(listening, "yes")
    tentative(listening, "Yes.")
    stable(listening, "Yes.", commits(listening))
    assert listening.utterance is None
    stable(listening, "Yes.", 0)
    assert listening.utterance is not None


# --- late words -----------------------------------------------------------------------------------------------------


def test_late_words_without_voice_restart_the_silence() -> None:
    """The detector missed voice; STT lag is at most 380 ms, so the silence counts from that long ago."""
    listening = listening_after(flat(940), windows=20, partial="one")
    quiet(listening, 540)
    assert commits(listening)
    quiet(listening, 60)
    tentative(listening, "won")  # corrected, but no more words
    assert listening.silence_ms == 600
    tentative(listening, "one two")
    assert listening.silence_ms == 380
    assert listening.utterance is not None
    assert not listening.utterance.committed


def test_words_within_the_usual_lag_do_not_restart_the_silence() -> None:
    """A partial may lag its last word by up to 380 ms."""
    listening = listening_after(windows=20, partial="one")
    listening.commit_early = True
    quiet(listening, 380)
    assert commits(listening)
    tentative(listening, "one two")
    assert listening.silence_ms == 380
    assert listening.utterance is not None
    assert listening.utterance.committed


def answered(listening: Listening, late_ms: int, text: str) -> None:
    """An utterance that is answered, and whose words arrive `late_ms` after its voice."""
    quiet(listening, 400)
    voice(listening, 20)
    quiet(listening, late_ms)
    tentative(listening, text)
    listening.discard(answered=True)
    commits(listening)


def test_the_usual_lag_of_words() -> None:
    """It rises at once to a longer lag and falls by a quarter of the difference to a shorter one; at most 380 ms."""
    listening, found = listening_after(), list[int]()
    assert listening.transcript_lag_ms == 0
    listening.discard(answered=True)  # there is none
    stable(listening, "hello", 0)
    listening.discard(answered=True)
    assert listening.transcript_lag_ms == 0
    for late_ms, text in ((300, "yes"), (100, "no thanks"), (100, "maybe"), (240, "nine"), (2_000, "ten please")):
        answered(listening, late_ms, text)
        found.append(listening.transcript_lag_ms)
    assert found == [300, 250, 213, 240, 380]
    tentative(listening, "that is")
    listening.discard()
    assert listening.transcript_lag_ms == 380


def test_whether_stt_sends_words_while_the_caller_speaks() -> None:
    """The first partial with words during voice proves it; one in a silence, or without words, does not."""
    listening = listening_after(windows=20)
    quiet(listening, 40)
    tentative(listening, "yes")
    assert not listening.sends_partials
    voice(listening, 2)
    tentative(listening, "...")
    assert not listening.sends_partials
    tentative(listening, "yes we do")
    assert listening.sends_partials
    quiet(listening, 40)
    tentative(listening, "yes we do want it")
    assert listening.sends_partials


# --- commits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "partial", "due_ms"),
    [
        (flat(380), "yes", 200),  # the earliest commit, whatever the wait
        (RULES, "", 200),
        (flat(840), "I need two rooms", 200),
        (flat(1_040), "that depends", 240),
        (flat(1_300), "my number is", 500),
        (RULES, "my number is 555", 700),  # 400 ms: a commit splits what is said in groups
    ],
)
def test_the_commit_comes_before_the_end_of_the_wait(rules: TurnTaking, partial: str, due_ms: int) -> None:
    """800 ms before it, and once for the same voice."""
    listening = listening_after(rules, windows=20, partial=partial)
    assert first(listening, commits) == due_ms
    assert first(listening, commits) is None
    voice(listening, 1)
    assert first(listening, commits) == due_ms


def test_commits_are_numbered() -> None:
    """The segments number them from 1."""
    listening, found = listening_after(windows=20), list[int]()
    for _ in range(3):
        quiet(listening, 300)
        found.append(commits(listening))
        voice(listening, 1)
    assert found == [1, 2, 3]


@pytest.mark.parametrize(
    ("words_at_once", "held_ms", "due_ms"), [(False, 160, 160), (False, 180, 180), (True, 160, 200)]
)
def test_a_hold_makes_the_commit_earlier(words_at_once: bool, held_ms: int, due_ms: int) -> None:
    """Unless this STT sends words during speech, so that the final is less commit_early."""
    listening = listening_after(RULES.tuned(commit_held_ms=held_ms), windows=20, partial="that depends")
    listening.commit_early, listening.sends_partials = True, words_at_once
    assert first(listening, commits) == due_ms


def test_a_sound_too_short_for_a_word_is_not_committed() -> None:
    """It is committed if there are words."""
    for windows, needed, due in ((5, 180, None), (6, 180, 200), (6, 192, 200), (6, 193, None)):
        assert first(listening_after(RULES.tuned(min_word_ms=needed), windows=windows), commits) == due
    assert first(listening_after(windows=3, partial="yes"), commits) == 200
    assert first(listening_after(), commits) is None


def test_an_answered_partial_is_committed() -> None:
    """Otherwise its segment would stay open and repeat the words."""
    listening = listening_after(windows=20, partial="yes")
    listening.discard(answered=True)
    assert commits(listening) == 1
    assert commits(listening) == 0
    for words, done in (("", True), ("...", True), ("yes", False)):
        listening = listening_after(windows=20, partial=words)
        listening.discard(answered=done)
        assert commits(listening) == 0


def test_a_refused_commit_is_not_repeated() -> None:
    """The partial is used instead. Without an utterance a refusal has no effect."""
    listening = listening_after(flat(380), windows=20, partial="yes")
    quiet(listening, 200)
    listening.commit_refused(commits(listening))
    assert listening.utterance is not None
    assert (listening.utterance.text, listening.utterance.awaited) == ("yes", 0)
    assert first(listening, Listening.close) == 380
    listening.commit_refused(1)
    assert listening.utterance is None


# --- the end --------------------------------------------------------------------------------------------------------


def test_an_utterance_is_over_after_its_wait() -> None:
    """It is returned once, with the text of its final."""
    listening = listening_after(flat(380), windows=20, partial="yes")
    quiet(listening, 200)
    stable(listening, "Yes.", commits(listening))
    wait = listening.wait
    quiet(listening, 160)
    assert listening.close() is None
    quiet(listening, 20)
    assert listening.close() == Closed("Yes.", 640, 380, wait, complete=True)
    assert listening.close() is None
    assert listening.utterance is None
    assert commits(listening) == 0


@pytest.mark.parametrize(
    ("rules", "partial", "asked", "over_ms", "complete"),
    [
        (flat(380), "yes", True, 380 + 500, False),
        (flat(940), "that depends", True, 940 + 500, False),
        (RULES, "", True, 700 + 1_200, False),
        (RULES, "...", True, 700 + 1_200, False),
        (flat(380), "yes", False, 380, True),
    ],
)
def test_how_long_closing_waits_for_a_final(
    rules: TurnTaking, partial: str, asked: bool, over_ms: int, complete: bool
) -> None:
    """500 ms if there is a partial, 1,200 ms without words; no time at all if there was no commit."""
    listening = listening_after(rules, windows=20, partial=partial)
    if asked:
        assert first(listening, commits)
    while (closed := listening.close()) is None:
        quiet(listening, 20)
    assert (closed.silence_ms, closed.complete) == (over_ms, complete)


def test_no_wait_is_shorter_than_the_earliest_commit() -> None:
    """This holds even if a question has shorter waits of its own."""
    assert first(listening_after(flat(100), windows=20, partial="yes"), Listening.close) == 200


@pytest.mark.parametrize(("stir_ms", "level", "over_ms"), [(0, SOUND, 380), (20, SOUND - 1, 380), (20, SOUND, 400)])
def test_a_sound_at_the_end_of_the_silence_delays_the_end(stir_ms: int, level: int, over_ms: int) -> None:
    """The sound may be voice that the detector has not recognised yet."""
    listening = listening_after(flat(380), windows=20, partial="yes")
    quiet(listening, 380 - stir_ms)
    quiet(listening, stir_ms, level)
    while (closed := listening.close()) is None:
        quiet(listening, 20)
    assert closed.silence_ms >= over_ms
    assert closed.silence_ms <= over_ms + 20


@pytest.mark.parametrize(("finished_ms", "over_ms"), [(380, 520), (381, 540)])
def test_the_delay_by_a_sound_is_bounded(finished_ms: int, over_ms: int) -> None:
    """By at most 140 ms after the wait."""
    listening = listening_after(flat(finished_ms), windows=20, partial="yes")
    quiet(listening, 300)
    while (closed := listening.close()) is None:
        quiet(listening, 20, SOUND)
    assert closed.silence_ms == over_ms


def test_the_answer_context_decides_the_wait() -> None:
    """The context, set from outside, is the question that the words answer."""
    listening = listening_after(windows=20, partial="tomorrow at nine")
    unasked = listening.wait
    listening.context = AnswerContext(answering=True)
    assert listening.wait.why == "finished" != unasked.why
    assert listening.wait.ms < unasked.ms
    assert listening_after().wait.why == "unheard"


# --- pauses ---------------------------------------------------------------------------------------------------------


def learned(windows: int, partial: str, rules: TurnTaking = RULES) -> int:
    """The usual pause after pauses of 400 and 600 ms that follow `windows` of voice with this text."""
    listening = listening_after(rules, windows, partial)
    for ms in (400, 600):
        quiet(listening, ms)
        voice(listening, 1)
    return listening.endpointing.usual_pause_ms


def test_pauses_inside_a_thought_are_learned() -> None:
    """Pauses after a sound too short for a word, or between the groups of an entry, are not."""
    assert learned(20, "") == 400
    assert learned(20, "that depends") == 400
    assert learned(5, "") == 0
    assert learned(6, "") == 400
    assert learned(6, "", RULES.tuned(min_word_ms=192)) == 400
    assert learned(6, "", RULES.tuned(min_word_ms=193)) == 0
    assert learned(20, "my number is 555") == 0
    listening = listening_after(RULES)
    for ms in (400, 600):
        quiet(listening, ms)
        voice(listening, 1)
    assert listening.endpointing.usual_pause_ms == 0


def test_an_utterance_that_was_cut_off_goes_on() -> None:
    """The silence in between counts as a pause, and new words are judged together with the earlier ones."""
    listening, allowances = listening_after(RULES), list[int]()
    for _ in range(2):
        voice(listening, 20)
        tentative(listening, "is it")
        listening.discard(answered=True)
        stable(listening, "is it", commits(listening))
        quiet(listening, 400)
        listening.was_cut_off()  # no utterance is open yet
        voice(listening, 2)
        listening.was_cut_off()
        listening.was_cut_off()
        assert listening.utterance is not None
        assert (listening.utterance.before, listening.wait.why) == ("is it", "unheard")
        tentative(listening, "for tomorrow")
        assert listening.wait == listening.endpointing.wait(Evidence("is it for tomorrow", AnswerContext()))
        allowances.append(listening.endpointing.usual_pause_ms)
        listening.discard()
    assert allowances == [0, 400 + 20 - 32]


def test_an_unanswered_utterance_was_not_cut_off() -> None:
    """The new utterance has no earlier text."""
    listening = listening_after(RULES, windows=20, partial="my number is")
    listening.discard()
    quiet(listening, 400)
    voice(listening, 2)
    listening.was_cut_off()
    assert listening.utterance is not None
    assert listening.utterance.before == ""
