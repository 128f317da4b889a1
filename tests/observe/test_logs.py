"""Logs: one line per turn and per call, no personal data unless allowed."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from telephony.core.policy import Policy
from telephony.errors import ProviderBusy
from telephony.observe.logs import CallLog, configure
from telephony.testing.simulator import Simulator
from tests.observe.calls import watched


@pytest.fixture(autouse=True)
def _defaults() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def logged(sim: Simulator, **options: Any) -> list[dict[str, Any]]:
    stream = io.StringIO()
    configure("info", "json", stream=stream, **options)
    watched(sim, CallLog("CA1"))
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_call_logs_a_line_per_turn_and_a_summary() -> None:
    """The lines have ids, durations and counts, and nothing of what was said."""
    sim = Simulator(Policy(greeting="Hello."), lambda history: ["We open at nine."])
    sim.says(3_000, "what are your opening hours")
    lines = logged(sim.run(9_000))
    assert [line["event"] for line in lines] == ["turn", "call_ended"]
    assert {line["call_sid"] for line in lines} == {"CA1"}
    assert 0 < lines[0]["answer_ms"] < 2_000
    assert lines[1]["turns"] == 1
    assert lines[1]["answer_ms_median"] == lines[0]["answer_ms"]
    assert "nine" not in json.dumps(lines)
    assert "opening" not in json.dumps(lines)


def test_personal_data_is_logged_only_when_allowed() -> None:
    """With TELEPHONY_LOG_PII=1 the texts are logged under `pii_` keys."""
    sim = Simulator(Policy(), lambda history: ["We open at nine."])
    sim.says(1_000, "what are your opening hours")
    turn = logged(sim.run(7_000), pii=True)[0]
    assert (turn["pii_caller"], turn["pii_agent"]) == ("what are your opening hours", "We open at nine.")


def test_the_rule_applies_to_every_line_of_the_process() -> None:
    """`pii_` keys are removed from any logger's lines, even bound ones."""
    stream = io.StringIO()
    configure("debug", "json", stream=stream)
    structlog.get_logger().bind(pii_number="+1555").debug("dialled", pii_name="Ann", kind="x")
    assert set(json.loads(stream.getvalue())) == {"event", "kind", "level", "timestamp"}


def test_failures_of_providers_are_counted_by_code() -> None:
    """Each failure is logged when it happens, and the summary counts them by code."""
    sim = Simulator(Policy())
    sim.faults.llm_fails = "provider_refused"
    sim.says(1_000, "what are your opening hours")
    lines = logged(sim.run(12_000))
    failed = [line for line in lines if line["event"] == "provider_failed"]
    assert failed
    assert lines[-1]["errors"] == {"provider_refused": len(failed)}


def test_the_console_format_is_plain_where_there_is_no_terminal() -> None:
    """No colour codes in a file."""
    stream = io.StringIO()
    configure("info", "console", stream=stream)
    structlog.get_logger().info("serving", url="http://127.0.0.1:1")
    assert "\033" not in stream.getvalue()
    assert "serving" in stream.getvalue()


def failed(style: str, pii: bool, error: Exception) -> str:
    """The log of a function that raises `error`, wrapped in a group as a library would."""
    out = io.StringIO()
    configure("info", style, pii=pii, stream=out)

    def fail(caller: str) -> None:
        try:
            raise error
        except Exception as cause:
            raise ExceptionGroup(f"of {caller}", [ValueError(caller)]) from cause

    try:
        fail("+1555" + "1230000")
    except ExceptionGroup:
        structlog.get_logger().exception("broken")
        logging.getLogger("library").exception("broken there")
    return out.getvalue()


