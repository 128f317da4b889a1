"""Who has the floor: carries out the verdicts of `barge_in.py`, and starts the reply when the caller has finished.

Theory of operation. While a reply is being generated or spoken, what the caller says is evidence of an interruption. A
hold silences the agent and loses nothing; a resume sends the rest again; a cut ends the reply and gives the caller the
floor. If the caller had heard nothing of the reply when it was cut, their new words join the earlier ones and the reply
is generated again, but only once: the second reply is not cut before it is heard, and what the caller says meanwhile is
answered after it.
"""

from __future__ import annotations

from dataclasses import dataclass

from telephony.core.actions import Action, LineAdded
from telephony.core.language.language import Language
from telephony.core.language.words import claims_the_floor, wants_the_floor
from telephony.core.listening.listening import Closed, Listening
from telephony.core.policy import TurnTaking
from telephony.core.speaking.turns import Turns
from telephony.core.timers import Ending
from telephony.core.turn_taking.barge_in import Evidence, Verdict, judge
from telephony.core.turn_taking.question import AnswerContext

NOT_HEARD_VOICE_MS = 500
"""Minimum voice without words that triggers "Sorry, I didn't catch that" when the final transcript is empty. Less is a
noise."""
DISMISSED_GAP_MS = 1_000
"""Voice without words that pauses for no longer than this still counts as the same sound."""
CUT_OFF_MS = 1_500
"""A caller who goes on speaking within this time of the end of turn was cut off: the silence was only a pause."""
ECHO_WORDS = 2
ECHO_WORDS_WITH_VOICE = 4
"""At least this many words that the agent is saying just now, in the same order, are its echo (the second number if the
utterance has voice). A caller may well repeat three of them."""
WORDLESS_LIMIT = 2
"""After this many utterances in a row without words, assume that the STT does not work and decide by voice alone."""

Because = dict[str, int | str]


@dataclass(slots=True)
class SharedState:
    """State that several parts of a call share. `owed_ms`: since when the caller has been waiting for a reply to start
    (None: not waiting); `restarts`: how often the current reply has been started again; `apologies`: apologies in a
    row; `unheard`: utterances in a row without words; `ending`: set once the call is being ended."""

    owed_ms: int | None = None
    restarts: int = 0
    apologies: int = 0
    unheard: int = 0
    stt_lost: bool = False
    ending: Ending | None = None

    def owe(self, now: int, spoke_ms: int) -> None:
        """The caller now waits for a reply. An earlier wait goes on, unless they have spoken since it began."""
        if self.owed_ms is None or spoke_ms > self.owed_ms:
            self.owed_ms = now

    @property
    def final(self) -> bool:
        """The call is being ended, and the caller cannot stop this by speaking."""
        return self.ending is not None and self.ending.forced


