"""The note of the address under which a service on this machine is reached."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from telephony.own_number.here import announced, announced_address
from telephony.settings import Settings

URL = "https://some-words.trycloudflare.com"


def settings(data: Path | None, port: int = 8080) -> Settings:
    return replace(Settings(), data=data, port=port)


def test_it_lasts_as_long_as_the_service(tmp_path: Path) -> None:
    """For its port only, and readable by its owner only; a second one does not disturb the first."""
    here = settings(tmp_path / "data")
    assert announced_address(here) == ""
    with announced(here, URL):
        assert announced_address(here) == URL
        assert announced_address(settings(tmp_path / "data", 8081)) == ""
        assert {stat.S_IMODE(os.stat(file).st_mode) for file in (tmp_path / "data").iterdir()} == {0o600}
        with announced(here, "https://another.example.com"):
            assert announced_address(here) == URL
        assert announced_address(here) == URL
    assert announced_address(here) == ""
    assert list((tmp_path / "data").iterdir()) == []


def test_the_note_of_a_killed_process_is_not_believed(tmp_path: Path) -> None:
    """A tunnel's address may belong to somebody else by then. The next process notes its own."""
    program = (
        "import sys, time; from pathlib import Path; from tests.own_number.test_here import settings, URL\n"
        "from telephony.own_number.here import announced\n"
        "with announced(settings(Path(sys.argv[1])), URL): print('noted', flush=True); time.sleep(600)\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert running.stdout is not None
    assert running.stdout.readline() == "noted\n"
    assert announced_address(settings(tmp_path)) == URL
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert any(tmp_path.iterdir())
    assert announced_address(settings(tmp_path)) == ""
    with announced(settings(tmp_path), "https://next.example.com"):
        assert announced_address(settings(tmp_path)) == "https://next.example.com"


@pytest.mark.parametrize("text", ["", "nonsense", "http://a.example.com", "https://", "https://a b", "x" * 5_000])
def test_what_is_no_address_is_none(tmp_path: Path, text: str) -> None:
    with announced(settings(tmp_path), text):
        assert announced_address(settings(tmp_path)) == ""


def test_where_nothing_can_be_noted_it_runs_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for data in (None, tmp_path / "file"):
        with announced(settings(data), URL):
            assert announced_address(settings(data)) == ""
