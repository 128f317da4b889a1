"""The server process: the app on a real socket, signal handling, and the drain before exit.

`running(settings, clock)` runs the service on a real socket, for tests and the demo; `serve(settings)` is the process:
it handles signals, drains, and exits.
"""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import structlog
import uvicorn
from starlette.applications import Starlette

from telephony.agent import AgentSource
from telephony.app.app import Service, create_app
from telephony.app.browser_phone import invitation
from telephony.app.descriptors import watch
from telephony.app.loading import load_agent
from telephony.clock import Clock
from telephony.contracts.vad import Detector
from telephony.core.events import Phrase
from telephony.errors import DialRefused
from telephony.loopback import leads_to_loopback
from telephony.network.http_protocol import PromptHttp
from telephony.network.listening import listening
from telephony.observe import server_logs
from telephony.outbound.attempt import Attempt
from telephony.outbound.attempts import Attempts
from telephony.settings import Settings
from telephony.twilio.rest.calls import PLACE_MS
from telephony.twilio.socket_protocol import MediaSocket
from telephony.vad.silero import SileroDetector

log = structlog.get_logger()

SOCKET_OPTIONS = {
    "ws_max_size": 65_536,  # a media frame has about 400 bytes
    "ws_per_message_deflate": False,  # error 31924
    "ws_ping_interval": None,  # Twilio is not known to answer pings
    "proxy_headers": False,  # our check of trusted proxies needs the peer's address
    "log_config": None,
    "access_log": False,
    "timeout_keep_alive": 75,
    "timeout_graceful_shutdown": 5,  # a client that never ends its request must not block the shutdown
}


LOOK_MS = 1_000
"""How often a drain looks whether phones still ring that we have rung."""
AFTER_RING_S = 5
"""Twilio rings for up to five seconds longer than it is told."""
LEFT_TASKS_S = 2
"""Seconds that tasks which are still running at the very end have to heed their cancellation."""


class _Server:
    """uvicorn on the running loop, without its signal handling, which would close every call with 1012."""

    def __init__(self, app: Starlette, host: str, port: int, clock: Clock) -> None:
        server_logs.listen()
        self._clock = clock
        options: dict[str, object] = SOCKET_OPTIONS | {
            "http": partial(PromptHttp, clock),
            "ws": partial(MediaSocket, clock=clock),
        }
        self._server = uvicorn.Server(uvicorn.Config(app, host=host, port=port, **options))  # type: ignore[arg-type]

    async def __aenter__(self) -> uvicorn.Server:
        server = self._server
        sockets = await listening(server.config.host, server.config.port)  # before anything is started
        try:
            server.config.load()
            server.lifespan = server.config.lifespan_class(server.config)
            await server.startup(sockets)
        except BaseException:
            for one in sockets:
                one.close()
            raise
        self._loop = asyncio.create_task(server.main_loop(), name="uvicorn")
        self._watch = asyncio.create_task(watch(self._clock), name="descriptors")
        return server

    async def __aexit__(self, *error: object) -> None:
        self._server.should_exit = True
        self._watch.cancel()
        await self._loop
        await self._server.shutdown()


@asynccontextmanager
async def running(
    settings: Settings,
    clock: Clock | None = None,
    *,
    agents: AgentSource | None = None,
    detector: Callable[[], Detector] = SileroDetector,
    phrases: dict[str, Phrase] | None = None,
) -> AsyncIterator[Service]:
    """The service on a real socket (`settings.port` 0: any free one). Yields its `Service` with `base_url` set. The
    options are those of `create_app`. Raises SettingsError if it cannot listen there."""
    clock = clock or Clock()
    app = create_app(settings, clock=clock, agents=agents, detector=detector, phrases=phrases)
    async with _Server(app, settings.host, settings.port, clock) as server:
        port = server.servers[0].sockets[0].getsockname()[1]
        service: Service = app.state.service
        service.base_url = f"http://{settings.host}:{port}"
        if not settings.public_url and leads_to_loopback(settings.twilio_api_base_url):  # the local carrier
            service.calls.base_url = service.base_url
        yield service


