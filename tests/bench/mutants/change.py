"""Small changes of source code that a test ought to notice. Pure: source text in, syntax trees out.

    compare      < and <= swapped, > and >= swapped, each also negated; ==, is, in negated and the reverse
    arithmetic   + and - swapped, * and // swapped, also in augmented assignments
    number       an integer constant plus 1 and minus 1
    logic        `and` and `or` swapped, `not` dropped, a boolean constant flipped
    condition    replaced by True and by False in an `if`, a conditional expression, a comprehension and a `case` guard,
                 by False in a `while`
    removed      a call whose result is not used, an assignment to an attribute, an augmented assignment, a `del`
    returned     None, 0, False, "" or an empty container, where the return annotation allows it
    extreme      `min` and `max` swapped

Not changed, because no test should depend on it or every test would notice: annotations, decorators, docstrings,
strings, `assert`, `raise` and `assert_never` with all they contain, dunder names such as `__slots__`, and members of
enums. Assignments to attributes in `__init__` are not removed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
}
NO_NUMBERS = (ast.JoinedStr, ast.List, ast.Tuple, ast.ListComp)
"""Operands that support + but not -: every test would notice the change."""
EMPTY = {"int": 0, "bool": False, "str": "", "bytes": b"", "list": [], "dict": {}, "tuple": ()}
UNSEEN = ("annotation", "returns", "decorator_list", "type_params", "bases", "type_comment")
"""Fields of a node that are never changed."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the source: the first line of the statement, and the names of the enclosing classes and functions,
    outermost first. `returns` is the return annotation of the innermost function. A statement that is not
    `in_function` runs when the module is imported."""

    line: int = 1
    names: tuple[str, ...] = ()
    in_function: bool = False
    returns: ast.expr | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a tree, from `before` to `after` (source text). `line` is that of the changed node, `statement` the
    first line of the enclosing statement, or None if that runs at import. `make` applies the change."""

    line: int
    statement: int | None
    name: str
    before: str
    after: str
    make: Callable[[], None] = field(repr=False, compare=False)

    def __str__(self) -> str:
        return f"`{self.before}` -> `{self.after}`"


def changes(tree: ast.Module) -> Iterator[Change]:
    """All changes, in the order of the source. `make` cannot be undone: parse the source again for the next change."""
    for number, statement in enumerate(tree.body):
        yield from _visit(statement, tree, partial(tree.body.__setitem__, number), Place())


def changed(source: str, number: int) -> ast.Module:
    """The tree of the source with one change made, numbered from 0 in the order of `changes`. Raises IndexError."""
    tree = ast.parse(source)
    for at, change in enumerate(changes(tree)):
        if at == number:
            change.make()
            return ast.fix_missing_locations(tree)
    raise IndexError(number)


def _visit(node: ast.AST, parent: ast.AST, put: Callable[[ast.AST], None], place: Place) -> Iterator[Change]:
    if _left_alone(node):
        return
    if isinstance(node, ast.stmt):
        place = replace(place, line=node.lineno)
    shown = parent if isinstance(node, ast.Constant) else node
    for new in _alternatives(node, place):
        line, statement = getattr(node, "lineno", place.line), place.line if place.in_function else None
        before, after = _text(shown), _text(new)
        if shown is parent:
            put(new)
            after = _text(parent)
            put(node)
        new = ast.copy_location(new, node) if isinstance(node, ast.expr | ast.stmt) else new
        yield Change(line, statement, ".".join(place.names), before, after, partial(put, new))
    for name, value in ast.iter_fields(node):
        inside = place
        if name == "body" and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = Place(place.line, (*place.names, node.name), True, node.returns)
        elif isinstance(node, ast.ClassDef):
            inside = replace(place, names=(*place.names, node.name))
        if name in UNSEEN:
            continue
        if isinstance(value, list):
            for at, child in enumerate(value):
                if isinstance(child, ast.AST):
                    yield from _visit(child, node, partial(value.__setitem__, at), inside)
        elif isinstance(value, ast.AST):
            yield from _visit(value, node, partial(setattr, node, name), inside)


