"""Sending text messages, and learning what became of them.

Theory of operation. Twilio has no idempotency key, so a message is stored before its one POST (`store.py`), and only
who has stored it sends it. The POST, whatever becomes of it, is never repeated: not after a timeout, not after a
restart, not when a model asks twice. A message that Twilio has refused may be asked for again, and counts all the same.
What became of a message is learned from reports, whose address holds its unguessable id; the agent is told while its
call lives, wherever the report arrives first that this process can see.

`Messaging` is the service's, `Messages` one call's: the only numbers it writes to are those of the person on its line.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import phonenumbers
import structlog

from telephony.agent import IncomingCall
from telephony.caller_number import caller_number
from telephony.clock import Clock
from telephony.errors import CarrierError, MessageNotSent, MessageRefused
from telephony.loopback import leads_to_loopback
from telephony.messages import proof as codes
from telephony.messages.message import (
    LANDLINE,
    OPTED_OUT,
    Kind,
    Message,
    Outcome,
    Report,
    after,
    in_words,
    refused,
    remedy,
)
from telephony.messages.recipient import recipient, refusal
from telephony.messages.store import Caps, MessageStore
from telephony.messages.text import checked
from telephony.outbound.rules import country_of
from telephony.settings import Settings
from telephony.twilio.rest.messages import MessageRequest, MessagesRest

log = structlog.get_logger()

REFUSED_S = 86_400
"""How long Twilio is believed that somebody has opted out: START may have reached it and not us."""
LINE_S = 30 * 86_400
"""How long it is believed what kind of line a number has."""
CODE_CAPS = Caps(per_call=codes.CODES, per_day=10)
CALLS_KEPT = 1_000
"""Of how many calls it is remembered what was proven in them."""

Tell = Callable[[str, str, bool], None]
"""Tells the agent of a call (its SID), if it is live here, a text; and whether it owes the caller words about it."""


@dataclass(frozen=True, slots=True)
class TextRules:
    """What an agent may write: to which hosts links may lead, how long, and how often."""

    links: tuple[str, ...] = ()
    most_segments: int = 3
    caps: Caps = field(default_factory=Caps)


ANY_TEXT = TextRules()


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of asking for a message. `again`: it had been sent before, and was not sent twice."""

    message: Message
    again: bool = False

    @property
    def failed(self) -> bool:
        """Whether it was certainly not sent, or has not arrived."""
        return self.message.outcome in (Outcome.REFUSED, Outcome.UNDELIVERED)

    @property
    def words(self) -> str:
        """The same, for the model."""
        return ("It was sent before, and is not sent twice. " if self.again else "") + in_words(self.message)


