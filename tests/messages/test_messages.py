"""Sending messages over real sockets: what Twilio answers, what is never repeated, and what the agent is told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from telephony.agent import IncomingCall
from telephony.clock import Clock
from telephony.core.policy import Limits
from telephony.errors import MessageRefused
from telephony.messages.message import Message, Report
from telephony.messages.messages import Messages, Messaging, TextRules
from telephony.messages.proof import Answer
from telephony.messages.store import Caps
from telephony.settings import Settings
from telephony.testing.steady import SteadyClock
from telephony.twilio.rest.client import RestClient
from telephony.twilio.rest.messages import SEND_MS, MessageRequest, MessagesRest
from tests.messages.twilio_messages import SID, TOKEN, LocalMessages, local_messages

OWN, CALLER, OTHER = "+12025550100", "+12025550123", "+12025550124"
CALL = IncomingCall("CA1", CALLER, OWN)
CODE = "{code} is your code"


@dataclass(slots=True)
class Rig:
    """A service's messages, and what was told to agents: (call, text, whether to speak)."""

    twilio: LocalMessages
    messaging: Messaging
    told: list[tuple[str, str, bool]] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, *told: Any) -> None:
        self.told.append(told)
        self.heard.set()

    def call(self, **fields: Any) -> Messages:
        return self.messaging.of(replace(CALL, **fields))

    def report_url(self, post: int = -1) -> str:
        return self.twilio.posts[post]["StatusCallback"].rpartition("/")[2]


@asynccontextmanager
async def rigged(data: Path | None = None, speed: float = 20, **settings: Any) -> AsyncIterator[Rig]:
    clock = SteadyClock(speed)
    async with asyncio.timeout(30), local_messages() as twilio:
        client = RestClient(SID, TOKEN, twilio.base_url, clock)
        rig = Rig(twilio, None)  # type: ignore[arg-type]
        rig.messaging = Messaging(
            replace(Settings(), data=data, **settings), clock, MessagesRest(client, twilio.base_url),
            rig.tell, lambda: "https://calls.example.com",
        )  # fmt: skip
        try:
            async with rig.messaging.running():
                yield rig
        finally:
            await client.aclose()


async def refused(messages: Messages, text: str = "Hello", key: str = "k", **more: Any) -> str:
    """Why a message is refused."""
    with pytest.raises(MessageRefused) as error:
        await messages.send(text, key=key, **more)
    return error.value.code


async def test_a_message_goes_to_the_caller_from_the_number_that_was_called(tmp_path: Path) -> None:
    """With the address for reports, which nobody can guess."""
    async with rigged(tmp_path) as rig:
        words = (await rig.call().send("See you on Friday", key="k")).words
        assert words == "The text message to the number that ends in 23 is on its way."
        [post] = rig.twilio.posts
        url = post.pop("StatusCallback")
        assert re.fullmatch(r"https://calls\.example\.com/twilio/messages/status/[\w-]{32}", url)
        assert post == {"To": CALLER, "From": OWN, "Body": "See you on Friday"}


async def test_of_a_call_that_we_placed_it_goes_to_whom_we_called() -> None:
    async with rigged() as rig:
        await rig.call(caller=OWN, called=CALLER, direction="outbound-api").send("Hello", key="k")
        assert (rig.twilio.posts[0]["To"], rig.twilio.posts[0]["From"]) == (CALLER, OWN)


@pytest.mark.parametrize("sender", ["MG" + "a" * 32, "+12025550199"])
async def test_the_sender_may_be_set(sender: str) -> None:
    async with rigged(sms_from=sender) as rig:
        await rig.call().send("Hello", key="k")
        name = "MessagingServiceSid" if sender.startswith("MG") else "From"
        assert rig.twilio.posts[0][name] == sender


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"caller": "anonymous"}, "withheld"),
        ({"caller": "+266696687"}, "withheld"),
        ({"caller": ""}, "withheld"),
        ({"caller": "+19005551234"}, "premium"),
        ({"caller": "+4915112345678"}, "country"),
        ({"called": "sip:we@example.com"}, "no_sender"),
        ({"call_sid": ""}, "no_call"),
    ],
)
async def test_nothing_is_sent_to_a_caller_who_cannot_receive_it(fields: dict[str, str], code: str) -> None:
    async with rigged() as rig:
        assert await refused(rig.call(**fields)) == code
        assert rig.twilio.posts == []


