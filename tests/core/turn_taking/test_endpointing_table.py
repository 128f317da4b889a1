"""The decision table of endpointing: what was asked, what was said, the silence that then ends the turn, and why.

The waits are the defaults in milliseconds, written out: changing a setting of `TurnTaking` or a clause of the rule
changes rows here. What each word does is the language's data. The length of dictated entries is tested in
`test_dictation.py`, and the clauses of complete text one by one in `test_completeness.py`.
"""

from __future__ import annotations

import pytest

from telephony.core.language.registry import language_for
from telephony.core.policy import EntryKind, Expects, TurnTaking
from telephony.core.turn_taking.endpointing import Endpointing, Wait
from telephony.core.turn_taking.judgement import Evidence
from telephony.core.turn_taking.question import AnswerContext

ENGLISH = language_for("en")


def shown(wait: Wait) -> tuple[int, str]:
    """A wait as the tables have it."""
    return wait.ms, str(wait)


HELLO = "Hello, how can I help you?"
DAY = "Which day is best?"
OFFER = "Would you like me to book that?"
PHONE = "What's your phone number?"
CARD = "What are the last four digits of your card?"
CODE = "What is your order number?"
POSTCODE = "What is your postcode?"
SPELL = "Could you spell your last name for me?"
MAIL = "What is your e-mail address?"
BIRTH = "What is your date of birth?"
PAY = "How much would you like to pay?"
HOME = "What is your address?"

Row = tuple[str, str, int, str]
"""(what the agent said last, what the caller said, the wait in ms, its reason)"""

UNHEARD: list[Row] = [
    ("", "", 700, "unheard"),
    ("", "...", 700, "unheard"),
    (HELLO, "", 700, "unheard"),
    (PHONE, "", 700, "unheard"),
]

DIGITS: list[Row] = [
    # After a question for digits: from the first on; the more there are, the shorter the wait.
    (PHONE, "5", 1_100, "digits under way"),
    (PHONE, "it's one", 1_100, "digits under way"),
    (PHONE, "sixty five", 1_100, "digits under way"),
    (PHONE, "5550", 1_100, "digits under way"),
    (PHONE, "55501", 1_047, "digits under way"),
    (PHONE, "555012", 994, "digits under way"),
    (PHONE, "5550123", 940, "digits under way"),
    (PHONE, "55501234", 940, "digits under way"),
    (PHONE, "555 012 345", 940, "digits under way"),
    (PHONE, "555 012 3456", 380, "digits complete"),
    (PHONE, "0555 012 345", 940, "digits under way"),
    (PHONE, "0555 012 3456", 380, "digits complete"),
    (PHONE, "+44 555 012 345", 940, "digits under way"),
    (PHONE, "+44 555 012 3456", 380, "digits complete"),
    (PHONE, "555-0123", 380, "digits complete"),
    # A known length is complete at its last symbol, and never nearly complete before.
    (CARD, "1 2 3", 1_100, "digits under way"),
    (CARD, "1 2 3 4", 380, "digits complete"),
    ("What is your card number?", "4111 1111 1111 111", 1_100, "code under way"),
    ("What is your card number?", "4111 1111 1111 1111", 380, "code complete"),
    # Text that announces digits without giving any, and text that is no answer.
    (PHONE, "sure", 1_100, "digits under way"),
    (PHONE, "yes of course", 1_100, "digits under way"),
    # Unasked: announced by the caller, three symbols by themselves, or one long figure.
    ("", "my number is 555", 1_100, "digits under way"),
    ("", "one two three", 1_100, "digits under way"),
    ("", "12345", 1_047, "digits under way"),
]

CODES_AND_SPELLINGS: list[Row] = [
    (CODE, "A B", 1_100, "code under way"),
    (CODE, "A B as in Bravo", 1_100, "code under way"),
    (CODE, "seven seven dash", 1_100, "code under way"),
    (CODE, "A1B2C3D", 940, "code under way"),
    (POSTCODE, "SW1A", 1_100, "code under way"),
    (POSTCODE, "SW1A 1AA", 380, "code complete"),
    (SPELL, "S-M-I-T", 1_100, "spelling under way"),
    (SPELL, "S-M-I-T-H", 1_047, "spelling under way"),
    (SPELL, "Smith S M I T", 1_100, "spelling under way"),
    (SPELL, "Smith S M I T H", 380, "spelling complete"),
    ("", "the code is A B", 1_100, "code under way"),
]

