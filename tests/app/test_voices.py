"""No voice is built in: the agent's, the setting's, or the account's first; without any the service is not ready."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from telephony.agent import Agent, AgentSource, ManagedAgent, Voice
from telephony.app import default_voice
from telephony.app.app import Service
from telephony.app.server import running
from telephony.network.tls import tls
from telephony.settings import Settings
from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
from telephony.testing.fakes.elevenlabs.tts import LocalTts
from telephony.testing.fakes.openai.server import LocalOpenAi
from telephony.testing.stack import LoudnessDetector, local_stack
from telephony.testing.steady import SteadyClock

AGENT = Agent(prompt="You are a test.", greeting="Hello.")
NAMED = replace(AGENT, voice=Voice(id="own"))
CHOOSES: AgentSource = lambda call: AGENT  # noqa: E731
BRIDGED = ManagedAgent("agent_1", private=False, fallback=AGENT)
NO_PERMISSION = (401, "missing_permissions", "The API key is missing the permission voices_read")


class Vendors:
    """Local vendors, and the settings of a service that uses them."""

    def __init__(self, elevenlabs: LocalElevenLabs, model: LocalOpenAi, clock: SteadyClock) -> None:
        self.elevenlabs, self.account, self.clock = elevenlabs, elevenlabs.account, clock
        self.settings = replace(
            Settings(),
            port=0,
            data=None,
            twilio_auth_token="t",
            openai_api_key="local",
            openai_base_url=model.base_url,
            elevenlabs_api_key="local",
            elevenlabs_base_url=elevenlabs.base_url,
        )

    @asynccontextmanager
    async def service(self, agents: AgentSource = AGENT, **settings: Any) -> AsyncIterator[Service]:
        """A service of these vendors, when it has warmed up, or a key was refused."""
        wired = replace(self.settings, **settings)
        async with running(wired, self.clock, agents=agents, detector=LoudnessDetector) as service:
            await until(lambda: service.warm.is_set() or bool(service.keys.refused), self.clock)
            yield service

    def voices_asked_for(self) -> set[str]:
        """The voices that anything was spoken with."""
        return {path.removeprefix("/v1/text-to-speech/").partition("/")[0] for path in self.elevenlabs.tts.paths}


@asynccontextmanager
async def vendors(**voices: str) -> AsyncIterator[Vendors]:
    """`voices`: those of the account, id and name, in its order."""
    clock = SteadyClock(20)
    async with (
        asyncio.timeout(60),
        LocalElevenLabs(clock=clock, tts=LocalTts(clock=clock)) as elevenlabs,
        LocalOpenAi(clock=clock) as model,
    ):
        elevenlabs.account.voices = voices
        yield Vendors(elevenlabs, model, clock)


async def readiness(service: Service) -> tuple[int, str]:
    async with httpx2.AsyncClient(trust_env=False, verify=tls()) as http:
        answer = await http.get(f"{service.base_url}/readyz")
    return answer.status_code, answer.json()["voice"]


async def until(predicate: Callable[[], bool], clock: SteadyClock) -> None:
    while not predicate():
        await clock.sleep(100)


def test_no_voice_is_built_in() -> None:
    assert Settings().elevenlabs_voice_id == Voice().id == ""


async def test_the_first_voice_of_the_account_speaks() -> None:
    """It is named once, and is known when the first call comes: nothing is asked for without a voice."""
    async with vendors(b="Bella", a="Anna") as v:
        with capture_logs() as logs:
            async with v.service() as service:
                assert await readiness(service) == (200, "")
                assert v.voices_asked_for() == {"b"}
        chosen = [line for line in logs if line["event"] == "voice_chosen"]
        assert [(line["voice_id"], line["name"], line["log_level"]) for line in chosen] == [("b", "Bella", "info")]


@pytest.mark.parametrize("refused", [None, (401, "invalid_api_key", "x"), NO_PERMISSION, (500, "oops", "x")])
async def test_the_start_lists_the_voices_once(refused: tuple[int, str, str] | None) -> None:
    """One answer tells both whether the key is good and which voice speaks."""
    async with vendors(b="Bella") as v:
        v.account.refused = {} if refused is None else {"/v1/voices": refused}
        async with v.service() as service:
            assert v.account.asked.count("/v1/voices") == 1
            assert service.keys.refused == (("ELEVENLABS_API_KEY",) if refused and "invalid" in refused[1] else ())
            assert bool(service.voice.voice_id) is (refused is None)


async def test_the_list_is_asked_for_once() -> None:
    """A voice that is added later, or gone, does not change the voice of a running service."""
    async with local_stack(AGENT, clock=SteadyClock(20)) as s:
        s.elevenlabs.account.voices = {"new": "Nora"}
        phone = await s.dial()
        tape = await s.tape(phone)
        await tape.until(lambda: ("agent", "Hello.") in tape.lines)
        assert {path.split("/")[3] for path in s.elevenlabs.tts.paths} == {"local"}


@pytest.mark.parametrize(
    ("agents", "setting", "speaks"),
    [(NAMED, "", "own"), (NAMED, "set", "own"), (AGENT, "set", "set"), (BRIDGED, "set", "set")],
)
async def test_a_voice_that_is_set_wins(agents: AgentSource, setting: str, speaks: str) -> None:
    """The agent's before the setting's before the account's, which is then not asked for."""
    async with vendors(a="Anna", own="Own", set="Set") as v:
        v.account.refused = {"/v1/voices": NO_PERMISSION}
        async with v.service(agents, elevenlabs_voice_id=setting) as service:
            assert await readiness(service) == (200, "")
        assert v.voices_asked_for() == {speaks}