async def test_without_keys_nothing_is_sent() -> None:
    messaging = Messaging(replace(Settings(), data=None), Clock(), None, lambda *told: None, lambda: "")
    assert await refused(messaging.of(CALL)) == "no_account"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("400 21610", "has asked for no more"),
        ("400 21614", "a landline"),
        ("400 21211", "no such number"),
        ("403 21408", "that country"),
        ("400 21606", "this service cannot send"),
        ("401 20003", "this service cannot send"),
        ("429 20429", "too many messages"),
        ("400 39999", "reason 39999"),
        ("500", "It is not known whether"),
        ("503 20503", "It is not known whether"),
        ("page", "It is not known whether"),
        ("400", "It is not known whether"),
        ("hangs", "It is not known whether"),
    ],
)
async def test_what_twilio_answers_in_words_and_with_one_request(answer: str, words: str) -> None:
    """Whatever it answers, or if it never does: the POST is not repeated."""
    async with rigged(speed=400 if answer == "hangs" else 20) as rig:
        rig.twilio.answers = [answer]
        assert words in (await rig.call().send("Hello", key="k")).words
        assert words in (await rig.call().send("Hello", key="k")).words
        assert len(rig.twilio.posts) == 1


async def test_without_a_connection_nothing_was_sent() -> None:
    async with rigged() as rig:
        client = RestClient(SID, TOKEN, "http://127.0.0.1:9", rig.messaging.clock)
        rig.messaging._rest = MessagesRest(client, "http://127.0.0.1:9")
        assert "was not sent" in (await rig.call().send("Hello", key="k")).words
        await client.aclose()


async def test_the_same_text_is_sent_once_in_a_call(tmp_path: Path) -> None:
    """Also if nothing is known of it, and after a restart. In another call it is another message."""
    async with rigged(tmp_path, speed=400) as rig:
        rig.twilio.answers = ["hangs"]
        assert "not known" in (await rig.call().send("Hello", key="k1")).words
        assert "not sent twice" in (await rig.call().send("Hello", key="k2")).words
        assert "not sent twice" in (await rig.call().send("  Hello\r\n", key="k3")).words
        assert len(rig.twilio.posts) == 1
    async with rigged(tmp_path) as rig:
        assert "not sent twice" in (await rig.call().send("Hello", key="k4")).words
        assert "on its way" in (await rig.call(call_sid="CA2").send("Hello", key="k5")).words
        assert len(rig.twilio.posts) == 1


async def test_many_at_once_send_one() -> None:
    async with rigged() as rig:
        said = await asyncio.gather(*(rig.call().send("Hello", key=f"k{n % 3}") for n in range(9)))
        assert len(rig.twilio.posts) == 1
        assert sum(one.again for one in said) == 8


async def test_what_was_certainly_not_sent_may_be_sent_when_asked_again() -> None:
    """But not with the same key."""
    async with rigged() as rig:
        rig.twilio.answers = ["429 20429"]
        assert "was not sent" in (await rig.call().send("Hello", key="k1")).words
        assert "was not sent" in (await rig.call().send("Hello", key="k1")).words
        assert "on its way" in (await rig.call().send("Hello", key="k2")).words
        assert len(rig.twilio.posts) == 2


async def test_caps_of_the_call_and_the_day(tmp_path: Path) -> None:
    rules = TextRules(caps=Caps(per_call=2, per_day=3))
    async with rigged(tmp_path) as rig:
        for n in range(2):
            await rig.call().send(f"Text {n}", key=f"k{n}", rules=rules)
        assert await refused(rig.call(), "Text 3", "k3", rules=rules) == "per_call"
        await rig.call(call_sid="CA2").send("Text", key="k4", rules=rules)
        assert await refused(rig.call(call_sid="CA3"), "Text", "k5", rules=rules) == "per_day"


async def test_twilio_is_believed_about_opt_outs_and_landlines() -> None:
    """The next message is not even tried."""
    async with rigged() as rig:
        rig.twilio.answers = ["400 21610", "400 21614"]
        await rig.call().send("Hello", key="k1")
        assert await refused(rig.call(), "Again", "k2") == "opted_out"
        await rig.call(caller=OTHER).send("Hello", key="k3")
        assert await refused(rig.call(caller=OTHER), "Again", "k4") == "landline"
        assert len(rig.twilio.posts) == 2


