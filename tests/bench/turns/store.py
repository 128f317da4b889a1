"""The turn bench's cache: synthesised clips and the detector's answers, in files named by the hash of their recipe. A
clip is stored together with its labels.

The root is `$XDG_CACHE_HOME/telephony/turns` (usually `~/.cache/...`), or a folder in the system's temporary folder if
that cannot be written. It may be deleted; filling it again takes a minute.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


class Store:
    """A store of bytes that several processes may use at once: files appear whole, and the first one written stays."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def get(self, kind: str, recipe: str | bytes, make: Callable[[], bytes]) -> bytes:
        """The bytes stored for (`kind`, `recipe`); if there are none, stores what `make` returns."""
        key = hashlib.sha256(recipe.encode() if isinstance(recipe, str) else recipe).hexdigest()[:32]
        path = self.root / kind / key[:2] / key
        try:
            return path.read_bytes()
        except OSError:
            data = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(data)
        try:
            os.link(file.name, path)
        except FileExistsError:
            data = path.read_bytes()
        finally:
            os.unlink(file.name)
        return data


def default_store() -> Store:
    """The user's store; see the module text."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "telephony" / "turns"
    try:
        root.mkdir(parents=True, exist_ok=True)
        if os.access(root, os.W_OK):
            return Store(root)
    except OSError:
        pass
    return Store(Path(tempfile.gettempdir()) / "telephony-turns")
