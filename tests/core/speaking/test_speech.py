"""What is sent to TTS, and how text without audio is handled.

Text counts as said when its audio has arrived. If a context ends or is lost before its audio covers its text, another
attempt starts at the first word that is not wholly covered; after the last attempt the text is given up.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.policy import Limits, Policy
from telephony.testing.simulator import Simulator
from tests.core.bare import Bare

WORDING = Policy().wording
TEXT = "We open at nine."


def spoken_reply(text: str = TEXT, **limits: int) -> tuple[Bare, int]:
    """A call in which `text` is the whole reply, sent to TTS at 1,100 ms. Returns the call and the turn."""
    call = Bare(Policy(limits=replace(Limits(filler_ms=60_000), **limits)))
    turn = call.asks(1_000)
    call.writes(1_100, turn, text)
    call.finishes(1_100, turn)
    return call, turn


# --- units ------------------------------------------------------------------------------------------------------------


def test_every_unit_is_sent_as_soon_as_it_is_whole() -> None:
    """It ends with exactly one space and belongs to the first attempt."""
    call = Bare()
    turn = call.asks(1_000)
    call.writes(1_100, turn, "Yes. We op")
    assert call.spoken() == [(turn, 1, "Yes. ")]
    call.writes(1_200, turn, "en at nine.")
    assert len(call.spoken()) == 1
    call.finishes(1_300, turn)
    assert call.spoken() == [(turn, 1, "Yes. "), (turn, 1, "We open at nine. ")]


def test_tts_receives_the_spoken_form_and_the_record_the_written_one() -> None:
    """A unit whose spoken form is empty is not sent."""
    call = Bare(spoken_form=lambda text: {"$5.": "five dollars.", "---": ""}.get(text, text))
    turn = call.asks(1_000)
    call.writes(1_100, turn, "It is\n---\n$5.\n")
    call.finishes(1_100, turn)
    assert [text for _, _, text in call.spoken()] == ["It is ", "five dollars. "]
    call.speaks(1_200, turn, "It is five dollars. ")
    call.confirms(1_200, turn)
    call.run(5_000)
    assert call.said == ["It is $5."]


# --- closing ----------------------------------------------------------------------------------------------------------


def test_a_context_is_closed_when_its_audio_covers_all_text() -> None:
    """The last letter must be covered, punctuation and white space need not be. The context is closed once."""
    call, turn = spoken_reply()
    call.speaks(1_200, turn, TEXT[:-2])
    assert call.when(a.CloseContext) == []
    call.speaks(1_300, turn, TEXT[-2], start_ms=1_400)
    assert call.did(a.CloseContext) == [(1_300, a.CloseContext(turn, 1))]
    call.speaks(1_400, turn, ". ", start_ms=1_500)
    call.confirms(1_500, turn)
    call.run(9_000)
    assert call.when(a.CloseContext) == [1_300]


def test_a_context_is_not_closed_while_more_text_may_come() -> None:
    """It is closed when the model's reply ends."""
    call = Bare()
    turn = call.asks(1_000)
    call.writes(1_100, turn, "Yes. ")
    call.speaks(1_200, turn, "Yes. ")
    call.run(5_000)
    assert call.when(a.CloseContext) == []
    call.finishes(5_000, turn)
    assert call.when(a.CloseContext) == [5_000]


def test_an_uncovered_context_is_closed_after_a_while_without_audio() -> None:
    """It is closed 1.5 s after its last audio, and given up 1.5 s later if it is not confirmed."""
    call, turn = spoken_reply()
    call.speaks(2_000, turn, "We open ")
    call.run(3_499)
    assert call.when(a.CloseContext) == []
    call.run(3_500)
    assert call.when(a.CloseContext) == [3_500]
    call.run(4_999)
    assert len(call.spoken()) == 1
    call.run(5_000)
    assert call.spoken()[1:] == [(turn, 2, "at nine. ")]


def test_the_wait_for_audio_begins_with_the_last_text() -> None:
    """A context that never gets audio is closed as well."""
    call = Bare()
    turn = call.asks(1_000)
    call.writes(1_100, turn, "Yes. ")
    call.run(5_000)
    assert call.when(a.CloseContext) == []
    call.writes(5_000, turn, "We open at nine.")
    call.finishes(5_300, turn)
    call.run(6_799)
    assert call.when(a.CloseContext) == []
    call.run(6_800)
    assert call.when(a.CloseContext) == [6_800]


