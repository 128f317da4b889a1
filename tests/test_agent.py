"""What `Agent`, `Voice`, `ManagedAgent` and `@tool` refuse when they are made, rather than on the first call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from telephony.agent import Agent, LanguageSlip, ManagedAgent, Voice
from telephony.core.policy import Expects, Limits, TurnTaking, Wording
from telephony.tools import ToolContext, tool


@tool
def hours(day: str) -> str:
    """Opening hours."""
    return day


def plain(day: str) -> str:
    """A function that somebody forgot to decorate."""
    return day


def named(name: str) -> Any:
    return tool(name=name)(plain)


def untyped(day) -> str:  # type: ignore[no-untyped-def]
    return str(day)


P: Any = {"prompt": "You are a test."}
Untyped: Any = Agent
UntypedManaged: Any = ManagedAgent
UntypedLimits: Any = Limits
UntypedWording: Any = Wording
WRONG: list[tuple[str, Callable[[], Any], str]] = [
    ("a text for a tuple of texts", lambda: Untyped(**P, keyterms="Bella"), "keyterms must be a tuple of str.*'Bella'"),
    (
        "a text for a tuple of sentences",
        lambda: Untyped(**P, must_be_heard="We record."),
        "must_be_heard must be a tuple",
    ),
    ("one expectation without its tuple", lambda: Untyped(**P, expects=Expects("pin")), "expects must be a tuple"),
    ("one tool without its tuple", lambda: Untyped(**P, tools=hours), "tools must be a tuple of Tool"),
    ("a function without @tool", lambda: Untyped(**P, tools=(plain,)), r"plain function plain \(.*test_agent.py:\d+\)"),
    ("two tools of one name", lambda: Untyped(**P, tools=(hours, named("hours"))), "two tools.*hours"),
    ("a tool named as the built-in one", lambda: Untyped(**P, tools=(named("end_call"),)), "end_call"),
    ("a name for a voice", lambda: Untyped(**P, voice="Rachel"), "voice must be Voice, not the text 'Rachel'"),
    ("a voice's name as its id", lambda: Voice(id="Bella (warm)"), "Voice.id must be the id"),
    ("a number as text", lambda: Untyped(**P, max_tokens="300"), "max_tokens must be int, not the text '300'"),
    ("a limit as text", lambda: Untyped(**P, limits=UntypedLimits(call_ms="30")), "Limits.call_ms must be int"),
    ("a phrase switched off", lambda: Untyped(**P, wording=UntypedWording(filler=None)), "Wording.filler must be str"),
    ("a preset's name", lambda: Untyped(**P, turn_taking="eager"), "turn_taking must be TurnTaking"),
    ("a prompt left out", lambda: Untyped(prompt=None), "Agent.prompt must be str, not None"),
    ("a managed agent's tool", lambda: UntypedManaged("a", tools=(plain,)), "tools must be a tuple of Tool"),
    ("a managed agent's fallback", lambda: UntypedManaged("a", fallback=Voice()), "fallback must be Agent or None"),
    ("a parameter without a type", lambda: tool(untyped), "parameter day has no type"),
    ("a tool's name with a space", lambda: named("opening hours"), "letters, digits"),
]


@pytest.mark.parametrize(("made", "message"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_cannot_work_is_refused_when_it_is_made(made: Callable[[], Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        made()


@pytest.mark.parametrize(
    ("given", "meant", "words"),
    [
        ("english", "en", "Voice.language must be an ISO 639-1 code such as en, de or pt-BR, not 'english'; write en"),
        ("jp", "ja", "not 'jp'; write ja"),
        ("se", "sv", "not 'se'; write sv"),
        ("Klingon", "und", "not 'Klingon'$"),
        ("", "und", "not ''$"),
    ],
)
def test_a_language_that_is_no_code_is_named_and_no_call_fails_for_it(given: str, meant: str, words: str) -> None:
    """The warning is an error when an agent is loaded (`tests/app/test_loading.py`)."""
    with pytest.warns(LanguageSlip, match=words) as told:
        voice = Voice(language=given)
    assert voice.language == meant
    assert [one.filename for one in told] == [__file__]
    assert Voice(language=" pt_BR.UTF-8 ").language == "pt_BR"


@pytest.mark.parametrize("language", ["en", "de-DE", "pt_BR", "nb", "he", "iw", "fil", "zh-Hant-TW"])
def test_what_works_is_taken(language: str) -> None:
    """Lists serve as tuples, whole numbers as fractions; languages may have a region."""

    @tool
    def knows(call: ToolContext) -> str:
        """Needs nothing but the call."""
        return call.caller

    agent = Untyped(
        **P, tools=[hours, knows], keyterms=["Bella"], turn_taking=TurnTaking.preset("eager"),
        voice=Voice(id="21m00Tcm4TlvDq8ikWAM", language=language, speed=1, stability=0.5),
    )  # fmt: skip
    assert agent.policy().language == language
