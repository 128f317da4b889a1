"""The endpoints for Twilio: three webhooks and the media socket.

    POST /twilio/voice    a call comes in          -> TwiML: connect the media stream, or a spoken refusal
    POST /twilio/after    the stream has ended     -> TwiML: hang up; if it ended for an unknown reason, reconnect once
    POST /twilio/status   the call's state changed -> 204; may arrive in any order, repeatedly or never
    WS   /twilio/media    the call's audio

Twilio signs every request. Webhook signatures cover the whole form; the socket's is checked before it is accepted
(403). The socket must also present the token of its call from `<Parameter>`. The voice webhook chooses the agent and
prepares the call after the signature check, so that its providers are connected before audio arrives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from telephony.agent import CHOICE_MS, Agent, AgentChoice, AgentSource, IncomingCall, ManagedAgent, Reject, spoken_by
from telephony.clock import Clock
from telephony.contracts.vad import Detector
from telephony.core.ending import EndedBy
from telephony.core.language.wording import ENGLISH_WORDING
from telephony.errors import CarrierError, ProviderError, Unauthorized
from telephony.log_redaction import said
from telephony.runtime.call_registry import CallRegistry, Refusal
from telephony.runtime.endings import until_over
from telephony.settings import Settings
from telephony.threads import Callers
from telephony.twilio import signature, twiml
from telephony.twilio.addresses import Addresses
from telephony.twilio.leg import MediaLeg, close, open_leg
from telephony.twilio.media_stream import StreamStart
from telephony.twilio.signed_forms import Form, SignedForms
from telephony.twilio.stream_token import StreamTokens
from telephony.vad.dormant import DormantDetector

log = structlog.get_logger()

TERMINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


class Registrar(Protocol):
    """The part of the managed agents' platform that the webhooks use."""

    async def register_call(self, agent: ManagedAgent, call: IncomingCall) -> str: ...


class PlacedCalls(Protocol):
    """The part of the calls placed by this service that the webhooks use."""

    async def about(self, call: IncomingCall) -> tuple[IncomingCall, AgentSource | None]:
        """A call with the variables that it was placed with, and its agent, if it is not the one for all calls."""
        ...


class Moved(Protocol):
    """The part of the moves (calls that leave their stream on purpose, and come back) that the webhooks use."""

    @property
    def addresses(self) -> Addresses: ...

    async def next_document(self, request: Request, call_sid: str) -> str | None:
        """The TwiML with which a call goes on whose stream was ended for it, or None if it was not."""
        ...

    def hung_up(self, call_sid: str) -> None: ...


class Rest(Protocol):
    """The part of the carrier's REST API that the webhooks use; calls from the browser have a carrier of their own."""

    async def hang_up(self, call_sid: str) -> bool: ...


