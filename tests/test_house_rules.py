"""The house rules that can be counted: rooms, modules, functions and classes stay small. Exceptions are listed here.

A listed exception that is no longer one fails as well, so the lists only get shorter.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent / "telephony"
MODULES_A_ROOM = 16
LINES_A_MODULE, LINES_A_CORE_MODULE = 350, 250
LINES_A_FUNCTION = 60
ATTRIBUTES_A_CLASS = 12

DATA = {"core/language/english.py"}
LONG_MODULES = frozenset(
    {
        "core/conversation.py",
        "core/decisions.py",
        "core/events.py",
        "core/policy.py",
        "core/speaking/turns.py",
        "settings.py",
        "testing/simulator.py",
    }
)
WIDE_CLASSES = frozenset(
    {
        "core/listening/listening.py: Listening",
        "core/speaking/speech.py: Speech",
    }
)


@functools.cache
def modules() -> tuple[tuple[str, ast.Module, int], ...]:
    """The name, tree and number of lines of each module."""
    texts = {str(path.relative_to(ROOT)): path.read_text() for path in sorted(ROOT.rglob("*.py"))}
    return tuple((name, ast.parse(text), text.count("\n")) for name, text in texts.items())


def attributes(node: ast.ClassDef) -> set[str]:
    """The attributes that methods of the class assign on `self`."""
    return {
        target.attr
        for inner in ast.walk(node)
        if isinstance(inner, ast.Assign | ast.AnnAssign)
        for target in _targets(inner)
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self"
    }


def _targets(node: ast.Assign | ast.AnnAssign) -> Iterator[ast.expr]:
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        yield from target.elts if isinstance(target, ast.Tuple) else [target]


def test_no_room_is_crowded() -> None:
    """At most sixteen modules in a folder, not counting `__init__`."""
    rooms: dict[str, int] = {}
    for name, _, _ in modules():
        if not name.endswith("__init__.py"):
            room = str(Path(name).parent)
            rooms[room] = rooms.get(room, 0) + 1
    assert {room: count for room, count in rooms.items() if count > MODULES_A_ROOM} == {}


def test_every_room_says_what_it_is_for() -> None:
    assert [name for name, tree, _ in modules() if name.endswith("__init__.py") and not ast.get_docstring(tree)] == []


def test_modules_are_short() -> None:
    """A module of the core has at most 250 lines, any other 350; language data does not count."""
    found = {
        name
        for name, _, lines in modules()
        if name not in DATA and lines > (LINES_A_CORE_MODULE if name.startswith("core/") else LINES_A_MODULE)
    }
    assert found == LONG_MODULES


def test_functions_are_short() -> None:
    """None has more than sixty lines."""
    found = [
        f"{name}: {node.name}"
        for name, tree, _ in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > LINES_A_FUNCTION
    ]
    assert found == []


def test_classes_are_narrow() -> None:
    """None has more than twelve attributes."""
    found = {
        f"{name}: {node.name}"
        for name, tree, _ in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and len(attributes(node)) > ATTRIBUTES_A_CLASS
    }
    assert found == WIDE_CLASSES


def test_no_word_decides_in_the_core() -> None:
    """Nothing in the core is compared with a text of its own, but for single characters and sets of them: fixed words
    are enums."""
    found = {
        name
        for name, tree, _ in modules()
        if name.startswith("core/")
        for node in ast.walk(tree)
        if any(_is_word(one) for one in _compared(node))
    }
    assert found == set()


def _compared(node: ast.AST) -> list[ast.expr]:
    """What the node compares with each other, or matches."""
    if isinstance(node, ast.MatchValue):
        return [node.value]
    if not isinstance(node, ast.Compare):
        return []
    sides = [node.left, *node.comparators]
    return [
        one for side in sides for one in (side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side])
    ]


def _is_word(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isascii() and len(node.value) > 1
    )
