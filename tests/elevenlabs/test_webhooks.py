"""Webhooks of the Agents platform on a real socket: register-call, personalization, post-call events."""

from __future__ import annotations

import asyncio
import functools
import json
import threading
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from elevenlabs import ElevenLabs
from elevenlabs.errors import BadRequestError
from elevenlabs.types import ConversationInitiationClientDataRequestInput
from starlette.applications import Starlette

from telephony.agent import Agent, AgentSource, IncomingCall, ManagedAgent
from telephony.app.app import create_app
from telephony.elevenlabs import agents_codec
from telephony.elevenlabs.agents_rest import DEADLINE_MS, PAUSE_MS
from telephony.elevenlabs.connection import BUSY_MS
from telephony.elevenlabs.post_call import BadSignature, PostCall, Signature, file_name, sign
from telephony.elevenlabs.webhooks.routes import ANSWER_MS, PlatformWebhooks, WebhookSettings
from telephony.elevenlabs.webhooks.store import BODY_MS, MAX_BYTES, WebhookStore
from telephony.errors import ProviderError, ProviderTimeout, ProviderUnavailable
from telephony.testing.fakes.elevenlabs.agents import LocalAgent
from telephony.testing.fakes.elevenlabs.agents_webhooks import deliver, personalization, post_call
from telephony.testing.fakes.openai.server import CallTool, Part, Say
from telephony.testing.stack import Stack, local_stack
from telephony.testing.steady import SteadyClock
from telephony.uploads import CONCURRENT, PER_PEER, TooMany, Uploads
from tests.elevenlabs.sdk_types import strict

SECRET, KEY = "wsec_test_secret", "a-platform-key"
events: list[PostCall] = []
failing = [0]


async def after_call(event: PostCall) -> None:
    if failing[0]:
        failing[0] -= 1
        raise RuntimeError("a bug of the user's")
    events.append(event)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    events.clear()
    failing[0] = 0


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def arrived(count: int) -> None:
    """Waits until the hook has been called with `count` events."""
    while len(events) < count:  # noqa: ASYNC110  (the hook is called in another task, whose loop is the app's)
        await asyncio.sleep(0.005)


def stack(
    agents: AgentSource, tmp_path: Path | None = None, platform: LocalAgent | None = None, speed: float = 10
) -> AbstractAsyncContextManager[Stack]:
    return local_stack(
        agents, clock=SteadyClock(speed), platform={"agent_1": platform or LocalAgent()}, platform_key=KEY,
        data=tmp_path, elevenlabs_webhook_secret=SECRET, after_call="tests.elevenlabs.test_webhooks:after_call",
    )  # fmt: skip


def event(kind: str = "post_call_transcription", conversation: str = "conv_1") -> dict[str, Any]:
    return {"type": kind, "event_timestamp": 1, "data": {"conversation_id": conversation, "agent_id": "agent_1"}}


def post_url(s: Stack) -> str:
    return f"{s.service.base_url}/elevenlabs/post-call"


# --- register-call ------------------------------------------------------------------------------------------------


def respond(body: dict[str, Any]) -> list[Part]:
    if "bye" in str(body["messages"][-1]["content"]):
        return [Say("Goodbye!"), CallTool("end_call", {"reason": "done"})]
    return [Say("We open at nine.")]


@pytest.mark.parametrize("quoted", [False, True])
async def test_a_registered_call_is_handled_by_the_platform(tmp_path: Path, quoted: bool) -> None:
    """The platform's TwiML is passed to the carrier unchanged; its webhook later delivers the transcript."""
    platform = LocalAgent(first_message="Hi {{name}}!", respond=respond, variables=("name",))
    agent = ManagedAgent("agent_1", mode="register", variables={"name": "Ada"})
    async with asyncio.timeout(60), stack(agent, tmp_path, platform) as s:
        agents = s.elevenlabs.agents
        agents.faults.quoted_twiml = quoted
        agents.after_call = functools.partial(post_call, url=post_url(s), secret=SECRET)
        phone = await s.dial()
        await phone.agent_speaking()
        await phone.agent_silent(for_ms=500)
        await s.says(phone, "thank you bye")
        await phone.ended()
        await arrived(1)
        assert (phone.outcome, phone.violations) == ("completed", [])
        assert s.service.registry.calls == {}
        variables = agents.seen.conversations[0].initiation["dynamic_variables"]
        assert variables == {"caller": "+15551230000", "called": "+15559870000", "call_id": phone.sid, "name": "Ada"}
        said = [(x["role"], x["message"]) for x in events[0].data["transcript"] if x["message"]]
        assert said == [("agent", "Hi Ada!"), ("user", "thank you bye"), ("agent", "Goodbye!")]


