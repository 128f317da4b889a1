"""The STT port on real sockets, against a local STT server with its faults."""

from __future__ import annotations

import asyncio
import json
import random
from base64 import b64decode
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from websockets.asyncio.server import ServerConnection, serve

from telephony.audio import frames, tones
from telephony.contracts.stt import SttSpec
from telephony.core import events as e
from telephony.core.actions import CommitTranscript, Transcribe
from telephony.elevenlabs.stt import ElevenLabsStt
from telephony.elevenlabs.stt_backlog import LIMIT_BYTES
from telephony.elevenlabs.stt_codec import REPEAT_MS
from telephony.testing.fakes.elevenlabs.stt import LocalStt, Script, ScriptedRecognizer, SttFaults, SttLatency
from telephony.testing.steady import SteadyClock
from tests.elevenlabs.stt_rig import SPEED, running_stt

HOURS, NINE = "what are your opening hours", "tomorrow at nine please"


async def test_partials_grow_and_a_commit_returns_the_final() -> None:
    """The normal case: partials during speech, then the final; what the service repeats of them is no event."""
    async with running_stt() as it:
        await it.ready()
        it.quiet(400)
        it.stt.script.add(HOURS)
        for _ in range(15):
            it.audio(tones.sine(300, 100))
            await asyncio.sleep(0)
        it.quiet()
        it.commit()
        final = await it.answer()
        partials = it.tentative
        assert partials
        assert all(HOURS.startswith(text) for text in partials)
        assert partials == sorted(partials, key=len)
        assert (final.commit, final.stable) == (1, HOURS)
        assert len(partials) == len(set(partials))
        assert len(it.all(e.TranscriptUpdated)) == len(partials) + 1
        assert it.stt.paths[0].count("keyterms=Northwind") == 1


@pytest.mark.parametrize(
    "faults",
    [
        SttFaults(),
        SttFaults(timed_unasked=True),
        SttFaults(timed_unasked=True, timed_first=True),
        SttFaults(timed_unasked=True, no_plain=True),
        SttFaults(timed_unasked=True, timed_late_ms=450),
        SttFaults(timed_unasked=True, timed_first=True, timed_late_ms=450),
        SttFaults(duplicate_finals=True),
        SttFaults(timed_unasked=True, duplicate_finals=True, timed_first=True, stale_partials=True),
        SttFaults(thrice=True),
        SttFaults(tags=True),
        SttFaults(stale_partials=True, rough_partials=True, unknown_messages=True),
    ],
    ids=lambda faults: ",".join(
        name for name in faults.__slots__ if getattr(faults, name) != getattr(SttFaults(), name)
    ),
)
async def test_one_final_for_each_commit_whatever_the_service_repeats(faults: SttFaults) -> None:
    """Double, reordered, repeated, late and stale messages: one final per utterance, and no spurious turn."""
    async with running_stt(replace(faults)) as it:
        await it.ready()
        for number, text in enumerate((HOURS, NINE, NINE), 1):
            it.says(text)
            assert (await it.answer(number)).stable == text
            reported = len(it.events)
            it.quiet(500)
            await it.clock.sleep(REPEAT_MS)  # audio is not sent in real time here: leave a realistic gap
        it.commit()
        await it.answer()
        assert it.finals == [(1, HOURS), (2, NINE), (3, NINE), (4, "")]
        after = [event.tentative for _, event in it.events[reported:] if isinstance(event, e.TranscriptUpdated)]
        assert [text for text in after if text] == []
        assert it.losses == []


async def test_not_ready_before_the_session_says_so() -> None:
    """Quota and key faults arrive as messages after a successful handshake: no SttReady, one SttLost, no retry."""
    async with running_stt(SttFaults(error_after_accept="quota_exceeded")) as it:
        await it.until(lambda: bool(it.losses))
        it.says(HOURS)
        it.quiet(60_000)
        assert it.losses == [("quota_exceeded", False)]
        assert it.all(e.SttReady) == []
        assert it.stt.connections == 1
        it.port.stop()
        assert len(it.events) == 1


