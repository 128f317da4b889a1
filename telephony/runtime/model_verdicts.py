"""Whether the models of this process can tell that a caller has not finished: learned from all calls, for each model.

    agent = verdicts.settled(agent)          # when a call begins: how far its model is believed in it
    observer = verdicts.observe(agent)       # of that call

Theory of operation. The core tells of each verdict whether the caller went on (`ModelJudged`). A model that has rightly
said once that a caller had not finished is believed from the beginning of the calls that follow. A model whose verdicts
prove worthless, because it never says so or always does, is not asked any more: its calls are decided by the rules
alone. Both are settled before a call begins and are part of its policy, so that its tape decides the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from telephony.agent import Agent
from telephony.contracts.observer import Observer, Step
from telephony.core.decisions import ModelJudged, ModelSays
from telephony.core.policy import Completeness

LEAST = 12
"""Verdicts on callers who went on, and on those who had finished, before either share means anything."""
MOST_FALSE_PERCENT = 40
"""A model that finds this many of those unfinished who have finished costs more than it gives."""
LEAST_GAIN_PERCENT = 20
"""It must find more of those unfinished who go on than of the others, by this much."""


@dataclass(slots=True)
class Record:
    """A model's verdicts so far: on callers who went on, and on callers who had finished; and how many of each it found
    `unfinished`."""

    went_on: int = 0
    told: int = 0
    finished: int = 0
    false: int = 0

    def add(self, judged: ModelJudged) -> None:
        unfinished = judged.says is ModelSays.UNFINISHED
        if judged.went_on:
            self.went_on, self.told = self.went_on + 1, self.told + unfinished
        else:
            self.finished, self.false = self.finished + 1, self.false + unfinished

    @property
    def useless(self) -> bool:
        """It has been shown that its verdicts are worth nothing."""
        false = 100 * self.false // max(1, self.finished)
        if self.finished >= LEAST and false >= MOST_FALSE_PERCENT:
            return True
        told = 100 * self.told // max(1, self.went_on)
        return min(self.finished, self.went_on) >= LEAST and told - false < LEAST_GAIN_PERCENT


class ModelVerdicts:
    """See the module text. One object serves all calls of a process."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        """By the agent's `model`, "" for the one of the settings."""

    def settled(self, agent: Agent) -> Agent:
        """The agent for a call that begins now."""
        record = self.records.get(agent.model, Record())
        rules = agent.turn_taking
        if not rules.asks_model or not (record.useless or record.told):
            return agent
        if record.useless:
            rules = replace(rules, completeness=str(Completeness.RULES))
        else:
            rules = replace(rules, trusts_model=True)
        return replace(agent, turn_taking=rules)

    def observe(self, agent: Agent) -> Observer | None:
        """Learns from the agent's call; None if its model is not asked."""
        if not agent.turn_taking.asks_model:
            return None
        return _Learning(self.records.setdefault(agent.model, Record()))


class _Learning:
    """The observer of one call."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def see(self, step: Step) -> None:
        for action in step.actions:
            if isinstance(action, ModelJudged):
                self._record.add(action)

    def close(self) -> None:
        pass
