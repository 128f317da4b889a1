"""The demo's caller and its checks, with scripted providers: a good call passes, and problems are reported."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from telephony.agent import Agent
from telephony.audio import audioop, level, mulaw, tones, wav
from telephony.cli import demo_verdict
from telephony.cli.demo import Watch, converse
from telephony.cli.demo_transfer_page import sounds
from telephony.clock import Clock
from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.settings import Settings
from telephony.testing.call_checks import Outcome, problems, silent_after, spoken_into
from telephony.testing.fakes.openai.server import CallTool, Part, Responder, Say
from telephony.testing.fakes.twilio.carrier import Carrier, CarrierFaults, Parties, PhoneCall
from telephony.testing.script import CallerScript
from telephony.testing.stack import local_stack
from telephony.testing.steady import SteadyClock
from telephony.tools import tool

LONG = (
    "We open at nine in the morning and close at six in the evening. On Sundays we stay closed all day. "
    "Please book ahead for groups of more than four people."
)


@tool
async def book_table(people: int) -> str:
    """Book a table."""
    return f"Booked for {people}."


def respond(body: dict[str, Any]) -> list[Part]:
    said = next((m["content"] for m in reversed(body["messages"]) if m["role"] == "user"), "")
    if body["messages"][-2]["role"] == "tool":
        return [Say("It is booked.")]
    if "bye" in said:
        return [Say("Thank you, goodbye!"), CallTool("end_call", {"reason": "done"})]
    return [CallTool("book_table", {"people": 2})] if "table" in said else [Say(LONG)]


async def call(
    *texts: str,
    heard: tuple[str, ...] | None = None,
    replies: Responder = respond,
    recordings: Sequence[str] = (),
    interrupting: bool = True,
    watch: Watch | None = None,
) -> tuple[list[str], Outcome]:
    """Runs one demo call; the second text interrupts. `heard` holds the transcripts, by default what was said. With
    `recordings`, the texts are the user's, and nothing is expected of them."""
    script = CallerScript()
    for index, text in enumerate(texts):
        script = (script.listens(1.2) if index == 1 and interrupting else script.waits_for_agent()).says(text)
    agent = Agent(prompt="You are a test.", greeting="Hello, how can I help?", tools=(book_table,))
    async with asyncio.timeout(60), local_stack(agent, clock=SteadyClock(20), replies=replies) as stack:
        for text in texts if heard is None else heard:
            stack.elevenlabs.stt.script.add(text)
        watch = watch or Watch()
        outcome = await converse(stack.service, stack.carrier, script, watch, recordings)
        outcome.expect = () if recordings else tuple(text.split()[-1] for text in texts)
        outcome.tool_expected = True
        return problems(outcome, watch.steps, watch.turns), outcome


async def test_a_good_call_has_no_problems() -> None:
    """Every turn is understood and answered, one interrupts, a tool runs, and the agent says goodbye."""
    found, outcome = await call("what are your opening hours", "a table for two", "thank you bye")
    assert found == []
    assert outcome.tools == 1
    [at] = outcome.interruptions
    assert 0 < silent_after(outcome.phone.caller_audio(), outcome.phone.heard(), at) <= 300


async def test_noise_is_not_taken_for_a_caller() -> None:
    """If nothing was understood, the call has failed, even if it ended in an orderly way."""
    found, _ = await call("what are your opening hours", "a table for two", heard=())
    assert found[0] == "nothing that the caller said was understood"


async def test_missing_words_are_reported() -> None:
    """The check compares what was understood with what was said; any answer at all is not enough."""
    found, _ = await call(
        "opening hours", "a sofa", "thank you bye", heard=("opening flowers", "a table", "thanks bye")
    )
    assert "hours, sofa should have been heard" in found[0]


async def test_a_call_that_ends_without_a_goodbye_is_reported() -> None:
    """Caller and agent both fall silent: the call ends in an orderly way, but it has failed."""
    found, outcome = await call("a table please", replies=without_end)
    assert found == ["the call did not end with the agent's goodbye (silent_goodbye)"]
    assert outcome.phone.violations == []


async def test_recordings_are_all_played_and_those_not_understood_are_named() -> None:
    """A recording without speech and one that is not understood do not keep the others from being played."""
    names = ["hours.wav", "mumble.wav", "bye.wav"]
    found, outcome = await call(
        "what are your opening hours", "a table for two", "thank you bye",
        heard=("what are your opening hours", "", "", "thank you bye"), recordings=names, interrupting=False,
    )  # fmt: skip
    assert demo_verdict.recordings(outcome) == ["mumble.wav was not understood"]
    assert (found, outcome.ended) == ([], "agent")
    assert len(outcome.phone.caller_audio()) // 8 > 5_000


