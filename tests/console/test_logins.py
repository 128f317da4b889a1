"""Keys that are tried at the login: how many in what time, and that nobody is kept out."""

from __future__ import annotations

import asyncio

import pytest

from telephony.clock import Clock
from telephony.console.logins import LONGEST_GAP_MS, MOST_WAITING, WITHIN_MS, Logins, TooManyTries, source
from telephony.testing.steady import SteadyClock
from tests.console.test_access import HERE, scope

ATTACKER, OWNER = "203.0.113.9", "198.51.100.7"
MINUTES = 5


async def wrong(logins: Logins, place: str) -> bool:
    """A try with a wrong key; whether it was tried at all."""
    try:
        assert not await logins.attempt(place, lambda: False)
    except TooManyTries:
        return False
    return True


async def flood(logins: Logins, clock: Clock, places: list[str], until_ms: int) -> int:
    """Each place tries keys in three requests at a time, again as soon as each is answered. How many were tried."""
    tried = 0

    async def one(place: str) -> None:
        nonlocal tried
        while clock.ms() < until_ms:
            if await wrong(logins, place):
                tried += 1
            else:
                await clock.sleep(100)

    async with asyncio.TaskGroup() as tasks:
        for place in places * 3:
            tasks.create_task(one(place))
    return tried


@pytest.mark.parametrize(
    "places", [[ATTACKER], [f"203.0.113.{n}" for n in range(40)]], ids=["one place", "forty places"]
)
async def test_no_more_keys_are_tried_in_all_than_one_each_few_seconds(places: list[str]) -> None:
    """From wherever, however many at a time."""
    clock = SteadyClock(200)
    logins = Logins(clock)
    async with asyncio.timeout(60):
        tried = await flood(logins, clock, places, MINUTES * 60_000)
    assert 5 <= tried <= MINUTES * 60_000 // LONGEST_GAP_MS + 8 + MOST_WAITING


@pytest.mark.parametrize("behind", ["", "10.0.0.1 "], ids=["direct", "behind a proxy that names its clients"])
async def test_the_right_key_opens_while_another_place_floods(behind: str) -> None:
    """At the next turn: whoever has tried least is next."""
    clock = SteadyClock(200)
    logins = Logins(clock)
    async with asyncio.timeout(60):
        flooding = asyncio.create_task(flood(logins, clock, [behind + ATTACKER], MINUTES * 60_000))
        for _ in range(5):
            await clock.sleep(30_000)
            asked = clock.ms()
            assert await logins.attempt(behind + OWNER, lambda: True)
            assert clock.ms() - asked <= LONGEST_GAP_MS + 1_000
        await flooding


async def test_the_right_key_opens_even_from_the_place_of_somebody_who_tries_without_a_pause() -> None:
    """Behind a proxy that says nothing of its clients: in the order of their coming."""
    clock = SteadyClock(200)
    logins = Logins(clock)
    async with asyncio.timeout(60):
        flooding = asyncio.create_task(flood(logins, clock, [ATTACKER], MINUTES * 60_000))
        await clock.sleep(60_000)
        asked = clock.ms()
        assert await logins.attempt(ATTACKER, lambda: True)
        assert clock.ms() - asked <= 5 * LONGEST_GAP_MS
        await flooding


async def test_who_mistypes_hardly_waits() -> None:
    """And what was wrong long ago counts no more."""
    clock = SteadyClock(200)
    logins = Logins(clock)
    async with asyncio.timeout(60):
        for _ in range(2):
            begun = clock.ms()
            assert await wrong(logins, OWNER)
            assert await wrong(logins, OWNER)
            assert await logins.attempt(OWNER, lambda: True)
            assert clock.ms() - begun <= 2_000
            await clock.sleep(WITHIN_MS)


async def test_those_who_wait_are_bounded_and_the_busiest_place_gives_way() -> None:
    clock = SteadyClock(20)
    logins = Logins(clock)
    async with asyncio.timeout(60):
        for _ in range(5):
            await wrong(logins, ATTACKER)
        waiting = [asyncio.create_task(wrong(logins, ATTACKER)) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        owner = asyncio.create_task(logins.attempt(OWNER, lambda: True))
        assert await owner
        assert (await asyncio.gather(*waiting)).count(False) == 1


async def test_who_gives_up_waiting_leaves_its_turn_to_the_next() -> None:
    clock = SteadyClock(20)
    logins = Logins(clock)
    async with asyncio.timeout(60):
        for _ in range(5):
            await wrong(logins, ATTACKER)
        gone = asyncio.create_task(wrong(logins, ATTACKER))
        await asyncio.sleep(0)
        later = asyncio.create_task(logins.attempt(ATTACKER, lambda: True))
        await asyncio.sleep(0)
        gone.cancel()
        assert await later


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (scope(HERE, peer="203.0.113.9"), scope(HERE, peer="203.0.113.9"), True),
        (scope(HERE, peer="203.0.113.9"), scope(HERE, peer="203.0.113.10"), False),
        (scope(HERE, x_forwarded_for="203.0.113.9"), scope(HERE, x_forwarded_for="203.0.113.10"), False),
        (scope(HERE, x_forwarded_for="1.1.1.1, 203.0.113.9"), scope(HERE, x_forwarded_for="2.2.2.2,203.0.113.9"), True),
        (scope(HERE, x_forwarded_for="203.0.113.9:80"), scope(HERE, x_forwarded_for="203.0.113.9:81"), True),
        (scope(HERE, peer="2001:db8::1"), scope(HERE, peer="2001:db8::ffff:2"), True),  # one line's addresses
        (scope(HERE, peer="2001:db8::1"), scope(HERE, peer="2001:db8:0:1::1"), False),
        (scope(HERE, x_forwarded_for="[2001:db8::1]:80"), scope(HERE, x_forwarded_for="2001:db8::2"), True),
        (scope(HERE, x_forwarded_for="x" * 5_000), scope(HERE, x_forwarded_for="x" * 5_001), True),
        (scope(HERE, peer=""), scope(HERE, peer="", x_forwarded_for=""), True),
    ],
)
def test_a_place_is_the_peer_with_what_the_last_proxy_says_of_its_client(
    one: object, other: object, same: bool
) -> None:
    """What a client writes there itself stands further in front."""
    assert (source(one) == source(other)) is same  # type: ignore[arg-type]
    assert len(source(one)) < 200  # type: ignore[arg-type]
