"""The composition root: settings -> a service. The only module that names concrete vendors.

`create_app(settings)` creates the Starlette app, for any ASGI server; `server.py` runs it as a process.

Instead of a vendor, the app may talk to a local server that speaks its protocol; nothing else differs.
"""

from __future__ import annotations

import asyncio
import functools
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware

from telephony.agent import Agent, AgentSource, IncomingCall, ManagedAgent
from telephony.app.browser_phone import open_console
from telephony.app.call_services import call_services
from telephony.app.default_voice import AccountVoices, DefaultVoice, fixed_phrases, needed, own_agent
from telephony.app.keys import Keys
from telephony.app.language_model import language_model
from telephony.app.languages import LanguageNotes
from telephony.app.loading import load_agent, load_llm_agents
from telephony.app.paths import OnePath
from telephony.app.platforms import open_platforms
from telephony.call_control.control import CallControl
from telephony.clock import Clock
from telephony.console.console import Console
from telephony.console.rest_router import RestRouter
from telephony.contracts.observer import Observer
from telephony.contracts.stt import SttSpec
from telephony.contracts.tts import VoiceSpec
from telephony.contracts.vad import Detector
from telephony.core.events import Phrase, PhrasesLoaded
from telephony.elevenlabs.agents import ManagedSocket
from telephony.elevenlabs.agents_rest import AgentsRest
from telephony.elevenlabs.phrase_cache import ElevenLabsPhrases, PhraseCache
from telephony.elevenlabs.speech_sockets import Refusals
from telephony.elevenlabs.stt import ElevenLabsStt
from telephony.elevenlabs.tts import ElevenLabsTts
from telephony.files import shared_with
from telephony.key_entries.screen import KeyScreen
from telephony.messages.messages import Messaging
from telephony.messages.wiring import open_messages, text_messages
from telephony.observe import logs
from telephony.observe.health import HEALTH
from telephony.observe.logs import CallLog
from telephony.outbound.calls import Calls
from telephony.runtime.call_registry import CallRegistry
from telephony.runtime.llm_port import LlmPort
from telephony.runtime.port_factory import ProviderPorts
from telephony.settings import Settings
from telephony.tape.recorder import Recorder
from telephony.text_normalization import rules_for, spoken_form, supported
from telephony.tool_context import CallMemories
from telephony.twilio.outbound_webhooks import OutboundWebhooks
from telephony.twilio.rest.calls import TwilioRest
from telephony.twilio.webhooks import Webhooks
from telephony.vad.silero import SileroDetector

log = structlog.get_logger()
NOW = functools.partial(datetime.now, UTC)


@dataclass(slots=True)
class Service:
    """Everything that outlives a call. `ready`: calls can be taken, and no key was refused at the start. `warm` is set
    when, after that, connecting and synthesising phrases ahead of the first call is done, successfully or not."""

    settings: Settings
    clock: Clock
    registry: CallRegistry
    webhooks: Webhooks
    console: Console
    agents_rest: AgentsRest
    keys: Keys
    voice: DefaultVoice
    calls: Calls
    control: CallControl
    messaging: Messaging
    rest: TwilioRest | None = None
    ready: bool = False
    warm: asyncio.Event = field(default_factory=asyncio.Event)
    base_url: str = ""

    def on_call(self, make: Callable[[str], Observer | None]) -> None:
        """Observes every call from now on: `make(call_sid)` returns an observer or None."""
        self.registry.observers.append(lambda live: make(live.call.call_sid))


