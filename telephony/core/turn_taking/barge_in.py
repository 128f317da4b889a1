"""Onset -> hold -> verdict: is it an interruption, or a cough?

Twilio has neither pause nor volume, so silencing the agent clears the carrier's queue; the playout keeps that audio. A
*hold* silences the agent on weak evidence and costs only a short gap. The *verdict* needs words, or silence: `CUT` (the
caller has the floor) or `RESUME` (nothing was lost). Only a cut changes history. Words act at once, held or not; a
sound without words is held only as long as its words could take to arrive. Voice that goes on without words (music, a
television, side talk) does not hold the agent twice.

A caller who goes on right after the agent has decided that they were done (a *late start*) finds it silent at the first
window of voice that cannot be the agent's own, come back. Little of the reply has been heard, so little is lost if it
was a cough; and if it was words, they and those before are one utterance, which the next reply answers.

This file is the whole rule: change it here. `judge` looks at the evidence and has no state; `floor.py` gathers the
evidence and carries the verdict out. What is said while the agent speaks meets three more questions: whether it is the
agent's own `echo`, whether it answers a question (`was_asked`), and, once it is over, whether it `wants_an_answer`. A
key always interrupts, unless what is being said is protected.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from telephony.core.decisions import BargeInReason as Why
from telephony.core.language.farewells import is_farewell
from telephony.core.language.language import Language
from telephony.core.language.remarks import Remark
from telephony.core.language.words import (
    backchannel,
    claims_the_floor,
    unfinished_backchannel,
    wants_the_floor,
)
from telephony.core.listening.calm import NEVER
from telephony.core.listening.voice_activity import WINDOW_MS
from telephony.core.policy import TurnTaking
from telephony.core.turn_taking.listener import MURMUR_MS
from telephony.core.turn_taking.question import asks_yes_or_no

LATE_MS = 700
"""A caller whose voice begins within this time of a decision may be going on: it was made in a pause..."""
LITTLE_MS = 850
"""...as long as less than this of the reply was provably heard: one that was ready begins with the decision, and the
detector needs a tenth of a second. From then on it is an interruption like any other."""
QUIET_MS = 160
"""The silence that ends a sound too short for a word, and a remark whose last word came after the voice: there are no
more words to wait for."""
FIRST_WAIT_MS = 140
"""How much longer a resume waits for the final transcript of a recogniser that has not sent any words yet."""
DISMISSED_GAP_MS = 1_000
"""Voice without words that stops for no longer than this is still the same sound."""


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
    text_final  no more transcript is expected             asked       the text may answer a question of the agent's
    leaving     the agent is ending the call               echo        the words are the agent's own
    parting     what the agent says is a goodbye           doubtful    one word, which may be the agent's own
    like_echo   the sound is not louder than the echo that this line has
    stt         the STT sends words while they are spoken  dismissed   this voice was already found to have no words
    live        the agent has something to say             utterance   the caller's utterance is under way
    protected   what is being said must be heard           restarted   the reply was restarted, and comes first now
    late        the caller may be going on (`starts_late`)  theirs      the voice cannot be the agent's own
    again       this reply was held before, by a sound that was no interruption
    remark      what the words are as a listener's          settled     they came after the voice
    new_stt     the STT has not sent any words in this call yet
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
    parting: bool = False
    echo: bool = False
    like_echo: bool = False
    doubtful: bool = False
    stt: bool = True
    dismissed: bool = False
    live: bool = True
    utterance: bool = True
    protected: bool = False
    restarted: bool = False
    late: bool = False
    theirs: bool = False
    again: bool = False
    remark: Remark = Remark.NONE
    settled: bool = False
    new_stt: bool = False

    @property
    def of_sound(self) -> bool:
        """It is the caller's sound that decides, and not what the agent is doing."""
        return self.live and self.utterance and not self.protected and not self.restarted


