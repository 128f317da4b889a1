"""The calls of the latency bench: callers who play recordings on the local carrier, and observers who time the service.

    talkers = callers([utterance(case) for case in cases], {"balanced": TurnTaking()}, at_once=4)
    results = await measure(talkers, SETTINGS["steady"], Clock())       # by mode

Each caller waits for the agent to be silent, plays the next recording and waits for its answer. The LLM asks the
question that the next recording answers. Callers of every mode (a name for a `TurnTaking`) call at the same time, so
that all modes are compared under the same load. Everything runs in one process on one loop, which can only make the
service slower.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from telephony.agent import Agent, IncomingCall
from telephony.audio import tones
from telephony.audio.frames import BYTES_PER_MS, FRAME_MS
from telephony.clock import Clock
from telephony.contracts.observer import Step, step_of_frame
from telephony.contracts.vad import Detector
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.history import CallerSaid
from telephony.core.policy import Limits, TurnTaking
from telephony.observe.turn_latency import TurnClock, TurnReport
from telephony.testing.fakes.elevenlabs.stt import LocalStt
from telephony.testing.fakes.elevenlabs.tts import LocalTts, TtsLatency
from telephony.testing.fakes.openai.server import LlmLatency, LocalOpenAi, Say
from telephony.testing.fakes.twilio.carrier import CallOver, PhoneCall
from telephony.testing.stack import Stack, local_stack
from telephony.vad.silero import SileroDetector
from tests.bench.latency.clip_stt import ClipStt, KnownClip
from tests.bench.latency.floor import Answer, Drawn, Moments, answer
from tests.bench.latency.setting import Setting
from tests.bench.turns import sentences as sentences
from tests.bench.turns.corpus import Case

OPENINGS = (
    "Certainly.", "Of course.", "All right.", "Thank you very much.", "I see, thank you.", "That is fine.",
    "Okay, I have noted that.", "Let me look into that for you.", "I understand what you mean.", "No problem at all.",
    "Good, that is possible.", "Yes, we can do that.", "I am happy to help you with that.", "One moment, please.",
    "Sure, let me check that.", "Great, I have written it down.",
)  # fmt: skip
ANYTHING_ELSE = "How else can I help you?"
CHAR_MS = 35
"""The agent speaks quickly, because nobody listens."""
TIMEOUT_MS = 6_000
"""A finished turn without an answer this long after its recording counts as missed."""
MARGIN_MS = 60
"""A decision up to this long before the labelled end of the voice counts as made at it: labels are no more exact."""
NUMBER = re.compile(r"\+1555\d{7}")


@dataclass(frozen=True, slots=True)
class Utterance:
    """A recording of one finished turn. `prompt` is the agent's question before it, `gap_ms` the silence between the
    two. `voice_end_ms` and `words_end_ms` count from the start of the recording."""

    clip: KnownClip
    prompt: str
    voice_end_ms: int
    words_end_ms: int
    gap_ms: int = 400


@dataclass(slots=True)
class Talker:
    """A caller of one `mode`, with its `rules`. `at` is the index of the current or next utterance; `begins` holds the
    clock times at which utterances began."""

    number: str
    mode: str
    rules: TurnTaking
    utterances: Sequence[Utterance]
    at: int = 0
    begins: list[int] = field(default_factory=list)


class Watcher:
    """An observer of one call: reports of its turns, counts of requests, and when it began by the clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.zero = 10**12  # when the call's `now_ms` was 0, by the clock
        self.turns = TurnClock()
        self.decided: list[int] = []
        self.transcripts: list[tuple[int, str]] = []
        self.asked: dict[int, str] = {}  # turn -> the caller's words that it answers
        self.spoken: dict[int, str] = {}  # turn -> the first text sent to the TTS
        self.counts: Counter[str] = Counter()
        self._contexts: set[tuple[int, int]] = set()

    def see(self, step: Step) -> None:
        self.zero = min(self.zero, self.clock.ms() - step.now_ms)  # a step is seen a little later than it is stamped
        self.turns.see(step)
        if isinstance(step.event, e.TranscriptUpdated):
            self.transcripts.append((step.now_ms, f"{step.event.stable} {step.event.tentative}".strip()))
        for action in step.actions:
            match action:
                case d.TurnEnded():
                    self.decided.append(step.now_ms)
                case d.SpeculationBegun():
                    self.counts["speculation"] += 1
                case d.SpeculationUsed():
                    self.counts["speculation_used"] += 1
                case a.StartReply(turn, history):
                    self.counts["llm"] += 1
                    self.asked[turn] = next((x.text for x in reversed(history) if isinstance(x, CallerSaid)), "")
                case a.Speak(turn, attempt, text):
                    self.spoken.setdefault(turn, text.strip())
                    self.counts["tts"] += (turn, attempt) not in self._contexts
                    self.counts["tts_chars"] += len(text)
                    self._contexts.add((turn, attempt))

    def see_frame(self, seq: int, now_ms: int, event: e.AudioReceived) -> None:
        self.see(step_of_frame(seq, now_ms, event))

    def close(self) -> None:
        self.turns.close()

    def knew(self, word: str, since: int) -> int:
        """The clock time of the first transcript from `since` on that ends with this word; 0 if there is none."""
        found = (self.zero + at for at, text in self.transcripts if text.split()[-1:] == [word])
        return next((at for at in found if at >= since), 0)

    def reports(self, since: int, until: int) -> list[TurnReport]:
        """The reports of turns decided between the clock times `since` and `until`, in order."""
        found = [(report.decided_ms, report) for report in self.turns.reports if report.decided_ms is not None]
        inside = [(at, report) for at, report in found if since <= self.zero + at < until]
        return [report for _, report in sorted(inside, key=lambda pair: pair[0])]


