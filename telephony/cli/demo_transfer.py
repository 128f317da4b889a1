"""The demo of a warm transfer: a caller asks for a person, talks on while the person is briefed, and is joined.

Theory of operation. The service, the carrier, speech and the model run on this machine; the service calls the person
through the carrier's REST API, as it would at Twilio. The demo plays both people, and goes from one thing that must
happen to the next; what has not happened in time is the problem that it reports. Both phones are recorded, on the
caller's time line, whatever became of the call.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from telephony.agent import AgentSource
from telephony.app.server import running
from telephony.audio import wav
from telephony.audio.frames import BYTES_PER_MS
from telephony.audio.level import LOUD, level
from telephony.audio.mulaw import SILENCE
from telephony.call_control.transfer_tools import transfer_to
from telephony.cli.demo import TAPES, recorded, white_noise
from telephony.cli.demo_transfer_page import Lane, Line, transfer_html
from telephony.clock import Clock
from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import events as e
from telephony.errors import TelephonyError
from telephony.examples.warm_transfer import ANNA, DESK, agent, opening_hours
from telephony.files import private_folder
from telephony.observe.console import clean
from telephony.settings import Settings
from telephony.testing.fakes.twilio.carrier import Carrier
from telephony.testing.fakes.twilio.phone_call import PhoneCall
from telephony.testing.steady import SteadyClock, SteadyLoop

AGENT = "telephony.examples.warm_transfer:agent"
ASKS, TELLS = "I have a question about my bill.", "This is John and my bill is wrong."
MEANWHILE, YES = "And when are you open?", "Yes I will take the call."
PERSON_SAYS, CALLER_SAYS = "Hello John, this is Anna. I see it here.", "Oh, that is good to hear."
WORDS = (ASKS, TELLS, MEANWHILE, YES, PERSON_SAYS, CALLER_SAYS)
OWN, CALLER = "+12025550100", "+12025550123"
WITHIN_MS = 30_000
"""How long each thing may take."""
BEFORE_SPEAKING_MS = 700
"""How long a person lets the other one finish."""
ENDED_MS = 30_000


class Missed(Exception):
    """What should have happened and has not: a sentence."""


@dataclass(slots=True)
class Demo:
    """The call: both phones, and all that was said and has happened. `begins_ms`: when the person's phone began to
    ring, on the caller's time line."""

    carrier: Carrier
    voices: Mapping[str, bytes]
    caller: PhoneCall | None = None
    person: PhoneCall | None = None
    begins_ms: int = 0
    lines: list[Line] = field(default_factory=list)

    def add(self, who: str, text: str) -> None:
        """Notes and prints what was said or, without `who`, has happened."""
        line = Line(self.caller.now_ms if self.caller else 0, who, clean(text))
        self.lines.append(line)
        print(f"{line.at_ms / 1000:7.2f}  {who:<7}  {line.text}", flush=True)

    def heard(self, who: str, words: str) -> bool:
        """Whether `who` ("agent": to the caller; "to Anna") has said words like these, and was heard."""
        return any(one.who == who and words in one.text for one in self.lines)

    async def until(self, predicate: Callable[[], bool], missed: str) -> None:
        """Returns when it is true, of two phones and what is said on them. Raises Missed if it does not come true."""
        assert self.caller is not None
        ends_ms = self.caller.now_ms + WITHIN_MS
        while not predicate():
            if self.caller.left or self.caller.now_ms >= ends_ms:
                why = "the call was over too early" if self.caller.left else "too late"
                raise Missed(f"{why} for this: {missed}")
            await self.carrier.clock.sleep(20)

    async def say(self, phone: PhoneCall, words: str) -> None:
        await phone.pause(BEFORE_SPEAKING_MS)
        await phone.say(self.voices[words])

    async def tell(self, speaker: PhoneCall, words: str, listener: PhoneCall, missed: str) -> None:
        """Says words to someone. Raises Missed if they are not heard there."""
        begun_ms = listener.now_ms
        await self.say(speaker, words)
        await listener.pause(200)
        if level(listener.heard()[begun_ms * BYTES_PER_MS :]) < LOUD:
            raise Missed(missed)

    def write(self, out: Path) -> list[str]:
        """Writes the recordings and the page. Returns the names of the recordings."""
        lanes: list[Lane] = []
        wavs = []
        for name, phone, begins_ms in (("caller", self.caller, 0), ("person", self.person, self.begins_ms)):
            if phone is None:
                continue
            before = SILENCE * (begins_ms * BYTES_PER_MS)
            said, hears = before + phone.caller_audio(), before + phone.heard()
            wav.write(out / f"{name}.wav", said, hears)
            who = "Anna" if name == "person" else name
            lanes += [Lane(who, "says", said), Lane(who, "hears", hears)]
            wavs.append((who, f"{name}.wav"))
        (out / "timeline.html").write_text(transfer_html(lanes, self.lines, wavs), encoding="utf-8")
        return [file for _, file in wavs]


