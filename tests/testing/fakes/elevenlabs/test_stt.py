"""The local Scribe server, tested with a plain client, the vendor's types, and the vendor's client."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from elevenlabs import AsyncElevenLabs
from elevenlabs.realtime import AudioFormat, RealtimeEvents
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from telephony.audio import frames, tones
from telephony.testing.fakes.audio_formats import Encoder
from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
from telephony.testing.fakes.elevenlabs.stt import LocalStt, Script, ScriptedRecognizer, SttFaults
from telephony.testing.steady import SteadyClock
from tests.elevenlabs.sdk_types import STT_RECEIVED, fit

QUERY = "model_id=scribe_v2_realtime&audio_format=ulaw_8000&commit_strategy=manual&include_timestamps=true"


class Client:
    """A minimal client. It validates every message it receives with the vendor's type."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def next(self, kind: str) -> dict[str, Any]:
        """The next message of type `kind`; others are dropped."""
        while True:
            message = json.loads(await self.socket.recv())
            fit(STT_RECEIVED, message)
            if message["message_type"] == kind:
                return dict(message)

    async def audio(self, pcmu: bytes, **more: Any) -> None:
        """Sends audio in chunks of 100 ms."""
        for at in range(0, max(1, len(pcmu)), 800):
            await self.send(audio_base_64=b64encode(pcmu[at : at + 800]).decode(), **more)

    async def send(self, **fields: Any) -> None:
        chunk = {"message_type": "input_audio_chunk", "audio_base_64": "", "commit": False, "sample_rate": 8000}
        await self.socket.send(json.dumps(chunk | fields))

    async def commit(self) -> None:
        await self.send(commit=True)

    async def closed(self) -> int | None:
        """Waits until the server closes, and returns the close code."""
        try:
            while True:
                await self.socket.recv()
        except ConnectionClosed:
            return self.socket.close_code


@asynccontextmanager
async def client(
    faults: SttFaults | None = None,
    *,
    texts: tuple[str, ...] = (),
    query: str = QUERY,
    speed: float = 20,
    key: str = "local",
) -> AsyncIterator[tuple[Client, LocalStt]]:
    clock = SteadyClock(speed)
    stt = LocalStt(clock=clock, faults=faults)
    for text in texts:
        stt.script.add(text)
    async with asyncio.timeout(60), LocalElevenLabs(clock=clock, stt=stt) as server:
        url = f"{server.base_url.replace('http', 'ws')}/v1/speech-to-text/realtime?{query}"
        headers = {"xi-api-key": key} if key else {}
        async with connect(url, additional_headers=headers, proxy=None) as socket:
            yield Client(socket), stt


async def test_a_session_in_the_vendors_types() -> None:
    """session_started, growing partials, both committed messages; words in seconds, with spacing between them."""
    async with client(texts=("yes please",)) as (it, stt):
        started = await it.next("session_started")
        assert started["config"]["audio_format"] == "ulaw_8000"
        await it.audio(frames.silence(200) + tones.sine(300, 400))
        assert (await it.next("partial_transcript"))["text"] == "yes"
        await it.audio(tones.sine(300, 200) + frames.silence(200))
        assert (await it.next("partial_transcript"))["text"] == "yes please"
        await it.commit()
        assert (await it.next("committed_transcript"))["text"] == "yes please"
        timed = await it.next("committed_transcript_with_timestamps")
        assert [(w["text"], w["start"], w["end"], w["type"]) for w in timed["words"]] == [
            ("yes", 0.2, 0.5, "word"),
            (" ", 0.5, 0.5, "spacing"),
            ("please", 0.5, 0.8, "word"),
        ]
        assert (stt.commits, stt.audio_bytes, stt.live) == (1, 8_000, 1)


