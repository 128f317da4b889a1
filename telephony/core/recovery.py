"""Waits and apologies: what is said when things do not go as they should.

Silence is bounded here. Whatever a provider does, a fixed phrase bridges the wait (`filler_ms`), a reply without
progress is given up (`reply_ms`), and too many apologies in a row end the call.
"""

from __future__ import annotations

from telephony.core.acting.entries import Entries
from telephony.core.actions import Action
from telephony.core.answer import OwedAnswer
from telephony.core.decisions import Apologised, CallEnding, FillerSaid, StillThereAsked, TimeWarned
from telephony.core.ending import Ending, Stage
from telephony.core.events import ReplyFault
from telephony.core.listening.calm import CALM, Calm, until
from telephony.core.listening.listening import Listening
from telephony.core.policy import Policy
from telephony.core.speaking.generation import Generation
from telephony.core.speaking.turns import Turns
from telephony.core.timers import Due

FILLERS = 4
"""Most fillers in one wait; then the silence is the lesser evil."""

LONGEST_WAIT_MS = 1_300
"""Most of the silence before the decision that counts as waiting: what the caller said may have been keys, or long
ago."""


class Recovery:
    """See the module text. Methods that do something return the actions to perform, in order."""

    def __init__(
        self,
        policy: Policy,
        listening: Listening,
        turns: Turns,
        answer: OwedAnswer,
        ending: Ending,
        entries: Entries,
    ) -> None:
        self._limits, self._wording = policy.limits, policy.wording
        self._listening = listening
        self._turns = turns
        self._answer = answer
        self._ending = ending
        self._entries = entries
        self._apologies = 0  # in a row

    # --- waiting ----------------------------------------------------------------------------------------------------

    def deadline(self, now: int) -> int | None:
        """When the silence of a reply under way has to be bridged, or the reply given up."""
        waiting, limits = self._waiting(), self._limits
        if waiting is None or self._ending.begun:
            return None
        give_up = waiting.progress_ms + limits.reply_ms if self._stuck(waiting) else None
        if self._listening.utterance is not None or self._turns.playout.speaking(now) or waiting.fillers >= FILLERS:
            return give_up
        spoke = now - self._listening.voice.silence_ms  # the caller waits from their last word on
        since = max(min(waiting.decided_ms, spoke), waiting.decided_ms - LONGEST_WAIT_MS)
        since = max(since, self._turns.playout.until_ms, self._entries.ended_ms)
        filler = since + limits.filler_ms * (5 if waiting.fillers else 2) // 2
        return filler if give_up is None else min(filler, give_up)

    def tick(self, now: int) -> list[Action]:
        """Nothing audible for too long: a filler; no progress for much too long: an apology."""
        at = self.deadline(now)
        if at is None or at > now or (waiting := self._waiting()) is None:
            return []
        if self._stuck(waiting) and now - waiting.progress_ms >= self._limits.reply_ms:
            return self.reply_failed("reply_timeout", now)
        waiting.fillers += 1
        filler = FillerSaid(self._turns.last, now - waiting.decided_ms)
        return [filler, *self._turns.phrase("filler", now, first=True)]

    def calm(self, now: int) -> Calm | None:
        """See `Part`. Its deadline stays, unless it follows the caller's silence."""
        waiting, playout = self._waiting(), self._turns.playout
        if waiting is None or self._ending.begun or self._listening.utterance is not None:
            return CALM
        if playout.speaking(now):
            return until(playout.until_ms) if playout.until_ms > now else CALM
        return (
            CALM
            if waiting.fillers >= FILLERS or max(playout.until_ms, self._entries.ended_ms) >= waiting.decided_ms
            else None
        )

    def _waiting(self) -> Generation | None:
        """What the caller waits for: the reply, or the tool of an earlier one. While keys are awaited, it is we who
        wait."""
        if self._entries.open:
            return None
        turn = self._turns.reply or self._turns.abandoned
        return turn.generation if turn is not None else None

    def _stuck(self, waiting: Generation) -> bool:
        return waiting.stuck and self._turns.reply is not None

    # --- apologies --------------------------------------------------------------------------------------------------

    def reply_failed(self, code: str, now: int, fault: ReplyFault = ReplyFault.OTHER) -> list[Action]:
        """The reply will not go on. A busy provider is asked once more, and the caller hears why they wait."""
        reply = self._turns.reply
        actions = self._turns.give_up_reply(now)
        if reply is not None and reply.generation is not None and reply.generation.ends_call:
            return actions + self.goodbye(reply.number, now)
        if fault is ReplyFault.BUSY and self._apologies == 0:
            actions += self.apologise(code, now, phrase="provider_busy")
            self._answer.retry(now)
            return actions
        return actions + self.apologise(code, now)

    def apologise(self, why: str, now: int, phrase: str = "apology") -> list[Action]:
        """Says the phrase; ends the call instead, if it was said too often in a row."""
        self._apologies += 1
        decision = Apologised(self._turns.last, why, self._apologies)
        if self._apologies > self._limits.apologies:
            return [decision, *self.end_with("broken", why, now)]
        return [decision, *self._turns.phrase(phrase, now)]

    def replied(self) -> None:
        """A reply was heard to its end: what went wrong before is forgotten."""
        self._apologies = 0

    def tts_failed(self, now: int) -> list[Action]:
        """The TTS has given text up. What is in stock can still be said; the carrier has a voice of its own."""
        if self._ending.final:
            self._ending.cannot_be_said()
            return []
        return self.end_with("broken", "tts_failed", now)

    # --- the end ----------------------------------------------------------------------------------------------------

    def timer_due(self, due: Due, now: int) -> list[Action]:
        """A reminder, or the end."""
        match due:
            case Due.STILL_THERE:
                return [StillThereAsked(self._turns.last), *self._turns.phrase("still_there", now)]
            case Due.TIME_WARNING:
                return [TimeWarned(self._turns.last), *self._turns.phrase("time_warning", now)]
            case _:
                return self.end_with(due, due, now)

    def goodbye(self, turn: int, now: int) -> list[Action]:
        """The model has ended the call; what it said as goodbye is heard to its end, unless the caller objects."""
        actions = list[Action]()
        said = self._turns.get(turn)
        if said is None or said.speech is None:
            actions = self._turns.phrase("goodbye", now)
            turn = self._turns.last
        self._ending.begin("agent", turn, now, stage=Stage.GOODBYE)
        return actions

    def end_with(self, phrase: str, reason: str, now: int) -> list[Action]:
        """Ends the call after a fixed phrase, whatever else is going on."""
        if self._ending.final:
            return []
        actions: list[Action] = [CallEnding(self._turns.last, reason), *self._turns.cut(now)]
        self._answer.cancel()
        actions += self._turns.phrase(phrase, now)
        text = str(getattr(self._wording, phrase))
        self._ending.begin(reason, self._turns.last, now, stage=Stage.FINAL, text=text)
        return actions
