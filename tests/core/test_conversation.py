"""Whole conversations through the pure core, in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.conversation import Conversation
from telephony.core.history import AgentSaid, CallerSaid, History, ToolUsed
from telephony.core.policy import Limits, Policy
from telephony.core.speaking.speech import Coming
from telephony.testing.recorded_stt import Final, Partial, Scripted
from telephony.testing.simulator import CallTool, Part, Simulator, last_words

GREETING = Policy(greeting="Hello, how can I help?")
LONG = "We open at nine in the morning and close at six. On Sundays we stay closed. Please book ahead."


def answer(text: str = LONG) -> Callable[[History], list[Part]]:
    return lambda history: [text]


def start_of_speech(sim: Simulator, after: int) -> int:
    return next(start for start, _ in sim.heard if start >= after)


def test_greeting_plays_at_start() -> None:
    """The greeting is sent in the same millisecond as the start event, so there is no dead air before it."""
    sim = Simulator(GREETING).run(3_000)
    assert sim.heard[0][0] == 0
    assert sim.lines == [("agent", "Hello, how can I help?")]


def test_question_and_answer() -> None:
    """The agent answers the caller's turn, and the model receives exactly what both have said."""
    sim = Simulator(GREETING, answer("We open at nine. Anything else?"))
    end = sim.says(3_000, "what are your opening hours")
    sim.run(9_000)
    assert sim.lines[1:] == [("caller", "what are your opening hours"), ("agent", "We open at nine. Anything else?")]
    assert sim.actions(a.StartReply)[0][1].history == (
        AgentSaid("Hello, how can I help?"),
        CallerSaid("what are your opening hours"),
    )
    limit = end + 560 + 20 + sim.latencies.first_token + 4 * sim.latencies.token + sim.latencies.first_audio + 40
    assert start_of_speech(sim, end) <= limit


def test_interruption_silences_and_remembers_only_what_was_heard() -> None:
    """The history is truncated to what was heard, although the whole reply had been sent long before."""
    sim = Simulator(Policy(), answer())
    sim.says(500, "hello there what are your hours")
    sim.run(4_200)
    start = start_of_speech(sim, 0)
    onset = start + 1_500
    sim.says(onset, "wait I need something else", ms=1_500)
    sim.run(onset + 6_000)
    silenced = sim.heard[0][1] - onset
    assert 0 < silenced <= 250
    heard = sim.lines[1]
    assert heard[1].endswith(" --")
    spoken = heard[1].removesuffix(" --")
    assert LONG.startswith(spoken)
    assert len(spoken) * 70 <= sim.heard[0][1] - sim.heard[0][0]  # never more than was played
    assert len(spoken) * 70 >= sim.heard[0][1] - sim.heard[0][0] - 900  # and not far less
    assert sim.actions(a.StartReply)[1][1].history[1] == AgentSaid(spoken, interrupted=True)


def test_interruption_works_after_all_audio_was_sent() -> None:
    """The carrier plays for seconds after the last byte was sent; the caller can interrupt during that time too."""
    sim = Simulator(Policy(), answer())
    sim.says(500, "hello there what are your hours")
    sim.run(6_000)
    reply, track = sim.call._turns.reply, sim.call._turns.playout.tracks[1]
    assert reply is not None
    assert reply.speech is not None
    assert not reply.speech.coming is not Coming.NOTHING or track.sent == len(track.audio)
    sim.says(7_000, "stop please stop", ms=1_000)
    sim.run(9_000)
    assert any(7_000 < at <= 7_250 for at, _ in sim.actions(a.ClearPlayout))


def test_cough_loses_nothing() -> None:
    """A cough may hold the playout briefly; every word of the reply is still heard, in order."""
    sim = Simulator(Policy(), answer())
    sim.says(500, "hello there what are your hours")
    sim.coughs(5_000, 220)
    sim.run(14_000)
    assert sim.lines[1] == ("agent", LONG)
    assert len(sim.actions(a.StartReply)) == 1


def test_click_does_not_even_hold() -> None:
    """A very short sound does not hold the playout."""
    sim = Simulator(Policy(), answer())
    sim.says(500, "hello there what are your hours")
    sim.coughs(5_000, 60)
    sim.run(14_000)
    assert sim.actions(a.ClearPlayout) == []


