"""One call from the browser, played as Twilio plays it: towards our own `/twilio/*`, over real sockets.

Theory of operation. A call is a sequence of TwiML documents: each is fetched with a signed form, its verbs are executed
in order, and `<Connect><Stream>` runs a `MediaStream` until one side ends it; then the next document is fetched from
the action URL. At the end the status callback is sent. The service makes no exception for such a call: what works here
works there. What Twilio's REST API would do to a call, `complete` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urljoin
from uuid import uuid4

import httpx2

from telephony.audio.frames import BYTES_PER_MS
from telephony.clock import Clock
from telephony.console.carrier.address import Address
from telephony.console.carrier.line import FRAME, Line
from telephony.console.carrier.stream import MediaStream
from telephony.console.carrier.twiml import (
    ConnectStream,
    Dial,
    Gather,
    Hangup,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
    TwimlError,
    Verb,
    parse,
)
from telephony.twilio.signature import HEADER, sign_webhook

WEBHOOK_MS = 15_000
REDIRECTS = 10
DOCUMENTS = 50
"""More of them in one call lead round in a circle."""
PREFIX = "CB"
"""Of the CallSids here; Twilio's begin with CA."""
RINGS_MS = 3_000
"""How long a phone rings that nobody can answer."""
KEY_MS, TONE_MS = {"w": 500, "W": 1_000}, 200
KEYS = frozenset("0123456789*#")
CALLER, CALLED = "client:browser", "client:agent"
"""As Twilio names the two ends of a call from its own SDK for browsers."""

Speak = Callable[[str], Awaitable[bytes]]
"""Text -> speech as mu-law. Raises NotSpoken."""


class NotSpoken(Exception):
    """Why a text cannot be spoken, and what to do: a sentence for the page."""


@dataclass(frozen=True, slots=True)
class Account:
    """As whom the calls are made: the service checks both."""

    account_sid: str
    auth_token: str


class Page(Protocol):
    """The browser's end. Neither method blocks."""

    def hear(self, pcmu: bytes) -> None:
        """20 ms to play."""

    def tell(self, event: Mapping[str, Any]) -> None:
        """Something to show."""


