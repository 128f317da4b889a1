"""Decisions of the core in words for people who watch a call. Pure."""

from __future__ import annotations

from typing import assert_never

from telephony.core import decisions as d
from telephony.core.decisions import BargeInReason as B
from telephony.core.decisions import EndpointReason as E

_INTERRUPTED: dict[B, str] = {
    B.NONE: "",
    B.VOICE: "your voice was long enough",
    B.GOES_ON: "you were still speaking",
    B.WORDS: "your words ask for the floor",
    B.ANSWER: "your words answer the agent's question",
    B.KEY: "you pressed a key",
    B.BACKCHANNEL: "your words are those of a listener",
    B.ECHO: "the agent's own words came back",
    B.TOO_SHORT: "the sound was too short for a word",
    B.NO_WORDS: "the sound had no words in it",
    B.ENDLESS: "the sound goes on and has no words in it",
    B.NOTHING_LEFT: "there was nothing more to play",
    B.PROTECTED: "this sentence must be heard to its end",
    B.RESTARTED: "the answer was started again once already",
}
_ENDED: dict[E, str] = {
    E.UNHEARD: "there were no words yet",
    E.SILENCE: "nothing but the silence counted",
    E.TRAILING: "the words seemed to go on",
    E.FINISHED: "the words were complete",
    E.LIKELY: "the words were probably complete",
    E.OPEN: "the words could have gone on",
    E.COMPLETE: "what you dictated was complete",
    E.NEARLY_COMPLETE: "what you dictated was nearly complete",
    E.UNDER_WAY: "you were dictating something",
    E.GREETING: "it was a greeting",
    E.DETAILS: "details were to come",
    E.TOLD: "you had told everything",
}


def why(reason: B | E) -> str:
    """The reason as the second half of a sentence; "" if there is none."""
    return _INTERRUPTED[reason] if isinstance(reason, B) else _ENDED[reason]


def floor(decision: d.BargeInDecision) -> str:
    """What became of the agent's speech, and why."""
    because = why(decision.why)
    match decision:
        case d.Held():
            what = "The agent is silent for a moment"
        case d.Resumed():
            what = "The agent goes on"
        case d.Cut():
            what = "The agent was interrupted"
        case _:
            assert_never(decision)
    return f"{what}: {because}." if because else f"{what}."


def ended(decision: d.TurnEnded) -> str:
    """Why the caller's turn was over."""
    return f"You were silent for {seconds(decision.silence_ms)} ({seconds(decision.wait_ms)} were asked for): " + (
        f"{why(decision.why)}."
    )


def turn_ended(report_why: str) -> str:
    """The `why` of a `TurnReport` in words: it names the rule that ended the turn, behind what was dictated."""
    found = [reason for reason in E if f" {report_why}".endswith(f" {reason}")]
    return why(max(found, key=len)) if found else ""


def seconds(ms: int) -> str:
    return f"{ms / 1000:.2f} s"


def remark(decision: d.Decision) -> str:
    """A decision of other kinds as a sentence; "" for those that are of no interest while the call goes on."""
    match decision:
        case d.NotHeard():
            return "There was a voice, but no words: the agent asks."
        case d.Ignored():
            return f"Not answered: {why(decision.why)}."
        case d.FillerSaid():
            return f"You have waited {seconds(decision.waited_ms)}: the agent says something meanwhile."
        case d.Apologised():
            return "The agent apologises."
        case d.StillThereAsked():
            return "You said nothing for long: the agent asks whether you are there."
        case d.TimeWarned():
            return "The call's time runs out."
        case d.CallEnding():
            return "The call is being ended."
        case d.PlatformFailed():
            return "The managed agent has failed."
        case d.PlatformCut():
            return "The platform has interrupted its agent."
        case _:
            return ""


def details(decision: d.Decision) -> str:
    """The code behind a remark, or what a model gave as the reason; "" if there is none."""
    match decision:
        case d.Apologised(why=code) | d.PlatformFailed(why=code) | d.CallEnding(reason=code):
            return code
        case _:
            return ""
