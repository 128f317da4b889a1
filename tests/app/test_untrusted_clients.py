"""Requests and sockets that do not come from Twilio, and faulty messages that do. Other calls are not affected."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from telephony.agent import Agent, IncomingCall
from telephony.network.tls import tls
from telephony.testing.fakes.twilio.faults import CarrierFaults
from telephony.testing.stack import AUTH_TOKEN, Stack, local_stack
from telephony.testing.steady import SteadyClock
from telephony.twilio.signature import sign_socket, sign_webhook
from tests.flooding import frame, others_wait, send_until_closed

AGENT = Agent(prompt="You are a test.", greeting="Hello.")
SID = "CA" + "7" * 32
FORM = {"CallSid": SID, "From": "+15550001111", "To": "+15550002222", "CallStatus": "ringing", "Empty": ""}


@asynccontextmanager
async def stack(**options: Any) -> AsyncIterator[Stack]:
    async with asyncio.timeout(60), local_stack(AGENT, clock=SteadyClock(20), **options) as running:
        yield running


async def post(
    url: str, form: dict[str, str], signed_as: str | None = None, token: str = AUTH_TOKEN, **headers: str
) -> httpx2.Response:
    if token:
        headers["X-Twilio-Signature"] = sign_webhook(token, signed_as or url, form.items())
    async with httpx2.AsyncClient(trust_env=False, verify=tls()) as http:
        return await http.post(url, data=form, headers=headers)


def media_url(s: Stack) -> str:
    return s.service.base_url.replace("http", "ws") + "/twilio/media"


def start(s: Stack, call_sid: str = SID, token: str = "", **fields: object) -> str:
    body = {
        "streamSid": "MZ" + "1" * 32,
        "accountSid": s.carrier.account_sid,
        "callSid": call_sid,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"token": token},
    }
    return json.dumps({"event": "start", "sequenceNumber": "1", "streamSid": "MZ" + "1" * 32, "start": body | fields})


@asynccontextmanager
async def socket(s: Stack) -> AsyncIterator[ClientConnection]:
    headers = {"X-Twilio-Signature": sign_socket(AUTH_TOKEN, media_url(s))}
    async with connect(media_url(s), additional_headers=headers, proxy=None) as connection:
        await connection.send('{"event":"connected","protocol":"Call","version":"1.0.0"}')
        yield connection


async def token_of(s: Stack, call_sid: str = SID) -> str:
    answer = await post(s.voice_url, FORM | {"CallSid": call_sid})
    return answer.text.partition('name="token" value="')[2].partition('"')[0]


async def closed(connection: ClientConnection) -> int:
    """The close code that the other side sends."""
    try:
        while True:
            await connection.recv()
    except ConnectionClosed as error:
        return error.rcvd.code if error.rcvd else 1006


async def test_webhooks_without_a_valid_signature_are_refused() -> None:
    """No signature, a signature with another token, a changed form: 403, and no provider connection is opened."""
    async with stack() as s:
        connections = s.elevenlabs.tts.connections
        for path in ("voice", "after", "status"):
            url = f"{s.service.base_url}/twilio/{path}"
            assert (await post(url, FORM, token="")).status_code == 403
            assert (await post(url, FORM, token="another")).status_code == 403
            signature = sign_webhook(AUTH_TOKEN, url, FORM.items())
            changed = FORM | {"From": "+15559999999"}
            assert (await post(url, changed, token="", **{"X-Twilio-Signature": signature})).status_code == 403
        assert s.service.registry.calls == {}
        assert s.elevenlabs.tts.connections == connections


async def test_oversized_and_undecodable_forms_are_refused() -> None:
    """A form of megabytes, with thousands of fields, or with bytes that are not UTF-8 gets a 403."""
    async with stack() as s:
        assert (await post(s.voice_url, FORM | {"Big": "x" * 10_000_000})).status_code == 403
        assert (await post(s.voice_url, FORM | {f"F{n}": "1" for n in range(5_000)})).status_code == 403
        async with httpx2.AsyncClient(trust_env=False, verify=tls()) as http:
            answer = await http.post(s.voice_url, content=b"\xff\xfe\x00", headers={"X-Twilio-Signature": "x"})
        assert answer.status_code == 403


async def test_signatures_behind_a_tls_proxy() -> None:
    """Forwarded headers are used from trusted proxies only; with PUBLIC_URL they are not needed."""
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "calls.example.com"}
    public = "https://calls.example.com/twilio/voice"
    async with stack(trusted_proxies=("127.0.0.1",)) as s:
        answer = await post(s.voice_url, FORM, public, **forwarded)
        assert answer.status_code == 200
        assert 'url="wss://calls.example.com/twilio/media"' in answer.text
    async with stack() as s:
        assert (await post(s.voice_url, FORM, public, **forwarded)).status_code == 403
    async with stack(public_url="https://calls.example.com") as s:
        assert (await post(s.voice_url, FORM, public)).status_code == 200


async def test_sockets_without_a_valid_signature_are_refused_on_the_upgrade() -> None:
    """A missing or wrong signature gets a 403."""
    async with stack() as s:
        for headers in ({}, {"X-Twilio-Signature": sign_socket("another", media_url(s))}):
            with pytest.raises(InvalidStatus) as refused:
                async with connect(media_url(s), additional_headers=headers, proxy=None):
                    pass
            assert refused.value.response.status_code == 403


async def test_a_stream_needs_the_unused_token_of_its_own_call() -> None:
    """Without a token, or with another call's or a used token, the stream is closed with 1008."""
    async with stack() as s:
        token = await token_of(s)
        other = "CA" + "8" * 32
        for text in (start(s), start(s, token="1.x"), start(s, other, token), start(s, accountSid="AC" + "9" * 32)):
            async with socket(s) as connection:
                await connection.send(text)
                assert await closed(connection) == 1008
        async with socket(s) as connection:
            await connection.send(start(s, token=token))
            live = s.service.registry.calls[SID]
            await asyncio.wait_for(asyncio.shield(live.leg), 60)
            async with socket(s) as second:
                await second.send(start(s, token=token))
                assert await closed(second) == 1008
            assert live.leg.done()
            assert not live.done.is_set()


