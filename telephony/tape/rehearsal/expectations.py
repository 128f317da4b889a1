"""What a recorded call promises of the same caller's next one: the asserts of a saved test. Pure.

They hold for the call that they are taken from, and for a rehearsal in which the agent answers as fast, listens by the
same rules and runs the same tools.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from telephony.tape.timeline import Timeline

STEP_MS = 50
WAITS_DIFFER = 0.1
"""The share by which a wait may differ; the presets of turn-taking lie further apart."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """An expression about `call`, as a test asserts it, and the same as a function."""

    text: str
    holds: Callable[[Timeline], bool]


def outcome(then: Timeline) -> list[Expectation]:
    """How the call ended (if its end is on the tape), that nobody waited longer or was talked over for longer, and that
    the same tools ran."""
    ended, slowest, overlap = then.ended, _up(then.slowest_answer_ms), _up(then.longest_overlap_ms)
    found = [
        Expectation(f"call.slowest_answer_ms <= {slowest}", lambda call: call.slowest_answer_ms <= slowest),
        Expectation(f"call.longest_overlap_ms <= {overlap}", lambda call: call.longest_overlap_ms <= overlap),
        Expectation("call.remembered_unheard == []", lambda call: not call.remembered_unheard),
    ]
    if ended:
        found.insert(0, Expectation(f"call.ended == {json.dumps(ended)}", lambda call: call.ended == ended))
    return found + [_tool(name) for name in dict.fromkeys(tool.name for tool in then.tools if tool.ran)]


def listening(then: Timeline) -> list[Expectation]:
    """That the agent waits for the caller as it did, and answers into no further pause."""
    most, waits = len(then.cut_offs), then.waits_ms
    text = f"len(call.cut_offs) <= {most}" if most else "call.cut_offs == []"
    found = [Expectation(text, lambda call: len(call.cut_offs) <= most)]
    if waits:
        found.append(
            Expectation(
                f"call.waits_ms == pytest.approx({waits}, rel={WAITS_DIFFER})", lambda call: _alike(waits, call)
            )
        )
    return found


def _tool(name: str) -> Expectation:
    return Expectation(f"call.called({json.dumps(name)})", lambda call: call.called(name))


def _alike(waits: list[int], call: Timeline) -> bool:
    now = call.waits_ms
    return len(now) == len(waits) and all(
        abs(one - other) <= WAITS_DIFFER * other for one, other in zip(now, waits, strict=True)
    )


def _up(ms: int) -> int:
    return -(-ms // STEP_MS) * STEP_MS
