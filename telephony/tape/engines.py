"""Makes the engine that held a recorded call, from the tape's header, and the spoken forms it had. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace

from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.conversation import Conversation
from telephony.core.ending import Ended
from telephony.core.engine import Engine
from telephony.core.language.words import words
from telephony.core.managed.bridge import Bridge, BridgePolicy, taking_over
from telephony.core.managed_events import SwitchTo
from telephony.core.speaking.phrasing import Phrasing
from telephony.core.speaking.sentence_ends import writes_ordinals_with_dots
from telephony.tape.codec import BadTape
from telephony.tape.format import BRIDGE, PIPELINE, Header


class Relay:
    """A bridge and, after its `SwitchTo`, the pipeline that took over, as one engine."""

    def __init__(self, header: Header) -> None:
        assert isinstance(header.engine_policy, BridgePolicy)
        self._header = header
        self._engine: Engine = Bridge(header.engine_policy)

    @property
    def ended(self) -> Ended | None:
        return self._engine.ended

    @property
    def deadline(self) -> int | None:
        return self._engine.deadline

    def step(self, event: e.Event, now: int) -> tuple[a.Action, ...]:
        actions = self._engine.step(event, now)
        for action in actions:
            if isinstance(action, SwitchTo):
                policy = taking_over(self._header.policy, action.history)
                self._engine = Conversation(policy, self._header.spoken_form(), action.history, action.turn)
        return actions


ENGINES: dict[str, Callable[[Header], Engine]] = {
    PIPELINE: lambda header: Conversation(header.policy, header.spoken_form()),
    BRIDGE: Relay,
}
"""The engine's name in the header -> its factory."""


def fresh(header: Header) -> Engine:
    """A new core with the settings of the recorded call. Raises BadTape for an unknown engine."""
    if header.engine not in ENGINES:
        raise BadTape(f"the call was held by the engine {header.engine!r}, which this version cannot replay")
    return ENGINES[header.engine](header)


# --- the spoken forms of the recorded call --------------------------------------------------------------------------


def as_spoken(header: Header, steps: Sequence[Step]) -> Header:
    """The header, with what the call said where today's text normalisation would say something else. So a tape keeps
    its words, and replays, whatever numbers are read like today.

    What was written is on the tape as the model's deltas, what was said as `Speak`. Both are compared unit by unit,
    until something differs in more than the words that are written with digits or signs: that is another decision, and
    for the replay to report.
    """
    if header.language is None:
        return header
    form, known = header.spoken_form(), dict(header.spoken)
    for units, said in _turns(header, steps):
        for written, spoken in _pairs(form, units, said):
            known.setdefault(written, spoken)
    return header if len(known) == len(header.spoken) else replace(header, spoken=tuple(known.items()))


def _turns(header: Header, steps: Sequence[Step]) -> Iterator[tuple[list[str], list[str]]]:
    """The units that were written and the texts that were said, of each turn; the fixed phrases, each for itself."""
    ordinals = writes_ordinals_with_dots(header.policy.language)
    phrasings, written, said = dict[int, Phrasing](), dict[int, list[str]](), dict[int, list[str]]()
    for step in steps:
        event = step.event
        if isinstance(event, e.ReplyDelta):
            phrasing = phrasings.setdefault(event.turn, Phrasing(ordinals=ordinals))
            written.setdefault(event.turn, []).extend(phrasing.add(event.text))
        for action in step.actions:
            if isinstance(action, a.Speak) and action.attempt == 1:
                said.setdefault(action.turn, []).append(action.text.removesuffix(" "))
    phrases = [header.policy.greeting, *map(str, asdict(header.policy.wording).values())]
    for turn, texts in said.items():
        if turn in phrasings:
            yield written[turn] + phrasings[turn].end(), texts
        else:
            yield from (([phrase], texts) for phrase in phrases if phrase)


def _pairs(form: Callable[[str], str], units: list[str], said: list[str]) -> Iterator[tuple[str, str]]:
    left = iter(said)
    spoken = next(left, None)
    for unit in units:
        today = form(unit)
        if spoken is None or (today != spoken and not _reads(unit, today, spoken)):
            return
        if today != spoken:
            yield unit, spoken
        spoken = next(left, None)


def _reads(written: str, today: str, spoken: str) -> bool:
    """Whether `spoken` may be `written`, read in another way: the words that today's reading leaves as they are stand
    in it, in their order, and there is something to be read."""
    now, then = words(today), iter(words(spoken))
    kept = [word for word in words(written) if word in now]
    return len(kept) < len(now) and all(word in then for word in kept)