def judge(evidence: Evidence, rules: TurnTaking, language: Language) -> tuple[Verdict, Why]:
    """The verdict, and why."""
    if not evidence.live or not evidence.utterance:
        return (Verdict.RESUME, Why.NOTHING_LEFT) if evidence.held else (Verdict.NOTHING, Why.NONE)
    if evidence.protected:
        return (Verdict.RESUME, Why.PROTECTED) if evidence.held else (Verdict.NOTHING, Why.NONE)
    if evidence.restarted:
        over = evidence.held and evidence.silence_ms >= rules.resume_after_ms
        return (Verdict.RESUME, Why.RESTARTED) if over else (Verdict.NOTHING, Why.NONE)
    return _judge_sound(evidence, rules, language)


def next_silence_ms(silence_ms: int, rules: TurnTaking) -> int:
    """The next silence at which `judge` may change its mind although nothing else has changed."""
    over_ms = rules.resume_after_ms
    silences = (min(QUIET_MS, over_ms), over_ms, over_ms + FIRST_WAIT_MS, over_ms + rules.tuning.resume_wait_ms)
    return min((ms for ms in silences if ms > silence_ms), default=NEVER)


def next_voice_ms(voice_ms: int, burst_ms: int, rules: TurnTaking) -> int:
    """The same for a voice that goes on while the agent is held: the next `voice_ms`."""
    tuning, before_ms = rules.tuning, voice_ms - burst_ms
    bursts = (before_ms + rules.cut_after_ms, before_ms + tuning.hold_limit_ms)
    voices = (*bursts, tuning.min_word_ms, tuning.wordless_ms, MURMUR_MS + 1)
    return min((ms for ms in voices if ms > voice_ms), default=NEVER)


def starts_late(after_ms: int, heard_ms: int) -> bool:
    """Whether a voice that begins `after_ms` after a decision, when `heard_ms` of the reply have been heard, goes on
    with the turn that was taken to be over."""
    return after_ms <= LATE_MS and heard_ms < LITTLE_MS


def key_interrupts(live: bool, protected: bool) -> bool:
    """A key was pressed."""
    return live and not protected


def was_asked(asked: bool, asking: str, language: Language) -> bool:
    """The agent has just asked something (`asked`), or is asking for a yes or no: people answer such a question
    (`asking`) before it is over. Without data for the language, any question may be one for a yes or no."""
    return asked or (asks_yes_or_no(asking, language) if language.known else bool(asking))


def wants_an_answer(text: str, *, asked: bool, remark: Remark, language: Language) -> bool:
    """Said while the agent has something to say, and over: more than a listener's words. What was too short to
    interrupt is judged once more here."""
    return asked or (wants_the_floor(text, language) and not remark.is_whole)


class DismissedNoise:
    """Voice that was found to be without words, for as long as it goes on. Media time, in ms."""

    def __init__(self) -> None:
        self._until_ms: int | None = None

    def dismiss(self, media_ms: int) -> None:
        """The voice at `media_ms` is without words."""
        self._until_ms = media_ms + DISMISSED_GAP_MS

    def is_going_on(self, media_ms: int) -> bool:
        """The voice at `media_ms` is the one dismissed."""
        return self._until_ms is not None and media_ms <= self._until_ms


