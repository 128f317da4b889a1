"""Text is read out by the rules of the agent's language; that a language has none is said once, at the start."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from telephony.agent import Agent, Voice
from telephony.app.app import NO_RULES
from telephony.testing.stack import local_stack
from telephony.testing.steady import SteadyClock

AGENT = Agent(prompt="You are a test.", greeting="1 + 2")


@pytest.mark.parametrize(
    ("language", "said", "warned"),
    [("de", "eins plus zwei", False), ("en-GB", "one plus two", False), ("ja", "1 + 2", True)],
)
async def test_a_language_without_rules_is_said_once_and_spoken_untouched(
    language: str, said: str, warned: bool
) -> None:
    with capture_logs() as logs:
        agent = replace(AGENT, voice=Voice(language=language))
        async with local_stack(agent, clock=SteadyClock(20)) as s:
            before = [line for line in logs if line["event"] == "no_text_normalization"]
            for _ in range(2):
                tape = await s.tape(await s.dial())
                await tape.until(lambda: bool(s.elevenlabs.tts.texts))
            texts = [text.strip() for text in s.elevenlabs.tts.texts]
    found = [line for line in logs if line["event"] == "no_text_normalization"]
    assert found == before
    assert [(line["language"], line["hint"]) for line in found] == ([(language, NO_RULES)] if warned else [])
    assert said in texts
