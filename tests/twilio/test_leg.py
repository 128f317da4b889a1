"""The leg against the local carrier, over a real socket."""

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from websockets.frames import Frame, Opcode

from telephony.core.actions import ClearPlayout, EndCall, SendAudio, SendMark, Speak
from telephony.core.events import AudioMissed, AudioReceived, CallerLeft, CallStarted, KeyPressed, LegEnd, MarkReached
from telephony.testing.fakes.twilio.carrier import CarrierFaults
from telephony.twilio.direct import direct_of
from telephony.twilio.outbox import MESSAGE_PCMU_BYTES, Outbox
from telephony.twilio.signature import sign_socket
from tests.twilio.service import TOKEN, Detector, Service, phone_call, service

LOUD = b"\x10"


async def test_a_call_from_start_to_stop() -> None:
    """Start first, then the caller's audio and keys in order, then the end; all messages are exact."""
    async with phone_call() as (it, phone):
        leg = await it.ready()
        await phone.say(LOUD * 1600 + b"\x11" * 80)
        await phone.press("1#")
        leg.perform(SendAudio(LOUD * 3200))
        leg.perform(SendMark("t1.1"))
        leg.perform(Speak(1, 0, "for another port "))
        await it.until(lambda: MarkReached("t1.1") in it.events)
        await phone.hang_up()
        await phone.ended()
        await it.until(lambda: it.legs_over == 1)
    assert it.events[0] == CallStarted(leg.start.stream_sid)
    assert it.events[-1] == CallerLeft(LegEnd.STOP)
    assert leg.start.parameters == {"token": "t"}
    assert it.of(KeyPressed) == [KeyPressed("1"), KeyPressed("#")]
    assert LOUD * 1600 + b"\x11" * 80 + b"\xff" * 80 in it.heard()
    stamps = [event.media_ms for event in it.of(AudioReceived)]
    assert stamps == list(range(0, len(stamps) * 20, 20))
    assert {(event.speech, event.level) for event in it.of(AudioReceived)} == {(None, -960), (1000, -200)}
    assert LOUD * 3200 in phone.heard()
    assert phone.violations == []
    assert leg.faults.total() == 0


async def test_audio_is_sent_at_once_and_the_carrier_paces() -> None:
    """Ten seconds of speech are written without pacing, in messages below 32 KiB, and played without a gap."""
    async with phone_call() as (it, phone):
        leg = await it.ready()
        leg.perform(SendAudio(LOUD * 80_000))
        leg.perform(SendMark("end"))
        await phone.until(lambda: phone.line.playout.queued_bytes > 70_000)
        assert phone.now_ms < 2_000
        await it.until(lambda: MarkReached("end") in it.events)
        assert LOUD * 80_000 in phone.heard()
        assert phone.violations == []


async def test_a_clear_stops_playback_and_every_mark_is_echoed() -> None:
    """After a clear no earlier speech is played; new speech is."""
    async with phone_call() as (it, phone):
        leg = await it.ready()
        leg.perform(SendAudio(LOUD * 80_000))
        leg.perform(SendMark("a"))
        await phone.agent_speaking()
        leg.perform(SendAudio(b"\x12" * 480_000))
        leg.perform(SendMark("b"))
        leg.perform(ClearPlayout())
        leg.perform(SendAudio(b"\x13" * 1_600))
        leg.perform(SendMark("c"))
        await it.until(lambda: MarkReached("c") in it.events)
        assert [(mark.name, mark.fate) for mark in phone.marks] == [("a", "cleared"), ("b", "cleared"), ("c", "played")]
        assert [event.name for event in it.of(MarkReached)] == ["a", "b", "c"]
        assert b"\x12" not in phone.heard()
        assert b"\x13" * 1_600 in phone.heard()
        assert phone.cleared_bytes > 0


async def test_ending_the_call_writes_what_is_queued_then_closes() -> None:
    """EndCall flushes and closes with 1000, then Twilio requests the action URL; a second EndCall does no harm."""
    async with phone_call() as (it, phone):
        leg = await it.ready()
        for n in range(50):
            leg.perform(SendMark(f"m{n}"))
        leg.perform(EndCall("agent"))
        leg.perform(EndCall("agent"))
        leg.perform(SendMark("too late"))
        leg.stop()
        await phone.ended()
    assert [mark.name for mark in phone.marks] == [f"m{n}" for n in range(50)]
    assert phone.closes == [1000]
    assert phone.outcome == "completed"
    assert [form["path"] for form in it.forms] == ["/voice", "/after", "/status"]
    assert it.left() == ["disconnected"]


