"""How much silence ends a turn: graded by what was said, what was asked, and how this caller pauses.

This file is the rule, and all of it: change it here. The waits are `TurnTaking`'s, the words are `language.py`'s.

    entry      digits, a code, a spelling, an e-mail or street address is under way     entry_ms, less as it fills
    trailing   the last words cannot end a thought ("and", "um", "my number is")        trailing_ms
    finished   a whole question, a short answer to one, "please", "that's all"          finished_ms
    likely     a request with its object, an answer of several words                    likely_ms
    open       a statement that may go on                                               open_ms
    unheard    voice, and nothing transcribed yet                                       unheard_ms
    silence    a language without data                                                  silence_ms

What a caller pauses inside a thought is learned during the call, and lengthens the waits for thoughts that may go on,
up to a bound. Nothing here is a cliff: each wait is bounded, and the next word starts the judgement anew.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass

from telephony.call.language import Language
from telephony.call.policy import Expects, TurnTaking
from telephony.call.words import backchannel, ends_with, words

PAUSE_MS = 200
"""A gap in the voice from here on is a pause; shorter ones are part of speaking."""
PAUSES = 6
"""So many of the caller's latest pauses are remembered."""
SHORT_ANSWER_WORDS = 4
SHORT_STATEMENT_WORDS = 7
QUESTION_CHARS = 200
"""What the agent asks for is in its last words."""
FULL_NUMBER = 10
"""Digits of a telephone number with its area code. With so many an entry is complete, if nobody said how many."""
LONG_ENTRY = 6
"""A code of so many symbols may well be complete."""
TIME_OF_DAY = re.compile(r"\b\d{1,2}[:.]\d\d\b")


NOTHING_EXPECTED = Expects()


@dataclass(frozen=True, slots=True)
class Situation:
    """What the caller's words reply to: whether the agent has just asked something, and for what."""

    answering: bool = False
    expects: Expects = NOTHING_EXPECTED


@dataclass(frozen=True, slots=True)
class Wait:
    """So much silence ends the turn, and why."""

    ms: int
    why: str


