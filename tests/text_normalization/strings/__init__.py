"""What is written, and how it is spoken, for readers who speak the language: `scripts/bench spoken --language de`.

A file holds one string a line, `written => spoken`; a line that begins with # names the kind of those below it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
LANGUAGES = sorted(path.stem for path in HERE.glob("*.txt"))


@dataclass(frozen=True, slots=True)
class Row:
    kind: str
    written: str
    spoken: str


def rows(language: str) -> Iterator[Row]:
    kind = ""
    for line in (HERE / f"{language}.txt").read_text(encoding="utf-8").splitlines():
        written, arrow, spoken = line.partition(" => ")
        if arrow:
            yield Row(kind, written, spoken)
        elif line.startswith("# "):
            kind = line.removeprefix("# ")