async def test_a_call_that_cannot_be_registered_goes_to_the_fallback() -> None:
    """Without a fallback the caller hears an apology."""
    fallback = Agent(prompt="You are a test.", greeting="This is ours.")
    agents = iter(
        [ManagedAgent("agent_1", mode="register", fallback=fallback), ManagedAgent("agent_1", mode="register")]
    )
    async with asyncio.timeout(60), stack(lambda call: next(agents)) as s:
        s.elevenlabs.agents.faults.register_status = 500
        phone = await s.dial()
        tape = await s.tape(phone)
        await tape.until(lambda: ("agent", "This is ours.") in tape.lines)
        await phone.hang_up()
        phone = await s.dial()
        await phone.ended()
        assert "technical trouble" in phone.spoken[0]


@pytest.mark.parametrize("failure", [429, 500, 0])
async def test_registering_is_tried_twice(failure: int) -> None:
    """After 429, 500 or a broken connection (0) the call becomes the platform's all the same."""
    async with asyncio.timeout(60), stack(ManagedAgent("agent_1", mode="register")) as s:
        faults = s.elevenlabs.agents.faults
        faults.register_failures = [failure]
        began = s.clock.ms()
        twiml = await s.service.agents_rest.register_call(ManagedAgent("agent_1"), IncomingCall("CA1", "+1", "+2"))
        assert "conversation_id" in twiml
        assert faults.register_failures == []
        assert s.clock.ms() - began >= (BUSY_MS if failure == 429 else PAUSE_MS) - 1


@pytest.mark.parametrize("failures", [[500, 500, 500], [401, 500]])
async def test_registering_is_tried_no_more_than_twice(failures: list[int]) -> None:
    """The phone is ringing; and a refusal is final."""
    async with asyncio.timeout(60), stack(ManagedAgent("agent_1", mode="register")) as s:
        s.elevenlabs.agents.faults.register_failures = list(failures)
        with pytest.raises(ProviderError):
            await s.service.agents_rest.register_call(ManagedAgent("agent_1"), IncomingCall("CA1", "+1", "+2"))
        assert s.elevenlabs.agents.faults.register_failures == [500]


async def test_registering_is_not_repeated_after_a_timeout() -> None:
    """The caller has waited for three seconds by then; Twilio gives up after fifteen."""
    async with asyncio.timeout(60), stack(ManagedAgent("agent_1", mode="register")) as s:
        s.elevenlabs.agents.faults.register_hang = True
        began = s.clock.ms()
        with pytest.raises(ProviderTimeout):
            await s.service.agents_rest.register_call(ManagedAgent("agent_1"), IncomingCall("CA1", "+1", "+2"))
        assert s.clock.ms() - began < DEADLINE_MS * 1.5


async def test_an_outbound_call_is_requested_once() -> None:
    """The request may have been carried out, and nobody wants to be called twice."""
    async with stack(ManagedAgent("agent_1")) as s:
        s.elevenlabs.agents.faults.register_failures = [500, 500]
        with pytest.raises(ProviderUnavailable):
            await s.service.agents_rest.outbound_call(ManagedAgent("agent_1"), "phnum_1", "+15550001111")
        assert s.elevenlabs.agents.faults.register_failures == [500]


async def test_an_outbound_call_through_the_platform() -> None:
    """The platform dials; the request has only keys that the vendor's types define."""
    async with stack(ManagedAgent("agent_1")) as s:
        call = await s.service.agents_rest.outbound_call(
            ManagedAgent("agent_1", variables={"name": "Ada"}), "phnum_1", "+15550001111"
        )
        assert call.conversation_id.startswith("conv_")
        assert call.call_sid.startswith("CA")
        assert s.elevenlabs.agents.seen.violations == []