def test_a_cut_closes_the_context_at_once() -> None:
    """Audio lost by closing is no longer wanted. A closed context is not closed again."""
    call, turn = spoken_reply()
    call.speaks(1_200, turn, "We open ")
    call.asks(1_500)
    assert call.did(a.CloseContext) == [(1_500, a.CloseContext(turn, 1))]
    call, turn = spoken_reply()
    call.speaks(1_200, turn, TEXT)
    call.asks(1_500)
    assert call.when(a.CloseContext) == [1_200]


def test_a_cut_phrase_has_no_context_to_close() -> None:
    """Its audio came from the phrase cache."""
    call = Bare(Policy(greeting="Welcome to the Blue Door."))
    call.asks(500)
    assert call.when(a.CloseContext) == []
    assert call.when(a.ClearPlayout) == [500]


# --- attempts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("covered", "rest"),
    [
        ("", TEXT),
        ("W", TEXT),
        ("We", "open at nine."),
        ("We ", "open at nine."),
        ("We ope", "open at nine."),
        ("We open", "at nine."),
        ("We open at nin", "nine."),
    ],
)
@pytest.mark.parametrize("lost", [True, False])
def test_the_next_attempt_begins_with_the_first_word_that_was_not_wholly_covered(
    covered: str, rest: str, lost: bool
) -> None:
    """Whether the context was lost or confirmed too early, the whole text is heard once."""
    call, turn = spoken_reply()
    if covered:
        call.speaks(1_200, turn, covered)
    (call.loses if lost else call.confirms)(1_300, turn)
    assert call.spoken()[1:] == [(turn, 2, rest + " ")]
    call.speaks(1_400, turn, rest + " ", attempt=2)
    call.confirms(1_400, turn, attempt=2)
    call.run(9_000)
    assert call.said == [TEXT]


def test_a_confirmed_context_whose_text_is_covered_is_over() -> None:
    """There is no second attempt, and the turn ends when its audio has been played."""
    call, turn = spoken_reply()
    call.speaks(1_200, turn, TEXT)
    call.confirms(1_300, turn)
    call.run(1_200 + 1_599)
    assert call.said == []
    call.run(1_200 + 1_600)
    assert call.said == [TEXT]
    assert len(call.spoken()) == 1


@pytest.mark.parametrize("lost", [True, False])
def test_a_missing_full_stop_is_not_said_again(lost: bool) -> None:
    """Punctuation has no sound."""
    call, turn = spoken_reply()
    call.speaks(1_200, turn, TEXT[:-1])
    (call.loses if lost else call.confirms)(1_300, turn)
    call.run(9_000)
    assert call.said == [TEXT]
    assert len(call.spoken()) == 1


@pytest.mark.parametrize(("audio_ms", "rest"), [(349, "at nine."), (350, "")])
def test_audio_without_an_alignment_covers_the_rest_of_a_confirmed_context_if_it_is_long_enough(
    audio_ms: int, rest: str
) -> None:
    """Half of the time that the rest ("at nine.": 7 characters) needs at the pace of the voice so far."""
    call, turn = spoken_reply()
    call.at(1_200, e.SpeechAudio(turn, 1, b"\x55" * (8 * 600), "We open", (100, 200, 300, 400, 400, 500, 600)))
    call.at(1_200, e.SpeechAudio(turn, 1, b"\x55" * (8 * audio_ms)))
    call.confirms(1_300, turn)
    assert [text.strip() for _, _, text in call.spoken()[1:]] == ([rest] if rest else [])


@pytest.mark.parametrize(("audio_ms", "rest"), [(679, "at nine."), (680, "nine.")])
def test_audio_without_an_alignment_may_be_a_pause_when_a_context_is_lost(audio_ms: int, rest: str) -> None:
    """Of half a second; the rest of it is measured as slow speech, so "at" needs 180 ms."""
    call, turn = spoken_reply()
    call.speaks(1_200, turn, "We open ")
    call.at(1_200, e.SpeechAudio(turn, 1, b"\x55" * (8 * (audio_ms - 100))))  # the space has 100 ms
    call.loses(1_300, turn)
    assert call.spoken()[1:] == [(turn, 2, rest + " ")]


