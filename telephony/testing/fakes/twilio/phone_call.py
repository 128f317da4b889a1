"""One call of the local carrier: the documents that it executes, and how the REST API changes it.

Theory of operation. A call is a sequence of TwiML documents: each is fetched with a signed form, its verbs are executed
in order, and `<Connect><Stream>` runs a `CarrierStream` until one side ends it; then the next document is fetched from
the action URL. A redirect by the REST API makes the line *leave* whatever is executed (a stream gets its `stop`; no
action URL is fetched), and the call goes on with the new document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

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
)
from telephony.testing.fakes.twilio.faults import CarrierFaults
from telephony.testing.fakes.twilio.handset import Handset
from telephony.testing.fakes.twilio.stream import CarrierStream
from telephony.testing.fakes.twilio.webhooks import CallRecord, Parties, Sender, Webhooks

_STATUS_ORDER = ("initiated", "ringing", "in-progress", "completed")


@dataclass(frozen=True, slots=True)
class Source:
    """A document: the text itself, or where it is fetched."""

    twiml: str = ""
    url: str = ""
    method: str = "POST"


class Exchange(Sender, Protocol):
    """The part of the carrier that a call needs."""

    async def connect(self, phone: PhoneCall, verb: Dial) -> dict[str, str] | None:
        """Connects the phone with those whom the verb names. Returns what the verb's action URL is told when that is
        over, or None if nobody stands for them."""


class PhoneCall(Handset):
    """One call, seen from the phone of whoever calls, or is called.

    `spoken`: the texts of `<Say>`. `outcome`: "" during the call, then `completed`, `rejected`, `busy`, `dialled` (the
    targets of `<Dial>` are in `dialled`) or `failed` (see `violations`). `closes`: the close codes with which the
    service ended streams. `record`: the call as the REST API shows it.
    """

    def __init__(self, carrier: Exchange, parties: Parties, faults: CarrierFaults) -> None:
        super().__init__(carrier.clock, faults)
        self.spoken: list[str] = []
        self.dialled: list[str] = []
        self.closes: list[int] = []
        self.outcome = ""
        self.record = CallRecord(parties)
        self.webhooks = Webhooks(carrier, self.sid, self.record, self.line)
        self._carrier = carrier
        self._status_url: str | None = None
        self._next: Source | None = None
        self._limit_ms = float("inf")  # the call's time at which it ends

    @property
    def twiml(self) -> list[str]:
        """The documents received."""
        return self.webhooks.documents

    # --- what the REST API does ---

    def complete(self, twiml: str = "") -> bool:
        """Ends the call, or redirects it to `twiml`. False if it is already over."""
        return self.redirect(Source(twiml)) if twiml else self.end()

    def end(self) -> bool:
        """Ends the call. False if it is already over."""
        if self.is_over:
            return False
        self.line.leave()
        return True

    def redirect(self, source: Source) -> bool:
        """Goes on with another document. False if the call is already over."""
        if self.is_over:
            return False
        self._next = source
        self.line.move()
        return True

    @property
    def is_over(self) -> bool:
        return bool(self.outcome) or self.line.left

    async def limit(self, seconds: int) -> None:
        """Ends the call after `seconds` from now. The latest limit holds. Returns when the call is over, or another
        limit holds."""
        ends_ms = self._limit_ms = self.line.now_ms + seconds * 1_000
        while not self.is_over and self._limit_ms == ends_ms:
            if self.line.now_ms >= ends_ms:
                self.end()
            await self.line.change(ends_ms)

    # --- the call ---

    async def run_inbound(self, voice_url: str, status_url: str | None) -> None:
        """The whole call of a caller."""
        self._status_url = status_url
        self.record.status = "ringing"
        await self.talk(Source(url=voice_url), "ringing")
        self.record.status = "completed" if self.outcome in ("completed", "dialled") else self.outcome
        await self._send_status()
        self.over()

    async def talk(self, first: Source, status: str = "in-progress") -> None:
        """Executes documents until the call is over."""
        await self.execute(first, status)
        self.outcome = self.outcome or "completed"
        self.line.notify()

    async def execute(self, first: Source, status: str = "in-progress") -> None:
        """Executes documents until nothing follows."""
        try:
            verbs: list[Verb] | None = await self._document(first, status)
            while verbs is not None:
                verbs = await self._execute(verbs)
        except TwimlError as error:
            self.line.violation(error.code, error.text)
            self.outcome = "failed"

    async def go_on(self) -> None:
        """Executes what the REST API has redirected the call to, if anything."""
        if self._next is not None and not self.line.left:
            source, self._next, self.line.moved = self._next, None, False
            await self.execute(source)

    async def announce(self, url: str, method: str) -> None:
        """Plays a document into the call, which goes on meanwhile."""
        kept = self.webhooks.document_url
        try:
            for verb in await self.webhooks.fetch(url, method=method):
                match verb:
                    case Say(text):
                        self.spoken.append(text)
                    case Play(_, digits):
                        self.keys_heard += digits.replace("w", "").replace("W", "")
        except TwimlError as error:
            self.line.violation(error.code, error.text)
        self.webhooks.document_url = kept
        self.line.notify()

    def over(self) -> None:
        """Everything is done, reports included."""
        self.line.ended_ms = self.line.now_ms
        self.line.notify()

    async def report(self, url: str, status: str, **more: str) -> None:
        """Sends one status callback. A failed one is a violation and does not end the call."""
        await self.webhooks.report(url, status, **more)

    async def _execute(self, verbs: list[Verb]) -> list[Verb] | None:
        """Executes a document. Returns the next document's verbs, or None if nothing follows."""
        for verb in verbs:
            if self.line.leaving:
                break
            if self.record.status == "ringing" and _answers(verb):
                self.record.status = "in-progress"
            match verb:
                case Say(text):
                    self.spoken.append(text)
                    self.line.notify()
                case Play(_, digits):
                    await self.hear_keys(digits)
                case Pause(ms):
                    await self.line.unheard(lambda: False, self.line.now_ms + ms)
                case Hangup():
                    self.line.leave()
                    break
                case Reject(reason):
                    self.outcome = reason
                    return None
                case Dial(targets):
                    self.dialled += targets
                    if (ended := await self._carrier.connect(self, verb)) is None:
                        self.outcome = "dialled"
                        return None
                    if (following := await self._action(verb.action, ended)) is not None:
                        return following
                case Gather():
                    if (following := await self._gather(verb)) is not None:
                        return following
                case Redirect(url):
                    return await self.webhooks.fetch(url)
                case ConnectStream():
                    following = await self._stream(verb)
                    if following is not None:
                        return following
        return await self._moved()

    async def _moved(self) -> list[Verb] | None:
        """The document to which the REST API has redirected the call, if any."""
        source, self._next, self.line.moved = self._next, None, False
        return None if source is None or self.line.left else await self._document(source)

    async def _document(self, source: Source, status: str = "in-progress") -> list[Verb]:
        if source.twiml:
            return self.webhooks.read(source.twiml)
        return await self.webhooks.fetch(source.url, status, method=source.method)

    async def _stream(self, verb: ConnectStream) -> list[Verb] | None:
        """Runs the stream. Returns the verbs of the document that replaces the current one, if any."""
        for code, text in verb.problems:
            self.line.violation(code, text)
        carrier = self._carrier
        stream = CarrierStream(self.line, verb, carrier.auth_token, carrier.account_sid, self.sid)
        closed_with = await stream.run(self._before_stop)
        if closed_with:
            self.closes.append(closed_with)
        return await self._action(verb.action)

    async def _gather(self, verb: Gather) -> list[Verb] | None:
        """Asks for keys. Returns the verbs of the action URL (of this document's, if it has none), if any came."""
        keys, digits = self.line.keys, ""
        await self._execute_inside(verb)
        while not (verb.count and len(digits) >= verb.count):
            await self.line.unheard(lambda: bool(keys), self.line.now_ms + verb.timeout_ms)
            if self.line.leaving or not keys:
                break
            key = keys.popleft()
            self.line.notify()
            if key == verb.finish:
                break
            digits += key
        if not digits or self.line.leaving:
            return None
        return await self.webhooks.fetch(verb.action, more={"Digits": digits})

    async def _execute_inside(self, verb: Gather) -> None:
        """What `<Gather>` says; a key ends its pauses."""
        for inner in verb.inside:
            match inner:
                case Say(text):
                    self.spoken.append(text)
                    self.line.notify()
                case Pause(ms):
                    await self.line.unheard(lambda: bool(self.line.keys), self.line.now_ms + ms)

    async def _action(self, url: str, more: Mapping[str, str] | None = None) -> list[Verb] | None:
        """What the action URL of a verb that has ended answers, if it is asked at all."""
        if not url or self.line.moved:
            return None
        if not self.line.left:
            return await self.webhooks.fetch(url, more=more)
        if self.line.faults.action_after_hang_up:
            await self.webhooks.fetch(url, "completed", more)
        return None

    async def _before_stop(self) -> None:
        if self.line.faults.status_first and not self.line.moved:
            await self._send_status()

    async def _send_status(self) -> None:
        """Sends the status callbacks, once. A failed one is a violation and does not end the call."""
        url, self._status_url = self._status_url, None
        for status in self.line.faults.status_events if url else ():
            sequence = str(_STATUS_ORDER.index(status) if status in _STATUS_ORDER else 0)
            duration = str(self.line.now_ms // 1000)
            await self.report(str(url), status, SequenceNumber=sequence, CallDuration=duration)


def _answers(verb: Verb) -> bool:
    """Whether a caller's call is answered by it."""
    return not (isinstance(verb, Hangup | Reject | Redirect) or (isinstance(verb, Dial) and verb.answer_on_bridge))
