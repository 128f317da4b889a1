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
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from telephony.app.app import Service
from telephony.app.server import running
from telephony.audio import mulaw
from telephony.cli import demo_verdict
from telephony.cli.demo_modes import MANAGED_SILENT_WITHIN_MS, PlatformWatch, Setup, set_up
from telephony.clock import Clock
from telephony.contracts.observer import Step, step_of_frame
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
from telephony.tape.choose import find
from telephony.tape.codec import BadTape
from telephony.testing.call_checks import Outcome, problems, summary
from telephony.testing.fakes.twilio.carrier import CallOver, Carrier
from telephony.testing.phone_caller import PhoneCaller
from telephony.testing.script import CallerScript, HangsUp, Listens, Says, ScriptFailed, Waits, WaitsForAgent
from telephony.testing.steady import SteadyClock, SteadyLoop

INTERRUPT_AFTER_S = 1.2
"""Speech of the agent before the user's second recording interrupts it."""
CLEANUP_MS = 30_000
"""The longest that the service may take after the end of the call."""
TAPES = "tapes"
"""Subfolder of the output folder for the tape, unless TELEPHONY_TAPES is set."""
HANGS_UP_AFTER_MS = 3_000
"""How long the caller waits for an agent other than the example to end the call."""
RETRIES = 1
"""How often the caller repeats a turn that was not understood."""


@dataclass(slots=True)
class Watch:
    """An observer: collects all steps of the call and tracks the state of the conversation."""

    steps: list[Step] = field(default_factory=list)
    turns: TurnClock = field(default_factory=TurnClock)
    rules: TurnTaking = field(default_factory=TurnTaking)
    started: int = 0  # the last turn whose reply has been started and not dropped
    before: int = 0  # the one before it
    voiced: int = 0  # the highest turn with speech from TTS
    settled: int = 0  # the highest turn in the agent's transcript
    agent_lines: int = 0
    not_heard: int = 0
    resumed: bool = False  # the agent goes on after the last sound of the caller
    talked_over: int = 0  # lines that the agent finished although the caller had spoken
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
                case d.Resumed():
                    self.resumed = True
                case d.Cut():
                    self.resumed = False
                case a.LineAdded("agent", _, turn):
                    self.talked_over += self.resumed
                    self.resumed = False
                    self.agent_lines += 1
                    self.settled = max(self.settled, turn)
                case a.StartReply(turn, _):
                    self.before, self.started = self.started, turn
                case d.SpeculationDropped(turn) if turn == self.started:
                    self.started = self.before
                case d.NotHeard():
                    self.not_heard += 1
                case a.EndCall(reason, _):
                    self.ended = reason

    def see_frame(self, seq: int, now_ms: int, event: e.AudioReceived) -> None:
        self.see(step_of_frame(seq, now_ms, event))

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
        script, expect = _script(callers, mode)
        if noise:
            script = CallerScript(
                tuple(replace(x, pcmu=white_noise(len(x.pcmu))) if isinstance(x, Says) else x for x in script.moves)
            )
        private_folder(out)
        tapes = settings.tapes or out / TAPES
        before = recorded(tapes)
        fast = speed != 1  # then delays by a busy machine would count for more: the steady loop ignores them
        with asyncio.Runner(loop_factory=SteadyLoop if fast else None) as runner:
            if unknown := demo_verdict.stranger(settings, mode):
                print(f"Note: {unknown}", file=sys.stderr)
            found, interrupted = runner.run(
                _demo(out, script, expect, callers, settings, SteadyClock(speed) if fast else Clock(), mode)
            )
    except (TelephonyError, OSError) as error:
        print(f"\nThe demo could not run: {error}", file=sys.stderr)
        return 1
    print(f"recording  {out / 'call.wav'} (left: caller, right: agent)\ntimeline   {out / 'timeline.html'}")
    for tape in recorded(tapes) - before:  # none if nobody answered, or if the platform handled the call
        print(f"tape       {tape} (replay it, or turn it into a test)", flush=True)
    for problem in found:
        print(f"\nThe demo failed: {problem}", file=sys.stderr)
    if noise and found:
        print("This is expected: noise was played instead of a caller.", file=sys.stderr)
    if not found:
        print(f"\n{demo_verdict.success(interrupted)}")
    if unknown:
        print(f"{'Note:' if found else 'But'} {unknown}")
    return 1 if found else 0


def recorded(tapes: Path) -> set[Path]:
    """The tapes in this folder."""
    try:
        return set(find(tapes))
    except BadTape:
        return set()


# --- the call -------------------------------------------------------------------------------------------------------