class BrowserCall:
    """One call. `outcome`: "" during the call, then `completed`, `busy`, `rejected`, `dialled` or `failed`."""

    def __init__(
        self, address: Address, account: Account, clock: Clock, http: httpx2.AsyncClient, page: Page, speak: Speak
    ) -> None:
        self.sid = PREFIX + uuid4().hex
        self.line = Line(clock)
        self.outcome = ""
        self._address, self._account, self._clock = address, account, clock
        self._http, self._page, self._speak = http, page, speak
        self._document_url = ""
        self._redirect = ""

    # --- what the caller and the REST API do ------------------------------------------------------------------------

    async def type(self, text: str) -> None:
        """Says a text in the local voice. Raises NotSpoken."""
        self.line.uplink.say(await self._speak(text))

    def press(self, key: str) -> None:
        """Presses a key; what is no key is ignored."""
        if key in KEYS and len(self.line.keys) < 100:
            self.line.keys.append(key)
            self.line.notify()

    def hang_up(self) -> None:
        """The caller hangs up; `run` returns soon."""
        self.line.leave()

    def complete(self, twiml: str = "") -> bool:
        """Ends the call, or redirects it to `twiml`. False if it is already over."""
        if self.outcome or self.line.left:
            return False
        self._redirect = twiml
        self.line.leave()
        return True

    # --- the call ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """The whole call. Returns when it is over and the status callback has been sent."""
        self._page.tell({"type": "ringing", "call": self.sid})
        async with asyncio.TaskGroup() as tasks:
            player = tasks.create_task(self.line.play(self._page.hear))
            await self._documents()
            player.cancel()
        await self._send_status()
        self._page.tell({"type": "ended", "outcome": self.outcome})

    async def _documents(self) -> None:
        try:
            verbs: list[Verb] | None = await self._fetch(self._address.announced("/twilio/voice"), "ringing")
            for _ in range(DOCUMENTS):
                if verbs is None:
                    return
                verbs = await self._execute(verbs)
            raise TwimlError("", f"more than {DOCUMENTS} documents in one call")
        except TwimlError as error:
            self.outcome = "failed"
            self._page.tell({"type": "problem", "text": "The call failed", "code": error.code, "details": error.text})

    async def _execute(self, verbs: list[Verb]) -> list[Verb] | None:
        """Executes a document. Returns the next document's verbs, or None if the call has ended."""
        for verb in verbs:
            if self.line.left:
                break
            match verb:
                case Say() | Play() | Pause():
                    await self._execute_inner(verb)
                case Hangup():
                    break
                case Reject(reason):
                    self.outcome = reason
                    self._note("The service is busy." if reason == "busy" else "The service does not take the call.")
                    return None
                case Dial():
                    return await self._dial(verb)
                case Gather():
                    if (following := await self._gather(verb)) is not None:
                        return following
                case Redirect(url):
                    return await self._fetch(url)
                case ConnectStream():
                    if (following := await self._stream(verb)) is not None:
                        return following
        return self._left()

    def _left(self) -> list[Verb] | None:
        """What the call goes on with after it was left for another document; None if it is over."""
        if self._redirect:
            document, self._redirect, self.line.left = self._redirect, "", False
            return parse(document, "text/xml")
        self.outcome = "completed"
        return None

    async def _stream(self, verb: ConnectStream) -> list[Verb] | None:
        """Runs the stream. Returns the verbs of the document that replaces the current one, if any."""
        for code, text in verb.problems:
            self._warn(f"{code}: {text}")
        if (url := self._address.reached(verb.url)) is None:
            self._warn(f"the stream leads elsewhere ({verb.url}), where this phone does not go")
        else:
            stream = MediaStream(self.line, verb, (self._account.account_sid, self.sid), self._warn)
            await stream.run(url, self._account.auth_token)
        if not self.line.left:
            return await self._fetch(verb.action) if verb.action else None
        return None

    async def _play(self, url: str, digits: str) -> None:
        """Nobody here hears a recording, or keys; the time that keys take passes."""
        if not digits:
            self._note("Twilio would play a recording now; this phone does not.", url)
            return
        self._note("Twilio would press keys now, for whoever is at the other end.", digits)
        await self.line.wait(self.line.now_ms + sum(KEY_MS.get(digit, TONE_MS) for digit in digits))

    async def _dial(self, verb: Dial) -> list[Verb] | None:
        """Nobody else can be reached from here. With an action URL, the call goes on as if nobody had answered, or the
        conference were over; without one it ends."""
        if verb.conference is not None:
            self._note("Twilio would bring you into a conference now; this phone has no other line.")
        else:
            text = "Twilio would connect you with another number now; this phone has no other line."
            self._note(text, ", ".join(verb.targets))
        if not verb.action:
            self.outcome = "dialled"
            return None
        await self.line.wait(self.line.now_ms + RINGS_MS)
        if self.line.left:
            return self._left()
        return await self._fetch(verb.action, DialCallStatus="completed" if verb.conference else "no-answer")

    async def _gather(self, verb: Gather) -> list[Verb] | None:
        """Asks for keys, which are pressed on the page. Returns what their action answers; None if none came."""
        self._note("Twilio asks for keys now: press them here.")
        self.line.keys.clear()
        for inner in verb.inside:
            if self.line.left or self.line.keys:
                break
            await self._execute_inner(inner)
        digits = ""
        while not (verb.count and len(digits) >= verb.count):
            ends_ms = self.line.now_ms + verb.timeout_ms
            while not (self.line.keys or self.line.left) and self.line.now_ms < ends_ms:
                await self.line.change(ends_ms)
            if self.line.left or not self.line.keys or (key := self.line.keys.popleft()) == verb.finish:
                break
            digits += key
        return await self._fetch(verb.action, Digits=digits) if digits and not self.line.left else None

    async def _execute_inner(self, verb: Verb) -> None:
        match verb:
            case Say(text):
                await self._say(text)
            case Play(url, digits):
                await self._play(url, digits)
            case Pause(ms):
                await self.line.wait(self.line.now_ms + ms)

    async def _say(self, text: str) -> None:
        """Twilio's own voice, in ours if there is one."""
        self._page.tell({"type": "carrier_says", "text": text})
        try:
            pcmu = await self._speak(text)
        except NotSpoken:  # it can be read
            return
        pcmu += b"\xff" * (-len(pcmu) % FRAME)
        self.line.playout.add_audio(self.line.now_ms, pcmu)
        await self.line.wait(self.line.now_ms + len(pcmu) // BYTES_PER_MS)

    # --- webhooks ---------------------------------------------------------------------------------------------------

    async def _fetch(self, url: str, status: str = "in-progress", **more: str) -> list[Verb]:
        """Fetches a document, following redirects. Raises `TwimlError` (11200, 11205, 11215, 12xxx)."""
        url = _joined(self._document_url, url)
        for _ in range(REDIRECTS + 1):
            response = await self._post(url, self._form(status) | more)
            if response.has_redirect_location:
                url = _joined(url, response.headers["location"])
                continue
            if response.status_code != 200:
                raise TwimlError("11200", f"status {response.status_code} from {url}")
            self._document_url = url
            return parse(response.text, response.headers.get("content-type", ""))
        raise TwimlError("11215", f"more than {REDIRECTS} redirects")

    async def _send_status(self) -> None:
        form = self._form("completed") | {
            "CallbackSource": "call-progress-events",
            "SequenceNumber": "3",
            "CallDuration": str(self.line.now_ms // 1000),
        }
        try:
            await self._post(self._address.announced("/twilio/status"), form)
        except TwimlError as error:
            self._warn(f"{error.code}: {error.text}")

    async def _post(self, url: str, form: dict[str, str]) -> httpx2.Response:
        url = url.partition("#")[0]
        if (reached := self._address.reached(url)) is None:
            raise TwimlError("11205", f"{url} is not an address of this service")
        signature = sign_webhook(self._account.auth_token, url, form.items())
        headers = {HEADER: signature, "user-agent": "TwilioProxy/1.1"}
        try:
            async with self._clock.timeout(WEBHOOK_MS):
                return await self._http.post(reached, data=form, headers=headers)
        except TimeoutError:
            raise TwimlError("11200", f"no answer within {WEBHOOK_MS // 1000} s from {url}") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise TwimlError("11205", f"{url}: {type(error).__name__}") from None

    def _form(self, status: str) -> dict[str, str]:
        """The fields of a webhook, including blank ones: Twilio sends and signs those, too."""
        return {
            "CallSid": self.sid,
            "AccountSid": self._account.account_sid,
            "ApiVersion": "2010-04-01",
            "CallStatus": status,
            "Direction": "inbound",
            "From": CALLER,
            "Caller": CALLER,
            "To": CALLED,
            "Called": CALLED,
            "FromCity": "",
            "CallerName": "",
        }

    # --- for the page -----------------------------------------------------------------------------------------------

    def _note(self, text: str, details: str = "") -> None:
        self._page.tell({"type": "note", "text": text, "details": details})

    def _warn(self, details: str) -> None:
        self._page.tell(
            {"type": "warning", "text": "Twilio would report a mistake of the service.", "details": details}
        )


def _joined(base: str, url: str) -> str:
    """The absolute URL. Raises `TwimlError` (11205) if it is none."""
    try:
        return urljoin(base, url)
    except ValueError as error:
        raise TwimlError("11205", f"{url}: {error}") from None