class VendorPorts:
    """Creates the ports of a call from the settings and its agent."""

    def __init__(self, settings: Settings, clock: Clock, phrases: dict[str, Phrase] | None = None) -> None:
        self._settings, self._clock = settings, clock
        self.llm = language_model(settings, clock)
        self._base_url = settings.elevenlabs_base_url or "https://api.elevenlabs.io"
        self.agents_rest = AgentsRest(self._base_url, settings.elevenlabs_api_key, clock)
        key = settings.elevenlabs_api_key
        self._refusals = Refusals()
        self.account_voices = AccountVoices(self._base_url, key, clock)
        self.default_voice = DefaultVoice(
            settings.elevenlabs_voice_id, self._base_url, key, clock, self._refusals, self.account_voices
        )
        source = ElevenLabsPhrases(self._base_url, key, clock, self._refusals)
        directory = Path(settings.data) / "phrases" if settings.data else None
        self.phrases = PhraseCache(directory, source, clock, phrases)
        self.notes = LanguageNotes()
        self.offers: list[Callable[[IncomingCall], object]] = []
        self.services = functools.partial(call_services, settings, CallMemories(), offers=self.offers)

    def __call__(self, agent: Agent, call: IncomingCall) -> ProviderPorts:
        settings, spec, screen = self._settings, self.voice_spec(agent), KeyScreen()
        self.notes.about(agent)
        key, language = settings.elevenlabs_api_key, agent.voice.language
        stt = SttSpec(language, agent.keyterms)
        base, clock, refusals, services = self._base_url, self._clock, self._refusals, self.services(call, screen)
        return ProviderPorts(
            stt=ElevenLabsStt(base_url=base, api_key=key, spec=stt, clock=clock, refusals=refusals),
            llm=LlmPort(agent=agent, llm=self.llm, call=call, clock=clock, now=NOW, services=services),
            tts=ElevenLabsTts(base_url=base, api_key=key, spec=spec, clock=clock, refusals=refusals),
            phrases=PhrasesLoaded(tuple(self.phrases.load(spec, fixed_phrases(agent)).values())),
            late_phrases=functools.partial(self.synthesize_missing, agent),
            spoken_form=self.spoken_form(language),
            screen=screen,
        )

    def spoken_form(self, language: str) -> Callable[[str], str]:
        """What reads numbers and other written forms out; loads the language's rules, which takes a moment once."""
        if supported(language):
            rules_for(language)
        return functools.partial(spoken_form, language=language)

    def managed(self, agent: ManagedAgent, call: IncomingCall) -> ManagedSocket:
        self.notes.about(agent)
        return ManagedSocket(agent, call, self.agents_rest, self._clock, self.services(call))

    def voice_spec(self, agent: Agent) -> VoiceSpec:
        voice, settings = agent.voice, self._settings
        return VoiceSpec(
            provider="local" if settings.local_speech else "elevenlabs",
            voice_id=voice.id or self.default_voice.voice_id,
            model=voice.model or settings.elevenlabs_model,
            language=voice.language,
            speed=voice.speed,
            stability=voice.stability,
            similarity=voice.similarity,
        )

    async def synthesize_missing(self, agent: Agent) -> PhrasesLoaded:
        """Synthesises the agent's fixed phrases that are not cached; leaves out those that fail. Never raises."""
        spec, wording = self.voice_spec(agent), fixed_phrases(agent)
        try:
            if not spec.voice_id:
                return PhrasesLoaded(())
            await self.phrases.ensure(spec, wording)
        except Exception:
            log.exception("phrases_failed")
        return PhrasesLoaded(tuple(self.phrases.load(spec, wording).values()))


def compose(
    settings: Settings,
    clock: Clock,
    agents: AgentSource,
    detector: Callable[[], Detector],
    phrases: dict[str, Phrase] | None,
    console: Console,
) -> tuple[Service, VendorPorts]:
    """Creates and wires all parts of the service; connects to nothing."""
    vendors = VendorPorts(settings, clock, phrases)
    registry = CallRegistry(clock, vendors, settings.max_calls)
    account, token = settings.twilio_account_sid, settings.twilio_auth_token
    rest = TwilioRest(account, token, settings.twilio_api_base_url or None, clock) if account and token else None
    calls = Calls(settings, clock, rest, agents, load_agent, lambda: registry.draining or registry.full())
    messaging = text_messages(settings, clock, rest, registry, lambda: calls.base_url)
    vendors.offers.append(messaging.of)
    router = RestRouter(console.hang_up, rest)
    control = CallControl(settings, clock, registry, calls.legs, rest)
    vendors.offers += [lambda call: control.transfers.for_tools, lambda call: control.keys]
    webhooks = Webhooks(settings, registry, agents, detector, clock, router, vendors.agents_rest, calls, control.moves)
    registry.observers += [lambda live: CallLog(live.call.call_sid, live.turn_taking), console.observe]
    keys, voice = Keys(settings, vendors.llm, vendors.account_voices, clock), vendors.default_voice
    parts = (webhooks, console, vendors.agents_rest, keys, voice, calls, control, messaging, rest)
    return Service(settings, clock, registry, *parts), vendors


def record_calls(service: Service, folder: Path, stack: AsyncExitStack) -> None:
    """Records a tape of every call from now on; pending writes finish when `stack` closes."""
    recorder = Recorder(folder, service.clock.wall_s)
    stack.push_async_callback(asyncio.to_thread, recorder.close)
    service.registry.observers.append(lambda live: recorder.observe(live.call, live.agent))


