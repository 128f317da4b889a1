"""History as heard, for the model and for the record.

The order is that of the conversation; what an agent's line holds is updated while it is being heard, and is never
more than was provably played. Lines of the caller that follow each other are one for the model: an answer that was
never heard did not happen.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from telephony.core.history import AgentSaid, CallerSaid, History, HistoryItem, ToolUsed


class Transcript:
    """The lines of a call. `turn` names the agent's lines and the tools used for them."""

    def __init__(self) -> None:
        self._lines: list[tuple[int, HistoryItem]] = []

    def resume(self, history: History) -> None:
        """What was said before, under another engine."""
        self._lines = [(0, item) for item in history]

    def caller(self, text: str) -> None:
        self._lines.append((0, CallerSaid(text)))

    def agent(self, turn: int, text: str, interrupted: bool = False) -> None:
        """Sets the agent's line of `turn`; an empty text is a line nobody heard yet."""
        for index, (line_turn, item) in enumerate(self._lines):
            if line_turn == turn and isinstance(item, AgentSaid):
                self._lines[index] = (turn, AgentSaid(text, interrupted))
                return
        self._lines.append((turn, AgentSaid(text, interrupted)))

    def tool(self, turn: int, used: ToolUsed) -> None:
        """A finished tool call, placed before the agent's line of its turn."""
        for index, (line_turn, item) in enumerate(self._lines):
            if line_turn == turn and isinstance(item, AgentSaid):
                self._lines.insert(index, (turn, used))
                return
        self._lines.append((turn, used))

    def history(self, saying: str = "") -> History:
        """For the model: no unheard lines, and the caller's lines in a row joined. `saying`: as if the caller had
        said this as well."""
        items: list[HistoryItem] = []
        for _, item in [*self._lines, *([(0, CallerSaid(saying))] if saying else [])]:
            if isinstance(item, AgentSaid) and not item.text:
                continue
            last = items[-1] if items else None
            if isinstance(item, CallerSaid) and isinstance(last, CallerSaid):
                items[-1] = replace(last, text=f"{last.text} {item.text}")
            else:
                items.append(item)
        return tuple(items)


@lru_cache(maxsize=256)
def heard_text(units: tuple[tuple[str, str], ...], chars: int, whole: bool) -> str:
    """The agent's line: `units` as (written, spoken), `chars` solid spoken characters heard; `whole` if all were.

    Units heard to the end appear as written, the one under way as spoken, up to its last whole word. It is asked for
    with every frame, and changes with every word.
    """
    if whole:
        return " ".join(written for written, _ in units).strip()
    parts: list[str] = []
    for written, spoken in units:
        size = sum(1 for char in spoken if not char.isspace())
        if chars >= size:
            parts.append(written)
            chars -= size
            continue
        parts.append(_first_words(spoken, chars))
        break
    return " ".join(part for part in parts if part).strip()


def _first_words(spoken: str, chars: int) -> str:
    words: list[str] = []
    for word in spoken.split():
        if len(word) > chars:
            break
        words.append(word)
        chars -= len(word)
    return " ".join(words)
