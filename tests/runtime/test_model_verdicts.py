"""What a process learns of its models' verdicts, and how far it believes them in the next call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telephony.agent import Agent
from telephony.contracts.observer import Step
from telephony.core.decisions import ModelJudged, ModelSays
from telephony.core.events import SttReady
from telephony.core.policy import TurnTaking
from telephony.runtime.model_verdicts import ModelVerdicts

AGENT = Agent(prompt="P", model="m")
ASKED, TRUSTED, RULES = TurnTaking(), TurnTaking(trusts_model=True), TurnTaking(completeness="rules")


def after(told: int, missed: int, false: int, right: int, agent: Agent = AGENT) -> TurnTaking:
    """The rules for a call after so many verdicts: on callers who went on, `told` and `missed`; on those who had
    finished, `false` and `right`."""
    verdicts = ModelVerdicts()
    observer = verdicts.observe(agent)
    assert observer is not None
    unfinished, finished = ModelSays.UNFINISHED, ModelSays.FINISHED
    for says, went_on, count in (
        (unfinished, True, told), (finished, True, missed), (unfinished, False, false), (finished, False, right),
    ):  # fmt: skip
        observer.see(Step(1, 1, SttReady(), (ModelJudged(1, says, went_on),) * count))
    observer.close()
    return verdicts.settled(agent).turn_taking


@pytest.mark.parametrize(
    ("told", "missed", "false", "right", "rules"),
    [
        # Nothing is known, or little.
        (0, 0, 0, 0, ASKED),
        (0, 11, 0, 100, ASKED),
        (0, 100, 0, 11, ASKED),
        (0, 0, 11, 0, ASKED),
        (0, 0, 0, 1_000, ASKED),
        # It has rightly said once that a caller had not finished.
        (1, 0, 0, 0, TRUSTED),
        (1, 10, 11, 0, TRUSTED),
        (93, 7, 7, 93, TRUSTED),
        (60, 40, 10, 90, TRUSTED),
        (12, 0, 4, 8, TRUSTED),
        # It never says so, or always, or at random.
        (0, 12, 0, 12, RULES),
        (1, 30, 0, 300, RULES),
        (0, 0, 12, 0, RULES),
        (100, 0, 100, 0, RULES),
        (12, 0, 5, 7, RULES),
        (30, 70, 30, 70, RULES),
    ],
)
def test_what_is_believed_after_so_many_verdicts(
    told: int, missed: int, false: int, right: int, rules: TurnTaking
) -> None:
    assert after(told, missed, false, right) == rules


@pytest.mark.parametrize("rules", [RULES, TurnTaking(speculate="off"), TRUSTED])
def test_what_the_agent_has_set_stays(rules: TurnTaking) -> None:
    """A model that is not asked is not learned about; one that the agent trusts is trusted from the first call on."""
    agent = replace(AGENT, turn_taking=rules)
    assert ModelVerdicts().settled(agent) == agent
    assert (ModelVerdicts().observe(agent) is None) == (rules is not TRUSTED)


def test_each_model_has_a_record_of_its_own() -> None:
    verdicts = ModelVerdicts()
    observer = verdicts.observe(AGENT)
    assert observer is not None
    observer.see(Step(1, 1, SttReady(), (ModelJudged(1, ModelSays.UNFINISHED, went_on=True),)))
    assert verdicts.settled(AGENT).turn_taking == TRUSTED
    assert verdicts.settled(replace(AGENT, model="another")).turn_taking == ASKED
