"""Removes reasoning and special tokens from a stream of text: they are never spoken. Pure.

Theory of operation. The text is cut at tags (`_TAG`); what the next piece may complete to a tag waits for it. A tag is

- of reasoning, known by its name (`<think>`, `[THINK]`, `<|begin_of_thought|>`): what it encloses is hidden, even if it
  never closes. If it opens again inside and closes only once, the second was a mention, and the answer follows;
- a channel (`<|channel|>analysis<|message|>`): analysis is hidden, and what is addressed to a tool becomes
  `<function=name>`, as other models write it;
- of a tool call: passed on, for `written_calls.py`;
- a special token, or around an answer or words (`<|im_end|>`, `<answer>`, `<b>`): the tag is removed. Where the turn of
  anybody but the assistant begins, the answer ends;
- anything else in angle brackets: what it encloses is hidden. If it never closes, that was text.

Some chat templates open the block of reasoning in the prompt, so that the answer only closes it: all before was
reasoning. A stream cannot take back what it has passed on. So with `hold` nothing is passed on before the
closing tag, or before it is clear that there is none: at the end, or after MAX_HELD_CHARS.
"""

from __future__ import annotations

import re

MAX_HELD_CHARS = 1_500
"""About the length of a reply with the default limit of tokens. A spoken reply is shorter."""

_REASONING = re.compile(
    r"(\w*[:_-])?(think\w*|thoughts?|reason\w*|reflect\w*|analy[sz]\w*|scratch_?pad|monologue|introspection|cot|"
    r"plan(ning)?|deliberat\w*|internal\w*|inner\w*|antthinking|draft|unused9[45])",
    re.IGNORECASE,
)
_TOOL = re.compile(
    r"(\w+:)?((tool|function)s?([_▁-]?(call|use|code)\w*)?|invoke|parameters?|arg_(key|value)|python_tag|action)|"
    r"tools?[_▁].*|.*dsml.*",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"(\w+_)?(answer|response|reply|output|result|solution|message|text)|final|assistant|model|speak|say|voice|lang|"
    r"emphasis|prosody|break|sub|p|b|i|u|s|em|strong|span|div|br|bos|eos|pad|unk|mask|sep|cls|eo[a-z]|\w+_of_\w+|"
    r"extra_id_\d+|unused\d+|0x[0-9a-f]{2}|inst|sys",
    re.IGNORECASE,
)
_ROLE = r"(?:<\|(?:im_start|start_header_id|start_of_role|role_start)\|>|<start_of_turn>|<\|turn>)\s*"
_LEAD_ENDS = ("assistantfinal", "Here is my response:", "Here's my response:", "Final Answer:", "Final answer:")
_TAG = re.compile(
    rf"(?P<turn>{_ROLE}(?P<role>[a-z]+)(?:\n|(?=<)))"
    r"|<(?P<bar>[|｜])(?P<slash1>/?)(?P<token>[^|｜<>\n]{1,60})[|｜]?>"
    r"|<(?P<slash2>/?)(?P<name>[A-Za-z_0][\w:.▁-]{0,60}|[|｜]\w+[|｜]\w+)(?P<more>[=\s][^<>\n]{0,200})?[/|]?>"
    r"|<<(?P<slash3>/?)(?P<double>SYS)>>"
    r"|[\[◁](?P<slash4>/?)(?P<bracket>[A-Za-z_]{3,20})[\]▷]"
    rf"|(?P<lead_end>{'|'.join(_LEAD_ENDS)})"
)


def _beginnings(word: str) -> str:
    """A pattern for the beginnings of `word`: "a(?:b(?:c)?)?"."""
    return "(?:".join(map(re.escape, word)) + ")?" * (len(word) - 1)


#: At the end of the text: what the next piece may complete to a tag.
_BEGUN = re.compile(
    rf"({_ROLE}[a-z]*(?:<[^<>]{{0,30}})?|<(?:[/|｜<]{{0,2}}[\w:.▁|｜-][^<>\n]{{0,260}}|[/|｜<]{{0,2}})|"
    rf"[\[◁]/?[A-Za-z_]{{0,20}}|{'|'.join(map(_beginnings, _LEAD_ENDS))})$"
)
_LEADS = (
    "analysis",
    "Here is my thought process:",
    "Here's my thought process:",
    "Thought:",
    "Thinking:",
    "Reasoning:",
)
_CHANNEL = ("channel", "start", "message", "constrain", "end", "return", "call")
_BRACKETS = ("think", "inst", "reasoning", "thinking", "thought")