def test_backchannel_is_not_answered() -> None:
    """ "mm-hm" while the agent speaks neither ends its reply nor starts another."""
    sim = Simulator(Policy(), answer())
    sim.says(500, "hello there what are your hours")
    sim.says(5_000, "mm-hm", ms=350)
    sim.run(16_000)
    assert next(line for line in sim.lines if line[0] == "agent") == ("agent", LONG)
    assert len(sim.actions(a.StartReply)) == 1


def test_yes_answers_a_question() -> None:
    """A listener's word counts as an answer when the agent has just asked a question."""
    sim = Simulator(Policy(), lambda h: ["Shall I book it?"] if last_words(h) != "yes" else ["Done."])
    sim.says(500, "a table for two please")
    sim.run(5_500)
    sim.says(5_500, "yes", ms=300)
    sim.run(9_000)
    assert sim.lines[-2:] == [("caller", "yes"), ("agent", "Done.")]


def test_marks_echoed_after_clear_are_not_playback() -> None:
    """Twilio echoes outstanding marks immediately after a clear; none of them counts as heard audio."""
    sim = Simulator(Policy(), answer())
    sim.says(500, "hello there what are your hours")
    sim.run(4_500)
    onset = start_of_speech(sim, 0) + 800
    sim.says(onset, "no wait", ms=700)
    sim.run(onset + 5_000)
    echoes = [x.name for _, x, _ in sim.steps if isinstance(x, e.MarkReached)]
    sent = [x.name for _, x in sim.actions(a.SendMark)]
    assert set(sent) - set(echoes) == set() or sim.call.ended is None
    spoken = sim.lines[1][1].removesuffix(" --")
    assert len(spoken) < 20


def test_hello_before_the_reply_merges_and_restarts_once() -> None:
    """ "Hello?" before the reply begins joins the turn; the reply is restarted at most once and then delivered."""
    sim = Simulator(Policy(), lambda h: ["Here is your answer."])
    sim.latencies.first_token = 2_500
    end = sim.says(500, "what time is it")
    sim.says(end + 900, "hello", ms=400)
    sim.says(end + 2_900, "hello", ms=400)
    sim.run(end + 9_000)
    starts = [x for _, x in sim.actions(a.StartReply)]
    assert starts[1].history == (CallerSaid("what time is it hello"),)
    answers = [text for who, text in sim.lines if who == "agent" and "answer" in text]
    assert answers[0] == "Here is your answer."
    first_answer = next(i for i, line in enumerate(sim.lines) if "answer" in line[1])
    assert first_answer <= 5
    assert len([x for _, x in sim.actions(a.CancelReply)]) == 1


def test_words_during_a_protected_greeting_are_answered_afterwards() -> None:
    """A disclosure is said to its end, and what the caller said meanwhile is answered afterwards."""
    policy = replace(
        GREETING, greeting="This call is recorded for quality. How can I help you today?", greeting_protected=True
    )
    sim = Simulator(policy, answer("Sure."))
    sim.says(700, "I want to book a table", ms=1_200)
    sim.run(12_000)
    assert sim.actions(a.ClearPlayout) == []
    assert sim.lines == [
        ("caller", "I want to book a table"),
        ("agent", policy.greeting),
        ("agent", "Sure."),
    ]


def test_late_audio_of_a_cut_turn_is_never_played() -> None:
    """Audio that arrives after the interruption belongs to a finished turn and is dropped."""
    sim = Simulator(Policy(), answer())
    sim.says(500, "hello there what are your hours")
    sim.run(4_500)
    sim.says(4_500, "stop stop stop", ms=900)
    sim.run(5_500)
    before = len(sim.actions(a.SendAudio))
    sim.at(5_510, e.SpeechAudio(1, 1, b"\x55" * 1_600, "late", (50, 100, 150, 200)))
    sim.run(5_600)
    assert len(sim.actions(a.SendAudio)) == before


def test_missing_transcripts_never_cause_silence() -> None:
    """If finals never come, the partial is used; if there are no partials either, the caller is asked to repeat."""
    sim = Simulator(Policy(), answer("Good."))
    sim.faults.no_finals = True
    end = sim.says(500, "book a table")
    sim.run(end + 4_000)
    assert ("caller", "book a table") in sim.lines
    no_stt = Simulator(Policy(), answer("Good."))
    no_stt.faults.no_finals = no_stt.faults.no_partials = True
    end = no_stt.says(500, "book a table")
    no_stt.run(end + 4_500)
    assert no_stt.heard[0][0] <= end + 2_500
    assert no_stt.explained(d.NotHeard)


