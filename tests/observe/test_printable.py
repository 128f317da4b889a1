"""No control code of a stranger reaches the console: neither from a request nor from a tape or a library."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from telephony.agent import Agent
from telephony.observe.logs import configure
from telephony.observe.printable import printable, printable_lines
from telephony.testing.stack import local_stack
from telephony.testing.steady import SteadyClock

ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e"


@pytest.fixture(autouse=True)
def _defaults() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def controls(text: str) -> set[str]:
    return {char for char in text if not char.isprintable() and char != "\n"}


@pytest.mark.parametrize("pii", [False, True])
async def test_control_codes_of_a_host_header_do_not_reach_the_console(pii: bool) -> None:
    """The line says which address was signed for, with the codes written out. The same for a path."""
    out = io.StringIO()
    configure("info", "console", pii, stream=out)
    async with asyncio.timeout(60), local_stack(Agent(prompt="P."), clock=SteadyClock(20), platform_key="k" * 12) as s:
        for path in (b"/twilio/voice", b"/v1/chat/completions/%1b%5b2J", b"/agents/%1b%5b2J%0aforged/v1/models"):
            reader, writer = await asyncio.open_connection(*s.service.base_url.removeprefix("http://").split(":"))
            head = b"%s %s HTTP/1.1\r\nHost: a\x1b[2J\x1b[31mb\x9bc\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"
            writer.write(head % (b"GET" if b"models" in path else b"POST", path))
            assert b" 40" in await reader.readline()
            await reader.read()
            writer.close()
    assert "signature_wrong" in out.getvalue()
    assert "\\x1b[2J\\x1b[31mb" in out.getvalue()
    assert "\nforged" not in out.getvalue()
    assert controls(out.getvalue()) == set()


@pytest.mark.parametrize("pii", [False, True])
@pytest.mark.parametrize("format", ["console", "json"])
def test_no_line_of_the_log_holds_control_codes(format: str, pii: bool) -> None:
    """Values, nested values, exceptions, and what libraries log."""
    out = io.StringIO()
    configure("info", format, pii, stream=out)
    log = structlog.get_logger()
    log.info("text", one=ESCAPES + "\nforged", nested={"a": [ESCAPES]}, pii_caller=ESCAPES)
    try:
        raise RuntimeError(ESCAPES)
    except RuntimeError:
        log.exception("failed", why=ESCAPES)
        logging.getLogger("library").exception("failed %s", ESCAPES)
    logging.getLogger("library").warning("strange header %s", ESCAPES)
    text = out.getvalue()
    assert text.count("failed") >= 2
    assert "Traceback" in text
    assert "\nforged" not in text
    assert controls(text) == set()


def test_what_can_be_printed_stays_as_it_is() -> None:
    """Letters of any alphabet; line breaks only where several lines are meant."""
    assert printable("Zoë 😀 東京 'x'") == "Zoë 😀 東京 'x'"
    assert printable("a\r\nb\x00\x9b\u2028") == r"a\r\nb\x00\x9b\u2028"
    assert printable_lines("a\n  b\tc\x1b") == "a\n  b     c\\x1b"