async def test_recordings_after_the_end_of_the_call_are_named() -> None:
    """The agent says goodbye before the caller has played everything."""
    names = ["bye.wav", "hours.wav", "more.wav"]
    _, outcome = await call("thank you bye", "what are your hours", "hours", recordings=names, interrupting=False)
    assert demo_verdict.recordings(outcome) == ["the call was over before hours.wav, more.wav could be played"]


async def test_whoever_speaks_after_the_answer_has_interrupted_nobody() -> None:
    """The user's second recording is meant to interrupt; the answer was shorter than that."""
    found, outcome = await call("a table please", "what else", "thank you bye", recordings=["a", "b", "c"])
    assert found == []
    assert outcome.interruptions
    assert spoken_into(outcome) == []
    assert demo_verdict.success(False).endswith("nobody interrupted.")


async def test_whether_the_caller_interrupted_is_seen_in_the_call() -> None:
    for interrupting in (True, False):
        watch = Watch()
        found, outcome = await call(
            "what are your opening hours", "a table for two", "thank you bye", interrupting=interrupting, watch=watch
        )
        assert found == []
        assert demo_verdict.interrupted(outcome, watch.turns, managed=False) is interrupting
        assert demo_verdict.interrupted(outcome, watch.turns, managed=True) is interrupting


@pytest.mark.parametrize(
    ("settings", "mode", "words"),
    [
        (Settings(local_speech=True, local_llm=True), "pipeline", ()),
        (Settings(local_llm=True, agent="mine:agent"), "pipeline", ("only the example's", "mine:agent", "BASE_URL")),
        (Settings(local_llm=True, agent="mine:agent"), "managed", ("plays only the example's", "mode pipeline")),
        (Settings(local_speech=True, agent="mine:agent"), "managed", ("plays only the example's", "mode pipeline")),
        (Settings(local_speech=True, agent="mine:agent", openai_base_url="http://own"), "pipeline", ()),
        (Settings(agent="mine:agent"), "pipeline", ()),
    ],
)
def test_what_the_local_parts_do_not_know_of_an_agent_is_said(
    settings: Settings, mode: str, words: tuple[str, ...]
) -> None:
    said = demo_verdict.stranger(settings, mode)
    assert bool(said) is bool(words)
    assert [word for word in words if word not in said] == []


async def test_an_agent_without_tools_need_not_run_one() -> None:
    """Only of the example is it known that a tool must run."""
    watch = Watch()
    found, outcome = await call("what are your opening hours", "and on mondays", "thank you bye", watch=watch)
    assert found == ["the agent ran no tool"]
    outcome.tool_expected = False
    assert problems(outcome, watch.steps, watch.turns) == []


def without_end(body: dict[str, Any]) -> list[Part]:
    return [Say("It is booked.")] if body["messages"][-2]["role"] == "tool" else [CallTool("book_table", {"people": 2})]


def test_a_dropped_speculation_is_no_answer_to_wait_for() -> None:
    watch = Watch()
    watch.see(Step(0, 0, e.SttReady(), (a.StartReply(1, ()),)))
    watch.see(Step(1, 20, e.SpeechAudio(1, 1, b""), (a.StartReply(2, ()),)))
    assert watch.started > watch.voiced
    watch.see(Step(2, 40, e.SttReady(), (d.SpeculationDropped(2, d.DropReason.OTHER_WORDS),)))
    assert watch.started == watch.voiced == 1
    watch.see(Step(3, 60, e.SttReady(), (a.StartReply(3, ()),)))
    assert watch.started == 3


def test_a_caller_who_was_talked_over_says_it_again() -> None:
    """After the whole line only: what was resumed may still be cut."""
    watch, no_words, words = Watch(), d.BargeInReason.NO_WORDS, d.BargeInReason.WORDS
    watch.see(Step(0, 0, e.SttReady(), (d.Resumed(1, no_words),)))
    assert watch.talked_over == 0
    watch.see(Step(1, 20, e.SttReady(), (d.Cut(1, words), a.LineAdded("agent", "We", 1, True))))
    assert watch.talked_over == 0
    watch.see(Step(2, 40, e.SttReady(), (d.Resumed(2, no_words),)))
    watch.see(Step(3, 60, e.SttReady(), (a.LineAdded("agent", "We open at nine.", 2),)))
    assert watch.talked_over == 1


