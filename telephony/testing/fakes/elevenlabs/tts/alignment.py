"""The alignment of a segment's audio messages, with the oddities that clients meet. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from telephony.testing.fakes.elevenlabs.tts.faults import TtsFaults

Block: TypeAlias = dict[str, Any] | None
Pair: TypeAlias = tuple[Block, Block]
"""`alignment` and `normalizedAlignment` of one message."""


def blocks(
    text: str, ends: tuple[int, ...], until_ms: Sequence[int], faults: TtsFaults, *, sync: bool, first: bool
) -> list[Pair]:
    """The alignments of each audio message of a segment. `ends` is the end of each character of `text` and `until_ms`
    that of each message, in ms from the segment's start; `first`: the segment is its context's first."""
    if faults.no_full_stop and text.rstrip().endswith("."):
        at = len(text.rstrip()) - 1
        text, ends = text[:at] + text[at + 1 :], ends[:at] + ends[at + 1 :]
    found: list[Pair] = []
    for begin, end, base_ms in _spans(ends, until_ms, faults, sync):
        gap = faults.alignment_gap and len(found) % faults.alignment_gap == faults.alignment_gap - 1
        if faults.no_alignment or gap or begin == end:
            found.append((None, None))
            continue
        original = _block(text[begin:end], ends[begin:end], base_ms, 2 if faults.joined_items else 1)
        normalized = _block(text[begin:end], ends[begin:end], base_ms, 2 if faults.joined_items else 1)
        if first and not begin:
            _lead(normalized)
        found.append((None if faults.normalized_only else original, normalized))
    return found


def _spans(ends: tuple[int, ...], until_ms: Sequence[int], faults: TtsFaults, sync: bool) -> list[tuple[int, int, int]]:
    """For each message its characters [begin, end), and the time from which their times count."""
    count, messages = len(ends), len(until_ms)
    if faults.restarts and messages > 1:
        return [(0, count // 2, 0), (0, count, 0), *[(0, 0, 0)] * (messages - 2)]
    if faults.segment_alignment or faults.restarts or not sync:
        return [(0, count, 0), *[(0, 0, 0)] * (messages - 1)]
    spans, begin, base_ms = [], 0, 0
    for number, until in enumerate(until_ms, 1):
        end = count if number == messages else sum(at <= until for at in ends)
        spans.append((begin, end, base_ms))
        begin, base_ms = end, until
    return spans


def _block(chars: str, ends: tuple[int, ...], base_ms: int, size: int) -> dict[str, Any]:
    """A block of items of `size` characters, its times in ms from `base_ms`."""
    items = [chars[at : at + size] for at in range(0, len(chars), size)]
    lasts = [ends[min(at + size, len(ends)) - 1] - base_ms for at in range(0, len(chars), size)]
    starts = [0, *(max(0, last) for last in lasts[:-1])]
    durations = [last - start for last, start in zip(lasts, starts, strict=True)]
    return {"chars": items, "charStartTimesMs": starts, "charDurationsMs": durations}


def _lead(block: dict[str, Any]) -> None:
    """Puts the space before the first word that the normalized alignment begins with."""
    block["chars"].insert(0, " ")
    block["charStartTimesMs"].insert(0, 0)
    block["charDurationsMs"].insert(0, 0)
