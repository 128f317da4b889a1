"""Writing keys into `.env`."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from telephony.own_number.env_file import write


def test_it_is_made_for_its_owner_only(tmp_path: Path) -> None:
    write(tmp_path / ".env", {"TWILIO_AUTH_TOKEN": "t"})
    assert (tmp_path / ".env").read_text() == "TWILIO_AUTH_TOKEN=t\n"
    assert stat.S_IMODE(os.stat(tmp_path / ".env").st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / ".env"]


def test_other_lines_stay_and_the_second_time_nothing_changes(tmp_path: Path) -> None:
    """Comments, order, and values of others; a file that others could read no longer can be."""
    path = tmp_path / ".env"
    path.write_text("# mine\nTWILIO_AUTH_TOKEN=\nexport PORT=9\n#OPENAI_API_KEY=old\nODD LINE\n")
    path.chmod(0o644)
    for _ in range(2):
        write(path, {"TWILIO_AUTH_TOKEN": "t", "OPENAI_API_KEY": "o", "PORT": "8080"})
        assert path.read_text() == (
            "# mine\nTWILIO_AUTH_TOKEN=t\nPORT=8080\n#OPENAI_API_KEY=old\nODD LINE\nOPENAI_API_KEY=o\n"
        )
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_a_value_cannot_add_a_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="OPENAI_API_KEY"):
        write(tmp_path / ".env", {"OPENAI_API_KEY": "x\nHOST=0.0.0.0"})
    assert not (tmp_path / ".env").exists()