@pytest.mark.parametrize(("audio_ms", "rest"), [(499, "open at nine."), (500, "at nine."), (1_399, "")])
@pytest.mark.parametrize("lost", [True, False])
def test_an_alignment_beyond_the_audio_covers_nothing(audio_ms: int, rest: str, lost: bool) -> None:
    """The whole alignment may come with the first audio. The two may differ in length by 200 ms."""
    call, turn = spoken_reply()
    call.at(1_200, e.SpeechAudio(turn, 1, b"\x55" * (8 * audio_ms), TEXT, tuple(range(100, 1_601, 100))))
    (call.loses if lost else call.confirms)(1_300, turn)
    assert [text.strip() for _, _, text in call.spoken()[1:]] == ([rest] if rest else [])
    if rest:
        call.speaks(1_400, turn, rest + " ", attempt=2)
        call.confirms(1_400, turn, attempt=2)
    call.run(9_000)
    assert call.said == [TEXT]


def test_a_lost_context_whose_text_is_covered_needs_no_other() -> None:
    """All audio had been delivered."""
    call, turn = spoken_reply()
    call.speaks(1_200, turn, TEXT)
    call.loses(1_300, turn, retryable=False)
    call.run(9_000)
    assert call.said == [TEXT]
    assert call.ended == ""


def test_audio_without_an_alignment_covers_everything_when_the_context_is_confirmed() -> None:
    """Without an alignment, a normal end is taken as complete."""
    call, turn = spoken_reply()
    call.speaks(1_200, turn, TEXT, aligned=False)
    assert call.when(a.CloseContext) == []
    call.confirms(1_300, turn)
    call.run(9_000)
    assert call.said == [TEXT]


def test_audio_without_an_alignment_covers_its_text_however_short_it_is() -> None:
    """A lost context is judged by its length, one that was confirmed is not."""
    call, turn = spoken_reply()
    call.at(1_200, e.SpeechAudio(turn, 1, b"\x55" * (8 * 500)))
    call.confirms(1_300, turn)
    assert len(call.spoken()) == 1
    call.run(9_000)
    assert call.said == [TEXT]


def test_a_confirmation_without_any_audio_covers_nothing() -> None:
    """This is the close race: TTS ended the context before it spoke."""
    call, turn = spoken_reply()
    call.confirms(1_300, turn)
    assert call.spoken()[1:] == [(turn, 2, TEXT + " ")]


@pytest.mark.parametrize(
    ("audio_ms", "rest"), [(179, TEXT), (180, "open at nine."), (539, "open at nine."), (540, "at nine.")]
)
def test_without_an_alignment_a_lost_context_is_measured_as_slow_speech(audio_ms: int, rest: str) -> None:
    """It counts 90 ms per character: repeating a word is better than losing one."""
    call, turn = spoken_reply()
    call.at(1_200, e.SpeechAudio(turn, 1, b"\x55" * (8 * audio_ms)))
    call.loses(1_300, turn)
    assert call.spoken()[1:] == [(turn, 2, rest + " ")]


@pytest.mark.parametrize("attempts", [1, 2, 3])
def test_text_is_given_up_after_the_last_attempt(attempts: int) -> None:
    """The call cannot continue without TTS and ends with a cached phrase."""
    call, turn = spoken_reply(speech_attempts=attempts)
    for attempt in range(1, attempts + 1):
        assert call.spoken()[-1] == (turn, attempt, TEXT + " ")
        assert call.explained(d.CallEnding) == []
        call.loses(1_100 + 100 * attempt, turn, attempt)
    assert len(call.spoken()) == attempts
    assert call.sim.explained(d.CallEnding) == [(1_100 + 100 * attempts, {"reason": "tts_failed"})]
    call.run(20_000)
    assert call.said == [WORDING.broken]
    assert call.ended == "tts_failed"


