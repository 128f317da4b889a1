"""The demo's caller, with its own synthetic voice. The service gets the caller's audio only, never the text."""

from __future__ import annotations

from telephony.offline.tts import EspeakTts
from telephony.testing.call_checks import CallerTurn

VOICE = EspeakTts("en-us+m3", words_per_minute=150, pitch=55)

#: (what is said, words that must be understood, whether it interrupts the agent)
SCRIPT: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("what are your opening hours", ("opening", "hours"), False),
    ("wait i want to book a table", ("book", "table"), True),
    ("on friday at seven", ("friday", "seven"), False),
    ("for four people please", ("four",), False),
    ("yes please", ("yes",), False),
    ("no thank you goodbye", ("goodbye",), False),
)


def utterance(text: str) -> bytes:
    """`text` in the caller's voice, as mu-law at 8 kHz. Raises NotInstalled."""
    return VOICE.say(text)[0]


def caller_turns() -> list[CallerTurn]:
    """The turns of the demo's caller: asks, interrupts, books a table, says goodbye."""
    return [CallerTurn(utterance(text), words, interrupts) for text, words, interrupts in SCRIPT]


def short_call() -> list[CallerTurn]:
    """The turns of a caller who asks one question, and interrupts the answer to say goodbye."""
    hours, bye = SCRIPT[0], SCRIPT[-1]
    return [CallerTurn(utterance(hours[0]), hours[1]), CallerTurn(utterance(bye[0]), bye[1], interrupts=True)]
