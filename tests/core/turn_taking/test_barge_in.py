"""Barge-in in whole calls: holds, verdicts, backchannels and false alarms; then properties of the rule itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.history import AgentSaid, History
from telephony.core.language.registry import language_for
from telephony.core.listening.voice_activity import WINDOW_MS
from telephony.core.policy import Policy, TurnTaking
from telephony.core.turn_taking.barge_in import QUIET_MS, Evidence, Verdict, judge
from telephony.testing.recorded_stt import Final, Partial
from telephony.testing.script import CallerScript
from telephony.testing.simulator import CHAR_MS, CallTool, Part, Simulator
from tests.core.calls import (
    LONG,
    agent_lines,
    asks,
    by_words,
    caller,
    gap,
    number,
    play,
    reasons,
    requested_replies,
    rules,
)

ASK = asks("what are your hours")


def onset(sim: Simulator) -> int:
    """The start of the caller's last sound."""
    return sim.sounds[-1].start


def silenced(sim: Simulator) -> int:
    """How long after the onset the agent was still heard, in ms."""
    return next(end for _, end in sim.heard if end >= onset(sim)) - onset(sim)


# --- interruptions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["no", "stop", "wait", "hold on", "excuse me", "I need something else"])
def test_an_interruption_silences_at_once_and_is_answered(words: str) -> None:
    """Held within the hold time and a few frames, cut at the first word; the history has only what was heard."""
    sim = play(ASK.interrupts(words, 1.5).waits(4), by_words(LONG, **{words.split()[0]: "Yes?"}))
    assert silenced(sim) <= rules(sim).hold_after_ms + 60
    assert caller(sim)[-1] == words
    cut = agent_lines(sim)[0]
    assert cut.endswith(" --")
    assert LONG.startswith(cut.removesuffix(" --"))
    assert AgentSaid(cut.removesuffix(" --"), interrupted=True) in requested_replies(sim)[-1].history
    assert sim.explained(d.Cut)


def test_the_cut_comes_with_the_words_and_not_with_their_end() -> None:
    """The first words of a long sentence are enough for a cut."""
    sim = play(ASK.interrupts("I would rather like to know about the parking in the street", 1.5, ms=4_000).waits(4))
    [(cut, _)] = sim.explained(d.Cut)
    assert cut - onset(sim) <= 4_000 // 11 * 2 + sim.latencies.partial + 60


def test_words_alone_cut_before_any_hold() -> None:
    """Words with hardly any detected voice (a quiet caller) cut immediately."""
    sim = play(ASK.listens(1.5))
    sim.at(sim.now, Partial("no stop please"))
    sim.run(sim.now + 7_500)
    assert agent_lines(sim)[0].endswith(" --")
    assert sim.explained(d.Held) == []


def test_voice_alone_interrupts_when_stt_is_lost() -> None:
    """Without STT, words cannot be distinguished from noise, so long voice is an interruption."""
    sim = play(ASK)
    sim.at(2_300, e.SttLost("provider_unavailable", True))
    CallerScript().listens(0.1).play(sim)
    sim.faults.no_finals = sim.faults.no_partials = True
    CallerScript().waits(1).says("hello can you hear me at all over there", ms=3_000).waits(6).play(sim)
    assert "voice" in reasons(sim, d.Cut)
    [(cut, because)] = [(at, because) for at, because in sim.explained(d.Cut) if because["why"] == "voice"]
    assert number(because, "burst_ms") >= rules(sim).cut_after_ms
    assert cut - onset(sim) <= rules(sim).cut_after_ms + 100


def test_voice_alone_interrupts_when_stt_returns_nothing() -> None:
    """STT is connected but returns nothing: after a few utterances without words, voice alone interrupts."""
    sim = play(ASK.waits(4), ["Yes."])
    sim.faults.no_finals = sim.faults.no_partials = True
    CallerScript().says("x", ms=1_500).interrupts("x", 4, ms=1_500).interrupts("x", 0.5, ms=2_500).waits(1).play(sim)
    assert len(sim.explained(d.NotHeard)) >= 2
    assert reasons(sim, d.Cut) == ["voice"]


