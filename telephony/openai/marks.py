"""Finds the marks that models leave in their text, and says what each means. Pure.

A mark is a tag or special token in any of its spellings: `<x>`, `<|x|>`, `[X]`, `[|x|]`, `◁x▷`, `&lt;x&gt;`, `< x >`.
What it means follows from the words of its name alone, whatever the spelling: case is folded, `begin`, `end`, `prefix`,
`suffix` and the like only say whether it opens or closes, and the table below knows the words that are left. (What
models write in plain words instead is in `labels.py`.)

Where a mark may have begun that the next piece of a stream completes, the text must wait; nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto


class Means(Enum):
    REASONING = auto()
    ANSWER = auto()
    CALL = auto()
    HEADER = auto()  # a role or channel follows, as text
    CHANNEL = auto()  # a channel follows
    HEADER_END = auto()
    OURS = auto()  # the assistant's turn begins
    OTHERS = auto()  # somebody else's turn begins
    ENDS = auto()  # the turn ends
    NOTHING = auto()
    UNKNOWN = auto()  # a tag of no known name


@dataclass(frozen=True, slots=True)
class Mark:
    """`name` is the normalised name; `single`: it encloses nothing."""

    means: Means
    name: str
    closing: bool
    single: bool
    start: int
    end: int


# --- the table: what the words of a name mean -----------------------------------------------------------------------

_REASONING = (
    *("think", "thought", "reason", "reflect", "analys", "analyz", "scratch", "monolog", "introspect", "deliberat"),
    *("antthink", "ruminat", "ponder"),
)
_REASONING_WORDS = frozenset({"cot", "plan", "planning", "inner", "internal", "draft", "unused94", "unused95"})
_CALL = ("tool", "function", "invoke", "dsml", "parameter")
_CALL_WORDS = frozenset({"arg", "args", "action", "actions", "python", "plugin"})
_RESULT = frozenset({"response", "responses", "result", "results", "output", "outputs"})
_ANSWER = frozenset({"answer", "response", "reply", "output", "result", "solution", "final", "finalanswer"})
_OURS = frozenset({"assistant", "model", "bot", "chatbot"})
_OTHERS = frozenset(
    {"user", "human", "system", "developer", "observation", "ipython", "environment", "inst", "customer"}
)
_HEADERS = frozenset({"im", "turn", "header", "role"})
_TURN = frozenset({"s", "text", "sentence", "sequence", "turn", "im", "message", "generation", "conversation"})
_END_WORDS = frozenset({"end", "return", "call", "done", "stop"})
_PLAIN = re.compile(
    r"text|message|speak|say|voice|lang|emphasis|prosody|break|sub|p|b|i|u|s|em|strong|span|div|br|bos|sop|pad|unk|"
    r"g?mask|sep|cls|\w+_of_\w+|extra_id_\d+|unused\d+|0x[0-9a-f]{2}|sys|channel"
)
_OPENS = frozenset({"begin", "start", "open", "prefix"})
_CLOSES = frozenset({"end", "stop", "close", "suffix"})
_FILLERS = frozenset({"of", "the", "id", "token", "tokens"})
_SQUARE_TOKENS = frozenset({"[gMASK]", "[MASK]", "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[BOS]"})

#: The beginnings of names that mean something also in square brackets, or after a space.
_KNOWN = (
    *_REASONING, *_REASONING_WORDS, *_CALL, *_ANSWER, *_OURS, *_END_WORDS, "begin", "start", "eo", "im_", "channel",
    "message", "inst", "available_tool", "system", "user", "gmask", "mask", "pad", "unk", "cls", "sep", "bos",
    "execute", "action",
)  # fmt: skip


def _name(text: str) -> tuple[str, bool | None]:
    """The normalised name, and whether it closes; None: its words do not say."""
    words = [word for word in re.split(r"[\s_▁:.|｜-]+", text.casefold()) if word]
    if words and (glued := re.fullmatch(r"(begin|start|end)of(\w+)", words[0])):
        words[:1] = [glued[1], glued[2]]
    closing = None
    for at in (0, -1):
        if len(words) > 1 and words[at] in _OPENS | _CLOSES:
            closing = words.pop(at) in _CLOSES
            break
    kept = [word for word in words if word not in _FILLERS] if closing is not None or len(words) > 1 else words
    return "_".join(kept), closing


def _meaning(name: str, closing: bool, *, special: bool) -> Means:
    """`special`: the form or the words show a special token rather than a tag of markup."""
    words = name.split("_")
    if any(word.startswith(_REASONING) or word in _REASONING_WORDS for word in words):
        return Means.REASONING
    if any(word.startswith(_CALL) or word in _CALL_WORDS for word in words):
        return Means.OTHERS if _RESULT & {*words} else Means.CALL
    if name == "call" and not special:
        return Means.CALL
    if special and name in ("channel", "constrain"):
        return Means.CHANNEL
    if special and name in ("message", "im_middle", "middle") and not closing:
        return Means.HEADER_END
    if special and (words[0] in _HEADERS or name == "start"):
        if closing:
            return Means.HEADER_END if words[0] in ("header", "role") else Means.ENDS
        return Means.HEADER
    if {*words} <= _OURS:
        return Means.ENDS if closing else Means.OURS
    if {*words} <= _OTHERS and special:
        return Means.NOTHING if closing else Means.OTHERS
    if re.fullmatch(r"eo[a-z]", words[-1]) or (special and name in _END_WORDS):
        return Means.ENDS
    if closing and (name == "s" or (special and name in _TURN)):
        return Means.ENDS
    if any(word in _ANSWER for word in words):
        return Means.ANSWER
    return Means.NOTHING if special or _PLAIN.fullmatch(name) else Means.UNKNOWN


# --- the forms ------------------------------------------------------------------------------------------------------

_LT, _GT, _BAR = r"(?:[<＜◁]|&lt;)", r"(?:[>＞▷]|&gt;)", "[|｜]"
_ATTRIBUTES = r"(?:\s*=[^<>\n]{0,200}|\s+[\w:-]{1,30}\s*=[^<>\n]{0,200}|\s{0,3})"
_TAG = re.compile(
    rf"{_LT}(?P<gap>\s{{0,2}})(?P<slash>(?:\\?/)?)\s{{0,2}}(?:(?P<bar>{_BAR})(?P<slash2>/?)(?P<token>[^|｜<>＜＞◁▷\n]{{1,60}})"
    rf"(?:{_BAR}(?P<after>\w{{1,60}}{_ATTRIBUTES})?)?|(?P<tag>[A-Za-z_0][\w:.▁-]{{0,60}})(?P<more>{_ATTRIBUTES})"
    rf"(?P<bar2>{_BAR}?))(?P<single>/?)\s{{0,2}}{_GT}"
    r"|<<(?P<slash3>/?)(?P<double>SYS)>>"
    rf"|\[(?P<sbar>{_BAR}?)(?P<slash4>/?)(?P<square>[A-Za-z_][A-Za-z_ ]{{1,30}}){_BAR}?\]"
)
_TAG_BEGUN = re.compile(
    rf"(?:[<＜◁]|&(?:l(?:t(?:;)?)?)?)(?P<gap>\s{{0,2}})\\?/?\s{{0,2}}(?:{_BAR}[^|｜<>＜＞◁▷\n]{{0,60}}(?:{_BAR}(?:\w{{1,60}}"
    rf"(?:\s*=[^<>\n]{{0,200}}|\s+[\w:-]{{0,30}}\s*(?:=[^<>\n]{{0,200}})?)?)?)?"
    r"|(?P<tag>[A-Za-z_0][\w:.▁-]{0,60})(?:\s*=[^<>\n]{0,200}|\s+[\w:-]{0,30}\s*(?:=[^<>\n]{0,200})?)?"
    rf"{_BAR}?/?\s{{0,2}})?(?:&(?:g(?:t)?)?)?$"
    r"|<<?/?S?Y?S?>?$"
    rf"|\[(?P<sbar>{_BAR}?)/?(?P<square>[A-Za-z_][A-Za-z_ ]{{0,30}})?{_BAR}?$"
)
_FIRST = re.compile(r"[<＜◁&\[]")
"""What all of them begin with: most text has none of it."""
_LINE_GOES_ON = re.compile(r"[ \t]*[^\s<\[&]")


def next_mark(text: str, at: int, *, final: bool) -> Mark | int | None:
    """The first mark from `at` on; an index where one may have begun; None if there is neither. `final`: no more text
    will come."""
    return _next_mark(text, at, final) if _FIRST.search(text, at) else None


def _next_mark(text: str, at: int, final: bool) -> Mark | int | None:
    begun: int | None = None
    for found in _TAG.finditer(text, at):
        # A mark that has begun before this one, and would enclose it, can have no angle brackets in it.
        if (
            not final
            and found[0][0] not in "<＜◁"
            and (begun := _begun(text, at)) is not None
            and begun <= found.start()
        ):
            return begun
        if mark := _read(found, text):
            return mark
    return None if final else _begun(text, at)


def _begun(text: str, at: int) -> int | None:
    for found in _TAG_BEGUN.finditer(text, max(at, len(text) - 300)):
        name = found["square"] if found[0].startswith("[") else found["tag"] if found["gap"] else None
        if name is None or found["sbar"] or _may_mean(name):
            return found.start()
    # "[EOS]" is a mark at the end of its line only.
    last = re.compile(r"\[/?[A-Za-z_ ]{3,30}\][ \t]*$").search(text, max(at, len(text) - 60))
    return last.start() if last and _may_mean(last[0][1:]) else None


def _may_mean(name: str) -> bool:
    so_far = re.sub(r"[\s_▁:.-]+", "_", name.casefold()).lstrip("/_")
    return any(known.startswith(so_far) or so_far.startswith(known) for known in _KNOWN)


def _read(found: re.Match[str], text: str) -> Mark | None:
    square, tag = found["square"], found["tag"]
    name, closing = _name(found["token"] or tag or found["double"] or square)
    if found["after"]:  # <｜DSML｜invoke name="...">
        name = f"{name}_{found['after'].split('=')[0].split(' ')[0].casefold()}"
    affixed = closing is not None
    bar = bool(found["bar"] or found["sbar"])
    if any(found[one] for one in ("slash", "slash2", "slash3", "slash4")) or found["bar2"] or name == "unused95":
        closing = True
    special = bool(bar or affixed or found["bar2"] or found["double"] or square)
    means = _meaning(name, bool(closing), special=special)
    if found["bar"] and not found[0].rstrip(">＞").endswith(("|", "｜")) and name == "channel":
        means = Means.REASONING  # <|channel>thought ... <channel|>
    elif found["bar2"] and name == "channel":
        means = Means.REASONING
    if found["gap"] and (means in (Means.UNKNOWN, Means.NOTHING) or not _may_mean(name)):
        return None
    in_words = bool(square) and not found["sbar"]
    if in_words and not _is_mark(found[0], name, means, affixed or bool(closing), text[found.end() :]):
        return None
    single = bool(found["single"] or bar or found["bar2"] or square)
    return Mark(means, name, bool(closing), bool(found["single"]) or (single and means is Means.UNKNOWN), *found.span())


def _is_mark(raw: str, name: str, means: Means, affixed: bool, after: str) -> bool:
    """Whether words in square brackets are a mark: ordinary text has such brackets too."""
    words, upper = name.split("_"), raw.isupper()
    match means:
        case Means.REASONING:
            return upper or all(word.startswith(("think", "thought", "reason")) for word in words)
        case Means.CALL | Means.OTHERS if words[0].startswith(("tool", "function")):
            return upper or len(words) > 1 or "call" in name
        case Means.CALL | Means.ANSWER | Means.OURS:
            return upper or affixed
        case Means.OTHERS:
            return name == "inst" or (upper and len(words) > 1)
        case Means.ENDS:  # "[EOS] stands for ..." is text
            return (upper or affixed or name not in _END_WORDS) and not _LINE_GOES_ON.match(after)
        case _:
            return raw in _SQUARE_TOKENS or name == "inst"


def cut_off(text: str) -> bool:
    """Whether `text`, the rest of an answer, is the beginning of a mark that was cut off."""
    bare = re.sub(r"^(?:[<＜◁\[]|&lt;?)\s*", "", text)
    if bare[:1] in ("|", "｜") or (bare[:1] == "/" and len(bare) > 1):
        return True
    return len(bare) > 1 and bare != text and _may_mean(bare)