async def test_a_cancelled_leg_still_flushes() -> None:
    """If the driver cancels the leg right after EndCall, queued messages are still sent and the socket is closed."""
    async with phone_call() as (it, phone):
        leg = await it.ready()
        running = next(task for task in asyncio.all_tasks() if "run_asgi" in repr(task))
        leg.perform(SendMark("bye"))
        leg.perform(EndCall("agent"))
        running.cancel()
        await phone.ended()
    assert [mark.name for mark in phone.marks] == ["bye"]
    assert phone.closes == [1000]


async def test_stop_and_disconnect_each_end_the_leg() -> None:
    """Close without stop, stop then an abort, an empty close frame: one CallerLeft each."""
    ways = {
        (False, 1000): "disconnected",
        (False, 1005): "disconnected",
        (False, 1006): "disconnected",
        (True, 1006): "stop",
        (True, 1000): "stop",
    }

    async def left(faults: CarrierFaults) -> list[str]:
        async with phone_call(faults) as (it, phone):
            await it.ready()
            await phone.hang_up()
            await phone.ended()
            await it.until(lambda: it.legs_over == 1)
        return it.left()

    for (stop, code), how in ways.items():
        assert await left(CarrierFaults(stop=stop, close_code=code)) == [how]


async def test_the_subprotocol_is_echoed_only_if_offered() -> None:
    """A client drops the connection if it gets a subprotocol that it did not offer."""
    for offered in (False, True):
        async with phone_call(CarrierFaults(offer_subprotocol=offered)) as (it, phone):
            await it.ready()
            assert phone.violations == []


async def test_odd_frames_bursts_and_jitter_lose_nothing() -> None:
    """Payloads that are not 160 bytes, late and in bursts: all audio arrives in order."""
    speech = bytes(range(1, 101)) * 16
    faults = CarrierFaults(payload_bytes=100, burst_frames=4, jitter_ms=5, first_timestamp_ms=37)
    async with phone_call(faults) as (it, phone):
        await it.ready()
        await phone.say(speech)
        await it.until(lambda: speech in it.heard())
        assert it.of(AudioMissed) == []
        assert 36 <= it.of(AudioReceived)[0].media_ms <= 37


async def test_lost_audio_is_reported_and_clears_the_detector() -> None:
    """A jump of the timestamps is AudioMissed; a long one also resets the detector."""
    async with phone_call(CarrierFaults(gaps=((200, 40), (400, 300)))) as (it, _):
        leg = await it.ready()
        await it.until(lambda: len(it.of(AudioMissed)) == 2)
        await it.until(lambda: isinstance(it.events[-1], AudioReceived))
        assert [event.ms for event in it.of(AudioMissed)] == [40, 300]
        assert it.detector.resets == 1
        assert leg.faults == {"gap": 2}


async def test_audio_that_arrives_late_in_a_burst_is_no_gap() -> None:
    """The network freezes and then delivers everything: no gap is reported, and no flood."""
    async with phone_call(CarrierFaults(freezes=((200, 3_000),))) as (it, phone):
        await it.ready()
        await phone.say(LOUD * 800)
        await it.until(lambda: LOUD * 800 in it.heard())
        assert it.of(AudioMissed) == []
        assert it.left() == []


async def test_a_socket_without_start_is_refused() -> None:
    """After `start_ms` without a start the socket is closed with a reason."""
    async with phone_call(CarrierFaults(no_start=True), start_ms=1_000) as (it, phone):
        await it.until(lambda: bool(it.refusals))
        await phone.ended()
    assert it.refusals == ["no_start"]
    assert phone.closes == [1008]


async def test_an_unknown_encoding_is_refused() -> None:
    """The socket is closed at start, with a reason, because other encodings would be noise."""
    async with phone_call(CarrierFaults(encoding="audio/x-l16")) as (it, phone):
        await phone.ended()
    assert it.refusals == ["media_format"]
    assert phone.closes == [1008]