class Floor:
    """See the module text."""

    def __init__(
        self,
        rules: TurnTaking,
        language: Language,
        listening: Listening,
        turns: Turns,
        shared: SharedState,
        out: list[Action],
    ) -> None:
        self._rules = rules
        self._language = language
        self._listening = listening
        self._turns = turns
        self._shared = shared
        self._out = out
        self._dismissed_ms: int | None = None  # media time until which voice still counts as the dismissed sound

    def protected(self, now: int) -> bool:
        """Whether what the agent is saying must not be interrupted."""
        return self._shared.final or self._turns.synthesis.guarded(now)

    def interruption(self, now: int) -> None:
        """Judges the evidence of an interruption and carries out the verdict."""
        turns, listening = self._turns, self._listening
        text = listening.utterance.text if listening.utterance is not None else ""
        listening.commit_early = turns.playout.held and not claims_the_floor(text, self._language)
        if not turns.live() or listening.utterance is None or self.protected(now):
            if turns.playout.held:  # meanwhile the reply or the utterance has ended, or a disclosure has begun
                over = not turns.live() or listening.utterance is None
                self._resume(now, {"why": "nothing left" if over else "protected"})
            return
        if self._shared.restarts and turns.unheard_reply(now):
            if turns.playout.held and listening.silence_ms >= self._rules.resume_after_ms:
                self._resume(now, {"why": "already restarted"})
            return
        evidence = self._evidence(now)
        verdict, why = judge(evidence, self._rules, self._language)
        because: Because = {
            "why": why,
            "voice_ms": evidence.voice_ms,
            "burst_ms": evidence.burst_ms,
            "silence_ms": evidence.silence_ms,
            "words": len(evidence.text.split()),
        }
        if verdict is Verdict.HOLD:
            turns.explain("hold", because)
            self._out += turns.playout.hold(now)
        elif verdict is Verdict.CUT:
            self.cut(why, now, because)
        elif verdict is Verdict.RESUME:
            self._resume(now, because)
            if why == "no words in it":
                self._dismiss()
            listening.discard(answered=bool(evidence.text))

    def cut(self, why: str, now: int, because: Because | None = None) -> None:
        """Gives the caller the floor. If nothing of the reply was heard, the caller still waits for one."""
        unanswered, reply = self._turns.unheard_reply(now), self._turns.reply
        self._turns.explain("cut", because or {"why": why})
        self._turns.cut(now)
        self._shared.ending = None
        if reply is not None and now - reply.decided_ms <= CUT_OFF_MS:
            self._listening.was_cut_off()
        if unanswered and reply is not None:
            self._shared.restarts += 1
            self._shared.owed_ms = reply.decided_ms
            self._shared.owe(now, self._spoke_ms(now))
        else:
            self._shared.owed_ms = None

    def utterance_over(self, closed: Closed, now: int) -> str:
        """Classifies a closed utterance: `words` (to be answered), `not_heard` (voice without words), or "" (to be
        ignored)."""
        if self._shared.final:
            return ""
        because: Because = {
            "why": closed.wait.why,
            "wait_ms": closed.wait.ms,
            "silence_ms": closed.silence_ms,
            "voice_ms": closed.voice_ms,
            "pause_allowance_ms": self._listening.endpointing.pause_allowance_ms,
            "transcript": ("final" if closed.complete else "partial") if closed.text else "none",
        }
        if self._listening.context.expects.kind:
            because["expected"] = self._listening.context.expects.kind
        live = self._turns.live()
        if closed.text and not (live and self._no_answer(closed, now)):
            self._shared.unheard = 0
            self._turns.explain("end_of_turn", because, self._turns.upcoming(closed.text))
            return "words"
        self._turns.drop_speculation("no words")
        if self._shared.owed_ms is not None or live:
            self._turns.explain("ignored", because)  # the reply that is under way goes on
        elif closed.voice_ms >= (NOT_HEARD_VOICE_MS if closed.complete else self._rules.min_word_ms):
            self._shared.unheard += 1
            self._turns.explain("not_heard", because)
            return "not_heard"
        return ""

    def caller_said(self, text: str, now: int) -> None:
        """Adds the caller's words (or keys) to the history; they are to be answered."""
        self._out.append(LineAdded("caller", text, self._turns.upcoming(text)))
        self._turns.transcript.caller(text)
        self._shared.owe(now, self._spoke_ms(now))

    def answer(self, now: int) -> None:
        """Starts the reply that the caller is waiting for, if no other turn is under way."""
        turns, shared = self._turns, self._shared
        free = not turns.live() and turns.generation.abandoned is None and shared.ending is None
        if shared.owed_ms is not None and free:
            turns.start(now, shared.owed_ms)
            shared.owed_ms = None

    # --- inside -----------------------------------------------------------------------------------------------------

    def _spoke_ms(self, now: int) -> int:
        """When the caller's voice was last heard, in the core's `now`."""
        return now - self._listening.voice.silence_ms

    def _no_answer(self, closed: Closed, now: int) -> bool:
        """Whether words spoken over the agent need no answer: a backchannel, or the agent's own echo."""
        meant = wants_the_floor(closed.text, self._language) or self._asked(now)
        return not meant or self._echo(closed.text, closed.voice_ms)

    def _asked(self, now: int) -> bool:
        """Whether the agent has just asked something, or is asking a yes-or-no question, which people often answer
        before it is over."""
        spoken = self._turns.synthesis
        return spoken.asked(now) or AnswerContext.after(spoken.asking(now), (), self._language).polar

    def _evidence(self, now: int) -> Evidence:
        utterance, voice = self._listening.utterance, self._listening.voice
        assert utterance is not None
        text = utterance.text
        return Evidence(
            held=self._turns.playout.held,
            voiced=voice.voiced,
            voice_ms=utterance.voice_ms,
            burst_ms=voice.burst_ms,
            silence_ms=self._listening.silence_ms,
            text=text,
            text_final=utterance.committed and not utterance.awaited,
            asked=self._asked(now),
            leaving=self._shared.ending is not None,
            echo=self._echo(text, utterance.voice_ms),
            stt=self._listening.sends_partials and not self._shared.stt_lost and self._shared.unheard < WORDLESS_LIMIT,
            dismissed=self._dismissed(),
        )

    def _echo(self, text: str, voice_ms: int) -> bool:
        """Whether the words are the agent's own: too little voice comes with them for the caller to have said them, or
        the caller's level is not known yet."""
        voiceless = voice_ms < self._rules.min_word_ms
        least = ECHO_WORDS if voiceless else ECHO_WORDS_WITH_VOICE
        return (voiceless or not self._listening.voice.level.known) and self._turns.synthesis.says(text, least)

    def _dismiss(self) -> None:
        self._dismissed_ms = self._listening.voice.media_ms + DISMISSED_GAP_MS

    def _dismissed(self) -> bool:
        voice = self._listening.voice
        if self._dismissed_ms is None or voice.media_ms > self._dismissed_ms:
            return False
        if voice.voiced:
            self._dismiss()
        return True

    def _resume(self, now: int, because: Because) -> None:
        self._turns.explain("resume", because)
        self._out += self._turns.playout.resume(now)
