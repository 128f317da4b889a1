"""Who has the floor: carries out what `barge_in.py` has judged, and hands the turn over when the caller is done.

Theory of operation. While the agent thinks or speaks, the caller's sound is evidence. A hold silences the agent and
loses nothing; a resume sends the rest again; a cut ends the reply and gives the caller the floor. If nothing of the
reply had been heard by then, the caller's new words join the old ones and the answer is thought of again: once. After
that the answer comes first, and what was said meanwhile is answered behind it.
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
"""So much voice without any words deserves a question; less is a noise, if the ears have said that it is nothing."""
DISMISSED_GAP_MS = 1_000
"""Voice without words that stops for no longer than this is still the same sound."""
CUT_OFF_MS = 1_500
"""A caller who goes on within this time of a decision was cut off: it was a pause."""
ECHO_WORDS = 2
ECHO_WORDS_WITH_VOICE = 4
"""So many words that the agent is just saying, in its order, are its echo. A caller may well repeat three of them."""
DEAF_AFTER = 2
"""So many utterances without words in a row: the ears do not work, and voice alone has to do."""

Because = dict[str, int | str]


@dataclass(slots=True)
class SharedState:
    """How things stand between the two. `owed_ms`: since when the caller's words are not answered; `restarts` of the
    answer under way; `apologies` in a row; `unheard`: utterances without words in a row; `ending`, once the call is
    being ended."""

    owed_ms: int | None = None
    restarts: int = 0
    apologies: int = 0
    unheard: int = 0
    stt_lost: bool = False
    ending: Ending | None = None

    def owe(self, now: int, spoke_ms: int) -> None:
        """The caller waits for an answer: from now on, if not already, or if they have spoken meanwhile."""
        if self.owed_ms is None or spoke_ms > self.owed_ms:
            self.owed_ms = now

    @property
    def final(self) -> bool:
        """The call is being ended, and the caller cannot talk it out of it."""
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
        self._dismissed_ms: int | None = None  # media time until which voice without words is the one dismissed

    def untouchable(self, now: int) -> bool:
        """What is being said must be heard to its end."""
        return self._shared.final or self._turns.synthesis.guarded(now)

    def interruption(self, now: int) -> None:
        """Looks at the evidence and acts on the verdict."""
        turns, listening = self._turns, self._listening
        text = listening.utterance.text if listening.utterance is not None else ""
        listening.urgent = turns.playout.held and not claims_the_floor(text, self._language)
        if not turns.live() or listening.utterance is None or self.untouchable(now):
            if turns.playout.held:  # what was said may have come to its end, or to a disclosure, meanwhile
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
        """The caller has the floor. An answer of which nothing was heard is still owed."""
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
        """What the utterance was: `words` to answer, `not_heard` (voice without words), or "" (a sound)."""
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
            self._turns.explain("ignored", because)  # what was under way goes on
        elif closed.voice_ms >= (NOT_HEARD_VOICE_MS if closed.complete else self._rules.min_word_ms):
            self._shared.unheard += 1
            self._turns.explain("not_heard", because)
            return "not_heard"
        return ""

    def caller_said(self, text: str, now: int) -> None:
        """Words (or keys) of the caller that want an answer."""
        self._out.append(LineAdded("caller", text, self._turns.upcoming(text)))
        self._turns.transcript.caller(text)
        self._shared.owe(now, self._spoke_ms(now))

    def answer(self, now: int) -> None:
        """Starts the answer that the caller is owed, once the agent is free to."""
        turns, shared = self._turns, self._shared
        free = not turns.live() and turns.generation.abandoned is None and shared.ending is None
        if shared.owed_ms is not None and free:
            turns.start(now, shared.owed_ms)
            shared.owed_ms = None

    # --- inside -----------------------------------------------------------------------------------------------------

    def _spoke_ms(self, now: int) -> int:
        """When the caller's voice was heard last."""
        return now - self._listening.voice.silence_ms

    def _no_answer(self, closed: Closed, now: int) -> bool:
        """Said while the agent has something to say, and wants nothing: a listener's words, or the agent's own."""
        meant = wants_the_floor(closed.text, self._language) or self._asked(now)
        return not meant or self._echo(closed.text, closed.voice_ms)

    def _asked(self, now: int) -> bool:
        """The agent has just asked something, or is asking for a yes or no: people answer before that is over."""
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
            stt=self._listening.tells_at_once and not self._shared.stt_lost and self._shared.unheard < DEAF_AFTER,
            dismissed=self._dismissed(),
        )

    def _echo(self, text: str, voice_ms: int) -> bool:
        """The agent's own words come back: without a voice of the caller's, or before we know the caller's voice."""
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
