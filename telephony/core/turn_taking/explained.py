"""Decisions with the numbers behind them, for observers, tapes and tests."""

from __future__ import annotations

from typing import TypeVar

from telephony.core.decisions import BargeInReason, Interruption, TranscriptState, UtteranceOver
from telephony.core.listening.listening import Closed, Listening
from telephony.core.turn_taking.barge_in import Evidence

U = TypeVar("U", bound=UtteranceOver)
B = TypeVar("B", bound=Interruption)


def by_sound(kind: type[B], turn: int, why: BargeInReason, evidence: Evidence) -> B:
    """A decision by the caller's sound."""
    return kind(
        turn,
        why,
        voice_ms=evidence.voice_ms,
        burst_ms=evidence.burst_ms,
        silence_ms=evidence.silence_ms,
        words=len(evidence.text.split()),
    )


def over(kind: type[U], turn: int, closed: Closed, listening: Listening) -> U:
    """A decision about an utterance."""
    wait = closed.wait
    transcript: TranscriptState = ("final" if closed.complete else "partial") if closed.text else "none"
    return kind(
        turn,
        why=wait.why,
        wait_ms=wait.ms,
        silence_ms=closed.silence_ms,
        voice_ms=closed.voice_ms,
        pause_allowance_ms=wait.pause_allowance_ms,
        transcript=transcript,
        entry=wait.entry.value,
        expected=listening.context.expects.kind,
        score=wait.score,
        features=wait.features,
        model=wait.model,
    )
