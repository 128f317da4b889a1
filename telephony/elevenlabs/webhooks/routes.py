"""HTTP endpoints for the Agents platform: personalization of a call, and post-call webhooks.

    POST /elevenlabs/personalization   while the phone rings; answered within a second, whatever the user's code does
    POST /elevenlabs/post-call         signed; stored on disk before the answer, passed to the user's hook afterwards

If personalization fails, the platform drops the call, and so it does if a dynamic variable is missing. A slow or
broken agent function is therefore only logged, and the answer contains what is known without it.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from telephony.agent import AgentSource, IncomingCall, ManagedAgent
from telephony.clock import Clock
from telephony.elevenlabs import agents_codec
from telephony.elevenlabs.post_call import HEADERS, BadSignature, Signature
from telephony.elevenlabs.webhooks.store import MAX_BYTES, WebhookStore
from telephony.threads import Callers
from telephony.twilio.signature import is_trusted
from telephony.uploads import TooBig, TooMany, gather
from telephony.valid_text import load

log = structlog.get_logger()

ANSWER_MS = 700
"""Time for the user's function. The platform waits one second for the whole answer."""
BODY_BYTES = 64 * 2**10
BODY_MS = 2_000
"""Time for the body of a personalization request to arrive."""
KEY_HEADER = "x-telephony-key"
_UNKNOWN_AGENT = ManagedAgent("nobody")  # the answer then contains only the facts of the call


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """`key` authorizes personalization, `secret` verifies post-call webhooks. An empty value disables the endpoint."""

    key: str = ""
    secret: str = ""
    trusted_proxies: tuple[str, ...] = ()


class PlatformWebhooks:
    """The endpoints. `store` keeps post-call events; without one (no data directory) they are refused with 503."""

    def __init__(
        self, settings: WebhookSettings, agents: AgentSource, store: WebhookStore | None, clock: Clock
    ) -> None:
        self._settings, self._agents, self._store, self._clock = settings, agents, store, clock
        self._callers = Callers("agent function")

    def routes(self) -> list[BaseRoute]:
        """The routes of the endpoints that are enabled."""
        found: list[BaseRoute] = []
        if self._settings.key:
            found.append(Route("/elevenlabs/personalization", self.personalize, methods=["POST"]))
        if self._settings.secret:
            found.append(Route("/elevenlabs/post-call", self.post_call, methods=["POST"]))
        return found

    async def personalize(self, request: Request) -> Response:
        """The client data of an inbound call that the platform answers."""
        if not self._authorized(request):
            log.warning("personalization_refused", code="key_wrong")
            return Response("wrong or missing key", status_code=401)
        try:
            async with self._clock.timeout(BODY_MS):
                body = await gather(request.stream(), BODY_BYTES)
            asked = _object(body)
        except TimeoutError:
            log.warning("personalization_refused", code="body_late")
            return Response("request body timed out", status_code=408)
        except TooBig:
            log.warning("personalization_refused", code="too_big")
            return Response("request body too large", status_code=413)
        except (ValueError, RecursionError):
            log.warning("personalization_refused", code="bad_body")
            return Response("not a JSON object", status_code=400)
        except ClientDisconnect:
            return Response(status_code=499)
        call = IncomingCall(
            call_sid=_text(asked, "call_sid"), caller=_text(asked, "caller_id"), called=_text(asked, "called_number"),
            direction="inbound", form={name: value for name, value in asked.items() if isinstance(value, str)},
        )  # fmt: skip
        structlog.contextvars.bind_contextvars(call_sid=call.call_sid)
        agent_id = _text(asked, "agent_id")
        agent = await self._agent(call)
        if agent is not None and agent_id and agent.agent_id != agent_id:
            log.warning("personalization_other_agent", asked=agent_id, chosen=agent.agent_id)
        log.info("personalized", agent_id=agent_id, call_sid=call.call_sid, known=agent is not None)
        return JSONResponse(agents_codec.initiation(agent or _UNKNOWN_AGENT, call))

    async def post_call(self, request: Request) -> Response:
        """Stores the event, then answers 200: also for a known event, so that the platform does not send it again."""
        header = next((value for name in HEADERS if (value := request.headers.get(name))), "")
        try:
            signature = Signature(header, self._settings.secret, self._clock.wall_s())
            if self._store is None:
                return _refused("no_data_directory", 503, "TELEPHONY_DATA is not set")
            if int(request.headers.get("content-length") or 0) > MAX_BYTES:
                raise TooBig
            event, new = await self._store.take(_pieces(request), signature, self._peer(request))
        except BadSignature as error:
            return _refused(error.code, 401, error.code)
        except ValueError:
            return _refused("bad_body", 400, "not an event")
        except TooBig:
            return _refused("too_big", 413, "request body too large")
        except TimeoutError:
            return _refused("body_late", 408, "request body timed out")
        except TooMany:
            return _refused("too_many", 503, "too many concurrent uploads")
        except ClientDisconnect:
            return Response(status_code=499)
        except OSError:
            log.exception("post_call_refused", code="disk")
            return Response("could not be stored", status_code=503)
        log.info("post_call", kind=event.kind, conversation_id=event.conversation_id, new=new)
        return JSONResponse({"status": "received" if new else "known"})

    # --- inside -----------------------------------------------------------------------------------------------------

    def _authorized(self, request: Request) -> bool:
        """Whether the request carries our key, as a bearer token or in `KEY_HEADER` (configured on the platform)."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        given = given.strip() if scheme.lower() == "bearer" else request.headers.get(KEY_HEADER, "")
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._settings.key.encode())

    def _peer(self, request: Request) -> str:
        """The address that the request comes from; behind a trusted proxy, the last one that the proxy forwards."""
        peer = request.client.host if request.client is not None else ""
        forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        return forwarded if forwarded and is_trusted(peer, self._settings.trusted_proxies) else peer

    async def _agent(self, call: IncomingCall) -> ManagedAgent | None:
        """The managed agent for this call; None if the user's function fails, is too slow or returns another type."""
        choice: Any = self._agents
        if not isinstance(choice, ManagedAgent) and callable(choice):
            try:
                async with self._clock.timeout(ANSWER_MS):
                    choice = await self._callers.ask(choice, call)
            except TimeoutError:
                log.error("personalization_failed", code="agent_timeout", call_sid=call.call_sid)
                return None
            except Exception:
                log.exception("personalization_failed", code="agent_raised", call_sid=call.call_sid)
                return None
        return choice if isinstance(choice, ManagedAgent) else None


def _refused(code: str, status: int, words: str) -> Response:
    """Refuses a post-call webhook. Logged as an error if the fault is ours or a genuine event may be lost."""
    level = log.error if code in ("no_data_directory", "too_big", "too_many") else log.warning
    level("post_call_refused", code=code)
    return Response(words, status_code=status)


def _object(body: bytes) -> dict[str, Any]:
    found = load(body)
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    async for piece in request.stream():
        if piece:
            yield piece


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
