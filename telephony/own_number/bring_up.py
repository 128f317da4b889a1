"""`telephony up`, step by step: keys, an address, the service, the number, a first call.

Each step asks only for what is missing, says what it does before it does it, and finds nothing to do the second time.
What a person answers comes through a `Console`, so that all of it runs in tests.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from telephony.agent import AgentSource
from telephony.app.online_check import check_online
from telephony.app.public_check import public_findings
from telephony.app.server import running
from telephony.clock import Clock
from telephony.errors import DialRefused
from telephony.loopback import leads_to_loopback
from telephony.outbound.attempt import Attempt
from telephony.own_number import env_file
from telephony.own_number.first_call import Order, make
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
async def address(settings: Settings, wanted: str, clock: Clock, console: Console) -> AsyncIterator[str]:
    """The public address: the one given, PUBLIC_URL, or a tunnel's, which lasts as long as the context."""
    if given := wanted or settings.public_url:
        console.say(f"Address: {given}")
        yield given
        return
    console.say("Address: opening a tunnel.")
    async with tunnel(settings.port, clock) as found:
        if not found.startswith("https://") and not leads_to_loopback(settings.twilio_api_base_url):
            raise DialRefused(f"the tunnel's address {found} is not https", code="no_tunnel")
        console.say(f"Address: {found} (a tunnel: it is gone when this ends)")
        yield found


async def aim(settings: Settings, base: str, wanted: str, clock: Clock, console: Console, stop: asyncio.Event) -> str:
    """Points the number at the service, after asking. Returns the number. Raises DialRefused and CarrierError."""
    number = chosen(await listed(settings, clock), wanted)
    changes = plan(number, base)
    if not changes:
        console.say(f"Number: {number.number} comes here already.")
        return number.number
    console.say(f"Number: {number.number}, now -> then:")
    for one in changes:
        console.say(f"  {one.words}")
    if not await _answer(stop, console.agreed, "Change it?"):
        raise DialRefused("the number was left as it is", code="declined")
    await point(settings, clock, number, changes)
    console.say(f"Number: {number.number} comes here now (read back).")
    return number.number


async def bring_up(
    settings: Settings, agents: AgentSource, wanted: Wanted, clock: Clock, console: Console, stop: asyncio.Event
) -> Attempt | None:
    """All steps after the keys: checks them, opens the address, serves, points the number, rings the user, and goes on
    serving until `stop`. Returns the outcome of the call that was placed, if one was."""
    await check_keys(settings, agents, clock, console)
    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(address(settings, wanted.url, clock, console))
        wired = replace(settings, public_url=base)
        service = await stack.enter_async_context(running(wired, clock, agents=agents))
        console.say(f"Serving {settings.agent} at {service.base_url}.")
        await _reachable(wired, clock, console)
        number = await aim(wired, base, wanted.number, clock, console, stop)
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
        await stop.wait()
    return attempt


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
