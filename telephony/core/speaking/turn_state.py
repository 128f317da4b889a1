"""The states of a turn.

SPECULATIVE   prepared while the caller's silence is still being judged: runs no tool, is in no history, inaudible
LIVE          the reply under way, until what it says has been played
SETTLING      no reply any more, or never one (a fixed phrase): what was said of it is still being played
CUT           interrupted while one of its tools runs: the tool finishes and its result enters the history. The next
              answer waits for a tool that has only begun; of a slow one it is told that it still runs
DONE          nothing more happens in it

begin -> SPECULATIVE -adopt-> LIVE -settle-> DONE       SPECULATIVE -drop-> DONE
begin -> LIVE -end_unsaid-> DONE
begin -> LIVE -give_up-> SETTLING -settle-> DONE        LIVE, SETTLING -cut-> DONE, or CUT -tool_finished-> DONE
"""

from __future__ import annotations

from enum import Enum


class Outcome(Enum):
    """What has become of what a reply says."""

    OPEN = "open"
    """Nothing yet."""
    HEARD = "heard"
    """It has ended, and all of it was provably heard."""
    SILENT = "silent"
    """It has ended, and there was nothing to say."""
    UNHEARD = "unheard"
    """It is over, but not all of it was provably heard."""
    CUT = "cut"
    """The caller, or the end of the call, has cut it short."""
    FAILED = "failed"
    """It was given up."""


class TurnState(Enum):
    """See the module text."""

    SPECULATIVE = "speculative"
    LIVE = "live"
    SETTLING = "settling"
    CUT = "cut"
    DONE = "done"
