"""The local TTS socket keeps the vendor's contract, so that a client's mistake shows here and not on a real call."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from elevenlabs.types import AudioOutputMulti
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
from telephony.testing.fakes.elevenlabs.tts import CHAR_MS, LocalTts, TtsFaults
from telephony.testing.steady import SteadyClock

AUTO = "model_id=eleven_flash_v2_5&output_format=ulaw_8000&auto_mode=true&sync_alignment=true"
BUFFERED = "model_id=eleven_flash_v2_5&output_format=ulaw_8000"
TEXT = "Hello there, caller. "


class Client:
    """A minimal client. It validates every audio message with the vendor's type."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps({"context_id": "c", **message}))

    async def next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await self.socket.recv())
        if message.get("audio"):
            assert set(AudioOutputMulti.model_validate(message).model_extra or {}) <= {"isFinal"}
        return message

    async def speech(self) -> list[dict[str, Any]]:
        """The messages up to the context's end, without it."""
        found = []
        while not (message := await self.next()).get("isFinal"):
            found.append(message)
        return found

    async def says(self, text: str) -> list[dict[str, Any]]:
        """Speaks a text in a context of its own."""
        await self.send(text=" ")
        await self.send(text=text, flush=True)
        await self.send(close_context=True)
        return await self.speech()

    async def closed(self) -> tuple[int | None, str | None]:
        """Waits until the server closes; the code and the reason."""
        try:
            while True:
                await self.socket.recv()
        except ConnectionClosed:
            return self.socket.close_code, self.socket.close_reason


@asynccontextmanager
async def client(
    query: str = AUTO,
    faults: TtsFaults | None = None,
    *,
    key: str = "local",
    voice: str = "v1",
    clock: SteadyClock | None = None,
    voices: tuple[str, ...] | None = None,
) -> AsyncIterator[Client]:
    clock = clock or SteadyClock(20)
    tts = LocalTts(clock=clock, faults=faults, voices=voices)
    async with asyncio.timeout(60), LocalElevenLabs(clock=clock, tts=tts) as server:
        url = f"{server.base_url.replace('http', 'ws')}/v1/text-to-speech/{voice}/multi-stream-input?{query}"
        headers = {"xi-api-key": key} if key else {}
        async with connect(url, additional_headers=headers, proxy=None) as socket:
            yield Client(socket)


def pcm(messages: list[dict[str, Any]]) -> bytes:
    return b"".join(b64decode(message["audio"]) for message in messages)


