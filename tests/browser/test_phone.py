"""The phone in a real browser, against the service as `telephony serve --offline` runs it: its own process, with local
speech. What is said is only ever sound.

The screenshots are kept in `out/browser`. Without Chromium these tests are left out; `.ci/run` requires it.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import wave
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from telephony.audio import mulaw
from telephony.offline.caller import utterances
from telephony.testing.serving import serve_app
from tests.browser.chromium import PROGRAM, Tab, chromium

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "out" / "browser"
SHOTS.mkdir(parents=True, exist_ok=True)
KEY = "a-key-for-the-console"
HOURS, BOOK = "What are your opening hours?", "Wait, please book a table for me."
GREETING = "Hello, this is the Blue Door restaurant. How can I help you?"
REQUIRED = os.environ.get("TEST_BROWSER") == "required"

pytestmark = pytest.mark.skipif(
    PROGRAM is None and not REQUIRED, reason="Chromium is not installed (Debian: apt-get install chromium)"
)
PATIENCE_S = 180
"""In real time: a busy machine must not fail a test, and one that hangs must end."""


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Ends a test that hangs."""

    def late(*_: object) -> NoReturn:
        raise TimeoutError(f"the browser test took more than {PATIENCE_S} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(PATIENCE_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@lru_cache
def spoken(*texts: str) -> list[bytes]:
    return utterances(*texts)


def sound(path: Path, *pieces: bytes | int) -> Path:
    """A WAV file of speech (mu-law) and silence (ms)."""
    pcmu = b"".join(b"\xff" * (8 * piece) if isinstance(piece, int) else piece for piece in pieces)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8_000)
        out.writeframes(mulaw.decode(pcmu))
    return path


@asynccontextmanager
async def service(tmp_path: Path, **settings: str) -> AsyncIterator[str]:
    """The service in its own process; yields the address that it prints."""
    environ = {
        "PATH": os.environ["PATH"],
        "PORT": "0",
        "TELEPHONY_DATA": str(tmp_path / "data"),
        "PYTHONPATH": str(ROOT),
    }
    log = await asyncio.to_thread((tmp_path / "service.log").open, "wb")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "telephony", "serve", "--offline",
        cwd=tmp_path, env=environ | settings, stdin=DEVNULL, stdout=PIPE, stderr=log,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        found = re.search(r"http://\S+/phone", line)
        assert found, (line, (tmp_path / "service.log").read_text())
        yield found[0]
    finally:
        log.close()
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGTERM)
        await process.wait()


def words_of(selector: str, text: str) -> str:
    """JavaScript: whether an element with `selector` contains `text`."""
    return f"[...document.querySelectorAll('{selector}')].some((one) => one.textContent.includes({text!r}))"


async def call(tab: Tab) -> None:
    """Taps on Call, and waits until the agent has greeted."""
    await tab.until("!document.querySelector('#call').disabled")
    await tab.click("#call")
    await tab.until(words_of("#transcript .agent .heard", GREETING))


async def over(tab: Tab) -> None:
    await tab.until(
        "document.querySelector('#state').textContent == 'Call ended' && !document.querySelector('#call').hidden"
    )


async def test_a_whole_call_in_the_browser(tmp_path: Path) -> None:
    """Call, be understood, interrupt, see words grey out, press keys, hang up; a screenshot of it."""
    hours, book = await asyncio.to_thread(spoken, HOURS, BOOK)
    microphone = sound(tmp_path / "microphone.wav", 7_000, hours, 120_000)
    recording = sound(tmp_path / "book.wav", book)
    async with service(tmp_path) as url, chromium(microphone) as browser:
        tab = await browser.open(url)
        await tab.screen(1_200, 900)
        await tab.screenshot(SHOTS / "before.png")
        await call(tab)
        await tab.until(words_of("#transcript .caller:not(.partial)", "opening"))
        await tab.until(words_of("#transcript .agent .heard", "We are open from Tuesday"))
        assert await tab.text("#transcript .agent:last-child .unheard"), "what has not been heard yet is grey"
        await tab.choose_file("#recording", recording)
        await tab.until("document.querySelector('#transcript .interrupted')")
        grey = "getComputedStyle(document.querySelector('.interrupted .unheard')).textDecorationLine"
        assert await tab.js(grey) == "line-through"
        await tab.until(words_of("#why", "The agent was interrupted"))
        await tab.until(words_of("#transcript .caller", "table"))
        await tab.until("document.querySelectorAll('#turns .bar').length >= 2")
        await tab.screenshot(SHOTS / "call.png")
        await tab.click("#keypad [data-key='5']")
        await tab.until(words_of("#transcript .note", "You pressed 5."))
        await tab.js("document.activeElement.blur()")
        await tab.key("7")
        await tab.until(words_of("#transcript .note", "You pressed 7."))
        await tab.click("#hangup")
        await over(tab)
        assert tab.console == []


async def test_a_page_that_is_loaded_again_has_a_new_call_and_the_old_one_is_over(tmp_path: Path) -> None:
    """On a small, dark screen. Escape hangs up."""
    async with service(tmp_path, TELEPHONY_MAX_CALLS="1") as url, chromium() as browser:
        tab = await browser.open(url)
        await tab.screen(390, 844, dark=True)
        await call(tab)
        await tab.reload()
        await call(tab)  # there is only one place: the old call has left it
        await tab.screenshot(SHOTS / "small-dark.png")
        assert await tab.js("document.documentElement.scrollWidth") <= 390
        await tab.key("Escape")
        await over(tab)
        assert tab.console == []