def serve(settings: Settings, say: Callable[[str], object] = print) -> int:
    """Runs the service until SIGTERM or SIGINT, drains, and returns the exit code. A second signal ends it at once.
    `say` is given a sentence for people once the service has started: where to talk to the agent. Switches the garbage
    collector on once the service has started. Raises SettingsError if the agent cannot be loaded, or nothing can listen
    at its address.
    """
    agents = load_agent(settings.agent)
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with suppress(ImportError):
        import uvloop

        loop_factory = uvloop.new_event_loop
    return _run(_serve(settings, agents, say), loop_factory())


def _run(main: Coroutine[Any, Any, int], loop: asyncio.AbstractEventLoop) -> int:
    """Runs `main` and closes the loop. Unlike `asyncio.run`, does not wait for ever for tasks of the user's code that
    ignore their cancellation; and nothing but `main` ends the loop, because an operator's signal is no exception."""
    running = loop.create_task(main)
    try:
        while True:
            try:
                return loop.run_until_complete(running)
            except (SystemExit, KeyboardInterrupt, RuntimeError) as raised:  # RuntimeError: somebody called loop.stop()
                if running.done():
                    raise
                log.error("exit_refused", raised=type(raised).__name__)
    finally:
        if left := asyncio.all_tasks(loop):
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.wait(left, timeout=LEFT_TASKS_S))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _serve(settings: Settings, agents: AgentSource, say: Callable[[str], object] = print) -> int:
    signals = stop_signals()
    async with running(settings, agents=agents) as service:
        _keep_what_is_there()
        log.info("serving", url=service.base_url, offline=settings.offline, agent=settings.agent)
        say(invitation(settings, int(service.base_url.rpartition(":")[2])))
        await until_stopped(service, signals)
    log.info("stopped")
    return 0


def _keep_what_is_there() -> None:
    """Takes what the start has created out of the garbage collector's work. It stays to the end, and looking through it
    takes 50 ms, in which no call is served."""
    gc.freeze()
    gc.enable()


def stop_signals() -> asyncio.Queue[int]:
    """A queue of the SIGTERM and SIGINT signals received from now on; handlers are set on the running loop."""
    signals: asyncio.Queue[int] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signals.put_nowait, number)
    return signals


async def until_stopped(service: Service, signals: asyncio.Queue[int]) -> None:
    """Waits for a signal, then until all calls have ended, the drain time is over, or a second signal comes."""
    await signals.get()
    seconds = service.settings.drain_seconds
    log.info("draining", calls=len(service.registry.calls), seconds=seconds)
    ending = asyncio.create_task(drain(service, seconds * 1000))
    again = asyncio.create_task(signals.get())
    await asyncio.wait([ending, again], return_when=asyncio.FIRST_COMPLETED)
    for task in (ending, again):
        task.cancel()


async def drain(service: Service, limit_ms: int) -> None:
    """Refuses new calls, and returns when no call is live, none is elsewhere and may come back, and no phone rings any
    more that we have rung; not much later than `limit_ms`. A phone may ring for longer than the last live call lasts;
    if it is answered, it is answered here. Attempts are looked up on disk: another process that shares the data
    directory may have placed them."""
    clock, registry = service.clock, service.registry
    ends_ms = clock.ms() + limit_ms
    while True:
        await registry.drain(max(0, ends_ms - clock.ms()))
        if clock.ms() >= ends_ms or not (registry.calls or service.control.moves.away or await _rings(service)):
            return
        await clock.sleep(LOOK_MS)


async def _rings(service: Service) -> bool:
    if service.settings.data is None:
        return False
    try:
        found = await Attempts(service.settings.data).open()
    except DialRefused as error:
        log.error("attempts_unreadable", problem=str(error))
        return False
    return any(may_ring(one, service.clock.wall_s()) for one in found)


def may_ring(attempt: Attempt, now_s: float) -> bool:
    """Whether the phone of an attempt may be ringing, be about to (also if it is not known whether it was placed), or
    have been picked up just now, so that its call is not live yet."""
    longest_s = PLACE_MS / 1_000 + attempt.ring_s + AFTER_RING_S
    return not attempt.over and now_s < attempt.created_s + longest_s
