"""The entry point. It imports nothing before it can be interrupted: a traceback is no answer to Ctrl-C."""

from __future__ import annotations

import os
import sys

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C has ended, as in a shell."""


def main() -> None:
    """Runs `telephony` and `python -m telephony`. Agents are found in the current directory too."""
    try:
        from telephony.cli.commands import app
        from telephony.cli.env_file import export_env_file

        if "" not in sys.path and os.getcwd() not in sys.path:
            sys.path.insert(0, os.getcwd())
        export_env_file()
        app()
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