class _Listener:
    """An observer: notes what is said in one stream."""

    def __init__(self, demo: Demo, speakers: Mapping[str, str]) -> None:
        self._demo, self._speakers = demo, speakers
        self._tools: dict[str, str] = {}

    def see(self, step: Step) -> None:
        if isinstance(step.event, e.ToolWanted):
            self._tools[step.event.tool_call_id] = step.event.name
        for action in step.actions:
            if isinstance(action, a.RunTool):
                self._demo.add("", f"the agent uses {self._tools.get(action.tool_call_id, 'a tool')}")
            if isinstance(action, a.LineAdded) and action.speaker in self._speakers:
                text = f"{action.text} -- (interrupted)" if action.interrupted else action.text
                self._demo.add(self._speakers[action.speaker], text)

    def close(self) -> None:
        pass


def run(
    out: Path, settings: Settings, *, speed: float = 1.0, noise: bool = False, agents: AgentSource | None = None
) -> int:
    """Runs the demo. Returns the exit code. `agents`: instead of the example."""
    fast = speed != 1
    try:
        private_folder(out)
        tapes = settings.tapes or out / TAPES
        before = recorded(tapes)
        with asyncio.Runner(loop_factory=SteadyLoop if fast else None) as runner:
            clock = SteadyClock(speed) if fast else Clock()
            wired = replace(settings, tapes=tapes)
            problem = runner.run(_demo(out, wired, clock, noise, agents or _example()))
    except (TelephonyError, OSError) as error:
        print(f"\nThe demo could not run: {error}", file=sys.stderr)
        return 1
    for tape in sorted(recorded(tapes) - before):
        print(f"tape       {tape} (up to the join; replay it, or turn it into a test)")
    if problem:
        print(f"\nThe demo failed: {problem}.", file=sys.stderr)
        if noise:
            print("This is expected: noise was played instead of a caller.", file=sys.stderr)
        return 1
    print("\nIt worked: the caller talked on while Anna was briefed, Anna said yes, both were joined and heard each")
    print("other, and the caller came back to the agent.")
    return 0


def _example() -> AgentSource:
    """The example, whatever the time."""
    return replace(agent, tools=(opening_hours, transfer_to(replace(ANNA, open=""), DESK)))


