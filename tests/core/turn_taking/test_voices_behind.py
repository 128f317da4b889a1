"""Somebody speaks behind the caller, and the recogniser gives their words too.

`Line` is the simulator's recogniser with a level for each sound: the caller's own, or so many dB below it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.policy import Policy
from telephony.testing.recorded_stt import Final, Partial
from telephony.testing.simulator import Simulator, _Stt
from tests.core.calls import LONG, agent_lines, caller, decided

CALLER_LEVEL = -200
QUESTION = "what are your opening hours"
OTHERS = "did you remember to feed the cat this morning"
SHORT = "At nine."
FAR_DB = 17


class Line(_Stt):
    """See the module text. `below_db`: (start of a sound, how much quieter it is); `undetected`: those that the voice
    detector does not take for voice."""

    def __init__(self, sim: Simulator, level: int = CALLER_LEVEL) -> None:
        super().__init__(sim)
        self.below_db: dict[int, int] = {}
        self.undetected = set[int]()
        self._level = level

    def frame(self, now: int) -> e.AudioReceived:
        heard = super().frame(now)
        if any(s.start in self.undetected and s.start <= heard.media_ms < s.end for s in self.sounds):
            return replace(heard, speech=heard.speech and 10)
        below = [self.below_db.get(s.start, 0) for s in self.sounds if s.start <= heard.media_ms < s.end]
        return replace(heard, level=self._level - 10 * min(below)) if below else heard


@dataclass
class Scene:
    """A call in which the caller asks `QUESTION` at first; `others` at `at` ms later is spoken `below_db` below."""

    sim: Simulator
    line: Line
    end: int = 0

    def speaks(self, at: int, text: str, below_db: int = 0, ms: int = 0) -> Scene:
        self.line.below_db[at] = below_db
        self.end = self.sim.says(at, text, ms or None)
        return self

    def later(self, after_ms: int, text: str, below_db: int = 0) -> Scene:
        return self.speaks(self.end + after_ms, text, below_db)

    def until(self, after_ms: int) -> Simulator:
        return self.sim.run(self.end + after_ms)


def scene(reply: str = LONG, *, asks: bool = True, level: int = CALLER_LEVEL) -> Scene:
    sim = Simulator(Policy(), lambda _: [reply])
    line = Line(sim, level)
    sim._stt.recogniser = line
    found = Scene(sim, line)
    return found.speaks(600, QUESTION) if asks else found


def commits(sim: Simulator, after: int) -> list[int]:
    return [at for at, _ in sim.actions(a.CommitTranscript) if at > after]


@pytest.mark.parametrize("after_ms", [1_800, 2_600, 4_000])
@pytest.mark.parametrize("below_db", [15, FAR_DB, 20])
@pytest.mark.parametrize("text", [OTHERS, "no", "stop it", "yes", "what time is it?"])
def test_a_voice_behind_the_caller_does_not_disturb_the_agent(text: str, below_db: int, after_ms: int) -> None:
    """Whatever it says, the agent is not even held, and nobody answers."""
    sim = scene().later(after_ms, text, below_db).until(6_000)
    assert sim.explained(d.Held) == sim.explained(d.Cut) == []
    assert (caller(sim), agent_lines(sim)) == ([QUESTION], [LONG])


@pytest.mark.parametrize("after_ms", [2_400, 4_000, 6_000])
@pytest.mark.parametrize("below_db", [15, FAR_DB, 20])
def test_a_voice_behind_the_caller_is_not_answered_in_silence(below_db: int, after_ms: int) -> None:
    """The agent has finished, and the caller is thinking."""
    sim = scene(SHORT).later(after_ms, OTHERS, below_db).until(2_000)
    assert (caller(sim), agent_lines(sim)) == ([QUESTION], [SHORT])
    assert sim.explained(d.NotHeard) == []


@pytest.mark.parametrize("word_ms", [80, 120, 200])
@pytest.mark.parametrize("partial_ms", [100, 120, 250])
def test_their_first_word_may_be_short(word_ms: int, partial_ms: int) -> None:
    """It comes before the detector has heard much of the voice."""
    told = scene(SHORT)
    told.sim.latencies.partial = partial_ms
    told.speaks(told.end + 4_000, "I am on the phone now", FAR_DB, ms=6 * word_ms)
    assert caller(told.until(4_000)) == [QUESTION]


@pytest.mark.parametrize("after_ms", [300, 400, 600])
def test_a_voice_right_after_the_callers_neither_adds_to_it_nor_prolongs_it(after_ms: int) -> None:
    """The caller's question is decided when it would have been, and its words are the caller's alone."""
    alone = scene(SHORT).until(8_000)
    sim = scene(SHORT).later(after_ms, OTHERS, FAR_DB).until(5_000)
    assert caller(sim) == caller(alone) == [QUESTION]
    assert abs(decided(sim)[0] - decided(alone)[0]) <= 400  # the recogniser's final is in the way
    assert agent_lines(sim) == [SHORT]


def test_a_voice_that_goes_on_after_the_caller_has_stopped_is_not_waited_for() -> None:
    """It began under the caller's words."""
    told = scene(SHORT)
    told.speaks(told.end - 600, OTHERS, FAR_DB)
    sim = told.until(6_000)
    assert len(decided(sim)) == 1
    assert decided(sim)[0] < told.end - 1_000
    assert "morning" not in caller(sim)[0]


@pytest.mark.parametrize("pause_ms", [50, 300, 900])
def test_the_callers_next_words_are_theirs_alone(pause_ms: int) -> None:
    """The other's words are still in the transcript when the caller goes on."""
    told = scene(SHORT).later(4_000, OTHERS, FAR_DB).later(pause_ms, "and on sundays please")
    sim = told.until(8_000)
    assert caller(sim) == [QUESTION, "and on sundays please"]