@dataclass(slots=True)
class Result:
    """The results of one mode: answers to finished turns, and counts of `turns`, of them `cut_off` and `missed`, of
    `answered` replies, requests (`llm`, `tts`, `tts_chars`), and `speculation` and `speculation_used`. `lags_ms`: how
    late the event loop, which all modes share, was, sampled every 10 ms."""

    answers: list[Answer] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    lags_ms: list[int] = field(default_factory=list)


async def measure(
    talkers: Sequence[Talker], setting: Setting, clock: Clock, detector: Callable[[], Detector] = SileroDetector
) -> dict[str, Result]:
    """The results by mode. All talkers call at once, and each says all its utterances."""
    by_number = {talker.number: talker for talker in talkers}
    watchers: dict[str, Watcher] = {}
    results: dict[str, Result] = {talker.mode: Result() for talker in talkers}
    lags: list[int] = []
    async with _stack(by_number, setting, clock, detector) as stack, asyncio.TaskGroup() as group:
        stack.service.on_call(lambda call_sid: watchers.setdefault(call_sid, Watcher(clock)))
        measuring = group.create_task(_lag(lags))
        async with asyncio.TaskGroup() as calls:
            for talker in talkers:
                calls.create_task(_call(stack, talker, watchers, setting, results[talker.mode]))
        measuring.cancel()
    for result in results.values():
        result.lags_ms = lags
    return results


