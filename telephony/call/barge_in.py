"""Onset -> hold -> verdict: is it an interruption, or a cough?

Twilio has neither pause nor volume, so silencing the agent loses what was queued; the ledger keeps it. A *hold*
silences the agent on weak evidence and costs nothing but a short gap. The *verdict* needs words, or enough voice, or
silence: `CUT` (the caller has the floor) or `RESUME` (nothing was lost). Only a cut changes history.

This file is the rule, and all of it: change it here. It looks at the evidence and has no state of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from telephony.call.policy import TurnTaking
from telephony.call.words import backchannel, is_farewell, wants_the_floor


class Verdict(Enum):
    NOTHING = "nothing"
    HOLD = "hold"
    CUT = "cut"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the caller's sound while the agent has something to say. Milliseconds of media time.

    `text` is the transcript so far, `text_final` whether nothing more is awaited for it; `voice_ms` all voice of the
    utterance, `burst_ms` that of the burst under way; `asked` whether the agent's last words were a question; `leaving`
    whether the agent is saying goodbye.
    """

    held: bool
    voiced: bool
    voice_ms: int
    burst_ms: int
    silence_ms: int
    text: str
    text_final: bool
    asked: bool
    leaving: bool = False


def judge(evidence: Evidence, rules: TurnTaking) -> tuple[Verdict, str]:
    """The verdict, and the word for why."""
    if evidence.leaving and not evidence.held and (is_farewell(evidence.text) or not wants_the_floor(evidence.text)):
        return Verdict.NOTHING, ""  # both say goodbye, often at once
    if wants_the_floor(evidence.text):
        return Verdict.CUT, "words"
    if evidence.asked and evidence.text_final and backchannel(evidence.text):
        return Verdict.CUT, "answer"
    if not evidence.held:
        if evidence.voiced and evidence.burst_ms >= rules.hold_after_ms and not backchannel(evidence.text):
            return Verdict.HOLD, "voice"
        return Verdict.NOTHING, ""
    if evidence.burst_ms >= rules.cut_after_ms and not backchannel(evidence.text):
        return Verdict.CUT, "voice"
    return _resume(evidence, rules)


def _resume(evidence: Evidence, rules: TurnTaking) -> tuple[Verdict, str]:
    if evidence.silence_ms < rules.resume_after_ms:
        return Verdict.NOTHING, ""
    if backchannel(evidence.text):
        return Verdict.RESUME, "backchannel"
    if evidence.voice_ms < rules.min_word_ms:
        return Verdict.RESUME, "too short"
    if evidence.text_final and not evidence.text:
        return Verdict.RESUME, "no words"
    if evidence.silence_ms >= rules.resume_after_ms + rules.resume_wait_ms:
        return Verdict.RESUME, "no transcript"
    return Verdict.NOTHING, ""
