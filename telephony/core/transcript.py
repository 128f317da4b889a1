"""The history of the call as the caller heard it, for the model.

Lines are in the order of the conversation. An agent's line is updated while it is being heard and never holds more than
was provably played. `history()` leaves out lines that were not heard at all, and beginnings of replies that came too
early, and joins consecutive lines of the caller.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from telephony.core.history import AgentSaid, CallerSaid, History, HistoryItem, Noticed, ToolUsed


class Transcript:
    """The lines of a call. The agent's lines and their tool calls are identified by `turn`."""

    def __init__(self) -> None:
        self._lines: list[tuple[int, HistoryItem]] = []
        self._turns: set[int] = set()  # those with an agent's line
        self._early: set[int] = set()
        self.failed: set[str] = set()
        """The tool calls that failed, by id."""

    def resume(self, history: History) -> None:
        """Sets the history from a previous engine."""
        self._lines = [(0, item) for item in history]

    def caller(self, text: str) -> None:
        self._lines.append((0, CallerSaid(text)))

    def agent(self, turn: int, text: str, interrupted: bool = False, *, before: int | None = None) -> None:
        """Sets the agent's line of `turn`; an empty text means that nothing of it has been heard yet. A new line comes
        last, or before that of turn `before`."""
        line, index = (turn, AgentSaid(text, interrupted)), self._index(turn)
        if index is None:
            self._turns.add(turn)
            at = self._index(before) if before is not None else None
            self._lines.insert(len(self._lines) if at is None else at, line)
        else:
            self._lines[index] = line

    def came_early(self, turn: int) -> None:
        """The caller had not finished when the agent began this turn, and goes on: the model answers the whole."""
        self._early.add(turn)

    def tool(self, turn: int, used: ToolUsed) -> None:
        """Adds a finished tool call, before the agent's line of its turn."""
        index = self._index(turn)
        self._lines.insert(len(self._lines) if index is None else index, (turn, used))

    def _index(self, turn: int) -> int | None:
        """Where the agent's line of `turn` is. It is sought from the end, where it is as a rule, and only if it exists:
        a flood of tool calls must not make each of them slower."""
        if turn not in self._turns:
            return None
        backwards = range(len(self._lines) - 1, -1, -1)
        return next(i for i in backwards if self._lines[i][0] == turn and isinstance(self._lines[i][1], AgentSaid))

    def returned(self, turn: int, late: ToolUsed) -> None:
        """Adds the late result of a tool, after all that was said meanwhile."""
        self._lines.append((turn, late))

    def notice(self, text: str) -> None:
        """Adds what was learned from outside, after all that was said so far."""
        self._lines.append((0, Noticed(text)))

    def history(self, saying: str = "") -> History:
        """The history for the model: without unheard lines, consecutive lines of the caller joined. `saying` is added
        as if the caller had said it last."""
        items: list[HistoryItem] = []
        for turn, item in [*self._lines, *([(0, CallerSaid(saying))] if saying else [])]:
            if isinstance(item, AgentSaid) and (not item.text or turn in self._early):
                continue
            last = items[-1] if items else None
            if isinstance(item, CallerSaid) and isinstance(last, CallerSaid):
                items[-1] = replace(last, text=f"{last.text} {item.text}")
            else:
                items.append(item)
        return tuple(items)


@lru_cache(maxsize=256)
def heard_text(units: tuple[tuple[str, str], ...], chars: int, whole: bool) -> str:
    """The text of an agent's line, as far as it was heard. `units` are (written, spoken) pairs; `chars` is how many
    spoken characters were heard, not counting white space; with `whole`, everything was heard.

    Units heard to the end appear as written, the one being heard as spoken, up to its last whole word. Cached, because
    it is needed at every frame and changes only at every word.
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
        parts.append(first_words(spoken, chars))
        break
    return " ".join(part for part in parts if part).strip()


def first_words(spoken: str, chars: int) -> str:
    """The whole words within the first `chars` characters of `spoken`, white space not counted."""
    words: list[str] = []
    for word in spoken.split():
        if len(word) > chars:
            break
        words.append(word)
        chars -= len(word)
    return " ".join(words)
