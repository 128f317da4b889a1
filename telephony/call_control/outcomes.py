"""What became of a transfer, as the agent is told it: it puts it into words for the caller. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from telephony.core.transfers.words import Outcome

_WHY: Mapping[Outcome, str] = {
    Outcome.BUSY: "the line is busy",
    Outcome.NO_ANSWER: "nobody answered",
    Outcome.FAILED: "the call could not be made",
    Outcome.UNKNOWN: "it is not known whether the phone rang",
    Outcome.REFUSED: "they answered and cannot take the call now",
    Outcome.HUNG_UP: "they answered and have hung up",
    Outcome.UNDECIDED: "they answered and did not say whether they take the call",
    Outcome.NOT_JOINED: "they wanted to take the call, and for a technical reason could not be joined",
    Outcome.NEVER_MIND: "the caller did not want it any more",
    Outcome.CALLER_LEFT: "the caller could not be moved",
}


def failed(name: str, why: Outcome) -> str:
    """The last number came to nothing."""
    return (
        f"The transfer to {name} has not worked: {_WHY[why]}. The caller is on the line with you. Tell them so in one "
        "short sentence, and offer what else you can do, such as trying again later or taking a message."
    )


def back(name: str, why: Outcome) -> str:
    """The caller is back after they were on their way."""
    if why is not Outcome.TALKED:
        return failed(name, why)
    return (
        f"The caller was put through to {name}, who has hung up. You do not know what they said to each other. The "
        "caller is on the line with you again: ask whether there is anything else."
    )


def trying_next(name: str, why: Outcome) -> str:
    return f"{name}: {_WHY[why]}. The next number is being called. Nothing to say unless the caller asks."


INTERRUPTED = (
    "{name} takes the call and is waiting. The caller was being told so and has said something: answer them in one "
    "short sentence, and they are connected. If they do not want it any more, cancel the transfer instead."
)
ANSWERED = "{name} has answered and is being told what it is about. Nothing to say unless the caller asks."
