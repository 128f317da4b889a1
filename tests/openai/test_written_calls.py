"""Tool calls that a model writes as text: found, and never spoken. Each row is played in pieces of several sizes."""

from __future__ import annotations

import json

import pytest

from telephony.openai.written_calls import MAX_CALLS, MAX_CHARS, WrittenCall, WrittenCalls

NAMES = ("hours", "book")
HOURS: list[tuple[str, object]] = [("hours", {})]
BOOK: list[tuple[str, object]] = [("book", {"day": "Friday", "people": 4})]
ARGUMENTS = '{"day": "Friday", "people": 4}'
CALL = '{"name": "hours", "arguments": {}}'


def played(text: str, size: int) -> tuple[str, list[tuple[str, object]]]:
    found = WrittenCalls(NAMES)
    said = "".join(found.add(text[at : at + size]) for at in range(0, len(text), size))
    rest, calls = found.rest()
    return (said + rest).strip(), [(call.name, json.loads(call.arguments)) for call in calls]


@pytest.mark.parametrize(
    ("text", "said", "calls"),
    [
        # no call
        ("We open at nine.", "We open at nine.", []),
        ("Our hours (on Monday) are long, book (if you can) early.", None, []),
        ("hours", "hours", []),
        ("5 < 6 [closed] `now`", "5 < 6 [closed] `now`", []),
        ('{"answer": "We open."}', '{"answer": "We open."}', []),
        ("Set {a, b}.", "Set {a, b}.", []),
        ("The bookshop (closed) and hoursglass(es).", None, []),
        # the spellings
        (f"<tool_call>{CALL}</tool_call>", "", HOURS),
        (f"<tool_call>\n{CALL}\n</tool_call>", "", HOURS),
        (f"<tool_call>{CALL}", "", HOURS),
        (f"{CALL}</tool_call>", "", HOURS),
        (f'<tool_call>{CALL}</tool_call>\n<tool_call>{{"name": "book", "arguments": {ARGUMENTS}}}</tool_call>', "",
         HOURS + BOOK),
        (f"<tools>{CALL}</tools>", "", HOURS),
        (f"<function_call>{CALL}</function_call>", "", HOURS),
        (f"<functioncall> {CALL} </functioncall>", "", HOURS),
        (f"<tool_use>{CALL}</tool_use>", "", HOURS),
        ("<function=hours>{}</function>", "", HOURS),
        (f"<function=book>{ARGUMENTS}</function>", "", BOOK),
        ("<tool_call>\n<function=book>\n<parameter=day>\nFriday\n</parameter>\n<parameter=people>\n4\n</parameter>\n"
         "</function>\n</tool_call>", "", BOOK),
        ('<invoke name="book"><parameter name="day">Friday</parameter><parameter name="people">4</parameter></invoke>',
         "", BOOK),
        ('<minimax:tool_call>\n<invoke name="book">\n<parameter name="day">Friday</parameter>\n'
         '<parameter name="people">4</parameter>\n</invoke>\n</minimax:tool_call>', "", BOOK),
        ('<｜DSML｜function_calls>\n<｜DSML｜invoke name="book">\n'
         '<｜DSML｜parameter name="day" string="true">Friday</｜DSML｜parameter>'
         '\n<｜DSML｜parameter name="people" string="false">4</｜DSML｜parameter>\n</｜DSML｜invoke>\n'
         "</｜DSML｜function_calls>", "", BOOK),
        ("<tool_call>book\n<arg_key>day</arg_key>\n<arg_value>Friday</arg_value>\n<arg_key>people</arg_key>\n"
         "<arg_value>4</arg_value>\n</tool_call>", "", BOOK),
        ("<tool_call>hours</tool_call>", "", HOURS),
        (f"[TOOL_CALLS][{CALL}]", "", HOURS),
        (f"[TOOL_CALLS] [{CALL}]", "", HOURS),
        (f"[TOOL_CALLS]book[ARGS]{ARGUMENTS}", "", BOOK),
        (f"[TOOL_REQUEST]{CALL}[END_TOOL_REQUEST]", "", HOURS),
        ('<|python_tag|>{"name": "hours", "parameters": {}}', "", HOURS),
        (f"<|tool_call|>[{CALL}]<|/tool_call|>", "", HOURS),
        (f"<|tool_calls_section_begin|><|tool_call_begin|>functions.book:0<|tool_call_argument_begin|>{ARGUMENTS}"
         "<|tool_call_end|><|tool_calls_section_end|>", "", BOOK),
        (f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>book<｜tool▁sep｜>{ARGUMENTS}<｜tool▁call▁end｜>"
         "<｜tool▁calls▁end｜>", "", BOOK),
        (f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>book\n```json\n{ARGUMENTS}\n```"
         "<｜tool▁call▁end｜><｜tool▁calls▁end｜>", "", BOOK),
        (f"functools[{CALL}]", "", HOURS),
        (f"```json\n{CALL}\n```", "", HOURS),
        (f"```tool_call\n{CALL}\n```", "", HOURS),
        ("```tool_code\nprint(hours())\n```", "", HOURS),
        (CALL, "", HOURS),
        (f"[{CALL}]", "", HOURS),
        ('{"name": "book", "parameters": ' + ARGUMENTS + "}", "", BOOK),
        ('{"type": "function", "function": {"name": "book", "arguments": ' + json.dumps(ARGUMENTS) + "}}", "", BOOK),
        ('{"type": "function", "name": "book", "parameters": ' + ARGUMENTS + "}", "", BOOK),
        ('{"tool_calls": [' + CALL + "]}", "", HOURS),
        ('{"tool": "hours", "args": {}}', "", HOURS),
        ('{"action": "hours", "action_input": {}}', "", HOURS),
        ('{"name": "book", "day": "Friday", "people": 4}', "", BOOK),
        ('{"tool": "book", "id": "1", "type": "function", "day": "Friday", "people": 4}', "", BOOK),
        ('<tool_call>{"function": "book", "day": "Friday", "people": 4}</tool_call>', "", BOOK),
        ('{"name": "Ada", "day": "Friday"}', '{"name": "Ada", "day": "Friday"}', []),
        ("hours()", "", HOURS),
        ('[book(day="Friday", people=4)]', "", BOOK),
        ('[hours(), book(day="Friday", people=4)]', "", HOURS + BOOK),
        ('{"name": "unknown", "arguments": {}}', "", [("unknown", {})]),
        # with text around
        (f"One moment. <tool_call>{CALL}</tool_call>", "One moment.", HOURS),
        (f"One moment.\n\n{CALL}", "One moment.", HOURS),
        (f"<tool_call>{CALL}</tool_call> One moment.", "One moment.", HOURS),
        # what cannot be read is not spoken either
        ('<tool_call>{"name": "hours", "argum', "", []),
        ("<tool_call>book Friday</tool_call>", "", []),
        ("<function=", "", []),
    ],
)  # fmt: skip
def test_written_calls(text: str, said: str | None, calls: list[tuple[str, object]]) -> None:
    for size in (1, 2, 3, 5, 7, 40, 1_000):
        assert played(text, size) == (text if said is None else said, calls), size


def test_text_is_passed_on_as_it_comes() -> None:
    """A word waits only if it may be the beginning of a call."""
    found = WrittenCalls(NAMES)
    assert [found.add(piece) for piece in ("We ", "open. ", "Our hours", " are long. ")] == [
        "We ", "open. ", "Our ", "hours are long. "
    ]  # fmt: skip
    assert found.rest() == ("", [])


def test_without_tools() -> None:
    found = WrittenCalls()
    assert found.add(f"<tool_call>{CALL}</tool_call>") == ""
    assert found.rest() == ("", [WrittenCall("hours", "{}")])


def test_the_work_on_hostile_text_is_bounded() -> None:
    """What is read at the end is short, and the number of calls found in it is limited."""
    hostile = (
        "[",
        "{",
        '{"name": ',
        "hours(",
        "<tool_call>",
        "<",
        "functools[",
        "<function=a>",
        "<arg_key>",
        "a.",
        "```",
    )
    for piece in hostile:
        found = WrittenCalls(NAMES)
        found.add(piece * 20_000)
        text, calls = found.rest()
        assert len(calls) <= MAX_CALLS, piece
        assert len(text) <= MAX_CHARS, piece