def test_both_in_turn() -> None:
    """Every word is given to the voice with which it came."""
    told = scene(SHORT).later(4_000, "and on", 0).later(600, "he is outside", FAR_DB).later(600, "sundays please", 0)
    sim = told.until(8_000)
    assert " ".join(caller(sim)) == f"{QUESTION} and on sundays please"


def test_their_words_are_committed_once_they_are_over() -> None:
    """Not at each word: a commit costs the recogniser its context."""
    told = scene(SHORT).later(4_000, OTHERS, FAR_DB)
    assert len(commits(told.until(5_000), told.end - 3_000)) == 1


def test_a_refused_commit_is_not_repeated() -> None:
    """The words stay in the open segment, and come again with the next."""
    told = scene(SHORT).later(4_000, OTHERS, FAR_DB)
    asked = told.end - 3_000
    told.sim.intercept = lambda at, what: (
        [(at, e.CommitRefused(what.commit))] if isinstance(what, Final) and at > asked else [(at, what)]
    )
    assert len(commits(told.until(5_000), asked)) == 1


# --- who must be heard ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [-200, -400, -480])
def test_a_quiet_caller_is_heard_if_nobody_was_louder(level: int) -> None:
    """The level is the caller's own, whatever it is."""
    assert caller(scene(SHORT, level=level).until(4_000)) == [QUESTION]


@pytest.mark.parametrize("below_db", [0, 6, 10])
def test_a_caller_who_speaks_more_quietly_is_heard(below_db: int) -> None:
    """Or somebody else who takes the telephone."""
    sim = scene(SHORT).later(4_000, "and on sundays please", below_db).until(6_000)
    assert caller(sim) == [QUESTION, "and on sundays please"]


@pytest.mark.parametrize("below_db", [0, 6, 10])
def test_a_caller_who_interrupts_more_quietly_is_heard(below_db: int) -> None:
    """The agent stops."""
    sim = scene().later(2_600, "no wait on sundays", below_db).until(6_000)
    assert caller(sim) == [QUESTION, "no wait on sundays"]


@pytest.mark.parametrize("text", ["yes I am here", "hello", "and where do I find you please"])
def test_a_caller_who_has_gone_far_away_is_heard_when_the_agent_asks_for_them(text: str) -> None:
    """They cannot be told from others by their level, but whoever answers "Are you still there?" is the caller."""
    told = scene(SHORT).later(4_000, "and where do I find you please", FAR_DB)
    asked = told.sim.policy.wording.still_there
    sim = told.sim.run(told.end + 12_000)
    assert (caller(sim), agent_lines(sim)) == ([QUESTION], [SHORT, asked])
    assert caller(told.speaks(sim.now + 500, text, FAR_DB).until(3_000)) == [QUESTION, text]


def without_partials_of(told: Scene, word: str) -> None:
    """The recogniser gives the word only in its finals."""
    told.sim.intercept = lambda at, what: [] if isinstance(what, Partial) and word in what.text else [(at, what)]


@pytest.mark.parametrize("final_ms", [120, 350])
@pytest.mark.parametrize("after_ms", [50, 250])
@pytest.mark.parametrize("behind", ["", OTHERS])
@pytest.mark.parametrize(
    "text", ["i would like a table for six people on friday", "my number is 555 123 45 67", "i want to go to london"]
)
def test_the_callers_last_word_may_come_only_in_the_final(text: str, behind: str, after_ms: int, final_ms: int) -> None:
    """Somebody else, or a television without words, is heard while the final is awaited."""
    told = scene(SHORT).later(4_000, text)
    told.sim.latencies.final = final_ms
    without_partials_of(told, text.split()[-1])
    sim = told.speaks(told.end + after_ms, behind, FAR_DB, ms=1_500).until(6_000)
    assert caller(sim)[1].startswith(text)


@pytest.mark.parametrize("partial_ms", [450, 500])
@pytest.mark.parametrize("after_ms", [200, 400])
def test_the_callers_last_word_may_come_late_in_a_partial(after_ms: int, partial_ms: int) -> None:
    """Too soon after the other voice began to be a word of that."""
    told = scene(SHORT).later(4_000, "my number is 555 123")
    told.sim.latencies.partial = partial_ms
    sim = told.speaks(told.end + after_ms, "", FAR_DB, ms=1_500).until(6_000)
    assert caller(sim)[1:] == ["my number is 555 123"]


@pytest.mark.parametrize("word", ["cat", "morning"])
def test_the_others_last_word_may_come_only_in_the_final(word: str) -> None:
    """It goes on with words that were the other's, and the caller has not spoken since."""
    told = scene(SHORT).later(4_000, OTHERS, FAR_DB)
    without_partials_of(told, word)
    assert caller(told.until(4_000)) == [QUESTION]


def test_words_without_any_voice_are_the_callers() -> None:
    """The detector hears nobody: there is no other voice that could have said them."""
    told = scene(SHORT).later(4_000, "and on sundays please")
    told.line.undetected.add(told.sim.sounds[-1].start)
    assert caller(told.until(4_000)) == [QUESTION, "and on sundays please"]


def test_a_loud_noise_does_not_make_the_caller_a_voice_behind() -> None:
    """The detector takes it for voice, but it has no words, so it does not tell how loudly the caller speaks."""
    told = scene(SHORT)
    told.speaks(told.end + 3_500, "", -FAR_DB, ms=500)
    told.later(2_000, "and on sundays please", 0)
    assert caller(told.until(4_000)) == [QUESTION, "and on sundays please"]
