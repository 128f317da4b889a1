"""A local carrier for tests: it calls your service over real sockets, in Twilio's protocols.

    async with Carrier(auth_token="secret", clock=Clock(speed=10)) as carrier:
        phone = await carrier.dial(base_url + "/twilio/voice")
        await phone.agent_speaking()
        await phone.agent_silent(for_ms=800)
        await phone.say(pcmu)
        await phone.hang_up()
        await phone.ended()
        assert phone.violations == []

What Twilio would report in its debugger is in `violations` as (code, text). The clock must have the same speed as the
service's own. The REST API (`api_base_url`) supports only what the service uses.

Where to look: `phone_call.py` executes TwiML, `handset.py` is the phone in a test's hand, `outgoing.py` has the calls
that the service places, `callees.py` who answers, `connecting/` calls with each
other, `messages/` texts, `faults.py` what may go wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from urllib.parse import urljoin

import httpx2

from telephony.clock import Clock
from telephony.console.carrier.playout import MarkEcho
from telephony.console.carrier.twiml import Dial
from telephony.testing.fakes.twilio.callees import Callee
from telephony.testing.fakes.twilio.connecting.conferences import Conferences
from telephony.testing.fakes.twilio.connecting.dial import dial
from telephony.testing.fakes.twilio.faults import CarrierFaults, Step, StepFaults
from telephony.testing.fakes.twilio.messages.office import Messages
from telephony.testing.fakes.twilio.outgoing import Outgoing, PlacedCall
from telephony.testing.fakes.twilio.phone_call import PhoneCall
from telephony.testing.fakes.twilio.reports import Reports
from telephony.testing.fakes.twilio.rest import LocalAccount, rest_app
from telephony.testing.fakes.twilio.running import Running
from telephony.testing.fakes.twilio.stream import CallOver
from telephony.testing.fakes.twilio.updates import Update
from telephony.testing.fakes.twilio.webhooks import WEBHOOK_MS, Parties, send

__all__ = ["CallOver", "Carrier", "CarrierFaults", "MarkEcho", "Parties", "PhoneCall"]


class Carrier(Running):
    """The carrier. `dial` starts a call; `calls` holds all calls by CallSid; `api_base_url` is the REST API (http).

    `auth_token` signs all requests and is the REST API's password; `account` is what that API says of us. `outgoing`
    has whoever can be called, `steps` what goes wrong in each step. On exit from the context, live calls are hung up.
    """

    def __init__(
        self,
        *,
        auth_token: str,
        account_sid: str = "AC" + "1" * 32,
        clock: Clock,
        faults: CarrierFaults = CarrierFaults(),  # noqa: B008  (frozen)
    ) -> None:
        super().__init__()
        self.auth_token = auth_token
        self.account_sid = account_sid
        self.clock = clock
        self.faults = faults
        self.account = LocalAccount()
        self.outgoing = Outgoing()
        self.steps: defaultdict[Step, StepFaults] = defaultdict(StepFaults)
        self.calls: dict[str, PhoneCall] = {}
        self.conferences = Conferences(self)
        self.messages = Messages(self)
        self.api_base_url = ""
        self._closing = False

    async def __aenter__(self) -> Carrier:
        self.api_base_url = await self.start(rest_app(self))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._closing = True
        for call in self.calls.values():
            call.line.leave()
        return await self.stop(kind, error, trace)

    async def dial(
        self,
        voice_url: str,
        *,
        caller: str = "+15551230000",
        called: str = "+15559870000",
        status_url: str | None = None,
        faults: CarrierFaults | None = None,
        stir_verstat: str = "TN-Validation-Passed-A",
    ) -> PhoneCall:
        """Starts a call to the service's voice webhook and returns at once. `status_url` receives the status callbacks;
        `faults` replace the carrier's; `stir_verstat`: whether the caller's carrier vouches for the number."""
        call = self.new_call(Parties(caller, called, stir_verstat=stir_verstat), faults)
        self.spawn(call.run_inbound(voice_url, status_url))
        return call

    async def call_to(self, number: str, count: int = 1) -> PhoneCall:
        """Waits for the `count`th call to a number that the service has placed or dialled: the phone of whoever is
        called."""

        def found() -> list[PhoneCall]:
            return [call for call in self.calls.values() if call.record.parties.called == number]

        while len(found()) < count:
            self.outgoing.changed.clear()
            await self.outgoing.changed.wait()
        return found()[count - 1]

    def new_call(self, parties: Parties, faults: CarrierFaults | None = None) -> PhoneCall:
        call = PhoneCall(self, parties, faults or self.faults)
        self.calls[call.sid] = call
        self.outgoing.changed.set()
        if self._closing:
            call.line.leave()
        return call

    # --- for the REST API ---

    def own_numbers(self) -> list[dict[str, str]]:
        return self.account.numbers

    def place(self, form: dict[str, list[str]]) -> PlacedCall:
        """Starts a call to the number of a form of the REST API."""
        phone = self.new_call(Parties(form["From"][-1], form["To"][-1], "outbound-api"))
        call = self.outgoing.placed[phone.sid] = PlacedCall(phone, form)
        self.spawn(self.outgoing.run(call, Reports(self, lambda: self.outgoing.faults)))
        return call

    def update(self, phone: PhoneCall, update: Update) -> None:
        """Changes a call as the REST API has been told, after the time that this takes."""
        if not phone.line.faults.update_ms:
            update.apply(phone)
        self.spawn(update.perform(phone, phone.line.faults.update_ms))

    # --- for calls ---

    async def connect(self, phone: PhoneCall, verb: Dial) -> dict[str, str] | None:
        if verb.conference is None:
            return await dial(self, phone, verb)
        phone.record.status = "in-progress"
        await self.conferences.attend(phone, verb.conference, Reports(self, lambda: self.steps[Step.CONFERENCES]))
        return {"DialCallStatus": phone.line.faults.conference_over}

    def message_reports(self) -> Reports:
        return Reports(self, lambda: self.steps[Step.MESSAGE])

    def inbound_reports(self) -> Reports:
        return Reports(self, lambda: self.steps[Step.INBOUND_MESSAGE])

    async def post(self, url: str, base_url: str, form: Mapping[str, str]) -> None:
        whole = {"AccountSid": self.account_sid, **form}
        with suppress(TimeoutError, httpx2.HTTPError):
            async with self.clock.timeout(WEBHOOK_MS):
                await send(self, urljoin(base_url, url), whole)

    def callee(self, number: str) -> Callee | None:
        return self.outgoing.callees.get(number)

    def dial_reports(self) -> Reports:
        return Reports(self, lambda: self.steps[Step.DIAL])
