"""`check --online` against all local servers over real sockets: what is right, what is not, and what to do."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from telephony.agent import Agent, ManagedAgent, Voice
from telephony.app.online_check import check_online
from telephony.app.public_check import Finding, public_findings
from telephony.settings import Settings
from telephony.testing.fakes.elevenlabs.agents import LocalAgent
from telephony.testing.fakes.openai.server import LlmFaults
from telephony.testing.serving import serve_app
from telephony.testing.stack import AUTH_TOKEN, Stack, local_stack
from telephony.testing.steady import SteadyClock
from telephony.tools import tool


@tool
def hours(day: str) -> str:
    """Opening hours."""
    return day


AGENT = Agent(prompt="You are a test.", tools=(hours,), voice=Voice(id="local"))
MANAGED = ManagedAgent("agent_1", fallback=AGENT)
NUMBER = {"phone_number": "+15550001111", "voice_method": "POST", "voice_application_sid": "", "trunk_sid": ""}


@asynccontextmanager
async def stack() -> AsyncIterator[Stack]:
    agents = {"agent_1": LocalAgent(client_events=("audio",))}
    async with asyncio.timeout(60), local_stack(AGENT, clock=SteadyClock(10), platform=agents) as running:
        url = running.service.base_url
        hooks = {"voice_url": f"{url}/twilio/voice", "status_callback": f"{url}/twilio/status"}
        running.carrier.account.numbers = [NUMBER | {"voice_url": "https://demo.twilio.com/"}, NUMBER | hooks]
        yield running


async def findings(s: Stack, agent: Agent | ManagedAgent = AGENT, **changes: Any) -> dict[str, list[Finding]]:
    """The findings by part; the service of the stack is what is behind the public address."""
    wired = replace(s.service.settings, public_url=s.service.base_url, port=0, **changes)
    found: dict[str, list[Finding]] = {}
    async for finding in check_online(wired, {"agent": agent}, s.clock):
        found.setdefault(finding.part, []).append(finding)
    return found


async def test_everything_right() -> None:
    """One line for each thing that a call needs, all right; the model was asked with the agent's own tools."""
    async with stack() as s:
        found = await findings(s)
        assert {part: [one.right for one in them] for part, them in found.items()} == {
            part: [True]
            for part in ("llm", "speech", "voice", "tts", "stt", "twilio", "number", "address", "webhook", "socket")
        }
        assert s.openai.requests[-1]["tools"][0]["function"]["name"] == "hours"
        assert s.service.registry.calls == {}


def number(**fields: str) -> Callable[[Stack], None]:
    def change(s: Stack) -> None:
        s.carrier.account.numbers = [s.carrier.account.numbers[1] | fields]

    return change


def to(part: str, name: str, value: object) -> Callable[[Stack], None]:
    """Sets `part.name` of the stack."""

    def change(s: Stack) -> None:
        target: Any = s
        for step in part.split("."):
            target = getattr(target, step)
        setattr(target, name, value)

    return change


def refused(path: str, *answer: object) -> Callable[[Stack], None]:
    return to("elevenlabs.account", "refused", {path: answer})


def unchanged(s: Stack) -> None:
    """Only the settings are wrong."""


