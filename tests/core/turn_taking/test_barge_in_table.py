"""The barge-in rule as a decision table: what is known of the caller's sound -> the verdict, and why.

`judge` looks at evidence and has no state, so a row is a whole case. Rows stand in the order in which the rule asks its
questions; where a number decides, there is a row on either side of it. `RULES` are the defaults, written out: a change
of a default fails one test that says so, a change of the rule fails the rows of the clause.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from telephony.core.language.language import Language
from telephony.core.language.registry import language_for
from telephony.core.policy import TurnTaking
from telephony.core.turn_taking.barge_in import Evidence, Verdict, judge

RULES = TurnTaking(
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

# The agent speaks, and nothing is known of the caller.
QUIET = Evidence(held=False, voiced=False, voice_ms=0, burst_ms=0, silence_ms=0, text="", text_final=False, asked=False)
# The caller's voice sounds, for long enough to hold the agent.
VOICE = replace(QUIET, voiced=True, voice_ms=128, burst_ms=128)
# The same, while the agent is saying goodbye.
LEAVING = replace(VOICE, leaving=True)
# The agent is held, and the voice goes on.
HELD = replace(VOICE, held=True, voice_ms=400, burst_ms=400)
# The agent is held, and the voice stopped a moment ago: 400 ms of it.
STOPPED = replace(HELD, voiced=False, silence_ms=100)

Row = tuple[str, Evidence, Verdict, str]

UNHELD: list[Row] = [
    # --- voice alone ---
    ("nothing is known", QUIET, NOTHING, ""),
    ("voice, 1 ms too short to hold", replace(VOICE, burst_ms=127), NOTHING, ""),
    ("voice, just long enough", VOICE, HOLD, "voice"),
    ("voice, 1 ms more", replace(VOICE, burst_ms=129), HOLD, "voice"),
    ("only the burst counts, not the voice of the utterance", replace(VOICE, voice_ms=900, burst_ms=127), NOTHING, ""),
    ("the burst is over", replace(VOICE, voiced=False), NOTHING, ""),
    ("voice that was found to be without words", replace(VOICE, dismissed=True), NOTHING, ""),
    ("half a word does not keep voice from holding", replace(VOICE, text="ri"), HOLD, "voice"),
    ("voice with a listener's word", replace(VOICE, text="yeah"), NOTHING, ""),
    ("the same, final", replace(VOICE, text="yeah", text_final=True), NOTHING, ""),
    ("four words of a listener", replace(VOICE, text="yeah yeah okay right"), NOTHING, ""),
    ("five of them are more than a listener says", replace(VOICE, text="yeah yeah okay right yeah"), HOLD, "voice"),
    ("a voice without words holds even while the agent asks", replace(VOICE, asked=True), HOLD, "voice"),
    ("without ears voice holds as well, and never cuts at once", replace(VOICE, burst_ms=9_000, stt=False),
     HOLD, "voice"),
    ("with ears long voice holds too", replace(VOICE, burst_ms=9_000), HOLD, "voice"),
    # --- words ---
    ("a word that stops people needs no voice and no final", replace(QUIET, text="wait"), CUT, "words"),
    ("it cuts under voice too", replace(VOICE, text="wait"), CUT, "words"),
    ("it cuts although the voice was dismissed", replace(VOICE, text="wait", dismissed=True), CUT, "words"),
    ("two words that say something", replace(QUIET, text="my dog"), CUT, "words"),
    ("one long word", replace(QUIET, text="parking"), CUT, "words"),
    ("one short word that may be half a word", replace(QUIET, text="ri"), NOTHING, ""),
    ("the same, final", replace(QUIET, text="ri", text_final=True), CUT, "words"),
    ("a final listener's word", replace(QUIET, text="yeah", text_final=True), NOTHING, ""),
    ("a listener's phrase with a long word", replace(VOICE, text="that's right"), NOTHING, ""),
    ("the same, final", replace(VOICE, text="that's right", text_final=True), NOTHING, ""),
    ("a word that is heard in any sound", replace(QUIET, text="the", text_final=True), NOTHING, ""),
    ("two of them are words", replace(QUIET, text="the the", text_final=True), CUT, "words"),
    ("a farewell is words where the agent is not leaving", replace(QUIET, text="bye", text_final=True), CUT, "words"),
    # --- words that may become a backchannel with the next one ---
    ("sounds (good)", replace(QUIET, text="sounds"), NOTHING, ""),
    ("sounds (good), 1 ms before silence says that no more comes", replace(QUIET, text="sounds", silence_ms=259),
     NOTHING, ""),
    ("sounds, and silence", replace(QUIET, text="sounds", silence_ms=260), CUT, "words"),
    ("sounds, and 1 ms more", replace(QUIET, text="sounds", silence_ms=261), CUT, "words"),
    ("a final is no end of the thought either", replace(QUIET, text="I", text_final=True, silence_ms=259), NOTHING, ""),
    ("a final, and silence", replace(QUIET, text="I", text_final=True, silence_ms=260), CUT, "words"),
    ("silence makes no claim of half a word", replace(QUIET, text="ri", silence_ms=5_000), NOTHING, ""),
    # --- what was asked ---
    ("yes to a question, final", replace(QUIET, text="yeah", text_final=True, asked=True), CUT, "answer"),
    ("the same, not final", replace(QUIET, text="yeah", asked=True), NOTHING, ""),
    ("a weak word is an answer too", replace(QUIET, text="one", text_final=True, asked=True), CUT, "answer"),
    ("so is the beginning of a backchannel", replace(QUIET, text="I", text_final=True, asked=True), CUT, "answer"),
    ("an empty final answers nothing", replace(QUIET, text_final=True, asked=True), NOTHING, ""),
    ("an empty final holds nothing back", replace(VOICE, text_final=True, asked=True), HOLD, "voice"),
    ("an answer that asks for the floor is words", replace(QUIET, text="parking", text_final=True, asked=True),
     CUT, "words"),
    # --- echo: its words do not exist ---
    ("the agent's own words", replace(QUIET, text="wait", text_final=True, echo=True), NOTHING, ""),
    ("they answer no question", replace(QUIET, text="yeah", text_final=True, asked=True, echo=True), NOTHING, ""),
    ("with voice they hold as voice does", replace(VOICE, text="yeah", echo=True), HOLD, "voice"),
    # --- the agent says goodbye ---
    ("voice over a goodbye", LEAVING, NOTHING, ""),
    ("a farewell over a goodbye", replace(LEAVING, text="bye", text_final=True), NOTHING, ""),
    ("a long farewell", replace(LEAVING, text="thank you very much goodbye"), NOTHING, ""),
    ("a listener's word over a goodbye", replace(LEAVING, text="yeah", text_final=True, asked=True), NOTHING, ""),
    ("a weak word over a goodbye", replace(LEAVING, text="the", text_final=True, asked=True), NOTHING, ""),
    ("an objection over a goodbye", replace(LEAVING, text="wait"), CUT, "words"),
    ("half a word holds a goodbye", replace(LEAVING, text="ri"), HOLD, "voice"),
    ("the echo of an objection", replace(LEAVING, text="wait", echo=True), NOTHING, ""),
    ("a farewell in a held goodbye is judged like any words", replace(LEAVING, held=True, text="bye", text_final=True),
     CUT, "words"),
    ("silence in a held goodbye", replace(STOPPED, leaving=True, silence_ms=260), RESUME, "no words"),
]  # fmt: skip

WHILE_HELD: list[Row] = [
    ("nothing new", HELD, NOTHING, ""),
    # --- words cut at once, held or not ---
    ("a word that stops people", replace(HELD, text="wait"), CUT, "words"),
    ("an answer", replace(STOPPED, text="yeah", text_final=True, asked=True), CUT, "answer"),
    ("sounds (good)", replace(HELD, text="sounds"), NOTHING, ""),
    ("sounds, and silence", replace(STOPPED, text="sounds", silence_ms=260), CUT, "words"),
    # --- voice goes on: without ears it cuts ---
    ("no ears, 1 ms too short to cut", replace(HELD, stt=False, burst_ms=1_399), NOTHING, ""),
    ("no ears, just long enough", replace(HELD, stt=False, burst_ms=1_400), CUT, "voice"),
    ("no ears, 1 ms more", replace(HELD, stt=False, burst_ms=1_401), CUT, "voice"),
    ("no ears, several short bursts", replace(HELD, stt=False, voice_ms=4_000, burst_ms=1_399), NOTHING, ""),
    ("ears that tell: this voice is not cut", replace(HELD, burst_ms=1_400), NOTHING, ""),
    # --- voice goes on: with ears the agent goes on as well ---
    ("1 ms before the limit", replace(HELD, voice_ms=1_799, burst_ms=1_799), NOTHING, ""),
    ("at the limit", replace(HELD, voice_ms=1_800, burst_ms=1_800), RESUME, "no words in it"),
    ("1 ms after", replace(HELD, voice_ms=1_801, burst_ms=1_801), RESUME, "no words in it"),
    ("several short bursts", replace(HELD, voice_ms=4_000, burst_ms=1_799), NOTHING, ""),
    ("with a listener's word in it", replace(HELD, burst_ms=1_800, text="yeah"), RESUME, "no words in it"),
    ("with half a word in it", replace(HELD, burst_ms=1_800, text="ri"), NOTHING, ""),
    ("with the agent's own words in it", replace(HELD, burst_ms=1_800, text="wait", echo=True),
     RESUME, "no words in it"),
    ("the limit needs no silence, and asks nothing", replace(STOPPED, burst_ms=1_800, asked=True, text="yeah"),
     RESUME, "no words in it"),
    # --- silence: how long ---
    ("1 ms before it is silence", replace(STOPPED, silence_ms=259), NOTHING, ""),
    ("silence", replace(STOPPED, silence_ms=260), RESUME, "no words"),
    ("1 ms more", replace(STOPPED, silence_ms=261), RESUME, "no words"),
    ("a listener's word, 1 ms before", replace(STOPPED, silence_ms=259, text="yeah"), NOTHING, ""),
    # --- silence: too short for a word ---
    ("less voice than a word, by 1 ms", replace(STOPPED, silence_ms=260, voice_ms=179), RESUME, "too short"),
    ("as much voice as a word", replace(STOPPED, silence_ms=260, voice_ms=180), RESUME, "no words"),
    ("1 ms more than a word", replace(STOPPED, silence_ms=260, voice_ms=181), RESUME, "no words"),
    # --- silence: is something still to be told? ---
    ("ears that tell at once would have told: 1 ms below strange", replace(STOPPED, silence_ms=260, voice_ms=999),
     RESUME, "no words"),
    ("so much voice without a word is strange", replace(STOPPED, silence_ms=260, voice_ms=1_000), NOTHING, ""),
    ("strange: still awaited", replace(STOPPED, silence_ms=WAITED - 1, voice_ms=1_000), NOTHING, ""),
    ("strange: awaited long enough", replace(STOPPED, silence_ms=WAITED, voice_ms=1_000), RESUME, "no words"),
    ("strange: its final has come, and is empty", replace(STOPPED, silence_ms=260, voice_ms=1_000, text_final=True),
     RESUME, "no words"),
    ("strange: a listener's word has come", replace(STOPPED, silence_ms=260, voice_ms=1_000, text="yeah"),
     RESUME, "backchannel"),
    ("strange: an echo is no word", replace(STOPPED, silence_ms=260, voice_ms=1_000, text="wait", echo=True),
     NOTHING, ""),
    ("strange: 1 ms less silence is not waited", replace(STOPPED, silence_ms=259, voice_ms=1_000, text_final=True),
     NOTHING, ""),
    ("ears that tell late: a word is awaited", replace(STOPPED, silence_ms=260, voice_ms=180, stt=False), NOTHING, ""),
    ("ears that tell late: 1 ms less is no word", replace(STOPPED, silence_ms=260, voice_ms=179, stt=False),
     RESUME, "too short"),
    ("ears that tell late: 1 ms too early", replace(STOPPED, silence_ms=WAITED - 1, stt=False), NOTHING, ""),
    ("ears that tell late: awaited long enough", replace(STOPPED, silence_ms=WAITED, stt=False), RESUME, "no words"),
    ("ears that tell late: an empty final", replace(STOPPED, silence_ms=260, stt=False, text_final=True),
     RESUME, "no words"),
    ("ears that tell late: a listener's word", replace(STOPPED, silence_ms=260, stt=False, text="yeah"),
     RESUME, "backchannel"),
    # --- silence: half a word waits for its final ---
    ("half a word", replace(STOPPED, silence_ms=260, text="ri"), NOTHING, ""),
    ("half a word, 1 ms too early", replace(STOPPED, silence_ms=WAITED - 1, text="ri"), NOTHING, ""),
    ("half a word, and no final in time", replace(STOPPED, silence_ms=WAITED, text="ri"), CUT, "words"),
    ("half a word, and hardly any voice", replace(STOPPED, silence_ms=260, voice_ms=100, text="ri"), NOTHING, ""),
    ("its final", replace(STOPPED, text="ri", text_final=True), CUT, "words"),
    ("its final was a listener's word", replace(STOPPED, silence_ms=260, text="right", text_final=True),
     RESUME, "backchannel"),
    # --- silence: a listener's words ---
    ("a listener's word", replace(STOPPED, silence_ms=260, text="yeah"), RESUME, "backchannel"),
    ("with hardly any voice", replace(STOPPED, silence_ms=260, voice_ms=100, text="yeah"), RESUME, "backchannel"),
    ("after a question it may be the answer", replace(STOPPED, silence_ms=260, text="yeah", asked=True), NOTHING, ""),
    ("the same, 1 ms too early", replace(STOPPED, silence_ms=WAITED - 1, text="yeah", asked=True), NOTHING, ""),
    ("the same, and no final in time", replace(STOPPED, silence_ms=WAITED, text="yeah", asked=True),
     RESUME, "backchannel"),
    ("after a question nothing else is awaited", replace(STOPPED, silence_ms=260, asked=True), RESUME, "no words"),
    # --- silence: nothing that counts ---
    ("an echo", replace(STOPPED, silence_ms=260, text="wait", echo=True), RESUME, "echo"),
    ("an echo of a listener's word", replace(STOPPED, silence_ms=260, text="yeah", echo=True), RESUME, "echo"),
    ("an echo with hardly any voice", replace(STOPPED, silence_ms=260, voice_ms=100, text="wait", echo=True),
     RESUME, "echo"),
    ("a weak word", replace(STOPPED, silence_ms=260, text="the", text_final=True), RESUME, "no words"),
    ("a weak word with hardly any voice", replace(STOPPED, silence_ms=260, voice_ms=100, text="the"),
     RESUME, "too short"),
    ("the dismissed noise has its verdict like any other", replace(STOPPED, silence_ms=260, dismissed=True),
     RESUME, "no words"),
]  # fmt: skip


def test_the_rules_of_the_table_are_the_defaults() -> None:
    """A changed default is meant, and says so here."""
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


def test_without_ears_the_limit_for_voice_without_words_does_not_count() -> None:
    """Who cannot be told words from noise is not found to be without words: only `cut_after_ms` bounds the hold."""
    slow = replace(RULES, cut_after_ms=3_000)
    assert judge(replace(HELD, burst_ms=2_999, stt=False), slow, ENGLISH) == (NOTHING, "")
    assert judge(replace(HELD, burst_ms=3_000, stt=False), slow, ENGLISH) == (CUT, "voice")
    assert judge(replace(HELD, burst_ms=2_999), slow, ENGLISH) == (RESUME, "no words in it")


def test_in_a_language_without_data_any_word_cuts_and_nothing_is_a_backchannel() -> None:
    """There, no word can be known for a listener's or for half a word."""
    unknown = Language()
    assert judge(replace(QUIET, text="mhm"), RULES, unknown) == (CUT, "words")
    assert judge(replace(QUIET, text="mhm", echo=True), RULES, unknown) == (NOTHING, "")
    assert judge(VOICE, RULES, unknown) == (HOLD, "voice")
    assert judge(LEAVING, RULES, unknown) == (NOTHING, "")


def test_each_row_is_a_case_of_its_own() -> None:
    """No evidence stands twice in a table."""
    for table in (UNHELD, WHILE_HELD):
        assert len({evidence for _, evidence, _, _ in table}) == len(table)