async def test_the_vendors_own_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """ElevenLabs' SDK gets its transcript from the local server, which accepts the SDK's explicit nulls."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    clock = SteadyClock(20)
    stt, done = LocalStt(clock=clock), asyncio.Event()
    stt.script.add("hello there")
    async with asyncio.timeout(60), LocalElevenLabs(clock=clock, stt=stt) as server:
        sdk = AsyncElevenLabs(base_url=server.base_url, api_key="local")
        connection = await sdk.speech_to_text.realtime.connect(
            {"model_id": "scribe_v2_realtime", "audio_format": AudioFormat.ULAW_8000, "sample_rate": 8000}
        )
        heard: list[str] = []

        def committed(data: dict[str, Any]) -> None:
            heard.append(data["text"])
            done.set()

        connection.on(RealtimeEvents.COMMITTED_TRANSCRIPT, committed)
        sound = tones.sine(300, 600) + frames.silence(300)
        await connection.send({"audio_base_64": b64encode(sound[:4_000]).decode()})
        await connection.send({"audio_base_64": b64encode(sound[4_000:]).decode()})
        await connection.commit()
        await done.wait()
        await connection.close()
        assert heard == ["hello there"]


async def test_faults_of_the_handshake() -> None:
    """By a fault, any status, or a web page."""
    clock = SteadyClock(20)
    stt = LocalStt(clock=clock)
    async with asyncio.timeout(60), LocalElevenLabs(clock=clock, stt=stt) as server:
        url = f"{server.base_url.replace('http', 'ws')}/v1/speech-to-text/realtime?{QUERY}"
        for refuse, html, status in ((429, False, 429), (0, True, 200)):
            stt.faults.refuse, stt.faults.html = refuse, html
            with pytest.raises(InvalidStatus) as refused:
                async with connect(url, additional_headers={"xi-api-key": "local"}, proxy=None):
                    pass
            assert refused.value.response.status_code == status
        assert stt.connections == 0


@pytest.mark.parametrize("key", ["x", ""])
async def test_a_wrong_key_is_told_after_the_handshake(key: str) -> None:
    async with client(key=key) as (it, _):
        assert "authenticated" in (await it.next("auth_error"))["error"]
        assert await it.closed() == 1008


@pytest.mark.parametrize(
    "query",
    [
        QUERY.replace("scribe_v2_realtime", "scribe_v1"),
        QUERY.replace("ulaw_8000", "mp3_44100"),
        QUERY + "&keyterms=" + "x" * 21,
        QUERY + "&keyterms=x" * 51,
        QUERY + "&language_code=en-US",
        QUERY + "&vad_silence_threshold_secs=0.1",
        QUERY + "&filter_background_audio=true",
        QUERY.replace("include_timestamps=true", "include_timestamps=True"),
        QUERY.replace("manual", "turn_prediction"),
    ],
)
async def test_wrong_parameters_are_refused_after_the_handshake(query: str) -> None:
    """As with the real service, the socket opens; then come invalid_request and a close."""
    async with client(query=query) as (it, _):
        await it.next("invalid_request")
        assert await it.closed() == 1008


@pytest.mark.parametrize(
    "message",
    [
        {"message_type": "commit"},
        {"type": "flush"},
        {"audio_base_64": "?", "message_type": "input_audio_chunk", "commit": False, "sample_rate": 8000},
        {"audio_base_64": "", "message_type": "input_audio_chunk", "commit": False, "sample_rate": 16000},
        {"audio_base_64": "", "message_type": "input_audio_chunk", "commit": 1, "sample_rate": 8000},
        {"audio_base64": "", "message_type": "input_audio_chunk", "commit": True, "sample_rate": 8000},
        [1],
        "no json at all",
    ],
)
async def test_an_invalid_message_ends_the_session(message: Any) -> None:
    """Misspelt keys, wrong rates and unknown messages are errors, so that no client's mistake goes unnoticed."""
    async with client() as (it, _):
        await it.socket.send(message if isinstance(message, str) else json.dumps(message))
        await it.next("input_error")
        assert await it.closed() == 1008


async def test_previous_text_only_with_the_first_audio() -> None:
    """With later audio it is an error; an explicit null never is."""
    async with client() as (it, _):
        await it.send(audio_base_64=b64encode(b"\xff" * 800).decode(), previous_text="Hello.")
        await it.send(audio_base_64=b64encode(b"\xff" * 800).decode(), previous_text=None)
        await it.send(audio_base_64=b64encode(b"\xff" * 800).decode(), previous_text="again")
        await it.next("input_error")


async def test_commit_needs_three_tenths_of_a_second() -> None:
    """A commit with less audio is throttled; the session goes on and keeps that audio."""
    async with client(texts=("yes",)) as (it, _):
        await it.audio(tones.sine(300, 200))
        await it.commit()
        assert "200 ms" in (await it.next("commit_throttled"))["error"]
        await it.audio(tones.sine(300, 100) + frames.silence(200))
        await it.commit()
        assert (await it.next("committed_transcript"))["text"] == "yes"


