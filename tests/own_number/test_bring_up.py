"""`telephony up`, against the local carrier and providers over real sockets: every step, alone, together and twice."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from telephony.errors import DialRefused
from telephony.outbound.attempt import Attempt, Outcome
from telephony.own_number.bring_up import Wanted, aim, ask_keys, bring_up, check_keys
from telephony.own_number.first_call import Order, calling, make
from telephony.own_number.here import announced_address
from telephony.settings import Settings
from telephony.testing.fakes.twilio.outgoing import Callee
from telephony.testing.stack import Stack
from telephony.testing.steady import SteadyClock
from tests.outbound.ringing import AGENT, OWN, THEIRS, ringing
from tests.own_number.test_tunnel import forwarder, program

SID = "AC" + "a" * 32


@dataclass
class Person:
    """Answers questions in order; `said` is what was shown."""

    answers: list[str] = field(default_factory=list)
    agrees: bool = True
    there: bool = True
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    serving: asyncio.Event = field(default_factory=asyncio.Event)
    spoke: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self, text: str) -> None:
        self.said.append(text)
        self.spoke.set()
        if text.startswith("Call "):
            self.serving.set()

    def ask(self, question: str, *, secret: bool = False) -> str:
        self.asked.append(question)
        return self.answers.pop(0)

    def agreed(self, question: str) -> bool:
        self.asked.append(question)
        return self.agrees


def test_keys_are_asked_for_once_checked_and_kept_from_others(tmp_path: Path) -> None:
    """What is malformed is asked for again; the second time nothing is asked; nothing secret is shown."""
    path, person = tmp_path / ".env", Person(["nonsense", SID, "t-o-k", "", "sk-1", ""])
    assert list(ask_keys({}, path, person)) == ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "OPENAI_API_KEY"]
    assert path.read_text() == f"TWILIO_ACCOUNT_SID={SID}\nTWILIO_AUTH_TOKEN=t-o-k\nOPENAI_API_KEY=sk-1\n"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert "t-o-k" not in " ".join(person.said)
    again = Person([""])
    assert ask_keys({}, path, again) == {}
    assert len(again.asked) == 1  # the one that may be left out


@pytest.mark.parametrize("pasted", ["a\nb", 'to"ken', "'", "to ken", "t\u00f6ken", "a'b'"])
def test_a_key_that_cannot_be_one_is_asked_for_again(tmp_path: Path, pasted: str) -> None:
    """What is wrong is said, without the key. Quotes around a key are taken off, as they are in .env."""
    path, person = tmp_path / ".env", Person([SID, pasted, '"token"', " 'sk-1' ", ""])
    ask_keys({}, path, person)
    assert path.read_text() == f"TWILIO_ACCOUNT_SID={SID}\nTWILIO_AUTH_TOKEN=token\nOPENAI_API_KEY=sk-1\n"
    assert any(line.startswith("This contains a") for line in person.said)
    assert not any(pasted in line for line in person.said)


def test_keys_of_the_environment_are_not_asked_for(tmp_path: Path) -> None:
    given = {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": "t", "OPENAI_BASE_URL": "http://localhost/v1"}
    person = Person([""])
    assert ask_keys(given, tmp_path / ".env", person) == {}
    assert "ElevenLabs" in person.asked[0]
    assert not (tmp_path / ".env").exists()


def test_without_a_person_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(DialRefused, match=r"TWILIO_AUTH_TOKEN, OPENAI_API_KEY missing"):
        ask_keys({"TWILIO_ACCOUNT_SID": SID}, tmp_path / ".env", Person(there=False))
    with pytest.raises(DialRefused, match="was not given"):
        ask_keys({}, tmp_path / ".env", Person(["", "", ""]))
    assert not (tmp_path / ".env").exists()


@asynccontextmanager
async def around(folder: Path) -> AsyncIterator[tuple[Stack, Settings]]:
    """A carrier and providers, and settings for a service that is not running yet, on a free port."""
    async with ringing(folder / "other", speed=10) as stack:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        yield stack, replace(stack.service.settings, data=folder / "data", port=port)


async def serving(person: Person, working: asyncio.Task[Attempt | None]) -> None:
    """Waits until everything is up, or has ended."""
    up = asyncio.create_task(person.serving.wait())
    await asyncio.wait([up, working], return_when=asyncio.FIRST_COMPLETED)
    up.cancel()


async def all_of_it(stack: Stack, settings: Settings, person: Person, wanted: Wanted) -> Outcome | None:
    """Brings it up, picks up the phone that is rung, and stops."""
    stop = asyncio.Event()
    working = asyncio.create_task(bring_up(settings, AGENT, wanted, stack.clock, person, stop))
    before = len(stack.carrier.outgoing.placed)
    if wanted.phone:
        placing = asyncio.create_task(stack.carrier.outgoing.until_placed(before + 1))
        await asyncio.wait([placing, working], return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            placing.cancel()
            await working
        phone = stack.carrier.calls[await placing]
        await phone.agent_speaking()
        await phone.hang_up()
    await serving(person, working)
    stop.set()
    attempt = await working
    return attempt.outcome if attempt else None


async def test_from_keys_to_a_phone_that_rings_and_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through a tunnel program on PATH. The second time the number is not changed; the phone rings again."""
    async with around(tmp_path) as (stack, settings):
        banner = f"INF |  http://127.0.0.1:{settings.port}   |"
        program(tmp_path, "cloudflared", banner)
        monkeypatch.setenv("PATH", str(tmp_path))
        here = f"http://127.0.0.1:{settings.port}"
        person = Person()
        assert await all_of_it(stack, settings, person, Wanted(phone=THEIRS)) is Outcome.ANSWERED
        number = stack.carrier.account.numbers[0]
        assert (number["voice_url"], number["status_callback"]) == (f"{here}/twilio/voice", f"{here}/twilio/status")
        assert person.asked == ["Change it?"]
        assert any("nothing -> " in line for line in person.said)
        again = Person()
        assert await all_of_it(stack, settings, again, Wanted(phone=THEIRS)) is Outcome.ANSWERED
        assert again.asked == []
        assert f"Number: {OWN} comes here already." in again.said
        assert stack.carrier.outgoing.rings(THEIRS) == 2


