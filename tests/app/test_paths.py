"""The service behind a path, and every spelling of an address that platforms produce, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
import structlog
from websockets.asyncio.client import connect

from telephony.agent import Agent
from telephony.app.paths import rewritten
from telephony.network.tls import tls
from telephony.testing.stack import AUTH_TOKEN, Stack, local_stack
from telephony.testing.steady import SteadyClock
from telephony.twilio.signature import sign_socket, sign_webhook

AGENT = Agent(prompt="You are a test.")
FORM = {"CallSid": "CA" + "7" * 32, "From": "+15550001111", "To": "+15550002222", "CallStatus": "ringing"}
KEY = {"Authorization": "Bearer platform-key"}


@asynccontextmanager
async def stack(**settings: Any) -> AsyncIterator[Stack]:
    async with asyncio.timeout(60), local_stack(AGENT, clock=SteadyClock(20), **settings) as running:
        yield running


async def post(url: str, signed_as: str, **headers: str) -> httpx2.Response:
    headers["X-Twilio-Signature"] = sign_webhook(AUTH_TOKEN, signed_as, FORM.items())
    async with httpx2.AsyncClient(trust_env=False, verify=tls()) as http:
        return await http.post(url, data=FORM, headers=headers)


@pytest.mark.parametrize("kept", ["", "/voice/eu"])
async def test_a_public_url_with_a_path(kept: str) -> None:
    """Whether the proxy takes the path away or leaves it: the signature covers it, and the stream's address has it."""
    public = "https://calls.example.com/voice/eu"
    async with stack(public_url=public) as s:
        inside = s.service.base_url + kept
        answer = await post(f"{inside}/twilio/voice", f"{public}/twilio/voice")
        assert answer.status_code == 200
        assert 'url="wss://calls.example.com/voice/eu/twilio/media"' in answer.text
        assert 'action="https://calls.example.com/voice/eu/twilio/after?attempt=1"' in answer.text
        assert (await post(f"{inside}/twilio/voice", "https://calls.example.com/twilio/voice")).status_code == 403
        target = f"{inside.replace('http', 'ws')}/twilio/media"
        signature = sign_socket(AUTH_TOKEN, "wss://calls.example.com/voice/eu/twilio/media")
        async with connect(target, additional_headers={"X-Twilio-Signature": signature}, proxy=None):
            pass


@pytest.mark.parametrize("path", ["voice", "after", "status"])
async def test_a_webhook_that_is_set_to_get_is_named_in_the_log(path: str) -> None:
    """Twilio only says that there was an error; the service is the one that knows why."""
    async with stack() as s:
        with structlog.testing.capture_logs() as lines:
            async with httpx2.AsyncClient(trust_env=False) as http:
                answer = await http.get(f"{s.service.base_url}/twilio/{path}", params=FORM)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert [line["code"] for line in lines if line["event"] == "webhook_refused"] == ["not_post"]


@pytest.mark.parametrize("kept", ["", "/voice"])
async def test_a_prefix_of_a_trusted_proxy(kept: str) -> None:
    """As with PUBLIC_URL; a prefix from anybody else is ignored."""
    headers = {"X-Forwarded-Prefix": "/voice", "Forwarded": "proto=https;host=calls.example.com"}
    async with stack(trusted_proxies=("127.0.0.1",)) as s:
        url = f"{s.service.base_url}{kept}/twilio/voice"
        answer = await post(url, "https://calls.example.com/voice/twilio/voice", **headers)
        assert 'url="wss://calls.example.com/voice/twilio/media"' in answer.text
    async with stack() as s:
        url = f"{s.service.base_url}{kept}/twilio/voice"
        answer = await post(url, "https://calls.example.com/voice/twilio/voice", **headers)
        assert answer.status_code == (404 if kept else 403)


async def test_slashes_of_a_webhook_are_no_redirect() -> None:
    """Twilio signs the address as it was entered, and a redirect would lose the form."""
    async with stack() as s:
        for path in ("//twilio/voice", "/twilio/voice/", "/twilio//voice"):
            url = s.service.base_url + path
            answer = await post(url, url)
            assert answer.status_code == 200, path
            assert "/media" in answer.text
            assert "/voice/media" not in answer.text


SPELLINGS = [
    "/v1/chat/completions", "//v1/chat/completions", "/v1//chat/completions", "/v1/chat/completions/",
    "/chat/completions", "/v1/v1/chat/completions", "/v1/chat/completions/chat/completions",
    "/v1/chat/completions/v1/chat/completions", "/chat/completions/chat/completions",
    "/agents/agent/v1/chat/completions/", "/agents/agent/v1//chat/completions/chat/completions",
]  # fmt: skip


@pytest.mark.parametrize("prefix", ["", "/voice"])
@pytest.mark.parametrize("path", SPELLINGS)
async def test_spellings_of_the_custom_llms_address(path: str, prefix: str) -> None:
    """Double slashes, a doubled path, a slash at the end: answered, never redirected."""
    body = {"model": "agent", "stream": False, "messages": [{"role": "user", "content": "Hello."}]}
    public = f"https://calls.example.com{prefix}"
    async with (
        stack(platform_key="platform-key", public_url=public, agent="mine:agent") as s,
        httpx2.AsyncClient(trust_env=False, verify=tls()) as http,
    ):
        answer = await http.post(s.service.base_url + prefix + path, json=body, headers=KEY)
        assert answer.status_code == 200, answer.text
        assert answer.json()["choices"][0]["message"]["content"]


@pytest.mark.parametrize(
    "path", ["/v1/models", "/v1/models/", "/v1//models", "/v1/v1/models", "/v1/chat/completions/models"]
)
async def test_spellings_of_the_list_of_models(path: str) -> None:
    async with stack(platform_key="platform-key") as s, httpx2.AsyncClient(trust_env=False, verify=tls()) as http:
        answer = await http.get(s.service.base_url + path, headers=KEY)
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "prefix", "routed", "signed"),
    [
        ("/twilio/voice", "", "/twilio/voice", "/twilio/voice"),
        ("//twilio//voice//", "", "/twilio/voice", "//twilio//voice//"),
        ("/", "", "/", "/"),
        ("", "", "/", ""),
        ("/voice/twilio/voice", "/voice", "/twilio/voice", "/twilio/voice"),
        ("/voice//twilio/voice", "/voice", "/twilio/voice", "//twilio/voice"),
        ("/voices/twilio/voice", "/voice", "/voices/twilio/voice", "/voices/twilio/voice"),
        ("/voice", "/voice", "/voice", "/voice"),
        ("/twilio/voice", "/twilio", "/twilio/voice", "/twilio/voice"),
        ("/twilio/twilio/voice", "/twilio", "/twilio/voice", "/twilio/voice"),
        ("/v1/chat/completions", "/v1", "/chat/completions", "/chat/completions"),
        ("/v1/models", "/v1", "/models", "/models"),
    ],
)
def test_what_becomes_of_a_path(path: str, prefix: str, routed: str, signed: str) -> None:
    """A prefix is taken away only if one of our paths is behind it: the proxy may have done so already."""
    assert rewritten(path, path.encode(), prefix) == {"path": routed, "raw_path": signed.encode()}
