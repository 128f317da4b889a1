"""The processes of the load benches, each started as `python -m tests.bench.load.parts ROLE ...`.

`providers` serves ElevenLabs and OpenAI with exact latencies; `service` is the service, pinned to one core, with the
real detector (`calibrated`: it also runs a fixed piece of work now and then, to tell how fast the core is); `callers`
make calls; `platform` is an ElevenLabs Agents platform, and `bridge` the service with a managed agent. Each prints one
line of JSON when it is ready, answers each line on its standard input with another, and ends when that closes (callers
answer with two: when all their calls have begun, and when they have ended).
All times are CLOCK_MONOTONIC, which the processes of one machine share.

Other revisions of the service are measured with their own `service`, so what it reads and prints only ever grows.
"""

from __future__ import annotations

import array
import asyncio
import base64
import gc
import json
import os
import socket
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import structlog

from telephony.agent import Agent, AgentSource
from telephony.clock import Clock
from telephony.core.policy import TurnTaking

STAMP = b"\x10at"
"""Stamped audio begins with this and twenty digits: the time in microseconds at which it was sent."""
GREETING = "Hello, this is the bench. How can I help?"
REPLY = "Certainly, that can be done. I have noted it down for you. Is there anything else that you would like to know?"
SENTENCE = "could you please tell me when you are open on the weekend"
"""What every caller says."""
AUTH_TOKEN = "bench"


SILENT = b"\xff" * 160


def stamped_frame() -> bytes:
    """20 ms of mu-law that begin with a stamp of the present time."""
    return (STAMP + f"{time.monotonic_ns() // 1000:020d}".encode()).ljust(160, b"\xff")


def stamped_at(pcmu: bytes) -> float:
    """When a stamped frame was sent, in seconds; 0.0 for audio without a stamp."""
    return int(pcmu[len(STAMP) : len(STAMP) + 20]) / 1e6 if pcmu.startswith(STAMP) else 0.0


def pin(*, to_service_core: bool) -> None:
    """Pins this process to the core of the service (the first, or BENCH_CORE), or to all other cores, if there are
    any."""
    if not hasattr(os, "sched_setaffinity"):
        return
    cores = os.sched_getaffinity(0)
    own = {int(os.environ.get("BENCH_CORE", min(cores)))}
    os.sched_setaffinity(0, own if to_service_core or cores == own else cores - own)


