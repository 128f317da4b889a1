"""The processes of the bench, each started by `bench.py` as `python -m telephony.testing.bench_parts ROLE ...`.

`providers` serves ElevenLabs and OpenAI with exact latencies; `service` is the service, pinned to one core, with the
real detector. Each prints one line of JSON when it is ready, answers each line on its standard input with one of JSON,
and ends when that closes. All clocks are CLOCK_MONOTONIC, which processes of one machine share.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from telephony.agent import Agent
from telephony.call.policy import TurnTaking
from telephony.clock import Clock

STAMP = b"\x10at"
"""Audio of a reply begins with this and twenty digits: the microseconds at which the voice service gave it out."""
GREETING = "Hello, this is the bench. How can I help?"
REPLY = "Certainly, that can be done. I have noted it down for you. Is there anything else that you would like to know?"
SENTENCE = "could you please tell me when you are open on the weekend"
"""What every caller says."""
AUTH_TOKEN = "bench"


def pin(*, to_service_core: bool) -> None:
    """The service has the first core for itself; everybody else shares the others, where there are any."""
    if not hasattr(os, "sched_setaffinity"):
        return
    first, *others = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {first} if to_service_core or not others else set(others))


async def lines() -> asyncio.StreamReader:
    """Standard input, line by line."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


async def providers(final_ms: int, partial_ms: int, first_token_ms: int, first_byte_ms: int) -> None:
    from telephony.testing.elevenlabs import LocalElevenLabs
    from telephony.testing.elevenlabs_stt import LocalStt, ScriptedRecognizer, SttLatency
    from telephony.testing.elevenlabs_tts import LocalTts, TtsLatency, speak_tones
    from telephony.testing.openai import LlmLatency, LocalOpenAi, Say

    async def stamped(text: str) -> tuple[bytes, tuple[int, ...]]:
        audio, ends = await speak_tones(text)
        stamp = STAMP + f"{time.monotonic_ns() // 1000:020d}".encode()
        return stamp + audio[len(stamp) :], ends

    class Endless:
        """Every utterance has the same words."""

        def next(self) -> str:
            return SENTENCE

        def give_back(self, texts: list[str]) -> None:
            """A broken connection takes nothing away."""

    clock = Clock()
    stt = LocalStt(
        clock=clock,
        recognizer=lambda: ScriptedRecognizer(Endless()),  # type: ignore[arg-type]
        latency=SttLatency(partial_ms, final_ms),
    )
    tts = LocalTts(clock=clock, synthesize=stamped, latency=TtsLatency(first_byte_ms, 5.0))
    async with (
        LocalElevenLabs(clock=clock, tts=tts, stt=stt) as elevenlabs,
        LocalOpenAi(clock=clock, responder=lambda body: [Say(REPLY)], latency=LlmLatency(first_token_ms, 60)) as llm,
    ):
        say({"elevenlabs": elevenlabs.base_url, "openai": llm.base_url})
        reader = await lines()
        while await reader.readline():
            tts.received.clear()
            llm.requests.clear()
            say({})


async def service(elevenlabs: str, openai: str, tapes: str = "") -> None:
    from telephony.app import running
    from telephony.settings import Settings

    settings = replace(
        Settings(),
        port=0,
        data=None,
        twilio_auth_token=AUTH_TOKEN,
        openai_api_key="local",
        openai_base_url=openai,
        elevenlabs_api_key="local",
        elevenlabs_base_url=elevenlabs,
        max_calls=1_000,
        tapes=Path(tapes) if tapes else None,
    )
    # A reply prepared ahead waits for the decision, and that wait is not the service's own.
    agent = Agent(prompt="A bench.", greeting=GREETING, turn_taking=TurnTaking(speculate="off"))
    lags: list[float] = []
    async with running(settings, Clock(), agents=agent) as running_service, asyncio.TaskGroup() as group:
        say({"url": running_service.base_url, "pid": os.getpid()})
        await running_service.warm.wait()
        measuring = group.create_task(_lag(lags))
        reader = await lines()
        while await reader.readline():
            gc.collect()
            say({"lags_ms": lags, "calls": len(running_service.board.calls), "cpu_s": time.process_time()})
            lags.clear()
        measuring.cancel()


async def _lag(lags: list[float]) -> None:
    """How late the loop is: a sleep of 10 ms that takes longer."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(0.01)
        lags.append(max(0.0, (time.monotonic() - before - 0.01) * 1000))


def main() -> None:
    role, *rest = sys.argv[1:]
    pin(to_service_core=role == "service")
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # standard output is for answers
    if role == "providers":
        asyncio.run(providers(*(int(ms) for ms in rest)))
        return
    urls = rest
    import uvloop

    uvloop.run(service(*urls))


if __name__ == "__main__":
    main()
