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
from telephony.loopback import leads_to_loopback
from telephony.network.http_protocol import PromptHttp
from telephony.observe import server_logs
from telephony.settings import Settings
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
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup()
        if server.should_exit:
            raise SystemExit(1)
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
    options are those of `create_app`."""
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
    collector on once the service has started. Raises SettingsError if the agent cannot be loaded.
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
        say(invitation(settings, int(service.base_url.rpartition(":")[2])))
        log.info("serving", url=service.base_url, offline=settings.offline, agent=settings.agent)
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
    drain = asyncio.create_task(service.registry.drain(seconds * 1000))
    again = asyncio.create_task(signals.get())
    await asyncio.wait([drain, again], return_when=asyncio.FIRST_COMPLETED)
    for task in (drain, again):
        task.cancel()