async def test_automatic_commit_and_idle_close() -> None:
    """The server commits a segment after 90 s of audio, and closes the socket with 1000 after 15 s without messages."""
    async with client(texts=("and so on",), speed=100) as (it, stt):
        await it.audio(tones.sine(300, 1_000) + frames.silence(89_000))
        assert (await it.next("committed_transcript"))["text"] == "and so on"
        assert await it.closed() == 1000
        assert stt.commits == 0


async def test_too_much_audio_is_refused() -> None:
    """Audio far ahead of real time and chunks of several seconds lead to the real service's error slugs."""
    async with client(SttFaults(overflow_lead_ms=3_000), speed=1) as (it, _):
        await it.audio(frames.silence(4_000))
        await it.next("queue_overflow")
    async with client() as (it, _):
        await it.send(audio_base_64=b64encode(frames.silence(8_000)).decode())
        await it.next("chunk_size_exceeded")


async def test_faults_may_change_while_it_runs() -> None:
    """`drop` closes the connection with 1011, and then resets itself."""
    async with client() as (it, stt):
        await it.next("session_started")
        stt.faults.drop = True
        await it.audio(b"\xff" * 800)
        assert await it.closed() == 1011
        assert stt.faults.drop is False


@pytest.mark.parametrize(
    ("query", "timed", "words"),
    [
        (QUERY, True, True),
        (QUERY.replace("include_timestamps", "include_language_detection"), True, False),
        (QUERY.replace("&include_timestamps=true", ""), False, False),
    ],
)
async def test_the_timed_final_comes_only_if_asked_for(query: str, timed: bool, words: bool) -> None:
    """About 100 ms after the plain one; its words are null if only the language was asked for."""
    async with client(texts=("yes", "no"), query=query) as (it, _):
        between: list[dict[str, Any]] = []
        for text in ("yes", "no"):
            await it.audio(tones.sine(300, 300) + frames.silence(700))
            await it.commit()
            between.clear()
            while (message := json.loads(await it.socket.recv()))["message_type"] != "committed_transcript":
                between.append(message)
            assert message["text"] == text
        late = [message for message in between if message["message_type"].endswith("with_timestamps")]
        assert [message["text"] for message in late] == (["yes"] if timed else [])
        assert [bool(message["words"]) for message in late] == ([words] if timed else [])


async def test_a_partial_repeats_the_text_before_its_final() -> None:
    """And in silence the last partial comes again each second."""
    async with client(texts=("yes",)) as (it, _):
        await it.audio(tones.sine(300, 300) + frames.silence(200))
        assert (await it.next("partial_transcript"))["text"] == "yes"
        await it.audio(frames.silence(1_200))
        assert (await it.next("partial_transcript"))["text"] == "yes"
        await it.commit()
        assert (await it.next("partial_transcript"))["text"] == "yes"
        assert json.loads(await it.socket.recv()) == {"message_type": "committed_transcript", "text": "yes"}


async def test_it_commits_in_mid_speech() -> None:
    """After as much audio as the fault says, wherever the caller is in a sentence; nobody asked for that final."""
    async with client(SttFaults(own_commit_ms=1_000), texts=("one two three four five six",)) as (it, stt):
        await it.audio(tones.sine(300, 1_800) + frames.silence(700))
        assert (await it.next("committed_transcript"))["text"] == "one two three"
        assert (await it.next("committed_transcript"))["text"] == "four five six"
        assert stt.commits == 0