def said(messages: list[dict[str, Any]], name: str = "alignment") -> str:
    return "".join("".join(message[name]["chars"]) for message in messages if message[name])


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        (AUTO.replace("flash_v2_5", "v3"), 400, "not available"),
        (AUTO.replace("flash_v2_5", "v4_turbo"), 400, "not available"),
        (AUTO.replace("flash_v2_5", "flash_v9"), 400, "does not exist"),
        (AUTO + "&language_code=fa", 400, "Model 'eleven_flash_v2_5' does not support language_code 'fa'"),
        (AUTO + "&language_code=en-US", 400, "does not support language_code"),
        (AUTO + "&language_code=nb", 400, "does not support language_code"),
        (AUTO.replace("ulaw_8000", "pcm_11025"), 400, "does not exist"),
        (AUTO.replace("ulaw_8000", "mp3_22050_32"), 400, "no encoder"),
        (AUTO.replace("auto_mode=true", "auto_mode=True"), 422, "auto_mode"),
        (AUTO + "&inactivity_timeout=181", 422, "inactivity_timeout"),
    ],
)
async def test_a_wrong_request_is_refused_at_the_handshake(query: str, status: int, sentence: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with client(query):
            pass
    assert refused.value.response.status_code == status
    assert sentence in json.loads(refused.value.response.body or b"")["detail"]["message"]


async def test_a_model_without_languages_ignores_the_code() -> None:
    async with client(AUTO.replace("eleven_flash_v2_5", "eleven_multilingual_v2") + "&language_code=fa") as it:
        assert pcm(await it.says(TEXT))


@pytest.mark.parametrize(
    ("key", "voice", "slug"),
    [
        ("x", "v1", "invalid_api_key"),
        ("", "v1", "authentication_required"),
        ("local", "v2", "voice_id_does_not_exist"),
    ],
)
async def test_a_wrong_key_or_voice_is_told_after_the_handshake(key: str, voice: str, slug: str) -> None:
    """A frame with the slug, then a close with 1008 whose reason is the sentence."""
    async with client(key=key, voice=voice, voices=("v1",)) as it:
        error = await it.next()
        assert (error["error"], error["code"]) == (slug, 1008)
        assert await it.closed() == (1008, error["message"])


async def test_auto_mode_needs_no_flush() -> None:
    """Each text is spoken at once; the flush of a spoken text does nothing."""
    async with client() as it:
        await it.send(text=" ")
        await it.send(text=TEXT)
        assert (await it.next())["audio"]
        await it.send(flush=True)
        await it.send(close_context=True)
        assert said(await it.speech()).endswith("caller. ")


async def test_text_waits_for_the_chunk_schedule() -> None:
    """Without auto mode and flush nothing is spoken until the schedule's number of characters has come."""
    schedule = {"chunk_length_schedule": [50, 60]}
    async with client(BUFFERED) as it:
        await it.send(text=" ", generation_config=schedule)
        words = ["Thirty characters, counted out", " and as many of them once more."]
        for word in words:
            await it.send(text=word)
        await it.send(text=" This is never released.")
        await it.send(close_context=True)
        assert said(await it.speech()) == "".join(words)


async def test_a_close_drops_what_was_not_flushed() -> None:
    async with client(BUFFERED) as it:
        await it.send(text="Hello. ")
        await it.send(close_context=True)
        assert await it.speech() == []
        assert said(await it.says("Good bye. ")) == "Good bye. "


async def test_close_socket_finishes_all_text() -> None:
    async with client(BUFFERED) as it:
        await it.send(text=TEXT)
        await it.socket.send(json.dumps({"close_socket": True}))
        assert said(await it.speech()) == TEXT
        assert (await it.closed())[0] == 1000


async def test_an_idle_context_ends_after_twenty_seconds() -> None:
    """A keep-alive for the context resets its clock; when none is left the socket is closed."""
    clock = SteadyClock(200)
    async with client(clock=clock) as it:
        began = clock.ms()
        await it.send(text=" ")
        await clock.sleep(15_000)
        await it.send(text="")
        assert await it.closed() == (1008, "The input timeout was exceeded: no message arrived in time")
        assert clock.ms() - began >= 34_000


async def test_a_client_may_ask_for_a_longer_timeout() -> None:
    clock = SteadyClock(1_000)
    async with client(AUTO + "&inactivity_timeout=180", clock=clock) as it:
        began = clock.ms()
        assert (await it.closed())[0] == 1008
        assert clock.ms() - began >= 170_000


@pytest.mark.parametrize(("name", "factor"), [("pcm_8000", 2), ("pcm_16000", 4), ("pcm_24000", 6), ("alaw_8000", 1)])
async def test_formats(name: str, factor: int) -> None:
    """As much audio as the format has bytes a sample; `factor`: compared with mu-law at 8 kHz."""
    async with client(AUTO.replace("ulaw_8000", name)) as it:
        assert abs(len(pcm(await it.says(TEXT))) - len(TEXT) * CHAR_MS * 8 * factor) <= 2 * factor


async def test_the_whole_alignment_comes_first_unless_asked_otherwise() -> None:
    """Without `sync_alignment` a segment's first message has all of it, and the others null."""
    async with client(BUFFERED) as it:
        first, *others = await it.says(TEXT)
        assert "".join(first["alignment"]["chars"]) == TEXT
        assert others
        assert {message["alignment"] for message in others} == {None}
    async with client() as it:
        messages = await it.says(TEXT)
        assert said(messages) == TEXT
        assert all(message["alignment"] for message in messages)
        assert said(messages, "normalizedAlignment") == " " + TEXT


@pytest.mark.parametrize(
    ("faults", "text"),
    [
        (TtsFaults(joined_items=True), TEXT),
        (TtsFaults(no_full_stop=True), "Hello there, caller "),
        (TtsFaults(restarts=True), TEXT[:10] + TEXT),
        (TtsFaults(no_alignment=True), ""),
        (TtsFaults(normalized_only=True), ""),
    ],
    ids=["joined", "no full stop", "restarts", "none", "normalized only"],
)
async def test_odd_alignments(faults: TtsFaults, text: str) -> None:
    async with client(faults=faults) as it:
        messages = await it.says(TEXT)
        assert said(messages) == text
        assert len(pcm(messages)) == len(TEXT) * CHAR_MS * 8
        if faults.joined_items:
            assert {len(item) for message in messages for item in message["alignment"]["chars"]} == {1, 2}
        if faults.normalized_only:
            assert said(messages, "normalizedAlignment") == " " + TEXT


async def test_gaps_in_the_alignment() -> None:
    """One message in two has none, and its characters never come."""
    async with client(faults=TtsFaults(alignment_gap=2)) as it:
        messages = await it.says(TEXT)
        assert [message["alignment"] is None for message in messages] == [n % 2 == 1 for n in range(len(messages))]
        assert len(said(messages)) < len(TEXT)


async def test_errors_may_quote_their_input_and_come_without_a_frame() -> None:
    async with client(faults=TtsFaults(error_slug="quota_exceeded", quote=True)) as it:
        await it.send(text="My number is five. ")
        assert "My number is five." in (await it.next())["message"]
        assert "My number is five." in ((await it.closed())[1] or "")
    async with client(faults=TtsFaults(no_frame=True, quote=True), key="secret") as it:
        assert await it.closed() == (1008, "Invalid API key: secret")


async def get(server: LocalElevenLabs, path: str, key: str = "local") -> bytes:
    """The whole answer to a GET request, with its head."""
    host, port = server.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    upgrade += "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{upgrade}xi-api-key: {key}\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer


async def test_redirects() -> None:
    """The upgrade of either service is answered with 302 and a location; the library's own client would follow it."""
    clock = SteadyClock(20)
    async with LocalElevenLabs(clock=clock) as server:
        server.tts.faults.redirect = server.stt.faults.redirect = "ws://elsewhere.example/"
        for path in (f"/v1/text-to-speech/v/multi-stream-input?{AUTO}", "/v1/speech-to-text/realtime"):
            answer = await get(server, path)
            assert answer.split()[1] == b"302"
            assert b"Location: ws://elsewhere.example/" in answer


async def test_a_flood_comes_once() -> None:
    async with client(faults=TtsFaults(flood=500)) as it:
        assert sum(len(b64decode(message["audio"])) == 1 for message in await it.says(TEXT)) == 500


async def test_voices_are_listed() -> None:
    """`GET /v1/voices` names the account's voices for a valid key."""
    clock = SteadyClock(20)
    async with LocalElevenLabs(clock=clock, tts=LocalTts(clock=clock, voices=("v1", "v2"))) as server:
        for key, status, text in (("local", b"200", b'"voice_id": "v1"'), ("x", b"401", b"invalid_api_key")):
            answer = await get(server, "/v1/voices", key)
            assert answer.split()[1] == status
            assert text in answer