async def test_a_no_changes_nothing_and_rings_nobody(tmp_path: Path) -> None:
    async with around(tmp_path) as (stack, settings):
        before = dict(stack.carrier.account.numbers[0])
        wanted = Wanted(url=f"http://127.0.0.1:{settings.port}", phone=THEIRS)
        with pytest.raises(DialRefused, match="left as it is"):
            await all_of_it(stack, settings, Person(agrees=False), wanted)
        assert stack.carrier.account.numbers[0] == before
        assert stack.carrier.outgoing.posts == []


async def test_a_wrong_key_ends_it_before_anything_is_opened(tmp_path: Path) -> None:
    async with around(tmp_path) as (stack, settings):
        person = Person()
        with pytest.raises(DialRefused, match="see above"):
            await check_keys(replace(settings, openai_api_key="no"), AGENT, stack.clock, person)
        assert any("WRONG" in line and "OPENAI_API_KEY is refused" in line for line in person.said)


async def test_an_address_that_leads_nowhere_ends_it_before_the_number_is_changed(tmp_path: Path) -> None:
    async with around(tmp_path) as (stack, settings):
        before = dict(stack.carrier.account.numbers[0])
        with pytest.raises(DialRefused, match="cannot be reached from outside"):
            await all_of_it(stack, settings, Person(), Wanted(url="http://127.0.0.1:9", phone=THEIRS))
        assert stack.carrier.account.numbers[0] == before


async def test_stopped_at_the_question_nothing_is_changed(tmp_path: Path) -> None:
    async with around(tmp_path) as (stack, settings):
        stop = asyncio.Event()
        stop.set()
        with pytest.raises(DialRefused, match="stopped"):
            await aim(settings, "https://a.example.com", "", SteadyClock(10), Person(), stop)
        assert stack.carrier.account.numbers[0]["voice_url"] == ""


async def test_a_phone_that_is_not_reached_is_said_and_calls_are_taken(tmp_path: Path) -> None:
    async with around(tmp_path) as (stack, settings):
        stack.carrier.outgoing.callees[THEIRS] = Callee("busy", ring_ms=0)
        person, stop = Person(), asyncio.Event()
        wanted = Wanted(url=f"http://127.0.0.1:{settings.port}", phone=THEIRS)
        working = asyncio.create_task(bring_up(settings, AGENT, wanted, stack.clock, person, stop))
        await serving(person, working)
        phone = await stack.carrier.dial(f"{wanted.url}/twilio/voice", called=OWN)
        await phone.agent_speaking()
        await phone.hang_up()
        stop.set()
        attempt = await working
        assert attempt is not None
        assert attempt.outcome is Outcome.BUSY


# --- while it runs --------------------------------------------------------------------------------------------------


@asynccontextmanager
async def up(stack: Stack, settings: Settings, person: Person, wanted: Wanted) -> AsyncIterator[None]:
    """It is up while the context lasts."""
    stop = asyncio.Event()
    working = asyncio.create_task(bring_up(settings, AGENT, wanted, stack.clock, person, stop))
    try:
        await serving(person, working)
        yield
    finally:
        stop.set()
        await working


