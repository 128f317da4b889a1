"""A warm transfer: a person is called on a leg of their own while the caller stays with the agent. Pure.

    step(event, now_ms) -> actions       synchronous; `deadline` is when to be called with `TimeReached`

    calling    a leg is placed and rings          ask, refuse, hang up: the next number, or words for the caller
    briefing   the person hears what it is about  "yes" leads on; everything else as in calling
    entering   the person goes into the room      the caller is still with the agent, and may still say "never mind"
    telling    the caller hears that they are connected now, and may still say "never mind"
    leaving    the caller's stream is closing     first thing that happens to the caller's leg; nothing undoes it
    joined     both are in the room               until one of them leaves
    over       `outcome` says why

The caller's leg is touched last, and only after a yes and after the person is provably in the room. Where the caller
goes is decided when the carrier asks for it (`CallerAsked`), not when the move was begun: a person who hung up in
between is known by then, and the caller comes straight back to the agent.

Legs are numbered from 1 and never placed twice. What is reported about another leg than the present one is late: if its
phone is answered, it is hung up, and nothing else comes of it. Requests that have a result are numbered too, and a
result of another request is ignored.
"""

from __future__ import annotations

from enum import Enum
from typing import assert_never

from telephony.core.transfers import words as w

ANSWER_GRACE_MS = 10_000
"""How long after its ringing time a leg may be silent before it is given up: reports may be late, or never come."""
ENTER_MS = 8_000
"""How long the person may take into the room before it is asked whether they are there."""
LOOK_MS = 12_000
TELL_MS = 12_000
"""How long the person may wait in the room while the caller is told, and perhaps says something."""
LEAVE_MS = 15_000
"""How long the carrier may take to ask where the caller goes, once the stream was closed."""
RETURN_MS = 3_000
"""How long after the person has left the caller may be on the way back, before they are fetched."""
FETCHES = 6
"""How often a caller is fetched who is not back."""
AGAIN_MS = 5_000
"""How long after a request that came to nothing they are fetched again: whatever was wrong may be over by then."""


class Phase(Enum):
    """See the module text."""

    CALLING = "calling"
    BRIEFING = "briefing"
    ENTERING = "entering"
    TELLING = "telling"
    LEAVING = "leaving"
    JOINED = "joined"
    OVER = "over"


