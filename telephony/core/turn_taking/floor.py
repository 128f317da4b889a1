"""Who has the floor: gathers the evidence for `barge_in.py`, carries out its verdicts, and hands the turn over when the
caller is done.

Theory of operation. While the agent prepares or speaks, the caller's sound is evidence. A hold silences the agent and
loses nothing; a resume sends the rest again; a cut ends the reply and gives the caller the floor. If nothing of the
reply had been heard by then, or little and the caller has gone on right after the decision, their new words join the
old ones and the answer is to the whole. An answer of which nothing was heard is started again once, and a few times for
a caller who goes on right away; then it comes first, and what was said meanwhile is answered after it.
"""

from __future__ import annotations

from dataclasses import replace

from telephony.core.actions import Action, LineAdded
from telephony.core.answer import OwedAnswer
from telephony.core.decisions import (
    BargeInReason,
    Cut,
    DropReason,
    Held,
    Ignored,
    NotHeard,
    Resumed,
    TurnEnded,
    UtteranceDecision,
)
from telephony.core.ending import Ending
from telephony.core.language.farewells import is_farewell
from telephony.core.language.language import Language
from telephony.core.language.words import claims_the_floor
from telephony.core.listening.calm import CALM, Calm, until
from telephony.core.listening.listening import Closed, Listening
from telephony.core.listening.voice_activity import WINDOW_MS
from telephony.core.policy import TurnTaking
from telephony.core.speaking.hearing import Hearing
from telephony.core.speaking.turns import Turns
from telephony.core.turn_taking.barge_in import (
    DismissedNoise,
    Evidence,
    Verdict,
    judge,
    key_interrupts,
    next_silence_ms,
    next_voice_ms,
    wants_an_answer,
    was_asked,
)
from telephony.core.turn_taking.explained import by_sound, over
from telephony.core.turn_taking.late_start import CUT_OFF_MS, LateStart
from telephony.core.turn_taking.overheard import Overheard

NOT_HEARD_VOICE_MS = 500
"""This much voice without any words deserves a question; less is a noise, if the recogniser has found nothing in it."""


