"""Streamed tool calls, as servers really stream them. Each row: the fragments, and the calls they mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from telephony.openai.tool_calls import MAX_CALLS, ToolCalls, arguments_text

NAMES = ("hours", "book", "get_hours")


def fragment(index: Any = None, name: Any = None, arguments: Any = None, call_id: Any = None, **more: Any) -> Any:
    """A fragment with the given parts; a part that is None is left out."""
    function = {k: v for k, v in {"name": name, "arguments": arguments}.items() if v is not None}
    head = {k: v for k, v in {"index": index, "id": call_id}.items() if v is not None}
    return head | {"function": function} | more


def calls(fragments: list[Any]) -> list[tuple[str, str]]:
    assembled = ToolCalls(NAMES)
    for one in fragments:
        assembled.add(one)
    found = list(assembled)
    assert len({call.tool_call_id for call in found}) == len(found)
    assert bool(assembled) == bool(found)
    return [(call.name, call.arguments) for call in found]


F = fragment
TWO = [("hours", '{"day": 1}'), ("book", '{"day": 2}')]
GLUED = [("hours", '{"day": 1}'), ("hours", '{"day": 2}')]
NONE = [("hours", "{}")]


@pytest.mark.parametrize(
    ("fragments", "expected"),
    [
        pytest.param(
            [F(0, "hours", "", "a"), F(0, None, '{"day"'), F(0, None, ": 1}"), F(1, "book", '{"day": 2}', "b")],
            TWO, id="as specified",
        ),
        pytest.param(
            [F(0, "hours", "", "a"), F(1, "book", "", "b"), F(0, None, '{"day": 1}'), F(1, None, '{"day": 2}')],
            TWO, id="interleaved",
        ),
        pytest.param(
            [F(0, "hours", '{"day"', ""), F(0, None, ": 1}", ""), F(0, "book", '{"day"', ""), F(0, "", ": 2}", "")],
            TWO, id="index 0 for both, ids empty",
        ),
        pytest.param(
            [F(0, "book", '{"day": 1}', ""), F(0, "book", '{"day"', ""), F(0, None, ": 2}", "")],
            [("book", '{"day": 1}'), ("book", '{"day": 2}')], id="the same tool twice, index 0, ids empty",
        ),
        pytest.param([F(0, "hours", '{"day": 1}', "a"), F(0, "book", '{"day": 2}', "b")], TWO, id="index 0, ids"),
        pytest.param(
            [F(None, "hours", '{"day"', "a"), F(None, None, ": 1}"), F(None, "book", '{"day": 2}', "b")],
            TWO, id="no index",
        ),
        pytest.param(
            [F(None, "hours", '{"day"'), F(None, None, ": 1}"), F(None, "book", '{"day": 2}')],
            TWO, id="no index, no id",
        ),
        pytest.param(
            [F(None, "hours", "", "a"), F(None, "book", "", "b"), F(None, None, '{"day": 1}', "a"),
             F(None, None, '{"day": 2}', "b")],
            TWO, id="no index, pieces by id",
        ),
        pytest.param(
            [F(0, "hours", '{"day"', "a"), F(0, "hours", ": 1}", "a"), F(1, "book", '{"day"', "b"),
             F(1, "book", ": 2}", "b")],
            TWO, id="id and name in each fragment",
        ),
        pytest.param(
            [F(0, "hours", '{"day"'), F(0, "hours", ": 1}"), F(1, "book", '{"day"'), F(1, "book", ": 2}")],
            TWO, id="name in each fragment, no ids",
        ),
        pytest.param(
            [F(0, "hours", '{"day"', "a"), F(1, None, ": 1}"), F(2, "book", '{"day"', "b"), F(3, None, ": 2}")],
            TWO, id="the index moves with each fragment",
        ),
        pytest.param(
            [F(0, "hours", '{"day"', "a"), F(1, None, ": 1}", "a"), F(1, "book", '{"day": 2}', "b")],
            TWO, id="the index moves, the id stays",
        ),
        pytest.param([F("0", "hours", '{"day": 1}'), F("1", "book", '{"day": 2}')], TWO, id="index as text"),
        pytest.param([F([], "hours", '{"day": 1}'), F({}, "book", '{"day": 2}')], TWO, id="index is no number"),
        pytest.param([F(1, "hours", '{"day": 1}', "a"), F(2, "book", '{"day": 2}', "b")], TWO, id="index from 1"),
        pytest.param([F(0, "hours", '{"day": 1}', "x"), F(1, "book", '{"day": 2}', "x")], TWO, id="the same id twice"),
        pytest.param(
            [F(0, "book", '{"day": 1}', "x"), F(1, "book", '{"day": 2}', "x")],
            [("book", '{"day": 1}'), ("book", '{"day": 2}')], id="the same id and name twice",
        ),
        pytest.param(
            [F(0, "book", '{"day": 1}', "x"), F(1, "book", '{"day": 1}', "y")],
            [("book", '{"day": 1}'), ("book", '{"day": 1}')], id="twice on purpose: ids differ",
        ),
        pytest.param([F(0, "hours", '{"day": 1}'), F(1, "hours", '{"day": 1}')], TWO[:1], id="repeated without ids"),
        pytest.param([F(0, "hours", {"day": 1}), F(1, "book", {"day": 2})], TWO, id="arguments as an object"),
        pytest.param(
            [F(0, "hours", '{"day": 1}', "a"), F(0, None, '{"day": 1}', "a")], TWO[:1], id="arguments sent twice",
        ),
        pytest.param(
            [F(0, "hours", '{"day"', "a"), F(0, None, ": 1}"), F(0, None, '{"day"'), F(0, None, ": 1}")],
            TWO[:1], id="arguments sent twice in pieces",
        ),
        pytest.param(
            [F(0, "hours", '{"da', "a"), F(0, None, '{"day": 1'), F(0, None, '{"day": 1}')],
            TWO[:1], id="arguments grow",
        ),
        pytest.param(
            [F(0, "hours", "{}", "a"), F(0, None, '{"day"'), F(0, None, ": 1}")],
            TWO[:1], id="an empty object first",
        ),
        pytest.param(
            [F(0, "get_", "", "a"), F(0, "hours", ""), F(0, None, "{}")], [("get_hours", "{}")], id="name in pieces",
        ),
        # new ids
        pytest.param(
            [F(0, "hours", "", "a"), F(0, None, '{"day"', "b"), F(0, None, ": 1}", "c"),
             F(1, "book", '{"day": 2}', "d")],
            TWO, id="a new id for each piece",
        ),
        pytest.param(
            [F(0, "hours", "", "a"), F(0, "hours", '{"day"', "b"), F(0, "hours", ": 1}", "c")],
            TWO[:1], id="a new id and the name for each piece",
        ),
        pytest.param(
            [F(None, "hours", '{"day"', "a"), F(None, "", ": 1}", "b"), F(None, "book", '{"day": 2}', "c")],
            TWO, id="a new id for each piece, no index",
        ),
        pytest.param([F(0, "hours", "", "a"), F(0, "hours", "", "b")], NONE * 2, id="no arguments, two ids, one index"),
        pytest.param([F(None, "hours", "", "a"), F(None, "hours", "", "b")], NONE * 2, id="no arguments, no index"),
        pytest.param([F(0, "hours", ""), F(0, "book", "")], [*NONE, ("book", "{}")], id="no arguments, no ids"),
        pytest.param(
            [F(0, "hours", "", "a"), F(0, "hours", '{"day": 1}', "b")], NONE + TWO[:1], id="no arguments, then some",
        ),
        # two calls in one
        pytest.param([F(0, "hours", '{"day": 1}{"day": 2}', "a")], GLUED, id="two objects"),
        pytest.param(
            [F(0, "hours", '{"day": 1', "a"), F(0, None, '}\n{"day"'), F(0, None, ": 2}")], GLUED, id="two, in pieces",
        ),
        pytest.param([F(0, "hours", '[{"day": 1}, {"day": 2}]', "a")], GLUED, id="a list of two"),
        pytest.param([F(0, "hours", '{"day": 1}{"day": 2}{"day": 1}', "a")], GLUED[::-1], id="one of them again"),
        pytest.param(
            [F(0, "book", '{"day": "Fri"}{"day": "Friday", "people": 2}', "a")],
            [("book", '{"day": "Friday", "people": 2}')], id="an object that grows",
        ),
        # names
        *(
            pytest.param([F(0, name, '{"day": 2}', "a")], TWO[1:], id=name)
            for name in ("functions.book", "default_api.book", "tools:book", "functions.book:0", "Book", "book()",
                         "book<|channel|>commentary", "`book`")
        ),
        pytest.param([F(0, "functions.", "", "a"), F(0, "book", '{"day": 2}')], TWO[1:], id="a namespace in pieces"),
        pytest.param([F(0, "other.cancel", "{}", "a")], [("other.cancel", "{}")], id="of no own tool"),
        # places
        pytest.param([{"index": 0, "id": "a", "name": "book", "arguments": '{"day": 2}'}], TWO[1:], id="no function"),
        pytest.param(
            [{"index": 0, "name": "book"}, {"index": 0, "arguments": '{"day"'}, {"index": 0, "arguments": ": 2}"}],
            TWO[1:], id="no function, in pieces",
        ),
        pytest.param(
            [{"index": 0, "function": {"name": "book"}, "arguments": '{"day": 2}'}], TWO[1:], id="arguments outside",
        ),
        pytest.param([{"function": "book", "arguments": '{"day": 2}'}], TWO[1:], id="function is the name"),
        pytest.param([{"function": {"name": "book", "parameters": {"day": 2}}}], TWO[1:], id="parameters"),
        pytest.param([{"type": "tool_use", "name": "book", "input": {"day": 2}}], TWO[1:], id="input"),
        pytest.param([F(0, "hours", "", "a"), F(0, "", None, None)], [("hours", "{}")], id="no arguments"),
        pytest.param([F(0, None, '{"day": 1}', "a")], [], id="no name"),
        pytest.param([None, 7, "x", {}, {"function": None}, {"function": "hours"}], [], id="nothing of use"),
        pytest.param([F(0, "caf\ud83d", '{"day": "\ud83d"}')], [("caf", '{"day": ""}')], id="half a surrogate pair"),
    ],
)  # fmt: skip
def test_fragments(fragments: list[Any], expected: list[tuple[str, str]]) -> None:
    assert calls(fragments) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", "{}"),
        ("  ", "{}"),
        ("null", "{}"),
        ('""', "{}"),
        ("[]", "{}"),
        ("{}", "{}"),
        ('{"day": 1}', '{"day": 1}'),
        ('{"day":1}', '{"day":1}'),
        (json.dumps('{"day": 1}'), '{"day": 1}'),
        (json.dumps(json.dumps('{"day": 1}')), '{"day": 1}'),
        ('"{}"', "{}"),
        ('"null"', "{}"),
        ('[{"day": 1}]', '{"day": 1}'),
        ('{}{"day": 1}', '{"day": 1}'),
        ('{"day": 1}{}', '{"day": 1}'),
        ('{"day": 1}\n{"day": 1}', '{"day": 1}'),
        ('{"day": 1}null', '{"day": 1}'),
        (r'{"day": "caf\ud83d"}', '{"day": "caf"}'),
        (r'{"day": "\u00e9"}', '{"day": "é"}'),
        ("7", "7"),
        ('"Monday"', '"Monday"'),
        ('{"day": 1}</tool_call>', '{"day": 1}'),
        ('{"day": 1}}', '{"day": 1}'),
        ('{"day": 1}<|im_end|>', '{"day": 1}'),
        ('{"day": 1,}', '{"day": 1}'),
        ('{"day": [1, 2,],\n}', '{"day": [1, 2]}'),
        ("{'day': 1, 'sure': True, 'no': None}", '{"day": 1, "sure": true, "no": null}'),
        ("{'day': 'it\\'s'}", '{"day": "it\'s"}'),
        ('```json\n{"day": 1}\n```', '{"day": 1}'),
        ('{"day": "a\nb"}', '{"day": "a\\nb"}'),
        ('{"day": 1', '{"day": 1'),
        ('{"day": 1, "people"', '{"day": 1, "people"'),
        ('{"day": "Mon', '{"day": "Mon'),
        ('{"day": 1} and Friday', '{"day": 1} and Friday'),
        ('I call {"day": 1}', 'I call {"day": 1}'),
        ("{day: 1}", "{day: 1}"),
        ('{"day": ', '{"day":'),
        ("day=1", "day=1"),
        ("[" * 5_000, "[" * 5_000),
    ],
)
def test_arguments(given: str, expected: str) -> None:
    """What stands for an object becomes one; what does not stays, for the model to be told."""
    assert arguments_text(given) == expected


def test_unknown_fields_of_a_call_are_kept() -> None:
    """The next request echoes them."""
    assembled = ToolCalls(NAMES)
    assembled.add(fragment(0, "hours", "{}", "a", type="function", extra_content={"google": {"signature": "s"}}))
    [call] = assembled
    assert json.loads(call.extra) == {"extra_content": {"google": {"signature": "s"}}}


def test_the_number_of_calls_is_bounded() -> None:
    assembled = ToolCalls(NAMES)
    for number in range(5_000):
        assembled.add(fragment(number, "book", json.dumps({"day": number}), f"id{number}"))
    assert len(list(assembled)) == MAX_CALLS
