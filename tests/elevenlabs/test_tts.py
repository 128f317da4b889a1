"""The TTS port over real sockets. Each (turn, attempt) ends exactly once, whatever happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
from elevenlabs.types import CloseContext as VendorClose
from elevenlabs.types import CloseSocket, InitializeConnectionMulti, SendTextMulti

from telephony.clock import Clock
from telephony.contracts.tts import VoiceSpec
from telephony.core.actions import CloseContext, Speak
from telephony.core.events import Event, SpeechAudio, SpeechEnded, SpeechLost, TtsLost, TtsReady
from telephony.elevenlabs import tts_codec as wire
from telephony.elevenlabs.connection import BUSY_MS
from telephony.elevenlabs.tts import CONNECT_MS, ElevenLabsTts
from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
from telephony.testing.fakes.elevenlabs.tts import CHAR_MS, LocalTts, TtsFaults
from telephony.testing.steady import SteadyClock
from tests.elevenlabs.sdk_types import strict

E = TypeVar("E", bound=Event)
SPEC = VoiceSpec("elevenlabs", "voice", "eleven_flash_v2_5", language="en", stability=0.5, speed=1.1)
TEXT = "Hello there, caller. "
MP3 = (b"\xff\xfb\x90\xc4" + bytes(413)) * 3  # frames of 128 kbit/s at 44.1 kHz


class Bench:
    """The TTS port, its local server, and the events it reported."""

    def __init__(self, port: ElevenLabsTts, server: LocalElevenLabs) -> None:
        self.port, self.server, self.tts = port, server, server.tts
        self.events: list[Event] = []
        self._changed = asyncio.Event()

    def emit(self, event: Event) -> None:
        self.events.append(event)
        self._changed.set()

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, kind: type[E], count: int = 1) -> list[E]:
        while len(found := self.of(kind)) < count:
            self._changed.clear()
            await self._changed.wait()
        return found

    async def over(self, *keys: tuple[int, int]) -> None:
        """Waits until each of these has ended; asserts that none ends twice."""
        while True:
            ends = [(e.turn, e.attempt) for e in self.events if isinstance(e, SpeechEnded | SpeechLost)]
            assert len(ends) == len(set(ends))
            if set(keys) <= set(ends):
                return
            self._changed.clear()
            await self._changed.wait()

    def pcmu(self, turn: int, attempt: int = 1) -> bytes:
        return b"".join(e.pcmu for e in self.of(SpeechAudio) if (e.turn, e.attempt) == (turn, attempt))

    def sent(self) -> list[dict[str, Any]]:
        return [message for _, message in self.tts.received]


@asynccontextmanager
async def speaking(
    *, faults: TtsFaults | None = None, speed: float = 20, ready: bool = True, start: bool = True
) -> AsyncIterator[Bench]:
    clock = SteadyClock(speed)
    server = LocalElevenLabs(clock=clock, tts=LocalTts(clock=clock, faults=faults))
    await server.start()
    if not start:
        await server.stop()
    port = ElevenLabsTts(base_url=server.base_url, api_key="local", spec=SPEC, clock=clock)
    bench = Bench(port, server)
    async with asyncio.timeout(60):
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(port.run(bench.emit))
                if ready:
                    await bench.until(TtsReady)
                yield bench
                port.stop()
        finally:
            await server.stop()


async def test_speech_and_its_end() -> None:
    """Speech ends at isFinal, which follows a close; flush alone never ends it."""
    async with speaking() as b:
        b.port.perform(Speak(7, 1, TEXT))
        await b.until(SpeechAudio)
        assert b.of(SpeechEnded) == []
        b.port.perform(CloseContext(7, 1))
        await b.over((7, 1))
        assert len(b.pcmu(7)) == len(TEXT) * CHAR_MS * 8
        assert {message["context_id"] for message in b.sent()} == {"t7"}


async def test_messages_match_the_vendors_types() -> None:
    """Every message fits the vendor's type without extra keys; only the opening, which comes first, has settings."""
    async with speaking() as b:
        b.port.perform(Speak(1, 1, TEXT))
        b.port.perform(Speak(1, 1, "How are you? "))
        b.port.perform(CloseContext(1, 1))
        await b.over((1, 1))
        opening, *texts, close = b.sent()
        strict(InitializeConnectionMulti, opening)
        assert opening["text"] == " "
        assert opening["voice_settings"] == {"stability": 0.5, "speed": 1.1}
        for message in texts:
            strict(SendTextMulti, message)
            assert set(message) == {"text", "context_id", "flush"}
            assert message["text"].endswith(" ")
            assert not message["text"].endswith("  ")
        strict(VendorClose, close)
        assert close == {"context_id": "t1", "close_context": True}
    strict(CloseSocket, b.sent()[-1])


