"""Until when the caller's frames change nothing: of 50 a second hardly any brings news.

Theory of operation. After a step in which no part had anything to do, each part of the core says for how long it would
go on doing nothing, if only frames like the last one came (`Listening.hear` tells which are). Up to the earliest of
these moments the parts are not asked again. A moment may be early, never late: then the parts are asked as always, and
say so again. Any other event ends the calm. A part that says nothing is always asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from telephony.core.actions import Action
from telephony.core.listening.utterance import Utterance

NEVER = 10**15


class Calm(NamedTuple):
    """Frames change nothing as long as the core's `now`, the media time, and the utterance's silence and voice are all
    below these. `deadline`: that of the call as a whole, as long as frames come."""

    now_ms: int = NEVER
    media_ms: int = NEVER
    silence_ms: int = NEVER
    voice_ms: int = NEVER
    deadline: int = NEVER

    def lasts(self, now: int, media_ms: int, utterance: Utterance | None) -> bool:
        """Whether everything is below these."""
        if now >= self.now_ms or media_ms >= self.media_ms or utterance is None:
            return now < self.now_ms and media_ms < self.media_ms
        return media_ms - utterance.active_ms < self.silence_ms and utterance.voice_ms < self.voice_ms

    def both(self, other: Calm) -> Calm:
        """As long as both last."""
        return Calm(*map(min, self, other))


CALM = Calm()
"""Nothing but an event, a deadline or news in a frame changes anything."""


def until(now_ms: int | None) -> Calm:
    """Until this moment of the core's `now`, or for good."""
    return CALM if now_ms is None else Calm(now_ms)


def never(now: int) -> Calm | None:
    """A part that is always asked."""
    return None


class Part(NamedTuple):
    """A part of the core: `tick` does what time and evidence have decided; `calm` says until when it will do nothing,
    and change nothing, if only more of the same frames come; None: it may do something at the next. What it does at the
    call's deadline goes without saying."""

    tick: Callable[[int], list[Action]]
    calm: Callable[[int], Calm | None] = never
