"""Tapes of the first format stay readable, whole and with all that was decided in them.

The promise: a tape says in its first line which format it has (`telephony_tape`), and which fields each class on
it has, by name (`vocabulary`). A version reads every format up to its own, `telephony.tape.format.FORMAT`: an older
tape is upgraded as it is read, one format at a time, by `UPGRADES`. A new field with a default, or a new class, needs
no new format. Anything else does: a class or a field that is renamed, moved, or removed, also in the policy; a value
that means something else; another layout of the lines or the audio. Then `FORMAT` rises, and `UPGRADES[1]` makes a tape
of format 1 into one of format 2, so that these tests pass with the same bytes.

`first_format/tapes.zip` is never regenerated. Its calls were decided by the first rules; today's may decide otherwise,
and no second set of rules is kept. So a replay reports them as of older rules, and a rehearsal shows them by today's.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from telephony.cli.commands import app
from telephony.contracts.observer import Step
from telephony.core.actions import EndCall, LineAdded
from telephony.core.decisions import RULES
from telephony.core.events import KeyPressed, TranscriptUpdated
from telephony.tape.format import NAME, TAPE_FILE
from telephony.tape.reader import Tape, read
from telephony.tape.rehearsal.rehearse import rehearse

ARCHIVE = Path(__file__).parent / "first_format" / "tapes.zip"
SHA256 = "d245f28558b08ac282dfd07046e99d2dc51b9e7c96d02a352c56ed1082c94bb2"

FULL = "I'd be glad to. Which day would you like to come, and at what time?"
CALLS = {
    "a_cleared_throat_costs_no_word": (569, 9_928, [], FULL),
    "a_goodbye_is_heard_to_its_end": (355, 6_198, ["agent"], "Thank you for calling, and goodbye!"),
    "a_pause_inside_a_sentence_is_no_end": (546, 9_606, [], FULL),
    "a_sentence_that_the_voice_lost_is_said": (660, 11_747, [], FULL),
    "a_silent_caller_is_asked_and_let_go": (
        693,
        13_265,
        ["silent_goodbye"],
        "I can't hear you, so I'll hang up now. Please call again any time. Goodbye.",
    ),
    "a_transcript_that_never_comes_is_no_silence": (462, 6_531, [], "what are your opening hours"),
    "a_voice_that_breaks_off_goes_on": (507, 8_786, [], FULL),
    "a_yes_in_between_takes_no_turn": (542, 9_387, [], FULL),
    "an_empty_answer_is_no_silence": (690, 12_528, [], "i want to book a table"),
    "an_interrupted_tool_runs_once": (1_345, 21_510, [], "what are your opening hours"),
    "an_interruption_stops_the_agent": (792, 11_027, [], "wait i want to book a table"),
    "keys_need_no_words": (576, 9_709, [], "A table for 4 people on Friday at 7. Is that right?"),
}
"""Folder -> (number of steps, length in ms, reasons of `EndCall`, last line of the record)."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the extracted tapes."""
    path = tmp_path_factory.mktemp("first_format")
    with zipfile.ZipFile(ARCHIVE) as archive:
        archive.extractall(path)
    return path


@pytest.fixture(scope="module")
def tapes(folder: Path) -> dict[str, Tape]:
    """The tapes as read, by name."""
    return {name: read(folder / name) for name in CALLS}


def test_the_tapes_are_the_original_bytes(folder: Path) -> None:
    """A tape rewritten by a later version would prove nothing about the first format."""
    assert hashlib.sha256(ARCHIVE.read_bytes()).hexdigest() == SHA256
    assert {one.name for one in folder.iterdir()} == set(CALLS)
    for name in CALLS:
        with (folder / name / TAPE_FILE).open() as lines:
            assert json.loads(lines.readline())[NAME] == 1


@pytest.mark.parametrize("name", CALLS)
def test_a_tape_of_the_first_format_is_read_whole(tapes: dict[str, Tape], name: str) -> None:
    """Every step and all audio: the reader upgrades the tape and reports no problem."""
    tape = tapes[name]
    assert tape.good, tape.problems
    assert tape.whole == len(tape.steps)
    actions = [action for step in tape.steps for action in step.actions]
    reasons = [action.reason for action in actions if isinstance(action, EndCall)]
    lines = [action.text for action in actions if isinstance(action, LineAdded)]
    assert (len(tape.steps), tape.length_ms, reasons, lines[-1]) == CALLS[name]


@pytest.mark.parametrize("name", CALLS)
def test_a_tape_of_the_first_format_can_be_rehearsed(tapes: dict[str, Tape], name: str) -> None:
    """What a replay offers, works: today's rules hear all that the caller said, and the core does not break down."""
    done = rehearse(tapes[name])
    assert said(done.steps) == said(tapes[name].steps)
    assert "broken" not in [one.reason for step in done.steps for one in step.actions if isinstance(one, EndCall)]


def said(steps: Sequence[Step]) -> tuple[str, str]:
    """The words and the keys that arrived in the call."""
    words = [step.event.stable for step in steps if isinstance(step.event, TranscriptUpdated) and step.event.stable]
    return " ".join(words), "".join(step.event.digit for step in steps if isinstance(step.event, KeyPressed))


def test_tapes_of_the_first_format_are_reported_as_of_older_rules(folder: Path) -> None:
    """Each of them, and the command has the exit code for it."""
    ran = CliRunner().invoke(app, ["replay", str(folder)])
    assert (ran.exit_code, ran.output.count(f"made by older rules (1; today's are {RULES})")) == (3, len(CALLS))
