"""Imports a module from a syntax tree instead of its file, in this process only: a mutant, or a module that records
which of its statements ran. No file is written."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

HITS = "__hits__"
"""The name, in an instrumented module, of its hits: a byte for each line, 1 if the statement that begins there ran."""
CACHES = ("cache", "lru_cache")


class Replaced(SourceFileLoader):
    """Loads a module from a tree. `names` are put into its namespace before it runs."""

    def __init__(self, module: str, path: Path, tree: ast.Module, names: dict[str, object]) -> None:
        super().__init__(module, str(path))
        self._tree = tree
        self._names = names

    def get_code(self, fullname: str) -> CodeType:
        """Compiles the tree; bytecode files are neither read nor written."""
        return compile(self._tree, self.path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__.update(self._names)
        super().exec_module(module)


class Finder(MetaPathFinder):
    """Finds the replaced modules and leaves all others to the usual finders."""

    def __init__(self, loaders: dict[str, Replaced]) -> None:
        self._loaders = loaders

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        loader = self._loaders.get(fullname)
        return None if loader is None else spec_from_file_location(fullname, loader.path, loader=loader)


def module_name(path: str) -> str:
    """The dotted name of the module in a file, given by its path from the root."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def replace_module(path: str, tree: ast.Module) -> None:
    """Makes the next import of this file's module run the tree. Raises RuntimeError if it has been imported already."""
    _install({module_name(path): Replaced(module_name(path), Path(path).absolute(), tree, {})})


def record_hits(paths: Sequence[str]) -> Callable[[], dict[str, list[int]]]:
    """Makes these files' modules, once imported, record what runs. Returns a function that gives, by path, the first
    lines of the statements that ran since its last call. Raises RuntimeError if one has been imported already."""
    hits, loaders = dict[str, bytearray](), dict[str, Replaced]()
    for path in paths:
        source = Path(path).read_text(encoding="utf-8")
        hits[path] = bytearray(source.count("\n") + 2)
        names: dict[str, object] = {HITS: hits[path]}
        loaders[module_name(path)] = Replaced(module_name(path), Path(path).absolute(), instrumented(source), names)
    _install(loaders)

    def taken() -> dict[str, list[int]]:
        found = {path: [line for line, ran in enumerate(lines) if ran] for path, lines in hits.items()}
        for lines in hits.values():
            lines[:] = bytes(len(lines))
        return {path: ran for path, ran in found.items() if ran}

    return taken


def instrumented(source: str) -> ast.Module:
    """The source's tree with code before each statement inside a function that records the hit. Decorators that cache
    results are removed: a test whose result comes from a cache depends on the function without running it."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in {inner: None for function in functions for inner in ast.walk(function)}:
        _record(node)
    for function in functions:
        function.decorator_list = [one for one in function.decorator_list if not ast.unparse(one).startswith(CACHES)]
    return ast.fix_missing_locations(tree)


def _record(node: ast.AST) -> None:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            recorded = [new for one in block for new in (ast.parse(f"{HITS}[{one.lineno}] = 1").body[0], one)]
            setattr(node, name, recorded)


def _install(loaders: dict[str, Replaced]) -> None:
    early = [name for name in loaders if name in sys.modules]
    if early:
        raise RuntimeError(f"{early[0]} has been imported already")
    sys.meta_path.insert(0, Finder(loaders))
