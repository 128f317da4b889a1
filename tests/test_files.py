"""What a running service leaves on disk is for its owner only, in folders that it created and in those above them."""

from __future__ import annotations

import asyncio
import os
import shlex
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from telephony.agent import Agent
from telephony.app.server import running
from telephony.files import private_folder, read_file, shared_with
from telephony.settings import Settings
from telephony.testing.stack import local_stack
from telephony.testing.steady import SteadyClock


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def readable_by_others(folder: Path) -> list[str]:
    return [str(path) for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o077]


async def test_tapes_and_data_of_a_call_are_private(tmp_path: Path) -> None:
    """Every folder down to the call's and every file, whatever the umask; also folders above TELEPHONY_DATA's."""
    top = tmp_path / "var"
    settings: dict[str, Any] = {
        "tapes": top / "of" / "tapes",
        "data": top / "of" / "data",
        "elevenlabs_webhook_secret": "wsec_secret",
    }
    agent = Agent(prompt="You are a test.", greeting="Hello.")
    async with asyncio.timeout(60), local_stack(agent, clock=SteadyClock(20), **settings) as s:
        phone = await s.dial()
        await (await s.tape(phone)).until(lambda: ("agent", "Hello.") in s.tapes[phone.sid].lines)
        await phone.hang_up()
        await phone.ended()
    names = {path.name for path in top.rglob("*")}
    assert {"tape.jsonl", "caller.ulaw", "agent.ulaw", "phrases", "waiting"} <= names
    assert readable_by_others(top) == []


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    """Somebody may have shared it on purpose; what is made in it is private all the same."""
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    private_folder(shared / "a" / "b")
    private_folder(shared / "a" / "b")
    assert [path.stat().st_mode & 0o777 for path in (shared, shared / "a", shared / "a" / "b")] == [0o755, 0o700, 0o700]
    (shared / "file").touch()
    with pytest.raises(FileExistsError):
        private_folder(shared / "file")


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    """One byte more is an OSError that names the file."""
    file = tmp_path / "file"
    file.write_bytes(b"abc")
    assert read_file(file, 3) == b"abc"
    with pytest.raises(OSError, match="longer than 2 bytes"):
        read_file(file, 2)


@pytest.mark.parametrize(
    ("mode", "remedy"),
    [
        (0o700, ""),
        (0o755, "chmod -R go= "),
        (0o750, "chmod -R go= "),
        (0o701, "chmod -R go= "),
        (0o2770, "chmod -R go= "),
        (0o1777, "choose a folder"),
    ],
)
def test_a_folder_that_others_may_read_is_told(tmp_path: Path, mode: int, remedy: str) -> None:
    """With the one command that changes it, unless the folder is everybody's; its mode is left as it is."""
    folder = tmp_path / "my tapes"
    assert shared_with(folder) == ""
    folder.mkdir()
    folder.chmod(mode)
    found = shared_with(folder)
    assert found.startswith(remedy)
    assert bool(found) is bool(remedy)
    assert stat.S_IMODE(folder.stat().st_mode) == mode
    if remedy.startswith("chmod"):
        (folder / "old.key").touch(0o644)
        subprocess.run(found, shell=True, check=True)
        assert shared_with(folder) == ""
        assert stat.S_IMODE((folder / "old.key").stat().st_mode) & 0o077 == 0


async def test_the_start_tells_which_folders_others_may_read(tmp_path: Path) -> None:
    """Those of the settings; ones that the service makes are private."""
    (tmp_path / "tapes").mkdir(mode=0o755)
    settings = Settings(
        port=0,
        data=tmp_path / "data",
        tapes=tmp_path / "tapes",
        twilio_auth_token="t",
        openai_base_url="http://127.0.0.1:9",
        elevenlabs_base_url="http://127.0.0.1:9",
    )
    with capture_logs() as logs:
        async with running(settings, agents=Agent(prompt="P.")):
            pass
        async with running(settings, agents=Agent(prompt="P.")):
            pass
    told = [(line["setting"], line["remedy"]) for line in logs if line["event"] == "folder_open_to_others"]
    assert told == [("TELEPHONY_TAPES", f"chmod -R go= {shlex.quote(str(tmp_path / 'tapes'))}")] * 2
