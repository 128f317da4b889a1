"""Tries the keys of all vendors when the service starts, and now and then afterwards.

Before the service is ready for the first time, a refused key keeps it from becoming ready: a deployment with a wrong
key does not replace one that works. Afterwards a refused key is an error in the log and nothing more, because callers
are better served by an apology than by nobody. Only a clear refusal of the key counts; a vendor that cannot be asked,
or a key that may not read what is asked for, is no reason to be closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from telephony.app.default_voice import AccountVoices
from telephony.clock import Clock
from telephony.elevenlabs import rest
from telephony.errors import CarrierError, ProviderError
from telephony.openai.client import OpenAiChat
from telephony.settings import Settings
from telephony.twilio import account

log = structlog.get_logger()

RETRY_MS = 30_000
"""While the service is not ready."""
RECHECK_MS = 15 * 60_000
REMEDY = "copy the key again; `telephony check --online` says more"


class Keys:
    """`refused`: the names of the settings whose value a vendor refuses, as of the last attempt."""

    def __init__(self, settings: Settings, llm: OpenAiChat, voices: AccountVoices, clock: Clock) -> None:
        self.refused: tuple[str, ...] = ()
        self._settings, self._llm, self._voices, self._clock = settings, llm, voices, clock

    async def good(self) -> bool:
        """Asks every vendor once; logs what is refused. Whether no key is."""
        given = self._settings
        asked: list[tuple[str, Callable[[], Awaitable[bool]]]] = []
        if not given.local_speech:
            asked.append(("ELEVENLABS_API_KEY", self._speech))
        if not given.local_llm and given.openai_api_key:
            asked.append(("OPENAI_API_KEY", self._llm.refuses_key))
        if not given.offline and given.twilio_account_sid and given.twilio_auth_token:
            asked.append(("TWILIO_AUTH_TOKEN", self._twilio))
        answers = await asyncio.gather(*(ask() for _, ask in asked))
        self.refused = tuple(name for (name, _), refused in zip(asked, answers, strict=True) if refused)
        for name in self.refused:
            log.error("key_refused", setting=name, remedy=REMEDY)
        return not self.refused

    async def watch(self, ready: Callable[[], None]) -> None:
        """Asks until all keys are good, calls `ready`, and goes on asking. Runs until it is cancelled."""
        while not await self.good():
            await self._clock.sleep(RETRY_MS)
        ready()
        while True:
            await self._clock.sleep(RECHECK_MS)
            await self.good()

    async def _speech(self) -> bool:
        try:
            await self._voices.listed()
        except ProviderError as error:
            return isinstance(error, rest.RestRefused) and error.key_wrong
        return False

    async def _twilio(self) -> bool:
        given = self._settings
        try:
            await account.account(
                given.twilio_account_sid, given.twilio_auth_token, given.twilio_api_base_url, self._clock
            )
        except CarrierError as error:
            return error.code == "rest_refused"
        return False
