"""The voice of agents that name none: ELEVENLABS_VOICE_ID, else the first of the account's voices.

No voice is built in, because the voices that all accounts share come and go. The account is asked when the service
starts, before the first call, and again until there is a voice; then the voice stays for the life of the process.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import structlog

from telephony.agent import Agent, AgentSource, ManagedAgent
from telephony.clock import Clock
from telephony.elevenlabs import rest
from telephony.elevenlabs.speech_sockets import Refusals
from telephony.errors import ProviderError
from telephony.text_normalization import spoken_form

log = structlog.get_logger()

RETRY_MS = 10_000
HOLDS_MS = 5_000
NAME_CHARS = 80


class AccountVoices:
    """The account's voices, for all who ask when the service starts: an answer, a refusal too, holds for `HOLDS_MS`."""

    def __init__(self, base_url: str, api_key: str, clock: Clock) -> None:
        self._access, self._clock = (base_url, api_key, clock), clock
        self._asking = asyncio.Lock()
        self._answer: tuple[rest.AccountVoice, ...] | ProviderError | None = None
        self._answered_ms = 0

    async def listed(self) -> tuple[rest.AccountVoice, ...]:
        """Raises ProviderError."""
        async with self._asking:
            if self._answer is None or self._clock.ms() - self._answered_ms > HOLDS_MS:
                try:
                    self._answer = await rest.voices(*self._access)
                except ProviderError as error:
                    self._answer = error
                self._answered_ms = self._clock.ms()
            answer = self._answer
        if isinstance(answer, ProviderError):
            raise answer
        return answer


class DefaultVoice:
    """`voice_id` is "" as long as there is none; `problem` then says why, and what to do."""

    def __init__(
        self, voice_id: str, base_url: str, api_key: str, clock: Clock, refusals: Refusals, voices: AccountVoices
    ) -> None:
        self.voice_id, self.problem = voice_id, ""
        self._access = base_url, api_key, clock
        self._clock, self._refusals, self._voices = clock, refusals, voices

    async def find(self) -> bool:
        """Asks for the account's voices unless there is a voice. Whether there is one now."""
        if self.voice_id:
            return True
        problem = ""
        try:
            listed = await self._voices.listed()
        except ProviderError as error:
            listed, problem = (), _not_listed(error)
        if listed:
            first = listed[0]
            self.voice_id, self.problem = first.voice_id, ""
            name = "".join(char for char in first.name if char.isprintable())[:NAME_CHARS]
            log.info("voice_chosen", voice_id=first.voice_id, name=name, why="the first of the account's voices")
            return True
        problem = problem or "the account has no voice: add one at elevenlabs.io, or set ELEVENLABS_VOICE_ID"
        if problem != self.problem:
            self.problem = problem
            log.error("voice_missing", why=problem)
        return False

    async def wait(self) -> None:
        """Asks again and again; returns when there is a voice."""
        while not self.voice_id:
            await self._clock.sleep(RETRY_MS)
            await self.find()

    async def look_up(self, voice_id: str) -> None:
        """Says in the log if the account may not use a voice. What cannot be looked up may be good."""
        try:
            await rest.voice(*self._access, voice_id)
        except rest.RestRefused as error:
            if error.status == 402:
                self._refusals.voice(voice_id, "paid_plan_required")
            elif error.status == 404 or error.slug == "voice_not_found":
                self._refusals.voice(voice_id, "voice_not_found")
        except ProviderError:
            pass


def own_agent(agents: AgentSource) -> Agent | None:
    """The agent that our pipeline runs, as far as it is known before a call; of a managed agent, its fallback."""
    found = agents.fallback if isinstance(agents, ManagedAgent) else agents
    return found if isinstance(found, Agent) else None


def needed(agents: AgentSource) -> bool:
    """Whether calls may need the default voice: not if each agent names its own, or is managed without a fallback."""
    own = own_agent(agents)
    return not own.voice.id if own is not None else not isinstance(agents, ManagedAgent)


def _not_listed(error: ProviderError) -> str:
    if not isinstance(error, rest.RestRefused):
        return f"the account's voices cannot be listed now ({error.code}): ELEVENLABS_VOICE_ID would do without"
    if error.key_wrong:
        return "ELEVENLABS_API_KEY is refused: copy the key again"
    if error.status in (401, 403):
        return "set ELEVENLABS_VOICE_ID: the key may not list the account's voices (permission voices_read)"
    return f"set ELEVENLABS_VOICE_ID: the account's voices cannot be listed (HTTP {error.status})"


def fixed_phrases(agent: Agent) -> dict[str, str]:
    """Name -> text, as it is spoken, of all fixed phrases of an agent, including its greeting."""
    phrases = {**asdict(agent.wording), "greeting": agent.greeting}
    return {name: spoken_form(text, agent.voice.language) or text for name, text in phrases.items() if text}