def create_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    agents: AgentSource | None = None,
    detector: Callable[[], Detector] = SileroDetector,
    phrases: dict[str, Phrase] | None = None,
) -> Starlette:
    """The service as an ASGI app; `app.state.service` is its `Service` once the lifespan has begun. `phrases` are the
    fixed phrases in memory (see `PhraseCache`); those that it holds already are not synthesised.

    Raises SettingsError if the agent cannot be loaded.
    """
    if not structlog.is_configured():  # under another ASGI server: hide personal data by default
        logs.configure(settings.log_level, settings.log_format, settings.log_pii)
    clock = clock or Clock()
    agents = agents if agents is not None else load_agent(settings.agent)
    llm_agents = load_llm_agents(settings, agents)
    if not settings.twilio_auth_token:  # signatures are always checked: the local carrier uses this token
        settings = replace(settings, twilio_auth_token=secrets.token_urlsafe(32))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            wired = await stack.enter_async_context(_providers(settings, clock))
            _warn_of_readers(wired)
            console = await stack.enter_async_context(open_console(wired, clock))
            service, vendors = compose(wired, clock, agents, detector, phrases, console)
            stack.push_async_callback(vendors.llm.close)
            stack.push_async_callback(vendors.agents_rest.aclose)
            if service.rest is not None:
                stack.push_async_callback(service.rest.aclose)
            if wired.tapes is not None:
                record_calls(service, wired.tapes, stack)
            app.state.service = service
            # Of the platforms only the routes that are switched on. All need the parts created above.
            platforms = open_platforms(wired, agents, llm_agents, vendors.llm, clock, vendors.services)
            webhooks = service.webhooks
            placed = OutboundWebhooks(service.calls, webhooks.signed, webhooks.voice, webhooks.status)
            app.router.routes += await stack.enter_async_context(platforms)
            app.router.routes += console.routes() + webhooks.routes() + placed.routes()
            app.router.routes += await stack.enter_async_context(service.control.running(webhooks))
            app.router.routes += await stack.enter_async_context(open_messages(service.messaging, webhooks.signed))
            await stack.enter_async_context(service.calls.running())
            await stack.enter_async_context(_serving(service, vendors, agents))
            yield

    app = Starlette(routes=list(HEALTH), lifespan=lifespan, middleware=[Middleware(OnePath, settings)])
    app.router.redirect_slashes = False
    return app


def _warn_of_readers(settings: Settings) -> None:
    """A folder that exists keeps its mode: it may be shared on purpose, or be left by an earlier version."""
    for name, folder in (("TELEPHONY_DATA", settings.data), ("TELEPHONY_TAPES", settings.tapes)):
        if folder is not None and (remedy := shared_with(folder)):
            log.warning("folder_open_to_others", setting=name, folder=str(folder), remedy=remedy)


@asynccontextmanager
async def _providers(settings: Settings, clock: Clock) -> AsyncIterator[Settings]:
    """Yields the settings with every address filled in; starts local servers for the local parts."""
    if not (settings.local_speech or settings.local_llm):
        yield settings
        return
    from telephony.offline.local_services import LocalServices  # heavy, and only needed here

    async with LocalServices(clock, speech=settings.local_speech, llm=settings.local_llm) as local:
        for line in local.description:
            log.info("local_part", part=line)
        if settings.local_speech:
            settings = replace(
                settings, elevenlabs_base_url=local.elevenlabs_base_url, elevenlabs_api_key=local.api_key
            )
        if settings.local_llm:
            settings = replace(settings, openai_base_url=local.openai_base_url, openai_api_key=local.api_key)
        yield settings


@asynccontextmanager
async def _serving(service: Service, vendors: VendorPorts, agents: AgentSource) -> AsyncIterator[None]:
    """Runs the call registry, and warms up connections and phrases before the first call. The service is ready once all
    keys are good and there is a voice; managed agents have their own."""
    stop, voice, own = asyncio.Event(), vendors.default_voice, own_agent(agents)
    for agent in (agents, own):
        if isinstance(agent, Agent | ManagedAgent):
            vendors.notes.about(agent)
    if own is not None:
        vendors.spoken_form(own.voice.language)
    known = not needed(agents) or await voice.find()

    settled = asyncio.Event()  # all keys are good

    async def become_ready() -> None:
        await settled.wait()
        if not known and not isinstance(agents, ManagedAgent):
            await voice.wait()
        service.ready = True
        log.info("ready")

    async def warm() -> None:
        await settled.wait()
        await vendors.llm.warm()
        if isinstance(agents, ManagedAgent):
            await vendors.agents_rest.inspect(agents)
        model, effort = (own.model, own.effort) if own is not None else ("", None)
        if own is not None and (problem := vendors.llm.effort_problem(model, effort)):
            log.warning("llm_effort_with_tools", problem=problem)
        checks: list[Awaitable[object]] = [vendors.llm.try_out(model, effort)]
        if named := own.voice.id if own is not None and own.voice.id else service.settings.elevenlabs_voice_id:
            checks.append(voice.look_up(named))
        if own is not None:
            checks.append(vendors.synthesize_missing(own))
        await asyncio.gather(*checks)
        service.warm.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(service.registry.run(stop))
        working = [group.create_task(task) for task in (service.keys.watch(settled.set), warm(), become_ready())]
        if not known and isinstance(agents, ManagedAgent):
            working.append(group.create_task(voice.wait()))
        await asyncio.sleep(0)  # lets the call registry start
        try:
            yield
        finally:
            service.ready = False
            for task in working:
                task.cancel()
            stop.set()