def test_silence_after_an_interruption_is_measured_in_the_audio() -> None:
    """From the caller's first sound to the agent's last; audio after a pause belongs to the next answer."""
    quiet, loud = b"\xff" * 8, tones.sine(300, 1_000)
    agent = loud + quiet * 1_000 + loud
    caller = quiet * 800 + loud
    assert silent_after(caller, agent, 700) == 200
    assert silent_after(quiet * 1_200 + loud, agent, 1_000) == 0


@pytest.mark.parametrize(
    ("case", "playing_ms", "then_ms", "cleared_ms", "spoken"),
    [
        ("it falls silent in the middle of a word", 200, 900, 1_100, True),
        ("in the pause after a word", 20, 900, 1_100, True),
        ("in the pause before the caller's first sound", 0, 900, 1_100, True),
        ("it had only a syllable left", 20, 40, 1_020, False),
        ("it had said its last syllable", 20, 0, 1_100, False),
        ("it had ended", 0, 0, 1_100, False),
        ("what is cleared later belongs to the next answer", 20, 900, 2_000, False),
    ],
)
async def test_an_interruption_is_into_speech_that_would_have_gone_on(
    case: str, playing_ms: int, then_ms: int, cleared_ms: int, spoken: bool
) -> None:
    """The caller speaks from 1,000 ms on, while the agent makes a sound for `playing_ms` more. At `cleared_ms` the
    service drops a sound of `then_ms` (up to its end) that was still to come."""
    loud, clock = tones.sine(300, 4_000), StoppedClock()
    phone = PhoneCall(Carrier(auth_token="secret", clock=clock), Parties("", ""), CarrierFaults())
    phone.line.voice.take(8_000, 0)
    phone.line.voice.add(loud)
    phone.line.voice.take(len(loud), 1_000)
    phone.line.playout.add_audio(0, loud[: 8 * (1_000 + playing_ms)])
    phone.line.playout.advance(cleared_ms)
    phone.line.playout.add_audio(cleared_ms, loud[: 8 * then_ms])
    phone.line.playout.clear(cleared_ms)
    clock.at_ms = 5_000
    assert spoken_into(Outcome(phone, interruptions=[990])) == ([990] if spoken else []), case


class StoppedClock(Clock):
    at_ms = 0

    def ms(self) -> int:
        return self.at_ms


# --- the complete demo, with local STT, LLM and TTS -------------------------------------------------------------------

BARE = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
BARE["PYTHONPATH"] = str(Path(__file__).parents[2])  # this package, whichever is installed