@pytest.mark.parametrize(("min_word_ms", "asked"), [(192, True), (193, False)])
def test_a_sound_as_long_as_a_word_is_asked_about_when_stt_returns_nothing(min_word_ms: int, asked: bool) -> None:
    """A shorter one is no word."""
    sim = Simulator(Policy(turn_taking=TurnTaking().tuned(min_word_ms=min_word_ms)))
    sim.faults.no_finals = sim.faults.no_partials = True
    sim.coughs(1_000, 192)
    sim.run(6_000)
    found = [(because["voice_ms"], because["transcript"]) for _, because in sim.explained(d.NotHeard)]
    assert found == ([(192, "none")] if asked else [])


def test_interrupting_twice_replays_nothing() -> None:
    """Audio that was cut is never sent again."""
    answers = {"one": "Here is the first long answer to you.", "two": "And this is the second long answer."}
    twice = ASK.interrupts("number one please", 1.5).interrupts("number two please", 1.2)
    sim = play(twice.waits(6), by_words(LONG, **answers))
    for turn in {x.turn for x in requested_replies(sim)}:
        pieces = sim.carrier.pieces(turn)
        assert [at for _, _, at in pieces] == sorted({at for _, _, at in pieces})
    assert agent_lines(sim)[-1] == answers["two"]


# --- false alarms ---------------------------------------------------------------------------------------------------


def test_a_cough_costs_a_short_gap_and_no_word() -> None:
    """After a hold and a resume, every word was heard, and only the word at the seam may be repeated."""
    sim = play(ASK.listens(1.5).coughs(300).waits(9))
    assert agent_lines(sim) == [LONG]
    assert len(requested_replies(sim)) == 1
    _, went_on = gap(sim, onset(sim))
    assert went_on - sim.sounds[-1].end <= rules(sim).resume_after_ms + 80
    place, repeated = 0, 0
    for start, end, at in sim.carrier.pieces(requested_replies(sim)[0].turn):
        assert at <= place, "part of the reply was never heard"
        repeated += place - at
        place = at + end - start
    assert 0 <= place - len(LONG + " ") * CHAR_MS < 20  # the last frame is padded
    assert repeated <= 9 * CHAR_MS + sim.latencies.mark  # "morning" and the latency of a mark


def test_hold_and_resume_give_their_reasons() -> None:
    """Both state the reason and the measured durations."""
    sim = play(ASK.listens(1.5).coughs(300).waits(9))
    [(_, hold)] = sim.explained(d.Held)
    [(_, resume)] = sim.explained(d.Resumed)
    assert hold["why"] == "voice"
    assert number(hold, "burst_ms") >= rules(sim).hold_after_ms - WINDOW_MS
    assert resume["why"] in ("no words", "too short")
    assert number(resume, "silence_ms") >= QUIET_MS


def test_a_click_is_not_even_held() -> None:
    """Voice shorter than the hold time has no effect."""
    ms = TurnTaking().hold_after_ms - 60
    sim = play(ASK.listens(1.5).coughs(ms).waits(9))
    assert sim.actions(a.ClearPlayout) == []
    assert sim.explained(d.Held) == []


@pytest.mark.parametrize("words", ["mm-hm", "yeah", "okay", "right", "I see", "yeah yeah"])
def test_a_backchannel_loses_nothing_and_is_not_answered(words: str) -> None:
    """The whole reply is heard, and the backchannel is not answered."""
    sim = play(ASK.interrupts(words, 1.5, ms=400).waits(9))
    assert agent_lines(sim) == [LONG]
    assert len(requested_replies(sim)) == 1
    if sim.explained(d.Held):
        _, went_on = gap(sim, onset(sim))
        assert went_on - sim.sounds[-1].end <= 500


def test_a_backchannel_known_by_its_words_is_not_held() -> None:
    """If its words arrive before the hold time, the playout does not pause."""
    sim = play(ASK.listens(1.5))
    sim.at(sim.now, Partial("yeah"))
    CallerScript().waits(0.02).says("yeah", ms=300).waits(9).play(sim)
    assert sim.explained(d.Held) == []
    assert agent_lines(sim) == [LONG]