async def test_text_waits_for_the_first_socket() -> None:
    """Text that arrives during the handshake is spoken after it."""
    async with speaking(ready=False) as b:
        b.port.perform(Speak(1, 1, TEXT))
        b.port.perform(CloseContext(1, 1))
        await b.over((1, 1))
        assert b.pcmu(1)


@pytest.mark.parametrize("fault", ["", "segment_alignment", "snake_case"])
async def test_alignment_counts_from_the_start_of_the_attempt(fault: str) -> None:
    """Times refer to the attempt's audio and end with it, however the service counts them."""
    faults = TtsFaults()
    if fault:
        setattr(faults, fault, True)
    async with speaking(faults=faults) as b:
        b.port.perform(Speak(1, 1, TEXT))
        b.port.perform(Speak(1, 1, "How are you? "))
        b.port.perform(CloseContext(1, 1))
        await b.over((1, 1))
        audio = b.of(SpeechAudio)
        text = "".join(event.text for event in audio)
        ends = [end for event in audio for end in event.ends_ms]
        assert text == TEXT + "How are you? "
        assert ends == [CHAR_MS * (index + 1) for index in range(len(text))]


async def test_a_sixth_context_waits_for_a_slot() -> None:
    """The limit is five and a slot is freed by isFinal, not by the close: the sixth context waits in the port."""
    async with speaking(faults=TtsFaults(final_late_ms=1_500)) as b:
        keys = [(turn, 1) for turn in range(1, 9)]
        for key in keys:
            b.port.perform(Speak(*key, TEXT))
            b.port.perform(CloseContext(*key))
        await b.over(*keys)
        assert b.tts.most_contexts == 5
        assert b.of(TtsLost) == []
        assert all(b.pcmu(turn) for turn, _ in keys)


async def test_closing_twice_or_an_unknown_context_sends_nothing() -> None:
    """A message for an unknown id would open a new context on the server."""
    async with speaking() as b:
        b.port.perform(CloseContext(9, 1))
        b.port.perform(Speak(1, 1, TEXT))
        b.port.perform(CloseContext(1, 1))
        b.port.perform(CloseContext(1, 1))
        await b.over((1, 1))
        b.port.perform(CloseContext(1, 1))
        b.port.perform(Speak(2, 1, TEXT))
        b.port.perform(CloseContext(2, 1))
        await b.over((2, 1))
        assert [m["context_id"] for m in b.sent() if m.get("close_context")] == ["t1", "t2"]


async def test_a_context_without_audio_ends() -> None:
    """If the close race loses the audio, the context is reported as ended; the core makes a second attempt."""
    async with speaking(faults=TtsFaults(race=1)) as b:
        b.port.perform(Speak(1, 1, TEXT))
        b.port.perform(CloseContext(1, 1))
        await b.over((1, 1))
        assert b.pcmu(1) == b""
        b.port.perform(Speak(1, 2, TEXT))
        b.port.perform(CloseContext(1, 2))
        await b.over((1, 2))
        assert b.pcmu(1, 2)
        assert "t1-2" in {m.get("context_id") for m in b.sent()}


