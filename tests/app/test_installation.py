"""The key of the installation: one for all starts, readable by its owner only."""

from __future__ import annotations

import os
from pathlib import Path

from telephony.app.installation import NAME, installation_key


def test_the_key_is_made_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    key = installation_key(data)
    assert len(key) == 32
    assert installation_key(data) == key
    assert (data / NAME).stat().st_mode & 0o777 == 0o600
    assert data.stat().st_mode & 0o777 == 0o700
    assert os.listdir(data) == [NAME]
    assert installation_key(tmp_path / "other") != key


def test_without_a_usable_directory_it_lasts_as_long_as_the_process(tmp_path: Path) -> None:
    """None, a file in its place, a key that is cut short, a pipe: a random key, and no error."""
    (tmp_path / "file").write_text("")
    (tmp_path / "short").mkdir()
    (tmp_path / "short" / NAME).write_bytes(b"x")
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / NAME)
    for data in (None, tmp_path / "file", tmp_path / "short", tmp_path / "pipe"):
        one, other = installation_key(data), installation_key(data)
        assert len(one) == len(other) == 32
        assert one != other
