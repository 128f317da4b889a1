"""The recorded call of a new project: its agent, called in virtual time, and saved as `telephony save-test` does.

It is made when the project is, so it is a tape of today's rules; its sound is synthetic.
"""

from __future__ import annotations

import importlib.util
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from telephony.agent import Agent
from telephony.app.loading import TRIAL_CALL
from telephony.tape.reader import read
from telephony.tape.recorder import header_for
from telephony.tape.save import save_test
from telephony.tape.writer import write
from telephony.testing.script import CallerScript, CallTool, Reply

NAME = "booking"

CALLERS: dict[str, tuple[CallerScript, list[Reply]]] = {
    "en": (
        CallerScript()
        .waits_for_agent()
        .says("when are you open")
        .interrupts("wait i want a table for two tomorrow at half past seven", after_s=1.5)
        .waits_for_agent()
        .says("yes that is right")
        .waits_for_agent()
        .says("no thank you goodbye")
        .waits_for_agent(),
        [
            "We are open from Tuesday to Saturday, from five until eleven, and on Sundays for lunch.",
            "A table for two tomorrow at half past seven. Is that right?",
            [
                CallTool("book_table", {"day": "tomorrow", "time": "19:30", "people": 2}),
                "Your table is booked. Is there anything else?",
            ],
            ["Thank you for calling, and goodbye!", CallTool("end_call")],
        ],
    ),
    "de": (
        CallerScript()
        .waits_for_agent()
        .says("wann haben Sie geöffnet")
        .interrupts("Moment ich hätte gern morgen um halb acht einen Tisch für zwei", after_s=1.5)
        .waits_for_agent()
        .says("ja das stimmt")
        .waits_for_agent()
        .says("nein danke auf Wiederhören")
        .waits_for_agent(),
        [
            "Von Dienstag bis Samstag von siebzehn bis dreiundzwanzig Uhr, und sonntags zum Mittagessen.",
            "Ein Tisch für zwei morgen um halb acht. Stimmt das?",
            [
                CallTool("book_table", {"day": "morgen", "time": "19:30", "people": 2}),
                "Der Tisch ist reserviert. Kann ich noch etwas für Sie tun?",
            ],
            ["Vielen Dank für Ihren Anruf, auf Wiederhören!", CallTool("end_call")],
        ],
    ),
}


def record_first_call(project: Path, language: str) -> None:
    """Writes the tape and its tests into the project's folder. Raises BadTape, OSError."""
    agent = _agent_of(project)
    script, replies = CALLERS[language]
    call = script.call(agent, replies)
    header = header_for(agent, TRIAL_CALL, datetime.now(UTC))
    with tempfile.TemporaryDirectory(prefix="telephony-new-") as scratch:
        write(Path(scratch) / "tape", header, call.steps)
        tape = read(Path(scratch) / "tape")
        saved = save_test(tape, NAME, project / "tests" / "calls", "agent:agent")
    # The test names its folder as seen from the project, where pytest is started.
    text = saved.test.read_text(encoding="utf-8").replace(f"{project.as_posix()}/", "")
    saved.test.write_text(text, encoding="utf-8")


def _agent_of(project: Path) -> Agent:
    spec = importlib.util.spec_from_file_location("telephony_new_agent", project / "agent.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    agent: Agent = module.agent
    return agent