async def test_stop_and_start(tmp_path: Path) -> None:
    """Also for another process that shares the folder, and after a restart."""
    async with rigged(tmp_path) as rig, rigged(tmp_path) as other:
        await rig.messaging.opted(CALLER, out=True)
        assert await refused(other.call()) == "opted_out"
        await rig.messaging.opted(CALLER, out=False)
        assert "on its way" in (await other.call().send("Hello", key="k")).words


async def test_lookup_tells_landlines_apart_once_for_each_number() -> None:
    """If it fails, the message is tried."""
    async with rigged(sms_lookup=True) as rig:
        rig.twilio.lines = {CALLER: "landline", OTHER: "mobile"}
        for _ in range(2):
            assert await refused(rig.call()) == "landline"
        for n in range(2):
            await rig.call(caller=OTHER).send(f"Text {n}", key=f"k{n}")
        await rig.call(caller="+12025550125").send("Hello", key="k")
        assert rig.twilio.looked_up == [CALLER, OTHER, "+12025550125"]
        assert len(rig.twilio.posts) == 3


async def test_the_agent_is_told_what_became_of_a_message() -> None:
    """Failures are to be spoken of; what arrives is only known; each once, however often it is reported."""
    async with rigged() as rig:
        await rig.call().send("One", key="k1")
        await rig.call().send("Two", key="k2")
        for _ in range(2):
            for post, status, code in ((0, "sent", 0), (0, "undelivered", 30006), (1, "delivered", 0), (0, "sent", 0)):
                sid = f"SM{post + 1:032d}"
                assert await rig.messaging.report(rig.report_url(post), Report(sid, status, code))
        [(call, failure, speak), (_, arrival, silent)] = rig.told
        assert (call, speak, silent) == ("CA1", True, False)
        assert "did not arrive" in failure
        assert "landline" in failure
        assert "has arrived" in arrival
        assert await refused(rig.call(), "Three", "k3") == "landline"
        assert not await rig.messaging.report("somebody-elses-id", Report("SM1", "failed"))


async def test_a_report_tells_what_the_answer_did_not() -> None:
    """The POST was never answered; the report comes all the same."""
    async with rigged(speed=400) as rig:
        rig.twilio.answers = ["hangs"]
        await rig.call().send("Hello", key="k1")
        await rig.messaging.report(rig.report_url(), Report("SM7", "delivered"))
        assert rig.told == [("CA1", "The text message has arrived at the number that ends in 23.", False)]
        assert "has arrived" in (await rig.call().send("Hello", key="k2")).words


async def test_a_tool_that_is_interrupted_does_not_lose_the_message() -> None:
    """It is sent to the end, once, and the agent learns what came of it."""
    async with rigged() as rig:
        rig.twilio.answers = ["hangs"]
        asking = asyncio.create_task(rig.call().send("Hello", key="k1"))
        await rig.twilio.come.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        rig.twilio.leave.set()
        await rig.heard.wait()
        assert rig.told == [("CA1", "The text message to the number that ends in 23 is on its way.", False)]
        assert "not sent twice" in (await rig.call().send("Hello", key="k2")).words
        assert len(rig.twilio.posts) == 1


async def test_a_tool_that_is_interrupted_while_its_message_is_stored_does_not_lose_it() -> None:
    """Whatever is stored is sent: otherwise it could never be sent again. What is refused then is told, too."""
    async with rigged() as rig:
        store, claimed, leave = rig.messaging.store, asyncio.Event(), asyncio.Event()
        claim = store.claim

        async def slowly(message: Message, caps: Caps) -> tuple[Message, bool]:
            try:
                return await claim(message, caps)
            finally:
                claimed.set()
                await leave.wait()

        store.claim = slowly  # type: ignore[method-assign]
        for key, words in (("k1", "is on its way"), ("k2", "no more text messages")):
            asking = asyncio.create_task(rig.call().send(key, key=key, rules=TextRules(caps=Caps(per_call=1))))
            await claimed.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            leave.set()
            await rig.heard.wait()
            assert words in rig.told[-1][1]
            for event in (claimed, leave, rig.heard):
                event.clear()
        assert [speak for _, _, speak in rig.told] == [False, True]
        assert len(rig.twilio.posts) == 1


async def test_what_nobody_has_thought_of_ends_no_service() -> None:
    """An answer that Python cannot even read: the message is in doubt, and others can be sent."""
    async with rigged() as rig:
        rig.twilio.answers = ["nested"]
        assert "It is not known" in (await rig.call().send("Hello", key="k1")).words
        assert "on its way" in (await rig.call().send("Again", key="k2")).words