async def test_a_dropped_socket_loses_open_contexts_and_is_replaced() -> None:
    """1011 during speech: the context is lost; the next one uses a new socket."""
    async with speaking(faults=TtsFaults(drop_after_bytes=2_000)) as b:
        b.port.perform(Speak(1, 1, TEXT))
        [lost] = await b.until(SpeechLost)
        assert (lost.turn, lost.attempt, lost.retryable) == (1, 1, True)
        await b.until(TtsReady, 2)
        b.port.perform(Speak(1, 2, TEXT))
        b.port.perform(CloseContext(1, 2))
        await b.over((1, 1), (1, 2))
        assert len(b.pcmu(1, 2)) == len(TEXT) * CHAR_MS * 8


async def test_a_stalled_socket_is_replaced() -> None:
    """If text gets no audio for seconds, it is reported as lost and a new socket is opened."""
    async with speaking(faults=TtsFaults(hang=True)) as b:
        b.port.perform(Speak(1, 1, TEXT))
        await b.until(SpeechLost)
        b.tts.faults.hang = False
        await b.until(TtsReady, 2)
        b.port.perform(Speak(1, 2, TEXT))
        await b.until(SpeechAudio)


@pytest.mark.parametrize("garbage", [b"ID3\x04mp3", MP3, b"RIFF\x24\0\0\0WAVEfmt ", b'{"error": "x"}', b"<html>"])
async def test_audio_that_is_not_mulaw_is_never_played(garbage: bytes) -> None:
    """Played as audio, file headers and error bodies would be loud noise."""
    async with speaking(faults=TtsFaults(garbage=garbage)) as b:
        b.port.perform(Speak(1, 1, TEXT))
        await b.until(SpeechLost)
        assert b.of(SpeechAudio) == []


@pytest.mark.parametrize(
    ("faults", "code", "retryable"),
    [
        (TtsFaults(refuse=401), "provider_refused", False),
        (TtsFaults(refuse=403), "provider_refused", False),
        (TtsFaults(refuse=429), "provider_busy", True),
        (TtsFaults(refuse=500), "provider_unavailable", True),
        (TtsFaults(html=True), "provider_unavailable", True),
    ],
)
async def test_handshakes_that_fail(faults: TtsFaults, code: str, retryable: bool) -> None:
    """A refusal is final and reported once; other failures are retried; speech always gets an end."""
    async with speaking(faults=faults, ready=False) as b:
        [lost] = (await b.until(TtsLost))[:1]
        assert (lost.code, lost.retryable) == (code, retryable)
        b.port.perform(Speak(1, 1, TEXT))
        [speech] = await b.until(SpeechLost)
        assert speech.retryable is retryable
        if retryable:
            b.tts.faults.refuse, b.tts.faults.html = 0, False
            await b.until(TtsReady)
        else:
            assert len(b.of(TtsLost)) == 1


async def test_text_outlasts_the_pause_for_a_busy_service() -> None:
    """After a 429 the next handshake comes a second later; text of that second is spoken, not lost."""
    async with speaking(faults=TtsFaults(refuse=429), ready=False, speed=5) as b:
        await b.until(TtsLost)
        b.tts.faults.refuse = 0
        refused_ms = b.tts._clock.ms()
        b.port.perform(Speak(1, 1, TEXT))
        b.port.perform(CloseContext(1, 1))
        await b.until(TtsReady)
        assert b.tts._clock.ms() - refused_ms > BUSY_MS * 0.9
        await b.over((1, 1))
        assert b.of(SpeechLost) == []
        assert len(b.pcmu(1)) == len(TEXT) * CHAR_MS * 8
    assert CONNECT_MS > BUSY_MS + 300  # a handshake over the internet takes up to 300 ms


@pytest.mark.parametrize("slug", ["quota_exceeded", "detected_unusual_activity"])
async def test_account_faults_are_final(slug: str) -> None:
    """Quota and key faults arrive as a frame after a successful handshake, and are not retried."""
    async with speaking(faults=TtsFaults(error_slug=slug)) as b:
        b.port.perform(Speak(1, 1, TEXT))
        [lost] = await b.until(SpeechLost)
        assert lost.retryable is False
        b.port.perform(Speak(2, 1, TEXT))
        await b.over((1, 1), (2, 1))


