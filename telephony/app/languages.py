"""What an agent's language lacks: for `telephony check`, and for one warning when an agent is first used.

Nothing here stops a call: the agent speaks any language that its voice and its model know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import asdict

import structlog

from telephony.agent import Agent, AgentSource, ManagedAgent, language_of
from telephony.app.loading import TRIAL_CALL
from telephony.core.language.english import ENGLISH
from telephony.core.language.language import Language
from telephony.core.language.registry import language_for
from telephony.core.language.wording import ENGLISH_WORDING
from telephony.core.language.words import folded
from telephony.text_normalization import supported
from telephony.threads import Callers

log = structlog.get_logger()

_ENGLISH = ENGLISH.light | ENGLISH.weak | ENGLISH.stops | ENGLISH.trailing | ENGLISH.farewells
ENGLISH_SHARE = 3, 5
"""A phrase with at least this share of common English words, which are none of its own language, is English."""


def missing(agent: Agent | ManagedAgent) -> list[str]:
    """What would be heard as English, or is judged with less knowledge than in English: a short phrase each."""
    code, found = language_of(agent), list[str]()
    known = language_for(code)
    if known is ENGLISH:
        return []
    given, default = asdict(agent.wording), asdict(ENGLISH_WORDING)
    if english := [name for name, text in given.items() if text == default[name] or is_english(text, known)]:
        which = "all" if len(english) == len(given) else ", ".join(english)
        remedy = "leave them out to have its own" if known.wording else "it has none: give the agent a `wording`"
        found.append(f"phrases in English: {which} ({remedy})")
    if isinstance(agent, ManagedAgent):
        return found
    if not known.backchannels:
        found.append("no listeners' words but the murmurs of all languages, and no goodbyes")
    if not known.known:
        found.append("no words for endpointing, so silence alone ends a turn")
    if not supported(code):
        found.append("no rules for numbers, dates and money, which are sent as the model writes them: ask for words")
    return found


def describe(agent: Agent | ManagedAgent) -> str:
    """The language of the agent and what it lacks, in a line."""
    code = language_of(agent)
    name = language_for(code).name
    return f"{code}{f' ({name})' if name else ''}: " + ("; ".join(missing(agent)) or "complete")


def describe_all(sources: Iterable[AgentSource]) -> list[str]:
    """A line for each language of the agents; functions are asked to answer `TRIAL_CALL`, as they were before. Not for
    use in a running event loop."""
    lines = dict[str, None]()
    for source in sources:
        choice: object = source
        if not isinstance(source, Agent | ManagedAgent):
            choice = asyncio.run(Callers("agent function").ask(source, TRIAL_CALL))
        if isinstance(choice, Agent | ManagedAgent):
            lines[describe(choice)] = None
            if isinstance(choice, ManagedAgent) and choice.fallback is not None:
                lines[describe(choice.fallback)] = None
    return [*lines]


def is_english(text: str, own: Language) -> bool:
    """Whether a phrase of an agent that speaks another language is English."""
    found = folded(text)
    of_its_own = own.light | own.weak | own.stops | own.farewells | own.backchannels
    common = sum(word in _ENGLISH and word not in of_its_own for word in found)
    return bool(found) and common * ENGLISH_SHARE[1] >= len(found) * ENGLISH_SHARE[0]


class LanguageNotes:
    """Tells in the log, once, what an agent's language lacks. A language with its own phrases is no news."""

    def __init__(self) -> None:
        self._told = set[str]()

    def about(self, agent: Agent | ManagedAgent) -> None:
        words = describe(agent)
        complete = language_for(language_of(agent)).wording is not None
        if words in self._told or (complete and not any("English" in one for one in missing(agent))):
            return
        self._told.add(words)
        log.warning("language_incomplete", language=language_of(agent), lacks="; ".join(missing(agent)))
