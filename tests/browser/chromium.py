"""Headless Chromium over its DevTools protocol (CDP), with nothing but `websockets`.

    async with chromium(microphone=Path("caller.wav")) as browser:
        tab = await browser.open("http://localhost:8080/phone")
        await tab.click("#call")
        await tab.until("document.querySelector('#state').textContent == 'On the phone'")

Each browser has a profile of its own in a temporary folder, and a microphone that plays a WAV file once it is opened.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
import signal
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PROGRAM = next((found for name in NAMES if (found := shutil.which(name))), None)
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--mute-audio",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--remote-debugging-port=0",
)
POLL_S = 0.05


class PageError(Exception):
    """JavaScript has thrown, or the browser has refused a command."""


class Tab:
    """A page. `console` holds its errors and what broke its policy; a test that ends with any has failed."""

    def __init__(self, socket: ClientConnection, session: str, target: str) -> None:
        self.console: list[str] = []
        self._socket, self._session, self._target = socket, session, target
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._ids)
        self._answers[number] = answer = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": parameters, "sessionId": self._session}
        await self._socket.send(json.dumps(message))
        found = await answer
        if "error" in found:
            raise PageError(f"{method}: {found['error']['message']}")
        return dict(found["result"])

    async def js(self, expression: str) -> Any:
        """The value of an expression, as JSON; promises are awaited."""
        found = await self.command(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )
        if "exceptionDetails" in found:
            raise PageError(f"{expression}: {found['exceptionDetails']}")
        return found["result"].get("value")

    async def until(self, expression: str) -> None:
        """Waits until an expression is true."""
        while not await self.js(f"!!({expression})"):  # noqa: ASYNC110  (nothing in the page sets an event here)
            await asyncio.sleep(POLL_S)

    async def text(self, selector: str) -> str:
        return str(await self.js(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    async def click(self, selector: str) -> None:
        """A real click in the middle of an element, as by a mouse."""
        where = await self.js(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)});"
            " one.scrollIntoView({block: 'center'});"
            " const {x, y, width, height} = one.getBoundingClientRect(); return [x + width / 2, y + height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.command(
                "Input.dispatchMouseEvent", type=kind, x=where[0], y=where[1], button="left", clickCount=1
            )

    async def key(self, key: str) -> None:
        """A key of the keyboard."""
        text: dict[str, Any] = {"text": key} if len(key) == 1 else {}
        if key == "Enter":
            text = {"text": "\r", "windowsVirtualKeyCode": 13}
        await self.command("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        await self.command("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def type(self, text: str) -> None:
        await self.command("Input.insertText", text=text)

    async def choose_file(self, selector: str, path: Path) -> None:
        root = (await self.command("DOM.getDocument"))["root"]["nodeId"]
        node = (await self.command("DOM.querySelector", nodeId=root, selector=selector))["nodeId"]
        await self.command("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    async def goto(self, url: str) -> None:
        await self.command("Page.navigate", url=url)
        await self.until("document.readyState == 'complete' && location.href != 'about:blank'")

    async def reload(self) -> None:
        await self.js("window.isOld = true")
        await self.command("Page.reload")
        await self.until("!window.isOld && document.readyState == 'complete'")

    async def screen(self, width: int, height: int, *, dark: bool = False) -> None:
        """The size of the screen, and whether the system is dark."""
        await self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.command("Emulation.setEmulatedMedia", features=[feature])

    async def screenshot(self, path: Path) -> None:
        found = await self.command("Page.captureScreenshot", captureBeyondViewport=True)
        await asyncio.to_thread(path.write_bytes, base64.b64decode(found["data"]))

    def take(self, message: dict[str, Any]) -> None:
        """A message of this page's session."""
        if "id" in message:
            if (answer := self._answers.pop(message["id"], None)) is not None and not answer.done():
                answer.set_result(message)
            return
        parameters = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                self.console.append(str(parameters["exceptionDetails"]))
            case "Log.entryAdded" if parameters["entry"]["level"] == "error":
                self.console.append(parameters["entry"]["text"])
            case "Runtime.consoleAPICalled" if parameters["type"] == "error":
                self.console.append(str(parameters["args"]))

    def lost(self) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(PageError("the browser has gone"))


class Browser:
    """A running Chromium."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._tabs: dict[str, Tab] = {}
        self._ids = itertools.count(1_000_000)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def open(self, url: str) -> Tab:
        """A new page, which has loaded."""
        target = (await self._command("Target.createTarget", url="about:blank"))["targetId"]
        session = (await self._command("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        self._tabs[session] = tab = Tab(self._socket, session, target)
        for domain in ("Page", "Runtime", "Log", "DOM"):
            await tab.command(f"{domain}.enable")
        await tab.goto(url)
        return tab

    async def _command(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._ids)
        self._answers[number] = answer = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        return dict((await answer)["result"])

    async def read(self) -> None:
        with suppress(ConnectionClosed):
            async for text in self._socket:
                message = json.loads(text)
                if (tab := self._tabs.get(message.get("sessionId", ""))) is not None:
                    tab.take(message)
                elif (answer := self._answers.pop(message.get("id", 0), None)) is not None:
                    answer.set_result(message)
        for tab in self._tabs.values():
            tab.lost()


@asynccontextmanager
async def chromium(microphone: Path | None = None, rules: tuple[str, ...] = ()) -> AsyncIterator[Browser]:
    """A browser, ended on exit. `microphone`: what its user says, once. `rules`: more of Chromium's options."""
    assert PROGRAM is not None, "Chromium is not installed"
    sound = [f"--use-file-for-fake-audio-capture={microphone}%noloop"] if microphone else []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            PROGRAM, *FLAGS, *sound, *rules, f"--user-data-dir={profile}", "about:blank",
            stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, start_new_session=True,
            env={**os.environ, "HOME": profile, "XDG_CONFIG_HOME": profile, "XDG_CACHE_HOME": profile},
        )  # fmt: skip
        try:
            assert process.stderr is not None
            url = ""
            while not url:
                line = (await process.stderr.readline()).decode(errors="replace")
                assert line, "Chromium has not started"
                url = line.partition("DevTools listening on ")[2].strip()
            async with asyncio.TaskGroup() as tasks:
                emptying = tasks.create_task(_empty(process.stderr))
                async with connect(url, proxy=None, max_size=2**26, ping_interval=None) as socket:
                    browser = Browser(socket)
                    reading = tasks.create_task(browser.read())
                    try:
                        yield browser
                    finally:
                        reading.cancel()
                        emptying.cancel()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its own session: no other process is in it
            await process.wait()


async def _empty(stream: asyncio.StreamReader) -> None:
    while await stream.readline():
        pass