async def test_session_that_never_starts_is_replaced() -> None:
    """After five seconds; the next session transcribes the audio of the meantime."""
    async with running_stt(SttFaults(no_session=True)) as it:
        it.says(HOURS)
        await it.until(lambda: bool(it.losses))
        assert it.losses == [("provider_timeout", True)]
        it.stt.faults.no_session = False
        assert (await it.answer()).stable == HOURS


@pytest.mark.parametrize(
    ("faults", "code", "retryable"),
    [
        (SttFaults(refuse=401), "provider_refused", False),
        (SttFaults(refuse=403), "provider_refused", False),
        (SttFaults(refuse=429), "provider_busy", True),
        (SttFaults(refuse=503), "provider_unavailable", True),
        (SttFaults(html=True), "provider_unavailable", True),
        (SttFaults(error_after_accept="rate_limited"), "rate_limited", True),
        (SttFaults(error_after_accept="auth_error"), "auth_error", False),
    ],
)
async def test_refusals(faults: SttFaults, code: str, retryable: bool) -> None:
    """Retryable refusals are retried, and the audio is then transcribed; the others are final."""
    async with running_stt(replace(faults)) as it:
        it.says(HOURS)
        await it.until(lambda: bool(it.losses))
        assert it.losses[0] == (code, retryable)
        if retryable:
            for field in ("refuse", "html", "error_after_accept"):
                setattr(it.stt.faults, field, type(getattr(it.stt.faults, field))())
            assert (await it.answer()).stable == HOURS


async def test_throttled_commit_is_repeated() -> None:
    """With the next audio: the words before it become stable."""
    async with running_stt(SttFaults(throttle=1)) as it:
        it.says(HOURS)
        it.quiet(400)
        assert (await it.answer()).stable == HOURS
        assert it.all(e.CommitRefused) == []
        assert it.stt.commits == 2


async def test_throttled_commit_is_not_fatal() -> None:
    """If it is throttled again it is refused, the session continues, and the audio belongs to the next commit."""
    async with running_stt(SttFaults(throttle=2)) as it:
        it.says(HOURS)
        it.quiet(400)
        await it.until(lambda: bool(it.all(e.CommitRefused)))
        it.says(NINE)
        assert (await it.answer()).stable == f"{HOURS} {NINE}"
        assert it.all(e.CommitRefused) == [e.CommitRefused(1)]
        assert it.losses == []


async def test_commit_with_too_little_audio_is_never_sent() -> None:
    """With less than 0.3 s of new audio, the port refuses the commit itself."""
    async with running_stt() as it:
        it.says(HOURS)
        await it.answer()
        it.quiet(280)
        it.commit()
        await it.until(lambda: e.CommitRefused(2) in it.all(e.CommitRefused))
        assert it.stt.commits == 1


async def test_utterance_split_by_a_commit() -> None:
    """Each half is reported once, with its own commit number."""
    async with running_stt() as it:
        await it.ready()
        it.stt.script.add("one two three four")
        it.audio(tones.sine(300, 600))
        it.commit()
        await it.answer(1)
        it.audio(tones.sine(300, 600))
        it.quiet()
        it.commit()
        await it.answer(2)
        assert it.finals == [(1, "one two"), (2, "three four")]


async def test_service_that_closes_an_idle_socket() -> None:
    """After 15 s without audio the service closes with 1000. The port reconnects before the caller speaks."""
    async with running_stt() as it:
        await it.ready()
        await it.ready(2)
        assert it.losses == [("provider_unavailable", True)]
        it.says(HOURS)
        assert (await it.answer()).stable == HOURS