# --- personalization ----------------------------------------------------------------------------------------------


async def test_personalization_returns_the_agents_data() -> None:
    """Variables, overrides and the facts of the call, in the vendor's format; the key is required."""
    asked: list[IncomingCall] = []

    def choose(call: IncomingCall) -> ManagedAgent:
        asked.append(call)
        return ManagedAgent("agent_1", variables={"name": "Ada"}, overrides={"agent": {"language": "de"}}, user_id="u")

    async with stack(choose) as s:
        url = f"{s.service.base_url}/elevenlabs/personalization"
        began = s.clock.ms()
        answer = await personalization(url, KEY, "agent_1", caller="+1555", called="+1666")
        assert s.clock.ms() - began < ANSWER_MS
        body = answer.json()
        assert body.pop("type") == "conversation_initiation_client_data"
        assert body["dynamic_variables"] == {
            "caller": "+1555", "called": "+1666", "call_id": asked[0].call_sid, "name": "Ada",
        }  # fmt: skip
        strict(ConversationInitiationClientDataRequestInput, body)
        assert (await personalization(url, "wrong", "agent_1", caller="", called="")).status_code == 401
        async with httpx2.AsyncClient(trust_env=False) as http:
            plain = await http.post(url, json={"caller_id": None}, headers={"X-Telephony-Key": KEY})
            assert plain.status_code == 200
            assert (await http.post(url, content=b"[", headers={"X-Telephony-Key": KEY})).status_code == 400


async def hangs(call: IncomingCall) -> ManagedAgent:
    await asyncio.Event().wait()
    raise AssertionError


release = threading.Event()


def blocks(call: IncomingCall) -> ManagedAgent:
    release.wait(60)
    raise AssertionError


def raises(call: IncomingCall) -> ManagedAgent:
    raise RuntimeError("a bug of the user's")


@pytest.mark.parametrize("choose", [hangs, blocks, raises])
async def test_personalization_survives_the_users_code(choose: Any) -> None:
    """If the agent function hangs, blocks or raises, the answer lacks its data but arrives in time."""
    release.clear()
    async with stack(choose) as s:
        url = f"{s.service.base_url}/elevenlabs/personalization"
        began = s.clock.ms()
        answer = await personalization(url, KEY, "agent_1", caller="+1555", called="+1666")
        assert s.clock.ms() - began < ANSWER_MS + 300
        release.set()
        assert answer.status_code == 200
        assert answer.json()["dynamic_variables"]["caller"] == "+1555"


def test_client_data_has_only_the_vendors_keys() -> None:
    """Every override that an agent may set is a field of the vendor's types, at every depth."""
    agent = ManagedAgent(
        "agent_1", variables={"a": 1}, extra_body={"b": 2}, user_id="u",
        overrides={
            "agent": {"first_message": "Hi", "language": "en", "prompt": {"prompt": "P"},
                      "max_conversation_duration_message": "Bye"},
            "tts": {"voice_id": "v", "model_id": "eleven_flash_v2_5", "stability": 0.5, "speed": 1.0,
                    "similarity_boost": 0.7},
            "asr": {"keywords": ["Ada"]}, "turn": {"soft_timeout_config": {"message": "Hm"}},
            "conversation": {"text_only": False, "max_duration_seconds": 60},
        },
    )  # fmt: skip
    data = agents_codec.initiation(agent, IncomingCall("CA1", "+1", "+2"))
    del data["type"]
    strict(ConversationInitiationClientDataRequestInput, data)


# --- after a call -------------------------------------------------------------------------------------------------


