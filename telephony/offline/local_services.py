"""The embedded default: local servers that speak the vendors' protocols, with local STT, LLM and TTS behind them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType

from telephony.clock import Clock
from telephony.offline import stt, tts
from telephony.offline.dialogue import respond
from telephony.offline.stt import LocalRecognizer
from telephony.offline.tts import LocalSynthesizer
from telephony.offline.worker import Worker
from telephony.testing.fakes.elevenlabs.agents import LocalAgent, LocalAgents
from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
from telephony.testing.fakes.elevenlabs.stt import LocalStt, SttLatency
from telephony.testing.fakes.elevenlabs.tts import LocalTts, TtsLatency
from telephony.testing.fakes.openai.server import LlmLatency, LocalOpenAi

KEY = "local"


LLM_LATENCY = LlmLatency(first_token_ms=100, tokens_per_s=80)


class LocalServices:
    """`async with` starts the servers for the local parts: `speech` (STT, TTS and Agents platform) and `llm` (the
    example's dialogue). `agents` are the agents of the local Agents platform (`platform`), by id.

    Raises NotInstalled if `telephony[offline]` is missing, or cannot work on this machine.
    """

    api_key = KEY

    platform: LocalAgents

    def __init__(
        self,
        clock: Clock,
        *,
        speech: bool = True,
        llm: bool = True,
        agents: Mapping[str, LocalAgent] | None = None,
    ) -> None:
        self.elevenlabs_base_url = self.openai_base_url = ""
        self._agents = agents
        self._clock, self._speech, self._llm = clock, speech, llm
        self._stack = AsyncExitStack()

    @property
    def description(self) -> tuple[str, ...]:
        """One sentence for each local part."""
        speech = (
            "The speech recogniser is local (moonshine-voice): any words, in English.",
            "The speech synthesiser is local (hibari-tts): one voice, in English.",
        )
        llm = "The language model is local: a small fixed dialogue for the example agent."
        return (*(speech if self._speech else ()), *((llm,) if self._llm else ()))

    async def __aenter__(self) -> LocalServices:
        async with AsyncExitStack() as stack:  # stops what has started if the rest does not start
            if self._speech:
                await self._start_speech(stack)
            if self._llm:
                llm = LocalOpenAi(clock=self._clock, responder=respond, latency=LLM_LATENCY, api_key=KEY)
                self.openai_base_url = (await stack.enter_async_context(llm)).base_url
            self._stack = stack.pop_all()
        return self

    async def _start_speech(self, stack: AsyncExitStack) -> None:
        enter, clock = stack.enter_async_context, self._clock
        stt_worker, tts_worker = await enter(Worker(stt.ENGINE)), await enter(Worker(tts.ENGINE))
        synthesize = LocalSynthesizer(tts_worker).synthesize
        recognizer = functools.partial(LocalRecognizer, stt_worker)
        self.platform = LocalAgents(
            clock=clock, agents=self._agents, synthesize=synthesize, recognizer=recognizer, api_key=KEY
        )
        local_tts = LocalTts(clock=clock, synthesize=synthesize, latency=TtsLatency(30, 20.0), api_key=KEY)
        local_stt = LocalStt(clock=clock, recognizer=recognizer, latency=SttLatency(20, 20, 0), api_key=KEY)
        elevenlabs = await enter(LocalElevenLabs(clock=clock, tts=local_tts, stt=local_stt, agents=self.platform))
        self.elevenlabs_base_url = elevenlabs.base_url

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)