async def test_drop_in_the_middle_of_a_word() -> None:
    """Only the audio since the last commit is sent again: each word appears once."""
    async with running_stt() as it:
        it.says(HOURS)
        await it.answer()
        it.stt.script.add(NINE)
        it.audio(tones.sine(300, 700))
        await it.until(lambda: any(text.startswith("tomorrow") for text in it.tentative))
        before = it.stt.audio_bytes
        it.stt.faults.drop = True
        for frame in frames.frames(tones.sine(300, 500) + frames.silence(700)):
            it.audio(frame)
            await it.clock.sleep(20)
        it.commit()
        await it.answer()
        assert it.losses == [("provider_unavailable", True)]
        assert it.finals == [(1, HOURS), (2, NINE)]
        assert it.stt.audio_bytes - before <= 8 * (1_900 + 800)


async def test_pending_commit_is_sent_again() -> None:
    """The connection breaks between a commit and its answer."""
    async with running_stt(SttFaults(drop_at_commit=True)) as it:
        it.says(HOURS)
        assert (await it.answer()).stable == HOURS
        it.says(NINE)
        await it.answer()
        assert it.finals == [(1, HOURS), (2, NINE)]
        assert it.stt.commits == 3
        assert it.stt.connections == 2


async def test_speech_during_an_outage_is_transcribed_after_it() -> None:
    """Two utterances during an outage give two finals with their commit numbers; each loss was reported."""
    async with running_stt() as it:
        await it.ready()
        await it.server.stop()
        it.says(HOURS)
        it.says(NINE)
        await it.until(lambda: len(it.losses) >= 3)
        await it.server.start()
        await it.answer(2)
        assert it.finals == [(1, HOURS), (2, NINE)]
        assert set(it.losses) == {("provider_unavailable", True)}


async def test_long_outage_keeps_the_last_half_minute() -> None:
    """The oldest audio is dropped, with a report about once a second; the rest is transcribed."""
    async with running_stt(run=False) as it:
        it.quiet(50_000)
        running = asyncio.create_task(it.port.run(it.emit))
        it.quiet(20_000)
        it.says(HOURS)
        assert (await it.answer()).stable == HOURS
        running.cancel()
        assert it.stt.audio_bytes <= LIMIT_BYTES
    async with running_stt() as it:
        await it.ready()
        await it.server.stop()
        await it.until(lambda: bool(it.losses))
        it.quiet(60_000)
        dropped = it.all(e.OutboxOverflowed)
        assert {event.port for event in dropped} == {"stt"}
        assert 29_000 <= sum(event.dropped for event in dropped) * 20 <= 31_100
        assert len(dropped) <= 32


