"""How sure it is that the caller is done: integer log-odds, from all that is known together.

    features    what is true of the evidence, by name: the words' class, the last words, the mark at the end, ...
    score       the sum of the weights of these (`weights.py`), in tenths of a nat: at +10 the odds are e to 1
    wait_ms     from the score to the silence that ends the turn, between the shortest and the longest wait

No single feature decides, so that a misheard word or a wrong mark moves the wait a little and does not turn it over.
Words are looked at only through the language's data, by shape and for equality. A language without data has no score.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from telephony.core.decisions import EndpointReason, ModelSays
from telephony.core.language.language import Language
from telephony.core.language.words import backchannel, ends_with, words
from telephony.core.language.words import thought as thought_of
from telephony.core.policy import TurnTaking
from telephony.core.turn_taking.completeness import (
    finished,
    greets,
    holds,
    leaves_open,
    likely,
    long_statement,
    stranded,
    trails,
)
from telephony.core.turn_taking.question import AnswerContext
from telephony.core.turn_taking.weights import DONE, WAITS, WEIGHTS

LONG_THOUGHT, LONG_ANSWER = 12, 6
"""Thoughts and answers of at least so many words are not told apart by their length. A weight "from 5" is what the
fifth word adds, so that a word that is dropped does not count for much."""
NODS = 3
"""A "yes" with at most so many words may be only its beginning: "yes but"."""
MOST = 3
"""Verbs and phrases are counted up to this."""
_MARK = re.compile(r"[.?!,]$")
_INNER_MARK = re.compile(r"[.?!,]\s")
_GOING_ON = ("...", "…")


MODEL_SAYS: Mapping[ModelSays, int] = {ModelSays.UNFINISHED: -40, ModelSays.FINISHED: 26}
"""The weights of what a model says that is right in 93 of 100 cases: 26. Where it says that the caller has not
finished, more: short answers score higher than they are sure."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that tells whether the caller is done. `text`: the words; `context`: what they reply to; `final`: the STT
    has confirmed them, so that they have punctuation; `model`: what the model says; `voice`: what the end of the voice
    tells, in tenths of a nat of log-odds, 0 if nothing is known."""

    text: str = ""
    context: AnswerContext = field(default_factory=AnswerContext)
    final: bool = False
    model: ModelSays = ModelSays.NOTHING
    voice: int = 0


def features(evidence: Evidence, language: Language) -> list[str]:
    """What is true of the evidence; it has at least one word."""
    text, context = evidence.text, evidence.context
    found = words(text)
    if context.answering and len(found) == 1 and found[0] in language.number_sounds:
        text, found = next(iter(language.numerals)), [next(iter(language.numerals))]
    thought = thought_of(found, language)
    kind = _kind(text, context, language)
    last = "stranded" if stranded(found, language) else _part(found[-1], language)
    asked = "answer " if context.answering else ""
    size = min(len(thought), LONG_ANSWER if asked else LONG_THOUGHT)
    true = [
        kind,
        f"{asked or 'unasked '}{kind}",
        *(f"{asked}{kind} from {n}" for n in range(2, size + 1)),
        f"last {last}",
    ]
    if len(found) > 1:
        true.append(f"before {_part(found[-2], language)}")
    if asked:
        true += [f"polar {kind}"] * context.polar + ["answer dictated"] * bool(context.expects.kind)
    if all(word in language.answers for word in found) or backchannel(text, language):
        true.append("sure answer" if asked else "greeting" if context.invited else "murmur")
    if found[-1] in language.closers or ends_with(found, language.closing_phrases):
        true.append("closes")
    if mark := _MARK.search(text.rstrip()):
        true.append(f"ends {mark.group()}")
    elif evidence.final:
        true.append("ends unmarked")
    if _INNER_MARK.search(text):
        true.append("phrase before")
    helping = sum(word in language.auxiliaries or "'" in word for word in found)
    true.append(f"auxiliaries {min(helping, MOST)}")
    true.append(f"verbs {min(sum(word in language.verbs for word in found), MOST)}")
    if thought and (thought[0] in language.pronouns or "'" in thought[0]):
        true.append("subject first")
    if asked and 1 < len(found) <= NODS and found[0] in language.answers:
        true.append("yes first")
    if any(word.isdigit() or word in language.numerals or word in language.weekdays for word in found):
        true.append(f"{asked}has a number")
    if any(word in language.subordinators or word in language.fronting for word in thought[2:]):
        true.append("clause within")
    first = thought[0].split("'")[0] if thought else ""
    if len(thought) > 1 and (first in language.subordinators or first in language.fronting):
        true.append("clause first" if thought[1] in language.pronouns else "asked first")  # "what you need", "what is"
    return true


def weighed(evidence: Evidence, language: Language) -> dict[str, int]:
    """What speaks for an end, and against it, in tenths of a nat."""
    found = {name: weight for name in features(evidence, language) if (weight := WEIGHTS.get(name, 0))}
    others = {f"model {evidence.model}": MODEL_SAYS.get(evidence.model, 0), "voice": evidence.voice}
    return {"done": DONE, **found, **{name: weight for name, weight in others.items() if weight}}


def wait_ms(score: int, rules: TurnTaking) -> int:
    """The silence that ends the turn, on straight lines between the points of `WAITS`."""
    least, most = rules.shortest_wait_ms, rules.longest_wait_ms
    points = [(at, least + (most - least) * share // 1_000) for at, share in WAITS]
    for (low, longer), (high, shorter) in pairwise(points):
        if score < high:
            return longer - (longer - shorter) * max(0, score - low) // (high - low)
    return points[-1][1]


def reason(score: int) -> EndpointReason:
    """The score in a word: where it lies among the points of `WAITS`."""
    lows = (WAITS[1][0], WAITS[2][0], WAITS[3][0])
    names = (EndpointReason.TRAILING, EndpointReason.OPEN, EndpointReason.LIKELY, EndpointReason.FINISHED)
    return names[sum(score >= low for low in lows)]


def _kind(text: str, context: AnswerContext, language: Language) -> str:
    """The class of the words by themselves: the mark at the end is the recogniser's, and judged apart. Dots are none of
    its sentence marks."""
    bare = text if text.rstrip().endswith(_GOING_ON) else text.rstrip(" .?!,")
    if holds(words(bare), language):
        return "holding"
    if trails(bare, context, language):
        return "trailing"
    if context.invited and greets(bare, language):
        return "greeting"
    if finished(bare, context, language):
        return "finished"
    if likely(bare, language):
        return "likely"
    if leaves_open(bare, language):
        return "details to come"
    return "told" if long_statement(bare, language) else "open"


def _part(word: str, language: Language) -> str:
    """The part of speech of a word, as far as the language's data tells; "letter" and "word" are all others."""
    for name, known in (
        ("filler", language.fillers),
        ("title", language.titles),
        ("indefinite", language.indefinites),
        ("pronoun", language.pronouns),
        ("determiner", language.determiners),
        ("preposition", language.prepositions),
        ("auxiliary", language.auxiliaries),
        ("conjunction", language.subordinators),
        ("trailing", language.trailing),
        ("number", language.numerals),
        ("weekday", language.weekdays),
        ("month", language.months),
        ("closer", language.closers),
        ("answer", language.answers),
        ("question end", language.question_ends),
        ("transitive", language.transitive),
        ("command", language.commands),
        ("verb", language.verbs),
        ("light", language.light),
        ("opener", language.openers),
    ):
        if word in known:
            return name
    if word.isdigit():
        return "number"
    return "letter" if len(word) == 1 else "word"
