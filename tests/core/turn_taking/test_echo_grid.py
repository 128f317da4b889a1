"""Speakerphone, as a table: answers of every length, by delay and level; and callers who are heard all the same."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from telephony.core import decisions as d
from telephony.core.history import History
from telephony.core.policy import Policy
from telephony.testing.script import CallerScript
from telephony.testing.simulator import Simulator, last_words
from tests.core.calls import agent_lines, asks, caller, requested_replies
from tests.core.turn_taking.test_echo import EchoingLine, on_speakerphone

LATE_MS = 50, 150, 250, 350, 400
BELOW_DB = 8, 14, 20, 28
ANSWERS = (
    "Yes?", "Hello?", "Of course.", "At nine.", "We are closed.", "Please write to us today.", "You can pay by card.",
    "Your table is booked.", "Restaurant reservations only.", "Nobody is available.",
    "The rent is one thousand two hundred fifty a week.",
    "Sorry, we are closed on Mondays. Anything else?", "We open at nine in the morning and close at six.",
    "We are closed on Sundays, so please come on Monday morning.",
)  # fmt: skip
FIGURES = (
    "Half past nine.", "Quarter to ten.", "We close at half past nine.", "We open at a quarter to ten on Sundays.",
    "Our number is zero three zero one two three four five six seven.", "It costs twenty five euros fifty.",
    "Zero three zero one two three four five six seven.", "From half past nine until quarter to ten.",
    "Your code is four two seven one, and the price is two hundred and fifty.",
    "That is on May first, at six o'clock.", "It is twelve percent of one point five million.",
)  # fmt: skip
SLOW = "Restaurant reservations only."
"""Its second word ends 0.9 s after the first, when the core has waited for 0.76 s."""
WRITTEN = {
    "half past nine": "9:30", "quarter to ten": "9:45", "zero three zero one two three four five six seven":
    "030 1234567", "twenty five euros fifty": "€25.50", "four two seven one": "4271", "two hundred and fifty": "250",
    "may first": "May 1st", "six o'clock": "6:00", "twelve percent": "12%", "one point five million": "1.5 million",
}  # fmt: skip
QUESTION = "what are your hours"


def in_figures(text: str) -> str:
    """What a recogniser makes of spoken numbers, once it has heard all of one."""
    for said, written in WRITTEN.items():
        text = text.replace(said, written)
    return text


def without_every_fifth(text: str) -> str:
    return " ".join(word for at, word in enumerate(text.split(), 1) if at % 5) if text != QUESTION else text


def as_it_is(text: str) -> str:
    return text


@pytest.mark.parametrize(
    ("says", "hears"),
    [(says, as_it_is) for says in ANSWERS]
    + [(says, in_figures) for says in FIGURES]
    + [(says, without_every_fifth) for says in ANSWERS[4:]],
)
def test_no_echo_is_an_interruption_or_a_turn(says: str, hears: Callable[[str], str]) -> None:
    """20 of 20: as an answer (the caller's loudness is known) and as the greeting (it is not)."""
    wrong = []
    for late_ms in LATE_MS:
        for below_db in BELOW_DB:
            answer = on_speakerphone(asks(QUESTION).waits(7), [says], late_ms=late_ms, below_db=below_db, hears=hears)
            greeting = on_speakerphone(
                CallerScript().waits(7), ["Yes?"], late_ms=late_ms, below_db=below_db, greeting=says, hears=hears
            )
            if agent_lines(answer) != [says] or caller(answer) != [QUESTION] or answer.explained(d.Cut):
                wrong.append(("answer", late_ms, below_db))
            if agent_lines(greeting) != [says] or caller(greeting) or greeting.explained(d.Cut):
                wrong.append(("greeting", late_ms, below_db))
    assert wrong == []


@pytest.mark.parametrize("late_ms", [250, 500, 900])
@pytest.mark.parametrize(
    ("says", "reply"),
    [
        ("Nine thirty or ten?", "nine thirty"), ("Nine thirty or ten?", "ten"), ("Shall I book it?", "book it"),
        ("Sales or support?", "support"), ("Is that Anna?", "Anna"), ("At half past nine?", "9:30"),
        ("Is it four two seven one?", "4271"), ("Yes?", "yes"),
    ],
)  # fmt: skip
def test_a_caller_who_answers_with_the_agents_words_is_answered(says: str, reply: str, late_ms: int) -> None:
    """Whether or not their loudness is known, with an echo or without: they have to hear the words first."""

    def agent(history: History) -> list[str]:
        return [says if last_words(history) == QUESTION else "Very well."]

    for greeting in ("", says):
        begin = CallerScript() if greeting else asks(QUESTION)
        for below_db in (20, 80):
            sim = on_speakerphone(
                begin.waits_for_agent(late_ms / 1_000).says(reply).waits(4), agent, below_db=below_db, greeting=greeting
            )
            assert caller(sim)[-1].endswith(reply)
            assert "Very well." in agent_lines(sim)


INTERRUPTIONS = (
    "stop", "hold on a minute", "no I meant Sunday", "can I bring a dog", "what about lunch", "I need a table",
    "we are nine people", "at nine on Sundays", "hello", "excuse me",
)  # fmt: skip
LONG_ANSWER = "We open at nine in the morning and close at six. On Sundays we stay closed. Please book ahead."


def cut_after(sim: Simulator, began_ms: int) -> list[int]:
    return [at - began_ms for at, _ in sim.explained(d.Cut)]


@pytest.mark.parametrize("words", INTERRUPTIONS)
def test_an_echo_does_not_delay_an_interruption(words: str) -> None:
    """At the caller's own level, over an echo, the cut comes at most a tenth of a second later than without one."""
    for after_s in (1.0, 2.2):
        cuts = list[int]()
        for below_db in (80, 20):
            script = asks(QUESTION).interrupts(words, after_s).waits(6)
            sim = on_speakerphone(script, [LONG_ANSWER], late_ms=250, below_db=below_db)
            began = next(sound.start for sound in sim.sounds if " ".join(sound.words) == words)
            cuts.append(min(cut_after(sim, began)))
        assert max(cuts) <= cuts[0] + 100, (after_s, cuts)


UNRELATED = "purple because window elephant maybe seven running though garden under".split()


class Misheard(EchoingLine):
    """One word in `one_in` of the echo is replaced by another, dropped, or split; the caller's `QUESTION` is heard."""

    def __init__(self, sim: Simulator, late_ms: int, below_db: int, one_in: int, seed: int) -> None:
        super().__init__(sim, late_ms, below_db)
        self._one_in, self._seed = one_in, seed

    def _words(self, now: int) -> list[str]:
        asked, found = QUESTION.split(), super()._words(now)
        own = len(asked) if self.sounds and found[: len(asked)] == asked else 0
        return found[:own] + [part for at, word in enumerate(found[own:]) for part in self._heard(at, word)]

    def _heard(self, at: int, word: str) -> list[str]:
        rng = Random(f"{self._seed}/{at}/{word}")
        if rng.randrange(self._one_in):
            return [word]
        half = len(word) // 2
        return rng.choice(([rng.choice(UNRELATED)], [], [word[:half], word[half:]] if half > 1 else [word]))


@pytest.mark.parametrize("says", [says for says in ANSWERS[4:] if says != SLOW])
def test_a_misheard_echo_is_one_still(says: str) -> None:
    """A tenth of the words, the first included. Of those with a fifth misheard, one call in fifty goes wrong."""
    wrong = []
    for seed in range(3):
        for below_db in (8, 20):
            for greeting in (says, ""):
                sim = Simulator(Policy(greeting=greeting), lambda _: [says])
                sim._stt.recogniser = Misheard(sim, 200, below_db, 10, seed)
                (CallerScript() if greeting else asks(QUESTION)).waits(7).play(sim)
                if agent_lines(sim)[0] != says or caller(sim) != ([] if greeting else [QUESTION]):
                    wrong.append((seed, below_db, greeting, sim.lines))
    assert wrong == []


@pytest.mark.parametrize("late_ms", [100, 200, 400])
@pytest.mark.parametrize(
    ("says", "reply"),
    [
        ("Is that a table for four people?", "four people"), ("Shall I book it for nine thirty?", "nine thirty"),
        ("Do you want a window seat?", "a window seat"), ("At nine thirty?", "no eight thirty"),
        ("At nine thirty?", "eight thirty"), ("Is your name Anna Smith?", "yes Anna Smith"),
        ("Was that two rooms?", "three rooms"), ("Cash or credit card?", "credit card"),
    ],
)  # fmt: skip
def test_an_answer_in_the_agents_words_is_heard_whole_behind_their_echo(says: str, reply: str, late_ms: int) -> None:
    """A caller who speaks a quarter, or half, of a second after the question; nothing is known of their loudness."""
    asked_ms = on_speakerphone(CallerScript().waits(8), ["Yes?"], late_ms=late_ms, greeting=says).heard[-1][1]
    for gap_ms in (250, 500):
        script = CallerScript().waits((asked_ms + gap_ms) / 1_000).says(reply).waits(4)
        for below_db in (8, 20):
            sim = on_speakerphone(script, ["Very well."], late_ms=late_ms, below_db=below_db, greeting=says)
            assert " ".join(caller(sim)[-1:]).endswith(reply), (gap_ms, below_db, sim.lines)


@pytest.mark.parametrize("says", [says for says in ANSWERS[4:] if says != SLOW])
def test_no_reply_to_an_echo_is_prepared(says: str) -> None:
    for below_db in (8, 20):
        sim = on_speakerphone(asks(QUESTION).waits(7), [says], below_db=below_db)
        assert len({reply.turn for reply in requested_replies(sim)}) == 1
