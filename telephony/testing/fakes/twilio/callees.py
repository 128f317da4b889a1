"""Whom the local carrier calls: for a number that the service places a call to, or dials for a caller.

    carrier.outgoing.callees["+15550001111"] = Callee(script=presses("1", once_spoken="Press 1"))

A *script* is what the callee does from the answer on; it acts on its phone like a test on a caller's. It ends with the
call at the latest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

from telephony.testing.fakes.twilio.phone_call import PhoneCall
from telephony.testing.fakes.twilio.stream import CallOver

Script: TypeAlias = Callable[[PhoneCall], Awaitable[None]]


async def waits(phone: PhoneCall) -> None:
    """Does nothing by itself: a test drives the phone (it is in `Carrier.calls`)."""


@dataclass(frozen=True, slots=True)
class Callee:
    """Who is called. `status`: how the call ends if nobody picks up ("busy", "no-answer", "failed"); "completed": the
    phone is answered after `ring_ms`. `sip` is the network's code of a call that fails. `answered_by` is Twilio's
    verdict, if it is asked for one."""

    status: str = "completed"
    ring_ms: int = 1_000
    sip: str = ""
    answered_by: str = "human"
    script: Script = waits


def presses(keys: str, once_spoken: str = "") -> Script:
    """Presses keys as soon as the carrier has spoken a text with these words in it."""

    async def script(phone: PhoneCall) -> None:
        await spoken(phone, once_spoken)
        await phone.press(keys)

    return script


def hangs_up(once_spoken: str = "", after_ms: int = 0) -> Script:
    """Hangs up some time after the carrier has spoken a text with these words in it."""

    async def script(phone: PhoneCall) -> None:
        await spoken(phone, once_spoken)
        await phone.pause(after_ms)
        await phone.hang_up()

    return script


def mailbox(greeting: bytes, beep: bytes = b"", records_ms: int = 30_000) -> Script:
    """Plays its greeting and a beep to whoever is there, and hangs up when it has recorded for long enough. It never
    presses a key."""

    async def script(phone: PhoneCall) -> None:
        await phone.say(greeting + beep)
        await phone.pause(records_ms)
        await phone.hang_up()

    return script


async def spoken(phone: PhoneCall, words: str) -> None:
    """Returns when a text with these words has been spoken in the phone."""
    if words:
        await phone.until(lambda: any(words in text for text in phone.spoken))


@asynccontextmanager
async def acting(callee: Callee, phone: PhoneCall) -> AsyncIterator[None]:
    """The callee acts on the phone within the context. What goes wrong in a script ends it with that error."""

    async def act() -> None:
        try:
            await callee.script(phone)
        except CallOver:
            pass

    async with asyncio.TaskGroup() as group:
        acts = group.create_task(act())
        yield
        acts.cancel()
