"""Said, heard, then done: deferred work is done once what is said with it was provably heard, or not at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.acting.deferred import MOST_WORKS, OBJECTION_MS, verdict
from telephony.core.actions import NotDone
from telephony.core.history import AgentSaid, Noticed, ToolUsed
from telephony.core.policy import Policy
from telephony.core.speaking.turn_state import Outcome
from tests.core.bare import Bare

WORDS = "I will put you through."
SPOKEN_MS = 2_400  # the words and the space behind them


def transfer(call: Bare, at: int = 1_000, *, must: bool = False, say: str = WORDS) -> int:
    """The caller asks, a tool runs that defers its work, and the reply says the words. Returns the turn."""
    turn = call.asks(at)
    call.wants(at + 10, turn, "call_1", "transfer")
    call.defers(at + 20, turn, "call_1", must=must)
    call.returns(at + 30, turn, "call_1", "It begins once your words were heard.")
    if say:
        call.replies(at + 100, turn, say)
    return turn


def outcome(call: Bare) -> list[tuple[int, str]]:
    """When what became of the work: `run`, or why not."""
    ran = [(at, "run") for at, _ in call.did(a.RunDeferred)]
    return sorted(ran + [(at, str(x.why)) for at, x in call.did(a.DropDeferred)])


RULE: list[tuple[Outcome, bool, bool, bool, bool, bool | NotDone | None]] = [
    # outcome, must, quiet, silent, ending -> what becomes of the work
    (Outcome.OPEN, False, True, False, False, None),
    (Outcome.OPEN, True, True, True, True, None),
    (Outcome.HEARD, False, True, False, False, True),
    (Outcome.HEARD, False, True, False, True, True),
    (Outcome.HEARD, False, False, False, False, None),
    (Outcome.HEARD, False, False, False, True, True),
    (Outcome.HEARD, True, False, False, False, True),
    (Outcome.SILENT, False, True, False, False, None),
    (Outcome.SILENT, True, True, False, False, None),
    (Outcome.SILENT, False, True, True, False, True),
    (Outcome.CUT, False, True, True, False, NotDone.INTERRUPTED),
    (Outcome.CUT, False, False, False, False, NotDone.INTERRUPTED),
    (Outcome.CUT, False, True, True, True, NotDone.CALL_ENDED),
    (Outcome.CUT, True, False, False, False, True),
    (Outcome.CUT, True, True, False, True, True),
    (Outcome.UNHEARD, False, True, True, False, NotDone.UNHEARD),
    (Outcome.UNHEARD, True, True, False, False, True),
    (Outcome.FAILED, False, True, True, False, NotDone.FAILED),
    (Outcome.FAILED, True, True, True, False, True),
]


@pytest.mark.parametrize(("outcome", "must", "quiet", "silent", "ending", "becomes"), RULE)
def test_the_rule(
    outcome: Outcome, must: bool, quiet: bool, silent: bool, ending: bool, becomes: bool | NotDone | None
) -> None:
    assert verdict(outcome, must=must, quiet=quiet, silent=silent, ending=ending) is becomes


INTO_THE_LAST_WORD = [
    ("no wait don't do that", "interrupted"),
    ("stop", "interrupted"),
    ("actually can you tell me the price first", "interrupted"),
    ("not sales i meant support", "interrupted"),
    ("no", "interrupted"),
    ("okay", "run"),
    ("mm-hm", "run"),
    ("okay thanks", "run"),
    ("thank you bye", "run"),
    ("yeah great", "run"),
]


@pytest.mark.parametrize(("text", "becomes"), INTO_THE_LAST_WORD, ids=[row[0] for row in INTO_THE_LAST_WORD])
@pytest.mark.parametrize("ms_before_the_end", [80, 120])
def test_what_is_said_into_the_last_word(text: str, becomes: str, ms_before_the_end: int) -> None:
    """Too late to hold the agent, whose last word is heard: an objection stops the work, thanks do not."""
    call = Bare()
    transfer(call)
    call.sim.says(1_100 + SPOKEN_MS - ms_before_the_end, text)
    call.run(9_000)
    assert [what for _, what in outcome(call)] == [becomes]


def test_a_noise_without_end_only_delays_it() -> None:
    call = Bare(filler_ms=60_000)
    transfer(call)
    call.sim.coughs(1_100 + SPOKEN_MS - 60, 20_000)
    call.run(1_100 + SPOKEN_MS + OBJECTION_MS + 1_500)
    assert [what for _, what in outcome(call)] == ["run"]


def test_it_is_done_when_the_last_word_was_heard_and_not_before() -> None:
    call = Bare()
    transfer(call)
    call.run(1_100 + SPOKEN_MS - 1)
    assert outcome(call) == []
    call.run(6_000)
    assert outcome(call) == [(1_100 + SPOKEN_MS, "run")]
    assert call.said == [WORDS]


def test_it_waits_for_the_end_of_the_reply_although_all_so_far_was_heard() -> None:
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.writes(1_000, turn, "One moment. ")
    call.speaks(1_000, turn, "One moment. ")
    call.wants(1_010, turn, "call_1", "transfer")
    call.defers(1_020, turn, "call_1")
    call.run(4_000)
    assert outcome(call) == []
    call.returns(4_000, turn, "call_1")
    call.finishes(4_100, turn)
    call.confirms(4_200, turn)
    call.run(5_000)
    assert [what for _, what in outcome(call)] == ["run"]
    assert outcome(call)[0][0] >= 4_100


def test_a_hold_only_delays_it() -> None:
    """A cough silences the agent for a while; the rest of the words is heard afterwards."""
    call = Bare()
    transfer(call)
    call.sim.coughs(2_000, 300)
    call.run(9_000)
    assert len(call.explained(d.Resumed)) == 1
    [(at, what)] = outcome(call)
    assert what == "run"
    assert at > 1_100 + SPOKEN_MS


def test_the_caller_who_interrupts_stops_it_and_the_model_is_told() -> None:
    call = Bare()
    transfer(call)
    call.asks(2_000)
    assert outcome(call) == [(2_000, "interrupted")]
    history = call.did(a.StartReply)[-1][1].history
    [notice] = [item for item in history if isinstance(item, Noticed)]
    assert notice.text.startswith("what transfer({}) was to do was not done: the caller interrupted")
    assert history.index(notice) > max(n for n, item in enumerate(history) if isinstance(item, AgentSaid | ToolUsed))


def test_work_that_must_happen_happens_at_the_interruption() -> None:
    call = Bare()
    transfer(call, must=True)
    call.asks(2_000)
    assert outcome(call) == [(2_000, "run")]


def test_an_interruption_after_the_last_word_comes_too_late() -> None:
    call = Bare()
    transfer(call)
    call.asks(1_100 + SPOKEN_MS + 1)
    assert [what for _, what in outcome(call)] == ["run"]


def test_a_tool_that_is_interrupted_before_it_defers_is_told_no() -> None:
    """Its result, which comes later, says that nothing follows."""
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.wants(1_010, turn, "call_1", "transfer")
    call.asks(1_500)
    call.defers(1_600, turn, "call_1")
    assert outcome(call) == [(1_600, "interrupted")]
    call.returns(1_700, turn, "call_1", "It begins soon.")
    [used] = [item for item in call.did(a.StartReply)[-1][1].history if isinstance(item, ToolUsed)]
    assert used.result.startswith("It begins soon.\nWhat was to follow was not done: the caller interrupted")


def test_dropped_work_may_be_asked_for_again() -> None:
    """The same call, made before the agent was heard, is no repetition: it has done nothing."""
    call = Bare()
    transfer(call)
    again = call.asks(1_200)  # nothing was heard
    call.wants(1_300, again, "call_2", "transfer")
    assert [x.tool_call_id for _, x in call.did(a.RunTool)] == ["call_1", "call_2"]
    assert call.did(a.RefuseTool) == []


def test_without_any_words_it_is_done_once_all_is_silent() -> None:
    """A reply with nothing to say is no failure then."""
    call = Bare()
    turn = transfer(call, say="")
    call.finishes(1_100, turn)
    assert outcome(call) == [(1_100, "run")]
    assert call.explained(d.Apologised) == []


def test_without_any_words_it_waits_for_what_is_said_otherwise() -> None:
    """Here for a filler that bridged the wait."""
    call = Bare(filler_ms=1_000)
    turn = transfer(call, say="")
    call.run(2_200)
    assert len(call.explained(d.FillerSaid)) == 1
    call.finishes(2_300, turn)
    assert outcome(call) == []
    call.run(9_000)
    assert [what for _, what in outcome(call)] == ["run"]
    assert outcome(call)[0][0] > 2_300


def test_without_any_words_whatever_the_caller_says_next_stops_it() -> None:
    call = Bare(filler_ms=1_000)
    turn = transfer(call, say="")
    call.run(2_200)
    call.finishes(2_250, turn)
    call.asks(2_300)
    assert outcome(call) == [(2_300, "interrupted")]


@pytest.mark.parametrize(("must", "becomes"), [(False, "call ended"), (True, "run")])
def test_the_caller_hangs_up(must: bool, becomes: str) -> None:
    call = Bare()
    transfer(call, must=must)
    call.at(2_000, e.CallerLeft(e.LegEnd.STOP))
    assert outcome(call) == [(2_000, becomes)]


@pytest.mark.parametrize(("must", "becomes"), [(False, "call ended"), (True, "run")])
def test_the_call_is_ended_meanwhile(must: bool, becomes: str) -> None:
    call = Bare()
    transfer(call, must=must)
    call.at(2_000, e.EndRequested("operator"))
    assert outcome(call) == [(2_000, becomes)]


@pytest.mark.parametrize("must", [False, True])
def test_a_tool_that_fails_defers_nothing(must: bool) -> None:
    """The model is told that it failed, and may call it again."""
    call = Bare()
    turn = call.asks(1_000)
    call.wants(1_010, turn, "call_1", "transfer")
    call.defers(1_020, turn, "call_1", must=must)
    call.at(1_030, e.ToolFinished(turn, "call_1", "failed", failed=True))
    call.replies(1_100, turn, WORDS)
    call.run(6_000)
    assert outcome(call) == [(1_030, "failed")]


def test_a_reply_that_fails_takes_its_work_with_it() -> None:
    call = Bare()
    turn = transfer(call, say="")
    call.at(1_200, e.ReplyFailed(turn, "provider_timeout"))
    assert outcome(call) == [(1_200, "failed")]


def test_words_that_nobody_confirms_are_not_heard_and_the_caller_is_told_so() -> None:
    call = Bare()
    call.sim.faults.marks_lost = True
    transfer(call)
    call.run(9_000)
    assert [what for _, what in outcome(call)] == ["unheard"]
    assert len(call.did(a.StartReply)) == 2


def test_two_tools_of_a_reply_defer_each_for_itself() -> None:
    call = Bare()
    turn = call.asks(1_000)
    for number in (1, 2):
        call.wants(1_000 + number, turn, f"call_{number}", f"tool_{number}")
    call.defers(1_010, turn, "call_1", "one")
    call.defers(1_010, turn, "call_1", "two", must=True)
    call.defers(1_010, turn, "call_2", "three")
    call.returns(1_020, turn, "call_1")
    call.at(1_020, e.ToolFinished(turn, "call_2", "no", failed=True))
    call.replies(1_100, turn, WORDS)
    call.asks(2_000)
    assert [x.work for _, x in call.did(a.RunDeferred)] == ["two"]
    assert [(x.work, x.why) for _, x in call.did(a.DropDeferred)] == [
        ("three", NotDone.FAILED),
        ("one", NotDone.INTERRUPTED),
    ]


def test_goodbye_and_work_both_happen_and_the_end_comes_last() -> None:
    call = Bare()
    turn = call.asks(1_000)
    call.wants(1_010, turn, "call_1", "send")
    call.wants(1_011, turn, "call_2", "end_call")
    call.defers(1_020, turn, "call_1")
    call.returns(1_030, turn, "call_1")
    call.returns(1_030, turn, "call_2")
    call.replies(1_100, turn, "I send it. Goodbye.")
    call.run(9_000)
    kinds = [type(x) for _, _, done in call.sim.steps for x in done if isinstance(x, a.RunDeferred | a.EndCall)]
    assert kinds == [a.RunDeferred, a.EndCall]


@pytest.mark.parametrize(
    "stale",
    [
        lambda turn: e.WorkDeferred(turn, "call_2", "late"),
        lambda turn: e.WorkDeferred(turn + 1, "call_1", "late"),
        lambda turn: e.WorkDeferred(turn, "call_1", "late", must=True),
    ],
    ids=["another call", "another turn", "a tool that has returned"],
)
def test_only_a_tool_that_runs_can_defer(stale: Callable[[int], e.Event]) -> None:
    call = Bare()
    turn = call.asks(1_000)
    call.wants(1_010, turn, "call_1")
    call.returns(1_020, turn, "call_1")
    call.at(1_030, stale(turn))
    assert outcome(call) == [(1_030, "failed")]


def test_the_same_work_counts_once() -> None:
    call = Bare()
    turn = call.asks(1_000)
    call.wants(1_010, turn, "call_1")
    for _ in range(3):
        call.defers(1_020, turn, "call_1")
    call.returns(1_030, turn, "call_1")
    call.replies(1_100, turn, WORDS)
    call.run(6_000)
    assert [what for _, what in outcome(call)] == ["run"]


def test_a_tool_without_end_is_bounded() -> None:
    call = Bare()
    turn = call.asks(1_000)
    call.wants(1_010, turn, "call_1")
    for number in range(MOST_WORKS + 2):
        call.sim.at(1_020, e.WorkDeferred(turn, "call_1", f"work {number}"))
    call.run(1_020)
    assert [what for _, what in outcome(call)] == ["failed", "failed"]


@pytest.mark.parametrize(("text", "becomes"), INTO_THE_LAST_WORD, ids=[row[0] for row in INTO_THE_LAST_WORD])
def test_who_hangs_up_while_they_say_thanks_has_heard_it(text: str, becomes: str) -> None:
    """People say "great, bye" into the last word, and are gone."""
    call = Bare()
    transfer(call)
    call.sim.says(1_100 + SPOKEN_MS - 80, text)
    said = next(at for at in range(1_100 + SPOKEN_MS, 9_000, 20) if _words(call, at) >= min(2, len(text.split())))
    assert outcome(call) == []
    call.at(said, e.CallerLeft(e.LegEnd.STOP))
    assert [what for _, what in outcome(call)] == ["run" if becomes == "run" else "call ended"]


def _words(call: Bare, at: int) -> int:
    """How many of the caller's words are transcribed by then."""
    call.run(at)
    utterance = call.sim.call._listening.utterance
    return len(utterance.text.split()) if utterance is not None else 0


