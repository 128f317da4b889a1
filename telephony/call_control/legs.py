"""What a warm transfer works with: the parts of the service, and the legs to people."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from telephony.call_control.briefing import Listener
from telephony.call_control.heard import HeardLines
from telephony.call_control.moves import Moves
from telephony.clock import Clock
from telephony.core.transfers import words as w
from telephony.outbound.attempt import Attempt, Outcome
from telephony.outbound.legs import Legs
from telephony.runtime.call_registry import CallRegistry
from telephony.twilio.rest.calls import TwilioRest

HOW: Mapping[Outcome, w.Outcome] = {
    Outcome.BUSY: w.Outcome.BUSY,
    Outcome.NO_ANSWER: w.Outcome.NO_ANSWER,
    Outcome.CANCELED: w.Outcome.NO_ANSWER,
    Outcome.FAILED: w.Outcome.FAILED,
    Outcome.BLOCKED: w.Outcome.FAILED,
    Outcome.UNKNOWN: w.Outcome.UNKNOWN,
    Outcome.ANSWERED: w.Outcome.HUNG_UP,
}


@dataclass(frozen=True, slots=True)
class Parts:
    """What every transfer needs. `spawn` runs a task for as long as the service runs."""

    clock: Clock
    registry: CallRegistry
    moves: Moves
    legs: Legs
    rest: TwilioRest
    heard: HeardLines
    spawn: Callable[[Coroutine[Any, Any, None]], object]


@dataclass(slots=True)
class Leg:
    """A leg to a person. `sid` is known once Twilio has told it; `listener` once the person is being briefed."""

    number: int
    to: str
    attempt: Attempt | None = None
    sid: str = ""
    listener: Listener | None = None