async def test_media_before_start_and_a_second_start_are_only_counted() -> None:
    """Messages out of order do not end the call."""
    async with phone_call(CarrierFaults(media_before_start=3, second_start=True)) as (it, phone):
        leg = await it.ready()
        await phone.say(LOUD * 320)
        await it.until(lambda: LOUD * 320 in it.heard())
        assert leg.faults == {"second_start": 1}
        assert len(it.of(CallStarted)) == 1


async def test_custom_parameters_are_optional() -> None:
    """Twilio may omit customParameters when the TwiML has none."""
    async with phone_call(CarrierFaults(without_custom_parameters=True), parameters={}) as (it, _):
        assert (await it.ready()).start.parameters == {}


async def test_unusable_messages_are_ignored_and_counted_by_kind() -> None:
    """Not JSON, binary, bad base64, messages of another stream, unknown events: the call continues."""
    async with phone_call() as (it, phone):
        leg = await it.ready()
        sid = leg.start.stream_sid
        unusable: list[str | bytes] = [
            "nonsense",
            b"\x00\x01",
            '{"event":"media","streamSid":"MZother","media":{"timestamp":"0","payload":"//8="}}',
            f'{{"event":"media","streamSid":"{sid}","media":{{"timestamp":"0","payload":"?"}}}}',
            f'{{"event":"media","streamSid":"{sid}","media":{{"track":"outbound","timestamp":"0","payload":"EBAQ"}}}}',
            f'{{"event":"mark","streamSid":"{sid}","mark":{{"name":"never set"}}}}',
            '{"event":"tomorrow","news":1}',
        ]
        for message in unusable:
            await phone.inject(message)
        await phone.say(LOUD * 320)
        await it.until(lambda: LOUD * 320 in it.heard())
        expected = ["bad_base64", "binary", "not_json", "unknown_mark", "wrong_stream", "wrong_track"]
        assert sorted(leg.faults) == expected
        assert it.left() == []


async def test_a_message_that_is_too_large_ends_the_leg() -> None:
    """The server closes with 1009; the leg counts it as `too_big` and ends."""
    async with phone_call() as (it, phone):
        leg = await it.ready()
        await phone.inject("x" * 200_000)
        await it.until(lambda: it.legs_over == 1)
        assert leg.faults["too_big"] == 1
        assert it.left() == ["disconnected"]


async def test_a_flood_ends_the_call() -> None:
    """Hundreds of control messages a second are an attack, not a caller."""
    async with phone_call() as (it, phone):
        await it.ready()
        phone.line.injected.extend(["nonsense"] * 5_000)
        await it.until(lambda: it.legs_over == 1)
        await phone.ended()
    assert it.left() == ["flooded"]
    assert phone.closes == [1008]


async def test_the_echoes_of_our_own_marks_are_no_flood() -> None:
    """A clear makes Twilio echo hundreds of marks at once; the call continues."""
    async with phone_call() as (it, phone):
        leg = await it.ready()
        leg.perform(SendAudio(LOUD * 80_000))
        for n in range(400):
            leg.perform(SendMark(f"m{n}"))
        leg.perform(SendMark("last"))
        await phone.until(lambda: phone.line.playout.queued_bytes > 0)
        leg.perform(ClearPlayout())
        await it.until(lambda: MarkReached("last") in it.events)
        assert len(it.of(MarkReached)) == 401
        assert it.left() == []


async def test_an_upload_faster_than_any_caller_ends_the_call() -> None:
    """No phone sends audio that is minutes ahead of the clock."""
    async with phone_call() as (it, phone):
        sid = (await it.ready()).start.stream_sid
        payload = "/" * 40_000
        message = f'{{"event":"media","streamSid":"{sid}","media":{{"timestamp":"0","payload":"{payload}"}}}}'
        phone.line.injected.extend([message] * 100)
        await it.until(lambda: it.legs_over == 1)
        assert it.left() == ["flooded"]


async def test_an_outbox_over_its_limit_ends_the_call() -> None:
    """The call ends at once if the carrier does not read and the outbox exceeds its limit."""
    async with phone_call(CarrierFaults(read_for_ms=0), outbox_bytes=200_000) as (it, phone):
        leg = await it.ready()
        for _ in range(2_000):  # more than the sockets on the way hold
            leg.perform(SendAudio(LOUD * 8_000))
        await it.until(lambda: it.legs_over == 1)
        assert it.left() == ["unread"]
        await phone.ended()


