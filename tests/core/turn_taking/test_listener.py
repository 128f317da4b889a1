"""What counts as a listener's words while the agent talks: by the words and by their shape."""

from __future__ import annotations

import pytest

from telephony.core import decisions as d
from telephony.core.language.registry import language_for
from telephony.core.language.remarks import Remark
from telephony.core.policy import Policy
from telephony.core.turn_taking.listener import MURMUR_MS, Listener
from telephony.testing.simulator import Simulator

ENGLISH = language_for("en")
TALK = (
    "We are open from nine in the morning until half past six in the evening from Monday to Saturday, and on public "
    "holidays we open a little later than that. You will find us right behind the central station."
)

MEANT = (
    "home help fire pain hurt dead gun cops nope nah next skip slow lost sick late done more none "
    "cop ill die ow sos pay buy fix run cut may six ten but"
)
"""Short words that people say softly, and mean."""
PLACED = (
    "on the right", "to the right", "at the right", "the right", "by the right", "at great", "for good", "in good",
    "is it okay", "is it fine", "is that right", "is that okay", "is this fine", "was it good", "are they good",
)  # fmt: skip
"""A listener's word that says something with the words before it."""


@pytest.mark.parametrize(
    ("text", "voice_ms", "soft", "kind"),
    [
        # --- a listener's word beside words that are heard in any sound ---
        ("the okay", 400, False, Remark.WHOLE),
        ("mm in", 400, False, Remark.WHOLE),
        ("a got you", 400, False, Remark.WHOLE),
        ("the okay", MURMUR_MS, False, Remark.WHOLE),
        ("the okay", MURMUR_MS + 1, False, Remark.NONE),
        ("the okay", 0, False, Remark.NONE),  # there was no voice, so it was not short either
        ("the a okay in", 400, False, Remark.NONE),
        ("okay but", 400, False, Remark.NONE),  # an opener leads to something
        ("okay two", 400, False, Remark.NONE),
        ("the a", 400, False, Remark.NONE),
        *((words, 400, False, Remark.WHOLE) for words in ("a okay", "in yeah", "mm the", "to mhm", "at yes")),
        *((words, 400, soft, Remark.NONE) for words in PLACED for soft in (False, True)),
        # --- one short word, softly ---
        ("hum", 300, True, Remark.WHOLE),
        ("hum", 300, False, Remark.NONE),
        ("hum", MURMUR_MS + 1, True, Remark.NONE),
        *((word, 300, True, Remark.WHOLE) for word in "ham him hub mum her mop arm hat".split()),
        *((word, 300, True, Remark.NONE) for word in MEANT.split()),
        ("house", 300, True, Remark.NONE),  # too long to be a murmur
        ("go home", 300, True, Remark.NONE),
        ("five", 300, True, Remark.NONE),
        ("stop", 300, True, Remark.NONE),
        ("why", 300, True, Remark.NONE),
        ("book", 300, True, Remark.NONE),
        # --- remarks, however long ---
        ("that's lovely", 2_000, False, Remark.WHOLE),
        ("that's", 2_000, False, Remark.BEGUN),
    ],
)
def test_words_and_shape(text: str, voice_ms: int, soft: bool, kind: Remark) -> None:
    """Rows of the table."""
    assert Listener(ENGLISH).remark(text, voice_ms=voice_ms, soft=soft) is kind


def test_words_are_judged_anew_when_anything_about_them_changes() -> None:
    """The same text may be a murmur at first, and too long for one later."""
    listener = Listener(ENGLISH)
    found = [
        listener.remark("hum", voice_ms=voice_ms, soft=soft)
        for voice_ms, soft in ((300, True), (800, True), (300, True), (300, False))
    ]
    assert found == [Remark.WHOLE, Remark.NONE, Remark.WHOLE, Remark.NONE]


def talked_over(words: str, ms: int = 700, talk: str = TALK, at: int = 3_000, language: str = "en") -> Simulator:
    """A call in which the caller says this during the greeting."""
    sim = Simulator(Policy(greeting=talk, language=language), lambda history: ["Certainly."])
    sim.says(at, words, ms)
    sim.run(at + 22_000)
    return sim


@pytest.mark.parametrize(
    ("language", "words"),
    [
        *(("en", words) for words in (
            "that's lovely", "no problem", "okay that makes sense", "oh is it", "what a shame", "good to know",
            "oh that's a relief", "my goodness", "no worries", "a got you", "oh no worries", "fair enough", "is it",
        )),
        ("de", "das ist ja toll"), ("fr", "c'est super"), ("es", "qué bien"), ("it", "che bello"), ("cs", "jasně"),
    ],
)  # fmt: skip
def test_a_remark_inside_the_agents_phrase_costs_nothing(language: str, words: str) -> None:
    """All is said, nothing answered."""
    sim = talked_over(words, 600, language=language)
    assert sim.lines == [("agent", TALK)]
    assert len(sim.explained(d.Held)) == len(sim.explained(d.Resumed)) == 1
    assert sim.explained(d.Cut) == []


@pytest.mark.parametrize(
    "words",
    [
        "stop", "wait", "no", "hold on", "excuse me", "Anna", "operator", "what", "Thursday", "yeah but",
        "that's wrong", "is it open on Sundays", "okay so when can I come", "nice but how much is it", "five",
        "that's my sister", "could you repeat that",
        "no way", "of course not", "not at all", "oh no", "you're kidding", "that's crazy", "that's terrible",
        "oh my god", "ouch", "oh god", "on the right", "is it okay", "is that right", "help", "fire",
    ],
)  # fmt: skip
def test_a_short_interruption_is_held_as_fast_as_ever_and_answered(words: str) -> None:
    """Whatever it may look like in the beginning: all of its words are the turn."""
    sim = talked_over(words, max(300, 230 * len(words.split())))
    assert sim.explained(d.Held)[0][0] - 3_000 <= sim.policy.turn_taking.hold_after_ms + 60
    assert sim.explained(d.Cut) != []
    assert [text for who, text in sim.lines if who == "caller"] == [words]


def test_a_remark_that_answers_a_question_is_an_answer() -> None:
    """ "That would be lovely" to "Shall I book it?": not in the agent's phrase, but its answer."""
    asks = "We have a table at eight. Shall I book it for you? I can also put you on the list for nine o'clock, or ten."
    sim = talked_over("that would be lovely", 900, asks, at=4_000)
    assert ("caller", "that would be lovely") in sim.lines


def test_words_that_only_the_final_transcript_has_are_not_lost() -> None:
    """Even if they come after the resume: a recogniser that has sent nothing yet is not waited for long."""
    sim = Simulator(Policy(greeting=TALK), lambda history: ["Certainly."])
    sim.faults.no_partials = True
    sim.latencies.final = 700
    sim.says(3_000, "cancel it", 600)
    sim.run(12_000)
    assert len(sim.explained(d.Resumed)) == 1
    assert ("caller", "cancel it") in sim.lines