def test_hung_model_is_bridged_and_given_up() -> None:
    """When the model hangs, a filler comes within 2.5 s of the caller's last word, and an apology later."""
    sim = Simulator(Policy(), answer())
    sim.faults.llm_hangs = True
    end = sim.says(500, "what are your hours")
    sim.run(end + 20_000)
    assert sim.heard[0][0] - end <= 2_500
    assert any("went wrong" in text for _, text in sim.lines)
    gaps = [b[0] - a_[1] for a_, b in zip(sim.heard, sim.heard[1:], strict=False)]
    assert max(gaps) <= 6_500


def test_empty_reply_is_an_apology_and_too_many_end_the_call() -> None:
    """An empty reply is answered with an apology; after too many apologies in a row the call ends."""
    sim = Simulator(Policy(limits=Limits(apologies=2)), answer())
    sim.faults.llm_empty = True
    at = 500
    for _ in range(3):
        at = sim.says(at, "what are your hours") + 7_000
        sim.run(at)
    assert sim.call.ended is not None
    assert sim.call.ended.reason == "empty_reply"
    assert "technical trouble" in sim.lines[-1][1]


def test_busy_provider_is_explained_and_tried_again() -> None:
    """On a 429 the caller is told why they wait, and the request is repeated."""
    sim = Simulator(Policy(), answer("We open at nine."))
    sim.faults.llm_fails = "provider_busy"
    end = sim.says(500, "what are your hours")
    sim.run(end + 1_500)
    sim.faults.llm_fails = ""
    sim.run(end + 12_000)
    assert [text for who, text in sim.lines if who == "agent"] == [sim.policy.wording.provider_busy, "We open at nine."]


def test_lost_sentence_is_spoken_again() -> None:
    """If a context ends without audio for its text (the close race), the text is spoken in a new one."""
    sim = Simulator(Policy(), answer("We open at nine."))
    sim.faults.tts_silent_once = True
    end = sim.says(500, "what are your hours")
    sim.run(end + 10_000)
    assert sim.lines[-1] == ("agent", "We open at nine.")
    assert {x.attempt for _, x in sim.actions(a.Speak)} == {1, 2}


def _speech_of_attempt_1(event: Scripted) -> bool:
    return isinstance(event, e.SpeechAudio | e.SpeechEnded) and event.attempt == 1


def test_tts_lost_in_the_middle_speaks_only_the_rest() -> None:
    """After a lost TTS socket, only text without audio is spoken again; the history contains nothing unheard."""
    sim = Simulator(Policy(), answer())
    sim.says(500, "what are your hours")
    sim.run(5_000)
    first = next(now for now, x, _ in sim.steps if isinstance(x, e.SpeechAudio))
    sim2 = Simulator(Policy(), answer())
    sim2.says(500, "what are your hours")
    lost = first + 121
    sim2.intercept = lambda at, event: [] if at >= lost and _speech_of_attempt_1(event) else [(at, event)]
    sim2.at(lost, e.SpeechLost(1, 1, "provider_unavailable", True))
    sim2.run(16_000)
    again = [x.text for _, x in sim2.actions(a.Speak) if x.attempt == 2]
    assert again
    assert again[0] != LONG + " "
    assert sim2.lines[-1] == ("agent", LONG)


def test_permanent_tts_failure_ends_the_call_with_a_cached_apology() -> None:
    """When TTS fails for good, the cached apology is played and the call ends."""
    sim = Simulator(Policy(), answer())
    sim.faults.tts_fails = True
    end = sim.says(500, "what are your hours")
    sim.run(end + 15_000)
    assert sim.call.ended is not None
    assert sim.lines[-1] == ("agent", sim.policy.wording.broken)


def test_without_tts_and_cached_phrases_the_carrier_speaks() -> None:
    """With neither cached phrases nor TTS, the apology is left to the carrier's <Say>."""
    sim = Simulator(Policy(), answer(), phrases=False)
    sim.faults.tts_fails = True
    end = sim.says(500, "what are your hours")
    sim.run(end + 20_000)
    [(_, ending)] = sim.actions(a.EndCall)
    assert ending.farewell == sim.policy.wording.broken


def test_agent_ends_the_call_after_its_goodbye_was_played() -> None:
    """`end_call` hangs up only after the mark of the last word has come back as played."""
    sim = Simulator(Policy(), lambda h: ["Thank you for calling, goodbye!", CallTool("end_call")])
    sim.says(500, "that is all bye")
    sim.run(30_000)
    [(at, ending)] = sim.actions(a.EndCall)
    assert ending == a.EndCall("agent")
    last_mark = max(now for now, x, _ in sim.steps if isinstance(x, e.MarkReached))
    assert at >= last_mark
    assert at >= sim.heard[-1][1]
    assert sim.lines[-1] == ("agent", "Thank you for calling, goodbye!")


