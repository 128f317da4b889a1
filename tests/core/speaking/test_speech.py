"""What is handed to the voice, and what becomes of text that gets no audio.

Text counts as said when its audio has come. A context that ends or is lost with text uncovered is followed by another
attempt, from the first word that is not wholly covered; after the last attempt the text is given up.
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
    """A call in which `text` is the whole reply, handed to the voice at 1,100 ms."""
    call = Bare(Policy(limits=replace(Limits(filler_ms=60_000), **limits)))
    turn = call.asks(1_000)
    call.writes(1_100, turn, text)
    call.finishes(1_100, turn)
    return call, turn


# --- units ------------------------------------------------------------------------------------------------------------


def test_every_unit_is_handed_out_as_soon_as_it_is_whole() -> None:
    """With exactly one space behind it, on the first attempt."""
    call = Bare()
    turn = call.asks(1_000)
    call.writes(1_100, turn, "Yes. We op")
    assert call.spoken() == [(turn, 1, "Yes. ")]
    call.writes(1_200, turn, "en at nine.")
    assert len(call.spoken()) == 1
    call.finishes(1_300, turn)
    assert call.spoken() == [(turn, 1, "Yes. "), (turn, 1, "We open at nine. ")]


def test_the_voice_is_given_the_spoken_form_and_the_record_the_written_one() -> None:
    """A unit without a spoken form is not handed out."""
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
    """Not by the last character but one; white space needs no audio. And once."""
    call, turn = spoken_reply()
    call.speaks(1_200, turn, TEXT[:-1])
    assert call.when(a.CloseContext) == []
    call.speaks(1_300, turn, TEXT[-1], start_ms=1_500)
    assert call.did(a.CloseContext) == [(1_300, a.CloseContext(turn, 1))]
    call.speaks(1_400, turn, " ", start_ms=1_600)
    call.confirms(1_500, turn)
    call.run(9_000)
    assert call.when(a.CloseContext) == [1_300]


def test_a_context_is_not_closed_while_more_text_may_come() -> None:
    """Then it is closed in the moment when the model ends."""
    call = Bare()
    turn = call.asks(1_000)
    call.writes(1_100, turn, "Yes. ")
    call.speaks(1_200, turn, "Yes. ")
    call.run(5_000)
    assert call.when(a.CloseContext) == []
    call.finishes(5_000, turn)
    assert call.when(a.CloseContext) == [5_000]


def test_a_context_whose_audio_does_not_cover_its_text_is_closed_after_a_while_without_audio() -> None:
    """1.5 s after the last of it; and as long again later it is over, confirmed or not."""
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
    """A context that never gets any is closed as well."""
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
    """Audio that is lost by closing is wanted lost; a context that is closed is not closed again."""
    call, turn = spoken_reply()
    call.speaks(1_200, turn, "We open ")
    call.asks(1_500)
    assert call.did(a.CloseContext) == [(1_500, a.CloseContext(turn, 1))]
    call, turn = spoken_reply()
    call.speaks(1_200, turn, TEXT)
    call.asks(1_500)
    assert call.when(a.CloseContext) == [1_200]


def test_a_cut_phrase_has_no_context_to_close() -> None:
    """It came from the stock."""
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
        ("We open at nine", "nine."),
    ],
)
@pytest.mark.parametrize("lost", [True, False])
def test_the_next_attempt_begins_with_the_first_word_that_was_not_wholly_covered(
    covered: str, rest: str, lost: bool
) -> None:
    """Whether the context was lost or confirmed too early. What is heard in the end is the whole text, once."""
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
    """There is no second attempt, and the turn ends when it has been played."""
    call, turn = spoken_reply()
    call.speaks(1_200, turn, TEXT)
    call.confirms(1_300, turn)
    call.run(1_200 + 1_599)
    assert call.said == []
    call.run(1_200 + 1_600)
    assert call.said == [TEXT]
    assert len(call.spoken()) == 1


def test_a_lost_context_whose_text_is_covered_needs_no_other() -> None:
    """Everything had been delivered."""
    call, turn = spoken_reply()
    call.speaks(1_200, turn, TEXT)
    call.loses(1_300, turn, retryable=False)
    call.run(9_000)
    assert call.said == [TEXT]
    assert call.ended == ""


def test_audio_without_an_alignment_covers_everything_when_the_context_is_confirmed() -> None:
    """There is nothing to compare by, so a normal end is believed."""
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
    """The close race: the service ended before it spoke."""
    call, turn = spoken_reply()
    call.confirms(1_300, turn)
    assert call.spoken()[1:] == [(turn, 2, TEXT + " ")]


@pytest.mark.parametrize(
    ("audio_ms", "rest"), [(179, TEXT), (180, "open at nine."), (539, "open at nine."), (540, "at nine.")]
)
def test_what_a_lost_context_has_said_without_an_alignment_is_counted_by_slow_speech(audio_ms: int, rest: str) -> None:
    """90 ms a character: rather a word twice than a word lost."""
    call, turn = spoken_reply()
    call.at(1_200, e.SpeechAudio(turn, 1, b"\x55" * (8 * audio_ms)))
    call.loses(1_300, turn)
    assert call.spoken()[1:] == [(turn, 2, rest + " ")]


@pytest.mark.parametrize("attempts", [1, 2, 3])
def test_text_is_given_up_after_the_last_attempt(attempts: int) -> None:
    """The call cannot go on without a voice: it ends with words from the stock."""
    call, turn = spoken_reply(speech_attempts=attempts)
    for attempt in range(1, attempts + 1):
        assert call.spoken()[-1] == (turn, attempt, TEXT + " ")
        assert call.explained(d.CallEnding) == []
        call.loses(1_100 + 100 * attempt, turn, attempt)
    assert len(call.spoken()) == attempts
    assert call.sim.explained(d.CallEnding) == [(1_100 + 100 * attempts, {"reason": "voice_failed"})]
    call.run(20_000)
    assert call.said == [WORDING.broken]
    assert call.ended == "voice_failed"


def test_a_loss_that_is_final_gives_up_at_once() -> None:
    """Another attempt would fail as well."""
    call, turn = spoken_reply()
    call.loses(1_200, turn, retryable=False)
    assert call.explained(d.CallEnding) == [1_200]
    assert len(call.spoken()) == 1


def test_a_voice_that_never_answers_is_given_up_by_time() -> None:
    """Each attempt has twice 1.5 s: to be closed, and to be confirmed."""
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


def test_what_was_covered_is_heard_before_the_call_is_given_up_by_a_cut() -> None:
    """The record has what was heard of the sentence, as interrupted."""
    call, turn = spoken_reply()
    call.speaks(1_200, turn, "We open ")
    call.run(1_950)
    call.loses(1_950, turn, retryable=False)
    call.run(12_000)
    assert call.said == ["We open --", WORDING.broken]


def test_answers_of_an_attempt_that_is_over_are_stale() -> None:
    """Audio, confirmation and loss of attempt 1 mean nothing to attempt 2; nor do those of turns that never were."""
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
    """It was confirmed as finished, and the track is closed."""
    call, turn = spoken_reply()
    call.speaks(1_200, turn, TEXT)
    call.confirms(1_300, turn)
    sent = len(call.did(a.SendAudio))
    call.speaks(1_400, turn, "more")
    assert len(call.did(a.SendAudio)) == sent


def test_text_that_comes_after_the_service_has_ended_the_context_opens_the_next() -> None:
    """A context times out while a tool runs; the text behind it is not lost, and its place is behind what was said."""
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


def test_an_attempt_that_ended_early_is_over_when_no_text_comes_behind_it() -> None:
    """The end of the model's reply ends the turn."""
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.writes(1_100, turn, "One moment. ")
    call.speaks(1_200, turn, "One moment. ")
    call.confirms(1_300, turn)
    call.finishes(5_000, turn)
    call.run(5_000)
    assert call.said == ["One moment."]


