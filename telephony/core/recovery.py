"""Waits, apologies, and the end of the call: what is said when things do not go as they should, or are over.

Silence is bounded here. Whatever a provider does, a fixed phrase bridges the wait (`filler_ms`), a reply without
progress is given up (`reply_ms`), and too many apologies in a row end the call. An ending is a turn that is heard to
its last mark, with a time limit; what cannot be said at all is left to the carrier's own voice (`EndCall.farewell`).
"""

from __future__ import annotations

from telephony.core.actions import Action, EndCall
from telephony.core.listening.listening import Listening
from telephony.core.policy import Policy
from telephony.core.speaking.turns import Turns
from telephony.core.timers import Ending
from telephony.core.turn_taking.floor import SharedState

FILLERS = 4
"""So many fillers in one wait; then the silence is the lesser evil."""

ENDS = ("time_over", "draining", "silent_goodbye")
"""What ends the call when its time has come."""

LONGEST_WAIT_MS = 1_300
"""No more of the silence before the decision counts: what the caller said may have been keys, or long ago."""


class Recovery:
    """See the module text."""

    def __init__(
        self, policy: Policy, listening: Listening, turns: Turns, shared: SharedState, out: list[Action]
    ) -> None:
        self._limits, self._wording = policy.limits, policy.wording
        self._listening = listening
        self._turns = turns
        self._shared = shared
        self._out = out

    # --- waiting ----------------------------------------------------------------------------------------------------

    def wait_deadline(self, now: int) -> int | None:
        """When the silence of a reply under way has to be bridged, or its thinking given up."""
        waiting = self._turns.reply or self._turns.generation.abandoned
        if waiting is None or self._shared.ending is not None:
            return None
        stuck = waiting is self._turns.reply and not waiting.running and not waiting.ended
        give_up = waiting.progress_ms + self._limits.reply_ms if stuck else None
        if self._listening.utterance is not None or self._turns.playout.speaking(now) or waiting.fillers >= FILLERS:
            return give_up
        spoke = now - self._listening.voice.silence_ms  # the caller waits from their last word on
        since = max(min(waiting.decided_ms, spoke), waiting.decided_ms - LONGEST_WAIT_MS)
        since = max(since, self._turns.playout.until_ms)
        filler = since + self._limits.filler_ms * (5 if waiting.fillers else 2) // 2
        return filler if give_up is None else min(filler, give_up)

    def bridge_silence(self, now: int) -> None:
        """Nothing audible for too long: a filler; no progress for much too long: an apology."""
        at, reply = self.wait_deadline(now), self._turns.reply
        waiting = reply or self._turns.generation.abandoned
        if at is None or at > now or waiting is None:
            return
        stuck = waiting is reply and not waiting.running and not waiting.ended
        if stuck and now - waiting.progress_ms >= self._limits.reply_ms:
            self.reply_failed("reply_timeout", now)
            return
        waiting.fillers += 1
        self._turns.explain("filler", {"waited_ms": now - waiting.decided_ms})
        self._turns.phrase("filler", now)

    # --- trouble ----------------------------------------------------------------------------------------------------

    def reply_failed(self, code: str, now: int) -> None:
        """The live reply will not go on. A busy provider is asked once more, and the caller hears why they wait."""
        reply = self._turns.reply
        self._turns.give_up_reply(now)
        if reply is not None and reply.ends_call:
            self.goodbye(reply.turn, now)
        elif code == "provider_busy" and self._shared.apologies == 0:
            self.apologise(code, now, phrase="provider_busy")
            self._shared.owed_ms = now
        else:
            self.apologise(code, now)

    def apologise(self, why: str, now: int, phrase: str = "apology") -> None:
        self._shared.apologies += 1
        self._turns.explain("apology", {"why": why, "in_a_row": self._shared.apologies})
        if self._shared.apologies > self._limits.apologies:
            self.end_with("broken", why, now)
        else:
            self._turns.phrase(phrase, now)

    def voice_failed(self, now: int) -> None:
        """The voice has given up on text. What is in stock can still be said; the carrier has a voice of its own."""
        if self._shared.final:
            assert self._shared.ending is not None
            self._shared.ending.deadline, self._shared.ending.unheard = now, True
        else:
            self.end_with("broken", "voice_failed", now)

    def time_has_come(self, what: str, now: int) -> None:
        """For what `Timers.due` names: a reminder, or the end."""
        if what in ENDS:
            self.end_with(what, what, now)
        else:
            self._turns.explain(what, {})
            self._turns.phrase(what, now)

    # --- the end ----------------------------------------------------------------------------------------------------

    def goodbye(self, turn: int, now: int) -> None:
        """The model has ended the call; what it said as goodbye is heard to its end, unless the caller objects."""
        if turn not in self._turns.synthesis.speeches:
            turn = self._turns.phrase("goodbye", now)
        self._shared.ending = Ending("agent", turn, now, now + self._limits.reply_ms, forced=False)

    def end_with(self, phrase: str, reason: str, now: int) -> None:
        """Ends the call after a fixed phrase, whatever else is going on."""
        if self._shared.final:
            return
        self._turns.explain("ending", {"reason": reason})
        self._turns.cut(now)
        self._shared.owed_ms = None
        turn = self._turns.phrase(phrase, now)
        text = str(getattr(self._wording, phrase))
        self._shared.ending = Ending(reason, turn, now, now + self._limits.reply_ms, forced=True, farewell=text)

    def ending_deadline(self) -> int | None:
        return self._shared.ending.deadline if self._shared.ending is not None else None

    def ending_is_over(self, now: int) -> bool:
        """The last word was heard, or has had its time."""
        turns, ending = self._turns, self._shared.ending
        assert ending is not None
        heard_by = turns.playout.until_ms + self._limits.goodbye_ms
        if turns.synthesis.over(ending.turn) and not turns.playout.held:
            ending.deadline = min(ending.deadline, max(heard_by, ending.since + 1))
        elif turns.playout.until_ms > now:
            ending.deadline = max(ending.deadline, heard_by)
        return ending.turn not in turns.synthesis.speeches or ending.deadline <= now

    def finish(self, now: int) -> EndCall:
        """The last action of the call. A farewell that was not heard at all is left to the carrier's voice."""
        ending = self._shared.ending
        assert ending is not None
        unheard = ending.turn in self._turns.synthesis.speeches and not self._turns.synthesis.heard(ending.turn, now)
        return EndCall(ending.reason, ending.farewell if unheard or ending.unheard else "")