MAILS: list[Row] = [
    (MAIL, "john", 1_100, "email under way"),
    (MAIL, "john at example", 1_100, "email under way"),
    (MAIL, "john at example dot co", 1_047, "email under way"),
    (MAIL, "john at example dot com", 380, "email complete"),
    (MAIL, "john.smith@example.co", 1_100, "email under way"),
    (MAIL, "john.smith@example.co.uk", 380, "email complete"),
    ("", "john dot smith", 1_100, "email under way"),
    ("", "john@example.com", 380, "email complete"),
]

DATES_AND_AMOUNTS: list[Row] = [
    (BIRTH, "the fourth", 1_100, "date under way"),
    (BIRTH, "the fourth of March nineteen", 1_100, "date under way"),
    (BIRTH, "the fourth of March nineteen eighty-five", 380, "date complete"),
    (BIRTH, "3/4/85", 380, "date complete"),
    (PAY, "two thousand", 1_100, "amount under way"),
    (PAY, "forty", 840, "amount nearly complete"),
    (PAY, "forty dollars", 840, "amount nearly complete"),
    (PAY, "forty dollars and fifty cents", 380, "amount complete"),
    (PAY, "$40.50", 380, "amount complete"),
]

ADDRESSES: list[Row] = [
    (HOME, "twelve", 1_100, "address under way"),
    (HOME, "12 oak", 1_100, "address under way"),
    (HOME, "12 oak street", 940, "address nearly complete"),
    (HOME, "12 oak street flat 3", 1_047, "address under way"),
    (HOME, "the red house", 1_100, "address under way"),
    ("", "my address is 12 oak street", 940, "address nearly complete"),
]

TABLE = UNHEARD + DIGITS + CODES_AND_SPELLINGS + MAILS + DATES_AND_AMOUNTS + ADDRESSES


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (PHONE, "I don't have one"),
        (PHONE, "why do you need that"),
        (MAIL, "I don't have one"),
        (BIRTH, "I would rather not say"),
        (HOME, "I don't know"),
        ("", "one two"),
        ("", "1234"),
        ("", "we meet at 10:30"),
        (CODE, "let me check"),
        (CODE, "A as in"),
    ],
)
def test_what_is_no_entry_is_judged_by_its_words(asked: str, said: str) -> None:
    """Text that is no answer, and too few symbols."""
    wait = Endpointing(TurnTaking(), ENGLISH).wait(Evidence(said, AnswerContext.after(asked, (), ENGLISH)))
    assert (wait.entry, wait.score is None) == (EntryKind.NONE, False)


@pytest.mark.parametrize(("asked", "said", "ms", "why"), TABLE)
def test_the_wait_after_words(asked: str, said: str, ms: int, why: str) -> None:
    """The wait depends on the agent's question and the caller's words."""
    assert shown(Endpointing(TurnTaking(), ENGLISH).wait(Evidence(said, AnswerContext.after(asked, (), ENGLISH)))) == (
        ms,
        why,
    )


# --- a language without data ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "said", "ms", "why"),
    [
        ("", "", 700, "unheard"),
        ("", "oui", 640, "silence"),
        ("", "um and", 640, "silence"),
        ("Quel est votre nom ?", "Dupont", 640, "silence"),
        ("", "quelle heure est-il ?", 640, "silence"),
        ("", "06 12", 1_100, "digits under way"),  # digits need no language data
        ("", "jean@exemple.fr", 380, "email complete"),
        ("Quel est votre numéro ?", "06 12 34", 1_100, "digits under way"),
        ("Quel est votre numéro ?", "06 12 34 56", 380, "digits complete"),
    ],
)
def test_the_wait_without_data(asked: str, said: str, ms: int, why: str) -> None:
    """Silence alone decides, except for entries that need no words."""
    french, declared = language_for("fr"), (Expects("numéro", "digits", length=8),)
    assert shown(
        Endpointing(TurnTaking(), french).wait(Evidence(said, AnswerContext.after(asked, declared, french)))
    ) == (
        ms,
        why,
    )


