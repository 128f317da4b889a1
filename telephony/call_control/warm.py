"""The shell of a warm transfer (`core/transfers/warm.py` decides): the person's leg, the room, and the two calls.

The person's leg is placed by `outbound/legs.py`, so it is never dialled twice. The person's stream and the caller's end
by `Moves.leave`: Twilio then asks where they go, and is answered with the room. REST is used to place and to hang up
the person's leg, to ask who is in the room if no callback came, and to fetch a caller who may sit there alone. Whatever
of this fails becomes an event; a result that comes late is ignored by the machine, by its number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import assert_never

import structlog
from starlette.requests import Request

from telephony.agent import Agent, ManagedAgent, language_of
from telephony.call_control import documents, outcomes
from telephony.call_control.destinations import Destination
from telephony.call_control.legs import HOW, LANGUAGE, Leg, Parts
from telephony.call_control.phrases import Phrases, phrases
from telephony.core.ending import EndedBy
from telephony.core.events import SayRequested
from telephony.core.transfers import words as w
from telephony.core.transfers.warm import TELL_MS, Phase, WarmTransfer
from telephony.errors import CarrierError, DialRefused, TelephonyError
from telephony.outbound.attempt import Outcome
from telephony.runtime.call_registry import LiveCall
from telephony.twilio import twiml
from telephony.twilio.rest.calls import CallRequest
from telephony.twilio.rest.conferences import Conferences

log = structlog.get_logger()

LOST_MS = 10_000
"""How long a caller whose stream was lost may take to be back on another one."""
COMPANY_MS = 8_000
"""So long nobody has said anything, until a caller who waits hears a word; sooner than they are asked for one."""
AGAIN_MS = 2_000
"""How often a phone that rings and is not wanted any more is hung up, until it is over."""


@dataclass(slots=True)
class WarmCall:
    """One transfer. `id` is unguessable and part of its addresses. `follow` tells by an attempt's id whose it is. It
    outlives the conversation, whose memory it does not hold."""

    id: str
    call_sid: str
    agent: Agent | ManagedAgent
    destination: Destination
    about: str
    parts: Parts
    follow: Callable[[str, WarmCall, int], None]
    machine: WarmTransfer
    legs: dict[int, Leg] = field(default_factory=dict)
    _zero: int = 0
    _alarm: asyncio.TimerHandle | None = None

    @property
    def phrases(self) -> Phrases:
        return phrases(self.language)

    @property
    def language(self) -> str:
        return language_of(self.agent)

    @property
    def room(self) -> str:
        return f"transfer-{self.id}"

    @property
    def url(self) -> str:
        return f"{self.parts.legs.base_url.rstrip('/')}/twilio/moved"

    def begin(self, live: LiveCall) -> None:
        self._zero = self.parts.clock.ms()
        self.parts.spawn(self._watch_caller(live))
        self.parts.spawn(self._keep_company())
        self.take(w.Asked())

    # --- events and actions -----------------------------------------------------------------------------------------

    def take(self, event: w.Event) -> tuple[w.Action, ...]:
        """Returns what follows; all of it is being done, but for what answers a question of Twilio's."""
        before = self.machine.phase
        actions = self.machine.step(event, self.parts.clock.ms() - self._zero)
        if self.machine.phase is not before or actions:
            outcome = str(self.machine.outcome or "")
            log.info("transfer", call_sid=self.call_sid, event_type=type(event).__name__,
                     phase=self.machine.phase.value, outcome=outcome)  # fmt: skip
        for action in actions:
            self._perform(action)
        self._set_alarm()
        return actions

    def _perform(self, action: w.Action) -> None:
        match action:
            case w.PlaceLeg(leg, to):
                self.legs[leg] = Leg(leg, to)
                self.parts.spawn(self._place(self.legs[leg]))
            case w.MovePerson(leg):
                self._move_person(self.legs[leg])
            case w.LookForPerson(number, leg):
                self.parts.spawn(self._look(number, self.legs[leg]))
            case w.TellCaller():
                self.parts.spawn(self._tell_caller())
            case w.MoveCaller():
                self._move_caller()
            case w.FetchCaller(number):
                self.parts.spawn(self._fetch(number))
            case w.HangUpLeg(leg, parting):
                self.parts.spawn(self._hang_up(self.legs[leg], parting))
            case w.TellAgent(_, why, last):
                name = self.destination.name
                text = outcomes.failed(name, why) if last else outcomes.trying_next(name, why)
                self.tell(text, speak=last)
            case w.Brief():
                self.tell(outcomes.ANSWERED.format(name=self.destination.name), speak=False)
            case w.JoinCaller() | w.TakeBack():
                pass  # answers to questions of Twilio's
            case _:
                assert_never(action)

    def tell(self, text: str, *, speak: bool) -> None:
        """Whoever has the caller now learns something."""
        self.parts.registry.notify(self.call_sid, text, speak)

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if (due := self.machine.deadline) is not None:
            clock = self.parts.clock
            wait = clock.real_seconds(max(0, due - (clock.ms() - self._zero)) + 1)
            self._alarm = asyncio.get_running_loop().call_later(wait, self.take, w.TimeReached())

    def stop(self) -> None:
        """The service stops."""
        if self._alarm is not None:
            self._alarm.cancel()

    # --- the person -------------------------------------------------------------------------------------------------

    async def _place(self, leg: Leg) -> None:
        """Rings the phone, and waits until its call is over."""
        legs, plan = self.parts.legs, self.destination
        try:
            to, caller_id = await legs.numbers(leg.to)
            if leg.unwanted:
                return
            told = {LANGUAGE: self.language}
            leg.attempt = attempt = legs.attempt(to, caller_id, variables=told, ring_s=plan.ring_s)
            self.follow(attempt.id, self, leg.number)
            base = legs.base_url.rstrip("/")
            limit_s = plan.ring_s + plan.brief_s + plan.talk_s + 120
            placed = await legs.place(attempt, CallRequest(
                to, caller_id, f"{self.url}/leg/{attempt.id}/voice",
                f"{base}/twilio/outbound/{attempt.id}/status", plan.ring_s, limit_s,
            ))  # fmt: skip
            leg.sid = leg.sid or placed.call_sid
            done = await legs.finished(placed.id)
            self.parts.moves.hung_up(done.call_sid)
            how = HOW.get(done.outcome or Outcome.UNKNOWN, w.Outcome.UNKNOWN)
        except DialRefused as error:
            log.warning("transfer_not_dialled", call_sid=self.call_sid, code=error.code, problem=str(error))
            how = w.Outcome.BUSY if error.code == "already_calling" else w.Outcome.FAILED
        except TelephonyError as error:
            log.warning("transfer_not_dialled", call_sid=self.call_sid, code=error.code, problem=str(error))
            how = w.Outcome.FAILED
        finally:
            leg.over = True
        self.take(w.LegEnded(leg.number, how))

    def answered(self, number: int, sid: str) -> bool:
        """The phone was answered: whether the person is to be briefed now. The question may be repeated."""
        leg = self.legs[number]
        leg.sid = sid
        actions = self.take(w.LegAnswered(number))
        return any(isinstance(one, w.Brief) for one in actions) or (
            self.machine.phase is Phase.BRIEFING and self.machine.leg == number
        )

    def decided(self, number: int, yes: bool) -> None:
        self.take(w.Accepted(number) if yes else w.Refused(number))

    async def watch_briefing(self, number: int, live: LiveCall) -> None:
        """The person's stream has ended, and not on the way into the room."""
        await live.done.wait()
        if live.ended is None or live.ended.by is not EndedBy.MOVED:
            self.take(w.LegEnded(number, w.Outcome.HUNG_UP))

    def _move_person(self, leg: Leg) -> None:
        moved = self.parts.moves.leave(leg.sid, "transfer", self._room_document(leg), lambda: self._gone(leg.number))
        if not moved:
            self.take(w.LegEnded(leg.number, w.Outcome.HUNG_UP))

    def _gone(self, number: int) -> None:
        self.take(w.LegEnded(number, w.Outcome.HUNG_UP))

    def _room_document(self, leg: Leg) -> Callable[[Request], Awaitable[str]]:
        async def document(request: Request) -> str:
            assert leg.attempt is not None
            if self.machine.phase is not Phase.ENTERING or self.machine.leg != leg.number:
                return twiml.hang_up(self.phrases.too_late, self.language)
            here = f"{self.url}/leg/{leg.attempt.id}"
            return documents.room(
                self.room, back_url=f"{here}/after", events_url=f"{here}/room", talk_s=self.destination.talk_s + 60,
                say=self.phrases.thanks, language=self.language,
            )  # fmt: skip

        return document

    async def _look(self, number: int, leg: Leg) -> None:
        found = False
        try:
            found = leg.sid in await Conferences(self.parts.rest.client).participants(self.room)
        except CarrierError as error:
            log.warning("room_not_seen", call_sid=self.call_sid, code=error.code)
        self.take(w.Looked(number, found))

    async def _hang_up(self, leg: Leg, parting: w.Parting) -> None:
        """Whoever is on the leg hears the last words; a phone that rings stops, as soon as its call is known."""
        leg.unwanted = True
        words = {
            w.Parting.NOTHING: "",
            w.Parting.CALLER_GONE: self.phrases.caller_gone,
            w.Parting.NEVER_MIND: self.phrases.never_mind,
            w.Parting.TOO_LATE: self.phrases.too_late,
        }[parting]
        live = self.parts.registry.calls.get(leg.sid) if leg.sid else None
        if live is not None and parting is w.Parting.NOTHING:
            self.parts.registry.end(leg.sid, "refused")  # with the goodbye of the briefing
            return

        async def last_words(request: Request) -> str:
            return twiml.hang_up(words, self.language)

        if live is not None and self.parts.moves.leave(leg.sid, "parting", last_words):
            return
        while not leg.over:
            try:
                if leg.sid and leg.listener is not None and words:
                    await self.parts.rest.redirect(leg.sid, twiml.hang_up(words, self.language))
                    return
                if leg.attempt is not None and await self.parts.legs.hang_up(leg.attempt.id):
                    return
            except TelephonyError as error:
                log.warning("leg_not_hung_up", call_sid=leg.sid, code=error.code)
                if not error.retryable:
                    return
            await self.parts.clock.sleep(AGAIN_MS)

    # --- the caller -------------------------------------------------------------------------------------------------

    async def _watch_caller(self, first: LiveCall) -> None:
        """Until the caller has hung up, or is on the way into the room. A stream that is lost comes back by itself."""
        live: LiveCall | None = first
        while live is not None and not self.machine.over:
            await live.done.wait()
            if live.ended is not None and live.ended.by is EndedBy.MOVED:
                return
            if live.ended is not None and live.ended.by is EndedBy.LOST_LEG:
                await self.parts.clock.sleep(LOST_MS)
                live = self.parts.registry.calls.get(self.call_sid)
            else:
                live = None
        self.take(w.CallerLeft())

    async def _keep_company(self) -> None:
        """A caller who waits in silence hears now and then that they are not forgotten, and is not taken for gone."""
        while not self.machine.over and self.machine.phase not in (Phase.LEAVING, Phase.JOINED):
            await self.parts.clock.sleep(COMPANY_MS / 10)
            live = self.parts.registry.calls.get(self.call_sid)
            waits = live is not None and self.machine.phase is not Phase.TELLING
            if live is None or not waits or self.parts.heard.quiet_ms(self.call_sid) < COMPANY_MS:
                continue
            self.parts.heard.talked(self.call_sid)
            live.inbox.put(SayRequested(live.agent.wording.filler))

    async def _tell_caller(self) -> None:
        live, heard = self.parts.registry.calls.get(self.call_sid), self.parts.heard
        if live is not None and (words := live.agent.wording.connecting):
            live.inbox.put(SayRequested(words))
            try:
                async with self.parts.clock.timeout(TELL_MS):
                    if not await heard.until_said(self.call_sid, words):
                        self.tell(outcomes.INTERRUPTED.format(name=self.destination.name), speak=False)
                        await heard.until_said(self.call_sid)  # the agent's answer, or "never mind" before it
            except TimeoutError:
                pass
        self.take(w.CallerTold())

    def _move_caller(self) -> None:
        if not self.parts.moves.leave(self.call_sid, "transfer", self.caller_document, self.caller_gone):
            self.take(w.CallerLeft())
            self.tell(outcomes.failed(self.destination.name, w.Outcome.CALLER_LEFT), speak=True)  # if they are there

    def caller_gone(self) -> None:
        self.take(w.CallerLeft())

    async def caller_document(self, request: Request) -> str:
        """Twilio asks where the caller goes, whose stream has ended."""
        return await self._where(self.take(w.CallerAsked()), request)

    async def caller_back(self, request: Request) -> str:
        """Twilio asks how the caller's call goes on, now that the room is over."""
        return await self._where(self.take(w.CallerReturned()), request)

    async def _where(self, actions: tuple[w.Action, ...], request: Request) -> str:
        for action in actions:
            if isinstance(action, w.JoinCaller):
                back = f"{self.url}/warm/{self.id}/back?attempt=1"
                return documents.room(self.room, back_url=back, talk_s=self.destination.talk_s)
            if isinstance(action, w.TakeBack):
                words = outcomes.back(self.destination.name, action.why)
                found = await self.parts.moves.take_back(request, self.call_sid, words)
                return found if found is not None else documents.redirect(f"{self.url}/lost?attempt=1")
        raise AssertionError("a question of Twilio's has no answer")

    async def _fetch(self, number: int) -> None:
        """Brings a caller back who may be alone in the room."""
        back = documents.redirect(f"{self.url}/warm/{self.id}/back?attempt=1")
        try:
            if not await self.parts.rest.redirect(self.call_sid, back):
                self.take(w.CallerLeft())
        except CarrierError as error:
            log.warning("caller_not_fetched", call_sid=self.call_sid, code=error.code)
            self.take(w.FetchFailed(number))