async def test_an_event_is_stored_and_delivered_once(tmp_path: Path) -> None:
    """Repeated and concurrent deliveries are one event; another type for the same call is a different event."""
    async with asyncio.timeout(60), stack(ManagedAgent("agent_1"), tmp_path) as s:
        same = [
            deliver(post_url(s), SECRET, event(), header=h) for h in ("elevenlabs-signature", "ElevenLabs-Signature")
        ]
        answers = [r.json()["status"] for r in await asyncio.gather(*same)]
        assert sorted(answers) == ["known", "received"]
        await arrived(1)
        assert (await deliver(post_url(s), SECRET, event("post_call_audio"))).json() == {"status": "received"}
        await arrived(2)
        assert (await deliver(post_url(s), SECRET, event())).json() == {"status": "known"}
        assert [(x.kind, x.conversation_id) for x in events] == [
            ("post_call_transcription", "conv_1"), ("post_call_audio", "conv_1"),
        ]  # fmt: skip
    done = sorted(path.name for path in (tmp_path / "post-call" / "done").iterdir())
    assert done == ["post_call_audio.conv_1.json", "post_call_transcription.conv_1.json"]


async def test_nothing_is_lost_when_the_hook_fails_or_we_stop(tmp_path: Path) -> None:
    """A hook that raises is called again; events that were not delivered are delivered after a restart."""
    failing[0] = 1
    async with asyncio.timeout(60), stack(ManagedAgent("agent_1"), tmp_path) as s:
        await deliver(post_url(s), SECRET, event())
        await arrived(1)
        failing[0] = 1_000
        await deliver(post_url(s), SECRET, event(conversation="conv_2"))
    failing[0] = 0
    store = WebhookStore(tmp_path / "post-call", after_call, SteadyClock(10))
    store.prepare()
    delivering = asyncio.create_task(store.run())
    await arrived(2)
    delivering.cancel()
    assert [x.conversation_id for x in events] == ["conv_1", "conv_2"]


async def test_a_hook_that_hangs_is_not_called_twice(tmp_path: Path) -> None:
    """A call that timed out counts once it returns; its thread does not block the delivery of other events."""
    gate, asked = threading.Event(), list[str]()

    def hook(event: PostCall) -> None:
        asked.append(event.conversation_id)
        if event.conversation_id == "conv_1":
            assert gate.wait(60)

    store = WebhookStore(tmp_path, hook, SteadyClock(1_000))
    for name in ("conv_1", "conv_2"):
        body = json.dumps(event(conversation=name)).encode()
        await store.take(pieces(body), Signature(sign(SECRET, body, int(time.time())), SECRET, time.time()))
    delivering = asyncio.create_task(store.run())
    async with asyncio.timeout(60):
        while asked != ["conv_1", "conv_2"]:  # noqa: ASYNC110  (changed by a thread)
            await asyncio.sleep(0.005)
        gate.set()
        while len(list((tmp_path / "done").iterdir())) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    delivering.cancel()
    assert asked == ["conv_1", "conv_2"]


@pytest.mark.parametrize("raises", [SystemExit(3), asyncio.CancelledError(), KeyboardInterrupt()])
async def test_a_hook_that_exits_is_a_hook_that_failed(tmp_path: Path, raises: BaseException) -> None:
    """It is called again, and nobody else notices."""
    raised, delivered = [raises], asyncio.Event()

    async def hook(event: PostCall) -> None:
        if raised:
            raise raised.pop()
        delivered.set()

    store = WebhookStore(tmp_path, hook, SteadyClock(1_000))
    body = json.dumps(event()).encode()
    await store.take(pieces(body), Signature(sign(SECRET, body, int(time.time())), SECRET, time.time()))
    delivering = asyncio.create_task(store.run())
    async with asyncio.timeout(60):
        await delivered.wait()
    assert not delivering.done()
    delivering.cancel()


async def test_without_a_disk_webhooks_are_refused_and_calls_are_taken(tmp_path: Path) -> None:
    """While the directory cannot be created the answer is 503, after which the platform tries again."""
    (tmp_path / "post-call").write_text("in the way")
    async with asyncio.timeout(60), stack(ManagedAgent("agent_1"), tmp_path) as s:
        assert (await deliver(post_url(s), SECRET, event())).status_code == 503
        (tmp_path / "post-call").unlink()
        assert (await deliver(post_url(s), SECRET, event())).status_code == 200
        await arrived(1)


