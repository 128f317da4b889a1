"""Pipecat's own ElevenLabs clients, unmodified, against the server at an address: the last line of output is JSON.

SSL_CERT_FILE=ca.pem python pipecat_clients.py https://127.0.0.1:PORT SENTENCE

Its STT client speaks only TLS. It runs in a venv that has Pipecat's packages and not ours.
"""

from __future__ import annotations

import asyncio
import json
import math
import struct
import sys
from collections.abc import Callable, Sequence
from typing import Any

from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.services.elevenlabs.stt import CommitStrategy, ElevenLabsRealtimeSTTService
from pipecat.services.elevenlabs.tts import ElevenLabsTTSService
from pipecat.workers.runner import WorkerRunner

RATE = 16_000


def sound(hertz: int, ms: int) -> list[Any]:
    """A tone (0 Hz: silence) in frames of 20 ms."""
    count = RATE // 50
    samples = [round(8_000 * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(RATE * ms // 1000)]
    pieces = [samples[at : at + count] for at in range(0, len(samples), count)]
    return [InputAudioRawFrame(struct.pack(f"<{len(p)}h", *p), RATE, 1) for p in pieces]


async def run(service: Any, send: Sequence[Any], last: Callable[[Any], bool]) -> list[Any]:
    """Runs a pipeline of one service: sends frames to it, and returns those that came out of it up to `last`."""
    params = PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE)
    worker = PipelineWorker(Pipeline([service]), cancel_on_idle_timeout=False, enable_rtvi=False, params=params)
    found: list[Any] = []
    started, finished = asyncio.Event(), asyncio.Event()

    async def came(_: Any, frame: Any) -> None:
        found.append(frame)
        if last(frame):
            finished.set()

    async def began(*_: Any) -> None:
        started.set()

    worker.set_reached_downstream_filter((Frame,))
    worker.set_reached_upstream_filter((ErrorFrame,))
    worker.add_event_handler("on_frame_reached_downstream", came)
    worker.add_event_handler("on_frame_reached_upstream", came)
    worker.add_event_handler("on_pipeline_started", began)

    async def drive() -> None:
        await started.wait()
        for frame in send:
            await worker.queue_frame(frame)
            await asyncio.sleep(0.002)
        await finished.wait()
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), drive())
    return found


def errors(found: list[Any]) -> list[str]:
    return [frame.error for frame in found if isinstance(frame, ErrorFrame)]


async def speak(url: str, sentence: str) -> dict[str, Any]:
    """The length of the speech in ms, and its words as the client timed them."""
    voice = ElevenLabsTTSService(
        api_key="local",
        url=url.replace("http", "ws", 1),
        settings=ElevenLabsTTSService.Settings(voice="local", model="eleven_flash_v2_5"),
    )
    found = await run(voice, [TTSSpeakFrame(sentence)], lambda frame: isinstance(frame, TTSStoppedFrame | ErrorFrame))
    audio = sum(len(frame.audio) for frame in found if isinstance(frame, TTSAudioRawFrame))
    words = [frame.text for frame in found if isinstance(frame, TTSTextFrame)]
    return {"ms": audio * 1000 // (2 * RATE), "text": " ".join(words), "errors": errors(found)}


async def listen(url: str, strategy: CommitStrategy, **options: Any) -> dict[str, Any]:
    """The final transcript of a tone of 1.5 s, and whether an interim one came before it."""
    ears = ElevenLabsRealtimeSTTService(
        api_key="local",
        base_url=url.removeprefix("https://"),
        commit_strategy=strategy,
        settings=ElevenLabsRealtimeSTTService.Settings(
            model="scribe_v2_realtime",
            language="en",
            vad_silence_threshold_secs=0.5 if strategy == CommitStrategy.VAD else None,
        ),
        **options,
    )
    send = [
        VADUserStartedSpeakingFrame(), *sound(300, 1_500), *sound(0, 900), VADUserStoppedSpeakingFrame(),
    ]  # fmt: skip
    found = await run(ears, send, lambda frame: isinstance(frame, TranscriptionFrame | ErrorFrame))
    texts = [frame.text for frame in found if isinstance(frame, TranscriptionFrame)]
    interim = any(isinstance(frame, InterimTranscriptionFrame) for frame in found)
    return {"text": " ".join(texts), "interim": interim, "errors": errors(found)}


async def main(url: str, sentence: str) -> None:
    async with asyncio.timeout(60):
        found = {
            "tts": await speak(url, sentence),
            "stt": await listen(url, CommitStrategy.MANUAL),
            "stt, word times": await listen(url, CommitStrategy.MANUAL, include_timestamps=True),
            "stt, server's vad": await listen(url, CommitStrategy.VAD),
        }
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
