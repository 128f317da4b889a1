"""The file `.env` for the user's own code: what stands in it is in `os.environ` too, as it is in a container.

Settings are read from the file by `settings.load`. A tool that needs a key of its own finds it in the environment,
whether the file was given to Docker (`env_file`) or lies in the current directory. Names of this package's own settings
(TELEPHONY_...) stay where they are.
"""

from __future__ import annotations

import os
from pathlib import Path


def export_env_file(path: Path = Path(".env")) -> None:
    """Adds to the environment what only the file has. A file that cannot be read is left for `settings.load` to
    report."""
    if not path.is_file():
        return
    from dotenv import dotenv_values

    try:
        found = dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return
    for name, value in found.items():
        if value is not None and "\0" not in value and name and not name.startswith("TELEPHONY_"):
            os.environ.setdefault(name, value)