DISCLOSURE = "This call is recorded for training."
INTO_A_DISCLOSURE = [("no stop", "interrupted"), ("not sales i meant support", "interrupted"), ("okay", "run")]


@pytest.mark.parametrize(("text", "becomes"), INTO_A_DISCLOSURE, ids=[row[0] for row in INTO_A_DISCLOSURE])
def test_an_objection_counts_although_the_sentence_goes_on(text: str, becomes: str) -> None:
    """A sentence that must be heard is not interrupted; what is to be done after it is."""
    call = Bare(Policy(must_be_heard=(DISCLOSURE,)))
    transfer(call, say=f"{WORDS} {DISCLOSURE}")
    call.sim.says(1_600, text)
    call.run(9_000)
    assert call.said[0] == f"{WORDS} {DISCLOSURE}"
    assert [what for _, what in outcome(call)] == [becomes]


def test_work_that_must_happen_happens_at_such_an_objection() -> None:
    call = Bare(Policy(must_be_heard=(DISCLOSURE,)))
    transfer(call, say=f"{WORDS} {DISCLOSURE}", must=True)
    call.sim.says(1_600, "no stop")
    call.run(9_000)
    [(at, what)] = outcome(call)
    assert (at < 4_000, what) == (True, "run")


def test_a_key_is_an_objection_there_as_anywhere() -> None:
    call = Bare(Policy(must_be_heard=(WORDS,)))
    transfer(call)
    call.at(2_000, e.KeyPressed("#"))
    call.run(6_000)
    assert call.said[0] == WORDS
    assert [what for _, what in outcome(call)] == ["interrupted"]
