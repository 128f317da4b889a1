"""What turn latency to expect of real providers: computed by the floor's formula, not measured. Pure.

Counted from the end of the caller's voice, the last word ending with it. On top of the floor come what the service
takes for itself, and what its rules do not allow earlier: a decision waits for the transcript that was asked for, and
thoughts that may go on are prepared so long before their turn would end, not at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from telephony.core.policy import TurnTaking
from tests.bench.latency.floor import Drawn

TAIL_MS = 40
"""From the end of the voice to the detector's last window of it (median of `scripts/bench latency`)."""
OWN_MS = 30
"""What the service takes for itself (median of the same)."""


@dataclass(frozen=True, slots=True)
class Real:
    """A set of providers: a final transcript after its commit, and the rest as in `Drawn`."""

    final_ms: int
    drawn: Drawn


QUICK = Real(250, Drawn(partial_ms=150, first_token_ms=375, sentence_ms=70, first_byte_ms=150))
SLOW = Real(380, Drawn(partial_ms=150, first_token_ms=375, sentence_ms=70, first_byte_ms=200))
"""Partials after 150 ms and finals after 250-380 ms (ElevenLabs Scribe v2 realtime), a small model's first token after
375 ms and five words at 60 a second, first audio after 150-200 ms (eleven_flash_v2_5)."""


def expected(wait_ms: int, real: Real, rules: TurnTaking) -> int:
    """Turn latency in ms after a thought for which `rules` wait so long."""
    drawn, speculate = real.drawn, rules.speculate
    committed = max(rules.commit_after_ms, wait_ms - rules.commit_lead_ms)
    decision = TAIL_MS + max(wait_ms, committed + real.final_ms)
    lead = 0 if wait_ms <= rules.likely_ms else wait_ms - rules.speculate_lead_ms
    trial = max(drawn.partial_ms, TAIL_MS + max(rules.speculate_after_ms, lead))
    thought = (decision if speculate == "off" else min(trial, decision)) + drawn.thought_ms
    spoken_from = thought if speculate == "speech" else max(thought, decision)
    return max(decision, spoken_from + drawn.first_byte_ms) + OWN_MS


def rows(rules: TurnTaking) -> list[tuple[str, str, str, str]]:
    """(after what, the rule's wait, from - to with replies prepared ahead, from - to without), as text."""
    kinds = {
        "a finished thought": rules.finished_ms,
        "a request, an answer of several words": rules.likely_ms,
        "a statement that may go on": rules.open_ms,
        "words that cannot be the end": rules.trailing_ms,
    }
    plain = replace(rules, speculate="off")
    return [
        (kind, f"{wait:,}", *(_range(expected(wait, QUICK, r), expected(wait, SLOW, r)) for r in (rules, plain)))  # type: ignore[misc]  # two of them
        for kind, wait in kinds.items()
    ]


def _range(low: int, high: int) -> str:
    """To tens: nobody knows them better."""
    low, high = round(low, -1), round(high, -1)
    return f"{low:,}" if low == high else f"{low:,}-{high:,}"


def markdown(rules: TurnTaking) -> str:
    """The README's table."""
    head = ("after", "the rule waits", "answer, prepared ahead", "answer, not prepared")
    lines = [head, ("---",) * len(head), *rows(rules)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
