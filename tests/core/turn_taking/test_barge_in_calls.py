"""Barge-in in whole calls: what the caller does while the agent speaks -> what is decided, and why.

The rule itself has its table in `test_barge_in_table.py`. These cases need a call around it: what counts as evidence
(echo, an unfinished question, an STT that returns nothing, a noise already dismissed), what bypasses the rule
(protected speech, an answer that was restarted once, keys), and what follows from a verdict.

A row is a script and the decisions that it leads to. Times are in ms since the agent began to be heard, and STT events
are only those in the script:

    voice 400          voice without words, for this many ms
    partial yes        the transcript so far
    final yes          the transcript of the latest commit
    missed 1           this many ms of the caller's audio never arrive
    key 4, stt lost, stt ready, end_call
"""

from __future__ import annotations

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.history import History
from telephony.core.language.registry import language_for
from telephony.core.policy import Policy, TurnTaking, Wording
from telephony.core.turn_taking.endpointing import Endpointing, Wait
from telephony.core.turn_taking.judgement import Evidence
from telephony.testing.recorded_stt import Final, Partial
from telephony.testing.script import CallerScript
from telephony.testing.simulator import CallTool, Part, Simulator, last_words
from tests.core.calls import LONG, Agent, agent_lines, asks, by_words, caller, play, requested_replies

DECISIONS: dict[type[d.Decided], str] = {
    d.Held: "hold", d.Cut: "cut", d.Resumed: "resume",
    d.Ignored: "ignored", d.NotHeard: "not_heard", d.TurnEnded: "end_of_turn",
}  # fmt: skip
OPENING = "what are your hours"
OPEN_QUESTION = "Where do you want to sit in our nice big house?"
POLAR_QUESTION = "Shall I book a table at nine for you then, as always?"


class Scene:
    """A call in which the agent has just begun to be heard, continued by the script."""

    def __init__(self, script: str, says: str | Agent = LONG, policy: Policy | None = None, **latencies: int) -> None:
        agent = by_words(says, stop="Yes?", parking="Behind it.") if isinstance(says, str) else says
        opening = CallerScript() if policy is not None and policy.greeting else asks(OPENING)
        self.sim = play(opening.listens(0), agent, policy, **latencies)
        self.begins = self.sim.now
        self.sim.faults.no_partials = self.sim.faults.no_finals = True
        self.go_on(script)

    def go_on(self, script: str) -> None:
        """Plays the lines and then three more seconds."""
        at = self.sim.now
        for line in script.strip().splitlines():
            when, what, *rest = line.split(maxsplit=2)
            at = self.begins + int(when)
            self.sim.run(at)
            self._do(at, what, " ".join(rest))
        self.sim.run(at + 3_000)

    def decisions(self) -> list[str]:
        """What was decided, and why, in order."""
        return [f"{what} {why}".strip() for _, what, why in self._explained()]

    def when(self, decision: str) -> int:
        """The time of the decision, in ms since the agent began to be heard. There must be exactly one."""
        [at] = [at for at, what, why in self._explained() if decision in (what, f"{what} {why}")]
        return at

    def _do(self, at: int, what: str, argument: str) -> None:
        sim = self.sim
        match what:
            case "voice":
                sim.coughs(at, int(argument))
            case "partial":
                sim.at(at, Partial(argument))
            case "final":
                sim.at(at, Final(sim.actions(a.CommitTranscript)[-1][1].commit, argument))
            case "missed":
                sim.at(at, e.AudioMissed(int(argument)))
            case "key":
                sim.presses(at, argument)
            case "stt":
                sim.at(at, e.SttLost("provider_unavailable", True) if argument == "lost" else e.SttReady())
            case "end_call":
                sim.at(at, e.EndRequested("operator"))
            case _:
                raise AssertionError(f"unknown script entry {what!r}")

    def _explained(self) -> list[tuple[int, str, str]]:
        """Without the reason where endpointing has judged the words, which has tests of its own."""
        return [
            (now - self.begins, DECISIONS[type(x)], "" if is_judged(x) else str(d.evidence(x).get("why", "")))
            for now, _, done in self.sim.steps
            for x in done
            if isinstance(x, d.Decided) and type(x) in DECISIONS and now > self.begins
        ]


def is_judged(decision: d.Decided) -> bool:
    return isinstance(decision, d.UtteranceOver) and decision.score is not None


