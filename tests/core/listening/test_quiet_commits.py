"""Long silence is committed, and what a recogniser finds in it is discarded."""

from __future__ import annotations

import pytest

from telephony.audio.frames import FRAME_MS
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.listening.quiet_commits import QuietCommits
from telephony.core.listening.voice_activity import VoiceActivity
from telephony.core.policy import Limits, Policy, TurnTaking
from telephony.testing.recorded_stt import Final, Partial
from telephony.testing.simulator import Simulator
from tests.core.calls import caller, requested_replies

PATIENT = Policy(limits=Limits(silence_prompt_ms=10**6))


def commits(sim: Simulator) -> list[int]:
    return [at for at, _ in sim.actions(a.CommitTranscript)]


def quiet(until: int = 65_000) -> Simulator:
    """Nobody says anything, and the recogniser sends nothing by itself."""
    sim = Simulator(PATIENT)
    sim.faults.no_finals = True
    return sim.run(until)


def test_silence_is_committed_every_twenty_seconds() -> None:
    assert commits(quiet()) == [20_000, 40_000, 60_000]


def test_the_time_counts_from_the_last_commit() -> None:
    """Of an utterance, too."""
    sim = Simulator(PATIENT)
    sim.says(5_000, "what are your opening hours")
    sim.run(40_000)
    first, second = commits(sim)[:2]
    assert 7_000 < first < 8_000
    assert second - first == 20_000


@pytest.mark.parametrize(("begins", "committed"), [(19_100, False), (17_900, True)])
def test_no_word_is_split(begins: int, committed: bool) -> None:
    """It waits for a second of silence, and while there is an utterance its own commit does for both."""
    sim = Simulator(PATIENT)
    sim.coughs(begins, 60)
    sim.run(20_000)
    assert (commits(sim) == [20_000]) == committed
    sim.run(21_000)
    assert len(commits(sim)) == 1


@pytest.mark.parametrize(("silent_ms", "due"), [(999, False), (1_000, True)])
def test_a_second_of_silence_is_enough(silent_ms: int, due: bool) -> None:
    """Less may be the pause before the next word."""
    voice = VoiceActivity(TurnTaking())
    voice.missed(30_000)
    voice.frame(950, -200)
    assert voice.voiced
    for _ in range(2):
        voice.frame(10, -650)
    voice.missed(silent_ms - 2 * FRAME_MS)
    assert QuietCommits().due(voice) is due


def test_what_is_found_in_silence_is_discarded() -> None:
    """Recognisers hear words in noise."""
    sim = quiet(20_000)
    sim.at(20_300, Final(1, "Thank you for watching."))
    sim.run(30_000)
    assert caller(sim) == []
    assert requested_replies(sim) == []


def test_only_the_words_of_the_last_commit_of_silence_are_discarded() -> None:
    """Also when another commit has been made since; and no words before there was one."""
    commits = QuietCommits()
    assert not any(commits.discards(e.TranscriptUpdated("hello", "", number)) for number in range(3))
    commits.committed(20_000, silence=2)
    commits.committed(22_000)
    assert [commits.discards(e.TranscriptUpdated("hello", "", number)) for number in range(4)] == [
        False,
        False,
        True,
        False,
    ]


def test_words_that_were_shown_are_kept() -> None:
    """A caller whom the detector does not hear speaks across the commit."""
    sim = quiet(20_000)
    sim.at(20_100, Partial("what are your opening"))
    sim.at(20_300, Final(1, "what are your opening hours"))
    sim.run(30_000)
    assert caller(sim) == ["what are your opening hours"]


def test_the_next_words_are_an_utterance_of_their_own() -> None:
    """The silence's final may come after they have begun."""
    sim = quiet(20_000)
    sim.faults.no_finals = False
    sim.at(21_400, e.TranscriptUpdated("", "", 1))
    sim.says(21_000, "what are your opening hours")
    sim.run(30_000)
    assert caller(sim) == ["what are your opening hours"]