MISSING = (401, "missing_permissions", "The API key is missing the permission")
WRONG: list[tuple[str, Callable[[Stack], None], dict[str, Any], str, bool | None, str]] = [
    ("the model's key", unchanged, {"openai_api_key": "no"}, "llm", False, "OPENAI_API_KEY is refused"),
    (
        "no credit",
        to("openai", "faults", LlmFaults(status=429, code="insufficient_quota")),
        {},
        "llm",
        False,
        "no credit left",
    ),
    ("a wrong path", to("openai.faults", "status", 404), {}, "llm", False, "OPENAI_BASE_URL must end"),
    (
        "an unknown model",
        to("openai", "faults", LlmFaults(status=404, code="model_not_found")),
        {},
        "llm",
        False,
        "not use the model",
    ),
    ("a model server that is down", to("openai.faults", "status", 503), {}, "llm", False, "does not answer"),
    ("the speech key", unchanged, {"elevenlabs_api_key": "no"}, "speech", False, "ELEVENLABS_API_KEY is refused"),
    ("a key that may not read the plan", refused("/v1/user/subscription", *MISSING), {}, "speech", None, "user_read"),
    (
        "a blocked account",
        refused("/v1/user/subscription", 401, "detected_unusual_activity", "Free Tier usage disabled."),
        {},
        "speech",
        False,
        "blocked for unusual activity",
    ),
    ("no quota", to("elevenlabs.account", "used", 100_000), {}, "speech", False, "no quota is left"),
    ("hardly any quota", to("elevenlabs.account", "used", 99_000), {}, "speech", None, "nearly used up"),
    (
        "a voice that is gone",
        to("elevenlabs.account", "voices", {"b": "Bella"}),
        {},
        "voice",
        False,
        "VOICE_ID to one of b (Bella)",
    ),
    (
        "a voice beyond the plan",
        refused("/v1/voices/local", 402, "paid_plan_required", "library voice"),
        {},
        "voice",
        False,
        "plan does not include",
    ),
    ("a key that may not read voices", refused("/v1/voices/local", *MISSING), {}, "voice", None, "voices_read"),
    (
        "a voice that does not speak",
        to("elevenlabs.tts.faults", "error_slug", "quota_exceeded"),
        {},
        "tts",
        False,
        "no quota is left",
    ),
    (
        "a key without speech to text",
        to("elevenlabs.stt.faults", "error_after_accept", "auth_error"),
        {},
        "stt",
        False,
        "speech to text",
    ),
    (
        "terms that are not accepted",
        to("elevenlabs.stt.faults", "error_after_accept", "unaccepted_terms"),
        {},
        "stt",
        False,
        "accept the terms",
    ),
    (
        "a session that never starts",
        to("elevenlabs.stt.faults", "no_session", True),
        {},
        "stt",
        False,
        "provider_timeout",
    ),
    ("another account's token", to("carrier", "auth_token", "another"), {}, "twilio", False, "do not belong together"),
    ("a suspended account", to("carrier.account", "status", "suspended"), {}, "twilio", False, "suspended"),
    ("a trial account", to("carrier.account", "type", "Trial"), {}, "twilio", None, "verified numbers only"),
    ("no number", to("carrier.account", "numbers", []), {}, "number", False, "buy one"),
    (
        "a number that calls another",
        number(voice_url="https://old.example/voice"),
        {},
        "number",
        False,
        "+15550001111 calls https://old.example/voice",
    ),
    ("a number with GET", number(voice_method="GET"), {}, "number", False, "change that to POST"),
    ("a number with an application", number(voice_application_sid="AP1"), {}, "number", False, "AP1 is set"),
    ("a number without a status URL", number(status_callback=""), {}, "number", None, "Call status changes"),
]


@pytest.mark.parametrize(
    ("change", "settings", "part", "right", "words"), [r[1:] for r in WRONG], ids=[r[0] for r in WRONG]
)
async def test_what_is_wrong_comes_with_what_to_do(
    change: Callable[[Stack], None], settings: dict[str, Any], part: str, right: bool | None, words: str
) -> None:
    """The other parts are asked all the same."""
    async with stack() as s:
        change(s)
        found = await findings(s, **settings)
    assert found[part][0].right is right, found[part]
    assert words in found[part][0].words
    others = [one for name, them in found.items() for one in them if name != part]
    assert [one for one in others if one.right is False] == []
    assert {"llm", "speech", "twilio", "address", "webhook", "socket"} <= set(found)


async def test_the_service_runs_for_the_check_if_nothing_listens() -> None:
    """So the public address can be checked before the service is started for the first time."""
    async with stack() as s:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        wired = replace(s.service.settings, public_url=f"http://127.0.0.1:{port}", port=port)
        found = {one.part: one.right async for one in check_online(wired, {"agent": AGENT}, s.clock)}
        assert (found["address"], found["webhook"], found["socket"]) == (True, True, True)
        with socket.create_server(("127.0.0.1", port)):
            pass  # it has stopped listening


async def test_a_managed_agent_is_read() -> None:
    """What would go wrong on a call is said for each setting."""
    async with stack() as s:
        found = await findings(s, MANAGED)
        assert found["agent"][0].right is False
        assert "client_events lacks interruption" in found["agent"][0].words
        found = await findings(s, ManagedAgent("agent_2"))
        assert "cannot be read" in found["agent"][0].words


