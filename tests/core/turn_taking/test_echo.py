"""Speakerphone: the agent's own words come back, late and quieter than the caller.

`EchoingLine` is a caller whose telephone returns what the carrier plays: each played character is voice in the caller's
frames `late_ms` later, `below_db` below the caller, and the recogniser transcribes it like anything else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import pytest

from telephony.audio.frames import FRAME_MS
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.history import History
from telephony.core.language.registry import language_for
from telephony.core.listening.voice_activity import WINDOW_MS
from telephony.core.policy import Policy
from telephony.core.turn_taking.echo import Own, own_words
from telephony.testing.recorded_stt import Final, Partial
from telephony.testing.script import CallerScript
from telephony.testing.simulator import CHAR_MS, Simulator, _Stt, last_words
from tests.core.calls import LONG, agent_lines, asks, by_words, caller, number

CALLER_LEVEL = -200
ENGLISH = language_for("en")


class EchoingLine(_Stt):
    """See the module text: the simulator's recogniser, with an echo. `hears` is what it makes of the words."""

    def __init__(self, sim: Simulator, late_ms: int, below_db: int, hears: Callable[[str], str] = lambda x: x) -> None:
        super().__init__(sim)
        self._late_ms, self._level, self._hears = late_ms, CALLER_LEVEL - 10 * below_db, hears
        self._spoken: dict[int, str] = {}  # by turn, in the steps before `_read`
        self._read = 0

    def perform(self, action: a.Action, now: int) -> None:
        if isinstance(action, a.CommitTranscript):
            words = self._words(now)
            text, self._taken, self._last_partial = " ".join(words[self._taken :]), len(words), ""
            self._sim.at(now + self._sim.latencies.final, Final(action.commit, self._hears(text)))

    def frame(self, now: int) -> e.AudioReceived:
        partial = " ".join(self._words(now)[self._taken :])
        if partial != self._last_partial:
            self._last_partial, taken = partial, self._taken
            at = now + self._sim.latencies.partial
            self._sim.at(at, Partial(self._hears(partial)), lambda: self._taken == taken)
        start = now - FRAME_MS - self._late_ms
        speaks = any(sound.start <= now - FRAME_MS < sound.end for sound in self.sounds)
        level = CALLER_LEVEL if speaks else -650
        if not speaks and any(one.start <= start < one.end for one in self._sim.carrier.played()):
            level = self._level
        self._frame += 1
        window = self._frame * FRAME_MS // WINDOW_MS > (self._frame - 1) * FRAME_MS // WINDOW_MS
        return e.AudioReceived(b"\x55" * 160, now - FRAME_MS, (950 if level > -650 else 10) if window else None, level)

    def _words(self, now: int) -> list[str]:
        """All words that can be heard on the line so far, in the order of their ends."""
        found = list[tuple[int, str]]()
        for sound in self.sounds:
            for count, word in enumerate(sound.words, 1):
                found.append((sound.start + (sound.end - sound.start) * count // len(sound.words), word))
        texts = self._texts()
        for one in self._sim.carrier.played():
            at = int.from_bytes(one.pcmu[:4], "big")
            for ends, word in word_ends(texts.get(one.turn, ""), one.start - at, one.span):
                found.append((ends + self._late_ms, word))
        return [word for at, word in sorted(found) if at <= now]

    def _texts(self) -> dict[int, str]:
        for _, _, actions in self._sim.steps[self._read :]:
            for spoken in actions:
                if isinstance(spoken, a.Speak):
                    self._spoken[spoken.turn] = self._spoken.get(spoken.turn, "") + spoken.text
        self._read = len(self._sim.steps)
        greeting = self._sim.policy.greeting
        return self._spoken | {1: greeting} if greeting else self._spoken


@lru_cache(maxsize=1_000)
def word_ends(text: str, began: int, span: tuple[int, int]) -> tuple[tuple[int, str], ...]:
    """When each word of `text`, whose audio begins at `began`, is complete, if that is within `span` (start, end)."""
    found, done = list[tuple[int, str]](), began - CHAR_MS
    for word in text.split(" "):
        done += (len(word) + 1) * CHAR_MS
        if word and span[0] < done <= span[1]:
            found.append((done, word.lower().strip(".,?!")))
    return tuple(found)


def on_speakerphone(
    script: CallerScript,
    says: list[str] | Callable[[History], list[str]],
    *,
    late_ms: int = 200,
    below_db: int = 8,
    greeting: str = "",
    hears: Callable[[str], str] = lambda x: x,
) -> Simulator:
    sim = Simulator(Policy(greeting=greeting), says if callable(says) else lambda _: says)
    sim._stt.recogniser = EchoingLine(sim, late_ms, below_db, hears)
    script.play(sim)
    return sim


def numbers(text: str) -> str:
    """What a recogniser makes of spoken numbers."""
    for said, written in (("nine thirty", "9:30"), ("twenty five dollars", "$25"), ("four two seven one", "4271")):
        text = text.replace(said, written)
    return text


def misheard(text: str) -> str:
    return text.replace("morning", "mourning").replace("six", "sex")


EVERY_ECHO = pytest.mark.parametrize(
    ("late_ms", "below_db"), [(late, below) for late in (50, 200, 400) for below in (8, 20, 28)]
)
GREETING = "Blue Door restaurant, this is Anna. How can I help you today?"
FIGURES = "We open at nine thirty. A menu is twenty five dollars. Your code is four two seven one."
LAST = "We are closed on Sundays, so please come on Monday morning."


@EVERY_ECHO
def test_the_echo_of_an_answer_is_no_interruption_and_no_turn(late_ms: int, below_db: int) -> None:
    """The caller has spoken before, so their loudness is known."""
    sim = on_speakerphone(asks("what are your hours").waits(16), [LONG], late_ms=late_ms, below_db=below_db)
    assert agent_lines(sim) == [LONG]
    assert caller(sim) == ["what are your hours"]
    assert sim.explained(d.Cut) == []
    assert len(sim.explained(d.Held)) <= 2


@EVERY_ECHO
def test_the_echo_of_the_greeting_is_no_interruption_and_no_turn(late_ms: int, below_db: int) -> None:
    """Nothing is known of the caller yet."""
    sim = on_speakerphone(CallerScript().waits(9), ["Yes?"], late_ms=late_ms, below_db=below_db, greeting=GREETING)
    assert agent_lines(sim) == [GREETING]
    assert caller(sim) == []
    assert sim.explained(d.Cut) == []


@EVERY_ECHO
def test_the_echo_of_figures_is_no_interruption_and_no_turn(late_ms: int, below_db: int) -> None:
    """The recogniser writes numbers in its own way."""
    sim = on_speakerphone(
        asks("what are your hours").waits(12), [FIGURES], late_ms=late_ms, below_db=below_db, hears=numbers
    )
    assert agent_lines(sim) == [FIGURES]
    assert caller(sim) == ["what are your hours"]


@EVERY_ECHO
def test_the_echo_of_the_last_words_is_not_answered(late_ms: int, below_db: int) -> None:
    """They come back when the agent has nothing more to say."""
    sim = on_speakerphone(asks("when are you open").waits(9), [LAST], late_ms=late_ms, below_db=below_db)
    assert agent_lines(sim) == [LAST]
    assert caller(sim) == ["when are you open"]


@EVERY_ECHO
def test_an_echo_that_is_partly_misheard_is_one_still(late_ms: int, below_db: int) -> None:
    """A recogniser does not hear an echo well."""
    sim = on_speakerphone(
        asks("what are your hours").waits(13), [LONG], late_ms=late_ms, below_db=below_db, hears=misheard
    )
    assert agent_lines(sim) == [LONG]
    assert caller(sim) == ["what are your hours"]


@EVERY_ECHO
@pytest.mark.parametrize("after_s", [0.6, 1.7, 3.0])
@pytest.mark.parametrize("words", ["stop please", "wait I need a table", "open at nine"])
def test_a_caller_on_a_speakerphone_is_heard(words: str, after_s: float, late_ms: int, below_db: int) -> None:
    """The caller's own words cut, among them three that the agent has said before."""
    agent = by_words(LONG, stop="Yes?", wait="Yes?", table="Yes?", nine="Yes?")
    sim = on_speakerphone(
        asks("what are your hours").interrupts(words, after_s).waits(9), agent, late_ms=late_ms, below_db=below_db
    )
    assert agent_lines(sim)[0].endswith("--")
    assert agent_lines(sim)[-1] == "Yes?"
    assert words.split()[-1] in caller(sim)[-1]


class SteppingBack(_Stt):
    """The simulator's recogniser; from `since` on the caller is 17 dB quieter, and the detector misses the first second
    of what they say then."""

    def __init__(self, sim: Simulator, since: int) -> None:
        super().__init__(sim)
        self._since = since

    def frame(self, now: int) -> e.AudioReceived:
        heard = super().frame(now)
        if now < self._since or heard.level == -650:
            return heard
        missed = now < self.sounds[-1].start + 1_000
        return replace(heard, level=heard.level - 170, speech=heard.speech and (10 if missed else heard.speech))


def test_the_words_of_a_caller_who_steps_back_lower_their_level() -> None:
    """Words that came without any voice show that a voice at this level is the caller's. But for "..."."""
    for text, voiced in (("and where do I find you please", True), ("... ... ... ... ... ...", False)):
        sim = Simulator(Policy(), lambda _: ["At nine."])
        sim._stt.recogniser = SteppingBack(sim, 6_000)
        asks("what are your hours").waits(6).says(text).waits(4).play(sim)
        later = [because for at, because in sim.explained(d.UtteranceOver) if at > 6_000]
        assert any(number(because, "voice_ms") > 1_000 for because in later) is voiced


@pytest.mark.parametrize("words", ["open at nine", "nine"])
def test_a_caller_who_repeats_what_was_said_is_heard(words: str) -> None:
    """Without an echo, after the agent's answer and before its end."""
    agent = by_words(LONG, nine="Yes, at nine.")
    for script in (
        asks("when do you open").interrupts(words, 1.5).waits(7),
        asks("hello").waits(9).says(words).waits(5),
    ):
        sim = Simulator(Policy(), agent)
        script.play(sim)
        assert caller(sim)[-1] == words
        assert agent_lines(sim)[-1] == "Yes, at nine."


@pytest.mark.parametrize("level_known", [True, False])
@pytest.mark.parametrize("late_ms", [50, 250, 500, 900])
@pytest.mark.parametrize("choice", ["support", "or support"])
def test_a_choice_is_answered_with_the_agents_words(choice: str, late_ms: int, level_known: bool) -> None:
    """ "Sales or support?" "Support." """
    question = "Do you want sales or support?"

    def agent(history: History) -> list[str]:
        return ["Here is support."] if "support" in last_words(history) else [question]

    sim = Simulator(Policy(greeting="" if level_known else question), agent)
    (asks("hello there") if level_known else CallerScript()).waits_for_agent(late_ms / 1_000).says(choice).waits(
        4
    ).play(sim)
    assert caller(sim)[-1] == choice
    assert agent_lines(sim)[-1] == "Here is support."


@pytest.mark.parametrize(
    ("text", "own_of_text"),
    [
        ("we open at", 3), ("we open at nine", 4), ("we open at 9:30", 5), ("We open at 9.30 in the mor", 8),
        ("we open at mine thirty in the morning", 8), ("open at", 2), ("we open at nine thirty wait", 5),
        ("open up", 0), ("what", 0), ("at open", 0), ("do you open at ten", 0),
        ("purple we open at", 4), ("purple open at", 0),
        ("we elephant at nine", 4), ("we o pen at nine", 5), ("we open at 8:30", 3), ("we open at nine 30", 5),
        ("we open at nine thirty nine thirty", 5), ("we open at nine thirty eight thirty", 5), ("8:30", 0),
    ],
)  # fmt: skip
def test_which_words_are_the_agents(text: str, own_of_text: int) -> None:
    """From the first on, in its order, most of them recognised; figures are written in any way."""
    said = "We open at nine thirty in the morning."
    own = own_words(text, said, ENGLISH)
    assert (own.words if own.known > 1 else 0) == own_of_text


@pytest.mark.parametrize(
    ("text", "said", "own_of_text", "guessed"),
    [
        ("we elephant purple", "we open at nine", 1, 2),  # no more than two words of which none is recognised...
        ("we open at purple kitchen elephant", "we open at nine in the morning", 3, 3),  # ...or half
        ("we elephant purple window", "we open at nine", 1, 2),
        ("we open elephant purple", "we open at", 2, 1),  # the agent has said one word more
        ("we open stop purple", "we open at nine", 2, 0),
        ("we open purple wait", "we open at nine", 2, 1),
        ("purple open window nine", "we open at nine", 4, 0),
        ("purple window open", "we are open", 0, 0),
    ],
)
def test_a_voice_that_is_not_the_callers_may_be_a_misheard_echo(
    text: str, said: str, own_of_text: int, guessed: int
) -> None:
    own = own_words(text, said, ENGLISH, sure=True)
    assert (own.words, own.guessed, own.rest) == (own_of_text, guessed, len(text.split()) - own_of_text)


@pytest.mark.parametrize(
    ("words", "known", "rest", "guessed", "sure", "enough", "voice", "judged"),
    [
        # none of the agent's
        (0, 0, 0, 0, True, True, False, (0, False)),
        (0, 0, 2, 0, True, True, False, (0, False)),
        # several: they are its own, whatever follows; nothing, or one word, or words that may be misheard, may be too
        (4, 3, 0, 0, False, False, True, (4, True)),
        (4, 3, 1, 0, False, False, True, (4, True)),
        (4, 3, 2, 0, False, False, True, (4, False)),
        (4, 3, 2, 2, False, False, True, (4, True)),
        (4, 3, 3, 2, False, False, True, (4, False)),
        (4, 3, 3, 2, True, False, True, (6, False)),  # of a voice that is not the caller's, misheard ones are its own
        (2, 2, 0, 0, False, False, False, (2, True)),
        # one that is enough: alone
        (1, 1, 0, 0, False, True, True, (1, False)),
        (2, 1, 0, 0, True, True, True, (2, False)),
        (1, 1, 1, 1, True, True, True, (0, True)),
        (1, 1, 2, 2, True, True, True, (0, False)),
        # one that is not: alone and without a voice
        (1, 1, 0, 0, False, False, False, (1, True)),
        (1, 1, 0, 0, False, False, True, (0, True)),
        (2, 1, 0, 0, True, False, False, (0, True)),
        (1, 1, 1, 1, True, False, False, (0, False)),
        (1, 1, 2, 2, True, False, False, (0, False)),
    ],
)
def test_how_many_words_are_an_echo_and_whether_all_may_be_one(
    words: int, known: int, rest: int, guessed: int, sure: bool, enough: bool, voice: bool, judged: tuple[int, bool]
) -> None:
    assert Own(words, known, rest, guessed).judged(sure=sure, enough=enough, voice=voice) == judged


@pytest.mark.parametrize(
    ("said", "written", "same"),
    [
        ("twenty five", "25", True), ("twenty-five", "25", True), ("twenty five", "26", False),
        ("nine thirty", "9:30", True), ("nine thirty", "8:30", False), ("nine", "9:30", True),  # "half past nine"
        ("ten", "9:45", True), ("nine", "8", False), ("ten", "11", False), ("nine", "93", False),
        ("one thousand two hundred fifty", "1,250", True), ("one thousand two hundred fifty", "1260", False),
        ("two hundred", "250", True), ("two hundred", "200", True), ("two hundred", "300", False),
        ("two hundred", "199", False), ("two hundred", "0200", True), ("two thousand", "2999", True),
        ("two thousand", "3000", False),
        ("twenty", "25", False), ("a hundred", "100", True), ("nineteen eighty four", "1984", True),
        ("zero three zero one", "0301", True), ("four two seven one", "42", True), ("four two seven one", "72", False),
        ("twenty first", "21st", True), ("first", "1st", True), ("open", "9", False),
    ],
)  # fmt: skip
def test_figures_are_compared_by_value(said: str, written: str, same: bool) -> None:
    """A figure of several groups, or within the last digits of a round one, may hold other words of the agent's."""
    assert (own_words(written, said, ENGLISH).known > 0) is same
