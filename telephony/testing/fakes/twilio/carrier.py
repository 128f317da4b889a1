"""A local carrier for tests: it calls your service over real sockets, in Twilio's protocols.

    async with Carrier(auth_token="secret", clock=Clock(speed=10)) as carrier:
        phone = await carrier.dial(base_url + "/twilio/voice")
        await phone.agent_speaking()
        await phone.agent_silent(for_ms=800)
        await phone.say(pcmu)
        await phone.hang_up()
        await phone.ended()
        assert phone.violations == []

Theory of operation. A call is a sequence of TwiML documents: each is fetched with a signed form, its verbs are executed
in order, and `<Connect><Stream>` runs a `CarrierStream` until one side ends it; then the next document is fetched from
the action URL. What Twilio would report in its debugger is in `violations` as (code, text). The clock must have the
same speed as the service's own. The REST API (`api_base_url`) supports only what the service uses: to end or redirect a
live call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import urljoin
from uuid import uuid4

import httpx2

from telephony.audio.frames import BYTES_PER_MS
from telephony.clock import Clock
from telephony.console.carrier.playout import SILENCE, MarkEcho
from telephony.console.carrier.twiml import (
    ConnectStream,
    Dial,
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
from telephony.network.tls import tls
from telephony.testing.fakes.twilio.faults import CarrierFaults
from telephony.testing.fakes.twilio.outgoing import Outgoing, PlacedCall
from telephony.testing.fakes.twilio.rest import LocalAccount, rest_app
from telephony.testing.fakes.twilio.stream import CallOver, CarrierStream, Line
from telephony.testing.fakes.twilio.wav import write_stereo
from telephony.testing.serving import serve_app
from telephony.twilio.signature import HEADER, sign_webhook

__all__ = ["CallOver", "Carrier", "CarrierFaults", "MarkEcho", "PhoneCall"]

#: Twilio's limits: time for one webhook request, and number of redirects.
WEBHOOK_MS = 15_000
REDIRECTS = 10
#: The agent is speaking if sound was played within this time (the playout is checked every 20 ms).
_NOW_MS = 60
_STATUS_ORDER = ("initiated", "ringing", "in-progress", "completed")


class Carrier:
    """The carrier. `dial` starts a call; `calls` holds all calls by CallSid; `api_base_url` is the REST API (http).

    `auth_token` signs all requests and is the REST API's password; `account` is what that API says of us. On exit from
    the context, live calls are hung up.
    """

    def __init__(
        self,
        *,
        auth_token: str,
        account_sid: str = "AC" + "1" * 32,
        clock: Clock,
        faults: CarrierFaults = CarrierFaults(),  # noqa: B008  (frozen)
    ) -> None:
        self.auth_token = auth_token
        self.account_sid = account_sid
        self.clock = clock
        self.faults = faults
        self.account = LocalAccount()
        self.outgoing = Outgoing()
        self.calls: dict[str, PhoneCall] = {}
        self.api_base_url = ""
        self.http: httpx2.AsyncClient
        self._stack = AsyncExitStack()
        self._tasks: asyncio.TaskGroup

    async def __aenter__(self) -> Carrier:
        self.api_base_url = await self._stack.enter_async_context(serve_app(rest_app(self)))
        self.http = await self._stack.enter_async_context(
            httpx2.AsyncClient(trust_env=False, timeout=None, verify=tls())
        )
        self._tasks = await self._stack.enter_async_context(asyncio.TaskGroup())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        for call in self.calls.values():
            call.line.leave()
        try:
            return await self._stack.__aexit__(kind, error, trace)
        except BaseExceptionGroup as group:
            if group.exceptions != (error,):
                raise
            return None  # lets the caller's own error through as it is, not wrapped in a group by our task group

    async def dial(
        self,
        voice_url: str,
        *,
        caller: str = "+15551230000",
        called: str = "+15559870000",
        status_url: str | None = None,
        faults: CarrierFaults | None = None,
    ) -> PhoneCall:
        """Starts a call to the service's voice webhook and returns at once. `status_url` receives the status callbacks;
        `faults` replace the carrier's."""
        call = PhoneCall(self, Parties(caller, called), faults or self.faults)
        self.calls[call.sid] = call
        self._tasks.create_task(call._run(voice_url, status_url))
        return call

    # --- for the REST API ---

    def own_numbers(self) -> list[dict[str, str]]:
        return self.account.numbers

    def place(self, form: dict[str, list[str]]) -> PlacedCall:
        """Starts a call to the number of a form of the REST API."""
        parties = Parties(form["From"][-1], form["To"][-1], "outbound-api")
        phone = PhoneCall(self, parties, self.faults)
        self.calls[phone.sid] = phone
        call = self.outgoing.placed[phone.sid] = PlacedCall(phone, form)
        self.outgoing.changed.set()
        self._tasks.create_task(self.outgoing.run(call))
        return call


@dataclass(frozen=True, slots=True)
class Parties:
    """Who calls whom. `direction` as Twilio says it."""

    caller: str
    called: str
    direction: str = "inbound"