# --- what this caller's pauses add ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pauses", "said", "ms"),
    [
        ((), "my number is 555", 1_100),
        ((5_000,), "my number is 555", 1_100),  # one alone does not count
        ((5_000, 199), "my number is 555", 1_100),  # under 200 ms it is no pause
        ((951, 951), "my number is 555", 1_100),
        ((952, 952), "my number is 555", 1_101),  # half of what the wait lacks to the pause and 150 ms
        ((5_000, 952), "my number is 555", 1_101),  # the second longest counts
        ((952, 5_000), "my number is 555", 1_101),
        ((952, 700, 5_000), "my number is 555", 1_101),
        ((1_349, 1_349), "my number is 555", 1_299),
        ((1_350, 1_350), "my number is 555", 1_300),
        ((5_000, 5_000), "my number is 555", 1_300),  # bounded
        # Six are remembered.
        ((1_150, 1_150, 300, 300, 300, 300), "my number is 555", 1_200),
        ((1_150, 1_150, 300, 300, 300, 300, 300), "my number is 555", 1_100),
        ((1_150, 1_150), "my address is 12 oak street", 1_120),
        ((5_000, 5_000), "john@example.com", 380),
        ((5_000, 5_000), "", 700),
    ],
)
def test_the_wait_for_a_caller_who_pauses(pauses: tuple[int, ...], said: str, ms: int) -> None:
    """The allowance is learned from earlier pauses and applies to text that may continue."""
    endpointing = Endpointing(TurnTaking(), ENGLISH)
    for pause in pauses:
        endpointing.paused(pause)
    assert endpointing.wait(Evidence(said)).ms == ms


def test_pauses_count_for_more_the_less_sure_the_end_is() -> None:
    """They hardly move the wait for a whole thought, and never move it beyond the longest."""
    usual, patient = Endpointing(TurnTaking(), ENGLISH), Endpointing(TurnTaking(), ENGLISH)
    for _ in range(2):
        patient.paused(1_200)
    added = []
    for said in ("what are your opening hours", "I'd like to cancel my subscription"):
        before, now = usual.wait(Evidence(said)), patient.wait(Evidence(said))
        assert now.pause_allowance_ms == now.ms - before.ms
        added.append(now.pause_allowance_ms)
    assert 0 < added[0] < added[1]
    for _ in range(2):
        patient.paused(5_000)
    for said in ("we liked the old window seat", "my number is", "um"):
        assert patient.wait(Evidence(said)).ms <= TurnTaking().longest_wait_ms


def test_new_evidence_changes_the_wait() -> None:
    """Other words, another question or another pause each change a wait that was already computed."""
    endpointing, asked = Endpointing(TurnTaking(), ENGLISH), AnswerContext(answering=True)
    waits = [
        endpointing.wait(Evidence(said, context)).ms
        for said, context in (
            ("tomorrow at nine", asked),
            ("tomorrow at nine", AnswerContext()),
            ("tomorrow at nine and", AnswerContext()),
        )
    ]
    assert waits == sorted(set(waits))
    for _ in range(2):
        assert endpointing.wait(Evidence("tomorrow at nine")).ms == waits[1]
        endpointing.paused(1_200)
    assert endpointing.wait(Evidence("tomorrow at nine")).ms > waits[1]


def test_the_wait_for_the_same_words_is_cached() -> None:
    """The wait is read in every frame of a silence. A gap under 200 ms does not clear the cached result."""
    endpointing = Endpointing(TurnTaking(), ENGLISH)
    first = endpointing.wait(Evidence("tomorrow at nine"))
    endpointing.paused(199)
    assert endpointing.wait(Evidence("tomorrow at nine")) is first
    endpointing.paused(200)
    assert endpointing.wait(Evidence("tomorrow at nine")) is not first


# --- a question with waits of its own -------------------------------------------------------------------------------

OWN = TurnTaking().tuned(
    shortest_wait_ms=1,
    likely_ms=2_000,
    open_ms=3_000,
    longest_wait_ms=5_000,
    entry_ms=7_000,
    unheard_ms=11,
    silence_ms=13,
)
HASTY = OWN.tuned(entry_ms=1_000)
MIXED = OWN.tuned(entry_ms=2_500)


