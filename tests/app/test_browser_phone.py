"""What the service says of the phone in the browser, and the local voice for what is typed."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace

import pytest

from telephony.app.browser_phone import invitation, typed_voice
from telephony.settings import Settings
from telephony.testing.stack import local_stack
from telephony.testing.steady import SteadyClock
from tests.console.page_client import page
from tests.console.test_calls import AGENT

KEY = "a-key-for-the-console"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Talk to your agent: http://localhost:8080/phone"),
        ({"host": "::1"}, "Talk to your agent: http://[::1]:8080/phone"),
        ({"console_key": KEY}, "Talk to your agent: http://localhost:8080/phone"),
        (
            {"public_url": "https://c.example.com"},
            "To talk to your agent at https://c.example.com/phone, set TELEPHONY_CONSOLE_KEY (12 characters or more).",
        ),
        (
            {"public_url": "https://c.example.com/v", "console_key": KEY},
            "Talk to your agent: https://c.example.com/v/phone (log in with TELEPHONY_CONSOLE_KEY)",
        ),
        (
            {"host": "0.0.0.0", "trusted_proxies": ("10.0.0.1",), "console_key": KEY},
            "Talk to your agent: http://localhost:8080/phone (log in with TELEPHONY_CONSOLE_KEY)",
        ),
    ],
)
def test_whoever_starts_the_service_is_told_where_to_talk_to_the_agent(changes: dict[str, object], said: str) -> None:
    assert invitation(replace(Settings(), **changes), 8080) == said  # type: ignore[arg-type]


async def test_what_is_being_spoken_does_not_hold_up_the_end_of_the_service() -> None:
    """Half a minute of speech does not fit into a pipe that nobody reads any more."""
    pytest.importorskip("hibari", reason="the local parts are not installed")
    async with asyncio.timeout(60):
        async with typed_voice() as speak:
            await speak("Hello.")
            speaking = asyncio.ensure_future(speak("There is a hole in the garden fence behind the garage. " * 9))
            await asyncio.sleep(0)
        await asyncio.wait([speaking])
        assert speaking.cancelled()


async def test_without_the_local_voice_a_page_that_types_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each time, and the call goes on."""
    monkeypatch.setitem(sys.modules, "hibari", None)  # as if it were not installed
    async with asyncio.timeout(60), local_stack(AGENT, clock=SteadyClock(20)) as s, page(s) as phone:
        for number in (1, 2):
            await phone.send(type="say", text="Hello?")
            assert "pip install 'telephony[offline]'" in (await phone.event("note", number))["text"]
        await phone.event("line")
        await phone.send(type="hang_up")
        assert await phone.ended() == "completed"