class Endpointing:
    """See the module text. Remembers the caller's pauses, and nothing else of the call."""

    def __init__(self, rules: TurnTaking, language: Language) -> None:
        self._rules = rules
        self._language = language
        self._pauses: deque[int] = deque(maxlen=PAUSES)
        self._last: tuple[str, Situation, Wait] | None = None

    def paused(self, ms: int) -> None:
        """The caller went on after `ms` of silence: it was a pause, not the end."""
        if ms >= PAUSE_MS:
            self._pauses.append(ms)
            self._last = None

    @property
    def patience_ms(self) -> int:
        """How much longer this caller is waited for than others. The second longest pause: one alone may be chance."""
        if len(self._pauses) < 2:
            return 0
        usual = sorted(self._pauses)[-2] + self._rules.pause_margin_ms
        return max(0, min(usual - self._rules.open_ms, self._rules.patience_ms))

    def wait(self, text: str, situation: Situation) -> Wait:
        """How long to wait after `text`, said in `situation`."""
        if self._last is None or self._last[:2] != (text, situation):
            self._last = (text, situation, self._judge(text, situation))
        return self._last[2]

    def rules(self, situation: Situation) -> TurnTaking:
        """The waits that hold now: a question may have its own."""
        return situation.expects.turn_taking or self._rules

    # --- the rule -------------------------------------------------------------------------------------------------

    def _judge(self, text: str, situation: Situation) -> Wait:
        rules, language = self.rules(situation), self._language
        found = words(text)
        if not found:
            return Wait(rules.unheard_ms, "unheard")
        if not language.known:
            return Wait(rules.silence_ms, "silence")
        if (entry := entry_under_way(text, found, situation, language)) is not None:
            return self._entry(entry, rules)
        if _trails(text, found, language):
            return Wait(rules.trailing_ms, "trailing")
        if finished(text, found, situation, language):
            return Wait(rules.finished_ms, "finished")
        if situation.answering or _requests(found, language) or _names_a_time(found, language):
            return Wait(rules.likely_ms + self.patience_ms // 2, "likely")
        return Wait(rules.open_ms + self.patience_ms, "open")

    def _entry(self, entry: Entry, rules: TurnTaking) -> Wait:
        if entry.complete:
            return Wait(rules.finished_ms, f"{entry.kind} complete")
        if not entry.length and entry.symbols >= LONG_ENTRY:
            return Wait(
                max(rules.open_ms, (rules.open_ms + rules.entry_ms) // 2) + self.patience_ms // 2, f"{entry.kind} long"
            )
        return Wait(rules.entry_ms + self.patience_ms // 2, f"{entry.kind} under way")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry at the end of the words: `symbols` of it so far, of `length` if that is known."""

    kind: str
    symbols: int
    length: int = 0
    complete: bool = False


def entry_under_way(text: str, found: list[str], situation: Situation, language: Language) -> Entry | None:
    """The entry that the words end with, or None."""
    expects = situation.expects if situation.expects.kind else announced(text, language)
    if (email := _email(text, found, expects, language)) is not None:
        return email
    symbols, plain = _symbols(TIME_OF_DAY.sub(" x ", text), language)
    wanted = expects.kind in ("digits", "code", "spelling")
    if symbols >= (1 if wanted else 3) and not (plain and not wanted and symbols < 5):
        full = symbols >= (expects.length or (FULL_NUMBER if expects.kind != "spelling" else 1_000))
        return Entry(expects.kind if wanted else "digits", symbols, expects.length, full)
    if expects.kind == "address" and len(found) >= 2 and any(char.isdigit() for char in text) and len(found) <= 5:
        return Entry("address", len(found))
    return None


def asked_for(said: str, declared: tuple[Expects, ...], language: Language) -> Expects:
    """What the agent's last words ask for: what it declares, or else what the language knows."""
    last = said[-QUESTION_CHARS:].lower()
    return next((expects for expects in declared if expects.phrase.lower() in last), announced(last, language))


def announced(text: str, language: Language) -> Expects:
    """What the speaker says to be about to give or to ask for, by the language's phrases."""
    lowered = text.lower()
    return next((Expects(phrase, kind) for phrase, kind in language.expects if phrase in lowered), NOTHING_EXPECTED)


def _email(text: str, found: list[str], expects: Expects, language: Language) -> Entry | None:
    """An address is under way if one is expected, or when it sounds like one: "john dot smith", "john at"."""
    has_at = "@" in text or any(word in language.at_sign for word in found)
    dotted = any(word in language.dot for word in found[-4:-1])
    if expects.kind != "email" and "@" not in text and not dotted:
        return None
    complete = has_at and found[-1] in language.domains and (dotted or "@" in text)
    return Entry("email", len(found), complete=complete)


def _symbols(text: str, language: Language) -> tuple[int, bool]:
    """(how many digits and single letters the words end with, whether they are one figure alone)."""
    repeats, count, tokens = dict(language.repeats), 0, 0
    for word in reversed(words(text)):
        if word in language.digits or (len(word) == 1 and word.isalnum()):
            count += 1
        elif word.replace("-", "").isdigit():
            count += len(word.replace("-", ""))
        elif word in repeats:
            count += repeats[word] - 1
        elif word not in language.dot and word not in ("dash", "hyphen", "slash"):
            break
        tokens += 1
    return count, tokens == 1


def _trails(text: str, found: list[str], language: Language) -> bool:
    if text.rstrip().endswith((",", "...", "…", "-", "–", "—", ":")):
        return True
    if ends_with(found, language.closing_phrases) or (len(found) == 1 and found[0] in language.answers):
        return False
    if ends_with(found, language.trailing_phrases):
        return True
    return found[-1] in language.trailing or found[-1] in language.fillers


def finished(text: str, found: list[str], situation: Situation, language: Language) -> bool:
    """A thought that needs nothing more. The words do not trail."""
    if text.rstrip().endswith("?") or found[-1] in language.closers or ends_with(found, language.closing_phrases):
        return True
    if all(word in language.answers for word in found) or backchannel(text, language):
        return True
    if situation.answering and len(found) <= SHORT_ANSWER_WORDS:
        return True
    return _is_question(found, language)


def _is_question(found: list[str], language: Language) -> bool:
    """Begins as a question, or holds one, and says what it asks for: three words, or two after the phrase."""
    if _begins(found, language.questions, language):
        return True
    return _holds(found, language.question_phrases, after=2)


def _names_a_time(found: list[str], language: Language) -> bool:
    """In few words: in a story a time ends a sentence, not the turn."""
    return len(found) <= SHORT_STATEMENT_WORDS and found[-1] in language.times


def _requests(found: list[str], language: Language) -> bool:
    return _begins(found, language.commands, language) or _holds(found, language.requests, after=2)


def _begins(found: list[str], firsts: frozenset[str], language: Language) -> bool:
    """Three words or more, the first of them one of these, after words that say nothing."""
    at = next((i for i, word in enumerate(found) if word not in language.openers), len(found))
    return len(found) - at >= 3 and found[at] in firsts


def _holds(found: list[str], phrases: frozenset[tuple[str, ...]], after: int) -> bool:
    """One of the phrases occurs, with at least `after` words behind it."""
    sizes = {len(phrase) for phrase in phrases}
    return any(
        tuple(found[at : at + size]) in phrases and len(found) - at - size >= after
        for at in range(len(found))
        for size in sizes
    )
