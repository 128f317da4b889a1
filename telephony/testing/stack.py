"""Everything on one machine: the service, its providers as local servers, and a carrier to call it with.

    async with local_stack(agent, clock=Clock(speed=10), replies=scripted([...])) as stack:
        phone = await stack.dial()
        await stack.says(phone, "what are your opening hours")
        ...

All wires are real sockets in the vendors' protocols; only latencies and words are scripted. `faults` of each part may
be changed while a call is on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from telephony.agent import AgentSource
from telephony.app.app import Service
from telephony.app.server import running
from telephony.audio import tones
from telephony.audio.level import level
from telephony.clock import Clock
from telephony.contracts.observer import Step
from telephony.contracts.vad import Detector
from telephony.core.actions import Action, LineAdded
from telephony.settings import Settings
from telephony.testing.fakes.elevenlabs.agents import LocalAgent, LocalAgents
from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
from telephony.testing.fakes.elevenlabs.stt import LocalStt
from telephony.testing.fakes.elevenlabs.tts import LocalTts
from telephony.testing.fakes.openai.server import LocalOpenAi, Responder
from telephony.testing.fakes.twilio.carrier import Carrier, PhoneCall
from telephony.testing.fakes.twilio.faults import CarrierFaults

A = TypeVar("A", bound=Action)
AUTH_TOKEN = "a-token-for-tests"
WORD_MS = 300


class LoudnessDetector:
    """A `Detector` for scripted callers, whose voice is a tone: anything above -45 dBFS is voice."""

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
    """An observer that keeps everything."""

    steps: list[Step] = field(default_factory=list)
    closed: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def see(self, step: Step) -> None:
        self.steps.append(step)
        self.changed.set()

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
        """Waits until `predicate()` holds, looking again after each step."""
        while not predicate():
            self.changed.clear()
            await self.changed.wait()


@dataclass(slots=True)
class Stack:
    """All parts of a running stack; `tapes` by CallSid."""

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
        """A call to the service."""
        return await self.carrier.dial(
            self.voice_url, status_url=f"{self.service.base_url}/twilio/status", faults=faults, **options
        )

    async def tape(self, phone: PhoneCall) -> Tape:
        """What happens in the core during the call, once that has begun."""
        await phone.until(lambda: phone.sid in self.tapes)
        return self.tapes[phone.sid]

    async def says(self, phone: PhoneCall, text: str) -> None:
        """The caller says `text`: a tone of 300 ms a word, whose words the ears know. Returns when it was sent."""
        self.elevenlabs.stt.script.add(text)
        await phone.say(tones.sine(300, WORD_MS * len(text.split())))

    async def coughs(self, phone: PhoneCall, ms: int = 200) -> None:
        """A sound without words."""
        self.elevenlabs.stt.script.add("")
        await phone.say(tones.sine(200, ms))


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
    """A running stack. `replies` is the responder of the local model, unless `openai` is one; `platform` holds the
    agents of the local Agents platform by their ids; `settings` replace fields of `Settings`. Without `taped` there are
    no tapes: they keep every step of every call."""
    async with (
        LocalElevenLabs(clock=clock, tts=tts, stt=stt, agents=LocalAgents(clock=clock, agents=platform)) as elevenlabs,
        openai or LocalOpenAi(clock=clock, responder=replies) as model,
        Carrier(auth_token=AUTH_TOKEN, clock=clock) as carrier,
    ):
        elevenlabs.agents.script = elevenlabs.stt.script  # whoever has the call hears what is said
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
            **{"data": None, **settings},
        )
        async with running(wired, clock, agents=agents, detector=detector) as service:
            tapes: dict[str, Tape] = {}
            if taped:
                service.on_call(lambda call_sid: tapes.setdefault(call_sid, Tape()))
            await service.warm.wait()
            yield Stack(service, carrier, elevenlabs, model, clock, tapes)