@pytest.mark.parametrize("style", ["console", "json"])
def test_a_traceback_has_frames_and_no_messages(style: str) -> None:
    """Types, modules and frames are logged, for causes and groups too; messages and variables may be personal."""
    text = failed(style, False, ProviderBusy("for Ada Lovelace", code="tts_busy"))
    assert "+15551230000" not in text
    assert "Lovelace" not in text
    assert text.count("telephony.errors.ProviderBusy (tts_busy)") == 2
    assert text.count("TELEPHONY_LOG_PII=1 shows them") == 2
    for part in ("ExceptionGroup", "ValueError", "test_logs.py", "in fail"):
        assert text.count(part) >= 2


def test_messages_are_logged_when_personal_data_is_allowed() -> None:
    """With TELEPHONY_LOG_PII=1 everything except variables is logged."""
    text = failed("console", True, RuntimeError("for Ada Lovelace"))
    assert "for Ada Lovelace" in text
    assert "TELEPHONY_LOG_PII" not in text


FOLDERS = [
    "agents",
    "agents2024of_the_shop2025and2026",
    "+49 30 1234567",
    "(030) 1234567",
    "2026-11-29 1234567",
    "key-for-the-door1",
    "token=door",
    "me@example.com",
    "a b ü 12345678",
    "x" * 200 + "/" + "y" * 200,
]


@pytest.mark.parametrize("style", ["console", "json"])
@pytest.mark.parametrize("folder", FOLDERS, ids=range(len(FOLDERS)))
def test_a_traceback_says_where_whatever_the_folder_is_called(tmp_path: Path, folder: str, style: str) -> None:
    """A path is the operator's own text, even if it looks like a number or a key; messages are not, nor what they say
    of files."""
    place = tmp_path / folder / "my_agent.py"
    place.parent.mkdir(parents=True)
    other = tmp_path / folder / "Bearer abcdef123456.py"
    other.touch()
    place.write_text("def fail(error):\n    raise error\n")
    names: dict[str, Any] = {}
    exec(compile(place.read_text(), place, "exec"), names)
    error: Exception | None = None
    try:
        names["fail"](RuntimeError(f'read\n  File "{other}", line 2, in fail'))
    except RuntimeError as raised:
        error = raised
    assert error is not None
    text = failed(style, True, error)
    shown = text.replace(json.dumps(str(place))[1:-1], str(place)).replace('\\"', '"')
    assert shown.count(f'File "{place}", line 2, in fail') == 2
    assert "abcdef123456" not in text


def library_lines(pii: bool, *records: tuple[object, ...]) -> str:
    """What the log has of these lines (text, arguments) of a library."""
    out = io.StringIO()
    configure("info", "json", pii=pii, stream=out)
    for text, *arguments in records:
        logging.getLogger("library").warning(text, *arguments)
    return out.getvalue()


QUOTING = (
    ("Task exception was never retrieved future: APIStatusError('I am Ada Lovelace, Bearer local-key')",),
    ("%s failed after %d tries: %r", "Ada Lovelace, authorization: local-key", 3, ValueError("+15551230000")),
    ("Invalid %(what)s", {"what": "Ada Lovelace, api_key=local-key"}),
)


def test_a_librarys_line_quotes_nobody() -> None:
    """The library's own text stays; what it fills in is redacted, and all of a text that is already filled in."""
    text = library_lines(False, *QUOTING)
    for part in ("Ada", "Lovelace", "local-key", "15551230000"):
        assert part not in text
    for part in ("Task exception was never retrieved", "failed after 3 tries", "Invalid"):
        assert part in text


def test_secrets_stay_out_where_personal_data_is_allowed() -> None:
    """Also those in the messages of exceptions, of ours and of libraries, in both forms of the log."""
    assert "local-key" not in library_lines(True, *QUOTING)
    assert "Ada Lovelace" in library_lines(True, *QUOTING)
    for style in ("json", "console"):
        text = failed(style, True, RuntimeError("of Ada: {'Authorization': 'Bearer local-key'}"))
        assert "local-key" not in text
        assert text.count("of Ada") >= 2
        assert "test_logs.py" in text
