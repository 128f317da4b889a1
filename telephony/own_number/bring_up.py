"""`telephony up`, step by step: keys, an address, the service, the number, a first call.

Each step asks only for what is missing, says what it does before it does it, and finds nothing to do the second time.
What a person answers comes through a `Console`, so that all of it runs in tests.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Protocol, TypeVar

from telephony.agent import AgentSource
from telephony.app.online_check import check_online
from telephony.app.public_check import public_findings
from telephony.app.server import running
from telephony.clock import Clock
from telephony.errors import CarrierError, DialRefused
from telephony.loopback import leads_to_loopback
from telephony.outbound.attempt import Attempt
from telephony.own_number import env_file
from telephony.own_number.first_call import Order, make
from telephony.own_number.here import announced, free_port
from telephony.own_number.pointing import chosen, listed, plan, point
from telephony.own_number.tunnel import tunnel
from telephony.settings import SETTINGS, Settings, cleaned
from telephony.threads import in_thread

T = TypeVar("T")

TRIES = 3
KEYS: tuple[tuple[str, str, bool], ...] = (
    ("TWILIO_ACCOUNT_SID", "Twilio account SID (console.twilio.com, front page)", False),
    ("TWILIO_AUTH_TOKEN", "Twilio auth token (the same page)", False),
    ("OPENAI_API_KEY", "OpenAI API key (platform.openai.com)", False),
    ("ELEVENLABS_API_KEY", "ElevenLabs API key (Enter: local speech, in English)", True),
)
"""(setting, question, may be left out)."""
AGAIN_MS = (5_000, 15_000, 60_000)
"""Pauses between attempts to open a lost tunnel again; the last one stays."""
LEFT_OUT = frozenset({"number", "address", "webhook", "socket"})  # checked later, when they are there


class Console(Protocol):
    """Whom to ask and tell. `ask` returns "" for nothing, and shows no secret; without anybody to ask, `there` is
    False."""

    there: bool

    def say(self, text: str) -> None: ...

    def ask(self, question: str, *, secret: bool = False) -> str: ...

    def agreed(self, question: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for on the command line."""

    url: str = ""
    number: str = ""
    phone: str = ""
    ring: bool = True


@dataclass(frozen=True, slots=True)
class Address:
    """The public address. A tunnel's may be lost."""

    url: str
    lost: asyncio.Task[str] | None = None

    async def until_lost(self, stop: asyncio.Event) -> str:
        """Waits until it is stopped: then ""; or until the address is lost: then why."""
        stopped = asyncio.create_task(stop.wait())
        waiting: list[asyncio.Task[Any]] = [stopped, *([self.lost] if self.lost else [])]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        return self.lost.result() if self.lost and self.lost.done() and not stop.is_set() else ""


def ask_keys(environ: Mapping[str, str], path: Path, console: Console) -> dict[str, str]:
    """Asks for the keys that neither the environment nor the file has, and writes them into the file. Returns
    those that are written. Raises DialRefused with code `no_keys` if one is missing and cannot be had."""
    kept = env_file.read(path)
    given = {name for name, value in {**kept, **environ}.items() if (value or "").strip()}
    missing = [
        one for one in KEYS if one[0] not in given and not (one[0] == "OPENAI_API_KEY" and "OPENAI_BASE_URL" in given)
    ]
    needed = [name for name, _, optional in missing if not optional]
    if needed and not console.there:
        raise DialRefused(f"{', '.join(needed)} missing: set them in {path}, or run this in a terminal", code="no_keys")
    found = {name: _asked(name, question, optional, console) for name, question, optional in missing if console.there}
    values = {name: value for name, value in found.items() if value}
    if values:
        env_file.write(path, values)
        console.say(f"Written to {path}, which only you can read: {', '.join(values)}.")
    elif path.is_file() and path.stat().st_mode & 0o077:
        os.chmod(path, 0o600)
        console.say(f"{path} holds keys: only you can read it from now on.")
    return values


def _asked(name: str, question: str, optional: bool, console: Console) -> str:
    parse = next(one.metadata["parse"] for one in SETTINGS if one.metadata["env"] == name)
    for _ in range(TRIES):
        text = cleaned(console.ask(question, secret=True))
        if not text and optional:
            return ""
        try:
            if text:
                parse(text)
                env_file.check(text)
                return text
            console.say("It is needed.")
        except ValueError as error:
            console.say(f"This {error}.")
    raise DialRefused(f"{name} was not given", code="no_keys")


async def check_keys(settings: Settings, agents: AgentSource, clock: Clock, console: Console) -> None:
    """Asks each service whether a call would work. Raises DialRefused with code `keys_wrong`."""
    wrong = 0
    async for finding in check_online(replace(settings, public_url=""), {"agent": agents}, clock):
        if finding.part not in LEFT_OUT:
            console.say(f"  {'ok' if finding.right else 'WRONG' if finding.right is False else 'note':<6}"
                        f"{finding.part:<8} {finding.words}")  # fmt: skip
            wrong += finding.right is False
    if wrong:
        raise DialRefused("not all services can be used (see above)", code="keys_wrong")


@asynccontextmanager
async def address(settings: Settings, wanted: str, clock: Clock, console: Console) -> AsyncIterator[Address]:
    """The public address: the one given, PUBLIC_URL, or a tunnel's, which lasts as long as the context."""
    if given := wanted or settings.public_url:
        console.say(f"Address: {given}")
        yield Address(given)
        return
    console.say("Address: opening a tunnel.")
    async with tunnel(settings.port, clock) as found:
        if not found.address.startswith("https://") and not leads_to_loopback(settings.twilio_api_base_url):
            raise DialRefused(f"the tunnel's address {found.address} is not https", code="no_tunnel")
        console.say(f"Address: {found.address} (a tunnel: it is gone when this ends)")
        yield Address(found.address, found.lost)