def test_a_backchannel_that_answers_a_question_is_an_answer() -> None:
    """ "Yes" at the end of "shall I book it?" is a turn."""
    agent = by_words("Shall I book it?", yes="It is booked.")
    sim = play(asks("a table for two please").interrupts("yes", 1.3, ms=400).waits(4), agent)
    assert caller(sim)[-1] == "yes"
    assert agent_lines(sim)[-1] == "It is booked."


def test_the_agents_own_words_are_no_interruption() -> None:
    """A transcribed echo neither cuts the agent nor is answered."""
    sim = play(ASK.listens(2), [LONG])
    words = LONG.lower().replace(".", "").split()
    for count in range(3, 8):
        sim.at(sim.now + 200 * count, Partial(" ".join(words[:count])))
    sim.at(sim.now + 1_700, Final(0, " ".join(words[:7])))
    sim.run(sim.now + 9_000)
    assert agent_lines(sim) == [LONG]
    assert caller(sim) == ["what are your hours"]
    assert len(requested_replies(sim)) == 1


def test_voice_without_words_does_not_hold_for_ever() -> None:
    """After the hold limit the agent goes on, and the same sound (music, a television) does not hold it again."""
    ms = TurnTaking().tuning.hold_limit_ms + 3_000
    sim = play(ASK.listens(1.5).coughs(ms).waits(9))
    assert len(sim.explained(d.Held)) == 1
    stopped, went_on = gap(sim, onset(sim))
    assert went_on - stopped <= rules(sim).tuning.hold_limit_ms + 100
    assert reasons(sim, d.Resumed) == ["no words in it"]
    assert agent_lines(sim)[0] == LONG


def test_words_after_a_dismissed_noise_still_interrupt() -> None:
    """Dismissing a noise does not suppress words that follow it."""
    ms = TurnTaking().tuning.hold_limit_ms + 700
    sim = play(ASK.listens(0.5).coughs(ms).waits(0.3).says("stop please").waits(5))
    assert agent_lines(sim)[0].endswith(" --")
    assert caller(sim)[-1] == "stop please"


def test_a_reply_survives_being_held_while_the_model_writes_it() -> None:
    """Text that arrives during the hold is heard after the resume."""
    sim = play(ASK.listens(0.3).coughs(600).waits(12), token=120)
    assert agent_lines(sim) == [LONG]
    [(held, _)], [(went_on, _)] = sim.explained(d.Held), sim.explained(d.Resumed)
    ended = next(now for now, event, _ in sim.steps if isinstance(event, e.ReplyEnded))
    written = [now for now, event, _ in sim.steps if isinstance(event, e.ReplyDelta)]
    assert any(held <= now <= went_on for now in written)
    assert ended > held


def test_no_tool_runs_during_a_hold() -> None:
    """A tool requested during a hold waits for the verdict, because the caller may be taking the turn back."""
    part = "Let me look that up for you in the book. One moment please, it takes a little while to do it."

    def replies(history: History) -> list[Part]:
        return ["Fine."] if "cancel" in str(history[-1]) else [part, CallTool("book", {}, "ok"), "Done."]

    sim = play(ASK.interrupts("no cancel that", 0.3, ms=1_200).waits(5), replies, token=60)
    assert sim.actions(a.RunTool) == []
    held = play(ASK.listens(0.3).coughs(900).waits(12), replies, token=60)
    [(ran, _)] = held.actions(a.RunTool)
    [(resumed, _)] = held.explained(d.Resumed)
    wanted = next(now for now, event, _ in held.steps if isinstance(event, e.ToolWanted))
    assert ran >= max(resumed, wanted)


# --- beginnings -----------------------------------------------------------------------------------------------------


def test_speech_that_is_going_on_when_the_stream_starts_is_heard() -> None:
    """The caller is already speaking at the first frame, and no word is lost."""
    sim = play(asks("hello is anybody there", at=0).waits(5), ["Yes, I am."])
    assert caller(sim) == ["hello is anybody there"]
    assert agent_lines(sim) == ["Yes, I am."]
    assert len(sim.actions(a.Transcribe)) >= sim.now // 20 - 1


def test_speech_during_the_greeting_interrupts_it() -> None:
    """The greeting can be interrupted like any reply, from its first second on."""
    sim = play(asks("I want to cancel", at=0.3).waits(5), ["Of course."], Policy(greeting="Welcome to our bakery!"))
    assert agent_lines(sim)[-1] == "Of course."
    assert sim.heard[0][1] - 300 <= rules(sim).hold_after_ms + 60
    assert caller(sim) == ["I want to cancel"]