def test_goodbye_ends_even_without_marks() -> None:
    """The call ends even if marks never come back."""
    sim = Simulator(Policy(), lambda h: ["Goodbye!", CallTool("end_call")])
    sim.faults.marks_lost = True
    sim.says(500, "that is all bye")
    sim.run(30_000)
    [(at, _)] = sim.actions(a.EndCall)
    assert at <= sim.heard[-1][1] + 2_500


def test_end_call_without_words_still_says_goodbye() -> None:
    """If the model only calls `end_call`, the caller still hears a goodbye."""
    sim = Simulator(Policy(), lambda h: [CallTool("end_call")])
    sim.says(500, "bye")
    sim.run(30_000)
    assert sim.lines[-1] == ("agent", "Goodbye.")
    assert sim.call.ended is not None


def test_interrupting_the_goodbye_keeps_the_call() -> None:
    """`end_call` of a reply that was cut does not end the call."""
    replies: Iterator[list[Part]] = iter(
        [["Thank you so much for calling us today, goodbye!", CallTool("end_call")], ["Of course. What is it?"]]
    )
    sim = Simulator(Policy(), lambda h: next(replies))
    sim.says(500, "that is all bye")
    sim.run(3_200)
    sim.says(3_200, "wait one more thing", ms=1_000)
    sim.run(9_000)
    assert sim.call.ended is None
    assert sim.lines[-1] == ("agent", "Of course. What is it?")


def test_saying_bye_over_the_goodbye_is_no_objection() -> None:
    """A goodbye from the caller during the agent's goodbye neither cuts it nor starts another reply."""
    sim = Simulator(Policy(), lambda h: ["Thank you so much for calling us today, goodbye!", CallTool("end_call")])
    sim.says(500, "that is all")
    sim.run(3_000)
    sim.says(3_000, "thank you bye bye", ms=1_000)
    sim.run(20_000)
    assert sim.lines[-1] == ("agent", "Thank you so much for calling us today, goodbye!")
    assert len(sim.actions(a.StartReply)) == 1
    assert sim.call.ended is not None


def test_tool_result_of_an_interrupted_reply_is_kept_and_not_run_twice() -> None:
    """Interrupting during a tool call neither loses its result nor runs it again."""

    def replies(history: History) -> list[Part]:
        booked = any(isinstance(item, ToolUsed) for item in history)
        return ["It is booked."] if booked else ["One second.", CallTool("book", {"people": 2}, "booked")]

    sim = Simulator(Policy(), replies)
    sim.latencies.tool = 3_000
    end = sim.says(500, "book a table for two")
    sim.says(end + 2_000, "hello are you there", ms=1_000)
    sim.run(end + 12_000)
    assert len([x for _, x in sim.actions(a.RunTool)]) == 1
    last = sim.actions(a.StartReply)[-1][1].history
    assert any(isinstance(item, ToolUsed) and item.result == "booked" for item in last)
    assert sim.lines[-1] == ("agent", "It is booked.")


def test_tool_of_a_reply_waits_while_the_caller_speaks() -> None:
    """A tool does not run while the caller may be taking the turn back."""
    sim = Simulator(
        Policy(),
        lambda h: ["Not booked."] if "cancel" in last_words(h) else [CallTool("book", {}, "booked"), "Booked."],
    )
    sim.latencies.first_token = 1_300
    end = sim.says(500, "book a table for two")
    sim.says(end + 1_100, "no cancel that", ms=900)
    sim.run(end + 8_000)
    assert sim.actions(a.RunTool) == []


def test_keys_are_text_and_their_tones_are_not_speech() -> None:
    """A DTMF entry is a turn of its own; its tones neither hold the playout nor start a turn."""
    sim = Simulator(Policy(), answer("Got it."))
    for i, digit in enumerate("42"):
        sim.coughs(1_000 + 400 * i, 120)
        sim.presses(1_060 + 400 * i, digit)
    sim.run(8_000)
    assert sim.lines == [("caller", "[keys: 42]"), ("agent", "Got it.")]
    assert sim.explained(d.NotHeard) == []