async def test_without_a_voice_the_accounts_first_one_is_tried() -> None:
    async with stack() as s:
        s.elevenlabs.account.voices = {"first": "Anna", "second": "Bella"}
        agent = replace(AGENT, voice=Voice())
        found = await findings(s, agent, elevenlabs_voice_id="")
        assert "Anna (first)" in found["voice"][0].words
        assert found["tts"][0].right
        s.elevenlabs.account.voices = {}
        found = await findings(s, agent, elevenlabs_voice_id="")
        assert "add one under Voices" in found["voice"][0].words
        s.elevenlabs.account.refused = {"/v1/voices": (401, "missing_permissions", "voices_read")}
        found = await findings(s, agent, elevenlabs_voice_id="")
        assert "set ELEVENLABS_VOICE_ID" in found["voice"][0].words
        assert "tts" not in found


async def test_nothing_is_asked_without_keys() -> None:
    found = [one async for one in check_online(Settings(local_speech=True, local_llm=True), {}, SteadyClock(10))]
    assert [one.right for one in found] == [None]


async def test_a_public_address_that_does_not_lead_here() -> None:
    """Another token, another service, a port without TLS, nobody: each with its own advice."""
    async with stack() as s:
        here = replace(s.service.settings, public_url=s.service.base_url)
        for settings, part, words in (
            (replace(here, twilio_auth_token="another"), "webhook", "signature does not match"),
            (replace(here, twilio_auth_token="another"), "socket", "refused with 403"),
            (replace(here, public_url=s.carrier.api_base_url), "address", "not as this service does"),
            (replace(here, public_url=s.service.base_url.replace("http:", "https:")), "address", "does not speak TLS"),
            (replace(here, public_url="http://127.0.0.1:9"), "address", "cannot be reached"),
            (replace(here, public_url=""), "address", "PUBLIC_URL is not set"),
        ):
            found = {one.part: one async for one in public_findings(settings, s.clock)}
            assert not found[part].right
            assert words in found[part].words


async def test_a_certificate_of_nobody_is_told(tmp_path: Path) -> None:
    """Twilio would refuse it, whatever the service behind it says."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost".split()
    files = "-keyout", key, "-out", certificate
    making = await asyncio.create_subprocess_exec(*command, *files, stderr=subprocess.DEVNULL)
    assert await making.wait() == 0
    app = Starlette(routes=[Route("/healthz", lambda request: JSONResponse({"status": "ok"}))])
    async with asyncio.timeout(60), serve_app(app, ssl_keyfile=str(key), ssl_certfile=str(certificate)) as url:
        settings = replace(Settings(), public_url=url.replace("http:", "https:"), twilio_auth_token="t")
        found = [one async for one in public_findings(settings, SteadyClock(10))]
    assert [one.right for one in found] == [False]
    assert "certificate that Twilio refuses" in found[0].words


async def test_the_command_prints_a_line_each_and_its_exit_code_tells() -> None:
    """0: a call would work; 1: something would spoil it; 2: the settings themselves are wrong."""
    async with stack() as s:
        settings = s.service.settings
        environ = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2]), "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "TWILIO_ACCOUNT_SID": settings.twilio_account_sid, "TWILIO_API_BASE_URL": settings.twilio_api_base_url,
            "OPENAI_API_KEY": "local", "OPENAI_BASE_URL": settings.openai_base_url, "ELEVENLABS_API_KEY": "local",
            "ELEVENLABS_BASE_URL": settings.elevenlabs_base_url, "ELEVENLABS_VOICE_ID": "local",
        }  # fmt: skip
        command = [sys.executable, "-m", "telephony", "check", "--online"]

        async def run(**changes: str) -> tuple[int | None, str, str]:
            process = await asyncio.create_subprocess_exec(
                *command, env=environ | changes, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            out, err = await process.communicate()
            return process.returncode, out.decode(), err.decode()

        code, out, err = await run()
        assert (code, err) == (0, "")
        assert "\nok     tts      eleven_flash_v2_5 speaks" in out
        assert "\nnote   address  PUBLIC_URL is not set" in out
        assert "A call would work." in out
        code, out, err = await run(ELEVENLABS_API_KEY="sk-wrong")
        assert (code, err) == (1, "")
        assert "\nWRONG  speech   ELEVENLABS_API_KEY is refused" in out
        assert "\nok     llm " in out
        assert "sk-wrong" not in out
        assert (await run(PORT="x"))[0] == 2
