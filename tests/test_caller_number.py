"""A withheld number is none: it is not told to the model, and no identity, as all such callers share it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from telephony.agent import Agent
from telephony.caller_number import caller_number
from telephony.contracts.llm import LlmRequest
from telephony.openai.codec import request_body
from telephony.openai.habits import Habits
from telephony.runtime.reply import Facts, volatile

WITHHELD = [
    *("+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "+7748283", "+94844353"),
    *("anonymous", "Anonymous", "Restricted", "unknown", "", "+", "+0", "whatsapp:+15550001111", "15550001111"),
]
NUMBERS = [
    "+15550001111",
    "+17378742833",
    "+26669668700",
    "+4930123456",
    "+442079460000",
    "+861069445464",
    "+12562533000",
]


def identifier(caller: str) -> object:
    request = LlmRequest(({"role": "user", "content": "hi"},), caller=caller)
    body = request_body(
        request, model="m", effort=None, token_field="t", own_host=True, habits=Habits(), identity_key=b"key"
    )
    return body.get("safety_identifier")


@pytest.mark.parametrize("caller", WITHHELD)
def test_a_withheld_number_is_none(caller: str) -> None:
    assert caller_number(caller) == ""
    assert "number" not in volatile(Agent(prompt="x"), Facts(datetime.now(UTC), caller))
    assert identifier(caller) is None


@pytest.mark.parametrize("caller", NUMBERS)
def test_a_number_is_one(caller: str) -> None:
    assert caller_number(caller) == caller
    assert caller in volatile(Agent(prompt="x"), Facts(datetime.now(UTC), caller))
    assert identifier(caller) is not None


def test_a_name_is_an_identity_but_no_number() -> None:
    assert caller_number("sip:ada@example.com") == ""
    assert identifier("sip:ada@example.com") is not None