@pytest.mark.parametrize(
    ("refused", "says"),
    [
        ({}, "add one"),
        ({"/v1/voices": NO_PERMISSION}, "may not list"),
        ({"/v1/voices": (403, "forbidden", "no")}, "may not list"),
        ({"/v1/voices": (401, "invalid_api_key", "Invalid API key")}, "ELEVENLABS_API_KEY is refused"),
        ({"/v1/voices": (503, "system_busy", "later")}, "provider_unavailable"),
        ({"/v1/voices": (404, "not_found", "no such path")}, "404"),
    ],
)
@pytest.mark.parametrize("agents", [AGENT, CHOOSES], ids=["agent", "function"])
async def test_without_a_voice_the_service_is_not_ready(
    refused: dict[str, tuple[int, str, str]], says: str, agents: AgentSource
) -> None:
    """It says why, once, and what to set; it is ready as soon as there is a voice."""
    async with vendors() as v:
        v.account.refused = refused
        with capture_logs() as logs:
            async with v.service(agents) as service:
                status, sentence = await readiness(service)
                assert status == 503
                assert says in sentence
                assert "ELEVENLABS_" in sentence
                await v.clock.sleep(2.5 * default_voice.RETRY_MS)
                assert v.voices_asked_for() == set()
                v.account.refused, v.account.voices = {}, {"a": "Anna"}
                await until(lambda: service.ready, v.clock)
                assert await readiness(service) == (200, "")
        missing = [line for line in logs if line["event"] == "voice_missing"]
        assert [(line["why"], line["log_level"]) for line in missing] == [(sentence, "error")]


async def test_a_managed_agent_needs_no_voice_of_ours() -> None:
    """Its fallback does: that is said, and keeps no call away."""
    async with vendors() as v:
        with capture_logs() as logs:
            async with v.service(BRIDGED) as service:
                assert service.ready
        assert [line["event"] for line in logs if line["event"] == "voice_missing"] == ["voice_missing"]
        async with v.service(replace(BRIDGED, fallback=None)) as service:
            assert await readiness(service) == (200, "")


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        ((402, "paid_plan_required", "a library voice"), "plan"),
        ((404, "voice_not_found", "not found"), "no such voice"),
        ((400, "voice_not_found", "not found"), "no such voice"),
    ],
)
@pytest.mark.parametrize(("agents", "setting"), [(NAMED, ""), (AGENT, "own")])
async def test_a_voice_that_the_account_may_not_use_is_told_in_words(
    refusal: tuple[int, str, str], says: str, agents: Agent, setting: str
) -> None:
    """At the start, whether or not its phrases are cached."""
    async with vendors(a="Anna") as v:
        v.account.refused = {"/v1/voices/own": refusal}
        with capture_logs() as logs:
            async with v.service(agents, elevenlabs_voice_id=setting):
                pass
        [line] = [line for line in logs if line["event"] == "voice_refused"]
        assert (line["voice_id"], line["log_level"]) == ("own", "error")
        assert says in line["remedy"]
        assert "ELEVENLABS_VOICE_ID" in line["remedy"]


async def test_a_voice_that_cannot_be_looked_up_is_not_accused() -> None:
    """The key may not read voices; the voice speaks all the same."""
    async with vendors() as v:
        v.account.refused = {"": NO_PERMISSION}
        with capture_logs() as logs:
            async with v.service(NAMED) as service:
                assert service.ready
        assert [line for line in logs if line["event"] in ("voice_refused", "voice_missing")] == []


@pytest.mark.parametrize("name", ["x" * 5_000, "A\x1b[2Jnna\n"])
async def test_a_name_is_bounded_and_printable(name: str) -> None:
    """Names of voices are strangers' text."""
    async with vendors(a=name) as v:
        with capture_logs() as logs:
            async with v.service():
                pass
        [line] = [line for line in logs if line["event"] == "voice_chosen"]
        assert len(line["name"]) <= 80
        assert line["name"].isprintable()
