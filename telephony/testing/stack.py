"""Everything on one machine: the service, local servers as its providers, and a local carrier that calls it.

    async with local_stack(agent, clock=Clock(speed=10), replies=scripted([...])) as stack:
        phone = await stack.dial()
        await stack.says(phone, "what are your opening hours")
        ...

All parts talk over real sockets in the vendors' protocols; only latencies and words are scripted. The `faults` of each
local provider may be changed during a call.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import structlog

from telephony.agent import AgentSource
from telephony.app.app import Service
from telephony.app.default_voice import fixed_phrases, own_agent
from telephony.app.server import running
from telephony.audio.level import level
from telephony.clock import Clock
from telephony.contracts.observer import Step, step_of_frame
from telephony.contracts.vad import Detector
from telephony.core.actions import Action, LineAdded
from telephony.core.events import AudioReceived, Phrase
from telephony.observe import logs
from telephony.settings import Settings
from telephony.testing.fakes.elevenlabs.agents import LocalAgent, LocalAgents
from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
from telephony.testing.fakes.elevenlabs.stt import LocalStt
from telephony.testing.fakes.elevenlabs.tts import LocalTts
from telephony.testing.fakes.openai.server import LocalOpenAi, Responder
from telephony.testing.fakes.twilio.carrier import Carrier, PhoneCall
from telephony.testing.fakes.twilio.faults import CarrierFaults
from telephony.testing.script import Says

A = TypeVar("A", bound=Action)
AUTH_TOKEN = "a-token-for-tests"
_SPOKEN: dict[str, dict[str, Phrase]] = {}
"""What the default local TTS has said at the start of earlier stacks, by voice: always the same for the same text, and
saying it takes most of a stack's start."""


class LoudnessDetector:
    """A `Detector` for scripted callers, who speak in tones: anything above -45 dBFS is voice."""

    def __init__(self) -> None:
        self._ms = 0

    def hear(self, pcmu: bytes) -> tuple[int | None, int]:
        loudness = level(pcmu)
        before, self._ms = self._ms, self._ms + 20
        completed = self._ms // 32 > before // 32
        return ((950 if loudness > -450 else 10) if completed else None), loudness

    def reset(self) -> None:
        self._ms = 0


@dataclass(slots=True)
class Tape:
    """An observer that keeps every step of a call. `changed` is set after each step and at the end."""

    steps: list[Step] = field(default_factory=list)
    closed: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def see(self, step: Step) -> None:
        self.steps.append(step)
        self.changed.set()

    def see_frame(self, seq: int, now_ms: int, event: AudioReceived) -> None:
        self.see(step_of_frame(seq, now_ms, event))

    def close(self) -> None:
        self.closed = True
        self.changed.set()

    def actions(self, kind: type[A]) -> list[tuple[int, A]]:
        """(now, action) of one kind."""
        return [(s.now_ms, action) for s in self.steps for action in s.actions if isinstance(action, kind)]

    def events(self, kind: type) -> list[tuple[int, Any]]:
        """(now, event) of one kind."""
        return [(s.now_ms, s.event) for s in self.steps if isinstance(s.event, kind)]

    @property
    def lines(self) -> list[tuple[str, str]]:
        """(speaker, text) as recorded; an interrupted line ends with "--"."""
        return [(x.speaker, x.text + (" --" if x.interrupted else "")) for _, x in self.actions(LineAdded)]

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Returns when `predicate()` is true; evaluates it again after each step."""
        while not predicate():
            self.changed.clear()
            await self.changed.wait()


@dataclass(slots=True)
class Stack:
    """The parts of a running stack. `tapes` holds the recorded steps of each call by CallSid."""

    service: Service
    carrier: Carrier
    elevenlabs: LocalElevenLabs
    openai: LocalOpenAi
    clock: Clock
    tapes: dict[str, Tape]

    @property
    def voice_url(self) -> str:
        return f"{self.service.base_url}/twilio/voice"

    async def dial(self, faults: CarrierFaults | None = None, **options: Any) -> PhoneCall:
        """Starts a call to the service. `options` are those of `Carrier.dial`."""
        return await self.carrier.dial(
            self.voice_url, status_url=f"{self.service.base_url}/twilio/status", faults=faults, **options
        )

    async def tape(self, phone: PhoneCall) -> Tape:
        """Waits until the conversation has begun, and returns its tape, which goes on growing during the call."""
        await phone.until(lambda: phone.sid in self.tapes)
        return self.tapes[phone.sid]

    async def says(self, phone: PhoneCall, text: str) -> None:
        """The caller says `text`: a tone of 300 ms a word, which the local STT transcribes as `text`. Returns when it
        has been sent."""
        self.elevenlabs.stt.script.add(text)
        await phone.say(Says(text).sound())

    async def coughs(self, phone: PhoneCall, ms: int = 200) -> None:
        """The caller makes a sound without words, `ms` long. Returns when it has been sent."""
        self.elevenlabs.stt.script.add("")
        await phone.say(Says("", ms=ms).sound())


@asynccontextmanager
async def local_stack(
    agents: AgentSource,
    *,
    clock: Clock,
    replies: Responder | None = None,
    tts: LocalTts | None = None,
    stt: LocalStt | None = None,
    openai: LocalOpenAi | None = None,
    platform: Mapping[str, LocalAgent] | None = None,
    taped: bool = True,
    detector: Callable[[], Detector] = LoudnessDetector,
    **settings: Any,
) -> AsyncIterator[Stack]:
    """Runs the service and all local servers; yields the running stack.

    `replies` is the local LLM's responder; it is ignored if `openai`, a whole LLM server, is given. `platform` holds
    the agents of the local Agents platform by id; `settings` replace fields of `Settings`. With `taped` False no tapes
    are kept: these hold every step of every call in memory. Logs show whole errors, unless they are set up already.
    """
    if not structlog.is_configured():
        logs.configure(pii=True)
    async with (
        LocalElevenLabs(clock=clock, tts=tts, stt=stt, agents=LocalAgents(clock=clock, agents=platform)) as elevenlabs,
        openai or LocalOpenAi(clock=clock, responder=replies) as model,
        Carrier(auth_token=AUTH_TOKEN, clock=clock) as carrier,
    ):
        elevenlabs.agents.script = elevenlabs.stt.script  # pipeline and platform take words from one script
        wired = replace(
            Settings(),
            port=0,
            twilio_auth_token=AUTH_TOKEN,
            twilio_account_sid=carrier.account_sid,
            twilio_api_base_url=carrier.api_base_url,
            openai_api_key="local",
            openai_base_url=model.base_url,
            elevenlabs_api_key="local",
            elevenlabs_base_url=elevenlabs.base_url,
            data=None,
        )
        wired = replace(wired, **settings)
        own = own_agent(agents) if tts is None and wired.data is None else None
        known = _SPOKEN.setdefault(repr((own.voice, wired.elevenlabs_model)), {}) if own else {}
        texts = fixed_phrases(own).values() if own else ()
        phrases = {key: phrase for key, phrase in known.items() if phrase.text in texts}
        async with running(wired, clock, agents=agents, detector=detector, phrases=phrases) as service:
            tapes: dict[str, Tape] = {}
            if taped:
                service.on_call(lambda call_sid: tapes.setdefault(call_sid, Tape()))
            await service.warm.wait()
            known |= phrases
            yield Stack(service, carrier, elevenlabs, model, clock, tapes)
