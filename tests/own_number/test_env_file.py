"""Writing keys into `.env`."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from telephony.errors import DialRefused
from telephony.own_number.env_file import read, write
from telephony.settings import load


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


WRONG = [
    "x\nHOST=0.0.0.0",
    "x\r",
    "a b",
    'a"b',
    "a'b",
    '"a',
    "a`b`",
    "a\tb",
    "caf\u00e9",
    "a\0b",
    "\udc80",
    "\u200ba",
    " a",
    "a ",
]


@pytest.mark.parametrize("value", WRONG)
def test_a_value_that_would_not_be_read_as_it_is_changes_nothing(tmp_path: Path, value: str) -> None:
    """It could add a line, or be cut off."""
    with pytest.raises(ValueError, match="no key contains"):
        write(tmp_path / ".env", {"OPENAI_API_KEY": value})
    assert not (tmp_path / ".env").exists()


@pytest.mark.parametrize(
    "value", ["sk-proj_A-1", "a=b==", "a#b", "a$b", "${a}", "a\\nb", "a;b|c&d", "{}", "a,b", "~", "%41", "!"]
)
def test_odd_keys_are_read_as_they_were_written(tmp_path: Path, value: str) -> None:
    write(tmp_path / ".env", {"OPENAI_API_KEY": value, "HOST": "127.0.0.1"})
    assert read(tmp_path / ".env") == {"OPENAI_API_KEY": value, "HOST": "127.0.0.1"}
    assert load({}, env_file=tmp_path / ".env").openai_api_key == value


def test_a_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfeA=1")
    with pytest.raises(DialRefused, match="UTF-8") as refused:
        read(tmp_path / ".env")
    assert refused.value.code == "no_keys"
    assert read(tmp_path / "none") == {}
