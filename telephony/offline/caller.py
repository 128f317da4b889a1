"""The demo's caller, with its own synthetic voice. The service gets the caller's audio only, never the text."""

from __future__ import annotations

from telephony.offline.tts import EspeakTts
from telephony.testing.script import CallerScript

VOICE = EspeakTts("en-us+m3", words_per_minute=150, pitch=55)
INTERRUPT_AFTER_S = 1.2
"""How long the caller listens to the answer that they interrupt."""


def utterance(text: str) -> bytes:
    """`text` in the caller's voice, as mu-law at 8 kHz. Raises NotInstalled."""
    return VOICE.say(text)[0]


def whole_call() -> tuple[CallerScript, tuple[str, ...]]:
    """The demo's caller asks, interrupts, books a table and says goodbye. Also returns the words that must be
    understood."""
    script = _interrupted("wait i want to book a table")
    for text in ("on friday at seven", "for four people please", "yes please", "no thank you goodbye"):
        script = script.waits_for_agent().says(utterance(text), text)
    return script, ("opening", "hours", "book", "table", "friday", "seven", "four", "yes", "goodbye")


def short_call() -> tuple[CallerScript, tuple[str, ...]]:
    """A caller who asks one question, and interrupts the answer to say goodbye."""
    return _interrupted("no thank you goodbye"), ("opening", "hours", "goodbye")


def _interrupted(by: str) -> CallerScript:
    question = "what are your opening hours"
    script = CallerScript().waits_for_agent().says(utterance(question), question)
    return script.interrupts(utterance(by), INTERRUPT_AFTER_S, by)