class Webhooks:
    """The endpoints, bound to one call registry. The auth token verifies signatures and signs stream tokens."""

    def __init__(
        self,
        settings: Settings,
        registry: CallRegistry,
        agents: AgentSource,
        detector: Callable[[], Detector],
        clock: Clock,
        rest: Rest,
        registrar: Registrar,
        placed: PlacedCalls,
        moves: Moved,
    ) -> None:
        self.signed = SignedForms(settings, clock)
        self._settings = settings
        self._registry = registry
        self._agents = agents
        self._detector = detector
        self._clock = clock
        self._rest = rest
        self._registrar = registrar
        self._placed = placed
        self._moves = moves
        self._tokens = StreamTokens(settings.twilio_auth_token.encode())
        self._callers = Callers("agent function")

    def routes(self) -> list[BaseRoute]:
        """The routes for the app."""
        return [
            Route("/twilio/voice", self.signed.only(self.voice), methods=["POST", "GET"]),
            Route("/twilio/after", self.signed.only(self.after), methods=["POST", "GET"]),
            Route("/twilio/status", self.signed.only(self.status), methods=["POST", "GET"]),
            WebSocketRoute("/twilio/media", self.media),
        ]

    # --- webhooks, after the signature check ------------------------------------------------------------------------

    async def voice(self, request: Request, form: Form) -> Response:
        """A call comes in. A repeated webhook for the same call uses what the first one prepared."""
        call, agents = await self._placed.about(_incoming(form))
        if not call.call_sid:
            return Response("no CallSid", status_code=400)
        if (refusal := self._registry.refusal(call.call_sid, rung=call.outbound)) is not None:
            return _xml(self._refuse(call, refusal))
        choice = await self._choose(call, agents)
        if isinstance(choice, Reject):
            log.info("call_rejected", call_sid=call.call_sid)
            return _xml(twiml.hang_up(choice.say) if choice.say else twiml.reject())
        if isinstance(choice, ManagedAgent) and choice.mode == "register":
            registered = await self._register(choice, call)
            if not isinstance(registered, Agent):
                return _xml(registered)
            choice = registered
        document = twiml.connect_stream(*self._moves.addresses.stream(request, call, attempt=1))
        if (refusal := self._registry.prepare(choice, call)) is not None:  # other calls may have come in meanwhile
            return _xml(self._refuse(call, refusal, choice))
        log.info("call_incoming", call_sid=call.call_sid, pii_caller=call.caller, pii_called=call.called)
        return _xml(document)

    async def after(self, request: Request, form: Form) -> Response:
        """The stream has ended, or never opened. With no ending recorded, the caller is still there."""
        call = _incoming(form)
        ending = self._registry.ending(call.call_sid)
        if form.get("CallStatus") in TERMINAL:
            self._hung_up(call.call_sid)
            return _xml(twiml.hang_up())
        if (document := await self._moves.next_document(request, call.call_sid)) is not None:
            return _xml(document)
        if ending is not None:
            return _xml(twiml.hang_up(ending.farewell, ending.language))
        log.warning("stream_lost", call_sid=call.call_sid, opened=not self._registry.awaits_leg(call.call_sid))
        return _xml(await self._recover(request, call))

    async def status(self, request: Request, form: Form) -> Response:
        """The call's state changed. Only its end matters; that may be reported first, twice, or never."""
        if form.get("CallStatus") in TERMINAL:
            self._hung_up(form.get("CallSid", ""))
        return Response(status_code=204)

    async def back(self, request: Request, form: Form) -> Response:
        """A call comes back from somewhere, and nobody here knows it any more: as if its stream had been lost."""
        return _xml(await self._recover(request, _incoming(form)))

    # --- the media socket -------------------------------------------------------------------------------------------

    async def media(self, socket: WebSocket) -> None:
        """The audio socket of a call. Refusals before `accept()` are a 403 for the peer; later ones close with 1008."""
        settings = self._settings
        urls = signature.socket_urls(settings.public_url, settings.trusted_proxies, socket.scope)
        if not signature.check_socket(settings.twilio_auth_token, urls, socket.headers.get(signature.HEADER)):
            log.warning("socket_refused", code="signature_wrong")
            await socket.close()
            return
        try:
            start = await open_leg(socket, clock=self._clock)
            self._check(start)
        except CarrierError as error:
            log.warning("stream_refused", code=error.code)
            await close(socket, self._clock, 1008, error.code)
            return
        await self._serve(socket, start)

    async def _serve(self, socket: WebSocket, start: StreamStart) -> None:
        structlog.contextvars.bind_contextvars(call_sid=start.call_sid)
        call, agents = await self._placed.about(_from_stream(start))
        detector = DormantDetector(self._detector, lambda: self._needs_detector(start.call_sid))
        leg = MediaLeg(socket, start, detector, self._clock)
        live = self._registry.attach(start.call_sid, leg)
        refused = self._registry.refusal(start.call_sid, rung=call.outbound)
        if live is None and start.call_sid not in self._registry.calls and not refused:
            choice = await self._choose(call, agents)  # the webhook was answered by another process
            if not isinstance(choice, Reject) and self._registry.prepare(choice, call) is None:
                live = self._registry.attach(start.call_sid, leg)
        if live is None:
            log.warning("stream_refused", code="no_such_call")
            await close(socket, self._clock, 1008, "no_such_call")
            return
        await live.done.wait()
        if live.ended is not None and live.ended.by is EndedBy.DEAD_LEG:
            try:
                await self._rest.hang_up(start.call_sid)
            except CarrierError as error:
                log.warning("hang_up_failed", call_sid=start.call_sid, code=error.code)

    def _hung_up(self, call_sid: str) -> None:
        self._registry.hung_up(call_sid)
        self._moves.hung_up(call_sid)

    def _needs_detector(self, call_sid: str) -> bool:
        """Whether our own pipeline handles the call, so that the detector must run."""
        live = self._registry.calls.get(call_sid)
        return live is not None and isinstance(live.agent, Agent)

    async def _register(self, agent: ManagedAgent, call: IncomingCall) -> Agent | str:
        """The platform's TwiML. If registering fails: the fallback agent, or the TwiML of an apology and a hang-up."""
        try:
            twiml_of_platform = await self._registrar.register_call(agent, call)
        except ProviderError as error:
            log.error("register_failed", call_sid=call.call_sid, agent_id=agent.agent_id, code=error.code,
                      **said(str(error)))  # fmt: skip
            return agent.fallback or twiml.hang_up(agent.wording.broken, agent.language)
        log.info("call_registered", call_sid=call.call_sid, agent_id=agent.agent_id)
        return twiml_of_platform

    def _check(self, start: StreamStart) -> None:
        if self._settings.twilio_account_sid and start.account_sid != self._settings.twilio_account_sid:
            raise Unauthorized("the stream belongs to another account", code="account_wrong")
        token = start.parameters.get("token", "")
        waits_here = self._registry.awaits_leg(start.call_sid)
        self._tokens.redeem(token, start.call_sid, None if waits_here else self._clock.wall_s())

    # --- inside -----------------------------------------------------------------------------------------------------

    def _refuse(self, call: IncomingCall, why: Refusal, agent: Agent | ManagedAgent | None = None) -> str:
        """The TwiML for a call that is not admitted. `agent` is its agent, if it has been chosen."""
        wording, language = spoken_by(agent or self._agents)
        if why is Refusal.DRAINING:
            log.info("call_refused", call_sid=call.call_sid, code=str(why))
            return twiml.hang_up(wording.draining, language)
        log.warning("call_refused", call_sid=call.call_sid, code=str(why))
        return twiml.hang_up(wording.busy, language) if wording.busy else twiml.reject("busy")

    async def _choose(self, call: IncomingCall, agents: AgentSource | None) -> AgentChoice:
        """The agent for a call (of `agents`, or of those for all calls). If the agent function raises or hangs, a
        `Reject` with a spoken apology."""
        source = agents if agents is not None else self._agents
        if isinstance(source, Agent | ManagedAgent):
            return source
        try:
            async with self._clock.timeout(CHOICE_MS):
                choice: object = await self._callers.ask(source, call)
        except TimeoutError:
            log.error("agent_failed", call_sid=call.call_sid, code="agent_timeout")
            return Reject(ENGLISH_WORDING.broken)
        except Exception:
            log.exception("agent_failed", call_sid=call.call_sid, code="agent_raised")
            return Reject(ENGLISH_WORDING.broken)
        if not isinstance(choice, Agent | ManagedAgent | Reject):
            log.error("agent_failed", call_sid=call.call_sid, code="not_an_agent")
            return Reject(ENGLISH_WORDING.broken)
        return choice

    async def _recover(self, request: Request, call: IncomingCall) -> str:
        """The TwiML for a caller whose stream was lost: the fallback number, one more stream, or an apology."""
        (wording, language), sid, fallback = spoken_by(self._agents), call.call_sid, self._settings.fallback_number
        again = request.query_params.get("attempt") == "1" and not fallback
        if again and self._registry.awaits_leg(sid):  # the stream never opened: the prepared call still waits for it
            return twiml.connect_stream(*self._moves.addresses.stream(request, call, attempt=2))
        if (before := self._registry.calls.get(sid)) is not None:
            before.leg.cancel()  # frees the place of a call whose stream never opened
            if again:
                await until_over(before.done, sid, self._clock)
        if fallback:
            return twiml.dial(fallback, say=wording.provider_busy, language=language)
        call, agents = await self._placed.about(call)
        choice = (
            await self._choose(call, agents)
            if again and not self._registry.refusal(sid, rung=call.outbound)
            else Reject()
        )
        if not isinstance(choice, Reject) and sid not in self._registry.calls:
            if isinstance(choice, ManagedAgent):
                choice = choice.fallback or replace(choice, mode="bridge")
            (wording, language), apology = spoken_by(choice), choice.wording.apology
            if isinstance(choice, Agent):
                choice, apology = replace(choice, greeting=apology), ""
            document = twiml.connect_stream(
                *self._moves.addresses.stream(request, call, attempt=2), say=apology, language=language
            )
            if self._registry.prepare(choice, call) is None:
                return document
        return twiml.hang_up(wording.broken, language)


def _incoming(fields: Form) -> IncomingCall:
    """The call of a form. What the caller's phone network put into it may hold any character: those that XML (and a
    terminal) cannot hold are left out."""
    fields = {name: twiml.representable(value) for name, value in fields.items()}
    return IncomingCall(
        call_sid=fields.get("CallSid", ""),
        caller=fields.get("From", ""),
        called=fields.get("To", ""),
        direction=fields.get("Direction", "inbound"),
        form=fields,
    )


def _from_stream(start: StreamStart) -> IncomingCall:
    given = start.parameters
    return IncomingCall(
        call_sid=start.call_sid,
        caller=given.get("caller", ""),
        called=given.get("called", ""),
        direction=given.get("direction", "inbound"),
    )


def _xml(document: str) -> Response:
    return Response(document, media_type="text/xml")
