"""What a process imports, and when: each command only what it needs, and the service everything before it is ready."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from telephony.clock import Clock
from telephony.tape.audio import caller_side
from telephony.tape.reader import read
from telephony.testing.fakes.elevenlabs.agents import BRIDGE_EVENTS, LocalAgent, LocalAgents
from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
from telephony.testing.fakes.openai.server import CallTool, LocalOpenAi, Part, Say
from telephony.testing.fakes.twilio.carrier import Carrier, PhoneCall
from telephony.tools import Toolbox
from tests.app.watched_service import BRIDGED_NUMBER, IMPORTED, SPEED, book_table

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-for-tests"
LONG = "We open at nine in the morning and close at six in the evening. On Sundays we stay closed all day."
SPEECH = slice(2_200 * 8, 3_800 * 8)
"""Where the caller of the tape below says the first sentence."""


def tool_ran(body: dict[str, Any]) -> bool:
    return any(message["role"] == "tool" for message in body["messages"][-2:])


def respond(body: dict[str, Any]) -> list[Part]:
    if tool_ran(body):
        return [Say("It is booked.")]
    said = next((m["content"] for m in reversed(body["messages"]) if m["role"] == "user"), "")
    if "bye" in said:
        return [Say("Thank you, goodbye!"), CallTool("end_call", {"reason": "done"})]
    return [CallTool("book_table", {"people": 2})] if "table" in said else [Say(LONG)]


PLATFORM = LocalAgent(
    first_message="Hello, how can I help?",
    respond=respond,
    client_events=BRIDGE_EVENTS,
    client_tools=tuple(s for s in Toolbox((book_table,)).schemas() if s["function"]["name"] != "end_call"),
)


@dataclass(slots=True)
class Watched:
    """The service in its own process, with local servers around it. `late`: what it has imported since it was ready."""

    carrier: Carrier
    elevenlabs: LocalElevenLabs
    openai: LocalOpenAi
    url: str = ""
    early: set[str] = field(default_factory=set)
    late: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    speech: bytes = field(
        default_factory=lambda: caller_side(read(ROOT / "tests/tapes/an_interruption_stops_the_agent").steps)[SPEECH]
    )

    async def follow(self, process: Process) -> None:
        """Reads what the process says until it ends."""
        assert process.stderr is not None
        while line := (await process.stderr.readline()).decode():
            if line.startswith(IMPORTED):
                name = line.removeprefix(IMPORTED).strip()
                self.late.append(name) if self.ready.is_set() else self.early.add(name)
                continue
            self.log.append(line)
            said = json.loads(line) if line.startswith("{") else {}
            self.url = said.get("url", self.url)
            if said.get("event") == "ready":
                self.ready.set()

    async def dial(self, called: str) -> PhoneCall:
        """A call whose greeting is over."""
        phone = await self.carrier.dial(
            f"{self.url}/twilio/voice", called=called, status_url=f"{self.url}/twilio/status"
        )
        await phone.agent_speaking()
        await phone.agent_silent(500)
        return phone

    async def says(self, phone: PhoneCall, text: str) -> None:
        self.elevenlabs.stt.script.add(text)
        await phone.say(self.speech)


@asynccontextmanager
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    clock = Clock(SPEED)
    async with (
        LocalElevenLabs(clock=clock, agents=LocalAgents(clock=clock, agents={"agent_1": PLATFORM})) as elevenlabs,
        LocalOpenAi(clock=clock, responder=respond) as openai,
        Carrier(auth_token=TOKEN, clock=clock) as carrier,
    ):
        elevenlabs.agents.script = elevenlabs.stt.script
        service = Watched(carrier, elevenlabs, openai)
        environ = {
            "PATH": os.environ["PATH"], "PORT": "0", "TELEPHONY_LOG_FORMAT": "json",
            "TELEPHONY_DATA": str(tmp_path / "data"), "TELEPHONY_TAPES": str(tmp_path / "tapes"),
            "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_ACCOUNT_SID": carrier.account_sid,
            "TWILIO_API_BASE_URL": carrier.api_base_url, "OPENAI_API_KEY": "local", "OPENAI_BASE_URL": openai.base_url,
            "ELEVENLABS_API_KEY": "local", "ELEVENLABS_BASE_URL": elevenlabs.base_url,
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.app.watched_service", cwd=ROOT, env=environ, stderr=PIPE
        )
        async with asyncio.TaskGroup() as group:
            following = group.create_task(service.follow(process))
            try:
                yield service
            finally:
                process.kill()
                await process.wait()
                await following


async def test_a_call_imports_nothing(tmp_path: Path) -> None:
    """All that a call needs is there before the service is ready: an import would stop every other call meanwhile."""
    async with asyncio.timeout(120), watched(tmp_path) as service:
        await service.ready.wait()
        phone = await service.dial("+15559870000")
        await service.says(phone, "what are your opening hours")
        await phone.agent_speaking()
        await service.says(phone, "wait a table for two please")
        await phone.until(lambda: any(map(tool_ran, service.openai.requests)))
        await phone.agent_speaking()
        await phone.agent_silent(500)
        await service.says(phone, "thank you bye")
        await phone.ended()
        assert phone.clears
        assert phone.outcome == "completed"

        bridged = await service.dial(BRIDGED_NUMBER)
        await service.says(bridged, "a table for two please")
        await bridged.agent_speaking()
        await service.says(bridged, "wait what are your opening hours")
        await bridged.agent_speaking()
        await bridged.hang_up()
        await bridged.ended()
    assert {"openai", "numpy", "babel", "num2words", "twilio.twiml"} <= service.early
    assert service.early & {"elevenlabs", "requests", "twilio.rest", "telephony.testing", "telephony.offline"} == set()
    assert service.late == []


COMMANDS = {"typer", "click", "shellingham", "annotated_doc"}
ARGUMENTS = {"pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"}
LOGS = {"structlog", "rich", "pygments", "attr"}
SPOKEN_FORMS = {"babel", "num2words"}
STANDARD = sys.stdlib_module_names | {"audioop"}
"""From Python 3.13 on, `audioop` is a package that takes the place of the library's own."""
USES: list[tuple[str, set[str]]] = [
    ("import telephony", set()),
    ("from telephony import Agent, ManagedAgent, TurnTaking, tool", ARGUMENTS | LOGS),
    ("from telephony import Settings", ARGUMENTS | LOGS | {"dotenv"}),
    ("run('--help')", COMMANDS),
    ("run('serve', '--help')", COMMANDS | ARGUMENTS),
    ("run('version')", COMMANDS | ARGUMENTS),
    ("run('tape', 'list', 'tests/tapes')", COMMANDS | ARGUMENTS | LOGS | SPOKEN_FORMS | {"dotenv"}),
    ("run('replay', 'tests/tapes/keys_need_no_words')", COMMANDS | ARGUMENTS | LOGS | SPOKEN_FORMS),
]
PRELUDE = """
import atexit, sys
atexit.register(lambda: print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr))
def run(*arguments):
    sys.argv[1:] = arguments
    from telephony.cli.main import main
    main()
"""


@pytest.mark.parametrize(("use", "allowed"), USES, ids=[use for use, _ in USES])
def test_a_use_loads_only_what_it_needs(use: str, allowed: set[str]) -> None:
    """Of others' packages, those in the table at most."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + use], cwd=ROOT, capture_output=True, text=True, check=True, env={"HOME": "/"}
    )
    loaded = {name for name in done.stderr.splitlines()[-1].split() if not name.startswith("_")}
    assert loaded - allowed - STANDARD - {"telephony"} == set()
