"""The composition root: settings -> a service. All routes in one list; the only module that names concrete vendors.

    create_app(settings)      the Starlette app, for any ASGI server
    running(settings, clock)  the same on a real socket, for tests and the demo
    serve(settings)           the process: owns the signals, drains, exits

Offline, the app talks to local servers in the vendors' own protocols; nothing else differs.
"""

from __future__ import annotations

import asyncio
import functools
import secrets
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from telephony.agent import Agent, AgentSource, IncomingCall, ManagedAgent
from telephony.bridge.rest import AgentsRest
from telephony.bridge.socket import ManagedSocket
from telephony.call.events import PhrasesLoaded
from telephony.clock import Clock
from telephony.errors import SettingsError
from telephony.llm.openai import OpenAiChat
from telephony.loading import load_agent, load_brains
from telephony.mind import Mind
from telephony.observe import Observer, logs, server_lines
from telephony.observe.logs import CallLog
from telephony.platforms import open_platforms
from telephony.settings import Settings
from telephony.speakable import speakable
from telephony.stt import EarsSpec
from telephony.stt.scribe import ScribeEars
from telephony.switchboard import Shells, Switchboard
from telephony.tape.record import Recorder
from telephony.tts import VoiceSpec
from telephony.tts.elevenlabs import ElevenLabsVoice
from telephony.tts.phrases import ElevenLabsPhrases, PhraseCache
from telephony.twilio.rest import TwilioRest
from telephony.twilio.webhooks import CarrierSettings, Webhooks
from telephony.vad import Detector
from telephony.vad.silero import SileroDetector

log = structlog.get_logger()

SOCKET_OPTIONS = {
    "ws": "telephony.twilio.socket_protocol:AbortableSocket",
    "ws_max_size": 65_536,  # a media frame has about 400 bytes
    "ws_per_message_deflate": False,  # error 31924
    "ws_ping_interval": None,  # Twilio is not known to answer pings
    "proxy_headers": False,  # our own check of trusted proxies needs the real peer
    "log_config": None,
    "access_log": False,
    "timeout_keep_alive": 75,
    "timeout_graceful_shutdown": 5,  # a client that never ends its request must not hold us
}


@dataclass(slots=True)
class Service:
    """Everything that outlives a call. `ready` once calls can be taken; `warm` once connections and phrases are there
    as well, as far as they could be had."""

    settings: Settings
    clock: Clock
    board: Switchboard
    webhooks: Webhooks
    agents_rest: AgentsRest
    rest: TwilioRest | None = None
    ready: bool = False
    warm: asyncio.Event = field(default_factory=asyncio.Event)
    base_url: str = ""

    def on_call(self, make: Callable[[str], Observer | None]) -> None:
        """Watch every call from now on: `make(call_sid)` gives an observer, or None."""
        self.board.observers.append(lambda call: make(call.call_sid))


class Outfit:
    """Makes the shells of a call from the settings and its agent."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self.llm = OpenAiChat(
            api_key=settings.openai_api_key or "local",
            base_url=settings.openai_base_url or "https://api.openai.com/v1",
            model=settings.openai_model,
            effort=settings.openai_effort,
            token_field=settings.openai_token_field,
            clock=clock,
        )
        self._base_url = settings.elevenlabs_base_url or "https://api.elevenlabs.io"
        self.agents_rest = AgentsRest(self._base_url, settings.elevenlabs_api_key, clock)
        source = ElevenLabsPhrases(self._base_url, settings.elevenlabs_api_key, clock)
        directory = Path(settings.data) / "phrases" if settings.data else None
        self.phrases = PhraseCache(directory, source, clock)

    def __call__(self, agent: Agent, call: IncomingCall) -> Shells:
        settings, spec = self._settings, self.voice_spec(agent)
        key, language = settings.elevenlabs_api_key, agent.voice.language
        ears = EarsSpec(language, agent.keyterms)
        return Shells(
            ears=ScribeEars(base_url=self._base_url, api_key=key, spec=ears, clock=self._clock),
            mind=Mind(agent=agent, llm=self.llm, call=call, clock=self._clock, now=lambda: datetime.now(UTC)),
            voice=ElevenLabsVoice(base_url=self._base_url, api_key=key, spec=spec, clock=self._clock),
            phrases=PhrasesLoaded(tuple(self.phrases.load(spec, stock(agent)).values())),
            late_phrases=functools.partial(self.stock_up, agent),
            speakable=functools.partial(speakable, language=language),
        )

    def managed(self, agent: ManagedAgent, call: IncomingCall) -> ManagedSocket:
        return ManagedSocket(agent, call, self.agents_rest, self._clock)

    def voice_spec(self, agent: Agent) -> VoiceSpec:
        voice, settings = agent.voice, self._settings
        return VoiceSpec(
            provider="local" if settings.offline else "elevenlabs",
            voice_id=voice.id or settings.elevenlabs_voice_id,
            model=voice.model or settings.elevenlabs_model,
            language=voice.language,
            speed=voice.speed,
            stability=voice.stability,
            similarity=voice.similarity,
        )

    async def stock_up(self, agent: Agent) -> PhrasesLoaded:
        """Synthesises the agent's fixed phrases that are not in stock; what fails is left out. Never raises."""
        spec, wording = self.voice_spec(agent), stock(agent)
        try:
            await self.phrases.ensure(spec, wording)
        except Exception:
            log.exception("phrases_failed")
        return PhrasesLoaded(tuple(self.phrases.load(spec, wording).values()))


