"""Waits, apologies, and the end of the call: what the agent says when a provider is slow or fails, or the call ends.

Silence is bounded here. Whatever a provider does, a fixed phrase bridges the wait (`filler_ms`), a reply without
progress is given up (`reply_ms`), and too many apologies in a row end the call. The call ends after a last turn has
been played to its last mark, within a time limit; a farewell that our TTS cannot say is left to the carrier's
(`EndCall.farewell`).
"""

from __future__ import annotations

from telephony.core.actions import Action, EndCall
from telephony.core.listening.listening import Listening
from telephony.core.policy import Policy
from telephony.core.speaking.turns import Turns
from telephony.core.timers import Ending
from telephony.core.turn_taking.floor import SharedState

FILLERS = 4
"""Maximum number of fillers in one wait; after that, silence is better than another filler."""

ENDS = ("time_over", "draining", "silent_goodbye")
"""The timers that end the call (names as in `Timers.due`)."""

LONGEST_WAIT_MS = 1_300
"""At most this much silence before the end of turn counts as waiting: the reply may be to keys, or to words spoken
long before."""


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
        """When to bridge the silence before a reply, or to give the reply up; None if no reply is being waited for."""
        waiting = self._turns.reply or self._turns.generation.abandoned
        if waiting is None or self._shared.ending is not None:
            return None
        stuck = waiting is self._turns.reply and not waiting.running and not waiting.ended
        give_up = waiting.progress_ms + self._limits.reply_ms if stuck else None
        if self._listening.utterance is not None or self._turns.playout.speaking(now) or waiting.fillers >= FILLERS:
            return give_up
        spoke = now - self._listening.voice.silence_ms  # for the caller, the wait begins at their last word
        since = max(min(waiting.decided_ms, spoke), waiting.decided_ms - LONGEST_WAIT_MS)
        since = max(since, self._turns.playout.until_ms)
        filler = since + self._limits.filler_ms * (5 if waiting.fillers else 2) // 2
        return filler if give_up is None else min(filler, give_up)

    def bridge_silence(self, now: int) -> None:
        """Says a filler after too long a silence; gives the reply up if it has made no progress for `reply_ms`."""
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

    # --- failures ---------------------------------------------------------------------------------------------------

    def reply_failed(self, code: str, now: int) -> None:
        """The live reply has failed. A busy provider is asked once more, and the caller is told why they wait."""
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

    def tts_failed(self, now: int) -> None:
        """The TTS has given up on text: ends the call. Cached phrases can still be played; failing that, the carrier's
        own TTS speaks the farewell."""
        if self._shared.final:
            assert self._shared.ending is not None
            self._shared.ending.deadline, self._shared.ending.unheard = now, True
        else:
            self.end_with("broken", "voice_failed", now)

    def timer_due(self, what: str, now: int) -> None:
        """Handles the timer that `Timers.due` has named: says its reminder, or ends the call."""
        if what in ENDS:
            self.end_with(what, what, now)
        else:
            self._turns.explain(what, {})
            self._turns.phrase(what, now)

    # --- the end ----------------------------------------------------------------------------------------------------

    def goodbye(self, turn: int, now: int) -> None:
        """The model has ended the call: its own goodbye, or else the fixed phrase, is played to its end first. The
        caller can still stop this by speaking."""
        if turn not in self._turns.synthesis.speeches:
            turn = self._turns.phrase("goodbye", now)
        self._shared.ending = Ending("agent", turn, now, now + self._limits.reply_ms, forced=False)

    def end_with(self, phrase: str, reason: str, now: int) -> None:
        """Cuts whatever is going on, says a fixed phrase, and then ends the call."""
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
        """Whether the last turn has been played to its end, or its time limit has passed."""
        turns, ending = self._turns, self._shared.ending
        assert ending is not None
        heard_by = turns.playout.until_ms + self._limits.goodbye_ms
        if turns.synthesis.over(ending.turn) and not turns.playout.held:
            ending.deadline = min(ending.deadline, max(heard_by, ending.since + 1))
        elif turns.playout.until_ms > now:
            ending.deadline = max(ending.deadline, heard_by)
        return ending.turn not in turns.synthesis.speeches or ending.deadline <= now

    def finish(self, now: int) -> EndCall:
        """The last action of the call. If nothing of the farewell was heard, the carrier's own TTS speaks it."""
        ending = self._shared.ending
        assert ending is not None
        unheard = ending.turn in self._turns.synthesis.speeches and not self._turns.synthesis.heard(ending.turn, now)
        return EndCall(ending.reason, ending.farewell if unheard or ending.unheard else "")