@pytest.mark.parametrize(
    "message",
    [
        "not json",
        b"\x00\x01binary",
        "[1, 2, 3]",
        '{"event": "media"}',
        '{"event":"media","streamSid":"MZwrong","media":{"payload":"////","timestamp":"1","chunk":"1"}}',
        '{"event":"media","streamSid":"MZ11111111111111111111111111111111","media":{"payload":"!!!","timestamp":"1"}}',
        '{"event":"mark","streamSid":"MZ11111111111111111111111111111111","mark":{"name":"never sent"}}',
        '{"event":"unheard of"}',
        "{" * 10_000,
    ],
)
async def test_bad_messages_are_ignored_and_the_call_goes_on(message: str | bytes) -> None:
    """A bad message has no effect; the greeting still comes."""
    async with stack() as s:
        token = await token_of(s)
        async with socket(s) as connection:
            await connection.send(message)
            await connection.send(start(s, token=token))
            await connection.send(message)
            first = json.loads(await asyncio.wait_for(connection.recv(), 60))
            assert first["event"] == "media"
            await connection.send(message)
            assert json.loads(await asyncio.wait_for(connection.recv(), 60))["event"] == "mark"


async def test_a_socket_that_never_starts_is_closed() -> None:
    """It is closed with 1008, and no call is left."""
    async with stack() as s, socket(s) as connection:
        assert await closed(connection) == 1008
        assert s.service.registry.calls == {}


async def test_an_unknown_encoding_is_refused() -> None:
    """A stream that is not mu-law would be noise, so it is closed at once."""
    async with stack() as s:
        token = await token_of(s)
        async with socket(s) as connection:
            wrong = {"encoding": "audio/l16", "sampleRate": 16000, "channels": 1}
            await connection.send(start(s, token=token, mediaFormat=wrong))
            assert await closed(connection) in (1008, 1003)