@pytest.mark.parametrize(
    "slug", ["invalid_api_key", "authentication_required", "voice_id_does_not_exist", "paid_plan_required"]
)
async def test_a_wrong_key_or_voice_is_final(slug: str) -> None:
    """The handshake succeeds and the fault follows: one connection, one TtsLost, and every attempt is told."""
    async with speaking(faults=TtsFaults(error_after_accept=slug), ready=False) as b:
        [lost] = await b.until(TtsLost)
        assert (lost.code, lost.retryable) == (slug, False)
        b.port.perform(Speak(1, 1, TEXT))
        await b.over((1, 1))
    assert b.tts.connections == 1


async def test_a_service_that_is_down_at_start_is_retried() -> None:
    """Refused connections are reported; the port connects once the service is up."""
    async with speaking(ready=False, start=False) as b:
        await b.until(TtsLost)
        await b.server.start()
        await b.until(TtsReady)
        b.port.perform(Speak(1, 1, TEXT))
        await b.until(SpeechAudio)


async def test_late_audio_after_close_keeps_its_turn_number() -> None:
    """A closed context still sends audio for a while; it is reported under its own turn, for the core to drop."""
    async with speaking() as b:
        b.port.perform(Speak(1, 1, TEXT * 5))
        await b.until(SpeechAudio)
        b.port.perform(CloseContext(1, 1))
        b.port.perform(Speak(2, 1, TEXT))
        b.port.perform(CloseContext(2, 1))
        await b.over((1, 1), (2, 1))
        assert len(b.pcmu(2)) == len(TEXT) * CHAR_MS * 8


async def test_quiet_audio_is_not_taken_for_mp3() -> None:
    """Quiet mu-law can begin like an MP3 header (0xFF 0xFB): it is played, and the socket stays open."""
    quiet = bytes([0xFF, 0xFB, 0x7A, 0xFE]) * 200
    async with speaking(faults=TtsFaults(garbage=quiet)) as b:
        b.port.perform(Speak(1, 1, TEXT))
        assert (await b.until(SpeechAudio))[0].pcmu == quiet
        assert b.of(TtsLost) == []


async def test_no_hot_loop_against_a_service_that_hangs_up() -> None:
    """The service closes every socket right after opening: each further attempt waits longer."""
    async with speaking(faults=TtsFaults(hang_up=1011), ready=False) as b:
        began = b.server.tts._clock.ms()
        await b.until(TtsLost, 6)
        assert b.server.tts._clock.ms() - began > (100 + 200 + 400 + 800) * 0.7
        b.tts.faults.hang_up = 0
        b.port.perform(Speak(1, 1, TEXT))
        b.port.perform(CloseContext(1, 1))
        await b.over((1, 1))


async def test_contexts_waiting_for_a_slot_are_reported_in_an_outage() -> None:
    """Five open contexts are lost with the socket; the waiting ones are reported as lost when no socket opens in time.
    Later text is spoken."""
    async with speaking(faults=TtsFaults(no_final=True)) as b:
        for turn in range(1, 8):
            b.port.perform(Speak(turn, 1, TEXT))
        await b.until(SpeechAudio)
        b.tts.faults.no_final = False
        await b.server.stop()
        await b.over(*((turn, 1) for turn in range(1, 8)))
        assert b.of(SpeechEnded) == []
        await b.server.start()
        await b.until(TtsReady, 2)
        b.port.perform(Speak(8, 1, TEXT))
        b.port.perform(CloseContext(8, 1))
        await b.over((8, 1))
        assert len(b.pcmu(8)) == len(TEXT) * CHAR_MS * 8


async def test_contexts_waiting_for_a_slot_use_the_next_socket() -> None:
    """After a quick reconnect, text that was not sent yet needs no second attempt."""
    async with speaking(faults=TtsFaults(drop_after_bytes=2_000)) as b:
        keys = [(turn, 1) for turn in range(1, 7)]
        for key in keys:
            b.port.perform(Speak(*key, TEXT))
            b.port.perform(CloseContext(*key))
        await b.over(*keys)
        assert [event.turn for event in b.of(SpeechEnded)] == [6]
        assert len(b.pcmu(6)) == len(TEXT) * CHAR_MS * 8
        assert b.tts.most_contexts == 5