def test_a_loss_that_is_final_gives_up_at_once() -> None:
    """A loss that is not retryable starts no other attempt."""
    call, turn = spoken_reply()
    call.loses(1_200, turn, retryable=False)
    assert call.explained(d.CallEnding) == [1_200]
    assert len(call.spoken()) == 1


def test_a_tts_that_never_answers_is_given_up() -> None:
    """Each attempt lasts twice 1.5 s: until it is closed, and until it should have been confirmed."""
    call, _ = spoken_reply()
    call.run(10_099)
    assert [attempt for _, attempt, _ in call.spoken()] == [1, 2, 3]
    assert call.explained(d.CallEnding) == []
    call.run(10_100)
    assert call.explained(d.CallEnding) == [10_100]


def test_a_turn_ends_without_a_confirmation() -> None:
    """1.5 s after the close, no more audio is expected: the turn is over when what came has been played."""
    call, turn = spoken_reply()
    call.speaks(1_200, turn, TEXT)
    assert call.when(a.CloseContext) == [1_200]
    call.run(1_200 + 1_599)
    assert call.said == []
    call.run(1_200 + 1_600)
    assert call.said == [TEXT]


def test_a_failed_reply_is_recorded_as_far_as_it_was_heard() -> None:
    """The heard part of the sentence is recorded as interrupted."""
    call, turn = spoken_reply()
    call.speaks(1_200, turn, "We open ")
    call.run(1_950)
    call.loses(1_950, turn, retryable=False)
    call.run(12_000)
    assert call.said == ["We open --", WORDING.broken]


def test_events_of_a_finished_attempt_are_stale() -> None:
    """Events of attempt 1 do not affect attempt 2, and events of unknown turns are ignored."""
    call, turn = spoken_reply()
    call.loses(1_200, turn)
    sent = len(call.did(a.SendAudio))
    call.speaks(1_300, turn, "late", attempt=1)
    call.confirms(1_300, turn, attempt=1)
    call.loses(1_300, turn, attempt=1, retryable=False)
    call.speaks(1_300, turn + 1, "never", attempt=1)
    call.confirms(1_300, turn + 1)
    call.loses(1_300, turn + 1, retryable=False)
    assert len(call.did(a.SendAudio)) == sent
    assert len(call.spoken()) == 2
    assert call.explained(d.CallEnding) == []


def test_audio_after_the_end_of_the_turns_speech_is_stale() -> None:
    """The context was confirmed as finished, and the track is closed."""
    call, turn = spoken_reply()
    call.speaks(1_200, turn, TEXT)
    call.confirms(1_300, turn)
    sent = len(call.did(a.SendAudio))
    call.speaks(1_400, turn, "more")
    assert len(call.did(a.SendAudio)) == sent


def test_text_after_the_end_of_its_context_opens_another() -> None:
    """The context timed out while a tool ran. The later text is spoken after the earlier."""
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.writes(1_100, turn, "One moment. ")
    call.speaks(1_200, turn, "One moment. ")
    call.confirms(1_300, turn)
    call.run(5_000)
    assert call.said == []
    call.writes(5_000, turn, "It is booked.")
    call.finishes(5_000, turn)
    assert call.spoken() == [(turn, 1, "One moment. "), (turn, 2, "It is booked. ")]
    call.speaks(5_100, turn, "It is booked. ", attempt=2)
    call.confirms(5_100, turn, attempt=2)
    call.run(9_000)
    assert call.said == ["One moment. It is booked."]


def test_an_attempt_that_ended_early_is_over_when_no_text_follows() -> None:
    """The end of the model's reply ends the turn."""
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.writes(1_100, turn, "One moment. ")
    call.speaks(1_200, turn, "One moment. ")
    call.confirms(1_300, turn)
    call.finishes(5_000, turn)
    call.run(5_000)
    assert call.said == ["One moment."]


def test_words_of_a_later_attempt_are_located_in_its_own_audio() -> None:
    """After a loss, the heard text is still exact to the word."""
    call, turn = spoken_reply()
    call.speaks(1_200, turn, "We open a")
    call.loses(1_300, turn)
    call.speaks(1_300, turn, "at nine. ", attempt=2)
    heard_at = 1_200 + 900 + 200
    call.run(heard_at - 1)
    call.asks(heard_at - 1)
    assert call.said == ["We open --"]
    call, turn = spoken_reply()
    call.speaks(1_200, turn, "We open a")
    call.loses(1_300, turn)
    call.speaks(1_300, turn, "at nine. ", attempt=2)
    call.asks(heard_at)
    assert call.said == ["We open at --"]