async def test_the_service_commits_at_silence_if_asked_to() -> None:
    """`commit_strategy=vad`: a final follows the given silence, and no silence without voice brings one."""
    query = QUERY.replace("manual", "vad") + "&vad_silence_threshold_secs=0.5"
    async with client(texts=("yes please", "no"), query=query) as (it, stt):
        config = (await it.next("session_started"))["config"]
        assert (config["vad_commit_strategy"], config["vad_silence_threshold_secs"]) == (True, 0.5)
        await it.audio(frames.silence(2_000) + tones.sine(300, 600) + frames.silence(600))
        assert (await it.next("committed_transcript"))["text"] == "yes please"
        await it.audio(frames.silence(2_000) + tones.sine(300, 300) + frames.silence(600))
        assert (await it.next("committed_transcript"))["text"] == "no"
        assert stt.commits == 0


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 48_000])
async def test_linear_audio(rate: int) -> None:
    """The audio is counted in milliseconds, whatever its format; a chunk of another rate is an error."""
    query = QUERY.replace("ulaw_8000", f"pcm_{rate}")
    async with client(texts=("yes",), query=query) as (it, stt):
        assert (await it.next("session_started"))["config"]["sample_rate"] == rate
        pcmu = tones.sine(300, 300) + frames.silence(300)
        sound = Encoder(f"pcm_{rate}").encode(pcmu)
        for at in range(0, len(sound), rate // 5):
            chunk = b64encode(sound[at : at + rate // 5]).decode()
            await it.send(audio_base_64=chunk, sample_rate=rate)
        await it.send(commit=True, sample_rate=rate)
        timed = await it.next("committed_transcript_with_timestamps")
        assert timed["text"] == "yes"
        assert abs(stt.audio_bytes - len(pcmu)) <= 16
        await it.send(sample_rate=rate + 1)
        await it.next("input_error")


async def test_a_language_may_be_refused_after_the_handshake() -> None:
    async with client(SttFaults(refused_language="xx"), query=QUERY + "&language_code=xx") as (it, _):
        assert (await it.next("invalid_request"))["error"] == "Unsupported language_code: xx"


async def test_errors_may_quote_the_key_and_the_words() -> None:
    async with client(SttFaults(quote=True), texts=("my pin is four",)) as (it, stt):
        await it.audio(tones.sine(300, 1_200) + frames.silence(200))
        while (await it.next("partial_transcript"))["text"] != "my pin is four":
            pass
        stt.faults.error_slug = "queue_overflow"
        await it.audio(frames.silence(100))
        assert (await it.next("queue_overflow"))["error"] == "Queue overflow: local my pin is four"
        assert await it.closed() == 1008
        assert it.socket.close_reason == "Queue overflow: local my pin is four"


async def test_a_flood_of_partials() -> None:
    async with client(SttFaults(flood=1_000), texts=("yes",)) as (it, _):
        await it.audio(tones.sine(300, 300))
        texts = {(await it.next("partial_transcript"))["text"] for _ in range(1_000)}
        assert len(texts) == 1_000


# --- the script -----------------------------------------------------------------------------------------------------


async def test_the_script_yields_each_stretch_its_words() -> None:
    """Words appear while the voice goes on; a commit in the middle splits them; a pause separates utterances."""
    recognizer = ScriptedRecognizer(Script("one two three four", "five"))
    recognizer.hear(frames.silence(1_000) + tones.sine(300, 660))
    assert await recognizer.partial() == "one two"
    assert (await recognizer.commit())[0] == "one two"
    recognizer.hear(tones.sine(300, 540) + frames.silence(200))
    assert await recognizer.partial() == "three four"
    recognizer.hear(frames.silence(600) + tones.sine(300, 300) + frames.silence(200))
    text, words = await recognizer.commit()
    assert text == "three four five"
    assert [(word, start) for word, start, _ in words] == [("three", 1.6), ("four", 1.9), ("five", 3.0)]
    assert await recognizer.commit() == ("", [])


async def test_sounds_without_words() -> None:
    """An empty text makes a sound without words; so is every sound after the end of the script."""
    recognizer = ScriptedRecognizer(Script("", "yes"))
    for expected in ("", "yes", ""):
        recognizer.hear(tones.sine(300, 300) + frames.silence(800))
        assert (await recognizer.commit())[0] == expected


async def test_words_that_were_not_delivered_are_heard_again() -> None:
    """When the connection breaks, delivered words are done; the others are for the next connection, even if they are
    only the second half of a text."""
    script = Script("one two", "three four", "five")
    recognizer = ScriptedRecognizer(script)
    recognizer.hear(tones.sine(300, 600) + frames.silence(700))
    await recognizer.commit()
    recognizer.delivered()
    recognizer.hear(tones.sine(300, 300))
    assert (await recognizer.commit())[0] == "three"
    recognizer.delivered()
    recognizer.hear(tones.sine(300, 200))
    recognizer.give_back()
    recognizer.hear(tones.sine(300, 900))
    again = ScriptedRecognizer(script)
    again.hear(tones.sine(300, 300) + frames.silence(700) + tones.sine(300, 300) + frames.silence(200))
    assert await again.partial() == "four five"
