"""Text is read out by the rules of the agent's language; that a language has none is said once, at the start."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from telephony.agent import Agent, IncomingCall, Voice
from telephony.app.app import VendorPorts
from telephony.app.default_voice import fixed_phrases
from telephony.core.policy import Wording
from telephony.settings import Settings
from telephony.testing.stack import local_stack
from telephony.testing.steady import SteadyClock

AGENT = Agent(prompt="You are a test.", greeting="Hello.")


@pytest.mark.parametrize(("language", "warned"), [("de", False), ("en-GB", False), ("ja", True)])
async def test_that_a_language_has_no_rules_is_said_once(language: str, warned: bool) -> None:
    """At the start, and not with every call."""
    with capture_logs() as logs:
        async with local_stack(replace(AGENT, voice=Voice(language=language)), clock=SteadyClock(20)) as s:
            before = [line for line in logs if line["event"] == "language_incomplete"]
            for _ in range(2):
                tape = await s.tape(await s.dial())
                await tape.until(lambda: ("agent", "Hello.") in tape.lines)  # noqa: B023
    found = [line for line in logs if line["event"] == "language_incomplete"]
    assert found == before
    assert [line["language"] for line in found if "no rules for numbers" in line["lacks"]] == [language] * warned


def test_fixed_phrases_are_synthesised_as_they_are_spoken() -> None:
    wording = Wording(still_there="Noch da? Es ist 1 Uhr.")
    phrases = fixed_phrases(replace(AGENT, greeting="Zimmer ab 80 €.", wording=wording, voice=Voice(language="de")))
    assert phrases["greeting"] == "Zimmer ab achtzig Euro."
    assert phrases["still_there"] == "Noch da? Es ist ein Uhr."


@pytest.mark.parametrize(("language", "spoken"), [("de", "eins plus zwei"), ("pt-BR", "um mais dois"), ("ja", "1 + 2")])
def test_the_language_of_the_voice_decides(language: str, spoken: str) -> None:
    ports = VendorPorts(replace(Settings(), data=None, openai_api_key="local"), SteadyClock(20))
    agent = replace(AGENT, voice=Voice(language=language))
    assert ports(agent, IncomingCall("CA1", "", "")).spoken_form("1 + 2") == spoken