async def test_a_large_body_is_accepted(tmp_path: Path) -> None:
    """The audio of a call: several megabytes, signed over the raw bytes."""
    async with asyncio.timeout(60), stack(ManagedAgent("agent_1"), tmp_path) as s:
        big = event("post_call_audio")
        big["data"]["full_audio"] = "QUJD" * 1_000_000
        assert (await deliver(post_url(s), SECRET, big)).status_code == 200
        await arrived(1)
        assert len(events[0].data["full_audio"]) == 4_000_000


async def sent_slowly(s: Stack, path: str, headers: str, body: bytes = b"{") -> tuple[bytes, asyncio.StreamWriter]:
    """Sends a body that never ends; returns the status line of the answer, and the writer."""
    reader, writer = await asyncio.open_connection(*s.service.base_url.removeprefix("http://").split(":"))
    head = f"POST /elevenlabs/{path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n{headers}\r\n\r\n"
    writer.write(head.encode() + f"{len(body):x}\r\n".encode() + body + b"\r\n")
    return await reader.readline(), writer


@pytest.mark.parametrize(
    ("path", "headers"), [("personalization", f"X-Telephony-Key: {KEY}"), ("post-call", "ElevenLabs-Signature: {}")]
)
async def test_a_body_that_never_ends_times_out(tmp_path: Path, path: str, headers: str) -> None:
    """The answer is 408, and nothing is stored."""
    async with asyncio.timeout(60), stack(ManagedAgent("agent_1"), tmp_path, speed=100) as s:
        line, writer = await sent_slowly(s, path, headers.format(f"t={int(time.time())},v0=00"))
        assert b" 408 " in line
        writer.close()
    assert [file for file in (tmp_path / "post-call").rglob("*") if file.is_file()] == []