async def test_audio_that_is_sent_again_is_paced() -> None:
    """At most four times real time: the service answers a faster upload with queue_overflow."""
    clock, arrivals = SteadyClock(SPEED), []

    class Watch(ScriptedRecognizer):
        def hear(self, pcmu: bytes) -> None:
            arrivals.append((clock.ms(), len(pcmu) // 8))
            super().hear(pcmu)

    stt = LocalStt(clock=clock, recognizer=lambda: Watch(Script(HOURS)))
    async with running_stt(stt=stt, clock=clock, run=False) as it:
        it.quiet(8_000)
        it.audio(tones.sine(300, 1_500))
        it.quiet()
        it.commit()
        running = asyncio.create_task(it.port.run(it.emit))
        assert (await it.answer()).stable == HOURS
        running.cancel()
        took = arrivals[-1][0] - arrivals[0][0]
        assert sum(ms for _, ms in arrivals) == 10_200
        assert took >= 10_000 / 4 * 0.95
        assert max(ms for _, ms in arrivals) <= 120


async def test_live_audio_is_sent_in_pieces_of_100_ms() -> None:
    """Five frames make a piece; a commit does not wait for the fifth."""
    clock, sizes = SteadyClock(SPEED), []

    class Watch(ScriptedRecognizer):
        def hear(self, pcmu: bytes) -> None:
            sizes.append(len(pcmu))
            super().hear(pcmu)

    async with running_stt(stt=LocalStt(clock=clock, recognizer=lambda: Watch(Script())), clock=clock) as it:
        await it.ready()
        it.quiet(460)
        it.commit()
        await it.answer()
        assert sizes == [800, 800, 800, 800, 480]


async def test_the_end_of_a_sound_is_sent_at_once() -> None:
    """Six frames of quiet after a sound are sent without waiting for a whole piece; later frames are not."""
    clock, sizes = SteadyClock(SPEED), []

    class Watch(ScriptedRecognizer):
        def hear(self, pcmu: bytes) -> None:
            sizes.append(len(pcmu))
            super().hear(pcmu)

    async with running_stt(stt=LocalStt(clock=clock, recognizer=lambda: Watch(Script())), clock=clock) as it:
        await it.ready()
        for frame in frames.frames(tones.sine(300, 240) + frames.silence(300)):
            it.audio(frame)
            await clock.sleep(20)
        it.commit()
        await it.answer()
        assert sizes == [800, 800, 480, 160, 160, 160, 160, 160, 800, 640]


class Recorder:
    """A server that only takes what it is sent: `segments` are the audio before each commit and after the last one."""

    def __init__(self) -> None:
        self.segments = [bytearray()]
        self.reading = asyncio.Event()
        self._came = asyncio.Event()

    async def handle(self, connection: ServerConnection) -> None:
        await connection.send('{"message_type": "session_started"}')
        await self.reading.wait()
        async for text in connection:
            message = json.loads(text)
            self.segments[-1] += b64decode(message["audio_base_64"])
            self.segments += [bytearray()] * message["commit"]
            self._came.set()

    async def until_received(self, size: int) -> None:
        while sum(map(len, self.segments)) < size or self.segments[-1]:
            self._came.clear()
            await self._came.wait()


@asynccontextmanager
async def recorded(*first: bytes | int) -> AsyncIterator[tuple[Recorder, ElevenLabsStt, list[e.Event]]]:
    """A port that has a session with a recorder, and its events. `first` comes before the session."""
    recorder, events, ready = Recorder(), list[e.Event](), asyncio.Event()

    def emit(event: e.Event) -> None:
        events.append(event)
        ready.set()

    async with asyncio.timeout(60), serve(recorder.handle, "127.0.0.1", 0, compression=None, max_queue=1) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        port = ElevenLabsStt(base_url=url, api_key="k", spec=SttSpec("en"), clock=SteadyClock(1))
        await perform(port, first)
        running = asyncio.create_task(port.run(emit))
        try:
            await ready.wait()
            yield recorder, port, events
        finally:
            recorder.reading.set()
            running.cancel()
            await asyncio.wait([running])


async def perform(port: ElevenLabsStt, items: Iterable[bytes | int]) -> None:
    """Passes audio and commits to the port, one in each iteration of the event loop."""
    for item in items:
        port.perform(Transcribe(item) if isinstance(item, bytes) else CommitTranscript(item))
        await asyncio.sleep(0)


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_sent_at_once_and_what_had_to_wait_is_the_same(seed: int) -> None:
    """Any audio with any commits, live or gathered before there is a session: the service gets the same audio between
    the same commits."""
    chance, items = random.Random(seed), list[bytes | int]()
    for number in range(1, 11):
        for _ in range(chance.randrange(40)):
            items.append(tones.sine(300, 20) if chance.random() < 0.5 else frames.silence(20))
        items.append(number)
    items += [frames.silence(300), 11]
    audio = b"".join(item for item in items if isinstance(item, bytes))
    async with recorded() as (live, port, _):
        live.reading.set()
        await perform(port, items)
        await live.until_received(len(audio))
    async with recorded(*items) as (late, _, _):
        late.reading.set()
        await late.until_received(len(audio))
    assert live.segments == late.segments
    assert b"".join(live.segments) == audio
    assert len(live.segments) > 3


async def test_a_network_that_stalls_takes_no_memory_and_loses_no_more_than_an_outage() -> None:
    """Little is written to a server that does not read; later it gets everything else, in order, up to the commit."""
    count = 0
    async with recorded() as (recorder, port, events):
        while not any(isinstance(event, e.OutboxOverflowed) for event in events):
            assert count < 200_000  # no kernel keeps an hour of audio
            await perform(port, [count.to_bytes(4, "big") * 40])
            count += 1
        await perform(port, [1])
        dropped = sum(event.dropped for event in events if isinstance(event, e.OutboxOverflowed))
        recorder.reading.set()
        await recorder.until_received(160 * (count - dropped))
    received = recorder.segments[0]
    numbers = [int.from_bytes(received[at : at + 4], "big") for at in range(0, len(received), 160)]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == count - dropped
    assert numbers[-1] == count - 1


@pytest.mark.parametrize("fault", ["transcriber_error", "session_time_limit_exceeded", "queue_overflow"])
async def test_error_in_the_middle(fault: str) -> None:
    """After a retryable fault nothing is lost."""
    async with running_stt() as it:
        await it.ready()
        it.says(HOURS, commit=False)
        it.stt.faults.error_slug = fault
        it.quiet(200)
        it.commit()
        assert (await it.answer()).stable == HOURS
        assert it.losses == [(fault, True)]


async def test_fatal_error_in_the_middle() -> None:
    """The port reports the loss once, does not reconnect, and keeps no more audio."""
    async with running_stt() as it:
        await it.ready()
        it.stt.faults.error_slug = "unaccepted_terms"
        it.quiet(200)
        await it.until(lambda: bool(it.losses))
        it.quiet(60_000)
        it.commit()
        assert it.losses == [("unaccepted_terms", False)]
        assert it.all(e.OutboxOverflowed) == []
        assert it.stt.connections == 1


async def test_frame_that_is_not_json() -> None:
    """An error page on the socket: the session is replaced and no words are lost."""
    async with running_stt(SttFaults(garbage=True)) as it:
        await it.ready()
        it.says(HOURS)
        assert (await it.answer()).stable == HOURS
        assert it.losses == [("provider_misbehaved", True)]


async def test_service_that_goes_silent_is_replaced() -> None:
    """No answer for five seconds and no partial: a new session gets the same audio."""
    async with running_stt(SttFaults(hang=True)) as it:
        it.says(HOURS)
        await it.until(lambda: bool(it.losses))
        it.stt.faults.hang = False
        assert (await it.answer()).stable == HOURS
        assert it.losses == [("provider_timeout", True)]


async def test_finals_that_never_come() -> None:
    """The call has continued with the partial: its words become stable, and the next session does not repeat them."""
    async with running_stt(SttFaults(no_finals=True)) as it:
        await it.ready()
        it.says(HOURS, commit=False)
        await it.until(lambda: HOURS in it.tentative)
        it.commit()
        await it.until(lambda: bool(it.losses))
        it.stt.faults.no_finals = False
        it.says(NINE)
        await it.answer()
        assert it.finals == [(1, HOURS), (2, NINE)]
        assert it.tentative.count(HOURS) == 1


async def test_late_finals_match_their_commits() -> None:
    """Three seconds late, after the next utterance has begun: each final has its own commit number."""
    clock = SteadyClock(SPEED)
    stt = LocalStt(clock=clock, latency=SttLatency(final_ms=3_000))
    async with running_stt(stt=stt, clock=clock) as it:
        await it.ready()
        it.says(HOURS)
        it.says(NINE, commit=False)
        await it.until(lambda: any(text.endswith(NINE) for text in it.tentative))
        it.commit()
        await it.answer(2)
        assert it.finals == [(1, HOURS), (2, NINE)]
        assert it.losses == []


async def test_speech_without_end_is_closed_by_the_service() -> None:
    """After 90 s a segment arrives without a commit, as number 0; its audio is not sent again after a drop."""
    clock, received = SteadyClock(3 * SPEED), asyncio.Event()

    class Watch(ScriptedRecognizer):
        def hear(self, pcmu: bytes) -> None:
            received.set()
            super().hear(pcmu)

    stt = LocalStt(clock=clock, recognizer=lambda: Watch(stt.script))
    async with running_stt(stt=stt, clock=clock) as it:
        await it.ready()
        stt.script.add("and so on")
        it.audio(tones.sine(300, 1_000))
        for seconds in range(1, 91):
            it.quiet(1_000)
            while stt.audio_bytes < 8_000 * seconds:
                received.clear()
                await received.wait()
        await it.answer(0)
        it.stt.faults.drop = True
        it.quiet(200)
        await it.ready(2)
        sent = stt.audio_bytes
        it.says(NINE)
        await it.answer()
        assert it.finals == [(0, "and so on"), (1, NINE)]
        assert stt.audio_bytes - sent <= 8 * (500 + 1_000 + 200 + 1_900)


async def test_no_hot_loop_against_a_service_that_hangs_up() -> None:
    """The service closes every session right after its start: each further attempt waits longer."""
    async with running_stt(SttFaults(close_after_session=True)) as it:
        await it.until(lambda: len(it.losses) >= 5)
        at = [ms for ms, event in it.events if isinstance(event, e.SttLost)]
        assert at[4] - at[1] >= 0.7 * (200 + 400 + 800)


async def test_stop_is_orderly_and_quick() -> None:
    """We close the socket with 1000, `run` returns, nothing is reported as lost; a second `stop` does no harm."""
    async with running_stt(run=False) as it:
        running = asyncio.create_task(it.port.run(it.emit))
        await it.ready()
        it.says(HOURS)
        await it.answer()
        began = it.clock.ms()
        it.port.stop()
        it.port.stop()
        await running
        assert it.clock.ms() - began <= 1_500
        assert it.losses == []
        it.port.perform(e.SttReady())  # type: ignore[arg-type]
        it.quiet(100)


@pytest.mark.parametrize("when", ["connecting", "paused", "before run"])
async def test_stop_at_any_moment(when: str) -> None:
    """While a handshake hangs, during a back-off, or before `run`."""
    clock, connected = SteadyClock(SPEED), asyncio.Event()

    def listening() -> ScriptedRecognizer:
        connected.set()
        return ScriptedRecognizer(Script())

    stt = LocalStt(clock=clock, recognizer=listening, faults=SttFaults(no_session=True))
    async with running_stt(stt=stt, clock=clock, run=False) as it:
        if when == "before run":
            it.port.stop()
        if when == "paused":
            await it.server.stop()
        running = asyncio.create_task(it.port.run(it.emit))
        if when == "paused":
            await it.until(lambda: len(it.losses) >= 4)
        elif when == "connecting":
            await connected.wait()
        it.port.stop()
        await running
        assert it.all(e.SttReady) == []


async def test_cancelled_run_leaves_nothing() -> None:
    """The driver cancels `run` at the end of a call: no task or socket remains."""
    async with running_stt() as it:
        await it.ready()
        it.says(HOURS, commit=False)
    assert it.stt.live == 0
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_two_calls_share_nothing() -> None:
    """The words of one caller never reach another call."""
    clock = SteadyClock(SPEED)
    async with (
        running_stt(stt=LocalStt(clock=clock), clock=clock) as one,
        running_stt(stt=LocalStt(clock=clock), clock=clock) as other,
    ):
        await asyncio.gather(one.ready(), other.ready())
        one.says(HOURS)
        other.says(NINE)
        await asyncio.gather(one.answer(), other.answer())
        assert (one.finals, other.finals) == ([(1, HOURS)], [(1, NINE)])
