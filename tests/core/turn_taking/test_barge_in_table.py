"""The barge-in rule as a decision table: what is known of the caller's sound -> the verdict, and why.

`judge` has no state, so a row is a whole case. Rows follow the order of the rule's clauses; each threshold has a row on
either side of it. `RULES` are the defaults, written out: a changed default fails one test, a changed clause fails its
rows. `stt` is false while STT is lost or has not yet been seen to send partials.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from telephony.core.language.language import Language
from telephony.core.language.registry import language_for
from telephony.core.language.remarks import Remark
from telephony.core.policy import TurnTaking
from telephony.core.turn_taking.barge_in import DismissedNoise, Evidence, Verdict, judge, starts_late

RULES = TurnTaking().tuned(
    hold_after_ms=128,
    cut_after_ms=1_400,
    hold_limit_ms=1_800,
    wordless_ms=1_000,
    resume_after_ms=260,
    resume_wait_ms=500,
    min_word_ms=180,
)
WAITED = 760  # resume_after_ms + resume_wait_ms
ENGLISH = language_for("en")

NOTHING, HOLD, CUT, RESUME = Verdict.NOTHING, Verdict.HOLD, Verdict.CUT, Verdict.RESUME

# The agent speaks, and the caller is silent.
QUIET = Evidence(held=False, voiced=False, voice_ms=0, burst_ms=0, silence_ms=0, text="", text_final=False, asked=False)
# The caller has made a sound for long enough to hold the agent.
VOICE = replace(QUIET, voiced=True, voice_ms=128, burst_ms=128)
# The first window of a voice right after a decision, which cannot be the agent's own.
LATE = replace(QUIET, voiced=True, voice_ms=32, burst_ms=32, late=True, theirs=True)
# The same as VOICE, while the agent is saying goodbye.
LEAVING = replace(VOICE, leaving=True)
# The agent is held, and the voice goes on.
HELD = replace(VOICE, held=True, voice_ms=400, burst_ms=400)
# The agent is held, and the voice stopped 100 ms ago, after 400 ms.
STOPPED = replace(HELD, voiced=False, silence_ms=100)

Row = tuple[str, Evidence, Verdict, str]

UNHELD: list[Row] = [
    # --- voice alone ---
    ("no evidence", QUIET, NOTHING, ""),
    ("voice, 1 ms too short to hold", replace(VOICE, burst_ms=127), NOTHING, ""),
    ("voice, just long enough", VOICE, HOLD, "voice"),
    ("voice, 1 ms more", replace(VOICE, burst_ms=129), HOLD, "voice"),
    ("only the burst counts, not the voice of the utterance", replace(VOICE, voice_ms=900, burst_ms=127), NOTHING, ""),
    ("the burst is over", replace(VOICE, voiced=False), NOTHING, ""),
    ("voice that was dismissed as a noise", replace(VOICE, dismissed=True), NOTHING, ""),
    ("a short partial does not prevent a hold", replace(VOICE, text="ri"), HOLD, "voice"),
    ("voice with a backchannel", replace(VOICE, text="yeah"), NOTHING, ""),
    ("the same, final", replace(VOICE, text="yeah", text_final=True), NOTHING, ""),
    ("a backchannel of four words", replace(VOICE, text="yeah yeah okay right"), NOTHING, ""),
    ("five of them are no backchannel", replace(VOICE, text="yeah yeah okay right yeah"), HOLD, "voice"),
    ("voice without words holds even during a question", replace(VOICE, asked=True), HOLD, "voice"),
    ("without STT long voice holds, and never cuts at once", replace(VOICE, burst_ms=9_000, stt=False),
     HOLD, "voice"),
    ("with STT long voice holds too", replace(VOICE, burst_ms=9_000), HOLD, "voice"),
    # --- surely the caller's: a window sooner ---
    ("surely the caller, 1 ms too short", replace(VOICE, burst_ms=95, theirs=True), NOTHING, ""),
    ("surely the caller, just long enough", replace(VOICE, burst_ms=96, theirs=True), HOLD, "voice"),
    ("the same, perhaps the agent", replace(VOICE, burst_ms=96), NOTHING, ""),
    ("the same, like the echo of this line", replace(VOICE, burst_ms=96, theirs=True, like_echo=True), NOTHING, ""),
    # --- remarks inside the agent's phrase ---
    ("a remark", replace(VOICE, text="lovely place", remark=Remark.WHOLE), NOTHING, ""),
    ("a remark, final", replace(QUIET, text="lovely place", text_final=True, remark=Remark.WHOLE), NOTHING, ""),
    ("the same words elsewhere", replace(QUIET, text="lovely place", text_final=True), CUT, "words"),
    ("a remark that may go on", replace(QUIET, text="is it", remark=Remark.OPEN), NOTHING, ""),
    ("the beginning of one, from a caller who cannot be heard", replace(QUIET, text="what a", remark=Remark.BEGUN),
     CUT, "words"),
    ("the echo of one holds like voice", replace(VOICE, text="lovely place", remark=Remark.WHOLE, echo=True),
     HOLD, "voice"),
    # --- a late start: the caller goes on right after a decision ---
    ("a late start, at its first window", LATE, HOLD, "goes on"),
    ("a voice later than that", replace(LATE, late=False), NOTHING, ""),
    ("it may be the agent's own", replace(LATE, theirs=False), NOTHING, ""),
    ("it may be the agent's own, and goes on", replace(LATE, theirs=False, burst_ms=128), HOLD, "voice"),
    ("like an echo, but too early for one", replace(LATE, like_echo=True), HOLD, "goes on"),
    ("like an echo, and perhaps one", replace(LATE, like_echo=True, theirs=False, burst_ms=128), NOTHING, ""),
    ("the second one", replace(LATE, again=True), NOTHING, ""),
    ("the second one, and it goes on", replace(LATE, again=True, burst_ms=128), HOLD, "voice"),
    ("it is over", replace(LATE, voiced=False), NOTHING, ""),
    ("a listener's word", replace(LATE, text="yeah"), NOTHING, ""),
    ("a noise found to be one", replace(LATE, dismissed=True), NOTHING, ""),
    ("over a goodbye", replace(LATE, leaving=True), NOTHING, ""),
    ("over what must be heard", replace(LATE, protected=True), NOTHING, ""),
    ("when the answer comes first", replace(LATE, late=False, restarted=True), NOTHING, ""),
    ("its words", replace(LATE, text="on sundays"), CUT, "words"),
    # --- words ---
    ("an objection needs neither voice nor a final", replace(QUIET, text="wait"), CUT, "words"),
    ("it cuts during voice too", replace(VOICE, text="wait"), CUT, "words"),
    ("it cuts although the voice was dismissed", replace(VOICE, text="wait", dismissed=True), CUT, "words"),
    ("two words that say something", replace(QUIET, text="my dog"), CUT, "words"),
    ("one long word", replace(QUIET, text="parking"), CUT, "words"),
    ("a short partial may be the beginning of a word", replace(QUIET, text="ri"), NOTHING, ""),
    ("the same, final", replace(QUIET, text="ri", text_final=True), CUT, "words"),
    ("a final backchannel", replace(QUIET, text="yeah", text_final=True), NOTHING, ""),
    ("a backchannel phrase with a long word", replace(VOICE, text="that's right"), NOTHING, ""),
    ("the same, final", replace(VOICE, text="that's right", text_final=True), NOTHING, ""),
    ("a weak word, which STT hears in any noise", replace(QUIET, text="the", text_final=True), NOTHING, ""),
    ("two weak words count", replace(QUIET, text="the the", text_final=True), CUT, "words"),
    ("a farewell cuts unless the agent is saying goodbye", replace(QUIET, text="bye", text_final=True), CUT, "words"),
    # --- words that may become a backchannel with the next one ---
    ("sounds (good)", replace(QUIET, text="sounds"), NOTHING, ""),
    ("sounds (good), 1 ms before the silence is long enough", replace(QUIET, text="sounds", silence_ms=259),
     NOTHING, ""),
    ("sounds, and silence", replace(QUIET, text="sounds", silence_ms=260), CUT, "words"),
    ("sounds, and 1 ms more", replace(QUIET, text="sounds", silence_ms=261), CUT, "words"),
    ("a final may also be continued", replace(QUIET, text="I", text_final=True, silence_ms=259), NOTHING, ""),
    ("a final, and silence", replace(QUIET, text="I", text_final=True, silence_ms=260), CUT, "words"),
    ("silence does not turn a short partial into a claim", replace(QUIET, text="ri", silence_ms=5_000), NOTHING, ""),
    # --- answers to a question ---
    ("yes to a question, final", replace(QUIET, text="yeah", text_final=True, asked=True), CUT, "answer"),
    ("the same, not final", replace(QUIET, text="yeah", asked=True), NOTHING, ""),
    ("a weak word is an answer too", replace(QUIET, text="one", text_final=True, asked=True), CUT, "answer"),
    ("so is the beginning of a backchannel", replace(QUIET, text="I", text_final=True, asked=True), CUT, "answer"),
    ("an empty final answers nothing", replace(QUIET, text_final=True, asked=True), NOTHING, ""),
    ("an empty final does not prevent a hold", replace(VOICE, text_final=True, asked=True), HOLD, "voice"),
    ("an answer that asks for the floor counts as words", replace(QUIET, text="parking", text_final=True, asked=True),
     CUT, "words"),
    # --- echo: its words are ignored ---
    ("the agent's own words", replace(QUIET, text="wait", text_final=True, echo=True), NOTHING, ""),
    ("an echo answers no question", replace(QUIET, text="yeah", text_final=True, asked=True, echo=True), NOTHING, ""),
    ("an echo with voice holds like voice", replace(VOICE, text="yeah", echo=True), HOLD, "voice"),
    # --- the agent says goodbye ---
    ("voice during a goodbye", LEAVING, NOTHING, ""),
    ("a farewell during a goodbye", replace(LEAVING, text="bye", text_final=True), NOTHING, ""),
    ("a long farewell", replace(LEAVING, text="thank you very much goodbye"), NOTHING, ""),
    ("a backchannel during a goodbye", replace(LEAVING, text="yeah", text_final=True, asked=True), NOTHING, ""),
    ("a weak word during a goodbye", replace(LEAVING, text="the", text_final=True, asked=True), NOTHING, ""),
    ("an objection during a goodbye", replace(LEAVING, text="wait"), CUT, "words"),
    ("a short partial holds a goodbye", replace(LEAVING, text="ri"), HOLD, "voice"),
    ("the echo of an objection", replace(LEAVING, text="wait", echo=True), NOTHING, ""),
    ("thanks before a farewell", replace(LEAVING, text="thank you so much for your help"), NOTHING, ""),
    ("half of a farewell", replace(LEAVING, text="take", text_final=True), NOTHING, ""),
    ("a farewell that was a question's answer", replace(LEAVING, text="bye", text_final=True, asked=True),
     NOTHING, ""),
    ("a farewell that goes on", replace(LEAVING, text="bye oh one more thing"), CUT, "words"),
    ("a farewell during a held goodbye", replace(LEAVING, held=True, text="bye", text_final=True), NOTHING, ""),
    ("the same, and silence", replace(STOPPED, leaving=True, text="bye", text_final=True, silence_ms=260),
     RESUME, "backchannel"),
    ("a new request during a held goodbye", replace(LEAVING, held=True, text="wait"), CUT, "words"),
    ("silence during a held goodbye", replace(STOPPED, leaving=True, silence_ms=260), RESUME, "no words"),
]  # fmt: skip

WHILE_HELD: list[Row] = [
    ("nothing new", HELD, NOTHING, ""),
    # --- words cut at once, held or not ---
    ("an objection", replace(HELD, text="wait"), CUT, "words"),
    ("an answer", replace(STOPPED, text="yeah", text_final=True, asked=True), CUT, "answer"),
    ("sounds (good)", replace(HELD, text="sounds"), NOTHING, ""),
    ("sounds, and silence", replace(STOPPED, text="sounds", silence_ms=260), CUT, "words"),
    # --- voice goes on: without STT it cuts ---
    ("no STT, 1 ms too short to cut", replace(HELD, stt=False, burst_ms=1_399), NOTHING, ""),
    ("no STT, just long enough", replace(HELD, stt=False, burst_ms=1_400), CUT, "voice"),
    ("no STT, 1 ms more", replace(HELD, stt=False, burst_ms=1_401), CUT, "voice"),
    ("no STT, several short bursts", replace(HELD, stt=False, voice_ms=4_000, burst_ms=1_399), NOTHING, ""),
    ("with STT voice alone does not cut", replace(HELD, burst_ms=1_400), NOTHING, ""),
    # --- voice goes on: with STT the agent resumes ---
    ("1 ms before the limit", replace(HELD, voice_ms=1_799, burst_ms=1_799), NOTHING, ""),
    ("at the limit", replace(HELD, voice_ms=1_800, burst_ms=1_800), RESUME, "no words in it"),
    ("1 ms after", replace(HELD, voice_ms=1_801, burst_ms=1_801), RESUME, "no words in it"),
    ("several short bursts", replace(HELD, voice_ms=4_000, burst_ms=1_799), NOTHING, ""),
    ("with a backchannel in it", replace(HELD, burst_ms=1_800, text="yeah"), RESUME, "no words in it"),
    ("with a short partial in it", replace(HELD, burst_ms=1_800, text="ri"), NOTHING, ""),
    ("with an echo in it", replace(HELD, burst_ms=1_800, text="wait", echo=True),
     RESUME, "no words in it"),
    ("the limit applies without silence, after a question", replace(STOPPED, burst_ms=1_800, asked=True, text="yeah"),
     RESUME, "no words in it"),
    # --- silence: how long ---
    ("silence, 1 ms too short", replace(STOPPED, silence_ms=259), NOTHING, ""),
    ("silence", replace(STOPPED, silence_ms=260), RESUME, "no words"),
    ("1 ms more", replace(STOPPED, silence_ms=261), RESUME, "no words"),
    ("a backchannel, 1 ms too early", replace(STOPPED, silence_ms=259, text="yeah"), NOTHING, ""),
    # --- silence: too short for a word ---
    ("less voice than a word, by 1 ms", replace(STOPPED, silence_ms=260, voice_ms=179), RESUME, "too short"),
    ("as much voice as a word", replace(STOPPED, silence_ms=260, voice_ms=180), RESUME, "no words"),
    ("1 ms more than a word", replace(STOPPED, silence_ms=260, voice_ms=181), RESUME, "no words"),
    ("too short for a word: over sooner", replace(STOPPED, silence_ms=160, voice_ms=179), RESUME, "too short"),
    ("the same, 1 ms too early", replace(STOPPED, silence_ms=159, voice_ms=179), NOTHING, ""),
    ("with a word in it", replace(STOPPED, silence_ms=160, voice_ms=179, text="yeah"), NOTHING, ""),
    ("the same from a caller who goes on", replace(STOPPED, silence_ms=160, voice_ms=179, late=True), NOTHING, ""),
    ("the same during a goodbye", replace(STOPPED, silence_ms=160, voice_ms=179, leaving=True), NOTHING, ""),
    ("the same while the agent says goodbye", replace(STOPPED, silence_ms=160, voice_ms=179, parting=True),
     NOTHING, ""),
    # --- silence: remarks ---
    ("a remark", replace(STOPPED, silence_ms=260, text="lovely place", remark=Remark.WHOLE), RESUME, "backchannel"),
    ("a remark, 1 ms too early", replace(STOPPED, silence_ms=259, text="lovely place", remark=Remark.WHOLE),
     NOTHING, ""),
    ("its last word came after the voice", replace(STOPPED, silence_ms=160, text="lovely place", remark=Remark.WHOLE,
                                                   settled=True), RESUME, "backchannel"),
    ("the same, 1 ms too early", replace(STOPPED, silence_ms=159, text="lovely place", remark=Remark.WHOLE,
                                         settled=True), NOTHING, ""),
    ("the same in other words, which may be any", replace(STOPPED, silence_ms=160, text="lovely place", settled=True),
     CUT, "words"),
    ("one that may go on", replace(STOPPED, silence_ms=259, text="is it", remark=Remark.OPEN, settled=True),
     NOTHING, ""),
    ("the same, and silence", replace(STOPPED, silence_ms=260, text="is it", remark=Remark.OPEN, settled=True),
     RESUME, "backchannel"),
    ("the beginning of one", replace(HELD, text="what a", remark=Remark.BEGUN), NOTHING, ""),
    ("the beginning of one, final", replace(STOPPED, silence_ms=259, text="no", text_final=True, remark=Remark.BEGUN),
     NOTHING, ""),
    ("the beginning of one, and silence", replace(STOPPED, silence_ms=260, text="what a", remark=Remark.BEGUN),
     CUT, "words"),
    ("endless, with a remark in it", replace(HELD, burst_ms=1_800, text="lovely place", remark=Remark.WHOLE),
     RESUME, "no words in it"),
    # --- silence: is a transcript still expected? ---
    ("quick STT would have sent words: 1 ms below long voice", replace(STOPPED, silence_ms=260, voice_ms=999),
     RESUME, "no words"),
    ("long voice without words waits for the final", replace(STOPPED, silence_ms=260, voice_ms=1_000), NOTHING, ""),
    ("long voice: the final is still awaited", replace(STOPPED, silence_ms=WAITED - 1, voice_ms=1_000), NOTHING, ""),
    ("long voice: no final in time", replace(STOPPED, silence_ms=WAITED, voice_ms=1_000), RESUME, "no words"),
    ("long voice: an empty final", replace(STOPPED, silence_ms=260, voice_ms=1_000, text_final=True),
     RESUME, "no words"),
    ("long voice: a backchannel", replace(STOPPED, silence_ms=260, voice_ms=1_000, text="yeah"),
     RESUME, "backchannel"),
    ("long voice: an echo", replace(STOPPED, silence_ms=260, voice_ms=1_000, text="wait", echo=True),
     NOTHING, ""),
    ("long voice: an empty final, 1 ms too early", replace(STOPPED, silence_ms=259, voice_ms=1_000, text_final=True),
     NOTHING, ""),
    ("slow STT: a word is awaited", replace(STOPPED, silence_ms=260, voice_ms=180, stt=False), NOTHING, ""),
    ("slow STT: 1 ms less is no word", replace(STOPPED, silence_ms=260, voice_ms=179, stt=False),
     RESUME, "too short"),
    ("slow STT: 1 ms too early", replace(STOPPED, silence_ms=WAITED - 1, stt=False), NOTHING, ""),
    ("unknown STT: it is given less time", replace(STOPPED, silence_ms=400, stt=False, new_stt=True),
     RESUME, "no words"),
    ("unknown STT: 1 ms too early", replace(STOPPED, silence_ms=399, stt=False, new_stt=True), NOTHING, ""),
    ("unknown STT, but a word", replace(STOPPED, silence_ms=WAITED - 1, text="ri", stt=False, new_stt=True),
     NOTHING, ""),
    ("slow STT: no final in time", replace(STOPPED, silence_ms=WAITED, stt=False), RESUME, "no words"),
    ("slow STT: an empty final", replace(STOPPED, silence_ms=260, stt=False, text_final=True),
     RESUME, "no words"),
    ("slow STT: a backchannel", replace(STOPPED, silence_ms=260, stt=False, text="yeah"),
     RESUME, "backchannel"),
    # --- silence: a short partial waits for its final ---
    ("a short partial", replace(STOPPED, silence_ms=260, text="ri"), NOTHING, ""),
    ("a short partial, 1 ms too early", replace(STOPPED, silence_ms=WAITED - 1, text="ri"), NOTHING, ""),
    ("a short partial, and no final in time", replace(STOPPED, silence_ms=WAITED, text="ri"), CUT, "words"),
    ("a short partial, and hardly any voice", replace(STOPPED, silence_ms=260, voice_ms=100, text="ri"), NOTHING, ""),
    ("its final", replace(STOPPED, text="ri", text_final=True), CUT, "words"),
    ("its final is a backchannel", replace(STOPPED, silence_ms=260, text="right", text_final=True),
     RESUME, "backchannel"),
    # --- silence: a backchannel ---
    ("a backchannel", replace(STOPPED, silence_ms=260, text="yeah"), RESUME, "backchannel"),
    ("with hardly any voice", replace(STOPPED, silence_ms=260, voice_ms=100, text="yeah"), RESUME, "backchannel"),
    ("after a question it may be the answer", replace(STOPPED, silence_ms=260, text="yeah", asked=True), NOTHING, ""),
    ("the same, 1 ms too early", replace(STOPPED, silence_ms=WAITED - 1, text="yeah", asked=True), NOTHING, ""),
    ("the same, and no final in time", replace(STOPPED, silence_ms=WAITED, text="yeah", asked=True),
     RESUME, "backchannel"),
    ("after a question without any words", replace(STOPPED, silence_ms=260, asked=True), RESUME, "no words"),
    # --- silence: no words that count ---
    ("an echo", replace(STOPPED, silence_ms=260, text="wait", echo=True), RESUME, "echo"),
    ("an echo of a backchannel", replace(STOPPED, silence_ms=260, text="yeah", echo=True), RESUME, "echo"),
    ("an echo with hardly any voice", replace(STOPPED, silence_ms=260, voice_ms=100, text="wait", echo=True),
     RESUME, "echo"),
    ("a weak word", replace(STOPPED, silence_ms=260, text="the", text_final=True), RESUME, "no words"),
    ("a weak word with hardly any voice", replace(STOPPED, silence_ms=260, voice_ms=100, text="the"),
     RESUME, "too short"),
    ("a dismissed noise has the same verdict", replace(STOPPED, silence_ms=260, dismissed=True),
     RESUME, "no words"),
]  # fmt: skip


def test_the_rules_of_the_table_are_the_defaults() -> None:
    """Fails when a default changes, so that the change is deliberate."""
    assert TurnTaking() == RULES


@pytest.mark.parametrize(("evidence", "verdict", "why"), [pytest.param(*row[1:], id=row[0]) for row in UNHELD])
def test_while_the_agent_can_be_heard(evidence: Evidence, verdict: Verdict, why: str) -> None:
    """Rows of `UNHELD`."""
    assert not evidence.held or evidence.leaving
    assert judge(evidence, RULES, ENGLISH) == (verdict, why)


@pytest.mark.parametrize(("evidence", "verdict", "why"), [pytest.param(*row[1:], id=row[0]) for row in WHILE_HELD])
def test_while_the_agent_is_held(evidence: Evidence, verdict: Verdict, why: str) -> None:
    """Rows of `WHILE_HELD`."""
    assert evidence.held
    assert judge(evidence, RULES, ENGLISH) == (verdict, why)


def test_without_stt_the_hold_limit_does_not_apply() -> None:
    """Without STT, a sound cannot be found to be without words: only `cut_after_ms` bounds the hold."""
    slow = RULES.tuned(cut_after_ms=3_000)
    assert judge(replace(HELD, burst_ms=2_999, stt=False), slow, ENGLISH) == (NOTHING, "")
    assert judge(replace(HELD, burst_ms=3_000, stt=False), slow, ENGLISH) == (CUT, "voice")
    assert judge(replace(HELD, burst_ms=2_999), slow, ENGLISH) == (RESUME, "no words in it")


def test_in_a_language_without_data_any_word_but_a_murmur_cuts() -> None:
    """Without data, no word is known to be a backchannel or incomplete, but for the murmurs of all languages."""
    unknown = Language()
    assert judge(replace(QUIET, text="hola"), RULES, unknown) == (CUT, "words")
    assert judge(replace(QUIET, text="hola", echo=True), RULES, unknown) == (NOTHING, "")
    assert judge(replace(VOICE, text="sí", text_final=True), RULES, unknown) == (NOTHING, "")
    assert judge(replace(STOPPED, silence_ms=260, text="ja"), RULES, unknown) == (RESUME, "backchannel")
    assert judge(replace(QUIET, text="ja", text_final=True, asked=True), RULES, unknown) == (CUT, "answer")
    assert judge(replace(QUIET, text="ou"), RULES, unknown) == (NOTHING, "")
    assert judge(replace(QUIET, text="ou", silence_ms=260), RULES, unknown) == (CUT, "words")
    assert judge(VOICE, RULES, unknown) == (HOLD, "voice")
    assert judge(LEAVING, RULES, unknown) == (NOTHING, "")


@pytest.mark.parametrize(
    ("after_ms", "heard_ms", "late"),
    [(20, 0, True), (700, 0, True), (701, 0, False), (700, 849, True), (700, 850, False), (-12, 0, True)],
)
def test_what_is_a_late_start(after_ms: int, heard_ms: int, late: bool) -> None:
    """The voice begins within 0.7 s of the decision, and less than 0.85 s of the reply was heard."""
    assert starts_late(after_ms, heard_ms) == late


@pytest.mark.parametrize(("dismissed_ms", "media_ms", "going_on"), [
    (None, 0, False), (5_000, 5_000, True), (5_000, 6_000, True), (5_000, 6_001, False),
])  # fmt: skip
def test_a_dismissed_noise_goes_on_for_a_second(dismissed_ms: int | None, media_ms: int, going_on: bool) -> None:
    noise = DismissedNoise()
    if dismissed_ms is not None:
        noise.dismiss(dismissed_ms)
    assert noise.is_going_on(media_ms) is going_on


def test_each_row_is_a_case_of_its_own() -> None:
    """No evidence appears twice in a table."""
    for table in (UNHELD, WHILE_HELD):
        assert len({evidence for _, evidence, _, _ in table}) == len(table)