class Messaging:
    """See the module docstring. `base_url`: the address under which Twilio reaches this service."""

    def __init__(
        self, settings: Settings, clock: Clock, rest: MessagesRest | None, tell: Tell, base_url: Callable[[], str]
    ) -> None:
        self.settings, self.clock = settings, clock
        self.store = MessageStore(settings.data)
        self.proofs: dict[str, codes.Proof] = {}
        self._rest, self._tell, self._base_url = rest, tell, base_url
        self._group: asyncio.TaskGroup | None = None
        self._warned = False

    def of(self, call: IncomingCall) -> Messages:
        """The messages of one call."""
        return Messages(self, call)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While the context lasts, a message that is being sent outlives whoever asked for it."""
        async with asyncio.TaskGroup() as self._group:
            try:
                yield
            finally:
                self._group = None

    def ready(self) -> MessagesRest:
        """The client. Raises MessageRefused if messages cannot be sent as things are set up."""
        if self._rest is None:
            log.error("message_not_sent", remedy="set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")
            raise MessageRefused(
                "This service cannot send text messages. Offer to say what would be in it.", code="no_account"
            )
        return self._rest

    async def send(self, message: Message, sender: str, text: str, caps: Caps) -> Message:
        """Sends the message, unless it is known; returns it as it is stored then. Raises MessageRefused."""
        rest = self.ready()
        if (known := await self.store.known(message)) is not None:
            return known
        if self.settings.data is None and not self._warned:
            self._warned = True
            log.warning("messages_in_memory", remedy="set TELEPHONY_DATA, or a restart forgets who has opted out")
        await self._refuse_landline(rest, message.to)
        kept, new = await self.store.claim(message, caps)
        if not new:
            return kept
        request = MessageRequest(message.to, sender, text, self._status_url(message))
        if self._group is None:
            return await self._post(rest, message, request)
        posting = self._group.create_task(self._post(rest, message, request))
        try:
            return await asyncio.shield(posting)
        except asyncio.CancelledError:  # whoever asked was interrupted: the agent learns of it as news
            posting.add_done_callback(lambda done: self._told(done.result()) if not done.cancelled() else None)
            raise

    # --- for the webhooks -------------------------------------------------------------------------------------------

    async def report(self, message_id: str, report: Report) -> bool:
        """Notes what Twilio says of a message, and tells the agent what is new to it. False if there is none."""
        changed = await self.store.change(message_id, partial(after, report=report))
        if changed is None:
            return False
        before, now = changed
        log.info("message_report", message=now.id[:6], call_sid=now.call_sid, status=report.status, code=report.code)
        if now.outcome is not before.outcome:
            await self._remember(now)
            if now.outcome in (Outcome.DELIVERED, Outcome.UNDELIVERED):
                self._told(now)
        return True

    async def opted(self, number: str, out: bool) -> None:
        """The person has written STOP, or START."""
        log.info("message_opt_out" if out else "message_opt_in", pii_number=number)
        await (self.store.opt_out(number) if out else self.store.opt_in(number))

    # --- inside -----------------------------------------------------------------------------------------------------

    def _status_url(self, message: Message) -> str:
        base = self._base_url()
        known = base.startswith("https://") or leads_to_loopback(base)
        return f"{base}/twilio/messages/status/{message.id}" if base and known else ""

    async def _post(self, rest: MessagesRest, message: Message, request: MessageRequest) -> Message:
        """The message's one POST. Returns the message as it is stored then. Never raises."""
        try:
            state = await rest.send(request)
            change = partial(after, report=Report(state.sid, state.status, state.error_code))
        except MessageNotSent as error:
            change = partial(refused, code=error.carrier_code)
            log.warning("message_not_sent", message=message.id[:6], call_sid=message.call_sid, problem=str(error),
                        remedy=remedy(error.carrier_code))  # fmt: skip
        except CarrierError as error:
            log.warning("message_in_doubt", message=message.id[:6], call_sid=message.call_sid, problem=str(error))
            return message
        try:
            changed = await self.store.change(message.id, change)
            now = changed[1] if changed is not None else change(message)
            await self._remember(now)
        except MessageRefused as error:  # the record cannot be written any more, but the message is sent or not
            log.error("message_not_recorded", message=message.id[:6], problem=str(error))
            return change(message)
        if now.outcome is not Outcome.REFUSED:
            log.info("message_sent", message=now.id[:6], call_sid=now.call_sid, pii_to=now.to)
        return now

    async def _remember(self, message: Message) -> None:
        """What an error says about the number, for the next message."""
        now_s = self.clock.wall_s()
        if message.code in OPTED_OUT:
            await self.store.opt_out(message.to, now_s + REFUSED_S)
        if message.code in LANDLINE:
            await self.store.remember_line(message.to, True, now_s + LINE_S)

    async def _refuse_landline(self, rest: MessagesRest, number: str) -> None:
        now_s = self.clock.wall_s()
        landline = await self.store.is_landline(number, now_s)
        if landline is None and self.settings.sms_lookup:
            try:
                landline = await rest.line_type(number) == "landline"
            except CarrierError as error:  # Twilio will tell in another way
                log.warning("line_not_looked_up", code=error.code)
            else:
                await self.store.remember_line(number, landline, now_s + LINE_S)
        if landline:
            raise refusal("landline")

    def _told(self, message: Message) -> None:
        if message.kind is Kind.TEXT or message.outcome is not Outcome.DELIVERED:
            self._tell(message.call_sid, in_words(message), message.outcome in (Outcome.REFUSED, Outcome.UNDELIVERED))