def stock(agent: Agent) -> dict[str, str]:
    """Name -> text of all fixed phrases of an agent, its greeting included."""
    phrases = {name: text for name, text in asdict(agent.wording).items() if text}
    return phrases | ({"greeting": agent.greeting} if agent.greeting else {})


def compose(
    settings: Settings, clock: Clock, agents: AgentSource, detector: Callable[[], Detector]
) -> tuple[Service, Outfit]:
    """All parts of the service, wired; nothing is connected yet."""
    outfit = Outfit(settings, clock)
    board = Switchboard(clock, outfit, settings.max_calls)
    carrier = CarrierSettings(
        auth_token=settings.twilio_auth_token,
        account_sid=settings.twilio_account_sid,
        public_url=settings.public_url or None,
        trusted_proxies=tuple(settings.trusted_proxies),
        fallback_number=settings.fallback_number,
    )
    rest = None
    if settings.twilio_account_sid and settings.twilio_auth_token:
        rest = TwilioRest(
            settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_api_base_url or None, clock
        )
    webhooks = Webhooks(carrier, board, agents, detector, clock, rest, outfit.agents_rest)
    board.observers.append(lambda call: CallLog(call.call_sid))
    return Service(settings, clock, board, webhooks, outfit.agents_rest, rest), outfit


def record_calls(service: Service, folder: Path, stack: AsyncExitStack) -> None:
    """From now on every call leaves a tape; what is under way is written when `stack` is left."""
    recorder, calls = Recorder(folder, service.clock.wall_s), service.board.calls
    stack.push_async_callback(asyncio.to_thread, recorder.close)

    def observer(call: IncomingCall) -> Observer | None:
        return recorder.observe(call, calls[call.call_sid].agent)

    service.board.observers.append(observer)


def create_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    agents: AgentSource | None = None,
    detector: Callable[[], Detector] = SileroDetector,
) -> Starlette:
    """The service as an ASGI app; `app.state.service` is its `Service` once the lifespan has begun.

    Raises SettingsError if the agent cannot be loaded.
    """
    if not structlog.is_configured():  # another ASGI server: what is said must not be printed by default
        logs.configure(settings.log_level, settings.log_format, settings.log_pii)
    clock = clock or Clock()
    agents = agents if agents is not None else load_agent(settings.agent)
    brains = load_brains(settings, agents)
    if not settings.twilio_auth_token:  # never skipped: the local carrier is given this one
        settings = replace(settings, twilio_auth_token=secrets.token_urlsafe(32))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            wired = await stack.enter_async_context(_providers(settings, clock))
            service, outfit = compose(wired, clock, agents, detector)
            stack.push_async_callback(outfit.llm.close)
            stack.push_async_callback(outfit.agents_rest.aclose)
            if service.rest is not None:
                stack.push_async_callback(service.rest.aclose)
            if wired.tapes is not None:
                record_calls(service, wired.tapes, stack)
            app.state.service = service
            # These are there only if they are switched on, and need what has just been made.
            app.router.routes += await stack.enter_async_context(
                open_platforms(wired, agents, brains, outfit.llm, clock)
            )
            await stack.enter_async_context(_alive(service, outfit, agents))
            yield

    def service(connection: HTTPConnection) -> Service:
        found: Service = connection.app.state.service
        return found

    async def healthz(request: Request) -> Response:
        """The process is alive."""
        return JSONResponse({"status": "ok", "calls": len(service(request).board.calls)})

    async def readyz(request: Request) -> Response:
        """Calls can be taken."""
        current = service(request)
        draining, full = current.board.draining, current.board.full()
        good = current.ready and not draining and not full
        return JSONResponse({"ready": good, "draining": draining, "full": full}, status_code=200 if good else 503)

    async def voice(request: Request) -> Response:
        return await service(request).webhooks.voice(request)

    async def after(request: Request) -> Response:
        return await service(request).webhooks.after(request)

    async def status(request: Request) -> Response:
        return await service(request).webhooks.status(request)

    async def media(socket: WebSocket) -> None:
        await service(socket).webhooks.media(socket)

    return Starlette(
        routes=[
            Route("/twilio/voice", voice, methods=["POST"]),
            Route("/twilio/after", after, methods=["POST"]),
            Route("/twilio/status", status, methods=["POST"]),
            WebSocketRoute("/twilio/media", media),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
        ],
        lifespan=lifespan,
    )