class WarmTransfer:
    """One transfer; see the module text. `leg` is the number of the present leg, 0 before the first."""

    def __init__(self, plan: w.Plan) -> None:
        self.phase = Phase.CALLING
        self.outcome: w.Outcome | None = None
        self.leg = 0
        self.deadline: int | None = None
        self._plan = plan
        self._request = 0  # the number of the last request with a result
        self._looking = False
        self._fetches = 0  # so often was the caller fetched
        self._person_left = False

    @property
    def over(self) -> bool:
        return self.phase is Phase.OVER

    def step(self, event: w.Event, now: int) -> tuple[w.Action, ...]:
        """What follows from an event at `now` (ms, never going back)."""
        match event:
            case w.Asked():
                return self._next_leg(w.Outcome.NO_ANSWER, now) if not self.leg and not self.over else ()
            case w.LegAnswered() | w.LegEnded() | w.Accepted() | w.Refused() | w.PersonEntered():
                return self._of_leg(event, now)
            case w.Looked(number, found):
                if not self._looking or number != self._request or self.phase is not Phase.ENTERING:
                    return ()
                return self._tell(now) if found else self._call_off(w.Outcome.NOT_JOINED, w.Parting.TOO_LATE)
            case w.SaidNeverMind():
                if self.phase in (Phase.LEAVING, Phase.JOINED):
                    return ()  # too late: they are on their way
                return self._call_off(w.Outcome.NEVER_MIND, w.Parting.NEVER_MIND, tell=False)
            case w.CallerTold():
                return self._leave(now) if self.phase is Phase.TELLING else ()
            case w.CallerAsked():
                return self._caller_asked(now)
            case w.CallerReturned():
                return self._returned()
            case w.CallerLeft():
                return self._call_off(w.Outcome.CALLER_LEFT, w.Parting.CALLER_GONE, tell=False)
            case w.FetchFailed(number):
                if self.phase is Phase.JOINED and self._person_left and number == self._request:
                    self.deadline = now + AGAIN_MS
                return ()
            case w.TimeReached():
                return self._time(now) if self.deadline is not None and now >= self.deadline else ()
            case _:
                assert_never(event)

    # --- the person -------------------------------------------------------------------------------------------------

    def _of_leg(
        self, event: w.LegAnswered | w.LegEnded | w.Accepted | w.Refused | w.PersonEntered, now: int
    ) -> tuple[w.Action, ...]:
        if event.leg != self.leg or self.over:
            late = isinstance(event, w.LegAnswered) and 0 < event.leg <= self.leg
            return (w.HangUpLeg(event.leg, w.Parting.TOO_LATE),) if late else ()
        match event, self.phase:
            case w.LegAnswered(), Phase.CALLING:
                self.phase, self.deadline = Phase.BRIEFING, now + self._plan.brief_ms
                return (w.Brief(self.leg),)
            case w.Accepted(), Phase.BRIEFING:
                self.phase, self.deadline = Phase.ENTERING, now + ENTER_MS
                return (w.MovePerson(self.leg),)
            case w.PersonEntered(), Phase.ENTERING:
                return self._tell(now)
            case w.Refused(), Phase.BRIEFING:
                return (w.HangUpLeg(self.leg, w.Parting.NOTHING), *self._next_leg(w.Outcome.REFUSED, now))
            case w.LegEnded(_, how), Phase.CALLING:
                return self._next_leg(how, now)
            case w.LegEnded(), Phase.BRIEFING | Phase.ENTERING | Phase.TELLING:
                return self._next_leg(w.Outcome.HUNG_UP, now)
            case w.LegEnded(), Phase.LEAVING:
                self._person_left = True
            case w.LegEnded(), Phase.JOINED if not self._person_left:
                self._person_left, self.deadline = True, now + RETURN_MS
        return ()

    def _next_leg(self, why: w.Outcome, now: int) -> tuple[w.Action, ...]:
        """The next number, if there is one; `why` the present leg came to nothing."""
        told = (w.TellAgent(self.leg, why, self.leg >= len(self._plan.numbers)),) if self.leg else ()
        if self.leg >= len(self._plan.numbers):
            self._end(why)
            return told
        self.leg += 1
        self.phase, self._looking = Phase.CALLING, False
        self.deadline = now + self._plan.ring_ms + ANSWER_GRACE_MS
        return (*told, w.PlaceLeg(self.leg, self._plan.numbers[self.leg - 1]))

    # --- the caller -------------------------------------------------------------------------------------------------

    def _tell(self, now: int) -> tuple[w.Action, ...]:
        self.phase, self.deadline = Phase.TELLING, now + TELL_MS
        return (w.TellCaller(),)

    def _leave(self, now: int) -> tuple[w.Action, ...]:
        self.phase, self.deadline = Phase.LEAVING, now + LEAVE_MS
        return (w.MoveCaller(),)

    def _caller_asked(self, now: int) -> tuple[w.Action, ...]:
        """A repeated question has the same answer."""
        if self.phase is Phase.JOINED:
            return self._returned() if self._person_left else (w.JoinCaller(),)
        if self.phase is not Phase.LEAVING:
            return (w.TakeBack(self.outcome or w.Outcome.NOT_JOINED),)
        if self._person_left:
            self._end(w.Outcome.HUNG_UP)
            return (w.TakeBack(w.Outcome.HUNG_UP),)
        self.phase, self.deadline = Phase.JOINED, now + self._plan.talk_ms + LEAVE_MS
        return (w.JoinCaller(),)

    def _returned(self) -> tuple[w.Action, ...]:
        if self.phase is not Phase.JOINED:
            return (w.TakeBack(self.outcome or w.Outcome.NOT_JOINED),)
        left = self._person_left
        self._end(w.Outcome.TALKED)
        gone = () if left else (w.HangUpLeg(self.leg, w.Parting.CALLER_GONE),)
        return (w.TakeBack(w.Outcome.TALKED), *gone)

    def _fetch(self, now: int) -> tuple[w.Action, ...]:
        """The person has left, and nobody has heard of the caller, who may sit in an empty room."""
        if self._fetches == FETCHES:
            self._end(w.Outcome.TALKED)
            return ()
        self._fetches += 1
        self._request += 1
        self.deadline = now + LEAVE_MS
        return (w.FetchCaller(self._request),)

    # --- the end ----------------------------------------------------------------------------------------------------

    def _time(self, now: int) -> tuple[w.Action, ...]:
        match self.phase:
            case Phase.CALLING:
                given_up = w.HangUpLeg(self.leg, w.Parting.TOO_LATE)
                return (given_up, *self._next_leg(w.Outcome.UNKNOWN, now))
            case Phase.BRIEFING:
                given_up = w.HangUpLeg(self.leg, w.Parting.TOO_LATE)
                return (given_up, *self._next_leg(w.Outcome.UNDECIDED, now))
            case Phase.ENTERING if not self._looking:
                self._looking, self.deadline = True, now + LOOK_MS
                self._request += 1
                return (w.LookForPerson(self._request, self.leg),)
            case Phase.ENTERING:
                return self._call_off(w.Outcome.NOT_JOINED, w.Parting.TOO_LATE)
            case Phase.TELLING:
                return self._leave(now)
            case Phase.LEAVING:
                return self._call_off(w.Outcome.CALLER_LEFT, w.Parting.CALLER_GONE, tell=False)
            case Phase.JOINED if self._person_left:
                return self._fetch(now)
            case Phase.JOINED:
                return self._call_off(w.Outcome.TALKED, w.Parting.NOTHING, tell=False)
            case Phase.OVER:
                return ()

    def _call_off(self, why: w.Outcome, parting: w.Parting, tell: bool = True) -> tuple[w.Action, ...]:
        """Ends the transfer and the person's leg; `tell`: the agent has to be told."""
        if self.over:
            return ()
        on_line = bool(self.leg) and not self._person_left
        told = (w.TellAgent(self.leg, why, last=True),) if tell else ()
        leg = (w.HangUpLeg(self.leg, parting),) if on_line else ()
        self._end(why)
        return (*leg, *told)

    def _end(self, why: w.Outcome) -> None:
        self.phase, self.outcome, self.deadline = Phase.OVER, why, None