def _left_alone(node: ast.AST) -> bool:
    match node:
        case ast.Assert() | ast.Raise() | ast.Import() | ast.ImportFrom():
            return True
        case (
            ast.Expr(ast.Constant()) | ast.Expr(ast.Call(ast.Name("assert_never"))) | ast.If(ast.Name("TYPE_CHECKING"))
        ):
            return True
        case ast.Assign([ast.Name(name)]) | ast.AnnAssign(ast.Name(name)):
            return name.startswith("__")
        case ast.ClassDef(bases=bases):
            return any("Enum" in ast.unparse(base) for base in bases)
        case ast.Subscript(ast.Name("Literal")):
            return True
        case _:
            return False


def _alternatives(node: ast.AST, place: Place) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(left, operators, others):
            for at, operator in enumerate(operators):
                for new in COMPARISONS[type(operator)]:
                    yield ast.Compare(left, [*operators[:at], new(), *operators[at + 1 :]], others)
        case ast.BinOp(left, operator, right) if type(operator) in ARITHMETIC and not (_no_number(left, right)):
            yield ast.BinOp(left, ARITHMETIC[type(operator)](), right)
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Not(), operand):
            yield operand
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int(value)):
            yield from (ast.Constant(value + 1), ast.Constant(value - 1))
        case ast.Call(ast.Name("min" | "max" as name), arguments, keywords):
            yield ast.Call(ast.Name("max" if name == "min" else "min", ast.Load()), arguments, keywords)
        case ast.If() | ast.IfExp() | ast.While() | ast.match_case() | ast.comprehension():
            yield from _conditions(node)
        case ast.stmt():
            yield from _statements(node, place)
        case _:
            pass


def _conditions(node: ast.If | ast.IfExp | ast.While | ast.match_case | ast.comprehension) -> Iterator[ast.AST]:
    for value in (True, False):
        match copy(node):
            case ast.comprehension(target, source, conditions, is_async):
                for at in range(len(conditions)):
                    constant = [*conditions[:at], ast.Constant(value), *conditions[at + 1 :]]
                    yield ast.comprehension(target, source, constant, is_async)
            case ast.match_case(pattern, ast.expr(), body):
                yield ast.match_case(pattern, ast.Constant(value), body)
            case ast.While() if value:
                pass  # every test would notice an endless loop
            case ast.If() | ast.IfExp() | ast.While() as new:
                new.test = ast.Constant(value)
                yield new


def _statements(node: ast.stmt, place: Place) -> Iterator[ast.AST]:
    match node:
        case ast.Expr(ast.Call() | ast.Await()) | ast.Delete():
            yield ast.Pass()
        case ast.AugAssign(target, operator, value):
            if type(operator) in ARITHMETIC and not _no_number(value):
                yield ast.AugAssign(target, ARITHMETIC[type(operator)](), value)
            yield ast.Pass()
        case ast.Assign([ast.Attribute()]) | ast.AnnAssign(ast.Attribute()) if place.names[-1:] != ("__init__",):
            yield ast.Pass()
        case ast.Return(ast.expr() as value) if place.returns is not None:
            for new in _empty(place.returns):
                if ast.unparse(new) != ast.unparse(value):
                    yield ast.Return(new)
        case _:
            pass


def _empty(annotation: ast.expr) -> Iterator[ast.expr]:
    """The empty values that an annotation allows, None included."""
    match annotation:
        case ast.BinOp(left, ast.BitOr(), right):
            yield from (*_empty(left), *_empty(right))
        case ast.Constant(None):
            yield ast.Constant(None)
        case ast.Name(name) | ast.Subscript(ast.Name(name)) if name in EMPTY:
            if name != "tuple" or (isinstance(annotation, ast.Subscript) and "..." in ast.unparse(annotation)):
                yield ast.parse(repr(EMPTY[name]), mode="eval").body
        case _:
            pass


def _no_number(*operands: ast.expr) -> bool:
    return any(
        isinstance(one, NO_NUMBERS) or (isinstance(one, ast.Constant) and isinstance(one.value, str | bytes))
        for one in operands
    )


def _text(node: ast.AST) -> str:
    """The first line of the node's source."""
    return ast.unparse(node).strip().split("\n")[0]