@asynccontextmanager
async def _providers(settings: Settings, clock: Clock) -> AsyncIterator[Settings]:
    """The settings with every address filled in; offline, local servers stand behind them."""
    if not settings.offline:
        yield settings
        return
    from telephony.offline.local_services import LocalServices  # heavy, and only wanted here

    own_brain = bool(settings.openai_base_url)
    async with LocalServices(clock, brain=not own_brain) as local:
        for line in local.description:
            log.info("local_part", part=line)
        yield replace(
            settings,
            elevenlabs_base_url=local.elevenlabs_base_url,
            elevenlabs_api_key=local.api_key,
            openai_base_url=settings.openai_base_url if own_brain else local.openai_base_url,
            openai_api_key=settings.openai_api_key if own_brain else local.api_key,
        )


@asynccontextmanager
async def _alive(service: Service, outfit: Outfit, agents: AgentSource) -> AsyncIterator[None]:
    """The switchboard's task group, and what is warmed up before the first call."""
    stop = asyncio.Event()

    async def warm() -> None:
        await outfit.llm.warm()
        if isinstance(agents, ManagedAgent):
            await outfit.agents_rest.inspect(agents)
        own = agents.fallback if isinstance(agents, ManagedAgent) else agents
        if isinstance(own, Agent):
            await outfit.stock_up(own)
        service.warm.set()

    async def board() -> None:
        async def until_stopped() -> None:
            await stop.wait()

        await service.board.run(until_stopped)

    async with asyncio.TaskGroup() as group:
        group.create_task(board())
        warming = group.create_task(warm())
        await asyncio.sleep(0)  # lets the switchboard begin
        service.ready = True
        try:
            yield
        finally:
            service.ready = False
            warming.cancel()
            stop.set()


class _Server:
    """uvicorn on the running loop, with its signal handling left out: it would close every call with 1012."""

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        server_lines.listen()
        options: dict[str, object] = dict(SOCKET_OPTIONS)
        self._server = uvicorn.Server(uvicorn.Config(app, host=host, port=port, **options))  # type: ignore[arg-type]

    async def __aenter__(self) -> uvicorn.Server:
        server = self._server
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup()
        if server.should_exit:
            raise SystemExit(1)
        self._loop = asyncio.create_task(server.main_loop(), name="uvicorn")
        return server

    async def __aexit__(self, *error: object) -> None:
        self._server.should_exit = True
        await self._loop
        await self._server.shutdown()


@asynccontextmanager
async def running(
    settings: Settings,
    clock: Clock | None = None,
    *,
    agents: AgentSource | None = None,
    detector: Callable[[], Detector] = SileroDetector,
) -> AsyncIterator[Service]:
    """The service on a real socket (`settings.port` 0: any free one). Yields its `Service` with `base_url` set."""
    app = create_app(settings, clock=clock, agents=agents, detector=detector)
    async with _Server(app, settings.host, settings.port) as server:
        port = server.servers[0].sockets[0].getsockname()[1]
        service: Service = app.state.service
        service.base_url = f"http://{settings.host}:{port}"
        yield service


def serve(settings: Settings) -> int:
    """Runs the service until SIGTERM or SIGINT, drains, and returns the exit code. A second signal ends it at once."""
    try:
        agents = load_agent(settings.agent)
    except SettingsError as error:
        for problem in error.problems:
            log.error("settings_invalid", problem=problem)
        return 2
    with suppress(ImportError):
        import uvloop

        return uvloop.run(_serve(settings, agents))
    return asyncio.run(_serve(settings, agents))


async def _serve(settings: Settings, agents: AgentSource) -> int:
    signals = stop_signals()
    async with running(settings, agents=agents) as service:
        log.info("serving", url=service.base_url, offline=settings.offline, agent=settings.agent)
        await until_stopped(service, signals)
    log.info("stopped")
    return 0


def stop_signals() -> asyncio.Queue[int]:
    """SIGTERM and SIGINT, from now on, in the running loop."""
    signals: asyncio.Queue[int] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signals.put_nowait, number)
    return signals


async def until_stopped(service: Service, signals: asyncio.Queue[int]) -> None:
    """Waits for a signal, then until calls under way have ended, their time is over, or a second signal comes."""
    await signals.get()
    seconds = service.settings.drain_seconds
    log.info("draining", calls=len(service.board.calls), seconds=seconds)
    drain = asyncio.create_task(service.board.drain(seconds * 1000))
    again = asyncio.create_task(signals.get())
    await asyncio.wait([drain, again], return_when=asyncio.FIRST_COMPLETED)
    for task in (drain, again):
        task.cancel()
