"""Says where in the user's own files an error came from, in one sentence with file and line."""

from __future__ import annotations

import functools
import inspect
import os
import sysconfig
import traceback
from pathlib import Path
from types import CodeType

_OURS = Path(__file__).parents[1]
_EXAMPLES = _OURS / "examples"
_LIBRARIES = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib"))


def located(error: BaseException, otherwise: str = "") -> str:
    """`file.py:12: ValueError: message`, on one line: the innermost line in the user's own code; `otherwise`, if given,
    stands for it if the error did not pass through any."""
    message = " ".join(str(error).split())
    words = f"{type(error).__name__}: {message}" if message else type(error).__name__
    if isinstance(error, SyntaxError) and error.filename and _is_users(error.filename):
        return f"{_relative(error.filename)}:{error.lineno}: {type(error).__name__}: {error.msg}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_users(frame.filename)]
    place = f"{_relative(frames[-1].filename)}:{frames[-1].lineno}" if frames else otherwise
    return f"{place}: {words}" if place else words


def place_of(function: object) -> str:
    """`file.py:12`: where a function (or the class of an object that is called like one) is defined; "" if unknown."""
    while isinstance(function, functools.partial):
        function = function.func
    called = inspect.unwrap(function) if callable(function) else function
    if not hasattr(called, "__code__"):
        called = getattr(type(called), "__call__", None)  # noqa: B004  (the method is needed, and not whether there is one)
    code = getattr(called, "__code__", None)
    return f"{_relative(code.co_filename)}:{code.co_firstlineno}" if isinstance(code, CodeType) else ""


def _is_users(name: str) -> bool:
    if name.startswith("<"):
        return False
    path = Path(name)
    if path.is_relative_to(_OURS):
        return path.is_relative_to(_EXAMPLES)
    return not any(path.is_relative_to(library) for library in _LIBRARIES)


def _relative(name: str) -> str:
    path = Path(name)
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
