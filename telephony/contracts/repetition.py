"""A transcript that repeats itself without having been said so often -> the transcript of what was said. Pure.

Recognisers at times repeat a text, or its end, usually three times; people repeat themselves as well. So a repeat
counts as the recogniser's only if there was too little sound to say all of it, and if the partial does not show it.

Text is compared in atoms, because the same code may be written "4271", "4-2-7-1" or "4 2 7 1": each figure, each
ideograph and each other word is one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

WORD_MS = 120
"""Minimum sound for each word; with less sound it cannot have been said."""
QUICK_WORD_MS = 200
"""Sound that each word takes at least if somebody says a text again. Quick speech has five words a second."""
COPY_ATOMS = 3
COPY_LETTERS = 12
"""A copy has at least so many atoms or letters: shorter texts are repeated by people ("no no no", "thank you")."""
DOUBLED_ATOMS = 4
"""A part that stands there twice is a repeat if it has this many: groups of three figures are often the same."""
MOST_ATOMS = 150
"""Longer texts are not searched, which takes time."""
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_ATOM = re.compile(rf"\d|[{_CJK}]|[^\W\d_{_CJK}]+(?:['’][^\W\d_{_CJK}]+)*")
_DANGLING = re.compile(r"[^\w.?!)%]+$")


class _Run(NamedTuple):
    """The `size` atoms from `start` on are repeated in the `added` atoms that follow; the end of the text may cut the
    last copy off."""

    start: int
    size: int
    added: int


def once(text: str, shown: str, sound_ms: int) -> str:
    """The text without repeats of itself that cannot have been said: `shown` is the partial before it, and `sound_ms`
    the sound of the segment."""
    found = list(_ATOM.finditer(text)) if len(text) <= MOST_ATOMS * COPY_LETTERS else []
    if not 2 <= len(found) <= MOST_ATOMS or sound_ms >= _needed_ms(found, QUICK_WORD_MS):
        return text
    words = [_plain(atom) for atom in found]
    begins = [n == 0 or atom.start() > found[n - 1].end() or atom[0] > "\u3000" for n, atom in enumerate(found)]
    run = _longest_run(words, [*begins, True])
    if run is None:
        return text
    partial = [_plain(atom) for atom in _ATOM.finditer(shown)]
    spare = len(words) - len(partial)
    removed = run.added if run.added <= spare else run.size * min(run.added // run.size, spare // run.size)
    at = run.start + run.size + run.added - removed
    left = words[:at] + words[at + removed :]
    whole = run.size + run.added == len(words)
    sure = whole or run.added >= 2 * run.size or (run.size >= DOUBLED_ATOMS and left == partial)
    if removed <= 0 or sound_ms >= _needed_ms(found, QUICK_WORD_MS if sure else WORD_MS):
        return text
    following = text[found[at + removed].start() :] if at + removed < len(found) else ""
    return once(f"{_DANGLING.sub('', text[: found[at].start()])} {following}".strip(), shown, sound_ms)


def _longest_run(words: list[str], begins: list[bool]) -> _Run | None:
    """The repeat of neighbouring parts that adds most, each part whole words of the text; `begins`: where these do."""
    longest, most, count = None, 0, len(words)
    for size in range(1, count // 2 + 1):
        same = [0] * (count - size + 1)  # from each atom on, the number of them that are the same `size` further
        for start in range(count - size - 1, -1, -1):
            same[start] = same[start + 1] + 1 if words[start] == words[start + size] else 0
        for start, agree in enumerate(same):
            added = agree if start + size + agree == count else agree - agree % size
            if added <= most or agree < size or not _long(words[start : start + size]):
                continue
            if all(begins[start + size * n] for n in range(agree // size + 2)):
                longest, most = _Run(start, size, added), added
    return longest


def _long(copy: list[str]) -> bool:
    return (len(copy) >= COPY_ATOMS and len(set(copy)) > 1) or sum(len(w) for w in copy if w.isalpha()) >= COPY_LETTERS


def _needed_ms(atoms: list[re.Match[str]], word_ms: int) -> int:
    return sum(WORD_MS if atom[0] > "\u3000" else word_ms for atom in atoms)


def _plain(atom: re.Match[str]) -> str:
    return atom[0].lower().replace("’", "'")