def judged(text: str) -> Wait:
    """The default wait after words that answer no question."""
    return Endpointing(TurnTaking(), language_for("en")).wait(Evidence(text))


def rules(**changed: int) -> Policy:
    """The default policy with other turn-taking settings."""
    return Policy(turn_taking=TurnTaking().tuned(**changed))


GREETING = Policy(greeting=LONG)  # the caller has not spoken yet, so their level is unknown
PROTECTED = Policy(greeting=LONG, greeting_protected=True)
LONG_GOODBYE = Policy(wording=Wording(goodbye=LONG))
DISCLOSURE = Policy(must_be_heard=("On Sundays we stay closed.",))

Row = tuple[str, str, str, Policy | None, list[str]]

ROWS: list[Row] = [
    # --- echo: the words that the agent is saying, in the same order ---
    ("two of its words without voice", "1000 partial at nine", LONG, None, ["ignored"]),
    ("its last two words", "1000 partial book ahead", LONG, None, ["ignored"]),
    ("one of its words without voice", "1000 partial open", LONG, None, ["ignored"]),
    ("one of its words, long after it was said", "2500 partial open", LONG, None, ["cut words", "end_of_turn"]),
    ("its words in another order", "1000 partial at open", LONG, None, ["cut words", "end_of_turn"]),
    ("hardly any voice: less than a word", "1000 voice 160\n 1200 partial open at", LONG, None,
     ["hold voice", "resume echo"]),
    ("enough voice for a word: the caller repeats it", "1000 voice 192\n 1200 partial open at", LONG, None,
     ["hold voice", "cut words", "end_of_turn"]),
    ("as much voice as a word", "1000 voice 192\n 1200 partial open at", LONG, rules(min_word_ms=192),
     ["hold voice", "cut words", "end_of_turn"]),
    ("1 ms less", "1000 voice 192\n 1200 partial open at", LONG, rules(min_word_ms=193), ["hold voice", "resume echo"]),
    ("four words in a voice of unknown level", "1000 voice 300\n 1200 partial we open at nine", LONG, GREETING,
     ["hold voice", "resume echo"]),
    ("three of them: a caller may repeat as many", "1000 voice 300\n 1200 partial open at nine", LONG, GREETING,
     ["hold voice", "cut words", "end_of_turn"]),
    ("four words in the voice of a known caller", "1000 voice 300\n 1200 partial we open at nine", LONG, None,
     ["hold voice", "cut words", "end_of_turn"]),
    # --- backchannel or answer ---
    ("yes without a question", "700 voice 300\n 900 partial yes\n 1300 final yes", LONG, None,
     ["hold voice", "resume backchannel"]),
    ("yes during a question for yes or no", "700 voice 300\n 900 partial yes\n 1300 final yes", POLAR_QUESTION, None,
     ["hold voice", "cut answer", "end_of_turn"]),
    ("yes during another question is a backchannel", "700 voice 300\n 900 partial yes\n 1300 final yes", OPEN_QUESTION,
     None, ["hold voice", "resume backchannel"]),
    ("yes after it", "3300 voice 300\n 3500 partial yes\n 4000 final yes", OPEN_QUESTION, None,
     ["end_of_turn"]),
    ("an utterance that is over before the verdict", "700 voice 300\n 900 partial yes", POLAR_QUESTION,
     rules(partial_wait_ms=0), ["hold voice", "end_of_turn", "resume nothing left"]),
    # --- a short partial ---
    ("ri, and it was right", "700 voice 300\n 900 partial ri\n 1300 final right", LONG, None,
     ["hold voice", "resume backchannel"]),
    ("ri, and it was rye", "700 voice 300\n 900 partial ri\n 1300 final rye", LONG, None,
     ["hold voice", "cut words", "end_of_turn"]),
    ("ri, and no final", "700 voice 300\n 900 partial ri", LONG, None, ["hold voice", "cut words", "end_of_turn"]),
    # --- STT ---
    ("STT is up", "1000 voice 2500", LONG, None, ["hold voice", "resume no words in it"]),
    ("STT is lost", "900 stt lost\n 1000 voice 2500", LONG, None, ["hold voice", "cut voice"]),
    ("STT is back", "800 stt lost\n 900 stt ready\n 1000 voice 2500", LONG, None,
     ["hold voice", "resume no words in it"]),
    # --- a noise that was found to be without words ---
    ("it goes on after 0.9 s", "500 voice 2000\n 3400 voice 400", LONG, None,
     ["hold goes on", "resume no words in it", "ignored unheard"]),
    ("it goes on after 0.9 s, and 0.2 s lost", "500 voice 2000\n 3000 missed 200\n 3400 voice 400", LONG, None,
     ["hold goes on", "resume no words in it", "hold voice", "resume no words"]),
    ("it goes on after 1.1 s", "500 voice 2000\n 3600 voice 400", LONG, None,
     ["hold goes on", "resume no words in it", "hold voice", "resume no words"]),
    ("it goes on twice", "500 voice 2000\n 3400 voice 400\n 4700 voice 400", LONG, None,
     ["hold goes on", "resume no words in it", "ignored unheard"]),
    ("words in it", "500 voice 4000\n 4000 partial stop please", LONG, None,
     ["hold goes on", "resume no words in it", "cut words", "end_of_turn"]),
    ("another false alarm is not remembered", "500 voice 300\n 1600 voice 300", LONG, None,
     ["hold goes on", "resume no words", "hold voice", "resume no words"]),
    # --- protected ---
    ("words during a protected greeting", "1000 voice 300\n 1100 partial stop please", LONG, PROTECTED,
     ["end_of_turn"]),
    ("a backchannel during it", "1000 voice 300\n 1100 partial mm-hm", LONG, PROTECTED, ["ignored"]),
    ("its echo", "1000 partial at nine", LONG, PROTECTED, ["ignored"]),
    ("a key during it", "1000 key 4", LONG, PROTECTED, []),
    ("words during a disclosure", "1000 voice 300\n 1100 partial stop please", LONG, DISCLOSURE,
     ["end_of_turn"]),
    ("words during a forced goodbye", "1000 end_call\n 1500 voice 300\n 1600 partial stop please", LONG,
     LONG_GOODBYE, []),
    ("a key during it", "1000 end_call\n 1500 key 4", LONG, None, []),
    # --- keys ---
    ("a key cuts at once", "1000 key 4", LONG, None, ["cut key"]),
    ("a key while nobody speaks", "8000 key 4", LONG, None, []),
]  # fmt: skip


