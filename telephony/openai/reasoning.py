"""Removes reasoning and special tokens from a stream of text: they are never spoken. Pure.

Theory of operation. The text is cut at marks (`marks.py`, `labels.py`), each of which has one of a few meanings:

- reasoning: what it encloses is hidden, even if it never closes. If it opens again inside and closes only once, the
  second was a mention, and the answer follows. A label ("Reasoning:") hides up to the label of the answer; without
  one, the answer is what follows the first paragraph;
- a header: the role and channel that follow are read, not spoken (`headers.py`). The channel analysis is reasoning, and
  what is addressed to a tool becomes `<function=name>`, as other models write it;
- a tool call: passed on, for `written_calls.py`;
- the end of the turn, or the turn of anybody but the assistant: the answer ends;
- a tag of no known name: what it encloses is hidden. If it never closes, that was text;
- anything else is around an answer or words, and is removed.

Some chat templates open the block of reasoning in the prompt, so that the answer only closes it: all before was
reasoning. A stream cannot take back what it has passed on. So with `hold` nothing is passed on before the
closing mark, or before it is clear that there is none: at the end, or after MAX_HELD_CHARS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from telephony.openai.headers import read_header
from telephony.openai.labels import ASIDES, FENCED, LABELLED, next_label
from telephony.openai.marks import Mark, Means, cut_off, next_mark

MAX_HELD_CHARS = 1_500
"""About the length of a reply with the default limit of tokens. A spoken reply is shorter."""

_TAGGED, _CHANNEL = "<reasoning>", "<channel>"  # the names of blocks, besides those of labels and of unknown tags
_ACTION = re.compile(r"^[ *#>]*Action[ *]*:", re.IGNORECASE | re.MULTILINE)
_PARAGRAPH = re.compile(r"\S[ \t]*(\n\s*\n)")


@dataclass(slots=True)
class _Hidden:
    """The block that hides the text now: its `name` ("": none), how often it was opened, and text of it that is an
    answer if it does not close."""

    name: str = ""
    depth: int = 0
    kept: str | None = None


class Reasoning:
    """`add` returns the text to pass on; `rest` what is left at the end. `unopened` tells whether the model begins
    inside its reasoning; None: this answer does not show it."""

    def __init__(self, *, hold: bool = False) -> None:
        self.unopened: bool | None = None
        self.seen = False  # whether there was any reasoning
        self._text, self._at = "\n", 1  # what is not yet cut, after the character before it
        self._held: str | None = "" if hold else None
        self._said = self._ended = self._closed = False  # something; everything; our turn, unless it is opened again
        self._hidden = _Hidden()
        self._header: str | None = None  # the text of a header that has not ended
        self._channels = self._in_call = False

    def add(self, piece: str) -> str:
        self._text += piece
        return self._pass(self._cut(final=False))

    def is_separate(self) -> None:
        """The server sends the reasoning beside the text: nothing is held any more."""
        self.seen = True

    def rest(self, *, cut: bool = False) -> str:
        """The text left at the end: what was held, a mark that was none, an unclosed block of no known kind. `cut`: the
        answer has not come to its end, so it does not show that there is no reasoning."""
        held, self._held = self._held or "", None
        out = self._cut(final=True, before=held) + self._end_header() + self._end_call() + self._rest_of_block()
        if self.unopened is None and not self.seen and out.strip() and not cut:
            self.unopened = False
        return out

    # --- inside -----------------------------------------------------------------------------------------------------

    def _pass(self, text: str) -> str:
        if self._held is None:
            return text
        self._held += text
        shown = self.unopened or (self.seen and not self._hidden.name)  # this model opens its block, or has closed it
        if not shown and len(self._held) <= MAX_HELD_CHARS:
            return ""
        text, self._held = self._held, None
        return text

    def _cut(self, *, final: bool, before: str = "") -> str:
        """What is passed on, after `before`, of the text up to where a mark may have begun."""
        out = before
        while True:
            found = self._next(final)
            end = len(self._text) if found is None else found if isinstance(found, int) else found.start
            words = self._text[self._at : end]
            if final and found is None and (at := _cut_off_at(words)) is not None:
                words = words[:at]
            fresh = not self._said
            self._at = end
            if self._header is None:
                out += self._words(words)
            else:
                self._header += words
                if self._header_ends():
                    out += self._end_header()
                    continue
            if not isinstance(found, Mark):
                break
            if fresh and self._said:
                continue  # what a mark means depends on what comes before
            passed = self._mark(found, self._text[found.start : found.end])
            self._at = found.end
            if passed is None:  # all before was reasoning
                out, self._held, self._said = "", None if self._held is None else "", False
            else:
                out += passed
        self._text, self._at = self._text[self._at - 1 :], 1
        return out

    def _next(self, final: bool) -> Mark | int | None:
        """The next mark, or where one may have begun."""
        text, at, block = self._text, self._at, self._hidden.name
        label = mark = None
        if not self._ended and self._header is None:
            fresh = not self._said and not block
            label = next_label(text, at, block=block, fresh=fresh, reasoned=self.seen, final=final)
        if block != FENCED and block not in ASIDES:
            mark = next_mark(text, at, final=final)
        found = [one for one in (label, mark) if one is not None]
        return min(found, key=lambda one: one if isinstance(one, int) else one.start, default=None)

    def _words(self, text: str) -> str:
        """The part of `text` that is passed on where no mark is."""
        if not text or self._ended:
            return ""
        if self._closed:
            return ""
        if self._hidden.name:
            self._hidden.kept = None if self._hidden.kept is None else self._hidden.kept + text
            return ""
        self._said = self._said or not text.isspace()
        return text

    def _mark(self, mark: Mark, raw: str) -> str | None:
        """What is passed on for a mark; None: all text before it was reasoning."""
        if mark.means in (Means.HEADER, Means.CHANNEL, Means.HEADER_END):
            return self._header_mark(mark)
        out = self._end_header()
        match mark.means:
            case Means.REASONING:
                found = self._reasoning(mark)
            case Means.CALL:
                found = self._call(raw)
            case Means.ENDS:
                found = self._turn_ends()
            case Means.OTHERS:
                self._ended = self._ended or not (self._hidden.name == LABELLED and mark.name == LABELLED)
                found = self._end_call()
            case Means.OURS | Means.ANSWER if not mark.closing:
                found = self._answer(mark)
            case Means.UNKNOWN:
                found = self._unknown(mark, raw)
            case _:
                found = ""
        return None if found is None else out + found

    def _reasoning(self, mark: Mark) -> str | None:
        block = mark.name if mark.name in (LABELLED, FENCED) or mark.name in ASIDES else _TAGGED
        if mark.single:
            self.seen = True
            return ""
        if mark.closing:
            return self._close(block if self._hidden.name != LABELLED else LABELLED)
        return self._open(block, kept="" if block == LABELLED else None)

    def _open(self, name: str, kept: str | None) -> str:
        if self._hidden.name in ("", name):
            self._hidden.name, self._hidden.depth = name, self._hidden.depth + 1
            self._hidden.kept = kept if self._hidden.depth == 1 else self._hidden.kept
        return ""

    def _close(self, name: str) -> str | None:
        known = name in (_TAGGED, _CHANNEL, LABELLED, FENCED) or name in ASIDES
        before, self.seen = self.seen, self.seen or known
        if not self._hidden.name and not self._ended:
            if before:
                return ""  # a mark too many
            self.unopened = True
            return None
        if self._hidden.name == name:
            self._hidden.depth -= 1
            if self._hidden.depth:
                self._hidden.kept = ""  # the answer, unless the block closes once more
            else:
                self._hidden.name, self._hidden.kept = "", None
        return ""

    def _answer(self, mark: Mark) -> str | None:
        """The assistant's turn, or what it calls its answer, begins."""
        out = self._end_call()
        if self._hidden.name == LABELLED:
            self._close(LABELLED)
        elif self._hidden.name == _TAGGED and mark.name != LABELLED:
            self._hidden.kept = ""  # the block was not closed, unless it still is
        elif self._hidden.name or not self._said:
            return out
        elif mark.means is Means.OURS:
            self._closed = True  # a second turn: the model goes on by itself
        elif not self.seen and mark.name != LABELLED:
            return self._close(_TAGGED)
        return out

    def _call(self, raw: str) -> str:
        if self._hidden.name == LABELLED:
            self._close(LABELLED)
        return self._words(raw)

    def _unknown(self, mark: Mark, raw: str) -> str | None:
        if self._hidden.name:
            return self._close(mark.name) if mark.closing and self._hidden.name == mark.name else self._words(raw)
        return "" if mark.single or mark.closing else self._open(mark.name, kept="")

    def _turn_ends(self) -> str:
        out = self._end_call()
        if self._hidden.name == _CHANNEL:
            self._close(_CHANNEL)
        self._closed = self._closed or bool(self._said if not self._hidden.name else (self._hidden.kept or "").strip())
        return out

    def _header_mark(self, mark: Mark) -> str | None:
        if mark.means is Means.HEADER_END:
            return self._end_header()
        if mark.name == "constrain":
            self._header = None if self._header is None else self._header + " constrain "
            return ""
        out: str | None = self._end_call()
        if self._hidden.name == _CHANNEL and (mark.means is Means.CHANNEL or mark.name == "start"):
            self._close(_CHANNEL)
        elif mark.name == "skeleton" and self._said and not self._hidden.name:
            out = self._close(_TAGGED)  # "...assistantfinal": all before was reasoning
        self._header = (self._header or "") + " "
        self._channels = self._channels or mark.means is Means.CHANNEL or mark.name == "start"
        return out

    def _header_ends(self) -> bool:
        """Whether what follows the header has begun; that goes back to the text."""
        header = read_header(self._header or "", channels=self._channels, final=False)
        if header is None or self._header is None:
            return False
        after, self._header = self._header[header.length :], self._header[: header.length]
        self._text, self._at = self._text[self._at - 1] + after + self._text[self._at :], 1
        return True

    def _end_header(self) -> str:
        if self._header is None:
            return ""
        header, channels = read_header(self._header, channels=self._channels, final=True), self._channels
        text = self._header[header.length :] if header else ""
        self._header, self._channels = None, False
        out = ""
        if header is None:
            return ""
        if not header.ours:
            self._ended = True
        elif header.to:
            out, self._in_call, self._closed = f"<function={header.to}>", True, False
        elif header.channel == "analysis":
            self._open(_CHANNEL, kept=None)
        elif channels:
            self._closed = False
            self._hidden.kept = "" if self._hidden.name == _TAGGED else self._hidden.kept
            if self._hidden.name == LABELLED:
                self._close(LABELLED)
        else:
            self._answer(Mark(Means.OURS, "", False, False, 0, 0))
        return out + self._words(text)

    def _end_call(self) -> str:
        ends, self._in_call = self._in_call, False
        return "</function>" if ends else ""

    def _rest_of_block(self) -> str:
        """The text of a block that has not closed, if it is an answer. After a label it is what follows the first
        paragraph, or the first line; if there is only one, that is the answer. An action is always part of it."""
        kept = (self._hidden.kept or "").strip("*_ ")
        if self._hidden.name != LABELLED:
            return self._hidden.kept or ""
        if action := _ACTION.search(kept):
            return kept[action.start() :]
        kept = kept.strip()
        if paragraph := _PARAGRAPH.search(kept):
            return kept[paragraph.end() :]
        return kept.split("\n", 1)[-1]


def _cut_off_at(text: str) -> int | None:
    """Where the mark begins that was cut off at the end of an answer."""
    found = re.search(r"(?:[<＜◁\[]|&lt;?)[^<>\n\]]{0,40}\Z", text)
    return found.start() if found and cut_off(found[0]) else None
