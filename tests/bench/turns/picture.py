"""Draws cut-offs against delay as an SVG: a line for each kind of rule, a dot for each preset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from tests.bench.turns.counts import Point

WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 24, 46, 60
OURS, INK, GRID = "#0b6e4f", "#222222", "#dddddd"
STROKES = ((OURS, ""), ("#9a5b13", "6 4"), ("#4a5fa5", "2 4"))
"""(colour, dashes) of the first, second, ... line."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """Maps values to coordinates. `most_ms` and `top` (a share) are the ends of the axes."""

    most_ms: int
    top: float

    def x(self, ms: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * ms / self.most_ms, 1)

    def y(self, share: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share / self.top, 1)


def picture(lines: Mapping[str, Sequence[Point]], presets: Sequence[Point], title: str) -> str:
    """The SVG as text, with up to three named lines."""
    every = [*(point for line in lines.values() for point in line), *presets]
    most_ms = -(-max([1_000, *(ms for ms, _, _ in every)]) // 200) * 200
    scale = _Scale(most_ms, max(0.1, -(-max([y for _, y, _ in every], default=0.0) * 10 // 1) / 10))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="24" font-size="15" fill="{INK}">{escape(title)}</text>',
        *_axes(scale),
    ]
    for number, ((name, points), (colour, dash)) in enumerate(zip(lines.items(), STROKES, strict=False)):
        parts += _line(scale, points, colour, name, 62 + 18 * number, dash)
    for ms, share, rule in presets:
        x, y = scale.x(ms), scale.y(share)
        parts.append(f'<circle cx="{x}" cy="{y}" r="5.5" fill="{OURS}" stroke="#ffffff" stroke-width="1.5"/>')
        parts.append(_text(x + 9, y - 7, rule, "start"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _axes(scale: _Scale) -> list[str]:
    parts = []
    for ms in range(0, scale.most_ms + 1, 200):
        parts.append(f'<path d="M{scale.x(ms)} {scale.y(0)}V{TOP}" stroke="{GRID}"/>')
        parts.append(_text(scale.x(ms), scale.y(0) + 18, str(ms)))
    for percent in range(0, round(scale.top * 100) + 1, 10):
        y = scale.y(percent / 100)
        parts.append(f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="{GRID}"/>')
        parts.append(_text(LEFT - 8, y + 4, f"{percent} %", "end"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "delay of finished turns, p50 (ms)"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    turned = f'transform="translate(18 {middle}) rotate(-90)" text-anchor="middle"'
    parts.append(f'<text {turned} fill="{INK}">pauses in which the turn was cut off</text>')
    return parts


def _line(scale: _Scale, points: Sequence[Point], colour: str, name: str, row: int, dash: str) -> list[str]:
    """A line through the points, and its entry in the legend, `row` from the top."""
    stroke = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
    parts = [f'<path d="M{WIDTH - 190} {row}h28" {stroke}/>', _text(WIDTH - 154, row + 4, name, "start")]
    if points:
        path = "L".join(f"{scale.x(ms)} {scale.y(share)}" for ms, share, _ in points)
        parts.append(f'<path d="M{path}" fill="none" {stroke}/>')
    for ms, share, rule in points:
        at = f'cx="{scale.x(ms)}" cy="{scale.y(share)}"'
        parts.append(f'<circle {at} r="2.5" fill="{colour}"><title>{escape(rule)}</title></circle>')
    return parts


def _text(x: float, y: float, words: str, anchor: str = "middle") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{INK}">{escape(words)}</text>'