@pytest.mark.parametrize(("script", "says", "policy", "decisions"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
def test_what_is_decided(script: str, says: str, policy: Policy | None, decisions: list[str]) -> None:
    """Rows of `ROWS`."""
    assert Scene(script, says, policy).decisions() == decisions


# --- the details of a decision ----------------------------------------------------------------------------------------


def because(scene: Scene, what: type[d.Decided]) -> dict[str, int | str]:
    """The details of the last decision `what`."""
    return scene.sim.explained(what)[-1][1]


def test_a_verdict_carries_its_evidence() -> None:
    """Milliseconds of voice and silence, and the number of words."""
    scene = Scene("700 voice 300\n 900 partial yeah yeah")
    assert because(scene, d.Held) == {"why": "voice", "voice_ms": 96, "burst_ms": 96, "silence_ms": 0, "words": 0}
    assert because(scene, d.Resumed) == {
        "why": "backchannel", "voice_ms": 320, "burst_ms": 320, "silence_ms": 260, "words": 2,
    }  # fmt: skip
    cut = because(Scene("700 voice 96\n 900 partial stop"), d.Cut)
    assert (cut.pop("voice_ms"), cut.pop("burst_ms")) in [(96, 96), (128, 128)], "the windows that it touches"
    assert cut.pop("silence_ms") in range(80, 121)
    assert cut == {"why": "words", "words": 1}
    assert because(Scene("1000 key 4"), d.Cut) == {"why": "key"}


def test_the_end_of_an_utterance_carries_its_evidence() -> None:
    """The wait and its reason, what it is the sum of, and whether the words are a partial or a final."""
    wait = judged("parking")
    expected = {"why": wait.why, "wait_ms": wait.ms, "score": wait.score, "features": wait.features}
    for more, transcript, late_ms in (("", "partial", 500), ("\n 9450 final parking", "final", 0)):
        told = because(Scene(f"8000 voice 400\n 8300 partial parking{more}"), d.TurnEnded)
        assert told.pop("voice_ms") in (384, 416), "the windows that it touches"
        assert int(told.pop("silence_ms")) - wait.ms - late_ms in range(20)
        assert told == expected | {"pause_allowance_ms": 0, "transcript": transcript}
    asked = Scene("3500 partial five five", "What is your phone number?")
    assert because(asked, d.TurnEnded)["expected"] == "digits"


# --- STT --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "last"),
    [
        ("7500 voice 600\n 10300 voice 2500", "resume no words in it"),
        ("7500 voice 600\n 16000 voice 600\n 18800 voice 2500", "cut voice"),
        ("7500 voice 600\n 14000 partial stop please\n 20000 voice 600\n 22800 voice 2500", "resume no words in it"),
    ],
    ids=["once proves nothing", "twice in a row", "words in between restart the count"],
)
def test_an_stt_that_returns_nothing_is_not_relied_on(script: str, last: str) -> None:
    """After two utterances in a row without words, voice alone interrupts (here: the request to repeat)."""
    assert Scene(script, "Yes.").decisions()[-1] == last


def test_one_utterance_without_words_does_not_discredit_the_stt() -> None:
    """One may be chance, even before any words of the caller have been answered."""
    policy = Policy(greeting="Hello and welcome to our house.")
    once = "500 voice 400\n 700 partial mm-hm\n 4000 voice 600\n 6800 voice 2500"
    assert Scene(once, "Yes.", policy).decisions()[-1] == "resume no words in it"
    twice = "500 voice 400\n 700 partial mm-hm\n 4000 voice 600\n 12000 voice 600\n 14800 voice 2500"
    assert Scene(twice, "Yes.", policy).decisions()[-1] == "cut voice"


@pytest.mark.parametrize(
    ("voice_ms", "final", "asked"),
    [(160, False, False), (192, False, True), (480, False, True), (480, True, False), (512, True, True)],
)
def test_voice_without_words_makes_the_agent_ask(voice_ms: int, final: bool, asked: bool) -> None:
    """Without a final, enough voice for a word is enough; with an empty final it takes half a second."""
    script = f"3000 voice {voice_ms}" + (f"\n {3_600 + voice_ms} final" if final else "")
    assert Scene(script, "Yes.").decisions() == (["not_heard unheard"] if asked else [])


@pytest.mark.parametrize(
    ("script", "partial", "silence_ms"),
    [
        ("700 voice 1200", 120, 200),  # held; this STT sends partials quickly
        ("700 voice 400", 2_000, 180),  # held; not yet known to send partials: from 170 ms on
        ("700 voice 300\n 900 partial sounds", 120, 280),  # these words may claim the floor: the usual time
        ("9000 voice 400", 120, 200),  # not held: 800 ms before the turn would end, but not sooner than this
    ],
)
def test_a_hold_commits_the_transcript_early(script: str, partial: int, silence_ms: int) -> None:
    """While the playout is held, the verdict needs to know whether the sound has words."""
    scene = Scene(script, partial=partial)
    asked_ms = scene.sim.actions(a.CommitTranscript)[-1][0]
    voiced = [now for now, x, _ in scene.sim.steps if isinstance(x, e.AudioReceived) and (x.speech or 0) >= 500]
    assert asked_ms - voiced[-1] == silence_ms


def test_a_reply_prepared_for_words_that_were_none_is_dropped() -> None:
    """The final is empty, so no turn is decided and nothing is answered."""
    scene = Scene("8000 voice 400\n 8200 partial parking\n 9450 final")
    assert scene.decisions() == []
    assert [x["why"] for _, x in scene.sim.explained(d.SpeculationDropped)] == ["no words"]
    assert scene.sim.lines[1:] == [("agent", LONG)]


def test_a_caller_who_coughed_at_the_agents_first_words_is_no_echo() -> None:
    """Two sounds that begin with the agent are taken for its echo; but no echo is as loud as the caller."""
    opening = CallerScript().coughs(500).waits(0.5).coughs(400).waits(1).says("what are your hours")
    sim = play(opening.listens(8).coughs(700).waits(3), ["At nine."], Policy(greeting="Hello."))
    assert [x["why"] for _, x in sim.explained(d.Resumed)] == ["no words", "no words"]
    assert len(sim.explained(d.NotHeard)) == 1


def test_a_sound_long_after_the_agent_is_no_echo() -> None:
    """However the line has echoed: nothing of the agent's was audible before it, so the caller is asked."""
    opening = CallerScript().coughs(500).waits(0.5).coughs(400).waits(6)
    sim = play(opening.coughs(900).waits(3), ["At nine."], Policy(greeting="Hello."))
    assert len(sim.explained(d.NotHeard)) == 1


# --- what follows from a verdict --------------------------------------------------------------------------------------


def test_a_cut_within_a_second_and_a_half_was_the_callers_pause() -> None:
    """Within 1.5 s of the decision, new words continue the previous turn; later they are judged on their own."""
    opening = Scene("")
    decided = opening.sim.explained(d.TurnEnded)[0][0] - opening.begins
    for after, text in ((1_500, f"{OPENING} stop it"), (1_501, "stop it")):
        scene = Scene(f"{decided + after} partial stop it")
        assert scene.decisions() == ["cut words", "end_of_turn"]
        assert because(scene, d.TurnEnded)["features"] == judged(text).features
    assert judged("stop it").features != judged(f"{OPENING} stop it").features


def test_an_answer_that_was_cut_after_some_of_it_was_heard_is_not_owed() -> None:
    """Voice alone cut it, and no words follow: the caller is asked to repeat, and does not hear the answer again."""
    scene = Scene("900 stt lost\n 1000 voice 2500\n 8000 stt ready")
    assert scene.decisions() == ["hold voice", "cut voice", "not_heard unheard"]
    assert len(requested_replies(scene.sim)) == 1
    assert agent_lines(scene.sim)[1:] == [Wording().not_heard]


@pytest.mark.parametrize("voice_ms", [20, 160, 300, 480])
def test_words_that_cut_and_were_none_do_not_silence_the_agent(voice_ms: int) -> None:
    """The final is empty, and there was less voice than deserves a question by itself: the agent asks, and waits for no
    "Are you still there?"."""
    scene = Scene(f"1000 voice {voice_ms}\n 1300 partial stop please\n 2000 final")
    assert scene.decisions()[-2:] == ["cut words", "not_heard unheard"]
    scene.sim.run(scene.sim.now + 3_000)
    assert agent_lines(scene.sim)[-1] == Wording().not_heard


def test_late_words_of_a_resumed_noise_still_cut() -> None:
    """The sound was dismissed as a noise, but its transcript arrives afterwards."""
    scene = Scene("700 voice 300\n 2000 final stop please")
    assert scene.decisions() == ["hold voice", "resume no words", "cut words", "end_of_turn"]
    assert caller(scene.sim)[1:] == ["stop please"]


def test_the_final_of_a_dismissed_backchannel_is_not_new() -> None:
    """The final repeats the dismissed backchannel and changes nothing; only additional words count."""
    script = "700 voice 300\n 800 partial yeah\n 2000 final yeah"
    assert Scene(script).decisions() == ["hold voice", "resume backchannel"]
    more = Scene(f"{script} stop please")
    assert more.decisions()[2:] == ["cut words", "end_of_turn"]
    assert caller(more.sim)[1:] == ["stop please"]


def test_words_after_a_cut_belong_to_it() -> None:
    """The final arrives long after the agent was silenced; all the words are one turn."""
    scene = Scene("700 voice 900\n 900 partial stop\n 1900 final stop it please")
    assert scene.decisions() == ["hold voice", "cut words", "end_of_turn"]
    assert caller(scene.sim)[1:] == ["stop it please"]
    assert agent_lines(scene.sim)[-1] == "Yes?"


def test_words_during_a_protected_greeting_are_answered_after_it() -> None:
    """Nothing is cleared, and the answer begins when the greeting has been heard."""
    sim = Scene("1000 voice 300\n 1100 partial stop please\n 7500 voice 20", LONG, PROTECTED).sim
    assert sim.actions(a.ClearPlayout) == []
    assert sim.lines == [("caller", "stop please"), ("agent", LONG), ("agent", "Yes?")]


@pytest.mark.parametrize(
    ("says", "reason", "lines"),
    [
        ("bye", "agent", ["Goodbye and have a very nice day."]),
        ("hm", "agent", ["Goodbye and have a very nice day."]),
        ("stop please", None, ["Goodbye --", "Yes?"]),
    ],
)
def test_an_objection_to_the_models_goodbye_keeps_the_call(says: str, reason: str | None, lines: list[str]) -> None:
    """Only words that ask for the floor keep the call open; they are answered."""

    def agent(history: History) -> list[Part]:
        return (
            ["Yes?"] if "stop" in last_words(history) else ["Goodbye and have a very nice day.", CallTool("end_call")]
        )

    sim = Scene(f"500 voice 300\n 700 partial {says}", agent).sim
    assert (sim.call.ended.reason if sim.call.ended is not None else None) == reason
    assert agent_lines(sim) == lines


GOODBYE = "Thank you for calling, have a lovely evening, goodbye."
PARTINGS = [
    "bye-bye", "take care", "thank you so much", "thanks a lot, you too, bye", "okay bye", "ciao", "will do, bye",
    "no that's all thanks", "thank you, you've been very helpful", "muchas gracias",
    "thank you so much for helping me with my order, it was nice talking to you",
]  # fmt: skip


def says_goodbye(ends_call: bool) -> Agent:
    """An agent that says goodbye, with or without ending the call, and answers what else is said."""
    last: list[Part] = [GOODBYE, CallTool("end_call")] if ends_call else [GOODBYE]
    return lambda history: ["Yes?"] if "one more" in last_words(history) else last


@pytest.mark.parametrize("ends_call", [True, False])
@pytest.mark.parametrize("after_s", [0.3, 1.5, 3.0])
@pytest.mark.parametrize("words", PARTINGS)
def test_a_goodbye_that_is_answered_is_heard_once(words: str, after_s: float, ends_call: bool) -> None:
    """Whenever the caller says theirs, and whether or not the model has ended the call."""
    sim = play(asks("that is all").interrupts(words, after_s).waits(8), says_goodbye(ends_call))
    assert agent_lines(sim)[:1] == [GOODBYE]
    assert GOODBYE not in agent_lines(sim)[1:]
    assert len(sim.explained(d.Cut)) == 0
    assert (sim.call.ended is not None) == ends_call


@pytest.mark.parametrize("words", PARTINGS)
def test_a_goodbye_that_was_heard_whole_is_not_said_again(words: str) -> None:
    """The caller answers a second after it; the model has not ended the call."""
    sim = play(asks("that is all").interrupts(words, 5.5).waits(8), says_goodbye(ends_call=False))
    assert agent_lines(sim)[:1] == [GOODBYE]
    assert GOODBYE not in agent_lines(sim)[1:]
    assert sim.explained(d.Ignored)


def test_a_request_after_a_whole_goodbye_is_answered() -> None:
    """It is a turn like any other."""
    sim = play(asks("that is all").interrupts("thanks, one more thing", 5.5).waits(4), says_goodbye(ends_call=False))
    assert agent_lines(sim) == [GOODBYE, "Yes?"]


def test_the_call_does_not_end_while_the_caller_is_saying_something() -> None:
    """Thanks over the last word of the goodbye may be the beginning of a request."""
    script = asks("that is all").interrupts("thanks and by the way I have one more question for you", 3.0, ms=3_000)
    sim = play(script.waits(5), says_goodbye(ends_call=True))
    assert sim.call.ended is None
    assert agent_lines(sim) == [GOODBYE, "Yes?"]


def test_the_call_ends_once_the_caller_has_answered() -> None:
    """What they said was a goodbye too."""
    script = asks("that is all").interrupts("thanks and have a lovely evening you too bye bye", 3.0, ms=2_500)
    sim = play(script.waits(5), says_goodbye(ends_call=True))
    assert sim.call.ended is not None
    assert sim.call.ended.reason == "agent"
    assert agent_lines(sim) == [GOODBYE]
    [(answered_ms, _)] = sim.explained(d.Ignored)
    assert sim.now == answered_ms


@pytest.mark.parametrize("ends_call", [True, False])
@pytest.mark.parametrize(
    "words", ["oh wait, one more thing", "bye oh one more question", "thanks and one more thing please"]
)
def test_a_request_after_the_goodbye_keeps_the_call(words: str, ends_call: bool) -> None:
    """The goodbye is cut, and the request answered."""
    sim = play(asks("that is all").interrupts(words, 1.5).waits(6), says_goodbye(ends_call))
    assert sim.call.ended is None
    assert agent_lines(sim)[0].endswith("--")
    assert agent_lines(sim)[1] == "Yes?"


@pytest.mark.parametrize("words", ["thank you bye", "okay bye"])
def test_a_goodbye_of_the_callers_is_answered(words: str) -> None:
    """The agent's own is prepared while the caller says theirs; it has not been heard."""
    sim = play(asks("when are you open").waits(9).says(words).waits(4), by_words("At nine.", bye="Goodbye!"))
    assert agent_lines(sim)[-1] == "Goodbye!"


# --- murmurs in any language ----------------------------------------------------------------------------------------

SPANISH = "Abrimos a las nueve de la mañana y cerramos a las seis. Los domingos no abrimos. Reserve con tiempo."


@pytest.mark.parametrize(
    "words",
    ["mhm", "ok", "sí", "ja", "oui", "haan", "sí sí", "muy bien", "claro que sí", "okay gut", "voila", "ja ja genau"],
)
@pytest.mark.parametrize("code", ["es", "de", "fr", "hi", "en"])
def test_a_murmur_costs_nothing_in_any_language(words: str, code: str) -> None:
    """The whole reply is heard, and nothing else is answered."""
    sim = play(asks("hola").interrupts(words, 1.5, ms=400).waits(9), [SPANISH], Policy(language=code))
    assert agent_lines(sim) == [SPANISH]
    assert len(caller(sim)) == 1


@pytest.mark.parametrize("after_s", [1.2, 3.0])
def test_a_murmur_that_answers_a_question_counts_in_any_language(after_s: float) -> None:
    """Before its end and after it."""
    agent = by_words("¿Quiere una mesa para esta noche?", sí="Reservada.")
    sim = play(asks("hola").interrupts("sí", after_s, ms=400).waits(4), agent, Policy(language="es"))
    assert caller(sim)[-1] == "sí"
    assert agent_lines(sim)[-1] == "Reservada."


# --- an answer of which nothing was heard -----------------------------------------------------------------------------

GOES_ON = asks("what time do you open").waits(0.5).says("on sundays")
ANSWERS = by_words("At nine in the morning.", sundays="At ten in the morning, as always.", summer="At eleven.")


def why(sim: Simulator, what: type[d.Decided]) -> list[tuple[int, str]]:
    """When `what` was decided, and why."""
    return [(at, str(because.get("why", ""))) for at, because in sim.explained(what)]


def test_an_unheard_answer_is_requested_again() -> None:
    """The new words join the previous ones, and a single answer is heard."""
    sim = play(GOES_ON.waits(5), ANSWERS, first_token=900)
    assert [x for _, x in why(sim, d.Cut)] == ["words"]
    assert agent_lines(sim) == ["At ten in the morning, as always."]
    assert str(requested_replies(sim)[-1].history).count("what time do you open on sundays") == 1


def test_a_restarted_answer_is_not_restarted_again() -> None:
    """Words before it is heard do not stop it a second time; they are answered after it."""
    sim = play(GOES_ON.waits(1.3).says("in summer").waits(12), ANSWERS, first_token=3_000)
    assert [x for _, x in why(sim, d.Cut)] == ["words"]
    lines = agent_lines(sim)
    assert lines.index("At ten in the morning, as always.") < lines.index("At eleven.")
    assert caller(sim) == ["what time do you open", "on sundays", "in summer"]


def test_a_held_restarted_answer_resumes_when_the_voice_ends() -> None:
    """Voice at its first sound holds it; silence alone resumes it, without a verdict."""
    sim = play(GOES_ON.waits(0.92).coughs(900).waits(5), ANSWERS, first_token=900)
    [(resumed_ms, reason)] = why(sim, d.Resumed)
    assert reason == "already restarted"
    voiced = [now for now, x, _ in sim.steps if isinstance(x, e.AudioReceived) and (x.speech or 0) >= 500]
    assert resumed_ms - voiced[-1] == TurnTaking().resume_after_ms
    assert agent_lines(sim) == ["At ten in the morning, as always."]


def test_the_limit_of_one_restart_applies_to_each_answer() -> None:
    """Once an answer has been heard, the next may be restarted as well."""
    again = GOES_ON.interrupts("what time do you open", 3.5).waits(0.5).says("on sundays")
    sim = play(again.waits(5), ANSWERS, first_token=900)
    assert [x for _, x in why(sim, d.Cut)] == ["words", "words"]
    assert agent_lines(sim) == ["At ten in the morning, as always."] * 2


def test_a_key_before_the_answer_is_heard_joins_the_question() -> None:
    """It is answered together with the previous words; the first answer is dropped."""
    sim = play(asks("what time do you open").waits(0.7).presses("4").waits(6), ANSWERS, first_token=900)
    assert [x for _, x in why(sim, d.Cut)] == ["key"]
    assert str(requested_replies(sim)[-1].history).count("what time do you open [keys: 4]") == 1
    [(decided_ms, _)], (filler_ms, filler) = sim.explained(d.TurnEnded), sim.explained(d.FillerSaid)[0]
    assert filler["waited_ms"] == filler_ms - decided_ms  # the wait counts from the decision, despite the key
