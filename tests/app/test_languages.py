"""What an agent says in a language by itself, and what is told about a language that lacks something."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from structlog.testing import capture_logs

from telephony import Agent, ManagedAgent, Voice, Wording
from telephony.agent import AgentSource
from telephony.app.languages import LanguageNotes, describe, describe_all, is_english, missing
from telephony.core.language.registry import LANGUAGES, language_for
from telephony.core.policy import Policy
from telephony.runtime.reply import build_messages

ENGLISH = Wording()
OTHERS = [code for code in LANGUAGES if code != "en"]


def agent(code: str, wording: Wording | None = None) -> Agent:
    """An agent that speaks `code`, with a wording of its own or none."""
    voice = Voice(language=code)
    return Agent(prompt="P.", voice=voice) if wording is None else Agent(prompt="P.", voice=voice, wording=wording)


@pytest.mark.parametrize("code", OTHERS)
def test_a_voice_brings_the_phrases_of_its_language(code: str) -> None:
    """All of them, whatever the region; none is left in English, and the core and a managed agent say the same."""
    said, own = agent(f"{code}-XX").wording, language_for(code).wording
    assert said == own
    english, others = asdict(ENGLISH), asdict(said)
    assert [name for name in english if not others[name] or others[name] == english[name]] == []
    assert [text for text in others.values() if is_english(text, language_for(code))] == []
    assert agent(code).policy().wording == Policy(language=code).wording == said
    assert ManagedAgent("a1", language=code).wording == said
    assert replace(agent("en"), voice=Voice(language=code)).wording == said
    assert replace(agent(code), voice=Voice(language="en")).wording == ENGLISH


def test_a_phrase_of_the_users_own_wins() -> None:
    """The others are said in the agent's language; "" switches one off."""
    said = agent("de", Wording(goodbye="Servus!", filler="")).wording
    assert (said.goodbye, said.filler, said.still_there) == ("Servus!", "", "Sind Sie noch da?")
    assert replace(agent("de", said), voice=Voice(language="es")).wording.goodbye == "Servus!"


def test_a_language_without_phrases_keeps_the_english_ones() -> None:
    """There is nothing else to say; it is told."""
    assert agent("pl").wording == ENGLISH


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (agent("en"), ""),
        (agent("de"), ""),
        (agent("de", Wording(goodbye="Servus!")), ""),
        (agent("de", Wording()), "phrases in English: all (leave them out"),
        (agent("de", Wording(goodbye="Goodbye and have a nice day.")), "phrases in English: goodbye (leave them out"),
        (agent("nl", Wording(filler="Hold on a second.")), "phrases in English: filler (leave them out"),
        (agent("nl", Wording(filler="We zijn er zo.")), ""),
        (agent("pl"), "phrases in English: all (it has none"),
        (agent("pl", Wording(*["Chwileczkę."] * 12)), "no listeners' words"),
        (ManagedAgent("a1", language="de", wording=Wording()), "phrases in English: all"),
        (ManagedAgent("a1", language="fr"), ""),
    ],
)  # fmt: skip
def test_english_phrases_in_another_language_are_told_once(given: Agent | ManagedAgent, told: str) -> None:
    """So is a language that there is no data for; one that has its own phrases is no news."""
    notes = LanguageNotes()
    with capture_logs() as logs:
        notes.about(given)
        notes.about(given)
    assert [line["event"] for line in logs] == (["language_incomplete"] if told else [])
    assert told in "".join(str(line["lacks"]) for line in logs)


def test_what_a_language_lacks_is_named() -> None:
    """English is complete; words for endpointing exist in English only."""
    assert missing(agent("en-GB")) == []
    assert missing(agent("de")) == ["no words for endpointing, so silence alone ends a turn"]
    assert any("listeners' words" in one for one in missing(agent("pl")))
    assert any("no rules for numbers" in one for one in missing(agent("hi")))
    assert describe(agent("es-MX")).startswith("es-MX (Spanish): no words for endpointing")


def test_each_language_is_described_once() -> None:
    """Agents that a function chooses and the fallback of a managed agent included."""
    sources: list[AgentSource] = [
        agent("de"),
        agent("de"),
        lambda call: agent("fr"),
        ManagedAgent("a1", fallback=agent("it")),
    ]
    assert [line.split()[0].rstrip(":") for line in describe_all(sources)] == ["de", "fr", "en", "it"]


@pytest.mark.parametrize(
    ("code", "name"), [("de", "German"), ("pt-BR", "Portuguese"), ("en", "English"), ("sw", "'sw'")]
)
def test_the_style_asks_for_spoken_forms_in_the_agents_language(code: str, name: str) -> None:
    """The model is told to write what is said; a style of the user's own is left as it is."""
    [system] = build_messages(agent(code), ())
    assert "write numbers, prices, dates and times as words" in system["content"]
    assert f"in {name}" in system["content"] or name in system["content"]
    assert "{language}" not in system["content"]
    [own] = build_messages(replace(agent(code), style="Be brief {always}."), ())
    assert own["content"] == "P.\n\nBe brief {always}."