def test_both_begin_at_once() -> None:
    """Caller and agent begin at the same moment; all the caller's words are heard and answered."""
    sim = play(ASK.interrupts("and on sundays too", 0).waits(10), first_token=700)
    assert " ".join(caller(sim)) == "what are your hours and on sundays too"
    assert len([x for x in sim.lines if x[0] == "agent" and not x[1].endswith("--")]) == 1


def test_speech_right_after_a_clear_is_heard() -> None:
    """After a cut and a short pause, the next words belong to the same turn."""
    twice = ASK.interrupts("no", 1.5).waits(0.25).says("not that one")
    sim = play(twice.waits(6), ["Well, the first one would be this."])
    assert " ".join(caller(sim)[1:]) == "no not that one"
    assert len(requested_replies(sim)) <= 1 + 1 + len(sim.explained(d.SpeculationDropped))


def test_going_on_after_a_premature_decision_joins_the_words() -> None:
    """The unheard answer is dropped, and all words are answered together."""
    pause = (TurnTaking().shortest_wait_ms + 150) / 1_000
    sim = play(
        asks("what time do you open").waits(pause).says("on sundays").waits(5),
        by_words("At nine.", sundays="At ten."),
        first_token=900,
    )
    assert agent_lines(sim) == ["At ten."]
    assert " ".join(caller(sim)) == "what time do you open on sundays"


# --- the rule by itself ---------------------------------------------------------------------------------------------

QUIET = Evidence(held=False, voiced=False, voice_ms=0, burst_ms=0, silence_ms=0, text="", text_final=False, asked=False)


def verdict(**evidence: object) -> Verdict:
    return judge(replace(QUIET, **evidence), TurnTaking(), language_for("en"))[0]  # type: ignore[arg-type]


def test_the_rule_needs_evidence() -> None:
    """Without evidence there is no verdict; clear evidence gives the expected one."""
    voice = TurnTaking().hold_after_ms
    assert verdict() is Verdict.NOTHING
    assert verdict(voiced=True, burst_ms=voice - 32) is Verdict.NOTHING
    assert verdict(voiced=True, burst_ms=voice) is Verdict.HOLD
    assert verdict(voiced=True, burst_ms=voice, text="yeah") is Verdict.NOTHING
    assert verdict(voiced=True, burst_ms=voice, dismissed=True) is Verdict.NOTHING
    assert verdict(text="stop") is Verdict.CUT
    assert verdict(text="stop", echo=True) is Verdict.NOTHING
    assert verdict(text="yeah", text_final=True, asked=True) is Verdict.CUT
    assert verdict(text="yeah", text_final=True) is Verdict.NOTHING
    assert verdict(text="thank you bye", leaving=True) is Verdict.NOTHING
    assert verdict(text="wait", leaving=True) is Verdict.CUT


def test_every_hold_ends_after_enough_silence() -> None:
    """Whatever the other evidence, enough silence leads to a cut or a resume."""
    rules = TurnTaking()
    silence = rules.resume_after_ms + rules.tuning.resume_wait_ms
    for text in ("", "yeah", "stop", "I"):
        for final in (False, True):
            for asked in (False, True):
                for stt in (False, True):
                    for echo in (False, True):
                        found = verdict(
                            held=True, voice_ms=400, silence_ms=silence, text=text, text_final=final, asked=asked,
                            stt=stt, echo=echo,
                        )  # fmt: skip
                        assert found in (Verdict.CUT, Verdict.RESUME), (text, final, asked, stt, echo)


def test_a_hold_during_continuous_voice_is_bounded() -> None:
    """Continuous voice without words leads to a cut without STT, and to a resume with it."""
    rules = TurnTaking()
    voice = {
        "held": True,
        "voiced": True,
        "burst_ms": rules.tuning.hold_limit_ms,
        "voice_ms": rules.tuning.hold_limit_ms,
    }
    assert verdict(**voice) is Verdict.RESUME
    assert verdict(**voice, stt=False) is Verdict.CUT
    assert verdict(**voice, text="yeah") is Verdict.RESUME
