"""A complete call on this machine: a caller's audio goes in, the service answers it, and the outcome is checked.

Theory of operation. The service runs as in production, on a real socket; the local carrier dials it over Twilio's
protocols and plays the caller's turns. The demo waits as a person does: until the answer is over, then for a short
silence; one turn interrupts an answer. Afterwards it checks the audio of both sides on one time line, as a listener
could, and the steps of the call, which it has collected as an observer.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from telephony.app.app import Service
from telephony.app.server import running
from telephony.audio import mulaw, wav
from telephony.cli.demo_modes import MANAGED_SILENT_WITHIN_MS, PlatformWatch, Setup, set_up
from telephony.clock import Clock
from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core import managed_events as m
from telephony.core.policy import END_CALL, TurnTaking
from telephony.errors import TelephonyError
from telephony.files import private_folder
from telephony.observe.console import Console
from telephony.observe.timeline import timeline_html
from telephony.observe.turn_latency import TurnClock
from telephony.settings import Settings
from telephony.tape.reader import one
from telephony.testing.call_checks import CallerTurn, Outcome, problems, summary
from telephony.testing.fakes.twilio.carrier import CallOver, Carrier, PhoneCall
from telephony.testing.steady import SteadyClock, SteadyLoop

PAUSE_MS = 600
"""Silence after an answer before the caller speaks."""
INTERRUPT_AFTER_MS = 1_200
"""Speech of the agent before the caller interrupts."""
ANSWER_MS = 30_000
"""The longest that the caller waits for anything."""
TAPES = "tapes"
"""Subfolder of the output folder for the tape, unless TELEPHONY_TAPES is set."""
RETRIES = 1
"""How often the caller repeats a turn that was not understood."""


@dataclass(slots=True)
class Watch:
    """An observer: collects all steps of the call and tracks the state of the conversation."""

    steps: list[Step] = field(default_factory=list)
    turns: TurnClock = field(default_factory=TurnClock)
    rules: TurnTaking = field(default_factory=TurnTaking)
    started: int = 0  # the highest turn whose reply has been started
    voiced: int = 0  # the highest turn with speech from TTS
    settled: int = 0  # the highest turn in the agent's transcript
    agent_lines: int = 0
    not_heard: int = 0
    wanted: dict[str, str] = field(default_factory=dict)
    tools: int = 0
    ended: str = ""

    def follow(self, rules: TurnTaking) -> Watch:
        """This observer, for the call of an agent with these rules."""
        self.rules, self.turns = rules, TurnClock(rules=rules)
        return self

    def see(self, step: Step) -> None:
        self.steps.append(step)
        self.turns.see(step)
        if isinstance(step.event, e.SpeechAudio):
            self.voiced = max(self.voiced, step.event.turn)
        if isinstance(step.event, e.ToolWanted):
            self.wanted[step.event.tool_call_id] = step.event.name
        if isinstance(step.event, e.ToolFinished) and not step.event.failed:
            self.tools += self.wanted.get(step.event.tool_call_id) != END_CALL
        for action in step.actions:
            match action:
                case a.LineAdded("caller", _, turn) if isinstance(step.event, m.ManagedTranscript):
                    self.started = turn + 1  # the managed agent's next line is its answer
                case a.SendMark(name) if isinstance(step.event, m.ManagedAudio):
                    self.voiced = max(self.voiced, int(name[1:].partition(".")[0]))
                case a.LineAdded("agent", _, turn):
                    self.agent_lines += 1
                    self.settled = max(self.settled, turn)
                case a.StartReply(turn, _):
                    self.started = turn
                case d.NotHeard():
                    self.not_heard += 1
                case a.EndCall(reason, _):
                    self.ended = reason

    def close(self) -> None:
        self.turns.close()

    @property
    def answering(self) -> bool:
        """The agent has started an answer that is not yet in the transcript."""
        return self.started > self.settled


def run(
    *, out: Path, callers: list[Path], noise: bool, settings: Settings, speed: float = 1.0, mode: str = "pipeline"
) -> int:
    """Runs the demo. Returns the exit code: 0 if the call went well, else 1 after printing why."""
    try:
        turns = _turns(callers, mode)
        if noise:
            turns = [replace(turn, pcmu=_noise(len(turn.pcmu))) for turn in turns]
        private_folder(out)
        fast = speed != 1  # then delays by a busy machine would count for more: the steady loop ignores them
        with asyncio.Runner(loop_factory=SteadyLoop if fast else None) as runner:
            found = runner.run(_demo(out, turns, settings, SteadyClock(speed) if fast else Clock(), mode))
    except (TelephonyError, OSError) as error:
        print(f"\nThe demo could not run: {error}", file=sys.stderr)
        return 1
    print(f"recording  {out / 'call.wav'} (left: caller, right: agent)\ntimeline   {out / 'timeline.html'}")
    if mode != "register":  # the platform handles that call: there is no tape
        print(f"tape       {one(str(settings.tapes or out / TAPES))} (replay it, or turn it into a test)", flush=True)
    for problem in found:
        print(f"\nThe demo failed: {problem}", file=sys.stderr)
    if noise and found:
        print("This is expected: noise was played instead of a caller.", file=sys.stderr)
    if not found:
        interrupted = "" if mode == "register" else ", interrupted"
        print(f"\nThe call was understood, answered{interrupted} and ended correctly.")
    return 1 if found else 0


# --- the call -------------------------------------------------------------------------------------------------------


async def _demo(out: Path, turns: list[CallerTurn], settings: Settings, clock: Clock, mode: str) -> list[str]:
    print("Starting the service ...", file=sys.stderr)
    async with (
        Carrier(auth_token=secrets.token_urlsafe(32), clock=clock) as carrier,
        set_up(mode, settings, clock) as setup,
    ):
        demo_settings = replace(
            setup.settings,
            host="127.0.0.1",
            port=0,
            public_url="",
            trusted_proxies=(),
            tapes=settings.tapes or out / TAPES,
            twilio_auth_token=carrier.auth_token,
            twilio_account_sid=carrier.account_sid,
            twilio_api_base_url=carrier.api_base_url,
        )
        async with running(demo_settings, clock, agents=setup.agents) as service:
            setup.begin(service.base_url)
            await service.warm.wait()
            service.on_call(lambda call_sid: Console(rules=service.registry.calls[call_sid].turn_taking))
            watch = Watch() if setup.platform is None or setup.bridged else PlatformWatch(setup.platform)
            outcome = await converse(service, carrier, turns, watch)
            outcome.tools += setup.tools
            found = await _problems(setup, outcome, watch)
    outcome.phone.stereo_wav(out / "call.wav")
    page = timeline_html(watch.steps, title="A call to the demo", wav="call.wav", rules=watch.rules)
    (out / "timeline.html").write_text(page, encoding="utf-8")
    print("\n" + "\n".join(summary(outcome, watch.turns)), flush=True)
    return found


async def _problems(setup: Setup, outcome: Outcome, watch: Watch | PlatformWatch) -> list[str]:
    """The problems of the call, one sentence each."""
    if isinstance(watch, PlatformWatch):
        return await watch.problems(setup, outcome)
    sound_ms = MANAGED_SILENT_WITHIN_MS if setup.bridged else None
    return problems(outcome, watch.steps, watch.turns, sound_ms)


async def converse(
    service: Service, carrier: Carrier, turns: list[CallerTurn], watch: Watch | PlatformWatch
) -> Outcome:
    """Dials, says the turns, and waits until the call and its cleanup are complete."""
    if isinstance(watch, Watch):
        service.on_call(lambda call_sid: watch.follow(service.registry.calls[call_sid].turn_taking))
    phone = await carrier.dial(service.base_url + "/twilio/voice")
    spoken: list[tuple[CallerTurn, int]] = []
    stuck = ""
    try:
        for turn in turns:
            stuck = (
                f"the agent was not ready for the caller's turn {len(spoken) + 1} within {ANSWER_MS // 1000} seconds"
            )
            await _wait_to_speak(phone, watch, turn.interrupts, carrier.clock)
            if not await _say(phone, watch, turn, spoken, carrier.clock):
                await phone.hang_up()
                break
        stuck = "the agent did not end the call"
        async with carrier.clock.timeout(ANSWER_MS):
            await phone.until(lambda: False)
    except CallOver:
        stuck = ""
    except TimeoutError:
        await phone.hang_up()
    live = service.registry.calls.get(phone.sid)
    async with carrier.clock.timeout(ANSWER_MS):
        await phone.ended()
        if live is not None:
            await live.done.wait()
    return Outcome(phone, turns, spoken, stuck, watch.tools, watch.ended)


async def _wait_to_speak(phone: PhoneCall, watch: Watch | PlatformWatch, interrupts: bool, clock: Clock) -> None:
    """Waits until the caller should speak: after the answer and a pause, or in the middle of the answer."""
    async with clock.timeout(ANSWER_MS):
        if interrupts:
            await phone.until(lambda: watch.voiced >= watch.started)
            await phone.agent_speaking()
            begun = phone.now_ms
            await phone.until(lambda: phone.now_ms - begun >= INTERRUPT_AFTER_MS)
            return
        await phone.until(lambda: watch.agent_lines > 0 and not watch.answering)
        await phone.agent_silent(for_ms=PAUSE_MS)


async def _say(
    phone: PhoneCall,
    watch: Watch | PlatformWatch,
    turn: CallerTurn,
    spoken: list[tuple[CallerTurn, int]],
    clock: Clock,
) -> bool:
    """Says one turn, repeating it if it was not understood. Returns whether the agent has begun to answer."""
    for _ in range(1 + RETRIES):
        started, sorry = watch.started, watch.not_heard
        spoken.append((turn, phone.now_ms))
        await phone.say(turn.pcmu)
        async with clock.timeout(ANSWER_MS):
            await phone.until(lambda: watch.started > started or watch.not_heard > sorry)  # noqa: B023  (used at once)
        if watch.started > started:
            return True
        await phone.agent_speaking()
        await phone.agent_silent(for_ms=PAUSE_MS)
    return False


# --- the caller -----------------------------------------------------------------------------------------------------


def _turns(callers: list[Path], mode: str) -> list[CallerTurn]:
    """The user's recordings, one per turn, or the built-in caller. With three or more, the second interrupts."""
    if callers:
        return [
            CallerTurn(wav.read_mono(path), interrupts=index == 1 and len(callers) >= 3)
            for index, path in enumerate(callers)
        ]
    from telephony.offline.caller import caller_turns, short_call

    return short_call() if mode == "register" else caller_turns()


def _noise(size: int) -> bytes:
    """White noise as loud as speech, the same on every run."""
    chance = random.Random(8_000)
    pcm16 = b"".join(int(chance.gauss(0, 2_000)).to_bytes(2, "little", signed=True) for _ in range(size))
    return mulaw.encode(pcm16)
