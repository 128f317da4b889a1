"""The embedded default: local servers that speak the vendors' protocols, with local STT, LLM and TTS behind them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType

from telephony.clock import Clock
from telephony.offline.dialogue import respond
from telephony.offline.stt import RecognizerProcess
from telephony.offline.tts import EspeakTts
from telephony.testing.fakes.elevenlabs.agents import LocalAgent, LocalAgents
from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
from telephony.testing.fakes.elevenlabs.stt import LocalStt, SttLatency
from telephony.testing.fakes.elevenlabs.tts import LocalTts, TtsLatency
from telephony.testing.fakes.openai.server import LlmLatency, LocalOpenAi

KEY = "local"


class LocalServices:
    """`async with` starts all servers. `llm`: whether to start a local LLM server; without it the user has their own.
    `agents` are the agents of the local Agents platform (`platform`), by id.

    Raises NotInstalled or SttNotInstalled if `telephony[offline]` is missing.
    """

    api_key = KEY

    platform: LocalAgents

    def __init__(self, clock: Clock, *, llm: bool = True, agents: Mapping[str, LocalAgent] | None = None) -> None:
        self.elevenlabs_base_url = self.openai_base_url = ""
        self._agents = agents
        self._clock, self._llm = clock, llm
        self._stack = AsyncExitStack()

    @property
    def description(self) -> tuple[str, ...]:
        """One sentence for each local part."""
        llm = ("The language model is local: a small fixed dialogue for the example agent.",) if self._llm else ()
        return (
            "The speech recogniser is local (pocketsphinx): it knows only the example's sentences, in English.",
            "The speech synthesiser is local (espeak-ng).",
            *llm,
        )

    async def __aenter__(self) -> LocalServices:
        async with AsyncExitStack() as stack:  # stops what has started if the rest does not start
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def _start(self, stack: AsyncExitStack) -> None:
        enter, clock = stack.enter_async_context, self._clock
        voice = EspeakTts()
        await voice.synthesize("Hello.")  # loads the library, or raises if it is missing
        stt_process = await enter(RecognizerProcess())
        tts = LocalTts(clock=clock, synthesize=voice.synthesize, latency=TtsLatency(30, 20.0), api_key=KEY)
        stt = LocalStt(clock=clock, recognizer=stt_process.recognizer, latency=SttLatency(20, 20, 0), api_key=KEY)
        self.platform = LocalAgents(
            clock=clock,
            agents=self._agents,
            synthesize=voice.synthesize,
            recognizer=stt_process.recognizer,
            api_key=KEY,
        )
        elevenlabs = await enter(LocalElevenLabs(clock=clock, tts=tts, stt=stt, agents=self.platform))
        self.elevenlabs_base_url = elevenlabs.base_url
        if self._llm:
            latency = LlmLatency(first_token_ms=100, tokens_per_s=80)
            llm = await enter(LocalOpenAi(clock=clock, responder=respond, latency=latency, api_key=KEY))
            self.openai_base_url = llm.base_url

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)