async def test_a_stalled_send_ends_the_call() -> None:
    """A stalled send ends the call even while audio still arrives; the connection is aborted, not left half open."""
    async with phone_call(CarrierFaults(read_for_ms=0), speed=20) as (it, phone):
        leg = await it.ready()
        leg.perform(SendAudio(LOUD * 6 * 2**20))
        await it.until(lambda: it.legs_over == 1)
        over_ms = phone.now_ms
        assert it.left() == ["unread"]
        await phone.ended()
        assert phone.now_ms - over_ms < 5_000  # earlier than the carrier's own timeout


def test_messages_stay_below_32_kib() -> None:
    """Long audio is split into several messages; messages taken no longer count towards `size`."""
    outbox = Outbox("MZ1")
    outbox.audio(LOUD * (MESSAGE_PCMU_BYTES + 160))
    assert len(outbox) == 2
    assert all(len(outbox.take()) < 32 * 1024 for _ in range(2))
    assert outbox.size == 0


def test_a_clear_drops_unwritten_audio_but_no_mark() -> None:
    """In the outbox a clear drops audio, is placed after the marks, and is not repeated."""
    outbox = Outbox("MZ1")
    outbox.mark("a")
    outbox.audio(LOUD * 160)
    outbox.mark("b")
    outbox.clear()
    outbox.clear()
    outbox.audio(LOUD)
    written = [outbox.take() for _ in range(len(outbox))]
    assert [message.split('"')[3] for message in written] == ["mark", "mark", "clear", "media"]
    assert outbox.size == 0


async def test_many_bad_messages_before_start_are_refused() -> None:
    """A client that sends only unreadable messages is refused before the start timeout."""
    async with phone_call(CarrierFaults(no_start=True), start_ms=600_000) as (it, phone):
        phone.line.injected.extend(["nonsense"] * 150)
        await phone.ended()
    assert it.refusals == ["flooded"]
    assert phone.closes == [1008]


async def test_a_disconnect_before_start_has_its_own_code() -> None:
    """If the socket closes before `start`, `open_leg` raises `left_before_start` and does not hang."""
    async with phone_call(CarrierFaults(no_start=True, close_code=1006, stop=False)) as (it, phone):
        await phone.until(lambda: phone.line.voice.said != b"")
        await phone.hang_up()
        await it.until(lambda: bool(it.refusals))
    assert it.refusals == ["left_before_start"]


async def test_damaged_messages_never_end_a_call() -> None:
    """Random (seeded) damage to real messages: the call continues and its audio still arrives."""
    dice = random.Random(7)
    async with phone_call(speed=20) as (it, phone):
        leg = await it.ready()
        sid = leg.start.stream_sid
        good = [
            f'{{"event":"media","streamSid":"{sid}","media":{{"timestamp":"0","chunk":"1","payload":"//8="}}}}',
            f'{{"event":"mark","streamSid":"{sid}","mark":{{"name":"a"}}}}',
            f'{{"event":"dtmf","streamSid":"{sid}","dtmf":{{"track":"inbound_track","digit":"1"}}}}',
            f'{{"event":"start","streamSid":"{sid}","start":{{"callSid":"CA1"}}}}',
        ]
        for _ in range(300):
            text = list(dice.choice(good))
            for _ in range(dice.randint(1, 4)):
                at = dice.randrange(len(text))
                text[at] = dice.choice(['"', "{", "}", "\x00", "é", "9", "-", "", "\\", text[at] * 50])
            damaged = "".join(text)
            await phone.inject(damaged.encode() if dice.random() < 0.1 else damaged)
            await phone.say(b"\xff" * 160)  # paces the messages: floods have their own test
        await phone.say(LOUD * 320)
        await it.until(lambda: LOUD * 160 in it.heard())
        assert it.left() == []


# --- the direct way and the public one ------------------------------------------------------------------------------


