"""The turn latency to expect of real providers: computed by the floor's formula, not measured. Pure.

It counts from the end of the caller's voice, which is taken to be the end of the last word. Two things are added to the
floor: the time that the service itself takes, and delays due to its rules. A decision waits for the final transcript
once that was requested, and the reply to a thought that is not surely whole is not prepared at once, but a fixed lead
before the decision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from telephony.core.policy import TurnTaking
from telephony.core.turn_taking.judgement import wait_ms as judged_ms
from telephony.core.turn_taking.weights import WAITS
from tests.bench.latency.floor import Drawn

TAIL_MS = 40
"""From the end of the voice to the end of the last voiced window (median of `scripts/bench latency`)."""
FINISHED_FROM = WAITS[3][0]
"""From this score on the words look complete (`EndpointReason.FINISHED`)."""
OWN_MS = 30
"""The time that the service itself takes (median of the same)."""


@dataclass(frozen=True, slots=True)
class Real:
    """The latencies of a set of providers: `final_ms` from commit to final transcript, the rest as in `Drawn`."""

    final_ms: int
    drawn: Drawn


QUICK = Real(250, Drawn(partial_ms=150, first_token_ms=375, sentence_ms=70, first_byte_ms=150))
SLOW = Real(380, Drawn(partial_ms=150, first_token_ms=375, sentence_ms=70, first_byte_ms=200))
"""Partials after 150 ms and finals after 250-380 ms (ElevenLabs Scribe v2 realtime), a small model's first token after
375 ms and five words at 60 a second, first audio after 150-200 ms (eleven_flash_v2_5)."""


def expected(wait_ms: int, real: Real, rules: TurnTaking) -> int:
    """The turn latency in ms after words for which `rules` wait `wait_ms`."""
    drawn, speculate = real.drawn, rules.speculate
    committed = max(rules.tuning.commit_after_ms, wait_ms - rules.tuning.commit_lead_ms)
    decision = TAIL_MS + max(wait_ms, committed + real.final_ms)
    lead = 0 if wait_ms <= judged_ms(FINISHED_FROM, rules) else wait_ms - rules.tuning.speculate_lead_ms
    speculation = max(drawn.partial_ms, TAIL_MS + max(rules.tuning.speculate_after_ms, lead))
    written = (decision if speculate == "off" else min(speculation, decision)) + drawn.text_ms
    spoken_from = written if speculate == "speech" else max(written, decision)
    return max(decision, spoken_from + drawn.first_byte_ms) + OWN_MS


def rows(rules: TurnTaking) -> list[tuple[str, str, str, str]]:
    """(which wait it is, its length, latency with replies prepared ahead, latency without), as text."""
    shortest, longest = rules.shortest_wait_ms, rules.longest_wait_ms
    kinds = {
        "the shortest: an entry that is complete": shortest,
        "a tenth of the way to the longest": shortest + (longest - shortest) // 10,
        "a third": shortest + (longest - shortest) // 3,
        "two thirds": shortest + (longest - shortest) * 2 // 3,
        "the longest: words that cannot be the end": longest,
    }
    plain = replace(rules, speculate="off")
    return [
        (kind, f"{wait:,}", *(_range(expected(wait, QUICK, r), expected(wait, SLOW, r)) for r in (rules, plain)))  # type: ignore[misc]  # two of them
        for kind, wait in kinds.items()
    ]


def _range(low: int, high: int) -> str:
    """A range, rounded to tens: the latencies are not known better."""
    low, high = round(low, -1), round(high, -1)
    return f"{low:,}" if low == high else f"{low:,}-{high:,}"


def markdown(rules: TurnTaking) -> str:
    """The table in the README."""
    head = ("the wait", "ms", "answer, prepared ahead", "answer, not prepared")
    lines = [head, ("---",) * len(head), *rows(rules)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
