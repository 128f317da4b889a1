"""Recorded callers: who has no microphone lets one of them call.

They come with the package, as WAV files in `recordings/`: the English ones are the demo caller's voice, the German ones
espeak-ng's. A caller says one line after the other, each when the agent has been silent for a moment, and hangs up.
What a call hears of them is sound only; `text` is for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from telephony.audio import wav
from telephony.audio.frames import BYTES_PER_MS
from telephony.console.carrier.line import Line

SILENT_MS = 1_200
"""The agent has finished when it has been silent for so long."""
INTERRUPT_AFTER_MS = 1_500
"""How long the agent has spoken when it is interrupted."""
FIRST_MS, PATIENCE_MS = 5_000, 20_000
"""How long a caller waits for a greeting, and for an answer, before the next line is said all the same."""
GOODBYE_MS = 8_000
"""How long the agent may take to hang up after the last line."""


@dataclass(frozen=True, slots=True)
class Words:
    """One line: the file's name, and what is said in it. `interrupts`: while the agent speaks."""

    file: str
    text: str
    interrupts: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    language: str
    title: str
    lines: tuple[Words, ...]


_EN_HOURS, _EN_BYE = (
    Words("en-hours", "Hello, what are your opening hours?"),
    Words("en-bye", "No, thank you. Goodbye!"),
)
_DE_HOURS = Words("de-hours", "Guten Tag, wann haben Sie geöffnet?")
_DE_BYE = Words("de-bye", "Nein danke, auf Wiederhören!")
CALLERS: Mapping[str, Caller] = {
    "en-hours": Caller("English", "asks for the opening hours", (_EN_HOURS, _EN_BYE)),
    "en-table": Caller(
        "English",
        "interrupts, and books a table",
        (
            _EN_HOURS,
            Words("en-table", "Wait, please book a table for me.", interrupts=True),
            Words("en-when", "On Friday at seven."),
            Words("en-people", "For four people, please."),
            Words("en-yes", "Yes, please."),
            _EN_BYE,
        ),
    ),
    "de-hours": Caller("Deutsch", "fragt nach den Öffnungszeiten", (_DE_HOURS, _DE_BYE)),
    "de-table": Caller(
        "Deutsch",
        "unterbricht und reserviert einen Tisch",
        (
            _DE_HOURS,
            Words("de-table", "Moment, ich hätte gern einen Tisch.", interrupts=True),
            Words("de-when", "Am Freitag um sieben Uhr."),
            Words("de-people", "Für vier Personen, bitte."),
            Words("de-yes", "Ja, das stimmt."),
            _DE_BYE,
        ),
    ),
}


@lru_cache
def sound(file: str) -> bytes:
    """A recording as mu-law."""
    return wav.read_mono(files("telephony.console").joinpath("recordings", f"{file}.wav").read_bytes())


async def plays(caller: Caller, line: Line) -> None:
    """Says the caller's lines into the call, and hangs up. Ends early if the call does."""
    before_ms = 0
    for number, words in enumerate(caller.lines):
        await _agent_speaks(line, before_ms, FIRST_MS if number == 0 else PATIENCE_MS)
        if words.interrupts:
            await line.wait(line.now_ms + INTERRUPT_AFTER_MS)
        else:
            await _agent_is_silent(line)
        if line.left:
            return
        pcmu = sound(words.file)
        line.uplink.say(pcmu)
        await line.wait(line.now_ms + len(pcmu) // BYTES_PER_MS)
        before_ms = line.now_ms
    await _agent_speaks(line, before_ms, PATIENCE_MS)
    await _agent_is_silent(line)
    await line.wait(line.now_ms + GOODBYE_MS)
    line.leave()


async def _agent_speaks(line: Line, since_ms: int, within_ms: int) -> None:
    """Returns when something has been heard of the agent since then, or after `within_ms`."""
    give_up_ms = line.now_ms + within_ms
    while line.playout.loud_until_ms <= since_ms and line.now_ms < give_up_ms and not line.left:
        await line.wait(line.now_ms + 100)


async def _agent_is_silent(line: Line) -> None:
    while line.now_ms < line.playout.loud_until_ms + SILENT_MS and not line.left:
        await line.wait(line.playout.loud_until_ms + SILENT_MS)