async def test_a_code_that_may_not_have_been_sent_is_not_said_to_be() -> None:
    async with rigged() as rig:
        rig.twilio.answers = ["500"]
        assert "not known" in await rig.call().send_code("", CODE, key="k1")
        assert rig.call().try_code(code_in(rig)) is Answer.PROVEN


async def test_a_code_that_is_refused_leaves_a_later_one_good() -> None:
    """The model asks for two at once; Twilio refuses the first when the second is sent already."""
    async with rigged() as rig:
        rig.twilio.answers = ["hangs 400 21611"]
        first = asyncio.create_task(rig.call().send_code("", CODE, key="k1"))
        await rig.twilio.come.wait()
        await rig.call().send_code("", CODE, key="k2")
        rig.twilio.leave.set()
        assert "too many messages" in await first
        assert rig.call().try_code(code_in(rig)) is Answer.PROVEN


def contains(folder: Path, text: str) -> bool:
    return any(text.encode() in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def code_in(rig: Rig) -> str:
    found = re.match(r"\d{6}", rig.twilio.posts[-1]["Body"])
    assert found is not None
    return found[0]


async def test_a_code_proves_a_number(tmp_path: Path) -> None:
    """The number may then be written to. The code is nowhere but in the message: not on the disk, not in the words."""
    async with rigged(tmp_path) as rig:
        assert await refused(rig.call(), proven=True) == "not_proven"
        words = await rig.call().send_code("(202) 555-0124", CODE, key="k1")
        assert "ends in 24" in words
        code = code_in(rig)
        assert code not in words
        assert not contains(tmp_path, code)
        assert rig.call().try_code("x") is Answer.NOT_A_CODE
        assert rig.call().try_code(" ".join(code)) is Answer.PROVEN
        assert "ends in 24" in (await rig.call().send("Hello", key="k2", proven=True)).words
        assert rig.twilio.posts[-1]["To"] == OTHER
        assert await refused(rig.call(call_sid="CA2"), proven=True) == "not_proven"


async def test_one_number_and_two_codes_in_a_call() -> None:
    async with rigged() as rig:
        calls = rig.call()
        await calls.send_code(OTHER, CODE, key="k1")
        first = code_in(rig)
        with pytest.raises(MessageRefused, match="another number"):
            await calls.send_code("", CODE, key="k2")
        await calls.send_code(OTHER, CODE, key="k3")
        assert calls.try_code(first) is (Answer.WRONG if first != code_in(rig) else Answer.PROVEN)
        with pytest.raises(MessageRefused, match="No more codes"):
            await calls.send_code(OTHER, CODE, key="k4")
        assert len(rig.twilio.posts) == 2


@pytest.mark.parametrize("number", ["911", "+1 900 555 1234", "112", "+44 7400 123456", "my number", "1;DROP TABLE"])
async def test_no_code_goes_to_a_number_that_must_not_be_written_to(number: str) -> None:
    async with rigged() as rig:
        with pytest.raises(MessageRefused):
            await rig.call().send_code(number, CODE, key="k1")
        assert rig.twilio.posts == []
        assert "No code" in rig.call().try_code("123456")


async def test_a_code_that_was_not_sent_uses_up_nothing() -> None:
    async with rigged() as rig:
        rig.twilio.answers = ["400 21211"]
        assert "was not sent" in await rig.call().send_code(OTHER, CODE, key="k1")
        assert "A code was sent" in await rig.call().send_code(CALLER, CODE, key="k2")


def test_the_tool_has_time_for_the_answer() -> None:
    """Otherwise a slow answer would be nobody's."""
    assert Limits().tool_ms > SEND_MS


def test_the_form_is_the_one_that_the_sdk_sends() -> None:
    """But for the fields that we do not use."""
    twilio = pytest.importorskip("twilio.rest")
    sent: list[dict[str, str]] = []

    class Http:
        def request(self, method: str, url: str, data: Any = None, **more: Any) -> Any:
            sent.append(data)
            raise InterruptedError

    client = twilio.Client(SID, TOKEN, http_client=Http())
    for sender in ({"from_": OWN}, {"messaging_service_sid": "MG1"}):
        with pytest.raises(InterruptedError):
            client.messages.create(to=CALLER, body="Hello", status_callback="https://x.example/s", **sender)
        request = MessageRequest(CALLER, next(iter(sender.values())), "Hello", "https://x.example/s")
        assert dict(request.form()) == sent[-1]
