"""The mutation tester: which changes it makes, what it leaves alone, and which changes a small package's tests kill."""

from __future__ import annotations

import ast
from pathlib import Path
from textwrap import dedent

import pytest

from tests.bench.mutants.bench import FILES, ROOT, TESTS, Mutant, Project, Survey, Worker, listed, report, run
from tests.bench.mutants.change import changed, changes
from tests.bench.mutants.modules import HITS, instrumented, module_name

RULE = """
LIMIT = 3

def late(count: int) -> bool:
    return count >= LIMIT

def positive(n: int) -> int:
    if n < 0:
        n = 0
    return n

def halvings(n: int) -> int:
    count = 0
    while n > 1:
        n //= 2
        count += 1
    return count

def unused() -> None:
    print(1)
"""
CHECKS = """
from toy.rule import halvings, late, positive

def test_late() -> None:
    assert late(3) and not late(2)

def test_positive() -> None:
    assert [positive(n) for n in (-1, 0, 2)] == [0, 0, 2]

def test_halvings() -> None:
    assert [halvings(n) for n in (1, 2, 8)] == [0, 1, 3]
"""


def replacements(source: str) -> set[tuple[str, str]]:
    return {(change.before, change.after) for change in changes(ast.parse(dedent(source)))}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", {("a < b", "a <= b"), ("a < b", "a >= b")}),
        ("a <= b", {("a <= b", "a < b"), ("a <= b", "a > b")}),
        ("a > b", {("a > b", "a >= b"), ("a > b", "a <= b")}),
        ("a >= b", {("a >= b", "a > b"), ("a >= b", "a < b")}),
        ("a == b", {("a == b", "a != b")}),
        ("a is not None", {("a is not None", "a is None")}),
        ("a in b", {("a in b", "a not in b")}),
        ("a == b is c", {("a == b is c", "a != b is c"), ("a == b is c", "a == b is not c")}),
        ("a + b", {("a + b", "a - b")}),
        ("a - b", {("a - b", "a + b")}),
        ("a // b", {("a // b", "a * b")}),
        ("a = 7", {("a = 7", "a = 8"), ("a = 7", "a = 6")}),
        ("a = True", {("a = True", "a = False")}),
        ("a and b", {("a and b", "a or b")}),
        ("a or b", {("a or b", "a and b")}),
        ("not a", {("not a", "a")}),
        ("min(a, b)", {("min(a, b)", "max(a, b)"), ("min(a, b)", "pass")}),
        ("if a: b", {("if a:", "if True:"), ("if a:", "if False:")}),
        ("while a: b", {("while a:", "while False:")}),
        ("b if a else c", {("b if a else c", "b if True else c"), ("b if a else c", "b if False else c")}),
        (
            "[a for a in b if a]",
            {("for a in b if a", "for a in b if True"), ("for a in b if a", "for a in b if False")},
        ),
        (
            "match a:\n    case b if c: pass",
            {("case b if c:", "case b if True:"), ("case b if c:", "case b if False:")},
        ),
        ("a.clear()", {("a.clear()", "pass")}),
        ("a.b = c", {("a.b = c", "pass")}),
        ("a += b", {("a += b", "a -= b"), ("a += b", "pass")}),
        ("a += [b]", {("a += [b]", "pass")}),
        ("del a[b]", {("del a[b]", "pass")}),
        ("def f() -> int: return a", {("return a", "return 0")}),
        ("def f() -> bool: return a", {("return a", "return False")}),
        ("def f() -> str | None: return a", {("return a", "return ''"), ("return a", "return None")}),
        ("def f() -> list[int]: return a", {("return a", "return []")}),
        ("def f() -> tuple[int, ...]: return a", {("return a", "return ()")}),
        ("def f() -> Other: return a", set()),
        ("def f() -> None: return None", set()),
    ],
)
def test_each_operator_makes_its_changes(source: str, expected: set[tuple[str, str]]) -> None:
    """It makes these changes and no others."""
    assert replacements(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""A text."""',
        'def f() -> None:\n    """A text."""',
        "a: Literal[1, 2]",
        "def f(a: dict[1, True]) -> Tuple[1]: ...",
        "@lru_cache(maxsize=512)\ndef f() -> None: ...",
        "@dataclass(frozen=True, slots=True)\nclass A:\n    b: int",
        "class A:\n    __slots__ = (1, True)",
        "class A(Enum):\n    B = 1",
        "class A:\n    def __init__(self, b):\n        self.b = b",
        "assert a is not None",
        "raise ValueError(f'{1 + 1} and {not a}')",
        "assert_never(a)",
        "if TYPE_CHECKING:\n    import a",
        "a = 'x' + b",
        "a = f'{b}'",
    ],
)
def test_code_that_decides_nothing_is_not_changed(source: str) -> None:
    """That is text for people, declarations, and code whose change every test would notice."""
    assert replacements(source) == set()


def test_each_tree_has_one_change() -> None:
    """Each differs from the source, and no two are the same."""
    source = dedent(RULE)
    count = len(list(changes(ast.parse(source))))
    trees = {ast.unparse(changed(source, number)) for number in range(count)}
    assert len(trees) == count
    assert ast.unparse(ast.parse(source)) not in trees
    assert ast.unparse(changed(source, 0)).startswith("LIMIT = 4\n")
    with pytest.raises(IndexError):
        changed(source, count)


def test_a_change_knows_its_statement() -> None:
    """The statement's first line decides which tests run; None, for what runs at import, means all of them."""
    source = "A = 1\ndef f(b=2):\n    c(\n        3,\n    )\n    def g():\n        return 4\n"
    found = {(change.line, change.statement, change.name) for change in changes(ast.parse(source))}
    assert found == {(1, None, ""), (2, None, ""), (3, 3, "f"), (4, 3, "f"), (7, 7, "f.g")}


def test_an_instrumented_module_records_which_statements_ran() -> None:
    """Only those inside functions are recorded, and a cache of results hides none of them."""
    source = dedent("""
        from functools import lru_cache
        @lru_cache(maxsize=None)
        def f(a):
            if a:
                return 1
            elif not a:
                return 2
        def g():
            return [f(b) for b in (1, 1)]
        """)
    hits = bytearray(20)
    names = {HITS: hits}
    exec(compile(instrumented(source), "f.py", "exec"), names)
    assert not any(hits)
    for _ in range(2):
        assert names["g"]() == [1, 1]  # type: ignore[operator]
        assert [line for line, ran in enumerate(hits) if ran] == [5, 6, 10]
        hits[:] = bytes(20)


def test_modules_are_named_by_their_files() -> None:
    """A package by its folder."""
    assert module_name("a/b/c.py") == "a.b.c"
    assert module_name("a/b/__init__.py") == "a.b"


@pytest.fixture
def toy(tmp_path: Path) -> Project:
    """A package of one module, and its tests."""
    for name, text in {"toy/__init__.py": "", "toy/rule.py": RULE, "checks/test_rule.py": CHECKS}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(dedent(text))
    return Project(tmp_path, ("toy/*.py",), ("checks",))


def test_a_change_that_a_test_notices_is_killed_and_others_survive(toy: Project) -> None:
    """With a real worker, its forks, and the tests that run the line; no file is written."""
    before = {path: path.read_bytes() for path in toy.root.rglob("*.py")}
    chosen = [one for one in toy.mutants() if one.change.name in ("", "late", "positive", "unused")]
    survey, killed = run(toy, chosen, 1)
    survived = {(one.change.name, str(one.change)) for one in chosen if not killed[one]}
    assert survived == {
        ("positive", "`n < 0` -> `n <= 0`"),
        ("positive", "`n < 0` -> `n < 1`"),
        ("unused", "`print(1)` -> `pass`"),
        ("unused", "`print(1)` -> `print(2)`"),
        ("unused", "`print(1)` -> `print(0)`"),
    }
    assert len(killed) == len(chosen) > 15
    by_name = {one.change.name: survey.tests(one) for one in chosen}
    assert by_name["late"] == ["checks/test_rule.py::test_late"]
    assert by_name["unused"] == []
    assert len(by_name[""]) == 3
    assert {path: path.read_bytes() for path in toy.root.rglob("*.py")} == before


def test_a_change_that_never_ends_is_killed(toy: Project) -> None:
    """Its processor time is limited."""
    endless = next(one for one in toy.mutants() if str(one.change) == "`n //= 2` -> `pass`")
    tests = ["checks/test_rule.py::test_halvings"]
    worker = Worker(toy.root)
    try:
        for number, killed in ((None, False), (endless.number, True)):
            what = {"path": endless.path, "number": number, "tests": tests, "limit_s": 2}
            assert worker.ask("mutant", **what) == {"killed": killed}
    finally:
        worker.stop()


def test_nothing_is_run_if_tests_fail_without_a_change(toy: Project) -> None:
    """Otherwise every change would count as killed."""
    (toy.root / "checks" / "test_more.py").write_text("def test_more() -> None:\n    assert 1 == 2\n")
    with pytest.raises(SystemExit, match="test_more"):
        run(toy, toy.mutants()[:1], 1)


def test_the_report_does_not_count_changes_that_make_no_difference(toy: Project) -> None:
    """A listed change is not counted, unless a test kills it: then the list is wrong, and the run fails."""
    every = toy.mutants()
    survey = Survey({"checks/test_rule.py::test_late": (0.1, {"toy/rule.py": [5]})})
    late = [one for one in every if one.change.name == "late"]
    killed = {one: one is not late[0] for one in late}
    text, enough = report(survey, killed, {})
    assert text.startswith("killed 2 of 3: 66.7%")
    assert f"{late[0]}\n      1 tests ran: checks/test_rule.py::test_late" in text
    assert not enough
    text, enough = report(survey, killed, {late[0].key: "the reason"})
    assert text.startswith("killed 2 of 2: 100.0%")
    assert "the reason" in text
    assert enough
    text, enough = report(survey, killed, {late[0].key: "the reason", late[1].key: "wrong"})
    assert f"listed as making no difference, but killed: {late[1]}" in text
    assert not enough


def test_there_is_something_to_change() -> None:
    """The configured folders exist, and each change listed as making no difference has a reason."""
    project = Project(ROOT, FILES, TESTS)
    assert len(project.mutants()) > 1_000
    assert all((ROOT / path).is_dir() for path in TESTS)
    assert all(reason for reason in listed().values())
    assert isinstance(project.mutants()[0], Mutant)