class Reasoning:
    """`add` returns the text to pass on; `rest` what is left at the end. `unopened` tells whether the model begins
    inside its reasoning; None: this answer does not show it."""

    def __init__(self, *, hold: bool = False) -> None:
        self.unopened: bool | None = None
        self.seen = False  # whether there was any reasoning
        self._text = ""  # not yet cut
        self._held: str | None = "" if hold else None
        self._started = self._ended = False
        self._block, self._depth = "", 0  # the name of what is hidden now, and how often it was opened
        self._kept: str | None = None  # text of the block that is an answer if the block does not close
        self._header: str | None = None  # the text between <|channel|> and <|message|>
        self._in_call = False

    def add(self, piece: str) -> str:
        self._text += piece
        if not self._started and not self._begin():
            return ""
        begun = _BEGUN.search(self._text, max(len(self._text) - 300, 0))
        end = begun.start() if begun else len(self._text)
        ready, self._text = self._text[:end], self._text[end:]
        return self._pass(self._cut(ready))

    def is_separate(self) -> None:
        """The server sends the reasoning beside the text: nothing is held any more."""
        self.seen = True

    def rest(self) -> str:
        """The text left at the end: what was held, a tag that was none, an unclosed block of no known kind."""
        text, self._text = self._text, ""
        held, self._held = self._held or "", None
        out = self._cut(text, before=held) + self._end_call() + (self._kept or "")
        if self.unopened is None and not self.seen and out.strip():
            self.unopened = False
        return out

    # --- inside -----------------------------------------------------------------------------------------------------

    def _pass(self, text: str) -> str:
        if self._held is None:
            return text
        self._held += text
        shown = self.unopened or (self.seen and not self._block)  # this model opens its block, or has closed it
        if not shown and len(self._held) <= MAX_HELD_CHARS:
            return ""
        text, self._held = self._held, None
        return text

    def _begin(self) -> bool:
        """Whether it is known if the answer begins with reasoning without a tag, which is hidden then."""
        text = self._text.lstrip()
        if any(lead.startswith(text) for lead in _LEADS):
            return False
        self._started = True
        lead = next((one for one in _LEADS if text.startswith(one)), "")
        if lead and (lead != "analysis" or text[len(lead)].isupper()):
            self._open("lead", kept="")
            self._text = text[len(lead) :]
        return True

    def _cut(self, text: str, before: str = "") -> str:
        out, at = before, 0
        for tag in _TAG.finditer(text):
            out += self._words(text[at : tag.start()])
            found, at = self._tag(tag), tag.end()
            if found is None:  # all before was reasoning
                out, self._held = "", None if self._held is None else ""
            else:
                out += found
        return out + self._words(text[at:])

    def _words(self, text: str) -> str:
        """The part of `text` that is passed on where no tag is."""
        if self._ended:
            return ""
        if self._header is not None:
            self._header += text
            return ""
        if self._block:
            self._kept = None if self._kept is None else self._kept + text
            return ""
        return text

    def _tag(self, tag: re.Match[str]) -> str | None:
        """What is passed on for a tag; None: all text before it was reasoning."""
        if tag["turn"]:
            self._ended = self._ended or tag["role"] not in ("assistant", "model")
            return ""
        if tag["lead_end"]:
            ends = self._block == "lead" or (tag["lead_end"] == "assistantfinal" and not self._block)
            return self._close("lead") if ends else self._words(tag[0])
        name = (tag["token"] or tag["name"] or tag["double"] or tag["bracket"]).strip()
        if tag["bracket"] and name.lower() not in _BRACKETS:
            return self._words(tag[0])
        closing = bool(tag["slash1"] or tag["slash2"] or tag["slash3"] or tag["slash4"])
        if tag["bar"] and (word := re.fullmatch(r"(begin|start|end)_(?:of_)?(.+)", name, re.IGNORECASE)):
            name, closing = word[2], word[1].lower() == "end"
        if (tag["bar"] and name in _CHANNEL) or tag[0] == "<channel|>":
            return self._channel(name, tag[0])
        if name in ("user", "system", "INST") and not tag["name"] and not closing:
            self._ended = True
            return ""
        if _REASONING.fullmatch(name):
            return self._close("reasoning") if closing or name == "unused95" else self._open("reasoning", kept=None)
        if self._block:
            return self._close(name) if closing and self._block == name else self._words(tag[0])
        if _TOOL.fullmatch(name):
            return self._words(tag[0])
        single = closing or tag["bar"] or tag["bracket"] or tag[0].endswith("/>")
        return "" if single or _PLAIN.fullmatch(name) else self._open(name, kept="")

    def _open(self, name: str, kept: str | None) -> str:
        if self._block in ("", name):
            self._block, self._depth = name, self._depth + 1
            self._kept = kept if self._depth == 1 else self._kept
        return ""

    def _close(self, name: str) -> str | None:
        self.seen = self.seen or name in ("reasoning", "lead", "channel")
        if not self._block and not self._ended:
            self.unopened = True
            return None
        if self._block == name:
            self._depth -= 1
            if self._depth:
                self._kept = ""  # the answer, unless the block closes once more
            else:
                self._block, self._kept = "", None
        return ""

    def _channel(self, name: str, tag: str) -> str | None:
        if tag == "<|channel>":  # without the second bar: <|channel>thought ... <channel|>
            return self._open("reasoning", kept=None)
        if tag == "<channel|>":
            return self._close("reasoning")
        out = ""
        if name == "message":
            header, self._header = self._header or "", None
            if to := re.search(r"to=(?:functions\.)?([\w.-]+)", header):
                out, self._in_call = f"<function={to[1]}>", True
            elif "analysis" in header:
                self._open("channel", kept=None)
        elif name != "constrain":
            if self._block == "channel":
                self._close("channel")
            out = self._end_call()
            if name in ("channel", "start"):
                self._header = self._header or ""
        return out

    def _end_call(self) -> str:
        ends, self._in_call = self._in_call, False
        return "</function>" if ends else ""
