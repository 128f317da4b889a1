"""What a warm transfer works with: the parts of the service, and the legs to people."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from telephony.call_control.briefing import Listener
from telephony.call_control.heard import HeardLines
from telephony.call_control.moves import Moves
from telephony.call_control.phrases import phrases
from telephony.clock import Clock
from telephony.core.transfers import words as w
from telephony.errors import DialRefused
from telephony.outbound.attempt import Attempt, Outcome
from telephony.outbound.legs import Legs
from telephony.runtime.call_registry import CallRegistry
from telephony.twilio import twiml
from telephony.twilio.rest.calls import TwilioRest

log = structlog.get_logger()

HOW: Mapping[Outcome, w.Outcome] = {
    Outcome.BUSY: w.Outcome.BUSY,
    Outcome.NO_ANSWER: w.Outcome.NO_ANSWER,
    Outcome.CANCELED: w.Outcome.NO_ANSWER,
    Outcome.FAILED: w.Outcome.FAILED,
    Outcome.BLOCKED: w.Outcome.FAILED,
    Outcome.UNKNOWN: w.Outcome.UNKNOWN,
    Outcome.ANSWERED: w.Outcome.HUNG_UP,
}


LANGUAGE = "language"
"""The variable of an attempt that tells in which language the person is spoken to, also after a restart."""


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


async def too_late(legs: Legs, attempt_id: str) -> str:
    """The last words to a person who is called in vain, in the language in which they were called, also after a
    restart."""
    try:
        attempt = await legs.store().get(attempt_id)
    except DialRefused as error:
        log.error("attempts_unreadable", problem=str(error))
        attempt = None
    if attempt is None or LANGUAGE not in attempt.variables:
        return twiml.hang_up()
    language = attempt.variables[LANGUAGE]
    return twiml.hang_up(phrases(language).too_late, language)


@dataclass(slots=True)
class Leg:
    """A leg to a person. `sid` is known once Twilio has told it; `listener` once the person is being briefed. One that
    is `unwanted` is not placed any more, or is hung up as soon as its call is known; `over`: there is no call."""

    number: int
    to: str
    attempt: Attempt | None = None
    sid: str = ""
    listener: Listener | None = None
    unwanted: bool = False
    over: bool = False


async def guarded(work: Coroutine[Any, Any, None]) -> None:
    """A bug in one transfer ends no other."""
    try:
        await work
    except Exception:
        log.exception("transfer_failed")
