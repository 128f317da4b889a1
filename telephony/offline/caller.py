"""The demo's caller, with a voice unlike the agent's. The service gets the caller's audio only, never the text."""

from __future__ import annotations

from collections.abc import Sequence

from telephony.offline.blocking import say
from telephony.offline.tts import CALLER
from telephony.testing.script import CallerScript

INTERRUPT_AFTER_S = 1.2
"""How long the caller listens to the answer that they interrupt."""
QUESTION, BOOKING = "What are your opening hours?", "Wait, please book a table for me."
DETAILS = ("On Friday at seven.", "For four people, please.", "Yes, please.")
GOODBYE = "No, thank you. Goodbye!"


def utterances(*texts: str) -> list[bytes]:
    """The texts in the caller's voice, as mu-law at 8 kHz. Takes about a second. Raises NotInstalled."""
    return say(texts, CALLER)


def whole_call() -> tuple[CallerScript, tuple[str, ...]]:
    """The demo's caller asks, interrupts, books a table and says goodbye. Also returns the words that must be
    understood."""
    script = _conversation((QUESTION, BOOKING, *DETAILS, GOODBYE))
    return script, ("opening", "hours", "book", "table", "friday", "seven", "four", "yes", "goodbye")


def short_call() -> tuple[CallerScript, tuple[str, ...]]:
    """A caller who asks one question, and interrupts the answer to say goodbye."""
    return _conversation((QUESTION, GOODBYE)), ("opening", "hours", "goodbye")


def _conversation(texts: Sequence[str]) -> CallerScript:
    """The second text interrupts."""
    script = CallerScript()
    for index, (text, pcmu) in enumerate(zip(texts, utterances(*texts), strict=True)):
        if index == 1:
            script = script.interrupts(pcmu, INTERRUPT_AFTER_S, text)
        else:
            script = script.waits_for_agent().says(pcmu, text)
    return script