@pytest.mark.parametrize(
    ("own", "kind", "said", "ms", "why"),
    [
        (OWN, "", "", 11, "unheard"),
        (OWN, "digits", "555", 7_000, "digits under way"),
        (OWN, "digits", "55501", 5_667, "digits under way"),
        (OWN, "digits", "5550123", 3_000, "digits under way"),
        (OWN, "digits", "555 012 3456", 1, "digits complete"),
        (OWN, "amount", "forty", 2_000, "amount nearly complete"),
        (OWN, "address", "12 oak street", 3_000, "address nearly complete"),
        # The wait for a nearly complete entry is never longer than for an unfinished one.
        (HASTY, "digits", "5550123", 1_000, "digits under way"),
        (HASTY, "amount", "forty", 1_000, "amount nearly complete"),
        (HASTY, "address", "12 oak street", 1_000, "address nearly complete"),
        (MIXED, "amount", "forty", 2_000, "amount nearly complete"),
        (MIXED, "address", "12 oak street", 2_500, "address nearly complete"),
    ],
)
def test_the_wait_after_a_question_with_its_own(own: TurnTaking, kind: str, said: str, ms: int, why: str) -> None:
    """`Expects.turn_taking` applies to the answer to this question only."""
    declared = (Expects("magic word", kind, turn_taking=own),)
    endpointing = Endpointing(TurnTaking(), ENGLISH)
    assert shown(
        endpointing.wait(Evidence(said, AnswerContext.after("What is the magic word?", declared, ENGLISH)))
    ) == (ms, why)
    other = Evidence("that depends", AnswerContext.after("Well.", declared, ENGLISH))
    assert endpointing.wait(other) == Endpointing(TurnTaking(), ENGLISH).wait(other)


@pytest.mark.parametrize("said", ["my number is", "tomorrow at nine", "what are your opening hours", "that depends"])
def test_words_are_judged_between_the_shortest_and_the_longest_wait(said: str) -> None:
    """Of the call, or of the question: at the same place for any rules."""
    usual = Endpointing(TurnTaking(), ENGLISH).wait(Evidence(said))
    own = Endpointing(TurnTaking(shortest_wait_ms=0, longest_wait_ms=9_200), ENGLISH).wait(Evidence(said))
    assert abs(own.ms - 10 * (usual.ms - 380)) <= 10
    assert (own.score, own.why) == (usual.score, usual.why)


# --- presets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "waits", "commit_after_ms"),
    [
        ("eager", (285, 630, 705, 975, 825, 525, 480), 200),
        ("balanced", (380, 840, 940, 1_300, 1_100, 700, 640), 200),
        ("patient", (570, 1_260, 1_410, 1_950, 1_650, 1_050, 960), 200),
    ],
)
def test_presets(preset: str, waits: tuple[int, ...], commit_after_ms: int) -> None:
    """The waits for finished, likely, open, trailing, entry, unheard and silence."""
    rules = TurnTaking.preset(preset)
    found = (rules.shortest_wait_ms, rules.likely_ms, rules.open_ms, rules.longest_wait_ms, rules.entry_ms)
    assert (*found, rules.unheard_ms, rules.silence_ms) == waits
    assert rules.tuning.commit_after_ms == commit_after_ms


def test_the_commit_never_comes_after_the_shortest_wait() -> None:
    """When the waits are scaled far down, the commit comes sooner too."""
    assert TurnTaking().scaled(500).tuning.commit_after_ms == 190
    assert TurnTaking().scaled(999).shortest_wait_ms == 379
    assert TurnTaking().scaled(500).tuning.pause_allowance_ms == 400


@pytest.mark.parametrize("said", ["", "yes", "my number is", "my number is 555", "that depends", "I'd like a table"])
def test_the_plain_rule_waits_the_same_whatever_was_said(said: str) -> None:
    """The plain rule, meant for comparison, waits for silence alone and ignores earlier pauses."""
    plain = TurnTaking.plain(500)
    endpointing = Endpointing(plain, ENGLISH)
    for _ in range(2):
        endpointing.paused(5_000)
    assert endpointing.wait(Evidence(said, AnswerContext())).ms == 500
    assert (plain.tuning.commit_after_ms, plain.tuning.commit_lead_ms) == (240, 500)
    assert TurnTaking.plain(100).tuning.commit_after_ms == 100
