"""Finds what models write in plain words where others have tags. Pure.

Labels at the start of a line ("Reasoning:", "**Answer:**", "### User", or "assistant" alone, as servers leave it that
strip special tokens), asides ("(thinking: ...)"), fenced blocks named so, and Harmony without its tokens
("analysis...assistantfinal..."). All of them are ordinary words too, so they count only where no sentence has them: a
label of reasoning at the beginning of an answer, one of somebody's turn not in the middle of a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from telephony.openai.marks import Mark, Means

LABELLED, FENCED = "label:", "```"
"""The names of the blocks that a label and a fence open; an aside's is the character that closes it."""


def _labels(prefixes: Iterable[str], words: Iterable[str]) -> frozenset[str]:
    return frozenset(prefix + word for prefix in prefixes for word in words)


_HERE = ("", "here is my ", "here's my ", "here are my ", "here is the ", "here's the ")
_LABELS: dict[Means, frozenset[str]] = {
    Means.REASONING: _labels(
        _HERE,
        (
            *("thinking", "thought", "thoughts", "reasoning", "analysis", "reflection", "scratchpad"),
            *(
                "chain of thought",
                "thought process",
                "thinking process",
                "reasoning process",
                "reasoning steps",
                "internal monologue",
            ),
            *("inner monologue", "internal reasoning", "internal thoughts", "step-by-step reasoning"),
        ),
    ),
    Means.ANSWER: _labels(
        (*_HERE, "my "),
        (*(one + word for one in ("", "final ") for word in ("answer", "response", "reply", "output")), "final"),
    ),
    Means.OURS: frozenset({"assistant", "ai", "ai assistant", "model"}),
    Means.OTHERS: frozenset({"user", "human", "caller", "customer", "instruction", "instructions", "system"}),
}
_BARE = frozenset({"assistant", "model", "user", "system", "human"})  # these also without a colon
_NEEDS_HEADING = frozenset({"instruction", "instructions", "system", "model"})  # these not with a mere colon

_DECORATION = r"[#*_>]{0,8}(?:[ \t]{1,3}[#*_>]{1,4})?[ \t]{0,3}"
_LABEL = re.compile(
    rf"(?P<deco>{_DECORATION})(?P<label>[A-Za-z][A-Za-z'’ -]{{1,40}}?)"
    r"(?:[*_]{0,3}[ \t]?[:：][*_]{0,3}|(?P<alone>[*_]{0,3}[ \t]*(?=\n)))"
)
_LABEL_BEGUN = re.compile(rf"{_DECORATION}(?P<label>[A-Za-z][A-Za-z'’ -]{{0,40}})?[*_]{{0,3}}[ \t]*\Z")
_LINE_START = re.compile(r"(?<=\n)[ \t]*(?:(?=[^\s])|\Z)")
_WITHIN = re.compile(  # the label of an answer within reasoning: capital or marked, at any place
    r"(?:[*_#]{1,4} ?|\b(?=[A-Z]))(?i:" + "|".join(sorted(_LABELS[Means.ANSWER], key=len, reverse=True)) + r")"
    r"(?:[*_]{0,3} ?:|(?<=\w)[*_]{2}(?=\s)|(?=\n))[*_]{0,3}"
)
_LONGEST = 40

_WORDS = ("thinking", "thought", "thoughts", "reasoning", "analysis", "reflection", "scratchpad", "internal", "inner")
_WORD = rf"(?:{'|'.join(_WORDS)})(?: \w+)?"
_BRACKET = r"(?:[(\[{]|(?<!\*)\*(?!\*))[ ]?"
_ASIDE = re.compile(rf"(?P<comment><!--)|(?P<opener>[(\[{{]|(?<!\*)\*(?!\*))[ ]?{_WORD}[ ]?:", re.IGNORECASE)
_FENCE = re.compile(rf"(?<=\n)[ ]{{0,3}}(?:```|~~~)[ ]?{_WORD}[ ]*\n", re.IGNORECASE)
_BEGUN = re.compile(
    rf"(?:{_BRACKET}|(?<=\n)[ ]{{0,3}}(?:`{{1,3}}|~{{1,3}})[ ]?)(?P<word>[A-Za-z]{{0,12}})(?: \w{{0,20}})?[ ]?\Z"
    r"|<!-?\Z",
    re.IGNORECASE,
)
_OPENER = re.compile(r"[(\[{*`~]|<!")
_CLOSERS = {"(": ")", "[": "]", "{": "}", "*": "*", None: "-->"}
ASIDES = frozenset(_CLOSERS.values())
_FENCE_END = re.compile(r"(?<=\n)[ ]{0,3}(?:```|~~~)")

_SKELETON = re.compile(r"assistant(?=analysis|commentary|final)")
_SKELETONS = ("assistantanalysis", "assistantcommentary", "assistantfinal")
_SKELETON_FIRST = re.compile(r"(?=(?:analysis|commentary|final)(?:[A-Z]| to=))")
_FIRST = ("analysis to=", "commentary to=", "final to=")