@pytest.mark.parametrize(
    "path",
    ["/elevenlabs/personalization", "/elevenlabs/post-call", "/v1/chat/completions", "/twilio/voice", "/twilio/status"],
)
async def test_a_client_that_leaves_while_it_sends_is_no_refusal(tmp_path: Path, path: str) -> None:
    """Every endpoint takes it alike: 499 for the access log, no warning, and nothing is stored."""
    signature = f"t={int(time.time())},v0=00".encode()
    headers = [(b"authorization", f"Bearer {KEY}".encode()), (b"elevenlabs-signature", signature)]
    sent, received = list[Any](), iter([{"type": "http.request", "body": b"{", "more_body": True}])

    async def receive() -> Any:
        return next(received, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        sent.append(message)

    with structlog.testing.capture_logs() as lines:
        agent = Agent(prompt="You are a test.")
        async with stack(agent) as s:
            app = create_app(replace(s.service.settings, data=tmp_path), clock=s.clock, agents=agent)
            async with app.router.lifespan_context(app):
                await app({"type": "http", "method": "POST", "path": path, "headers": headers}, receive, send)
    assert sent[0]["status"] == 499
    assert [line["event"] for line in lines if line["event"].endswith("_refused")] == []
    assert [file for file in (tmp_path / "post-call").rglob("*") if file.is_file()] == []


async def test_a_body_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """By its Content-Length or by the bytes received; nothing stays on disk."""
    genuine = f"t={int(time.time())},v0=00"
    async with asyncio.timeout(60), stack(ManagedAgent("agent_1"), tmp_path) as s, httpx2.AsyncClient() as http:

        async def endless() -> AsyncIterator[bytes]:
            for _ in range(MAX_BYTES // 2**20 + 1):
                yield b"x" * 2**20

        for content in (endless(), b"x" * (MAX_BYTES + 1)):
            with suppress(httpx2.TransportError):  # the client may still be sending when we close
                answer = await http.post(post_url(s), content=content, headers={"ElevenLabs-Signature": genuine})
                assert answer.status_code == 413
        personal = f"{s.service.base_url}/elevenlabs/personalization"
        big = await http.post(personal, content=b"x" * 70_000, headers={"X-Telephony-Key": KEY})
        assert big.status_code == 413
    assert [file for file in (tmp_path / "post-call").rglob("*") if file.is_file()] == []


async def test_concurrent_uploads_are_limited(tmp_path: Path) -> None:
    """Further uploads raise TooMany, so unauthenticated senders can fill neither disk nor memory."""
    gate, header = asyncio.Event(), f"t={int(time.time())},v0=00"

    async def held() -> AsyncIterator[bytes]:
        yield b"{"
        await gate.wait()

    store = WebhookStore(tmp_path, None, SteadyClock(20))
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        uploads = [
            group.create_task(_refused(store.take(held(), Signature(header, SECRET, time.time()))))
            for _ in range(CONCURRENT)
        ]
        while len(list((tmp_path / "coming").glob("*"))) < CONCURRENT:  # noqa: ASYNC110  (files appear on disk)
            await asyncio.sleep(0.005)
        with pytest.raises(TooMany):
            await store.take(held(), Signature(header, SECRET, time.time()))
        gate.set()
    assert [type(task.result()) for task in uploads] == [BadSignature] * CONCURRENT
    assert list((tmp_path / "coming").glob("*")) == []


HEADER = "ElevenLabs-Signature: t={},v0=00"


async def standing_still(s: Stack, count: int, body: bytes) -> list[asyncio.StreamWriter]:
    """So many uploads of which no more than `body` comes."""
    writers = []
    for _ in range(count):
        _, writer = await asyncio.open_connection(*s.service.base_url.removeprefix("http://").split(":"))
        head = f"POST /elevenlabs/post-call HTTP/1.1\r\nHost: x\r\n{HEADER.format(int(time.time()))}\r\n"
        writer.write(f"{head}Content-Length: 9999\r\n\r\n".encode() + body)
        await writer.drain()
        writers.append(writer)
    return writers


@pytest.mark.parametrize("body", [b"", b"{"], ids=["no byte", "one byte"])
@pytest.mark.parametrize("count", [CONCURRENT, 20])
async def test_uploads_that_stand_still_keep_no_genuine_one_out(tmp_path: Path, count: int, body: bytes) -> None:
    """One that has brought no byte has no slot; one that brings no more makes room within a second or two."""
    async with asyncio.timeout(60), stack(ManagedAgent("agent_1"), tmp_path) as s:
        writers = await standing_still(s, count, body)
        began = s.clock.ms()
        while (answer := await deliver(post_url(s), SECRET, event())).status_code == 503:
            assert s.clock.ms() - began < BODY_MS
            await s.clock.sleep(50)  # the platform tries again
        assert answer.status_code == 200
        assert s.clock.ms() - began < BODY_MS
        for writer in writers:
            writer.close()


async def test_one_address_leaves_a_slot_to_others(tmp_path: Path) -> None:
    """Another address, as a trusted proxy tells it, is let in at once; the same one has to wait."""
    uploads = Uploads(SteadyClock(10))
    for _ in range(PER_PEER):
        await uploads.enter("10.0.0.1")
    with pytest.raises(TooMany):
        await uploads.enter("10.0.0.1")
    upload = await uploads.enter("10.0.0.2")
    with pytest.raises(TooMany):
        await uploads.enter("10.0.0.3")
    uploads.leave(upload)
    await uploads.enter("10.0.0.3")


@pytest.mark.parametrize("trusted", [True, False])
async def test_the_address_of_an_upload_is_that_behind_a_trusted_proxy(tmp_path: Path, trusted: bool) -> None:
    asked = list[str]()

    class Watched(WebhookStore):
        async def take(self, pieces: Any, signature: Signature, peer: str = "") -> tuple[PostCall, bool]:
            asked.append(peer)
            return await super().take(pieces, signature, peer)

    settings = WebhookSettings(secret=SECRET, trusted_proxies=("127.0.0.1",) if trusted else ())
    webhooks = PlatformWebhooks(settings, ManagedAgent("a"), Watched(tmp_path, None, SteadyClock()), SteadyClock())
    transport = httpx2.ASGITransport(Starlette(routes=webhooks.routes()))
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as http:
        body = json.dumps(event()).encode()
        headers = {"elevenlabs-signature": sign(SECRET, body, int(time.time())), "x-forwarded-for": "9.9.9.9, 10.0.0.7"}
        assert (await http.post("/elevenlabs/post-call", content=body, headers=headers)).status_code == 200
    assert asked == ["10.0.0.7" if trusted else "127.0.0.1"]


async def _refused(upload: Any) -> Exception:
    try:
        await upload
    except BadSignature as error:
        return error
    raise AssertionError


async def test_refused_events_leave_nothing_on_disk(tmp_path: Path) -> None:
    """Wrong secret, old or future timestamp, no signature, not an event: refused, and the hook is not called."""
    async with stack(ManagedAgent("agent_1"), tmp_path) as s:
        now = int(time.time())
        statuses = [
            (await deliver(post_url(s), "wrong", event())).status_code,
            (await deliver(post_url(s), SECRET, event(), at_s=now - 31 * 60)).status_code,
            (await deliver(post_url(s), SECRET, event(), at_s=now + 6 * 60)).status_code,
            (await deliver(post_url(s), SECRET, {"type": None})).status_code,
            (await deliver(post_url(s), SECRET, event(), header="X-Other")).status_code,
        ]
        assert statuses == [401, 401, 401, 400, 401]
    assert [path for path in (tmp_path / "post-call").rglob("*") if path.is_file()] == []
    assert events == []


def test_signatures_match_the_vendors() -> None:
    """The published vector; the vendor's SDK accepts our signature; spaces and upper case are allowed."""
    body = b'{"type":"post_call_transcription","event_timestamp":1760000000,"data":{}}'
    header = sign(SECRET, body, 1_760_000_000)
    digest = "afcc36701915cb664f9ae646d77357d6664a8da842a1eaf721f84b6f144f2dc6"
    assert header == f"t=1760000000,v0={digest}"
    for spelling in (header, f"v0={digest.upper()}, t=1760000000", f" t=1760000000 , v0={digest}"):
        signature = Signature(spelling, SECRET, 1_760_000_100)
        for at in range(0, len(body), 7):
            signature.update(body[at : at + 7])
        signature.check()
    fresh = sign(SECRET, body, int(time.time()))
    assert ElevenLabs(api_key="x").webhooks.construct_event(body.decode(), fresh, SECRET) == json.loads(body)


BODY = b'{"type":"post_call_audio"}'


def ours(header: str) -> bool:
    """Whether our check accepts `header` for `BODY`."""
    try:
        signature = Signature(header, SECRET, time.time())
        signature.update(BODY)
        signature.check()
    except BadSignature:
        return False
    return True


def theirs(header: str) -> bool:
    """The same for the vendor's check."""
    try:
        ElevenLabs(api_key="x").webhooks.construct_event(BODY.decode(), header, SECRET)
    except (BadRequestError, ValueError):
        return False
    return True


@pytest.mark.parametrize(
    "form",
    ["{}", "v1=00,{}", "v0=00,{}", "t=1,{}", "{},v0=00", "{},t=1", "{},v0=", "{}0", "{},t=", "T{}", "{};", "V0=1,{}"],
)
def test_the_vendors_check_agrees(form: str) -> None:
    """On a good signature in good and in bad company: of several the last one counts."""
    header = form.format(sign(SECRET, BODY, int(time.time()) - 60))
    assert ours(header) is theirs(header)


def test_a_signature_from_the_future_is_refused() -> None:
    """The vendor's check lets it through. Both refuse an old one and one with another secret."""
    now = int(time.time())
    headers = [sign(SECRET, BODY, now + 3_600), sign(SECRET, BODY, now - 3_600), sign("other", BODY, now)]
    assert [ours(header) for header in headers] == [False, False, False]
    assert [theirs(header) for header in headers] == [True, False, False]


@pytest.mark.parametrize("header", ["", "t=1", "v0=ab", "t=x,v0=ab", "t=1,t=2", "t=１,v0=ab", "t=-5,v0=ab"])
def test_malformed_signatures_are_refused(header: str) -> None:
    """The header alone is refused, before the body is read."""
    with pytest.raises(BadSignature):
        Signature(header, SECRET, 1_760_000_000)


def test_conversations_have_distinct_file_names() -> None:
    """Even if their ids differ only in characters that a file name cannot hold, or in length."""
    names = {file_name(PostCall("t", one, "", {}), "") for one in ("a.1", "a/1", "a_1", "x" * 81, "x" * 82)}
    assert len(names) == 5
