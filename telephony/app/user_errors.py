"""Says where in the user's own files an error came from, in one sentence with file and line."""

from __future__ import annotations

import os
import sysconfig
import traceback
from pathlib import Path
from types import CodeType

_OURS = Path(__file__).parents[1]
_EXAMPLES = _OURS / "examples"
_LIBRARIES = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib"))


def located(error: BaseException) -> str:
    """`file.py:12: ValueError: message`: the innermost line in the user's own code, if there is one."""
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_relative(error.filename)}:{error.lineno}: {type(error).__name__}: {error.msg}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_users(frame.filename)]
    return f"{_relative(frames[-1].filename)}:{frames[-1].lineno}: {words}" if frames else words


def place_of(function: object) -> str:
    """`file.py:12`: where a function is defined; "" if that is not known."""
    code = getattr(function, "__code__", None)
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