async def until_said(person: Person, words: str) -> None:
    while not any(words in line for line in person.said):
        person.spoke.clear()
        await person.spoke.wait()


async def calls(stack: Stack) -> None:
    """Somebody calls the number, wherever it is pointed, and is answered."""
    phone = await stack.carrier.dial(stack.carrier.account.numbers[0]["voice_url"], called=OWN)
    await phone.agent_speaking()
    await phone.hang_up()


def kill_tunnel(folder: Path) -> None:
    os.kill(int((folder / "pid").read_text()), signal.SIGKILL)


async def test_a_tunnel_that_ends_is_opened_again_and_the_number_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice, without being asked: moving the number here was agreed to. Nobody is rung again."""
    forwarder(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    person, addresses = Person(), set()
    async with around(tmp_path) as (stack, settings), up(stack, settings, person, Wanted(ring=False)):
        for _ in range(3):
            await person.serving.wait()
            person.serving.clear()
            addresses.add(stack.carrier.account.numbers[0]["voice_url"])
            await calls(stack)
            kill_tunnel(tmp_path)
        await person.serving.wait()
        assert len(addresses) == 3
        assert person.asked == ["Change it?"]
        assert any("The tunnel is gone: cloudflared has ended with code -9" in line for line in person.said)


async def test_a_tunnel_that_cannot_be_opened_again_is_tried_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forwarder(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    person = Person()
    async with around(tmp_path) as (stack, settings), up(stack, settings, person, Wanted(ring=False)):
        program(tmp_path, "cloudflared", "ERR no network", after="", code=1)
        person.serving.clear()
        kill_tunnel(tmp_path)
        await until_said(person, "Not yet: cloudflared opened no tunnel")
        forwarder(tmp_path)
        await person.serving.wait()
        await calls(stack)


async def test_stopped_while_there_is_no_tunnel_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forwarder(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    person = Person()
    async with around(tmp_path) as (stack, settings), up(stack, settings, person, Wanted(ring=False)):
        (tmp_path / "cloudflared").unlink()
        kill_tunnel(tmp_path)
        await until_said(person, "Not yet: ")


async def test_a_number_that_somebody_has_moved_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forwarder(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    person = Person()
    async with around(tmp_path) as (stack, settings), up(stack, settings, person, Wanted(ring=False)):
        stack.carrier.account.numbers[0]["voice_url"] = "https://new.example.com/voice"
        person.serving.clear()
        kill_tunnel(tmp_path)
        await person.serving.wait()
        assert stack.carrier.account.numbers[0]["voice_url"] == "https://new.example.com/voice"
        assert any("leads elsewhere by now" in line for line in person.said)


async def test_a_call_can_be_placed_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`telephony dial` in another terminal: through the tunnel, whose address only the running process has."""
    forwarder(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    person = Person()
    async with around(tmp_path) as (stack, settings):
        async with up(stack, settings, person, Wanted(ring=False)):
            beside = replace(settings, public_url="")
            async with calling(beside, AGENT, stack.clock) as others:
                making = asyncio.create_task(
                    make(others, beside, Order(THEIRS), lambda attempt: None, asyncio.Event(), stack.clock)
                )
                phone = stack.carrier.calls[await stack.carrier.outgoing.until_placed()]
                await phone.agent_speaking()
                await phone.hang_up()
                assert (await making).outcome is Outcome.ANSWERED
            tunnelled = stack.carrier.account.numbers[0]["voice_url"].removesuffix("/twilio/voice")
            assert stack.carrier.outgoing.posts[0]["Url"][0].startswith(f"{tunnelled}/twilio/outbound/")
            assert announced_address(settings) == tunnelled
        assert announced_address(settings) == ""


async def test_a_port_that_is_taken_is_said_before_anything_is_done(tmp_path: Path) -> None:
    """By another program, or by this one: that may be left running."""
    async with around(tmp_path) as (stack, settings):
        before = dict(stack.carrier.account.numbers[0])
        other = int(stack.service.base_url.rpartition(":")[2])
        with socket.create_server(("127.0.0.1", 0)) as stranger:
            for port, words in ((stranger.getsockname()[1], "names it"), (other, "It is .telephony serve")):
                person, taken = Person(), replace(settings, port=port)
                with pytest.raises(DialRefused, match=words) as refused:
                    await bring_up(taken, AGENT, Wanted(), stack.clock, person, asyncio.Event())
                assert refused.value.code == "port_taken"
                assert (person.said, person.asked) == ([], [])
        assert stack.carrier.account.numbers[0] == before


async def test_port_0_is_any_free_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tunnel leads to it."""
    forwarder(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    async with (
        around(tmp_path) as (stack, settings),
        up(stack, replace(settings, port=0), Person(), Wanted(ring=False)),
    ):
        await calls(stack)
