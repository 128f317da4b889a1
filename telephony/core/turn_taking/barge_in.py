"""Onset -> hold -> verdict: is it an interruption, or a cough?

Twilio has neither pause nor volume, so silencing the agent clears the carrier's queue; the ledger keeps that audio. A
*hold* silences the agent on weak evidence and costs only a short gap. The *verdict* needs words, or silence: `CUT` (the
caller has the floor) or `RESUME` (nothing was lost). Only a cut changes history. Words act at once, held or not; a
sound without words is held only as long as its words could take to arrive. Voice that goes on without words (music, a
television, side talk) does not hold the agent twice.

This file contains the whole barge-in rule: to change it, change it here. It judges the evidence and keeps no state.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from telephony.core.language.language import Language
from telephony.core.language.words import (
    backchannel,
    claims_the_floor,
    is_farewell,
    unfinished_backchannel,
    wants_the_floor,
)
from telephony.core.policy import TurnTaking


class Verdict(Enum):
    NOTHING = "nothing"
    HOLD = "hold"
    CUT = "cut"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about the caller's utterance while the agent has something to say. Times in ms of media time.

    held        playback is held                           voiced      the detector hears voice now
    voice_ms    all voice of the utterance                 burst_ms    voice of the current burst
    silence_ms  silence since the last voice or word       text        the transcript so far
    text_final  no more transcript is expected             asked       the agent's last words were a question
    leaving     the agent is saying goodbye                echo        the words are the agent's own
    stt         the STT works and sends partials           dismissed   this sound was already judged to have no words
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
    echo: bool = False
    stt: bool = True
    dismissed: bool = False


def judge(evidence: Evidence, rules: TurnTaking, language: Language) -> tuple[Verdict, str]:
    """Returns the verdict and a stable word for its reason ("" for `NOTHING`)."""
    text = "" if evidence.echo else evidence.text
    floor = wants_the_floor(text, language)
    if evidence.leaving and not evidence.held and (is_farewell(text, language) or not floor):
        return Verdict.NOTHING, ""  # both sides are saying goodbye, often at the same time
    sure = evidence.text_final or claims_the_floor(text, language)
    if floor and sure and (evidence.silence_ms >= rules.resume_after_ms or not unfinished_backchannel(text, language)):
        return Verdict.CUT, "words"
    listening = backchannel(text, language)
    if evidence.asked and evidence.text_final and text:
        return Verdict.CUT, "answer"
    if evidence.held:
        return _held(evidence, rules, text, listening, floor)
    if evidence.voiced and evidence.burst_ms >= rules.hold_after_ms and not (listening or evidence.dismissed):
        return Verdict.HOLD, "voice"
    return Verdict.NOTHING, ""


def _held(evidence: Evidence, rules: TurnTaking, text: str, listening: bool, floor: bool) -> tuple[Verdict, str]:
    if not evidence.stt and evidence.burst_ms >= rules.cut_after_ms:
        return Verdict.CUT, "voice"
    if evidence.stt and evidence.burst_ms >= rules.hold_limit_ms and (listening or not text):
        return Verdict.RESUME, "no words in it"
    if evidence.silence_ms < rules.resume_after_ms:
        return Verdict.NOTHING, ""
    waited = evidence.silence_ms >= rules.resume_after_ms + rules.resume_wait_ms
    no_words = evidence.stt and evidence.voice_ms < rules.wordless_ms  # a partial would have come by now
    if evidence.voice_ms >= rules.min_word_ms and not (no_words or text or evidence.text_final or waited):
        return Verdict.NOTHING, ""  # wait for the final transcript
    if floor:
        return (Verdict.CUT, "words") if waited else (Verdict.NOTHING, "")
    if listening and evidence.asked and not waited:
        return Verdict.NOTHING, ""  # it may be the answer: wait for the final transcript
    if listening:
        return Verdict.RESUME, "backchannel"
    if evidence.echo:
        return Verdict.RESUME, "echo"
    return Verdict.RESUME, "too short" if evidence.voice_ms < rules.min_word_ms else "no words"