async def lines() -> asyncio.StreamReader:
    """A reader of standard input."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def say(message: dict[str, Any]) -> None:
    """Prints the message as a line of JSON."""
    print(json.dumps(message), flush=True)


async def providers(final_ms: int, partial_ms: int, first_token_ms: int, first_byte_ms: int) -> None:
    from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
    from telephony.testing.fakes.elevenlabs.stt import LocalStt, ScriptedRecognizer, SttLatency
    from telephony.testing.fakes.elevenlabs.tts import LocalTts, TtsLatency, speak_tones
    from telephony.testing.fakes.openai.server import LlmLatency, LocalOpenAi, Say

    async def stamped(text: str) -> tuple[bytes, tuple[int, ...]]:
        audio, ends = await speak_tones(text)
        stamp = STAMP + f"{time.monotonic_ns() // 1000:020d}".encode()
        return stamp + audio[len(stamp) :], ends

    class Endless:
        """A script in which every utterance has the same words."""

        def next(self) -> str:
            return SENTENCE

        def give_back(self, texts: list[str]) -> None:
            """Called when a connection breaks; there is nothing to put back."""

    clock = Clock()
    stt = LocalStt(
        clock=clock,
        recognizer=lambda: ScriptedRecognizer(Endless()),  # type: ignore[arg-type]
        latency=SttLatency(partial_ms, final_ms),
    )
    tts = LocalTts(clock=clock, synthesize=stamped, latency=TtsLatency(first_byte_ms, 5.0))
    lags: list[float] = []
    async with (
        LocalElevenLabs(clock=clock, tts=tts, stt=stt) as elevenlabs,
        LocalOpenAi(clock=clock, responder=lambda body: [Say(REPLY)], latency=LlmLatency(first_token_ms, 60)) as llm,
        asyncio.TaskGroup() as group,
    ):
        say({"elevenlabs": elevenlabs.base_url, "openai": llm.base_url})
        measuring = group.create_task(_lag(lags))
        reader = await lines()
        while await reader.readline():
            tts.received.clear()
            llm.requests.clear()
            say({"lags_ms": lags, "cpu_s": time.process_time()})
            lags.clear()
        measuring.cancel()


async def callers(url: str, count: int, turns: int, spread_s: float) -> None:
    """Makes `count` calls, begun over `spread_s` seconds. The first line of input is what callers say, mu-law in
    base64."""
    from tests.bench.load.caller import make_calls

    say({"pid": os.getpid()})
    sentence = base64.b64decode(await (await lines()).readline())
    times, share = await make_calls(url, count, turns, spread_s, sentence, lambda: say({"live": count}))
    say({"times": asdict(times), "cpu_of_one_core": share})


async def service(
    elevenlabs: str, openai: str, tapes: str = "", agent: AgentSource | None = None, *, calibrated: bool = False
) -> None:
    from telephony.app.server import running
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
    # A reply prepared ahead waits for the decision, and `own` would include that wait.
    agent = agent or Agent(prompt="A bench.", greeting=GREETING, turn_taking=TurnTaking(speculate="off"))
    lags: list[float] = []
    async with running(settings, Clock(), agents=agent) as running_service, asyncio.TaskGroup() as group:
        say({"url": running_service.base_url, "pid": os.getpid()})
        await running_service.warm.wait()
        gc.freeze()  # as `serve` does after the start
        calibration: list[float] = []
        measuring = [group.create_task(_lag(lags))]
        if calibrated:
            measuring.append(group.create_task(_calibrate(calibration)))
        reader = await lines()
        while await reader.readline():
            gc.collect()
            answer = {"lags_ms": lags, "calls": len(running_service.registry.calls), "cpu_s": time.process_time()}
            say(answer | ({"calibration_s": calibration} if calibrated else {}))
            lags.clear()
            calibration.clear()
        for task in measuring:
            task.cancel()


async def platform() -> None:
    """An Agents platform that measures times and speaks without a pause, 100 ms a message. One serves 100 calls."""
    from websockets.asyncio.server import ServerConnection, serve
    from websockets.exceptions import ConnectionClosed

    in_ms: list[float] = []
    metadata = {
        "conversation_id": "c",
        "agent_output_audio_format": "ulaw_8000",
        "user_input_audio_format": "ulaw_8000",
    }
    opened = {"type": "conversation_initiation_metadata", "conversation_initiation_metadata_event": metadata}

    async def speak(socket: ServerConnection) -> None:
        begin, number = time.monotonic(), 0
        while True:
            number += 1
            audio = base64.b64encode(stamped_frame() + SILENT * 4).decode()
            await socket.send(f'{{"type":"audio","audio_event":{{"audio_base_64":"{audio}","event_id":{number}}}}}')
            await asyncio.sleep(max(0.0, begin + number * 0.1 - time.monotonic()))

    async def handle(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(json.dumps(opened))
        speaking = asyncio.create_task(speak(socket))
        try:
            async for text in socket:
                now = time.monotonic()
                if at := stamped_at(base64.b64decode(json.loads(text).get("user_audio_chunk", ""))):
                    in_ms.append((now - at) * 1000)
        except ConnectionClosed:
            pass
        finally:
            speaking.cancel()

    async with serve(handle, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        say({"elevenlabs": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"})
        reader = await lines()
        while await reader.readline():
            say({"in_ms": in_ms})
            in_ms.clear()


async def bridge(elevenlabs: str) -> None:
    """The service with a managed agent."""
    from telephony.agent import ManagedAgent

    await service(elevenlabs, "http://127.0.0.1:9/v1", agent=ManagedAgent("agent_bench", private=False))


async def _lag(lags: list[float]) -> None:
    """Records in `lags` how late sleeps of 10 ms end, in ms."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(0.01)
        lags.append(max(0.0, (time.monotonic() - before - 0.01) * 1000))


async def _calibrate(found: list[float]) -> None:
    """Adds to `found`, four times a second, the CPU seconds that a fixed piece of work takes."""
    with fixed_work() as work:
        while True:
            found.append(work())
            await asyncio.sleep(0.25)


@contextmanager
def fixed_work() -> Iterator[Callable[[], float]]:
    """Work of the service's kinds, about 2 ms: bytecode, base64, JSON, arithmetic in C, and the kernel's sockets. It
    must never change, because stored figures count in it. It returns the CPU seconds that it took."""
    here, there = socket.socketpair()
    numbers = array.array("f", range(1_000))
    payload = bytes(range(160))

    def work() -> float:
        began = time.thread_time()
        total = 0
        for number in range(150):
            text = json.dumps({"event": "media", "media": {"payload": base64.b64encode(payload).decode()}})
            here.send(text.encode())
            total += len(base64.b64decode(json.loads(there.recv(4_096))["media"]["payload"])) + number
            for step in range(20):
                total ^= (total << 1) & 0xFFFF ^ step
        for _ in range(10):
            sum(numbers)
        zlib.crc32(payload * 500)
        return time.thread_time() - began

    with here, there:
        yield work


def main() -> None:
    import uvloop

    role, *rest = sys.argv[1:]
    pin(to_service_core=role in ("service", "calibrated", "bridge"))
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # standard output is for answers
    match role:
        case "providers":
            uvloop.run(providers(*(int(ms) for ms in rest)))
        case "callers":
            url, count, turns, spread_s = rest
            uvloop.run(callers(url, int(count), int(turns), float(spread_s)))
        case "platform":
            uvloop.run(platform())
        case "bridge":
            uvloop.run(bridge(rest[0]))
        case "service" | "calibrated":
            urls = (*rest, "")[:3]
            uvloop.run(service(urls[0], urls[1], urls[2], calibrated=role == "calibrated"))
        case _:
            sys.exit(f"no such role: {role}")


if __name__ == "__main__":
    main()