async def test_text_for_a_lost_context_opens_no_second_one() -> None:
    """Text that was on its way when the socket was lost is ignored: the attempt has already ended."""
    async with speaking(faults=TtsFaults(drop_after_bytes=2_000)) as b:
        b.port.perform(Speak(1, 1, TEXT))
        await b.until(SpeechLost)
        audio = b.pcmu(1)
        b.port.perform(Speak(1, 1, "And more. "))  # no socket
        await b.until(TtsReady, 2)
        b.port.perform(Speak(1, 1, "And more. "))
        b.port.perform(CloseContext(1, 1))
        b.port.perform(Speak(1, 2, TEXT))
        b.port.perform(CloseContext(1, 2))
        await b.over((1, 1), (1, 2))
        assert b.pcmu(1) == audio
        assert {m.get("context_id") for number, m in b.tts.received if number == 2} == {"t1-2"}


async def test_after_a_refusal_each_attempt_is_lost_once() -> None:
    """However many units of an attempt arrive, one SpeechLost is reported."""
    async with speaking(faults=TtsFaults(refuse=401), ready=False) as b:
        await b.until(TtsLost)
        for _ in range(3):
            b.port.perform(Speak(1, 1, TEXT))
        b.port.perform(CloseContext(1, 1))
        await b.over((1, 1))


async def test_closed_contexts_that_never_end() -> None:
    """Without isFinal their slots would never be freed: the socket is replaced, and each attempt ends."""
    async with speaking(faults=TtsFaults(no_final=True), speed=20) as b:
        keys = [(turn, 1) for turn in range(1, 7)]
        for key in keys:
            b.port.perform(Speak(*key, TEXT))
            b.port.perform(CloseContext(*key))
        await b.until(SpeechLost, 5)
        b.tts.faults.no_final = False
        await b.over(*keys)
        assert len(b.pcmu(6)) == len(TEXT) * CHAR_MS * 8


async def test_stop_is_orderly_and_quick() -> None:
    """Sends close_socket, closes, `run` returns, nothing is reported as lost; a second `stop` does no harm."""
    async with speaking() as b:
        b.port.perform(Speak(1, 1, TEXT))
        await b.until(SpeechAudio)
        b.port.stop()
        b.port.stop()
    assert b.sent()[-1] == {"close_socket": True}
    assert b.of(TtsLost) == []
    assert b.of(SpeechLost) == []


async def test_stop_in_a_pause() -> None:
    """During a back-off, `stop` does not wait for the next attempt."""
    async with speaking(faults=TtsFaults(refuse=500), ready=False, speed=5) as b:
        await b.until(TtsLost, 7)  # the pause is now over two seconds
        began = b.server.tts._clock.ms()
        b.port.stop()
    assert b.server.tts._clock.ms() - began < 1_500


async def test_idle_sockets_are_replaced() -> None:
    """A socket that times out between turns is reopened before the next turn needs it."""
    async with speaking(faults=TtsFaults(inactivity_ms=1_000)) as b:
        await b.until(TtsLost)
        await b.until(TtsReady, 2)


async def test_what_follows_from_an_end_comes_behind_the_opening_that_it_allows() -> None:
    """Five contexts are open and a sixth waits. The report of an end is answered at once, before it returns."""
    spec = VoiceSpec(provider="elevenlabs", voice_id="v", model="m", language="en")
    port = ElevenLabsTts(base_url="http://127.0.0.1:9", api_key="k", spec=spec, clock=Clock())
    port._emit, port._connected = lambda event: port.perform(CloseContext(6, 1)), True
    for turn in range(1, 7):
        port.perform(Speak(turn, 1, f"text {turn}. "))
    for turn in range(1, 6):
        port.perform(CloseContext(turn, 1))
    port._outbox.clear()
    port._read(wire.Final("t1"))
    sent = [json.loads(frame) for frame in port._outbox]
    assert {frame["context_id"] for frame in sent} == {"t6"}
    assert [bool(frame.get("close_context")) for frame in sent] == [False] * (len(sent) - 1) + [True]
