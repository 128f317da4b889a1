"""A minimal app with one leg that can answer calls from the local carrier."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from telephony.core.events import AudioReceived, CallerLeft, Event
from telephony.errors import CarrierError
from telephony.testing.fakes.twilio.carrier import Carrier, CarrierFaults, PhoneCall
from telephony.testing.serving import serve_app
from telephony.testing.steady import SteadyClock
from telephony.twilio import signature, twiml
from telephony.twilio.leg import MediaLeg, open_leg

TOKEN = "the-auth-token"
SPEED = 20.0

E = TypeVar("E", bound=Event)


class Detector:
    """Reports any sound as speech, and counts its resets."""

    def __init__(self) -> None:
        self.resets = 0

    def hear(self, pcmu: bytes) -> tuple[int | None, int]:
        assert len(pcmu) == 160
        return (None, -960) if pcmu == b"\xff" * 160 else (1000, -200)

    def reset(self) -> None:
        self.resets += 1


@dataclass
class Service:
    """The app: its options, and what it has received so far."""

    clock: SteadyClock
    base_url: str = ""
    voice: Callable[[], str] | None = None
    after: Callable[[], str] = twiml.hang_up
    outbox_bytes: int = 8 * 2**20
    start_ms: int = 5_000
    parameters: dict[str, str] = field(default_factory=lambda: {"token": "t"})
    detector: Detector = field(default_factory=Detector)
    leg: MediaLeg | None = None
    events: list[Event] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    legs_over: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def see(self, event: Event) -> None:
        self.events.append(event)
        self.changed.set()

    async def until(self, predicate: Callable[[], bool]) -> None:
        while not predicate():
            self.changed.clear()
            await self.changed.wait()

    async def ready(self) -> MediaLeg:
        """Waits for the leg and its first event; returns the leg."""
        await self.until(lambda: self.leg is not None and bool(self.events))
        assert self.leg is not None
        return self.leg

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def left(self) -> list[str]:
        return [event.how for event in self.events if isinstance(event, CallerLeft)]

    def heard(self) -> bytes:
        return b"".join(event.pcmu for event in self.events if isinstance(event, AudioReceived))

    def document(self) -> str:
        socket_url = self.base_url.replace("http", "ws") + "/media"
        return twiml.connect_stream(socket_url, self.base_url + "/after", self.parameters)

    async def webhook(self, request: Request) -> Response:
        url = signature.public_url(None, (), request.scope)
        items = parse_qsl((await request.body()).decode(), keep_blank_values=True)
        if not signature.check_webhook(TOKEN, url, items, request.headers.get(signature.HEADER)):
            return Response(status_code=403)
        self.forms.append(dict(items) | {"path": request.url.path})
        self.changed.set()
        if request.url.path == "/status":
            return Response(status_code=204)
        voice = self.after if request.url.path == "/after" else self.voice or self.document
        return Response(voice(), media_type="text/xml")

    async def media(self, socket: WebSocket) -> None:
        urls = signature.socket_urls(None, (), socket.scope)
        if not signature.check_socket(TOKEN, urls, socket.headers.get(signature.HEADER)):
            self.refusals.append("signature")
            await socket.close()
            return
        try:
            start = await open_leg(socket, clock=self.clock, start_ms=self.start_ms)
        except CarrierError as error:
            self.refusals.append(error.code)
            self.changed.set()
            return
        self.leg = MediaLeg(socket, start, self.detector, self.clock, outbox_bytes=self.outbox_bytes)
        await self.leg.run(self.see)
        self.legs_over += 1
        self.changed.set()


@asynccontextmanager
async def service(speed: float = SPEED, ws: str = "", **options: Any) -> AsyncIterator[Service]:
    """A running service; the test times out after a minute. `ws`: another WebSocket protocol of the server than ours.
    `options` are fields of `Service`."""
    it = Service(SteadyClock(speed), **options)
    app = Starlette(
        routes=[
            Route("/voice", it.webhook, methods=["POST"]),
            Route("/after", it.webhook, methods=["POST"]),
            Route("/status", it.webhook, methods=["POST"]),
            WebSocketRoute("/media", it.media),
        ]
    )
    async with asyncio.timeout(60), serve_app(app, **({"ws": ws} if ws else {})) as base_url:
        it.base_url = base_url
        yield it


@asynccontextmanager
async def phone_call(
    faults: CarrierFaults | None = None, speed: float = SPEED, **options: Any
) -> AsyncIterator[tuple[Service, PhoneCall]]:
    """A service and a call to it. `options` are fields of `Service`."""
    async with service(speed, **options) as it, Carrier(auth_token=TOKEN, clock=it.clock) as carrier:
        phone = await carrier.dial(it.base_url + "/voice", status_url=it.base_url + "/status", faults=faults)
        yield it, phone
