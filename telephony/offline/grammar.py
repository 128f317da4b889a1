"""The grammar of the local STT: the sentences that callers of the example receptionist say.

The rules have two uses: as JSGF for the decoder, and as a pattern that tests whether a phrase is complete.
"""

from __future__ import annotations

import re

from telephony.core.language.english import ENGLISH

DAYS = "monday tuesday wednesday thursday friday saturday sunday today tomorrow".split()
PEOPLE = {word: int(figures) for word, figures in ENGLISH.numerals.items() if 1 <= int(figures) <= 8}
"""The sizes of a party that the example's tool accepts."""
HOURS = {word: int(figures) + 12 for word, figures in ENGLISH.numerals.items() if 5 <= int(figures) <= 9}
"""The hours of the evening that a caller may name, on the 24-hour clock."""

RULES: dict[str, str] = {
    "phrase": "<hours> | <book> | <when> | <people> | <answer> | <bye>",
    "hours": "[hello] [please] ( what are your opening hours | when are you open | are you open on <day> | "
    "when do you close )",
    "book": "[wait | stop | no] [i want to | i would like to | can i | please] book a table [for <number> [people]] "
    "[please]",
    "when": "[on] <day> [at <time>] [please] | at <time> [please]",
    "people": "[for] <number> [people] [please] | a table for <number>",
    "answer": "yes [please] | no [thank you] | that is right | that is wrong | cancel | stop | wait",
    "bye": "[no] [thank you] ( goodbye | bye | that is all ) | thank you [very much]",
    "day": " | ".join(DAYS),
    "time": f"( {' | '.join(HOURS)} ) [o'clock | thirty] [in the evening]",
    "number": " | ".join(PEOPLE),
}


def grammar() -> str:
    """The rules as JSGF."""
    lines = ["#JSGF V1.0;", "grammar phrases;"]
    lines += [f"{'public ' if name == 'phrase' else ''}<{name}> = {rule};" for name, rule in RULES.items()]
    return "\n".join(lines) + "\n"


def _pattern(rule: str) -> str:
    """A rule as a regular expression over words that each end with a space."""
    out = []
    for token in re.findall(r"<\w+>|[\[\]()|]|[\w']+", rule):
        if token.startswith("<"):
            out.append(f"(?:{_pattern(RULES[token[1:-1]])})")
        elif token in "[(":
            out.append("(?:")
        elif token in "])":
            out.append(")?" if token == "]" else ")")
        else:
            out.append("|" if token == "|" else re.escape(token) + " ")
    return "".join(out)


_WHOLE = re.compile(_pattern(RULES["phrase"]))


def is_whole(text: str) -> bool:
    """Whether `text` is a complete phrase of the grammar, not just the beginning of one."""
    return bool(text) and _WHOLE.fullmatch(text.lower() + " ") is not None
