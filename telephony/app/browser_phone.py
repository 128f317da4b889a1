"""The phone in the browser, with the local voice for what is typed there.

The voice is started when it is first needed, in a process of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from telephony.clock import Clock
from telephony.console.carrier.call import NotSpoken, Speak
from telephony.console.console import Console
from telephony.errors import ProviderError
from telephony.settings import Settings

_Synthesize = Callable[[str], Awaitable[tuple[bytes, tuple[int, ...]]]]
MISSING = "Typing needs the local voice, which is not installed here: pip install 'telephony[offline]'."
BUSY = "The local voice is busy: type it again in a moment."


def invitation(settings: Settings, port: int) -> str:
    """Where to talk to the agent, or what that needs: a sentence for whoever starts the service."""
    host = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0", "::") else settings.host
    address = settings.public_url or f"http://{f'[{host}]' if ':' in host else host}:{port}"
    open_here = not settings.public_url and not settings.trusted_proxies
    if open_here or settings.console_key:
        return f"Talk to your agent: {address}/phone" + ("" if open_here else " (log in with TELEPHONY_CONSOLE_KEY)")
    return f"To talk to your agent at {address}/phone, set TELEPHONY_CONSOLE_KEY (12 characters or more)."


@asynccontextmanager
async def open_console(settings: Settings, clock: Clock) -> AsyncIterator[Console]:
    """The console, for the lifetime of the app. `settings` have an auth token, with which its calls are signed."""
    async with typed_voice() as speak:
        yield Console(settings, clock, speak)


@asynccontextmanager
async def typed_voice() -> AsyncIterator[Speak]:
    """What speaks English in the demo caller's voice."""
    voice = _TypedVoice()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(voice.run())
        try:
            yield voice.speak
        finally:
            running.cancel()


class _TypedVoice:
    def __init__(self) -> None:
        self._wanted, self._settled = asyncio.Event(), asyncio.Event()
        self._synthesize: _Synthesize | None = None

    async def run(self) -> None:
        """Waits for the first text, and runs the voice until cancelled."""
        await self._wanted.wait()
        from telephony.offline import tts  # heavy, and only needed here
        from telephony.offline.worker import NotInstalled, Worker

        try:
            async with Worker(tts.ENGINE) as worker:
                self._synthesize = tts.LocalSynthesizer(worker, tts.CALLER).synthesize
                self._settled.set()
                await asyncio.Event().wait()
        except NotInstalled:
            self._settled.set()

    async def speak(self, text: str) -> bytes:
        """The text as mu-law. Raises NotSpoken."""
        self._wanted.set()
        await self._settled.wait()
        if self._synthesize is None:
            raise NotSpoken(MISSING)
        try:
            return (await self._synthesize(text))[0]
        except ProviderError:
            raise NotSpoken(BUSY) from None