async def test_a_message_of_ten_megabytes_ends_only_its_own_call() -> None:
    """It is too big for the socket: that connection ends, another call goes on."""
    async with stack() as s:
        beside = await s.dial()
        await s.tape(beside)
        token = await token_of(s)
        async with socket(s) as connection:
            await connection.send(start(s, token=token))
            await connection.recv()
            try:
                await connection.send("x" * 10_000_000)
            except ConnectionClosed:
                pass
            await closed(connection)
        await (await s.tape(beside)).until(lambda: bool(s.tapes[beside.sid].lines))
        assert beside.sid in s.service.registry.calls
        await beside.hang_up()


async def test_a_flood_ends_only_its_own_call() -> None:
    """An endless stream of messages ends the call that it belongs to."""
    async with stack() as s:
        token = await token_of(s)
        async with socket(s) as connection:
            await connection.send(start(s, token=token))
            live = s.service.registry.calls[SID]
            try:
                for _ in range(20_000):
                    await connection.send('{"event":"nonsense')
            except ConnectionClosed:
                pass
            await live.done.wait()
        assert s.service.registry.calls == {}


NOTHING = bytes(4)  # masks nothing
FLOODS = {
    "pings": frame(b"", 9, NOTHING) * 20_000,
    "empty messages": frame(b"", 1, NOTHING) * 20_000,
    "nonsense": frame(b'{"event":"nonsense"}', 1, NOTHING) * 5_000,
    "media": frame(b'{"event":"media","media":{"payload":"' + b"/" * 216 + b'","timestamp":"1"}}', 1, NOTHING) * 1_000,
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
async def test_a_flood_as_fast_as_the_network_stalls_no_other_call(flood: bytes) -> None:
    async with stack() as s:
        token = await token_of(s)
        async with socket(s) as connection:
            await connection.send(start(s, token=token))
            await connection.recv()
            live = s.service.registry.calls[SID]
            number = connection.transport.get_extra_info("socket").fileno()
            flooding = asyncio.create_task(asyncio.to_thread(send_until_closed, number, flood))
            async with others_wait():
                await live.done.wait()
            await flooding
        assert s.service.registry.calls == {}


async def test_a_caller_whose_socket_never_reads() -> None:
    """A call ends even if the carrier never reads from the socket."""
    async with stack() as s:
        phone = await s.dial(faults=CarrierFaults(read_for_ms=0))
        tape = await s.tape(phone)
        live = s.service.registry.calls[phone.sid]
        await phone.hang_up()
        await phone.ended()
        await live.done.wait()
        assert tape.closed


async def test_health_and_readiness() -> None:
    """`/healthz`: the process is alive; `/readyz`: calls can be taken. A drain makes only the second one fail."""
    async with stack() as s, httpx2.AsyncClient(trust_env=False, verify=tls()) as http:
        assert (await http.get(f"{s.service.base_url}/healthz")).json() == {"status": "ok", "calls": 0}
        assert (await http.get(f"{s.service.base_url}/readyz")).status_code == 200
        await s.service.registry.drain(0)
        assert (await http.get(f"{s.service.base_url}/healthz")).status_code == 200
        assert (await http.get(f"{s.service.base_url}/readyz")).status_code == 503
        answer = await post(s.voice_url, FORM)
        assert "call again" in answer.text
        assert "<Hangup" in answer.text


async def test_an_agent_function_that_blocks_does_not_stop_others() -> None:
    """It times out with an apology to its caller; other requests are answered meanwhile."""
    began, release = threading.Event(), threading.Event()

    def choose(call: IncomingCall) -> Agent:
        began.set()
        assert release.wait(60)
        return AGENT

    async with (
        asyncio.timeout(60),
        local_stack(choose, clock=SteadyClock(20)) as s,
        httpx2.AsyncClient(verify=tls()) as http,
    ):
        answer = asyncio.create_task(post(s.voice_url, FORM))
        assert await asyncio.to_thread(began.wait, 60)
        assert (await http.get(f"{s.service.base_url}/healthz")).status_code == 200
        assert "<Say" in (await answer).text
        release.set()
