"""`telephony up` as a user runs it."""

from __future__ import annotations

import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

from tests.cli.test_cli import BARE, telephony

SID = "AC" + "a" * 32
KEYS = {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": "t", "OPENAI_API_KEY": "o"}


def test_without_a_terminal_what_is_missing_is_named(tmp_path: Path) -> None:
    """Exit code 2; nothing is written."""
    shown = telephony("up", cwd=tmp_path)
    assert shown.returncode == 2
    assert "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, OPENAI_API_KEY missing" in shown.stderr
    assert list(tmp_path.iterdir()) == []


def test_keys_that_are_there_are_not_asked_for(tmp_path: Path) -> None:
    """And a file that others could read no longer can be."""
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in KEYS.items()))
    (tmp_path / ".env").chmod(0o644)
    for _ in range(2):
        shown = telephony("up", "--only", "keys", cwd=tmp_path)
        assert shown.returncode == 0, shown.stderr
        assert stat.S_IMODE(os.stat(tmp_path / ".env").st_mode) == 0o600


def test_keys_are_typed_at_a_terminal_without_being_shown(tmp_path: Path) -> None:
    """They are in .env afterwards, and nowhere on the screen."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "telephony", "up", "--only", "keys"],
        cwd=tmp_path, env=BARE | {"TWILIO_ACCOUNT_SID": SID, "OPENAI_API_KEY": "o"}, stdin=theirs, stdout=theirs,
        stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    screen = b""
    for question, answer in ((b"auth token", b"sesame\n"), (b"ElevenLabs", b"\n")):
        while question not in screen:
            screen += os.read(ours, 1_024)
        os.write(ours, answer)
    assert running.wait(timeout=120) == 0
    while b"Written" not in screen:
        screen += os.read(ours, 1_024)
    os.close(ours)
    assert (tmp_path / ".env").read_text() == "TWILIO_AUTH_TOKEN=sesame\n"
    assert b"sesame" not in screen


def test_wrong_settings_end_it_before_anything_starts(tmp_path: Path) -> None:
    shown = telephony("up", "--url", "http://calls.example.com", cwd=tmp_path, ELEVENLABS_API_KEY="e", **KEYS)
    assert shown.returncode == 2
    assert "must begin with https://" in shown.stderr