async def aim(
    settings: Settings, base: str, wanted: str, clock: Clock, console: Console, stop: asyncio.Event, was: str = ""
) -> str:
    """Points the number at the service, after asking. Returns the number. Raises DialRefused and CarrierError. `was` is
    the address to which it has been pointed with consent: from there it is moved without asking again, and from
    anywhere else it is not moved."""
    number = chosen(await listed(settings, clock), wanted)
    changes = plan(number, base)
    if not changes:
        console.say(f"Number: {number.number} comes here already.")
        return number.number
    if was and (number.voice_url != f"{was}/twilio/voice" or number.elsewhere):
        console.say(f"Number: {number.number} leads elsewhere by now, and is left as it is.")
        return number.number
    console.say(f"Number: {number.number}, now -> then:")
    for one in changes:
        console.say(f"  {one.words}")
    if not was and not await _answer(stop, console.agreed, "Change it?"):
        raise DialRefused("the number was left as it is", code="declined")
    await point(settings, clock, number, changes)
    console.say(f"Number: {number.number} comes here now (read back).")
    return number.number


async def bring_up(
    settings: Settings, agents: AgentSource, wanted: Wanted, clock: Clock, console: Console, stop: asyncio.Event
) -> Attempt | None:
    """All steps after the keys: checks them, opens the address, serves, points the number, rings the user, and goes on
    serving until `stop`. A tunnel that ends is opened again, and the number is pointed at its new address. Returns the
    outcome of the call that was placed, if one was."""
    settings = replace(settings, port=await free_port(settings, clock))
    await check_keys(settings, agents, clock, console)
    run = partial(_serve, settings, agents, clock=clock, console=console, stop=stop)
    up = first = await run(wanted)
    while up.lost:
        console.say(f"The tunnel is gone: {up.lost}. Opening another one; until then nobody can call {up.number}.")
        up = await _again(run, replace(wanted, number=up.number, ring=False), up, clock, console, stop)
    return first.attempt


@dataclass(frozen=True, slots=True)
class _Up:
    """What has been up until it was stopped or, with a reason, `lost`."""

    number: str
    base: str
    attempt: Attempt | None = None
    lost: str = ""


async def _again(
    run: Callable[..., Awaitable[_Up]], wanted: Wanted, before: _Up, clock: Clock, console: Console, stop: asyncio.Event
) -> _Up:
    """Brings it up again until it is, or is stopped."""
    for pause_ms in chain(AGAIN_MS, repeat(AGAIN_MS[-1])):
        try:
            return await run(wanted, was=before.base)
        except (DialRefused, CarrierError, OSError) as error:
            console.say(f"Not yet: {error}. The next attempt is in {pause_ms // 1_000} s.")
        with suppress(TimeoutError):
            async with clock.timeout(pause_ms):
                await stop.wait()
        if stop.is_set():
            break
    return replace(before, lost="")


async def _serve(
    settings: Settings,
    agents: AgentSource,
    wanted: Wanted,
    *,
    clock: Clock,
    console: Console,
    stop: asyncio.Event,
    was: str = "",
) -> _Up:
    """Opens the address, serves, points the number (see `aim` for `was`), rings the user, and serves on until `stop`
    or until the address is lost."""
    async with AsyncExitStack() as stack:
        found = await stack.enter_async_context(address(settings, wanted.url, clock, console))
        wired = replace(settings, public_url=found.url)
        service = await stack.enter_async_context(running(wired, clock, agents=agents))
        stack.enter_context(announced(settings, found.url))
        console.say(f"Serving {settings.agent} at {service.base_url}.")
        await _reachable(wired, clock, console)
        number = await aim(wired, found.url, wanted.number, clock, console, stop, was)
        attempt, phone = None, wanted.phone
        if wanted.ring and not phone and console.there:
            phone = await _answer(stop, console.ask, "Your own phone, to ring it once (Enter: none)")
        if wanted.ring and phone:
            attempt = await make(
                service.calls, wired, Order(phone, from_=number), lambda one: console.say(f"  {one.words}"), stop, clock
            )
            console.say(f"Your phone: {attempt.words}")
        if not stop.is_set():
            console.say(f"Call {number} to talk to the agent. Ctrl-C ends it.")
        return _Up(number, found.url, attempt, await found.until_lost(stop))


async def _answer(stop: asyncio.Event, ask: Callable[[str], T], question: str) -> T:
    """A person's answer, while calls go on being served. Raises DialRefused if it is stopped meanwhile, or was."""
    answer = in_thread("question", ask, question)
    stopped = asyncio.create_task(stop.wait())
    waiting: list[asyncio.Future[Any]] = [answer, stopped]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            raise DialRefused("stopped before anything was changed", code="stopped")
        return await answer
    finally:
        stopped.cancel()
        answer.cancel()


async def _reachable(settings: Settings, clock: Clock, console: Console) -> None:
    """Waits a little for a new tunnel's name to be known. Raises DialRefused with code `not_reachable`."""
    words = ""
    for pause_ms in (0, 2_000, 5_000, 10_000):
        await clock.sleep(pause_ms)
        found = [one async for one in public_findings(settings, clock)]
        if all(one.right for one in found):
            console.say("The address reaches this service, signatures and sockets included.")
            return
        words = "; ".join(one.words for one in found if not one.right)
    raise DialRefused(f"the service cannot be reached from outside: {words}", code="not_reachable")