class Messages:
    """The text messages of one call: to the person on the line, or to the number that they have proven."""

    def __init__(self, messaging: Messaging, call: IncomingCall) -> None:
        self._messaging, self._call = messaging, call

    @property
    def proof(self) -> codes.Proof:
        """What was proven in this call."""
        return self._messaging.proofs.get(self._call.call_sid, codes.Proof())

    async def send(self, text: str, *, key: str = "", rules: TextRules = ANY_TEXT, proven: bool = False) -> Sent:
        """Sends a text to the person's own number, or to the one they have `proven`. `key` stands for one message for
        ever (`ToolContext.idempotency_key`); without one, the text does in this call. Raises MessageRefused, in words
        for the model, if nothing was sent."""
        to, text = self.check(text, rules, proven=proven)
        digest = hashlib.sha256(text.encode()).hexdigest()
        message = self._message(to, key or f"{self._call.call_sid} {to} {digest}", digest, Kind.TEXT)
        stored = await self._messaging.send(message, self._sender(), text, rules.caps)
        return Sent(stored, again=stored.id != message.id)

    def check(self, text: str, rules: TextRules, *, proven: bool = False) -> tuple[str, str]:
        """(number, text) of a message that may be sent. Raises MessageRefused."""
        if proven and not self.proof.proven:
            raise MessageRefused("No number has been proven in this call.", code="not_proven")
        to = self._recipient(self.proof.number if proven else self._call.person)
        regions = {country_of(to), country_of(self._own)} - {""}
        return to, checked(text, links=rules.links, regions=regions, most_segments=rules.most_segments)

    async def send_code(self, number: str, text: str, *, key: str = "", on_file: bool = False) -> str:
        """Sends a code that proves a number (the person's own, if it is empty): `{code}` in `text`. Returns what came
        of it, in words for the model. Raises MessageRefused."""
        to = self._recipient(_e164(number, country_of(self._own)) if number else self._call.person)
        if why := codes.refusal(self.proof, to):
            raise MessageRefused(why, code="no_more_codes")
        code = f"{secrets.randbelow(10**codes.DIGITS):0{codes.DIGITS}d}"
        message = self._message(to, key, "", Kind.CODE)
        now = codes.sent(self.proof, to, code, self._messaging.clock.ms(), on_file=on_file)
        before = self.proof
        self._prove(now)  # before it is sent: the person may be quick
        try:
            sent = await self._messaging.send(message, self._sender(), text.replace("{code}", code), CODE_CAPS)
        except MessageRefused:
            self._prove(before)
            raise
        if sent.id != message.id or sent.outcome is Outcome.REFUSED:
            self._prove(before)
        if sent.outcome is Outcome.REFUSED:
            return in_words(sent)
        return f"A code was sent to the number that ends in {to[-2:]}. Ask the caller for its {codes.DIGITS} digits."

    def try_code(self, code: str) -> codes.Answer:
        """Compares what the person says with the code that was sent."""
        now, answer = codes.tried(self.proof, code, self._messaging.clock.ms())
        self._prove(now)
        log.info("code_tried", call_sid=self._call.call_sid, answer=answer.name)
        return answer

    # --- inside -----------------------------------------------------------------------------------------------------

    @property
    def _own(self) -> str:
        """The number of the service in this call."""
        return caller_number(self._call.caller if self._call.outbound else self._call.called)

    def _sender(self) -> str:
        sender = self._messaging.settings.sms_from or self._own
        if not sender:
            log.error("message_not_sent", call_sid=self._call.call_sid, remedy="set TELEPHONY_SMS_FROM")
            raise MessageRefused("This service has no number to send text messages from.", code="no_sender")
        return sender

    def _recipient(self, number: str) -> str:
        settings = self._messaging.settings
        if not self._call.call_sid:
            raise MessageRefused("Text messages can be sent in a phone call only.", code="no_call")
        return recipient(
            number, sender=self._sender(), own=self._own or self._sender(), countries=settings.sms_countries
        )

    def _message(self, to: str, key: str, digest: str, kind: Kind) -> Message:
        created_s = self._messaging.clock.wall_s()
        return Message(
            secrets.token_urlsafe(24), key or secrets.token_hex(16), self._call.call_sid, to, digest, created_s, kind
        )

    def _prove(self, now: codes.Proof) -> None:
        proofs = self._messaging.proofs
        proofs.pop(self._call.call_sid, None)
        proofs[self._call.call_sid] = now
        while len(proofs) > CALLS_KEPT:
            del proofs[next(iter(proofs))]


def _e164(number: str, country: str) -> str:
    """A number as somebody has said it, in E.164. Raises MessageRefused."""
    try:
        parsed = phonenumbers.parse(number, country or None)
    except phonenumbers.NumberParseException:
        raise refusal("number_invalid") from None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