def test_silent_caller_is_asked_once_and_then_let_go() -> None:
    """A silent caller is asked once whether they are still there; then the call ends with a goodbye."""
    sim = Simulator(GREETING).run(60_000)
    words = sim.policy.wording
    assert [text for _, text in sim.lines] == [GREETING.greeting, words.still_there, words.silent_goodbye]
    assert sim.call.ended is not None
    assert sim.call.ended.reason == "silent_goodbye"


def test_longest_call() -> None:
    """The caller is warned before the call limit and hears a goodbye at it; talking does not extend the call."""
    limits = Limits(call_ms=40_000, call_warning_ms=20_000, silence_prompt_ms=90_000)
    sim = Simulator(Policy(limits=limits), answer("Yes."))
    for at in range(1_000, 60_000, 6_000):
        sim.says(at, "are you still there today")
    sim.run(60_000)
    assert any(text.startswith("We have about one minute") for _, text in sim.lines)
    assert sim.lines[-1] == ("agent", sim.policy.wording.time_over)
    assert sim.now <= 40_000 + 8_000


def test_drain_says_goodbye_at_the_deadline() -> None:
    """During a drain the call continues until the deadline and then ends with a goodbye."""
    sim = Simulator(GREETING, answer("Yes."))
    sim.at(5_000, e.DrainStarted(9_000))
    sim.run(30_000)
    assert sim.lines[-1] == ("agent", sim.policy.wording.draining)
    assert sim.actions(a.EndCall)[0][1].reason == "draining"


def test_frames_that_stop() -> None:
    """When frames stop, time continues by the clock: the turn still ends, and later the leg is given up."""
    sim = Simulator(Policy(), answer("Yes."))
    end = sim.says(500, "hello there")
    sim.run(end + 150)
    sim.frames = False
    sim.run(end + 2_500)
    assert ("caller", "hello there") in sim.lines
    sim.run(end + 15_000)
    assert sim.call.ended is not None
    assert sim.call.ended.reason == "unresponsive"


def test_hang_up_ends_at_once_and_nothing_follows() -> None:
    """After the end, no event produces an action."""
    sim = Simulator(GREETING).run(500)
    sim.hangs_up(600)
    sim.run(700)
    assert sim.call.ended is not None
    for event in (e.CallerLeft(e.LegEnd.DISCONNECTED), e.MarkReached("t1.1"), e.ReplyDelta(1, "x"), e.TimeReached(900)):
        assert sim.call.step(event, 900) == ()
    assert sim.call.deadline is None


def test_repeated_partial_after_a_final_is_no_new_turn() -> None:
    """Stale partials repeated after a final do not start another turn."""
    sim = Simulator(Policy(), answer("We open at nine in the morning, every single day of the week."))
    end = sim.says(500, "what are your hours")
    for at in range(end + 700, end + 6_000, 400):
        sim.at(at, Partial("what are your hours"))
    sim.run(end + 9_000)
    assert len(sim.actions(a.StartReply)) == 1
    assert len([line for line in sim.lines if line[0] == "caller"]) == 1


def test_final_that_comes_far_too_late_is_not_lost() -> None:
    """A transcript that arrives eight seconds late still counts as the caller's words."""
    sim = Simulator(Policy(), answer("We open at nine."))
    sim.faults.no_finals = sim.faults.no_partials = True
    end = sim.says(500, "what are your hours")
    sim.at(end + 8_000, Final(1, "what are your hours"))
    sim.run(end + 14_000)
    assert ("caller", "what are your hours") in sim.lines
    assert sim.lines[-1] == ("agent", "We open at nine.")


def test_quiet_caller_whom_the_vad_misses() -> None:
    """A transcript without any detected voice (a quiet caller) is a turn too."""
    sim = Simulator(Policy(), answer("Hello!"))
    sim.faults.no_finals = True
    sim.at(1_000, Partial("hello"))
    sim.at(1_200, Partial("hello there"))
    sim.run(6_000)
    assert ("caller", "hello there") in sim.lines


def test_a_call_that_another_engine_began_goes_on() -> None:
    """The model receives the earlier history, and turn numbers continue from the highest one used."""
    before = (CallerSaid("hello"), AgentSaid("Welcome."))
    sim = Simulator(Policy(), answer("Sure."))
    sim.call = Conversation(Policy(), history=before, turn=7)
    sim.presses(1_000, "#")
    sim.run(3_000)
    assert sim.actions(a.StartReply) == [(1_000, a.StartReply(8, (*before, CallerSaid("[keys: #]"))))]