def test_the_place_of_words_in_a_later_attempt_counts_from_its_own_audio() -> None:
    """What an interruption leaves is exact to the word after a loss, too."""
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


def test_a_phrase_in_stock_is_played_without_the_voice() -> None:
    """It is sent in the millisecond in which it is wanted."""
    call = Bare(Policy(greeting="Welcome."))
    call.run(2_000)
    assert call.spoken() == []
    assert call.sim.heard[0][0] == 0
    assert call.said == ["Welcome."]


def test_a_phrase_that_is_not_in_stock_goes_through_the_voice() -> None:
    """In its spoken form, if it has one."""
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


def test_stock_of_another_text_is_not_played() -> None:
    """The greeting was changed since it was synthesised."""
    sim = Simulator(Policy(greeting="Welcome."), phrases=False)
    sim.at(0, e.PhrasesLoaded((e.Phrase("greeting", "Hello.", b"\x55" * 1_600),)))
    sim.call.step(e.PhrasesLoaded((e.Phrase("greeting", "Hello.", b"\x55" * 1_600),)), 0)
    sim.run(2_000)
    assert [x.text for _, x in sim.actions(a.Speak)] == ["Welcome. "]


def test_an_interrupted_phrase_is_recorded_as_far_as_it_was_heard() -> None:
    """By the alignment in the stock."""
    call = Bare(Policy(greeting="Welcome to the Blue Door."))
    call.asks(70 * len("Welcome to"))
    assert call.said == ["Welcome to --"]