async def _lag(lags: list[int]) -> None:
    """Records in `lags` how late sleeps of 10 ms end, in real ms."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(0.01)
        lags.append(max(0, round((time.monotonic() - before - 0.01) * 1_000)))


def _stack(
    by_number: dict[str, Talker], setting: Setting, clock: Clock, detector: Callable[[], Detector]
) -> AbstractAsyncContextManager[Stack]:
    clips = {u.clip.first_frame: u.clip for talker in by_number.values() for u in talker.utterances}

    def agent(call: IncomingCall) -> Agent:
        talker = by_number[call.caller]
        return Agent(
            prompt="A bench.",
            greeting=talker.utterances[0].prompt or ANYTHING_ELSE,
            turn_taking=talker.rules,
            limits=Limits(filler_ms=30_000, call_ms=24 * 3_600_000),
        )

    def reply(body: dict[str, Any]) -> list[Say]:
        talker = by_number[_caller(body)]
        following = talker.utterances[talker.at + 1 : talker.at + 2]
        opening = OPENINGS[(talker.at * 5 + int(talker.number[-4:])) % len(OPENINGS)]
        return [Say(f"{opening} {(following[0].prompt if following else '') or ANYTHING_ELSE}")]

    def llm_latency(body: dict[str, Any]) -> LlmLatency:
        said = next((m["content"] for m in reversed(body["messages"]) if m["role"] == "user"), "")
        return setting.llm(_caller(body), said)

    return local_stack(
        agent,
        clock=clock,
        stt=LocalStt(clock=clock, recognizer=lambda: ClipStt(clips, setting.stt)),
        tts=LocalTts(clock=clock, synthesize=_hum, latency_of=lambda text: TtsLatency(setting.first_byte(text))),
        openai=LocalOpenAi(clock=clock, responder=reply, latency_of=llm_latency),
        detector=detector,
        taped=False,  # collecting the garbage of many minutes of tape would stop the loop for longer than a turn takes
    )


def _caller(body: dict[str, Any]) -> str:
    """The number of the caller on whose behalf the LLM request is made."""
    found = NUMBER.search(str(body["messages"][-1]["content"]))
    assert found is not None, "a request without the caller's number"
    return found[0]


async def _hum(text: str) -> tuple[bytes, tuple[int, ...]]:
    """A tone in mu-law, cheap to make, and the end of each character in ms."""
    return tones.sine(440, CHAR_MS * len(text)), tuple((index + 1) * CHAR_MS for index in range(len(text)))


async def _call(
    stack: Stack,
    talker: Talker,
    watchers: dict[str, Watcher],
    setting: Setting,
    result: Result,
) -> None:
    phone = await stack.dial(caller=talker.number)
    zero = stack.clock.ms() - phone.now_ms
    try:
        await phone.agent_speaking()
        watcher = watchers[phone.sid]
        for index, utterance in enumerate(talker.utterances):
            talker.at = index
            await _say(phone, talker, utterance, watcher, zero)
        await phone.agent_silent(for_ms=300)
    except CallOver:
        pass
    await phone.hang_up()
    await phone.ended()
    arrivals = [zero + at for at in phone.line.playout.arrivals]
    _judge(talker, watchers[phone.sid], arrivals, setting, result)


async def _say(phone: PhoneCall, talker: Talker, utterance: Utterance, watcher: Watcher, zero: int) -> None:
    """Plays the utterance when the agent is silent, and waits for the answer."""
    await phone.agent_silent(for_ms=utterance.gap_ms)
    await phone.say(utterance.clip.pcmu)
    at = phone.line.voice.said.rfind(utterance.clip.first_frame)
    talker.begins.append(zero + at // BYTES_PER_MS)
    voice_end = talker.begins[-1] + utterance.voice_end_ms - MARGIN_MS
    arrivals, latest = phone.line.playout.arrivals, phone.now_ms + TIMEOUT_MS

    def answered() -> bool:
        decided = watcher.zero + watcher.decided[-1] if watcher.decided else 0
        return decided >= voice_end and bool(arrivals) and zero + arrivals[-1] >= decided

    await phone.until(lambda: answered() or phone.now_ms > latest)
    if answered():
        until = phone.now_ms + 5 * FRAME_MS  # until it is being played
        await phone.until(lambda: phone.now_ms > until)


# --- what was measured ----------------------------------------------------------------------------------------------


def _judge(talker: Talker, watcher: Watcher, arrivals: list[int], setting: Setting, result: Result) -> None:
    """Adds the answers and counts of one call to `result`."""
    counts = result.counts
    counts.update(watcher.counts)
    starts = [*talker.begins, 10**12]
    for index, begin in enumerate(talker.begins):
        utterance = talker.utterances[index]
        voice_end = begin + _frame_end(utterance.voice_end_ms)
        reports = watcher.reports(begin, starts[index + 1])
        counts["turns"] += 1
        counts["answered"] += len(reports)
        counts["cut_off"] += any(watcher.zero + (r.decided_ms or 0) < voice_end - MARGIN_MS for r in reports)
        last = reports[-1] if reports else None
        moments = _moments(last, watcher, begin, utterance, arrivals) if last is not None else None
        if last is None or moments is None or moments.decided < voice_end - MARGIN_MS:
            counts["missed"] += 1
            continue
        drawn = _drawn(setting, talker, watcher, last.turn, utterance.clip.name)
        result.answers.append(answer(utterance.clip.name, last.why, moments, drawn, talker.rules.speculate))


def _moments(
    report: TurnReport, watcher: Watcher, begin: int, utterance: Utterance, arrivals: list[int]
) -> Moments | None:
    """The moments of a turn, in clock time; None if one of them is missing."""
    zero, last_word = watcher.zero, utterance.clip.written.split()[-1]
    found = (report.voiced_ms, report.decided_ms, report.started_ms, report.unit_ms, report.audio_ms, report.sent_ms)
    if report.wait_ms is None or any(moment is None for moment in found):
        return None
    voiced, decided, started, unit, audio, sent = (zero + (moment or 0) for moment in found)
    arrived = next((at for at in arrivals if at >= sent - 2), None)
    if arrived is None:
        return None
    return Moments(
        begin + _frame_end(utterance.voice_end_ms),
        begin + _frame_end(utterance.words_end_ms),
        watcher.knew(last_word, begin + _frame_end(utterance.words_end_ms)),
        voiced,
        report.wait_ms,
        decided,
        started,
        unit,
        audio,
        arrived,
    )


def _drawn(setting: Setting, talker: Talker, watcher: Watcher, turn: int, clip: str) -> Drawn:
    text = watcher.spoken.get(turn, "")
    return Drawn(
        setting.stt(clip).partial_ms,
        setting.llm(talker.number, watcher.asked.get(turn, "")).first_token_ms,
        setting.sentence_ms(text),
        setting.first_byte(text),
    )


def _frame_end(ms: int) -> int:
    """When the frame that holds this moment of a recording is sent, which is when the frame is complete."""
    return -(-ms // FRAME_MS) * FRAME_MS


# --- who calls ------------------------------------------------------------------------------------------------------


def callers(utterances: Sequence[Utterance], modes: Mapping[str, TurnTaking], at_once: int) -> list[Talker]:
    """`at_once` callers for each mode. All modes get the same utterances, distributed among callers in the same way."""
    return [
        Talker(f"+1555{mode_number:03d}{number:04d}", mode, rules, utterances[number::at_once])
        for mode_number, (mode, rules) in enumerate(modes.items())
        for number in range(min(at_once, len(utterances)))
    ]


def utterance(case: Case, lead_ms: int = 400, tail_ms: int = 1_500) -> Utterance:
    """A recording of the turn bench, with `lead_ms` of the line before the voice and `tail_ms` after it."""
    recording = case.recording
    skip = max(0, recording.segments[0][0] - lead_ms) // FRAME_MS * FRAME_MS
    voice_end = recording.segments[-1][1] - skip
    pcmu = recording.pcmu[skip * BYTES_PER_MS : (skip + _frame_end(voice_end + tail_ms)) * BYTES_PER_MS]
    words = tuple(replace(word, end_ms=word.end_ms - skip) for word in recording.words)
    prompt = "" if case.prompt == sentences.HELLO else case.prompt
    return Utterance(KnownClip(case.name, pcmu, words), prompt, voice_end, words[-1].end_ms, case.gap_ms)
