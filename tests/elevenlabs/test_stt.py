"""The ears on real sockets, against a local Scribe with its faults."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from telephony.audio import frames, tones
from telephony.core import events as e
from telephony.elevenlabs.stt_backlog import LIMIT_BYTES
from telephony.elevenlabs.stt_codec import SAME_BREATH_MS
from telephony.testing.fakes.elevenlabs.stt import LocalStt, Script, ScriptedRecognizer, SttFaults, SttLatency
from telephony.testing.steady import SteadyClock
from tests.elevenlabs.stt_rig import SPEED, hearing

HOURS, NINE = "what are your opening hours", "tomorrow at nine please"


async def test_partials_grow_and_a_commit_gives_words_with_times() -> None:
    """The ordinary case: text while it is said, then the whole with the place of each word in the caller's audio."""
    async with hearing() as it:
        await it.ready()
        it.quiet(400)
        it.stt.script.add(HOURS)
        for _ in range(15):
            it.audio(tones.sine(300, 100))
            await asyncio.sleep(0)
        it.quiet()
        it.commit()
        final = await it.answer()
        partials = [partial.text for partial in it.all(e.TranscriptPartial)]
        assert partials
        assert all(HOURS.startswith(text) for text in partials)
        assert partials == sorted(partials, key=len)
        assert (final.commit, final.text) == (1, HOURS)
        assert [(w.text, w.start_ms, w.end_ms) for w in final.words][:2] == [("what", 400, 700), ("are", 700, 1_000)]
        assert it.stt.paths[0].count("keyterms=Northwind") == 1


@pytest.mark.parametrize(
    "faults",
    [
        SttFaults(timed_first=True),
        SttFaults(no_timed=True),
        SttFaults(no_plain=True),
        SttFaults(timed_late_ms=450),
        SttFaults(timed_first=True, timed_late_ms=450),
        SttFaults(duplicate_finals=True),
        SttFaults(duplicate_finals=True, timed_first=True, stale_partials=True),
        SttFaults(thrice=True),
        SttFaults(tags=True),
        SttFaults(stale_partials=True, rough_partials=True, strangers=True),
    ],
    ids=lambda faults: ",".join(name for name in faults.__slots__ if getattr(faults, name)),
)
async def test_one_final_for_each_commit_whatever_the_service_repeats(faults: SttFaults) -> None:
    """Double, reversed, repeated, late and stale messages: every utterance once, and no turn that nobody spoke."""
    async with hearing(replace(faults)) as it:
        await it.ready()
        for number, text in enumerate((HOURS, NINE, NINE), 1):
            it.says(text)
            assert (await it.answer(number)).text == text
            heard = len(it.events)
            it.quiet(500)
            await it.clock.sleep(SAME_BREATH_MS)  # the audio comes at once: nobody says a sentence again so soon
        it.commit()
        await it.answer()
        assert it.finals == [(1, HOURS), (2, NINE), (3, NINE), (4, "")]
        after = [event.text for _, event in it.events[heard:] if isinstance(event, e.TranscriptPartial)]
        assert [text for text in after if text] == []
        assert it.losses == []


async def test_not_ready_before_the_session_says_so() -> None:
    """Quota and key faults come as messages after a good handshake: no SttReady, one SttLost, and no more tries."""
    async with hearing(SttFaults(error_after_accept="quota_exceeded")) as it:
        await it.until(lambda: bool(it.losses))
        it.says(HOURS)
        it.quiet(60_000)
        assert it.losses == [("quota_exceeded", False)]
        assert it.all(e.SttReady) == []
        assert it.stt.connections == 1
        it.port.stop()
        assert len(it.events) == 1


async def test_session_that_never_starts_is_given_up_and_tried_again() -> None:
    """Five seconds, not for ever; what was said meanwhile is heard by the next."""
    async with hearing(SttFaults(no_session=True)) as it:
        it.says(HOURS)
        await it.until(lambda: bool(it.losses))
        assert it.losses == [("provider_timeout", True)]
        it.stt.faults.no_session = False
        assert (await it.answer()).text == HOURS


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
    """What may pass is tried again, and the caller is heard after all; what will not pass is not."""
    async with hearing(replace(faults)) as it:
        it.says(HOURS)
        await it.until(lambda: bool(it.losses))
        assert it.losses[0] == (code, retryable)
        if retryable:
            for field in ("refuse", "html", "error_after_accept"):
                setattr(it.stt.faults, field, type(getattr(it.stt.faults, field))())
            assert (await it.answer()).text == HOURS