async def _demo(out: Path, settings: Settings, clock: Clock, noise: bool, agents: AgentSource) -> str:
    """Runs the call and writes the files. Returns the problem, or ""."""
    from telephony.offline.caller import utterances

    print("Starting the service ...", file=sys.stderr)
    voices = dict(zip(WORDS, await asyncio.to_thread(utterances, *WORDS), strict=True))
    if noise:
        voices = {words: white_noise(len(pcmu)) for words, pcmu in voices.items()}
    async with Carrier(auth_token=secrets.token_urlsafe(32), clock=clock) as carrier:
        with tempfile.TemporaryDirectory(prefix="telephony-demo-") as data:
            carrier.account.numbers = [{"sid": "PN" + "1" * 32, "phone_number": OWN, "voice_url": ""}]
            wired = replace(
                settings, host="127.0.0.1", port=0, public_url="", trusted_proxies=(), data=Path(data),
                twilio_auth_token=carrier.auth_token, twilio_account_sid=carrier.account_sid,
                twilio_api_base_url=carrier.api_base_url, dial_from=OWN,
            )  # fmt: skip
            async with running(wired, clock, agents=agents) as service:
                await service.warm.wait()
                demo, problem = Demo(carrier, voices), ""
                to_caller, to_person = {"caller": "caller", "agent": "agent"}, {"caller": "Anna", "agent": "to Anna"}
                service.on_call(
                    lambda sid: _Listener(demo, to_person if demo.caller and sid != demo.caller.sid else to_caller)
                )
                demo.caller = await carrier.dial(
                    service.base_url + "/twilio/voice", caller=CALLER, called=OWN,
                    status_url=service.base_url + "/twilio/status",
                )  # fmt: skip
                try:
                    await _play(demo, demo.caller)
                except Missed as missed:
                    problem = str(missed)
                problem = await _over(demo) or problem
    print()
    for file in demo.write(out):
        print(f"recording  {out / file} (left: their voice, right: what they hear)")
    print(f"timeline   {out / 'timeline.html'} (both phones)")
    return problem


async def _play(demo: Demo, caller: PhoneCall) -> None:
    """The whole call. Raises Missed."""
    carrier = demo.carrier
    await demo.until(lambda: demo.heard("agent", "How can I help"), "the agent greets the caller")
    await demo.say(caller, ASKS)
    await demo.until(lambda: demo.heard("agent", "May I ask your name"), "the agent asks for the caller's name")
    await demo.say(caller, TELLS)
    await demo.until(lambda: len(carrier.calls) == 2, "Anna is called")
    person = demo.person = next(one for one in carrier.calls.values() if one is not caller)
    demo.begins_ms = caller.now_ms - person.now_ms
    demo.add("", "Anna's phone rings; the caller stays with the agent")
    await demo.until(lambda: demo.heard("agent", "asking Anna"), "the agent says that it asks Anna")
    await demo.say(caller, MEANWHILE)
    if demo.heard("to Anna", "press two"):
        raise Missed("the caller should have talked on while Anna was briefed")
    await demo.until(lambda: demo.heard("agent", "open every day"), "the caller's question is answered meanwhile")
    await demo.until(lambda: demo.heard("to Anna", "press two"), "Anna is briefed and asked")
    await demo.say(person, YES)
    rooms = carrier.conferences.rooms
    await demo.until(lambda: any(len(room.participants) == 2 for room in rooms.values()), "the two are joined")
    demo.add("", "joined: the agent has left")
    await demo.tell(person, PERSON_SAYS, caller, "the caller did not hear Anna after the join")
    await demo.tell(caller, CALLER_SAYS, person, "Anna did not hear the caller after the join")
    await caller.pause(1_000)
    demo.add("", "Anna hangs up")
    await person.hang_up()
    await demo.until(lambda: demo.heard("agent", "Can I do anything else"), "the caller is back with the agent")


async def _over(demo: Demo) -> str:
    """Hangs up whoever is still there. Returns the problem, or ""."""
    phones = [phone for phone in (demo.caller, demo.person) if phone is not None]
    for phone in phones:
        await phone.hang_up()
        try:
            async with demo.carrier.clock.timeout(ENDED_MS):
                await phone.ended()
        except TimeoutError:
            return "the call did not end in time after everybody had hung up"
    broken = [f"the service broke Twilio's protocol ({code} {text})" for one in phones for code, text in one.violations]
    return broken[0] if broken else ""
