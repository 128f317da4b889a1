"""Keys are tried before the service is ready for the first time; later a refused one is an alarm, not an outage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from telephony.agent import Agent
from telephony.app import keys
from telephony.app.app import Service
from telephony.app.server import running
from telephony.testing.stack import AUTH_TOKEN, LoudnessDetector, Stack, local_stack
from telephony.testing.steady import SteadyClock

AGENT = Agent(prompt="You are a test.", greeting="Hello.")


@asynccontextmanager
async def stack() -> AsyncIterator[Stack]:
    """All local servers, with a service that has been ready; tests start a second one of their own."""
    async with asyncio.timeout(60), local_stack(AGENT, clock=SteadyClock(20)) as s:
        yield s


async def readiness(service: Service) -> tuple[int, list[str]]:
    async with httpx2.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{service.base_url}/readyz")
    return answer.status_code, answer.json()["keys_refused"]


async def until(predicate: Callable[[], bool], service: Service) -> None:
    while not predicate():
        await service.clock.sleep(100)


@pytest.mark.parametrize(
    ("setting", "env"),
    [
        ("openai_api_key", "OPENAI_API_KEY"),
        ("elevenlabs_api_key", "ELEVENLABS_API_KEY"),
        ("twilio_auth_token", "TWILIO_AUTH_TOKEN"),
    ],
)
async def test_a_refused_key_is_not_ready_and_named(setting: str, env: str) -> None:
    """The process lives and answers requests: `/readyz` and the log say which setting is refused."""
    async with stack() as s:
        change: dict[str, Any] = {setting: "wrong"}
        wrong = replace(s.service.settings, **change)
        with capture_logs() as logs:
            async with running(wrong, s.clock, agents=AGENT, detector=LoudnessDetector) as service:
                await until(lambda: bool(service.keys.refused), service)
                assert await readiness(service) == (503, [env])
        assert {"event": "key_refused", "setting": env, "log_level": "error", "remedy": keys.REMEDY} in logs
        assert "wrong" not in str([{**line, "setting": ""} for line in logs if line["event"] == "key_refused"])


async def test_ready_as_soon_as_the_key_is_accepted() -> None:
    """A key that the vendor accepts later needs no restart."""
    async with stack() as s:
        s.elevenlabs.account.refused = {"": (401, "invalid_api_key", "revoked")}
        async with running(s.service.settings, s.clock, agents=AGENT, detector=LoudnessDetector) as service:
            await until(lambda: bool(service.keys.refused), service)
            assert not service.ready
            s.elevenlabs.account.refused = {}
            await until(lambda: service.ready, service)
            assert await readiness(service) == (200, [])


async def test_only_a_clear_refusal_counts() -> None:
    """A vendor that is down, and a key that may not list voices or models, do not keep the service from starting."""
    async with stack() as s:
        s.elevenlabs.account.refused = {"": (401, "missing_permissions", "voices_read")}
        nowhere = replace(s.service.settings, openai_base_url="http://127.0.0.1:9/v1", elevenlabs_voice_id="local")
        async with running(nowhere, s.clock, agents=AGENT, detector=LoudnessDetector) as service:
            await until(lambda: service.ready, service)
            assert await readiness(service) == (200, [])


async def test_a_key_refused_later_is_an_alarm_and_calls_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service stays ready, and a caller hears the greeting that is cached."""
    monkeypatch.setattr(keys, "RECHECK_MS", 500)
    async with stack() as s:
        with capture_logs() as logs:
            async with running(s.service.settings, s.clock, agents=AGENT, detector=LoudnessDetector) as service:
                await service.warm.wait()
                s.elevenlabs.account.refused = {"": (401, "invalid_api_key", "revoked")}
                await until(lambda: bool(service.keys.refused), service)
                assert await readiness(service) == (200, ["ELEVENLABS_API_KEY"])
                phone = await s.carrier.dial(f"{service.base_url}/twilio/voice")
                await phone.agent_speaking()
                await phone.hang_up()
        assert any(line["event"] == "key_refused" and line["log_level"] == "error" for line in logs)
        assert s.service.settings.twilio_auth_token == AUTH_TOKEN