Found = Mark | int | None


def next_label(text: str, at: int, *, block: str, fresh: bool, reasoned: bool, final: bool) -> Found:
    """The first of them from `at` on, an index where one may have begun, or None. `block`: what hides the text now, ""
    for nothing; `fresh`: the answer has not begun, after reasoning if it has `reasoned`."""
    if block == LABELLED:
        return _earliest(_within(text, at, final), _skeleton(text, at, final))
    if block == FENCED:
        return _closer(_FENCE_END.search(text, at), text, at, block)
    if block in ASIDES:
        return _closer(re.compile(re.escape(block)).search(text, at), text, at, block)
    if block:
        return _skeleton(text, at, final)
    found = _earliest(_hidden(text, at, final), _skeleton(text, at, final))
    if fresh:
        found = _earliest(found, _first(text, at, reasoned, final))
    return _earliest(found, _turn(text, at, fresh, final))


def _earliest(*found: Found) -> Found:
    return min((one for one in found if one is not None), key=_start, default=None)


def _start(found: Mark | int) -> int:
    return found if isinstance(found, int) else found.start


def _first(text: str, at: int, reasoned: bool, final: bool) -> Found:
    """What an answer may begin with."""
    start = at + len(text[at:]) - len(text[at:].lstrip())
    if _SKELETON_FIRST.match(text, start):
        return Mark(Means.CHANNEL, "skeleton", False, False, start, start)
    if not final and any(one.startswith(text[start:]) for one in _FIRST):
        return start
    found = _label_at(text, start, (Means.REASONING, Means.OURS, Means.ANSWER), final)
    if isinstance(found, Mark) and found.means is Means.ANSWER and not reasoned and "#" not in text[start : found.end]:
        return None  # "Answer: yes" is a sentence
    return found


def _turn(text: str, at: int, fresh: bool, final: bool) -> Found:
    """The beginning of a turn in the middle of an answer."""
    for line in _LINE_START.finditer(text, at):
        if fresh and not text[at : line.end()].strip():
            continue
        if (found := _label_at(text, line.end(), (Means.OURS, Means.OTHERS), final)) is not None:
            return found
    return None


def _label_at(text: str, at: int, kinds: tuple[Means, ...], final: bool) -> Found:
    found = _LABEL.match(text, at)
    if found and (means := _label_means(found)) in kinds and means is not None:
        if found.end() == len(text) and not final:
            return at  # "**" may follow
        return Mark(means, LABELLED, False, False, at, found.end())
    begun = None if final or found else _LABEL_BEGUN.match(text, at)
    if begun is None or at == len(text):
        return None
    so_far = _folded(begun["label"] or "")
    return at if any(one.startswith(so_far) for kind in kinds for one in _LABELS[kind]) else None


def _label_means(found: re.Match[str]) -> Means | None:
    label, alone = _folded(found["label"]), found["alone"] is not None
    heading = "#" in found["deco"] or (alone and "*" in found["deco"])
    if (alone and not heading and label not in _BARE) or (label in _NEEDS_HEADING and not (alone or heading)):
        return None
    return next((means for means, labels in _LABELS.items() if label in labels), None)


def _folded(label: str) -> str:
    return label.casefold().replace("’", "'")


def _within(text: str, at: int, final: bool) -> Found:
    found = _WITHIN.search(text, at)
    if found and (final or found.end() + 3 < len(text)):
        return Mark(Means.ANSWER, LABELLED, False, False, *found.span())
    if found:
        return found.start()
    return None if final else max(at, len(text) - _LONGEST)  # hidden text has time


def _closer(found: re.Match[str] | None, text: str, at: int, block: str) -> Found:
    return Mark(Means.REASONING, block, True, False, *found.span()) if found else max(at, len(text) - 6)


def _hidden(text: str, at: int, final: bool) -> Found:
    """An aside, or a fenced block."""
    if not _OPENER.search(text, at):
        return None
    aside, fence = _ASIDE.search(text, at), _FENCE.search(text, at)
    begun = None if final else _BEGUN.search(text, max(at, len(text) - _LONGEST))
    word = (begun["word"] or "").casefold() if begun else ""
    return _earliest(
        Mark(Means.REASONING, _CLOSERS[aside["opener"]], False, False, *aside.span()) if aside else None,
        Mark(Means.REASONING, FENCED, False, False, *fence.span()) if fence else None,
        begun.start() if begun and any(one.startswith(word) for one in _WORDS) else None,
    )


def _skeleton(text: str, at: int, final: bool) -> Found:
    if (start := text.find("assistant", at)) >= 0 and (found := _SKELETON.search(text, start)):
        return Mark(Means.CHANNEL, "skeleton", False, False, *found.span())
    if not final:
        start = text.find("a", max(at, len(text) - 19))
        while start >= 0:
            if any(one.startswith(text[start:]) for one in _SKELETONS):
                return start
            start = text.find("a", start + 1)
    return None