async def test_a_whole_call_under_another_server() -> None:
    """Where the socket has no direct way: everything is received and sent through ASGI, in the same order."""
    async with phone_call(ws="websockets-sansio") as (it, phone):
        leg = await it.ready()
        assert direct_of(leg._socket.scope) is None
        leg.perform(SendAudio(LOUD * 8_000))
        leg.perform(SendMark("a"))
        await phone.say(LOUD * 1_600)
        await it.until(lambda: MarkReached("a") in it.events)
        leg.perform(SendAudio(LOUD * 80_000))
        leg.perform(SendMark("b"))
        leg.perform(ClearPlayout())
        await it.until(lambda: MarkReached("b") in it.events)
        await phone.press("5")
        await it.until(lambda: bool(it.of(KeyPressed)))
        assert LOUD * 1_600 in it.heard()
        leg.perform(EndCall("done"))
        await it.until(lambda: it.legs_over == 1)
        assert phone.violations == []


async def test_a_bug_behind_a_message_ends_its_call_only() -> None:
    """The server goes on, and the next call is answered."""

    class Broken(Detector):
        def hear(self, pcmu: bytes) -> tuple[int | None, int]:
            raise ZeroDivisionError

    async with phone_call(detector=Broken()) as (it, phone):
        await it.until(lambda: it.legs_over == 1)
        assert it.left() == ["disconnected"]
        await phone.ended()


HANDSHAKE = (
    b"GET /media HTTP/1.1\r\nHost: %b\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Twilio-Signature: %b\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@asynccontextmanager
async def raw_leg() -> AsyncIterator[tuple[Service, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A leg whose carrier is a bare socket."""
    async with service() as it:
        host = it.base_url.removeprefix("http://")
        signature = sign_socket(TOKEN, f"ws://{host}/media")
        reader, writer = await asyncio.open_connection(*host.split(":"))
        writer.write(HANDSHAKE % (host.encode(), signature.encode()))
        await reader.readuntil(b"\r\n\r\n")
        media = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
        start = {"streamSid": "MZ1", "callSid": "CA1", "mediaFormat": media}
        writer.write(framed(json.dumps({"event": "start", "streamSid": "MZ1", "start": start})))
        await it.ready()
        try:
            yield it, reader, writer
        finally:
            writer.close()
        await it.until(lambda: it.legs_over == 1)


def framed(text: str, pieces: int = 1) -> bytes:
    """A text message in so many WebSocket frames."""
    size = -(-len(text) // pieces)
    parts = [text[at : at + size].encode() for at in range(0, len(text), size)]
    return b"".join(
        Frame(Opcode.CONT if number else Opcode.TEXT, part, number == len(parts) - 1).serialize(mask=True)
        for number, part in enumerate(parts)
    )


def mark(name: str) -> str:
    return json.dumps({"event": "mark", "streamSid": "MZ1", "mark": {"name": name}})


def received(it: Service, name: str) -> bool:
    return MarkReached(name) in it.events


async def test_a_direct_message_does_not_overtake_one_that_was_received() -> None:
    """However many of them wait: the reader lets others have their turn, but not with a message in its hand."""
    names = [f"m{number}" for number in range(330)]
    async with raw_leg() as (it, _, writer):
        leg = await it.ready()
        for name in names:
            leg.perform(SendMark(name))
        for at in range(0, len(names), 33):
            *fragmented, last = names[at : at + 33]
            writer.write(b"".join(framed(mark(name), 2) for name in fragmented) + framed(mark(last)))
            await it.until(partial(received, it, last))
        assert [event.name for event in it.of(MarkReached)] == names


async def test_what_is_sent_keeps_its_order_when_the_carrier_reads_again() -> None:
    """What waits for it, and what comes meanwhile and could be written at once."""
    async with raw_leg() as (it, reader, writer):
        leg, sent, got, buffer = await it.ready(), 0, list[int](), b""
        reading: asyncio.ReadTransport = writer.transport  # type: ignore[assignment]
        reading.pause_reading()
        while sent < 300:
            leg.perform(SendAudio(LOUD * 16_000))
            leg.perform(SendMark(f"m{sent:04}"))
            sent += 1
        reading.resume_reading()

        async def more() -> None:
            for number in range(sent, 5_000):
                leg.perform(SendMark(f"m{number:04}"))
                await asyncio.sleep(0)

        sending = asyncio.ensure_future(more())
        while len(got) < 5_000:
            buffer += await reader.read(2**16)
            found = re.findall(rb'"name":"m(\d{4})"', buffer)
            got += [int(number) for number in found]
            buffer = buffer[-40:] if not found else buffer[buffer.rindex(b'"name":"m') + 14 :]
        await sending
        assert got == list(range(5_000))