async def test_throttled_commit_is_not_fatal() -> None:
    """The commit is refused, the session lives, and the audio belongs to the next commit."""
    async with hearing(SttFaults(throttle=1)) as it:
        it.says(HOURS)
        await it.until(lambda: bool(it.all(e.CommitRefused)))
        it.says(NINE)
        assert (await it.answer()).text == f"{HOURS} {NINE}"
        assert it.all(e.CommitRefused) == [e.CommitRefused(1)]
        assert it.losses == []


async def test_commit_with_too_little_audio_is_never_sent() -> None:
    """Less than 0.3 s since the last one is answered here."""
    async with hearing() as it:
        it.says(HOURS)
        await it.answer()
        it.quiet(280)
        it.commit()
        await it.until(lambda: e.CommitRefused(2) in it.all(e.CommitRefused))
        assert it.stt.commits == 1


async def test_utterance_split_by_a_commit() -> None:
    """Each half comes once, under its own number, at its own place."""
    async with hearing() as it:
        await it.ready()
        it.stt.script.add("one two three four")
        it.audio(tones.sine(300, 600))
        it.commit()
        await it.answer(1)
        it.audio(tones.sine(300, 600))
        it.quiet()
        it.commit()
        second = await it.answer(2)
        assert it.finals == [(1, "one two"), (2, "three four")]
        assert second.words[0].start_ms == 600


async def test_service_that_closes_an_idle_socket() -> None:
    """15 s without audio: closed with 1000. That was not us, so there is a new one before the caller speaks."""
    async with hearing() as it:
        await it.ready()
        await it.ready(2)
        assert it.losses == [("provider_unavailable", True)]
        it.says(HOURS)
        assert (await it.answer()).text == HOURS


async def test_drop_in_the_middle_of_a_word() -> None:
    """The audio since the last commit is sent again, no more: every word once, at its place in the caller's audio."""
    async with hearing() as it:
        it.says(HOURS)
        await it.answer()
        it.stt.script.add(NINE)
        it.audio(tones.sine(300, 700))
        await it.until(lambda: any(p.text.startswith("tomorrow") for p in it.all(e.TranscriptPartial)))
        before = it.stt.audio_bytes
        it.stt.faults.drop = True
        it.audio(tones.sine(300, 500))
        it.quiet()
        it.commit()
        final = await it.answer()
        assert it.losses == [("provider_unavailable", True)]
        assert it.finals == [(1, HOURS), (2, NINE)]
        assert [(w.text, w.start_ms) for w in final.words] == [
            ("tomorrow", 2_200),
            ("at", 2_500),
            ("nine", 2_800),
            ("please", 3_100),
        ]
        assert it.stt.audio_bytes - before <= 8 * (1_900 + 800)


async def test_pending_commit_is_asked_again() -> None:
    """The connection breaks between a commit and its answer."""
    async with hearing(SttFaults(drop_at_commit=True)) as it:
        it.says(HOURS)
        assert (await it.answer()).text == HOURS
        it.says(NINE)
        await it.answer()
        assert it.finals == [(1, HOURS), (2, NINE)]
        assert it.stt.commits == 3
        assert it.stt.connections == 2


async def test_what_is_said_in_an_outage_is_heard_after_it() -> None:
    """Two utterances while nobody listens: two finals under their numbers, and each loss was reported."""
    async with hearing() as it:
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
    """Bounded: the oldest goes, reported about once a second; what is kept is heard at its place."""
    async with hearing(run=False) as it:
        it.quiet(50_000)
        running = asyncio.create_task(it.port.run(it.emit))
        it.quiet(20_000)
        it.says(HOURS)
        final = await it.answer()
        running.cancel()
        assert final.words[0].start_ms == 70_000
        assert it.stt.audio_bytes <= LIMIT_BYTES
    async with hearing() as it:
        await it.ready()
        await it.server.stop()
        await it.until(lambda: bool(it.losses))
        it.quiet(60_000)
        dropped = it.all(e.OutboxOverflowed)
        assert {event.port for event in dropped} == {"stt"}
        assert 29_000 <= sum(event.dropped for event in dropped) * 20 <= 31_100
        assert len(dropped) <= 32