def test_the_place_of_words_counts_from_the_later_attempt_after_a_timeout_too() -> None:
    """The context is closed after 1.5 s without audio and given up after 3 s; "a" is spoken again in "at"."""
    call, turn = spoken_reply()
    call.speaks(1_200, turn, "We open a")
    call.run(4_200)
    assert call.spoken()[1:] == [(turn, 2, "at nine. ")]
    call.speaks(4_300, turn, "at nine. ", attempt=2)
    call.asks(4_300 + 200)
    assert call.said == ["We open at --"]
    call, turn = spoken_reply()
    call.speaks(1_200, turn, "We open a")
    call.run(4_200)
    call.speaks(4_300, turn, "at nine. ", attempt=2)
    call.asks(4_300 + 199)
    assert call.said == ["We open --"]


def test_missing_marks_are_put_on_record_once() -> None:
    """2 s after the audio should have been played the turn is over, and nothing of it counts as heard."""
    call = Bare()
    call.sim.faults.marks_lost = True
    turn = call.asks(1_000)
    call.replies(1_200, turn, "Yes.")  # 500 ms with the space behind it
    call.run(1_200 + 500 + 1_999)
    assert call.explained(d.MarksMissing) == []
    call.run(1_200 + 500 + 2_000)
    assert call.explained(d.MarksMissing) == [3_700]
    call.run(6_000)
    assert call.explained(d.MarksMissing) == [3_700]
    assert call.said == []


# --- fixed phrases ----------------------------------------------------------------------------------------------------


def test_a_cached_phrase_is_played_without_tts() -> None:
    """It is sent in the millisecond in which it is needed."""
    call = Bare(Policy(greeting="Welcome."))
    call.run(2_000)
    assert call.spoken() == []
    assert call.sim.heard[0][0] == 0
    assert call.said == ["Welcome."]


def test_a_cached_phrase_is_in_its_spoken_form() -> None:
    """The record has what was written."""
    call = Bare(Policy(greeting="It is 9."), phrases=False, spoken_form=lambda text: text.replace("9", "nine"))
    call.sim.call.step(e.PhrasesLoaded((e.Phrase("greeting", "It is nine.", b"\x55" * 1_600),)), 0)
    call.run(2_000)
    assert call.spoken() == []
    assert call.said == ["It is 9."]


def test_a_phrase_that_is_not_cached_goes_through_tts() -> None:
    """It is sent in its spoken form, or as written if that is empty."""
    call = Bare(Policy(greeting="It is 9."), phrases=False, spoken_form=lambda text: text.replace("9", "nine"))
    call.run(0)
    assert call.spoken() == [(1, 1, "It is nine. ")]
    call.speaks(100, 1, "It is nine. ")
    assert call.when(a.CloseContext) == [100]
    call.confirms(100, 1)
    call.run(3_000)
    assert call.said == ["It is 9."]
    silent = Bare(Policy(greeting="..."), phrases=False, spoken_form=lambda text: "")
    silent.run(0)
    assert silent.spoken() == [(1, 1, "... ")]


def test_a_cached_phrase_with_another_text_is_not_played() -> None:
    """The greeting was changed after the phrase had been synthesised."""
    sim = Simulator(Policy(greeting="Welcome."), phrases=False)
    sim.at(0, e.PhrasesLoaded((e.Phrase("greeting", "Hello.", b"\x55" * 1_600),)))
    sim.call.step(e.PhrasesLoaded((e.Phrase("greeting", "Hello.", b"\x55" * 1_600),)), 0)
    sim.run(2_000)
    assert [x.text for _, x in sim.actions(a.Speak)] == ["Welcome. "]


def test_an_interrupted_phrase_is_recorded_as_far_as_it_was_heard() -> None:
    """The alignment in the cache tells how far."""
    call = Bare(Policy(greeting="Welcome to the Blue Door."))
    call.asks(70 * len("Welcome to"))
    assert call.said == ["Welcome to --"]
