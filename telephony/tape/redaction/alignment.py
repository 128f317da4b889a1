"""Which part of a redacted text takes the place of which character, and where its sound is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MARGIN_MS = 60
"""How much of the agent's sound around a word is removed with it."""

Span = tuple[int, int]
Piece = tuple[str, str, bool]
"""(a character of the recorded text, what takes its place, whether its word has changed)"""


def pieces_of(then: str, now: str) -> list[Piece]:
    """`then` character by character; the last of a word always has something in its place."""
    found: list[Piece] = []
    words = iter(zip(then.split(), now.split(), strict=True))
    at = 0
    while at < len(then):
        if then[at].isspace():
            found.append((then[at], then[at], False))
            at += 1
            continue
        old, new = next(words)
        sizes = [number * len(new) // len(old) for number in range(len(old) + 1)]
        found += [(char, new[sizes[n] : sizes[n + 1]], old != new) for n, char in enumerate(old)]
        at += len(old)
    return found


def aligned(
    text: str, ends: Sequence[int], pieces: Iterable[Piece], begin_ms: int
) -> tuple[str, tuple[int, ...], list[Span]]:
    """An alignment block (see `e.SpeechAudio`) of the redacted text, and the places (ms) of its changed words. `pieces`
    are those of its characters without white space; what does not fit them becomes an x."""
    made, times, places = "", list[int](), list[Span]()
    waiting = iter(pieces)
    before = begin_ms
    for index, char in enumerate(text):
        old, new, changed = (char, char, False) if char.isspace() else next(waiting, ("", "x", True))
        new = new if old == char else "x"
        changed = changed or old != char
        made += new
        if index < len(ends):
            times += [before + (ends[index] - before) * (n + 1) // len(new) for n in range(len(new))]
            places += [(before - MARGIN_MS, ends[index] + MARGIN_MS)] * changed
            before = ends[index]
    return made, tuple(times), places