async def _demo(
    out: Path,
    script: CallerScript,
    expect: tuple[str, ...],
    callers: list[Path],
    settings: Settings,
    clock: Clock,
    mode: str,
) -> tuple[list[str], bool]:
    """The problems of the call, and whether the caller interrupted."""
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
            example = settings.agent == demo_verdict.EXAMPLE
            names = [path.name for path in callers]
            outcome = await converse(service, carrier, script, watch, names, hangs_up=not example)
            outcome.tool_expected = example
            outcome.expect, outcome.tools = expect, outcome.tools + setup.tools
            found = await _problems(setup, outcome, watch)
    outcome.phone.stereo_wav(out / "call.wav")
    page = timeline_html(watch.steps, title="A call to the demo", wav="call.wav", rules=watch.rules)
    (out / "timeline.html").write_text(page, encoding="utf-8")
    print("\n" + "\n".join(summary(outcome, watch.turns)), flush=True)
    managed = setup.platform is not None
    return demo_verdict.recordings(outcome) + found, demo_verdict.interrupted(outcome, watch.turns, managed)


async def _problems(setup: Setup, outcome: Outcome, watch: Watch | PlatformWatch) -> list[str]:
    """The problems of the call, one sentence each."""
    if isinstance(watch, PlatformWatch):
        return await watch.problems(setup, outcome)
    sound_ms = MANAGED_SILENT_WITHIN_MS if setup.bridged else None
    return problems(outcome, watch.steps, watch.turns, sound_ms)


async def converse(
    service: Service,
    carrier: Carrier,
    script: CallerScript,
    watch: Watch | PlatformWatch,
    recordings: Sequence[str] = (),
    *,
    hangs_up: bool = False,
) -> Outcome:
    """Dials, plays the script, and waits until the call and its cleanup are complete. If a turn is not understood, the
    caller hangs up; if its words are a recording of the user's (their names, in order), the caller goes on. The agent
    is to end the call; with `hangs_up` the caller does if it has answered and does not."""
    if isinstance(watch, Watch):
        service.on_call(lambda call_sid: watch.follow(service.registry.calls[call_sid].turn_taking))
    phone = await carrier.dial(service.base_url + "/twilio/voice")
    caller = PhoneCaller(phone, carrier.clock, lines=lambda: 0 if watch.answering else watch.agent_lines)
    outcome, listened = Outcome(phone, unplayed=list(recordings)), False
    try:
        for move in script.moves:
            if isinstance(move, Says):
                outcome.interruptions += [phone.now_ms] if listened else []
                if not await _say(caller, move, watch, outcome) and not recordings:
                    await phone.hang_up()
                    break
            else:
                if isinstance(move, Listens):
                    await caller.until(lambda: watch.voiced >= watch.started, "the agent did not speak")
                await caller.make(move)
            listened = isinstance(move, Listens)
        if hangs_up:
            await caller.make(WaitsForAgent())
            await caller.make(Waits(HANGS_UP_AFTER_MS))
            outcome.hung_up = True
            await caller.make(HangsUp())
        await caller.until(lambda: False, "the agent did not end the call")
    except CallOver:
        pass
    except ScriptFailed as failed:
        outcome.stuck = str(failed)
        await phone.hang_up()
    live = service.registry.calls.get(phone.sid)
    async with carrier.clock.timeout(CLEANUP_MS):
        await phone.ended()
        if live is not None:
            await live.done.wait()
    outcome.tools, outcome.ended = watch.tools, watch.ended
    return outcome


async def _say(caller: PhoneCaller, words: Says, watch: Watch | PlatformWatch, outcome: Outcome) -> bool:
    """Says the words, and repeats them if they were not understood. Returns whether the agent has begun to answer.
    Raises ScriptFailed if it has not, unless the words are a recording."""
    recorded = outcome.unplayed[:1]
    for attempt in range(1 + RETRIES):
        started, missed = watch.started, watch.not_heard + watch.talked_over

        def judged(started: int = started, missed: int = missed) -> bool:
            return watch.started > started or watch.not_heard + watch.talked_over > missed

        await caller.make(words)
        if recorded and not attempt:
            outcome.misunderstood.append(outcome.unplayed.pop(0))  # until it is understood
        try:
            await caller.until(judged, "the agent did not answer")
        except ScriptFailed:
            if not recorded:
                raise
            return False
        if watch.started > started:
            del outcome.misunderstood[len(outcome.misunderstood) - len(recorded) :]
            return True
        await caller.make(WaitsForAgent())
    return False


# --- the caller -----------------------------------------------------------------------------------------------------


def _script(callers: list[Path], mode: str) -> tuple[CallerScript, tuple[str, ...]]:
    """The user's recordings, one per turn, or the built-in caller; and words that must be understood. With three
    recordings or more, the second interrupts."""
    script = CallerScript()
    for index, path in enumerate(callers):
        interrupts = index == 1 and len(callers) >= 3
        script = (script.listens(INTERRUPT_AFTER_S) if interrupts else script.waits_for_agent()).says(path)
    if callers:
        return script, ()
    from telephony.offline.caller import short_call, whole_call

    return short_call() if mode == "register" else whole_call()


def white_noise(size: int) -> bytes:
    """White noise as loud as speech, the same on every run."""
    chance = random.Random(8_000)
    pcm16 = b"".join(int(chance.gauss(0, 2_000)).to_bytes(2, "little", signed=True) for _ in range(size))
    return mulaw.encode(pcm16)
