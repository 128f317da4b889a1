"""Leaving a stream, and coming back to the same conversation on another one.

Theory of operation. A stream lasts as long as its `<Connect>`. `leave` closes it: the core knows beforehand
(`MoveStarted`), so that nothing hangs up, and Twilio asks where the call goes, as it does at the end of any stream. The
answer is the document that was given to `leave`. So no REST request is needed to move a call, which could be refused,
come late, or be done although its answer was lost.

The document is made once, however often Twilio asks: making it may decide where the call goes.

What was said stays here while the call is elsewhere. `resume` starts a conversation that goes on with it, and returns
the TwiML of its stream. It takes the call back even if all other lines are busy: its caller was let in before.

If Twilio does not ask, the caller has hung up: its status callback says so, or `KEPT` later calls push the entry
out. After a restart nobody here knows a call that comes back, and it is taken like one whose stream was lost, with an
apology.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import structlog
from starlette.requests import Request

from telephony.agent import Agent, language_of
from telephony.call_control.kept import keep
from telephony.clock import Clock
from telephony.core.conversation import Conversation
from telephony.core.ending import EndedBy
from telephony.core.events import CallResumed, MoveStarted
from telephony.runtime.call_registry import CallRegistry, LiveCall
from telephony.runtime.endings import until_over
from telephony.twilio import twiml
from telephony.twilio.addresses import Addresses

log = structlog.get_logger()

Document = Callable[[Request], Awaitable[str]]
"""Makes the TwiML with which a call goes on."""


@dataclass(slots=True)
class _Away:
    """A call that was told to leave its stream. `given`: the answer to Twilio's question, which may be repeated."""

    live: LiveCall
    document: Document
    gone: Callable[[], None]
    given: str = ""
    asked: asyncio.Lock = field(default_factory=asyncio.Lock)


class Moves:
    """See the module text."""

    def __init__(self, registry: CallRegistry, addresses: Addresses, clock: Clock) -> None:
        self.addresses = addresses
        self._registry, self._clock = registry, clock
        self.away: OrderedDict[str, _Away] = OrderedDict()

    def leave(self, call_sid: str, why: str, document: Document, gone: Callable[[], None] = lambda: None) -> bool:
        """Ends the stream of a call, which then goes on with `document`. `gone` is called if the caller hangs up before
        the call is back. Returns False, and does nothing, if the call has no stream, is over, or is leaving already."""
        live = self._registry.calls.get(call_sid)
        if live is None or not live.leg.done() or live.leg.cancelled() or live.ended is not None:
            return False
        over = live.engine.ended if live.engine is not None else None
        if self.leaving(call_sid) or (over is not None and over.by in (EndedBy.CALLER, EndedBy.AGENT)):
            return False
        log.info("call_moves", call_sid=call_sid, why=why)
        keep(self.away, call_sid, _Away(live, document, gone))
        live.inbox.put(MoveStarted(why))
        live.leg.result().stop()
        return True

    def leaving(self, call_sid: str) -> bool:
        """Whether the call has been told to leave its present stream."""
        away = self.away.get(call_sid)
        return away is not None and away.live is self._registry.calls.get(call_sid)

    async def next_document(self, request: Request, call_sid: str) -> str | None:
        """Twilio asks how a call goes on whose stream has ended. None if it was not told to leave it."""
        away = self.away.get(call_sid)
        if away is None:
            return None
        async with away.asked:
            if not away.given:
                away.given = await away.document(request)
        return away.given

    async def resume(
        self, request: Request, call_sid: str, notice: str, *, greet: bool
    ) -> tuple[str, str, dict[str, str]] | None:
        """Goes on with the conversation of a call that was away. The agent learns `notice`; with `greet` it says that
        it is back and owes words about it. Returns what `twiml.connect_stream` needs, or None if the call is not known
        or cannot be taken back."""
        away = self.away.pop(call_sid, None)
        if away is None:
            waits = self._registry.calls.get(call_sid) if self._registry.awaits_leg(call_sid) else None
            return self.addresses.stream(request, waits.call, attempt=1) if waits is not None else None
        live = away.live
        await until_over(live.done, call_sid, self._clock)
        agent = live.agent
        if isinstance(agent, Agent):
            agent = replace(agent, greeting=agent.wording.back if greet else "", greeting_protected=False)
        before = live.engine.so_far if isinstance(live.engine, Conversation) else CallResumed((), 0)
        back = [replace(before, notice=notice, speak=greet)]
        if (refusal := self._registry.prepare(agent, live.call, back)) is not None:
            log.warning("call_not_taken_back", call_sid=call_sid, code=str(refusal))
            return None
        log.info("call_back", call_sid=call_sid)
        return self.addresses.stream(request, live.call, attempt=1)

    async def take_back(self, request: Request, call_sid: str, notice: str) -> str | None:
        """The TwiML that brings the caller back to the agent, with words; None if the call is not known."""
        away = self.away.get(call_sid)
        connect = await self.resume(request, call_sid, notice, greet=True)
        if connect is not None:
            return twiml.connect_stream(*connect)
        if away is None:
            return None
        return twiml.hang_up(away.live.agent.wording.draining, language_of(away.live.agent))

    def hung_up(self, call_sid: str) -> None:
        """The call is over, wherever it was. May be told repeatedly."""
        if (away := self.away.pop(call_sid, None)) is not None:
            away.gone()