def demo(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs `telephony demo` in its own process, without any key, at three times real time."""
    pytest.importorskip("moonshine_voice", reason="the local parts are not installed")
    pytest.importorskip("hibari", reason="the local parts are not installed")
    return subprocess.run(
        [sys.executable, "-m", "telephony", "demo", "--speed", "3", *arguments],
        cwd=cwd, env=BARE, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_the_demo_as_a_new_user_runs_it(tmp_path: Path) -> None:
    """The call succeeds from the caller's audio alone: exit code 0, both sides recorded, an HTML page."""
    done = demo(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "book_table" in done.stdout
    assert done.stdout.rstrip().endswith("understood, answered, interrupted and ended correctly.")
    assert "llm " in done.stdout
    left, right = wav.read(tmp_path / "out" / "call.wav")
    assert level.level(left) > -400
    assert level.level(right) > -400
    page = (tmp_path / "out" / "timeline.html").read_text(encoding="utf-8")
    assert 'src="call.wav"' in page
    assert "What are your opening hours?" in page


@pytest.mark.parametrize(
    ("mode", "sign"), [("managed", "tool book_table"), ("custom-llm", "is booked"), ("register", "")]
)
def test_the_demo_of_managed_agents(tmp_path: Path, mode: str, sign: str) -> None:
    """A complete call on this machine: bridged, with our custom LLM, or handled by the platform alone."""
    done = demo(tmp_path, "--mode", mode, "--speed", "6")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "What are your opening hours?" in done.stdout
    assert sign in done.stdout
    assert (tmp_path / "out" / "call.wav").exists()


def test_the_demo_of_a_transfer(tmp_path: Path) -> None:
    """Both phones are recorded on one time line, on which the caller talks while Anna is briefed, and both hear each
    other afterwards."""
    done = demo(tmp_path, "--mode", "transfer", "--speed", "6")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the caller talked on while Anna was briefed" in done.stdout
    assert "bill is wrong" in done.stdout
    assert done.stdout.count("tape       ") == 3  # the caller's before and after, and the briefing
    out = tmp_path / "out"
    caller, hears = map(sounds, wav.read(out / "caller.wav"))
    anna, anna_hears = map(sounds, wav.read(out / "person.wav"))
    briefed_from, briefed_to = anna_hears[0]
    assert [one for one in caller if briefed_from - 2_000 < one[0] < briefed_to]
    assert [one for one in hears if briefed_from < one[0] < briefed_to]
    assert overlap(anna[-1], hears)
    assert overlap(anna_hears[-1], caller)
    page = (out / "timeline.html").read_text(encoding="utf-8")
    for part in ('src="caller.wav"', 'src="person.wav"', "Anna says", "joined: the agent has left", "open every day"):
        assert part in page
    assert page.index("open every day") < page.index("joined: the agent has left</td>") < page.index("again.")


def overlap(sound: tuple[int, int], sounds: Sequence[tuple[int, int]]) -> bool:
    """Whether most of a sound is among these."""
    start, end = sound
    return sum(max(0, min(end, until) - max(start, since)) for since, until in sounds) > 0.8 * (end - start)


@pytest.mark.parametrize("more", [("--noise",), ("--agent", "mine:agent"), ("hours.wav",)])
def test_a_transfer_that_fails_is_recorded_and_what_it_cannot_take_is_refused(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    write_wav(tmp_path / "hours.wav", bytes(800), 8_000, channels=1)
    done = demo(tmp_path, "--mode", "transfer", "--speed", "20", *more)
    assert "Traceback" not in done.stderr
    if more != ("--noise",):
        assert done.returncode == 2
        assert "plays a caller and an agent of its own" in done.stderr
        return
    assert done.returncode == 1
    assert "The demo failed: the call was over too early for this: the agent asks for" in done.stderr
    assert "noise was played" in done.stderr
    assert level.level(wav.read(tmp_path / "out" / "caller.wav")[1]) > -600
    assert "Are you still there?" in (tmp_path / "out" / "timeline.html").read_text(encoding="utf-8")


def test_the_demo_fails_on_noise_and_says_so(tmp_path: Path) -> None:
    """Transcripts must come from the caller's audio: noise must not make the demo succeed."""
    done = demo(tmp_path, "--noise", "--speed", "10")
    assert done.returncode == 1, done.stdout
    assert "The demo failed: nothing that the caller said was understood" in done.stderr
    assert "noise was played" in done.stderr


def test_the_demo_shows_errors_of_the_users_own_code_whole(tmp_path: Path) -> None:
    """Message and file, where production would hide the message."""
    (tmp_path / "mine.py").write_text(
        "from telephony import Agent\n"
        "def agent(call):\n"
        "    if call.caller == '+15005550006':\n"
        "        return Agent(prompt='Hi')\n"
        "    raise LookupError('no customer for ' + call.caller)\n"
    )
    done = demo(tmp_path, "--offline", "--agent", "mine:agent", "--speed", "20")
    assert done.returncode == 1, done.stdout
    assert "LookupError: no customer for [number]" in done.stderr  # a number never stands in a log
    assert "mine.py" in done.stderr


def test_the_demo_takes_the_users_own_recordings(tmp_path: Path) -> None:
    """One file per turn; any rate, mono or stereo."""
    pytest.importorskip("hibari", reason="the local parts are not installed")
    from telephony.offline.blocking import say

    hours, bye = map(mulaw.decode, say(["How late are you open on Saturday?", "All right, that is all. Goodbye."]))
    write_wav(tmp_path / "hours.wav", audioop.ratecv(hours, 2, 1, 8_000, 44_100, None)[0], 44_100, channels=1)
    write_wav(tmp_path / "bye.wav", audioop.tostereo(bye, 2, 1, 1), 8_000, channels=2)
    done = demo(tmp_path, "--caller", "hours.wav", "bye.wav", "--out", "mine")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "How late are you open" in done.stdout
    assert done.stdout.rstrip().endswith("nobody interrupted.")
    assert (tmp_path / "mine" / "call.wav").exists()


def test_a_recording_that_is_not_audio_is_reported_in_a_sentence(tmp_path: Path) -> None:
    """The error comes before the service starts, without a traceback."""
    (tmp_path / "song.wav").write_bytes(b"ID3 this is an mp3")
    done = demo(tmp_path, "--caller", "song.wav")
    assert done.returncode == 1
    assert "The demo could not run: song.wav" in done.stderr
    assert "Traceback" not in done.stderr


def write_wav(path: Path, pcm16: bytes, rate: int, channels: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm16)