def _judge_sound(evidence: Evidence, rules: TurnTaking, language: Language) -> tuple[Verdict, Why]:
    text = "" if evidence.echo else evidence.text
    leaving = evidence.leaving or evidence.parting
    begun = not evidence.text_final and evidence.silence_ms < rules.resume_after_ms
    parting = leaving and is_farewell(text, language, begun=begun)  # both say goodbye, often at the same time
    listening = parting or (text != "" and (evidence.remark.is_whole or backchannel(text, language)))
    floor = not listening and wants_the_floor(text, language)
    if evidence.leaving and not evidence.held and not floor:
        return Verdict.NOTHING, Why.NONE
    sure = floor and (evidence.text_final or claims_the_floor(text, language))
    if sure and evidence.doubtful:
        sure = _has_waited(evidence, rules)
    if sure and (evidence.silence_ms >= rules.resume_after_ms or not _has_begun(evidence, text, language)):
        return Verdict.CUT, Why.WORDS
    if evidence.asked and evidence.text_final and text and not parting:
        return Verdict.CUT, Why.ANSWER
    if evidence.held and parting and evidence.burst_ms >= rules.tuning.hold_limit_ms:
        return Verdict.RESUME, Why.BACKCHANNEL  # though the caller may go on
    if evidence.held:
        over = evidence.silence_ms >= _quiet_ms(evidence, rules, text)
        return _held(evidence, rules, text, listening, floor, over)
    if not evidence.voiced or listening or evidence.dismissed:
        return Verdict.NOTHING, Why.NONE
    if evidence.late and evidence.theirs and not evidence.again:
        return Verdict.HOLD, Why.GOES_ON
    sooner_ms = WINDOW_MS if evidence.theirs else 0
    if evidence.burst_ms >= rules.hold_after_ms - sooner_ms and not evidence.like_echo:
        return Verdict.HOLD, Why.VOICE
    return Verdict.NOTHING, Why.NONE


def _held(
    evidence: Evidence, rules: TurnTaking, text: str, listening: bool, floor: bool, over: bool
) -> tuple[Verdict, Why]:
    if not evidence.stt and evidence.burst_ms >= rules.cut_after_ms:
        return Verdict.CUT, Why.VOICE
    if evidence.stt and evidence.burst_ms >= rules.tuning.hold_limit_ms and (listening or not text):
        return Verdict.RESUME, Why.ENDLESS
    if not over:
        return Verdict.NOTHING, Why.NONE
    waited = _has_waited(evidence, rules)
    no_words = evidence.stt and evidence.voice_ms < rules.tuning.wordless_ms  # a partial would have come by now
    if evidence.voice_ms >= rules.tuning.min_word_ms and not (no_words or text or evidence.text_final or waited):
        return Verdict.NOTHING, Why.NONE  # wait for the final transcript
    if floor:
        return (Verdict.CUT, Why.WORDS) if waited else (Verdict.NOTHING, Why.NONE)
    if listening and evidence.asked and not waited:
        return Verdict.NOTHING, Why.NONE  # it may be the answer: wait for the final transcript
    if listening:
        return Verdict.RESUME, Why.BACKCHANNEL
    if evidence.echo:
        return Verdict.RESUME, Why.ECHO
    return Verdict.RESUME, Why.TOO_SHORT if evidence.voice_ms < rules.tuning.min_word_ms else Why.NO_WORDS


def _has_begun(evidence: Evidence, text: str, language: Language) -> bool:
    """The next words may turn these into a listener's. What would silence the agent is not kept waiting for them."""
    return unfinished_backchannel(text, language) or (evidence.held and evidence.remark.is_open)


def _has_waited(evidence: Evidence, rules: TurnTaking) -> bool:
    """The final transcript is not waited for any longer."""
    wait_ms = rules.tuning.resume_wait_ms
    wait_ms = min(FIRST_WAIT_MS, wait_ms) if evidence.new_stt and not evidence.text else wait_ms
    return evidence.silence_ms >= rules.resume_after_ms + wait_ms


def _quiet_ms(evidence: Evidence, rules: TurnTaking, text: str) -> int:
    """The silence after which a sound is over. A caller who goes on (`late`) may be looking for words."""
    settled = evidence.remark is Remark.WHOLE and evidence.settled
    short = not text and evidence.voice_ms < rules.tuning.min_word_ms
    sooner = (settled or short) and not (evidence.late or evidence.parting or evidence.leaving)
    return min(QUIET_MS, rules.resume_after_ms) if sooner else rules.resume_after_ms