class PhoneCall:
    """One call, seen from the caller's side. Audio is mu-law 8 kHz, times are ms since dialling.

    `spoken`: the texts of `<Say>`. `twiml`: the documents received. `outcome`: "" during the call, then `completed`,
    `rejected`, `busy`, `dialled` (the targets of `<Dial>` are in `dialled`) or `failed` (see `violations`).
    `closes`: the close codes with which the service ended streams.
    """

    def __init__(self, carrier: Carrier, parties: Parties, faults: CarrierFaults) -> None:
        self.sid = "CA" + uuid4().hex
        self.line = Line(carrier.clock, faults)
        self.spoken: list[str] = []
        self.twiml: list[str] = []
        self.dialled: list[str] = []
        self.closes: list[int] = []
        self.outcome = ""
        self._carrier = carrier
        self._parties = parties
        self._document_url = ""
        self._status_url: str | None = None
        self._redirect = ""

    # --- what the caller does ---

    async def say(self, pcmu: bytes) -> None:
        """The caller speaks. Returns when the last frame has been sent (or the call is over)."""
        target = self.line.voice.add(pcmu)
        await self._until_or_over(lambda: self.line.voice.taken >= target)

    async def press(self, digits: str) -> None:
        """The caller presses keys, one DTMF message each. Returns when they have been sent (or the call is over)."""
        self.line.keys.extend(digits)
        self.line.notify()
        await self._until_or_over(lambda: not self.line.keys)

    async def inject(self, message: str | bytes) -> None:
        """Sends a raw WebSocket message to the service. Returns when it has been sent (or the call is over)."""
        self.line.injected.append(message)
        self.line.notify()
        await self._until_or_over(lambda: not self.line.injected)

    async def hang_up(self) -> None:
        """The caller hangs up. Returns at once; use `ended()` to wait for the end of the call."""
        self.line.leave()

    # --- what can be waited for ---

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Returns when `predicate()` is true; evaluates it again after each frame and message. Raises `CallOver` if the
        call ends first."""
        await self.line.until(predicate)

    async def agent_speaking(self) -> None:
        """Returns when sound of the agent is being played. Raises `CallOver` if the call ends first."""
        await self.until(lambda: self.line.now_ms - self.line.playout.loud_until_ms <= _NOW_MS)

    async def agent_silent(self, for_ms: int) -> None:
        """Returns when only silence has been played for `for_ms`. Raises `CallOver` if the call ends first."""
        await self.until(lambda: self.line.now_ms - self.line.playout.loud_until_ms >= for_ms)

    async def ended(self) -> None:
        """Returns when the call is over and its status callbacks have been sent."""
        await self._until_or_over(lambda: self.line.ended_ms is not None)

    # --- what happened ---

    @property
    def now_ms(self) -> int:
        """Milliseconds since dialling; stops when the call has ended."""
        return self.line.now_ms

    @property
    def violations(self) -> list[tuple[str, str]]:
        """(Twilio's error code, text) of each violation of the protocol by the service."""
        return self.line.violations

    @property
    def marks(self) -> list[MarkEcho]:
        """The marks that came back, in order."""
        return self.line.playout.marks

    @property
    def clears(self) -> list[int]:
        """When the service cleared the playout."""
        return self.line.playout.clears

    @property
    def cleared_bytes(self) -> int:
        """How many bytes of audio were dropped by clears."""
        return self.line.playout.cleared_bytes

    def heard(self) -> bytes:
        """What the caller has heard since dialling, silence included."""
        self.line.playout.advance(self.line.now_ms)
        return bytes(self.line.playout.heard)

    def caller_audio(self) -> bytes:
        """What the caller has said since dialling, silence included."""
        said = bytes(self.line.voice.said)
        return said.ljust(self.line.now_ms * BYTES_PER_MS, SILENCE)

    def stereo_wav(self, path: str | Path) -> None:
        """Writes both sides as a WAV file: 8 kHz, 16 bit, the caller left, the agent right."""
        write_stereo(path, self.caller_audio(), self.heard())

    # --- for the REST API ---

    def complete(self, twiml: str = "") -> bool:
        """Ends the call, or redirects it to `twiml`. False if it is already over."""
        if self.outcome or self.line.left:
            return False
        self._redirect = twiml
        self.line.leave()
        return True

    # --- the call ---

    async def _run(self, voice_url: str, status_url: str | None) -> None:
        self._status_url = status_url
        await self.talk(voice_url, "ringing")
        await self._send_status()
        self.over()

    @property
    def left(self) -> bool:
        """Whether the caller has hung up, or the call was ended."""
        return self.line.left

    async def talk(self, voice_url: str, status: str) -> None:
        """Fetches and executes documents until the call is over."""
        try:
            verbs: list[Verb] | None = await self._fetch(voice_url, status)
            while verbs is not None:
                verbs = await self._execute(verbs)
        except TwimlError as error:
            self.line.violation(error.code, error.text)
            self.outcome = "failed"

    def over(self) -> None:
        """Everything is done, reports included."""
        self.line.ended_ms = self.line.now_ms
        self.line.notify()

    async def report(self, url: str, status: str, **more: str) -> None:
        """Sends one status callback. A failed one is a violation and does not end the call."""
        form = self._form(status) | {"CallbackSource": "call-progress-events"} | more
        try:
            async with self._carrier.clock.timeout(WEBHOOK_MS):
                await self._post(url, form)
        except (TimeoutError, httpx2.HTTPError):
            self.line.violation("11200", f"the status callback {status} failed")

    async def _execute(self, verbs: list[Verb]) -> list[Verb] | None:
        """Executes a document. Returns the next document's verbs, or None if the call has ended."""
        for verb in verbs:
            if self.line.left:
                break
            match verb:
                case Say(text):
                    self.spoken.append(text)
                case Play():
                    pass
                case Pause(ms):
                    await self.pause(ms)
                case Hangup():
                    break
                case Reject(reason):
                    self.outcome = reason
                    return None
                case Dial(targets):
                    self.dialled += targets
                    self.outcome = "dialled"
                    return None
                case Redirect(url):
                    return await self._fetch(url)
                case ConnectStream():
                    following = await self._stream(verb)
                    if following is not None:
                        return following
        if self._redirect:
            return self._redirected()
        self.outcome = "completed"
        return None

    async def _stream(self, verb: ConnectStream) -> list[Verb] | None:
        """Runs the stream. Returns the verbs of the document that replaces the current one, if any."""
        for code, text in verb.problems:
            self.line.violation(code, text)
        carrier = self._carrier
        stream = CarrierStream(self.line, verb, carrier.auth_token, carrier.account_sid, self.sid)
        closed_with = await stream.run(self._before_stop)
        if closed_with:
            self.closes.append(closed_with)
        if not self.line.left:
            return await self._fetch(verb.action) if verb.action else None
        if verb.action and self.line.faults.action_after_hang_up and not self._redirect:
            await self._fetch(verb.action, "completed")
        return None

    def _redirected(self) -> list[Verb]:
        document, self._redirect, self.line.left = self._redirect, "", False
        self.twiml.append(document)
        return parse(document, "text/xml")

    async def pause(self, ms: int) -> None:
        """Returns after `ms`, or when the call is over."""
        ends_ms = self.line.now_ms + ms
        while self.line.now_ms < ends_ms and not self.line.left:
            await self.line.change(ends_ms)

    async def _fetch(self, url: str, status: str = "in-progress") -> list[Verb]:
        """Fetches a document, following redirects. Raises `TwimlError` (11200, 11205, 11215, 12xxx)."""
        url = urljoin(self._document_url, url)
        for _ in range(REDIRECTS + 1):
            try:
                async with self._carrier.clock.timeout(WEBHOOK_MS):
                    response = await self._post(url, self._form(status))
            except TimeoutError:
                raise TwimlError("11200", f"no answer within {WEBHOOK_MS} ms from {url}") from None
            except httpx2.HTTPError as error:
                raise TwimlError("11205", f"{url}: {error!r}") from None
            if response.is_redirect:
                url = urljoin(url, response.headers["location"])
                continue
            if response.status_code != 200:
                raise TwimlError("11200", f"status {response.status_code} from {url}")
            self._document_url = url
            self.twiml.append(response.text)
            return parse(response.text, response.headers.get("content-type", ""))
        raise TwimlError("11215", f"more than {REDIRECTS} redirects")

    async def _before_stop(self) -> None:
        if self.line.faults.status_first and not self._redirect:
            await self._send_status()

    async def _send_status(self) -> None:
        """Sends the status callbacks, once. A failed one is a violation and does not end the call."""
        url, self._status_url = self._status_url, None
        for status in self.line.faults.status_events if url else ():
            sequence = str(_STATUS_ORDER.index(status) if status in _STATUS_ORDER else 0)
            duration = str(self.line.now_ms // 1000)
            await self.report(str(url), status, SequenceNumber=sequence, CallDuration=duration)

    async def _post(self, url: str, form: dict[str, str]) -> httpx2.Response:
        url = url.partition("#")[0]
        signature = sign_webhook(self._carrier.auth_token, url, form.items())
        headers = {HEADER: signature, "user-agent": "TwilioProxy/1.1"}
        return await self._carrier.http.post(url, data=form, headers=headers)

    def _form(self, status: str) -> dict[str, str]:
        """The fields of a webhook, including blank ones: Twilio sends and signs those, too."""
        caller, called = self._parties.caller, self._parties.called
        return {
            "CallSid": self.sid,
            "AccountSid": self._carrier.account_sid,
            "ApiVersion": "2010-04-01",
            "CallStatus": status,
            "Direction": self._parties.direction,
            "From": caller,
            "Caller": caller,
            "To": called,
            "Called": called,
            "FromCity": "",
            "CallerName": "",
            "StirVerstat": "TN-Validation-Passed-A",
        }

    async def _until_or_over(self, predicate: Callable[[], bool]) -> None:
        try:
            await self.line.until(predicate)
        except CallOver:
            pass
