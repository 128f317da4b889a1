"""Who has the floor: carries out what `barge_in.py` has judged, and hands the turn over when the caller is done.

Theory of operation. While the agent thinks or speaks, the caller's sound is evidence. A hold silences the agent and
loses nothing; a resume sends the rest again; a cut ends the reply and gives the caller the floor. If nothing of the
reply had been heard by then, the caller's new words join the old ones and the answer is thought of again: once. After
that the answer comes first, and what was said meanwhile is answered behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

from telephony.call.actions import Action, LineAdded
from telephony.call.barge_in import Evidence, Verdict, judge
from telephony.call.listening import Closed, Listening
from telephony.call.patience import Ending
from telephony.call.policy import TurnTaking
from telephony.call.turns import Turns
from telephony.call.words import backchannel

NOT_HEARD_VOICE_MS = 500
"""So much voice without any words deserves a question; less is a noise."""

Because = dict[str, int | str]


@dataclass(slots=True)
class Standing:
    """How things stand between the two. `owed_ms`: since when the caller's words are not answered; `restarts` of the
    answer under way; `apologies` in a row; `ending`, once the call is being ended."""

    owed_ms: int | None = None
    restarts: int = 0
    apologies: int = 0
    ending: Ending | None = None

    def owe(self, now: int) -> None:
        """The caller waits for an answer, from now on if not already."""
        self.owed_ms = now if self.owed_ms is None else self.owed_ms

    @property
    def final(self) -> bool:
        """The call is being ended, and the caller cannot talk it out of it."""
        return self.ending is not None and self.ending.forced


class Floor:
    """See the module text."""

    def __init__(
        self, rules: TurnTaking, listening: Listening, turns: Turns, standing: Standing, out: list[Action]
    ) -> None:
        self._rules = rules
        self._listening = listening
        self._turns = turns
        self._standing = standing
        self._out = out

    def untouchable(self) -> bool:
        """What is being said must be heard to its end."""
        return self._turns.guarded() or self._standing.final

    def interruption(self, now: int) -> None:
        """Looks at the evidence and acts on the verdict."""
        turns, listening = self._turns, self._listening
        if not turns.live() or self.untouchable():
            return
        if listening.utterance is None:
            if turns.playout.held:
                self._resume(now, {"why": "nothing left"})
            return
        if self._standing.restarts and turns.unheard_reply(now):
            if turns.playout.held and listening.silence_ms >= self._rules.commit_after_ms:
                self._resume(now, {"why": "already restarted"})
            return
        evidence = self._evidence(now)
        verdict, why = judge(evidence, self._rules)
        because: Because = {"why": why, "voice_ms": evidence.voice_ms, "silence_ms": evidence.silence_ms}
        if verdict is Verdict.HOLD:
            turns.explain("hold", because)
            self._out += turns.playout.hold(now)
        elif verdict is Verdict.CUT:
            self.cut(why, now, because)
        elif verdict is Verdict.RESUME:
            self._resume(now, because)
            if why in ("backchannel", "too short", "no words"):
                listening.discard(answered=why == "backchannel")

    def cut(self, why: str, now: int, because: Because | None = None) -> None:
        """The caller has the floor. An answer of which nothing was heard is still owed."""
        unanswered = self._turns.unheard_reply(now)
        self._turns.explain("cut", because or {"why": why})
        self._turns.cut(now)
        self._standing.ending = None
        if unanswered:
            self._standing.restarts += 1
            self._standing.owe(now)
        else:
            self._standing.owed_ms = None

    def utterance_over(self, closed: Closed, now: int) -> str:
        """What the utterance was: `words` to answer, `not_heard` (voice without words), or "" (a sound)."""
        if self._standing.final:
            return ""
        because: Because = {
            "silence_ms": closed.silence_ms,
            "voice_ms": closed.voice_ms,
            "transcript": "final" if closed.complete else "partial",
        }
        live = self._turns.live()
        if closed.text and not (live and backchannel(closed.text) and not self._turns.asked(now)):
            what = "words"
            self._turns.explain("end_of_turn", because, self._turns.last + 1)
        elif self._standing.owed_ms is not None or live:
            what = ""
            self._turns.explain("ignored", because)  # what was under way goes on
        elif closed.voice_ms >= NOT_HEARD_VOICE_MS:
            what = "not_heard"
            self._turns.explain(what, because)
        else:
            what = ""
        return what

    def caller_said(self, text: str, now: int) -> None:
        """Words (or keys) of the caller that want an answer."""
        self._turns.transcript.caller(text)
        self._out.append(LineAdded("caller", text, self._turns.last + 1))
        self._standing.owe(now)

    def _evidence(self, now: int) -> Evidence:
        utterance, voice = self._listening.utterance, self._listening.voice
        assert utterance is not None
        return Evidence(
            held=self._turns.playout.held,
            voiced=voice.voiced,
            voice_ms=utterance.voice_ms,
            burst_ms=voice.burst_ms,
            silence_ms=self._listening.silence_ms,
            text=utterance.text,
            text_final=utterance.committed and not utterance.awaited,
            asked=self._turns.asked(now),
            leaving=self._standing.ending is not None,
        )

    def _resume(self, now: int, because: Because) -> None:
        self._turns.explain("resume", because)
        self._out += self._turns.playout.resume(now)
