"""The text in the chunks of one answer, each part of it once. Pure.

The protocol: one choice, whose deltas hold a string each. Servers differ: several choices, of which the first counts;
content as parts, or beside the delta; chunks that hold all the text so far instead of what is new; a last chunk, or the
one before it, that holds the whole answer again.
"""

from __future__ import annotations

from typing import Any

_TEXT_PARTS = (None, "text", "output_text", "text_delta")
_TEXT_KEYS = ("text", "value", "content")


class Contents:
    """`received`: all text so far, as it came."""

    def __init__(self) -> None:
        self.received = ""
        self._pieces = 0
        self._grows = False

    def add(self, text: str, *, whole: bool) -> str:
        """What is new in `text`. `whole`: it is the text of a whole message, not of a delta."""
        new = self._new(text, whole)
        self.received += new
        self._pieces += bool(text)
        return new

    def _new(self, text: str, whole: bool) -> str:
        so_far = self.received
        if not so_far or not text:
            return text
        if whole:
            return ""
        if len(text) > len(so_far) and text.startswith(so_far) and (self._grows or _is_longer_text(so_far, text)):
            self._grows = True
            return text[len(so_far) :]
        if self._grows:
            return "" if so_far.startswith(text) else text
        repeated = text.strip() == so_far.strip() and " " in so_far.strip()
        return "" if repeated and (self._pieces > 1 or so_far.rstrip()[-1] in ".!?。！？…") else text


def _is_longer_text(so_far: str, text: str) -> bool:
    """Whether `text` is `so_far` and more, rather than a next piece that begins alike ("Ha", "Haha"). No word
    begins with a capital letter twice."""
    if not any(map(str.isalpha, so_far)):
        return False
    return " " in so_far or text[len(so_far)].isspace() or (len(so_far) == 1 and so_far.isupper())


def content_text(content: Any, depth: int = 0) -> str:
    """The text of a content: a string, or parts, of which those of reasoning do not count."""
    if isinstance(content, str):
        return content
    if depth > 3:
        return ""
    if isinstance(content, list):
        return "".join(content_text(part, depth + 1) for part in content)
    if not isinstance(content, dict) or content.get("type") not in _TEXT_PARTS:
        return ""
    return next((text for key in _TEXT_KEYS if (text := content_text(content.get(key), depth + 1))), "")


def sources(choice: dict[str, Any]) -> list[dict[str, Any]]:
    """Where the content of a choice may be: its delta, itself (completions), a whole message."""
    delta, message = choice.get("delta"), choice.get("message")
    found = [one for one in (delta, message) if isinstance(one, dict)]
    filled = any("content" in one or "tool_calls" in one for one in found)
    return [*found, choice] if "text" in choice and not filled else found