async def test_who_has_no_microphone_types(tmp_path: Path) -> None:
    """What is typed is spoken by the local voice, understood from the sound, and answered."""
    async with service(tmp_path) as url, chromium() as browser:
        tab = await browser.open(url)
        await tab.click("#microphone")
        await call(tab)
        await tab.click("#text")
        await tab.type(HOURS)
        await tab.key("Enter")
        await tab.until(words_of("#transcript .caller:not(.partial)", "opening"))
        await tab.until(words_of("#transcript .agent .heard", "We are open from Tuesday"))
        assert tab.console == []


async def test_a_page_of_another_site_reaches_nothing(tmp_path: Path) -> None:
    """Neither by a socket, nor in a frame, nor by having its own name lead to this machine."""

    async def evil(request: Request) -> HTMLResponse:
        return HTMLResponse("<!doctype html><title>evil</title>")

    async with (
        service(tmp_path) as url,
        serve_app(Starlette(routes=[Route("/", evil)])) as other,
        chromium(rules=("--host-resolver-rules=MAP evil.example 127.0.0.1",)) as browser,
    ):
        tab = await browser.open(other)
        media = url.replace("http", "ws") + "/media"
        opened = (
            f"new Promise((done) => {{ const one = new WebSocket('{media}');"
            " one.onopen = () => done('opened'); one.onerror = () => done('refused'); })"
        )
        assert await tab.js(opened) == "refused"
        await tab.js(f"document.body.append(Object.assign(document.createElement('iframe'), {{src: '{url}'}}))")
        await tab.until("document.querySelector('iframe').contentDocument === null")
        rebound = url.replace("localhost", "evil.example")
        await tab.goto(rebound)
        assert "This phone is closed" in await tab.text("h1")
        assert await tab.js(opened.replace("localhost", "evil.example")) == "refused"
        tab = await browser.open(url)
        assert await tab.js(opened) == "opened"  # the page itself may


async def test_from_elsewhere_one_logs_in(tmp_path: Path) -> None:
    """Through a tunnel, say: the key, then a call; without https there is no microphone, and the page says so."""
    async with (
        service(tmp_path, TELEPHONY_CONSOLE_KEY=KEY) as url,
        chromium(rules=("--host-resolver-rules=MAP elsewhere.example 127.0.0.1",)) as browser,
    ):
        tab = await browser.open(url.replace("localhost", "elsewhere.example"))
        await tab.screen(1_200, 700)
        await tab.screenshot(SHOTS / "login.png")
        await tab.click("#key")
        await tab.type("a-wrong-key")
        await tab.key("Enter")
        await tab.until(words_of("[role=alert]", "That is not the key"))
        await tab.click("#key")
        await tab.type(KEY)
        await tab.key("Enter")
        await tab.until(words_of("#hint", "localhost or https"))
        assert await tab.js("document.cookie") == ""
        await call(tab)
        await tab.click("#hangup")
        await over(tab)
        await tab.click("#let")  # a call that takes longer than a page may be silent that has gone
        await tab.until(words_of("#transcript .caller:not(.partial)", "oodbye"))
        await over(tab)
        assert await tab.text("#problem") == ""


async def test_without_a_microphone_one_click_is_a_whole_call(tmp_path: Path) -> None:
    """A recorded caller asks, is answered, and says goodbye; nobody is asked for the microphone."""
    async with service(tmp_path) as url, chromium() as browser:
        tab = await browser.open(url)
        await tab.screen(390, 844)
        await tab.js("navigator.mediaDevices.getUserMedia = () => { window.asked = true; throw new Error() }")
        await tab.click("#let")
        await tab.until(words_of("#transcript .agent .heard", GREETING))
        assert await tab.js("document.querySelector('#recorded').hidden")
        await tab.until("document.querySelector('#transcript .caller:not(.partial)')")
        await tab.until("document.querySelector('#turns .bar')")
        await tab.screenshot(SHOTS / "recorded.png")
        await over(tab)
        assert await tab.js("window.asked") is None
        assert not await tab.js("document.querySelector('#recorded').hidden")
        assert tab.console == []


async def test_what_is_said_stays_in_view_unless_one_scrolls_back(tmp_path: Path) -> None:
    """However long a line becomes while it is said."""
    async with service(tmp_path) as url, chromium() as browser:
        tab = await browser.open(url)
        await tab.screen(390, 600)
        fill = """import('./phone/static/views.js').then(({Transcript}) => {
            const list = document.querySelector('#transcript'), said = new Transcript(list), places = [];
            const below = () => list.scrollHeight - list.scrollTop - list.clientHeight;
            for (let turn = 1; turn < 12; turn++) {
              said.saying({turn, heard: '', unheard: 'word '.repeat(9 * turn)});
              places.push(below());
              said.partial('word '.repeat(20));
              said.line({who: 'caller', text: 'word '.repeat(30), turn});
              places.push(below());
              if (turn === 10) list.scrollTop = 0;
            }
            return [Math.max(...places.slice(0, -2)), list.scrollTop, list.scrollHeight - list.clientHeight];
        })"""
        farthest, back, hidden = await tab.js(fill)
        assert hidden > 500
        assert farthest < 2
        assert back == 0
        assert tab.console == []
