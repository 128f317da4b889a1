"""What the service says of the phone in the browser, and the local voice for what is typed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telephony.app.browser_phone import invitation
from telephony.settings import Settings

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
