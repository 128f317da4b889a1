"""`telephony dial` and `telephony number` as a user runs them, against the local carrier."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
from telephony.testing.fakes.openai.server import LocalOpenAi
from telephony.testing.fakes.twilio.carrier import Carrier
from telephony.testing.fakes.twilio.outgoing import Callee, PlacingFaults, Post
from telephony.testing.steady import SteadyClock
from tests.cli.test_cli import BARE
from tests.outbound.ringing import OWN, THEIRS, own_number

TOKEN = "a-secret-token"


@dataclass
class Shop:
    """A carrier and the providers, in real time; `run` runs a command in its own process."""

    carrier: Carrier
    environ: dict[str, str]
    folder: Path

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "telephony", *arguments,
            cwd=self.folder, env=BARE | self.environ, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe,
        )  # fmt: skip

    async def run(self, *arguments: str) -> tuple[int | None, str, str]:
        return await self.end(await self.start(*arguments))

    async def end(self, process: asyncio.subprocess.Process) -> tuple[int | None, str, str]:
        out, err = await process.communicate()
        said = out.decode(), err.decode()
        assert TOKEN not in said[0] + said[1]
        assert "Traceback" not in said[1], said[1]
        return process.returncode, *said


@asynccontextmanager
async def shop(folder: Path) -> AsyncIterator[Shop]:
    (folder / "my_agent.py").write_text(
        "from telephony import Agent, Voice\n"
        "agent = Agent(prompt='P', greeting='Hello, this is the garage.', voice=Voice(id='local'))\n"
    )
    clock = SteadyClock(1)
    async with (
        asyncio.timeout(240),
        LocalElevenLabs(clock=clock) as speech,
        LocalOpenAi(clock=clock) as model,
        Carrier(auth_token=TOKEN, clock=clock) as carrier,
    ):
        carrier.account.numbers = [own_number(OWN, voice_url="https://old.example.com/voice")]
        environ = {
            "TWILIO_ACCOUNT_SID": carrier.account_sid, "TWILIO_AUTH_TOKEN": TOKEN, "PORT": "0",
            "TWILIO_API_BASE_URL": carrier.api_base_url, "OPENAI_API_KEY": "local", "OPENAI_BASE_URL": model.base_url,
            "ELEVENLABS_API_KEY": "local", "ELEVENLABS_BASE_URL": speech.base_url,
            "TELEPHONY_AGENT": "my_agent:agent", "TELEPHONY_DATA": str(folder / "data"),
        }  # fmt: skip
        yield Shop(carrier, environ, folder)


async def test_a_call_from_the_command_line(tmp_path: Path) -> None:
    """The phone rings, the agent talks, and the outcome is JSON on stdout; the same key again only shows it."""
    async with shop(tmp_path) as s:
        dialling = await s.start("dial", THEIRS, "--var", "name=Anna", "--key", "order-7", "--json")
        phone = s.carrier.calls[await s.carrier.outgoing.until_placed()]
        await phone.agent_speaking()
        await phone.hang_up()
        code, out, err = await s.end(dialling)
        assert code == 0, err
        told = json.loads(out)
        assert (told["outcome"], told["to"], told["variables"]) == ("answered", THEIRS, {"name": "Anna"})
        assert f"Calling {THEIRS} from {OWN}" in err
        code, out, _ = await s.run("dial", THEIRS, "--key", "order-7")
        assert code == 0
        assert "answered" in out
        assert len(s.carrier.outgoing.posts) == 1


async def test_exit_codes_tell_how_it_went(tmp_path: Path) -> None:
    """1: nobody was reached; 2: not allowed, nothing dialled; each in words."""
    async with shop(tmp_path) as s:
        s.carrier.outgoing.callees[THEIRS] = Callee("busy", ring_ms=0)
        code, out, err = await s.run("dial", THEIRS)
        assert (code, out) == (1, "The line was busy: try again later.\n"), err
        for number, words in (("911", "emergency"), ("+4915112345678", "TELEPHONY_DIAL_COUNTRIES")):
            code, out, err = await s.run("dial", number)
            assert (code, out) == (2, "")
            assert words in err
        code, _, err = await s.run("dial", THEIRS, "--var", "name")
        assert code == 2
        assert "NAME=VALUE" in err
        assert len(s.carrier.outgoing.posts) == 1


async def test_ctrl_c_hangs_up(tmp_path: Path) -> None:
    """Also while it rings. The key shows later what became of the call."""
    async with shop(tmp_path) as s:
        s.carrier.outgoing.callees[THEIRS] = Callee(ring_ms=50_000)
        dialling = await s.start("dial", THEIRS, "--key", "k", "--ring", "60")
        await s.carrier.outgoing.until_placed()
        assert dialling.stderr is not None
        while b"Calling" not in await dialling.stderr.readline():
            pass
        dialling.send_signal(signal.SIGINT)
        code, out, _ = await s.end(dialling)
        assert code == 130
        assert "given up" in out


async def test_a_port_that_is_taken_is_named_and_the_number_stays_as_it_is(tmp_path: Path) -> None:
    """Exit code 2: something else would get the calls."""
    async with shop(tmp_path) as s:
        with socket.create_server(("127.0.0.1", 0)) as other:
            s.environ["PORT"] = str(other.getsockname()[1])
            code, out, err = await s.run("up", "--url", "https://calls.example.com", "--no-ring", "--yes")
        assert (code, out) == (2, "")
        assert f"Nothing was done: PORT={s.environ['PORT']} is taken" in err
        assert s.carrier.account.numbers[0]["voice_url"] == "https://old.example.com/voice"


async def test_what_a_killed_process_left_is_not_dialled_again(tmp_path: Path) -> None:
    """Killed with -9 during the POST, which has placed the call."""
    async with shop(tmp_path) as s:
        s.carrier.outgoing.faults = PlacingFaults(post=[Post.HANGS])
        s.carrier.outgoing.callees[THEIRS] = Callee("busy", ring_ms=0)
        dialling = await s.start("dial", THEIRS, "--key", "k")
        sid = await s.carrier.outgoing.until_placed()
        dialling.kill()
        await dialling.communicate()
        await s.carrier.calls[sid].ended()
        code, out, _ = await s.run("dial", THEIRS, "--key", "k", "--json")
        assert (code, json.loads(out)["outcome"]) == (1, "busy")
        assert len(s.carrier.outgoing.posts) == 1


async def test_numbers_are_listed_and_pointed(tmp_path: Path) -> None:
    """Nothing is changed without a yes; what was there before is said; the second time there is nothing to change."""
    async with shop(tmp_path) as s:
        code, out, _ = await s.run("number", "list")
        assert (code, out.split()) == (0, [OWN, "https://old.example.com/voice"])
        before = dict(s.carrier.account.numbers[0])
        url = "https://calls.example.com"
        code, _, err = await s.run("number", "point", "--url", url)
        assert code == 1
        assert f"https://old.example.com/voice -> {url}/twilio/voice" in err
        assert s.carrier.account.numbers[0] == before
        code, out, _ = await s.run("number", "point", OWN, "--url", url, "--yes")
        assert (code, out.split()) == (0, ["*", OWN, f"{url}/twilio/voice"])
        assert s.carrier.account.numbers[0]["status_callback"] == f"{url}/twilio/status"
        code, out, err = await s.run("number", "point", "--url", url, "--json")
        assert (code, json.loads(out)["changed"]) == (0, [])
        assert "nothing to change" in err


@pytest.mark.parametrize(
    ("arguments", "environ", "words"),
    [
        (("number", "point"), {}, "Which address"),
        (("number", "point", "--url", "http://calls.example.com"), {}, "must begin with https://"),
        (("number", "point", "+12025550199", "--url", "https://a.example.com"), {}, "not a number of this account"),
        (("number", "list"), {"TWILIO_ACCOUNT_SID": ""}, "telephony up"),
        (("number", "list"), {"PORT": "http"}, "PORT"),
    ],
)
async def test_wrong_input_is_answered_in_words(
    tmp_path: Path, arguments: tuple[str, ...], environ: dict[str, str], words: str
) -> None:
    async with shop(tmp_path) as s:
        s.environ |= environ
        code, out, err = await s.run(*arguments)
        assert (code, out) == (2, "")
        assert words in err


async def test_without_a_network_nothing_is_done(tmp_path: Path) -> None:
    async with shop(tmp_path) as s:
        s.environ |= {"TWILIO_API_BASE_URL": "http://127.0.0.1:9"}
        for arguments in (("number", "list"), ("dial", THEIRS)):
            code, _, err = await s.run(*arguments)
            assert code == 1
            assert "no connection" in err