async def test_audio_that_is_sent_again_is_paced() -> None:
    """Not faster than four times as it was spoken: the service answers a flood with queue_overflow."""
    clock, arrivals = SteadyClock(SPEED), []

    class Watch(ScriptedRecognizer):
        def hear(self, pcmu: bytes) -> None:
            arrivals.append((clock.ms(), len(pcmu) // 8))
            super().hear(pcmu)

    stt = LocalStt(clock=clock, recognizer=lambda: Watch(Script(HOURS)))
    async with hearing(stt=stt, clock=clock, run=False) as it:
        it.quiet(8_000)
        it.audio(tones.sine(300, 1_500))
        it.quiet()
        it.commit()
        running = asyncio.create_task(it.port.run(it.emit))
        assert (await it.answer()).text == HOURS
        running.cancel()
        took = arrivals[-1][0] - arrivals[0][0]
        assert sum(ms for _, ms in arrivals) == 10_200
        assert took >= 10_000 / 4 * 0.95
        assert max(ms for _, ms in arrivals) <= 120


async def test_live_audio_goes_out_in_tenths_of_a_second() -> None:
    """Five frames make a piece; a commit does not wait for the fifth."""
    clock, sizes = SteadyClock(SPEED), []

    class Watch(ScriptedRecognizer):
        def hear(self, pcmu: bytes) -> None:
            sizes.append(len(pcmu))
            super().hear(pcmu)

    async with hearing(stt=LocalStt(clock=clock, recognizer=lambda: Watch(Script())), clock=clock) as it:
        await it.ready()
        it.quiet(460)
        it.commit()
        await it.answer()
        assert sizes == [800, 800, 800, 800, 480]


async def test_the_end_of_a_sound_goes_out_at_once() -> None:
    """Six frames of quiet after a sound do not wait for a whole piece; after them everything is as before."""
    clock, sizes = SteadyClock(SPEED), []

    class Watch(ScriptedRecognizer):
        def hear(self, pcmu: bytes) -> None:
            sizes.append(len(pcmu))
            super().hear(pcmu)

    async with hearing(stt=LocalStt(clock=clock, recognizer=lambda: Watch(Script())), clock=clock) as it:
        await it.ready()
        for frame in frames.frames(tones.sine(300, 240) + frames.silence(300)):
            it.audio(frame)
            await clock.sleep(20)
        it.commit()
        await it.answer()
        assert sizes == [800, 800, 480, 160, 160, 160, 160, 160, 800, 640]


@pytest.mark.parametrize("fault", ["transcriber_error", "session_time_limit_exceeded", "queue_overflow"])
async def test_error_in_the_middle(fault: str) -> None:
    """A fault that may pass costs nothing but time."""
    async with hearing() as it:
        await it.ready()
        it.says(HOURS, commit=False)
        it.stt.faults.error_slug = fault
        it.quiet(200)
        it.commit()
        assert (await it.answer()).text == HOURS
        assert it.losses == [(fault, True)]


async def test_fatal_error_in_the_middle() -> None:
    """The port gives up, says so once, and takes no more memory."""
    async with hearing() as it:
        await it.ready()
        it.stt.faults.error_slug = "unaccepted_terms"
        it.quiet(200)
        await it.until(lambda: bool(it.losses))
        it.quiet(60_000)
        it.commit()
        assert it.losses == [("unaccepted_terms", False)]
        assert it.all(e.OutboxOverflowed) == []
        assert it.stt.connections == 1


async def test_frame_that_is_no_json() -> None:
    """An error page inside the socket: the session is replaced, the words are not lost."""
    async with hearing(SttFaults(garbage=True)) as it:
        await it.ready()
        it.says(HOURS)
        assert (await it.answer()).text == HOURS
        assert it.losses == [("provider_misbehaved", True)]


async def test_service_that_goes_silent_is_replaced() -> None:
    """No answer for five seconds and never a partial: a new session hears the same audio."""
    async with hearing(SttFaults(hang=True)) as it:
        it.says(HOURS)
        await it.until(lambda: bool(it.losses))
        it.stt.faults.hang = False
        assert (await it.answer()).text == HOURS
        assert it.losses == [("provider_timeout", True)]


async def test_finals_that_never_come() -> None:
    """The call has gone on with the partial: its words are not heard a second time after the session was replaced."""
    async with hearing(SttFaults(no_finals=True)) as it:
        await it.ready()
        it.says(HOURS, commit=False)
        await it.until(lambda: HOURS in [p.text for p in it.all(e.TranscriptPartial)])
        it.commit()
        await it.until(lambda: bool(it.losses))
        it.stt.faults.no_finals = False
        it.says(NINE)
        await it.answer()
        assert it.finals == [(2, NINE)]
        assert [p.text for p in it.all(e.TranscriptPartial)].count(HOURS) == 1


async def test_late_finals_find_their_commits() -> None:
    """Three seconds late, with the next utterance in between: each under its own number."""
    clock = SteadyClock(SPEED)
    stt = LocalStt(clock=clock, latency=SttLatency(final_ms=3_000))
    async with hearing(stt=stt, clock=clock) as it:
        await it.ready()
        it.says(HOURS)
        it.says(NINE, commit=False)
        await it.until(lambda: NINE in [p.text for p in it.all(e.TranscriptPartial)])
        it.commit()
        await it.answer(2)
        assert it.finals == [(1, HOURS), (2, NINE)]
        assert it.losses == []


async def test_speech_without_end_is_closed_by_the_service() -> None:
    """After 90 s a segment comes without a commit, under number 0; it is not sent again after a drop."""
    clock, heard = SteadyClock(3 * SPEED), asyncio.Event()

    class Watch(ScriptedRecognizer):
        def hear(self, pcmu: bytes) -> None:
            heard.set()
            super().hear(pcmu)

    stt = LocalStt(clock=clock, recognizer=lambda: Watch(stt.script))
    async with hearing(stt=stt, clock=clock) as it:
        await it.ready()
        stt.script.add("and so on")
        it.audio(tones.sine(300, 1_000))
        for seconds in range(1, 91):
            it.quiet(1_000)
            while stt.audio_bytes < 8_000 * seconds:
                heard.clear()
                await heard.wait()
        await it.answer(0)
        it.stt.faults.drop = True
        it.quiet(200)
        await it.ready(2)
        it.says(NINE)
        final = await it.answer()
        assert it.finals == [(0, "and so on"), (1, NINE)]
        assert final.words[0].start_ms == 91_200


async def test_no_hot_loop_against_a_service_that_hangs_up() -> None:
    """It closes every session at once, politely: each further attempt waits longer."""
    async with hearing(SttFaults(close_after_session=True)) as it:
        await it.until(lambda: len(it.losses) >= 5)
        at = [ms for ms, event in it.events if isinstance(event, e.SttLost)]
        assert at[4] - at[1] >= 0.7 * (200 + 400 + 800)


async def test_stop_is_orderly_and_quick() -> None:
    """The socket is closed by us with 1000, `run` returns, and nothing is reported as lost. Twice is fine."""
    async with hearing(run=False) as it:
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
    """While a handshake hangs, in a back-off, before anything began."""
    clock, connected = SteadyClock(SPEED), asyncio.Event()

    def listening() -> ScriptedRecognizer:
        connected.set()
        return ScriptedRecognizer(Script())

    stt = LocalStt(clock=clock, recognizer=listening, faults=SttFaults(no_session=True))
    async with hearing(stt=stt, clock=clock, run=False) as it:
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
    """The driver cancels `run` at the end of a call: no task, no socket."""
    async with hearing() as it:
        await it.ready()
        it.says(HOURS, commit=False)
    assert it.stt.live == 0
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_two_calls_share_nothing() -> None:
    """What one caller says never reaches another."""
    clock = SteadyClock(SPEED)
    async with (
        hearing(stt=LocalStt(clock=clock), clock=clock) as one,
        hearing(stt=LocalStt(clock=clock), clock=clock) as other,
    ):
        await asyncio.gather(one.ready(), other.ready())
        one.says(HOURS)
        other.says(NINE)
        await asyncio.gather(one.answer(), other.answer())
        assert (one.finals, other.finals) == ([(1, HOURS)], [(1, NINE)])
