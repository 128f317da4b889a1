"""The parts of the corpus, and what is said in each: see `corpus.py`."""

from __future__ import annotations

from types import ModuleType
from typing import Literal, TypeAlias

from tests.bench.turns import german_say, listener_says, short_turns, strangers_say
from tests.bench.turns import more_sentences as more
from tests.bench.turns import sentences as say

Split: TypeAlias = Literal["tuning", "held-out", "strangers", "german"]
SPLITS: tuple[Split, ...] = ("tuning", "held-out", "strangers", "german")
HALF: dict[Split, int] = {"tuning": 0, "held-out": 1, "strangers": 1, "german": 1}
"""Every second sentence from this index on is said by the part."""
NAMES = {
    "turn": "REQUESTS",
    "digits": "GROUPS",
    "answer": "ANSWERS",
    "unfinished": "UNFINISHED",
    "interruption": "INTERRUPTIONS",
}
"""The list of each kind in the modules of sentences."""


def sentences(kind: str, split: Split) -> list[tuple[str, str]]:
    """(prompt, text with its pauses marked) of a kind, of one half: every second one, `tuning` has the first."""
    if split == "strangers":
        return _every(kind, strangers_say)
    if split == "german":
        return _every(kind, german_say)
    own = _every(kind, say)[HALF[split] :: 2] + _every(kind, listener_says)[HALF[split] :: 2]
    if split == "tuning":
        own += _every(kind, more) + _every(kind, short_turns)
    reported = _every(kind, strangers_say)  # what strangers say is not tuned with
    return [pair for pair in own if pair not in reported]


def _every(kind: str, said: ModuleType) -> list[tuple[str, str]]:
    """A module need not have all kinds."""
    found = getattr(said, NAMES[kind], ())
    return [("", text) for text in found.splitlines()] if isinstance(found, str) else list(found)


def backchannels(split: Split) -> list[tuple[str, str]]:
    if split == "strangers":
        return list(strangers_say.BACKCHANNELS)
    own = [*say.BACKCHANNELS[HALF[split] :: 2], *(more.BACKCHANNELS if split == "tuning" else ())]
    own += listeners(listener_says.BACKCHANNELS, split)
    reported = {written for _, written in strangers_say.BACKCHANNELS}
    return [pair for pair in own if pair[1] not in reported]


def listeners(texts: str, split: Split) -> list[tuple[str, str]]:
    """(pronounced, written) of one half."""
    return [(text.replace("-", " "), text) for text in texts.splitlines()[HALF[split] :: 2]]
