"""The time line of the demo of a transfer: who spoke and who heard what on both phones, as one HTML page. Pure.

Drawn from the recordings of the phones, not from the steps of the service, which has no part in the call once both are
joined. All times are milliseconds since the caller dialled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from telephony.audio.frames import BYTES_PER_MS
from telephony.audio.level import LOUD, level
from telephony.tape.audio import spans

PIXELS_PER_S = 26
_LEFT, _TOP, _LANE, _SLICE_MS, _PAUSE_MS = 110, 30, 34, 100, 400


@dataclass(frozen=True, slots=True)
class Lane:
    """One side of one phone. `kind` is `says` or `hears`."""

    name: str
    kind: str
    pcmu: bytes


@dataclass(frozen=True, slots=True)
class Line:
    """What someone said, or, without `who`, what happened."""

    at_ms: int
    who: str
    text: str


def transfer_html(lanes: Sequence[Lane], lines: Sequence[Line], wavs: Iterable[tuple[str, str]]) -> str:
    """The page. `wavs` are (whose phone, file), relative to it."""
    players = "".join(
        f'<p>{escape(name)} (left: their voice, right: what they hear)<br><audio controls src="{escape(file)}"></audio>'
        for name, file in wavs
    )
    rows = "".join(
        f'<tr class="{"said" if one.who else "moment"}"><td>{one.at_ms / 1000:.2f}</td><td>{escape(one.who)}</td>'
        f"<td>{escape(one.text)}</td></tr>"
        for one in lines
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A warm transfer</title>'
        f"<style>{_STYLE}</style></head><body><h1>A warm transfer</h1>"
        f'<div class="scroll">{"".join(_svg(lanes, lines))}</div>{players}'
        f"<h2>What was said and what happened</h2><table>{rows}</table></body></html>\n"
    )


def sounds(pcmu: bytes) -> list[tuple[int, int]]:
    """(start, end) of what can be heard; shorter pauses than 400 ms do not count."""
    size = _SLICE_MS * BYTES_PER_MS
    pieces = ((at // BYTES_PER_MS, at // BYTES_PER_MS + _SLICE_MS) for at in range(0, len(pcmu), size)
              if level(pcmu[at : at + size]) >= LOUD)  # fmt: skip
    return spans(pieces, _PAUSE_MS)


def _svg(lanes: Sequence[Lane], lines: Sequence[Line]) -> Iterator[str]:
    length_ms = max((len(lane.pcmu) // BYTES_PER_MS for lane in lanes), default=0)
    moments = [one for one in lines if not one.who]
    bottom = _TOP + _LANE * len(lanes)
    height = bottom + 18 * len(moments) + 10
    yield f'<svg xmlns="http://www.w3.org/2000/svg" width="{_x(length_ms) + 260:.0f}" height="{height}" role="img">'
    for second in range(0, length_ms // 1000 + 1, 5):
        x = _x(second * 1000)
        yield f'<line x1="{x}" x2="{x}" y1="18" y2="{bottom}" class="grid"/><text x="{x}" y="12">{second} s</text>'
    for index, lane in enumerate(lanes):
        top = _TOP + _LANE * index
        yield f'<text x="4" y="{top + 18}">{escape(f"{lane.name} {lane.kind}")}</text>'
        for start, end in sounds(lane.pcmu):
            yield (
                f'<rect class="{lane.kind}" x="{_x(start)}" y="{top + 4}" width="{_x(end) - _x(start):.1f}" '
                f'height="{_LANE - 10}"><title>{start / 1000:.2f} - {end / 1000:.2f} s</title></rect>'
            )
    for index, one in enumerate(moments):
        x, y = _x(one.at_ms), bottom + 18 * (index + 1)
        yield f'<line x1="{x}" x2="{x}" y1="18" y2="{y}" class="moment"/>'
        yield f'<text x="{x + 4}" y="{y}">{escape(one.text)}</text>'
    yield "</svg>"


def _x(ms: int) -> float:
    return round(_LEFT + ms * PIXELS_PER_S / 1000, 1)


_STYLE = (
    "body{font:14px/1.5 system-ui,sans-serif;margin:24px;color:#222}h1{font-size:20px}h2{font-size:16px}"
    ".scroll{overflow-x:auto;border:1px solid #ddd}svg text{font-size:12px;fill:#555}.grid{stroke:#eee}"
    ".says{fill:#2f5f9e}.hears{fill:#4f9e69}line.moment{stroke:#c33;stroke-dasharray:3 3}"
    "td{padding:2px 12px 2px 0;vertical-align:top}td:nth-child(2){white-space:nowrap}tr.moment td{color:#c33}"
)