class Floor:
    """See the module text. Methods that do something return the actions to perform, in order."""

    def __init__(
        self,
        rules: TurnTaking,
        language: Language,
        listening: Listening,
        turns: Turns,
        hearing: Hearing,
        answer: OwedAnswer,
        ending: Ending,
    ) -> None:
        self._rules = rules
        self._language = language
        self._listening = listening
        self._turns = turns
        self._hearing = hearing
        self._answer = answer
        self._ending = ending
        self._noise = DismissedNoise()
        self._overheard = Overheard(rules, language, listening, turns, hearing)
        self.callers_words = self._overheard.callers_words
        self._late_start = LateStart(listening, turns, answer)
        self._has_cut = False  # the utterance under way has cut the agent

    # --- while the caller speaks ------------------------------------------------------------------------------------

    def tick(self, now: int) -> list[Action]:
        """Looks at the evidence and acts on the verdict."""
        turns, utterance = self._turns, self._listening.utterance
        self._late_start.now = now
        if utterance is not None:
            self._overheard.look(utterance, self._ending, now)
        if not turns.playout.held and (utterance is None or not turns.live()):
            self._listening.commit_early = self._overheard.inside = False
            return []
        evidence = self._evidence(now)
        self._listening.commit_early = evidence.held and not claims_the_floor(evidence.text, self._language)
        verdict, why = judge(evidence, self._rules, self._language)
        if evidence.dismissed and evidence.voiced and evidence.of_sound:
            self._noise.dismiss(self._listening.voice.media_ms)
        match verdict:
            case Verdict.HOLD:
                self._overheard.held(now)
                return [by_sound(Held, turns.last, why, evidence), *turns.playout.hold(now)]
            case Verdict.CUT:
                self._has_cut = True
                self._overheard.has_cut(utterance)
                return self._cut(by_sound(Cut, turns.last, why, evidence), evidence.late, now)
            case Verdict.RESUME if not evidence.of_sound:
                return [Resumed(turns.last, why), *turns.playout.resume(now)]
            case Verdict.RESUME:
                actions = [by_sound(Resumed, turns.last, why, evidence), *turns.playout.resume(now)]
                self._late_start.resumed()
                if why is BargeInReason.ENDLESS:
                    self._noise.dismiss(self._listening.voice.media_ms)
                elif utterance is not None:
                    self._overheard.resumed(utterance, utterance.text)
                if evidence.parting and evidence.silence_ms < self._rules.resume_after_ms:
                    return actions  # the caller goes on saying goodbye: these words belong to the next ones
                self._listening.discard(answered=bool(evidence.text))
                return actions
            case Verdict.NOTHING:
                return []

    def calm(self, now: int) -> Calm | None:
        """See `Part`. Once a voice may hold the agent, its loudness at every moment is evidence."""
        listening, utterance, held = self._listening, self._listening.utterance, self._turns.playout.held
        if utterance is None or not self._turns.live():
            return None if held or listening.commit_early or self._overheard.inside else CALM
        if self._answer.restarted or self._late_start.may_be_found(now):
            return None
        calm = until(self._hearing.more_ms(now))
        calm = calm.both(Calm(silence_ms=next_silence_ms(listening.silence_ms, self._rules)))
        voice = listening.voice
        if not voice.voiced:
            return calm
        settled = utterance.grown_ms > utterance.active_ms
        if settled or not (held and voice.level.known) or self._noise.is_going_on(voice.media_ms):
            return None
        return calm.both(Calm(voice_ms=next_voice_ms(utterance.voice_ms, voice.burst_ms, self._rules)))

    def passed(self, now: int) -> None:
        """`tick` was not asked, for it would have done nothing."""
        self._late_start.now = now

    def key_pressed(self, now: int, *, asked: bool = False) -> list[Action]:
        """The caller has pressed a key; one that was `asked` for stops the question, but takes the turn from nobody."""
        if asked or not key_interrupts(self._turns.live(), self._protected(now)):
            return self._turns.hush(now) if asked and not self._protected(now) else []
        return self._cut(Cut(self._turns.last, BargeInReason.KEY), self._late_start.at(now, now), now)

    def _cut(self, decision: Cut, late: bool, now: int) -> list[Action]:
        """The caller has the floor; `late`: they go on. An answer of which nothing was heard is still owed."""
        unanswered, decided_ms = self._turns.unheard_reply(now), self._turns.decided_ms
        actions = [decision, *self._turns.cut(now, early=late)]
        self._ending.cancel()
        if decided_ms is not None and (late or now - decided_ms <= CUT_OFF_MS):
            self._listening.was_cut_off()
        if unanswered and decided_ms is not None:
            self._answer.restart(decided_ms, now, spoke_ms=now - self._listening.voice.silence_ms)
        else:
            self._answer.interrupted()
        return actions

    def _protected(self, now: int) -> bool:
        return self._ending.final or self._hearing.protected(now)

    def _evidence(self, now: int) -> Evidence:
        listening, turns, voice = self._listening, self._turns, self._listening.voice
        utterance = listening.utterance
        text, voice_ms = (utterance.text, utterance.voice_ms) if utterance is not None else ("", 0)
        rest = self._overheard.rest(text, voice_ms) if text else ""
        echo = text != rest == ""
        text = rest or text
        late = self._late_start.found(now)
        asked = text != "" and self._asked(now)
        sooner_ms = self._rules.hold_after_ms - WINDOW_MS
        self._overheard.inside = text != "" and not (asked or late or echo or turns.unheard_reply(now))
        return Evidence(
            held=turns.playout.held,
            voiced=voice.voiced,
            voice_ms=voice_ms,
            burst_ms=voice.burst_ms,
            silence_ms=listening.silence_ms,
            text=text,
            text_final=utterance is not None and utterance.committed and not utterance.awaited,
            asked=asked,
            leaving=self._ending.begun,
            parting=text != "" and self._overheard.parting,
            echo=echo,
            like_echo=voice.voiced and self._overheard.like_echo,
            doubtful=text != "" and self._overheard.doubtful,
            stt=listening.sends_partials and listening.stt.working,
            dismissed=self._noise.is_going_on(voice.media_ms),
            live=turns.live(),
            utterance=utterance is not None,
            protected=self._protected(now),
            restarted=self._answer.restarted and not late and turns.unheard_reply(now),
            late=late,
            theirs=(late or voice.burst_ms == sooner_ms) and voice.voiced and self._overheard.theirs(now),
            again=late and self._late_start.again,
            remark=self._overheard.remark(text, voice_ms),
            settled=utterance is not None and utterance.grown_ms > utterance.active_ms,
            new_stt=not listening.sends_partials and not listening.stt.proven,
        )

    def _asked(self, now: int) -> bool:
        return was_asked(self._hearing.asked(now), self._hearing.asking(now), self._language)

    # --- when the caller is done ------------------------------------------------------------------------------------

    def utterance_over(self, said: Closed, now: int) -> tuple[Closed, list[Action], UtteranceDecision | None]:
        """Decides what the utterance was; also returns it with the caller's own words only. The decision is also the
        last action; None for a mere sound."""
        if self._ending.final:
            return said, [], None
        live, has_cut, self._has_cut = self._turns.live(), self._has_cut, False
        self._overheard.over(said, live)
        closed = replace(said, text=self._overheard.rest(said.text, said.voice_ms))
        if closed.text and self._wants_an_answer(closed.text, closed.voice_ms, live, now):
            self._listening.stt.found_words()
            turn, actions = self._turns.upcoming(closed.text)
            decision: UtteranceDecision = over(TurnEnded, turn, closed, self._listening)
            return closed, [*actions, decision], decision
        actions = self._turns.drop_speculation(DropReason.NO_WORDS)
        if self._answer.owed or live or (said.text and not has_cut):
            decision = over(Ignored, self._turns.last, said, self._listening)
            return closed, [*actions, decision], decision
        long = said.voice_ms >= (NOT_HEARD_VOICE_MS if said.complete else self._rules.tuning.min_word_ms)
        if long and not self._overheard.was_echo(said.voice_ms, said.silence_ms, now):
            self._listening.stt.found_none()
        elif not has_cut:
            return closed, actions, None
        # a cut without words must not leave the agent silent
        decision = over(NotHeard, self._turns.last, said, self._listening)
        return closed, [*actions, decision], decision

    def caller_said(self, text: str, now: int) -> list[Action]:
        """Words (or keys) of the caller that are to be answered."""
        if not self._ending.final:
            self._ending.cancel()
        turn, actions = self._turns.upcoming(text)
        self._turns.transcript.caller(text)
        self._answer.ask(now, spoke_ms=now - self._listening.voice.silence_ms)
        return [*actions, LineAdded("caller", text, turn)]

    def _wants_an_answer(self, text: str, voice_ms: int, live: bool, now: int) -> bool:
        if self._overheard.parting and is_farewell(text, self._language):
            return False
        asked, remark = self._asked(now), self._overheard.remark(text, voice_ms)
        return not live or wants_an_answer(text, asked=asked, remark=remark, language=self._language)
