"""The transfers of this process: begins them, and answers Twilio's questions about them.

    POST /twilio/moved/cold/{id}/{number}/whisper   whoever picked up is told what it is about, and asked for a key
    POST /twilio/moved/cold/{id}/{number}/accept    the key
    POST /twilio/moved/cold/{id}/{number}/back      how the caller's call goes on after the <Dial>
    POST /twilio/moved/leg/{attempt}/voice          a person has answered, who is asked before the caller is moved
    POST /twilio/moved/leg/{attempt}/stream         how the person's call goes on after the stream
    POST /twilio/moved/leg/{attempt}/room           who comes into the room and leaves it
    POST /twilio/moved/leg/{attempt}/after          how the person's call goes on after the room
    POST /twilio/moved/warm/{id}/back               how the caller's call goes on after the room
    POST /twilio/moved/lost                         a caller of whom nobody knows any more where they come from

Of a transfer that is not known, after a restart: a caller is taken back with an apology, a person hears last words.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from telephony.agent import IncomingCall, language_of
from telephony.call_control import documents, outcomes
from telephony.call_control.briefing import Listener, about, briefing_agent
from telephony.call_control.cold import ColdTransfer, allowed, caller_id
from telephony.call_control.destinations import Destination
from telephony.call_control.heard import HeardLines
from telephony.call_control.kept import keep
from telephony.call_control.legs import Parts, guarded, too_late
from telephony.call_control.moves import Moves
from telephony.call_control.phrases import phrases
from telephony.call_control.transfer_tools import Transferring
from telephony.call_control.warm import WarmCall
from telephony.clock import Clock
from telephony.contracts.observer import Observer
from telephony.core.transfers import words as w
from telephony.core.transfers.warm import Phase, WarmTransfer
from telephony.errors import DialRefused
from telephony.outbound.attempt import Report
from telephony.outbound.legs import Legs
from telephony.runtime.call_registry import CallRegistry, LiveCall
from telephony.settings import Settings
from telephony.twilio import twiml
from telephony.twilio.rest.calls import TwilioRest
from telephony.twilio.signed_forms import Form, SignedForms
from telephony.twilio.webhooks import TERMINAL

log = structlog.get_logger()

Recover = Callable[[Request, Form], Awaitable[Response]]


class Transfers:
    """See the module text. `recover` answers for a caller who comes back from where nobody knows."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        registry: CallRegistry,
        moves: Moves,
        legs: Legs,
        rest: TwilioRest | None,
    ) -> None:
        self._settings, self._clock, self._registry, self._moves = settings, clock, registry, moves
        self._legs, self._rest = legs, rest
        self._heard = HeardLines(clock)
        self.cold: OrderedDict[str, ColdTransfer] = OrderedDict()
        self.warm: OrderedDict[str, WarmCall] = OrderedDict()
        self._attempts: OrderedDict[str, tuple[WarmCall, int]] = OrderedDict()
        self._listeners: dict[str, Listener] = {}
        self._group: asyncio.TaskGroup | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Transfers can be begun while the context lasts."""
        self._registry.observers.append(self.observe)
        over = asyncio.Event()

        async def run() -> None:
            async with asyncio.TaskGroup() as self._group:
                await over.wait()
                raise asyncio.CancelledError

        task = asyncio.create_task(run())
        try:
            yield
        finally:
            over.set()
            for one in self.warm.values():
                one.stop()
            self._group = None
            task.cancel()
            await asyncio.wait([task])

    def observe(self, live: LiveCall) -> Observer | None:
        return self._listeners.get(live.call.call_sid) or self._heard.of(live.call.call_sid)

    @property
    def for_tools(self) -> Transferring:
        """The service that tools ask for."""
        return Transferring(self.problem, self.begin, self.never_mind)

    # --- for the tools ----------------------------------------------------------------------------------------------

    def problem(self, call_sid: str, to: Destination) -> str:
        """Why the call cannot be put through now, for the model; "" if it can be."""
        live = self._registry.calls.get(call_sid)
        if live is None or self._group is None:
            return "This call cannot be put through: it is not a telephone call of this service."
        if self._going_on(call_sid) is not None:
            return "A transfer is going on already. Cancel it first, if the caller wants another one."
        if self._moves.leaving(call_sid):
            return "The caller is on their way to somebody else already."
        if opens := to.closed(self._clock.wall_s()):
            return (
                f"{to.name} is closed now and opens {opens} (time zone {to.time_zone}). Nobody was called. Tell the "
                "caller, and offer what else you can do."
            )
        if to.warm and self._rest is None:
            return (
                f"{to.name} cannot be called: the service has no Twilio account. Tell the caller, and offer a message."
            )
        if to.warm and not call_sid.startswith("CA"):  # not a call of Twilio's
            return (
                f"{to.name} was not called: on the page in the browser nobody can be joined with the caller; on a "
                "telephone it works. Tell them so."
            )
        try:
            for number in to.numbers if not to.warm else ():
                allowed(number, live.call, self._settings.dial_countries)
        except DialRefused as error:
            log.error("transfer_refused", call_sid=call_sid, destination=to.name, code=error.code, problem=str(error))
            return f"{to.name} cannot be called: {error}. Tell the caller that it does not work, and offer a message."
        return ""

    def begin(self, call_sid: str, to: Destination, summary: str) -> str:
        """Puts the call through. Returns as `problem`: what was possible may be no more, now that it was heard."""
        if problem := self.problem(call_sid, to):
            return problem
        live = self._registry.calls[call_sid]
        log.info("transfer_begins", call_sid=call_sid, destination=to.name, warm=to.warm)
        if to.warm:
            self._begin_warm(live, to, summary)
        elif not self._begin_cold(live, to, summary):
            return outcomes.failed(to.name, w.Outcome.CALLER_LEFT)
        return ""

    def never_mind(self, call_sid: str) -> str:
        """Cancels the call's transfer. What came of it, for the model."""
        going_on = self._going_on(call_sid)
        if going_on is None:
            return "No transfer is going on."
        going_on.take(w.SaidNeverMind())
        if not going_on.machine.over:
            return "It is too late: they are being connected at this moment."
        return "The transfer is cancelled. The caller stays with you."

    # --- inside -----------------------------------------------------------------------------------------------------

    def _going_on(self, call_sid: str) -> WarmCall | None:
        for one in reversed(self.warm.values()):
            if one.call_sid == call_sid and not one.machine.over:
                return one
        return None

    def _begin_cold(self, live: LiveCall, to: Destination, summary: str) -> bool:
        call = live.call
        cold = ColdTransfer(
            id=secrets.token_urlsafe(16), call_sid=call.call_sid, destination=to, about=about(summary),
            language=language_of(live.agent), caller_id=caller_id(to, call),
        )  # fmt: skip
        keep(self.cold, cold.id, cold)

        async def document(request: Request) -> str:
            cold.url = f"{self._moves.addresses.base(request)}/moved/cold/{cold.id}"
            return cold.dial(0)

        return self._moves.leave(call.call_sid, "transfer", document)

    def _begin_warm(self, live: LiveCall, to: Destination, summary: str) -> None:
        assert self._rest is not None
        plan = w.Plan(to.numbers, to.ring_s * 1_000, to.brief_s * 1_000, to.talk_s * 1_000)
        parts = Parts(self._clock, self._registry, self._moves, self._legs, self._rest, self._heard, self._spawn)
        told = about(summary)
        machine, sid = WarmTransfer(plan), live.call.call_sid
        warm = WarmCall(secrets.token_urlsafe(16), sid, live.agent, to, told, parts, self._follow, machine)
        keep(self.warm, warm.id, warm)
        warm.begin(live)

    def _follow(self, attempt_id: str, warm: WarmCall, leg: int) -> None:
        keep(self._attempts, attempt_id, (warm, leg))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if self._group is None:
            work.close()
            return
        self._group.create_task(guarded(work))

    # --- Twilio's questions -----------------------------------------------------------------------------------------

    def routes(self, signed: SignedForms, recover: Recover) -> list[BaseRoute]:
        """The routes for the app."""

        def or_recover(back: Callable[[Request, Form], Awaitable[Response | None]]) -> Recover:
            async def answer(request: Request, form: Form) -> Response:
                return await back(request, form) or await recover(request, form)

            return answer

        endpoints = {
            "cold/{id}/{number:int}/whisper": self.whisper,
            "cold/{id}/{number:int}/accept": self.accept,
            "cold/{id}/{number:int}/back": or_recover(self._cold_back),
            "warm/{id}/back": or_recover(self._warm_back),
            "leg/{attempt}/voice": self.voice,
            "leg/{attempt}/stream": self.stream_over,
            "leg/{attempt}/room": self.room,
            "leg/{attempt}/after": self.after,
            "lost": recover,
        }
        return [
            Route(f"/twilio/moved/{path}", signed.only(answer), methods=["POST", "GET"])
            for path, answer in endpoints.items()
        ]

    def _over(self, form: Form) -> bool:
        """Whether the caller has hung up who is asked about; then the rest of the service knows."""
        if over := form.get("CallStatus") in TERMINAL:
            self._registry.hung_up(form.get("CallSid", ""))
            self._moves.hung_up(form.get("CallSid", ""))
        return over

    async def whisper(self, request: Request, form: Form) -> Response:
        cold, number = self.cold.get(request.path_params["id"]), request.path_params["number"]
        if cold is not None and _has(cold, number):
            return _xml(cold.whisper(number))
        language = request.query_params.get("language", "")
        return _xml(twiml.hang_up(phrases(language).too_late, language))

    async def accept(self, request: Request, form: Form) -> Response:
        cold, number = self.cold.get(request.path_params["id"]), request.path_params["number"]
        taken = cold is not None and _has(cold, number) and cold.accept(number, form.get("Digits", ""))
        return _xml(documents.bridge() if taken else twiml.hang_up())

    async def _cold_back(self, request: Request, form: Form) -> Response | None:
        cold, number = self.cold.get(request.path_params["id"]), request.path_params["number"]
        if self._over(form):
            return _xml(twiml.hang_up())
        if cold is None or not _has(cold, number) or cold.call_sid != form.get("CallSid"):
            return None
        following = cold.after(number, form)
        if following is not None:
            return _xml(following)
        assert cold.outcome is not None
        log.info("transfer", call_sid=cold.call_sid, outcome=str(cold.outcome))
        words = outcomes.back(cold.destination.name, cold.outcome)
        found = await self._moves.take_back(request, cold.call_sid, words)
        return _xml(found) if found is not None else None

    async def _warm_back(self, request: Request, form: Form) -> Response | None:
        warm = self.warm.get(request.path_params["id"])
        if self._over(form):
            return _xml(twiml.hang_up())
        if warm is None or warm.call_sid != form.get("CallSid"):
            return None
        return _xml(await warm.caller_back(request))

    async def voice(self, request: Request, form: Form) -> Response:
        """A person has answered, or their mailbox."""
        attempt_id, sid = request.path_params["attempt"], form.get("CallSid", "")
        warm, leg = self._attempts.get(attempt_id, (None, 0))
        try:
            await self._legs.report(attempt_id, Report(sid, "in-progress", named=True))
        except DialRefused as error:
            log.error("report_lost", call_sid=sid, problem=str(error))
        late = await too_late(self._legs, attempt_id)
        if warm is None or not warm.answered(leg, sid):
            return _xml(late)
        call = IncomingCall(sid, form.get("From", ""), form.get("To", ""), "outbound-api", form)
        if sid not in self._registry.calls:
            listener = Listener(lambda yes: warm.decided(leg, yes))
            agent = briefing_agent(
                warm.agent, warm.destination.name, warm.about, listener, lambda yes: warm.decided(leg, yes),
                warm.destination.brief_s,
            )  # fmt: skip
            if (refusal := self._registry.prepare(agent, call)) is not None:
                log.warning("briefing_refused", call_sid=sid, code=str(refusal))
                warm.take(w.LegEnded(leg, w.Outcome.FAILED))
                return _xml(late)
            warm.legs[leg].listener = self._listeners[sid] = listener
            self._spawn(self._brief(warm, leg, self._registry.calls[sid]))
        stream, _, parameters = self._moves.addresses.stream(request, call, attempt=2)
        return _xml(twiml.connect_stream(stream, f"{warm.url}/leg/{attempt_id}/stream", parameters))

    async def stream_over(self, request: Request, form: Form) -> Response:
        """The person's stream has ended: they go into the room, or hear the last words."""
        attempt_id, sid = request.path_params["attempt"], form.get("CallSid", "")
        if self._over(form):
            return _xml(twiml.hang_up())
        if (document := await self._moves.next_document(request, sid)) is not None:
            return _xml(document)
        if (ending := self._registry.ending(sid)) is not None:
            return _xml(twiml.hang_up(ending.farewell, ending.language))
        return _xml(await too_late(self._legs, attempt_id))

    async def _brief(self, warm: WarmCall, leg: int, live: LiveCall) -> None:
        try:
            await warm.watch_briefing(leg, live)
        finally:
            self._listeners.pop(live.call.call_sid, None)

    async def room(self, request: Request, form: Form) -> Response:
        """Somebody has come into the room, or left it."""
        warm, leg = self._attempts.get(request.path_params["attempt"], (None, 0))
        if warm is not None and form.get("CallSid") == warm.legs[leg].sid:
            match form.get("StatusCallbackEvent"):
                case "participant-join":
                    warm.take(w.PersonEntered(leg))
                case "participant-leave":
                    warm.take(w.LegEnded(leg, w.Outcome.HUNG_UP))
        return Response(status_code=204)

    async def after(self, request: Request, form: Form) -> Response:
        """The room is over for the person: they have hung up, or the caller has left it."""
        warm, leg = self._attempts.get(request.path_params["attempt"], (None, 0))
        if warm is None:
            return _xml(await too_late(self._legs, request.path_params["attempt"]))
        phase = warm.machine.phase
        warm.take(w.LegEnded(leg, w.Outcome.HUNG_UP))
        joined = phase in (Phase.JOINED, Phase.OVER)
        return _xml(twiml.hang_up(warm.phrases.caller_gone if joined else warm.phrases.too_late, warm.language))


def _has(cold: ColdTransfer, number: int) -> bool:
    return 0 <= number < len(cold.destination.numbers)


def _xml(document: str) -> Response:
    return Response(document, media_type="text/xml")
