"""Measures how fast bridged calls are forwarded over real sockets: `scripts/bench bridge`.

One process on one core forwards the calls of a managed agent: the caller's frames to the platform, the agent's speech
to the carrier. Every frame carries the time at which it was sent (CLOCK_MONOTONIC, which the machine's processes
share), so the figures cover both hops, the service in between, and the effect of other load on the machine.

  in     from sending a caller's frame to its arrival at the platform
  out    from sending a piece of the agent's speech to its arrival at the carrier
  lag    how late a 10 ms sleep in the service's event loop ends

A frame that takes more than 5 ms is late. `lag` and `cpu of one core` are the service's own; callers and platform run
on the other cores.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import re
import sys
import time
import uuid
from collections.abc import Sequence
from html import unescape
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx2
import psutil
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from telephony.twilio.signature import sign_socket, sign_webhook
from tests.bench.load.children import child, idlest_core, percentile
from tests.bench.load.parts import AUTH_TOKEN, pin, stamped_at, stamped_frame

PER_PROCESS = 50
LATE_MS = 5.0


async def call(http: httpx2.AsyncClient, base_url: str, seconds: float, out_ms: list[float]) -> None:
    """One caller, who talks for `seconds`. Adds to `out_ms` how long each piece of speech took to arrive."""
    call_sid, url = "CA" + uuid.uuid4().hex, f"{base_url}/twilio/voice"
    form = {"CallSid": call_sid, "From": "+15550001111", "To": "+15550002222", "CallStatus": "ringing"}
    signature = sign_webhook(AUTH_TOKEN, url, form.items())
    answer = await http.post(url, data=form, headers={"X-Twilio-Signature": signature})
    stream = re.search(r'<Stream url="([^"]+)"', answer.text)
    if stream is None:
        raise RuntimeError(f"no stream in {answer.text[:200]}")
    pairs = re.findall(r'<Parameter name="([^"]+)" value="([^"]*)"', answer.text)
    headers = {"X-Twilio-Signature": sign_socket(AUTH_TOKEN, stream[1])}
    async with connect(stream[1], additional_headers=headers, compression=None, proxy=None) as socket:
        sid = "MZ" + uuid.uuid4().hex
        await socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}')
        start = {
            "streamSid": sid, "accountSid": "AC" + "0" * 32, "callSid": call_sid, "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {name: unescape(value) for name, value in pairs},
        }  # fmt: skip
        await socket.send(json.dumps({"event": "start", "sequenceNumber": "1", "streamSid": sid, "start": start}))
        async with asyncio.TaskGroup() as group:
            hearing = group.create_task(_hear(socket, sid, out_ms))
            await _talk(socket, sid, seconds)
            hearing.cancel()


async def _talk(socket: ClientConnection, sid: str, seconds: float) -> None:
    begin = time.monotonic()
    for number in range(1, int(seconds * 50) + 1):
        payload = base64.b64encode(stamped_frame()).decode()
        await socket.send(
            f'{{"event":"media","sequenceNumber":"{number + 1}","streamSid":"{sid}","media":{{"track":"inbound",'
            f'"chunk":"{number}","timestamp":"{number * 20}","payload":"{payload}"}}}}'
        )
        await asyncio.sleep(max(0.0, begin + number * 0.02 - time.monotonic()))


async def _hear(socket: ClientConnection, sid: str, out_ms: list[float]) -> None:
    """Times the pieces of speech, and echoes marks at once, since this bench does not measure playout."""
    try:
        async for text in socket:
            now, message = time.monotonic(), json.loads(text)
            if message["event"] == "media":
                if at := stamped_at(base64.b64decode(message["media"]["payload"])):
                    out_ms.append((now - at) * 1000)
            elif message["event"] == "mark":
                await socket.send(json.dumps({"event": "mark", "streamSid": sid, "mark": message["mark"]}))
    except ConnectionClosed:
        pass


def callers(url: str, count: int, seconds: float) -> list[float]:
    """Makes `count` calls from this process and returns their `out_ms`. Starts are spread over a second or more, and
    evenly over the 20 ms of a frame, because the frames of a carrier's calls are not synchronised."""
    pin(to_service_core=False)

    async def run() -> list[float]:
        out_ms: list[float] = []
        async with httpx2.AsyncClient(trust_env=False, timeout=30) as http, asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(call(http, url, seconds, out_ms))
                await asyncio.sleep(1 / count + 0.02 * 0.618)
        return out_ms

    return asyncio.run(run())


async def measure(levels: list[int], seconds: float) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    async with child("platform") as platform, child("bridge", platform.hello["elevenlabs"]) as service:
        process, url = psutil.Process(service.hello["pid"]), service.hello["url"]
        await _level(process, url, 2, 1.0)  # warm-up: the first call is slower
        for calls in levels:
            print(f"{calls} calls ...", file=sys.stderr, flush=True)
            await service.ask()
            await platform.ask()
            out_ms, share = await _level(process, url, calls, seconds)
            lags, in_ms = (await service.ask())["lags_ms"], (await platform.ask())["in_ms"]
            found[calls] = {"frames in": len(in_ms), "pieces out": len(out_ms), "cpu of one core": round(share, 2)}
            for name, values in (("in", in_ms), ("out", out_ms), ("lag", lags)):
                for share_ in (0.5, 0.99):
                    found[calls][f"{name} p{share_ * 100:.0f} ms"] = percentile(values, share_)
                found[calls][f"{name} max ms"] = percentile(values, 1.0)
            late = sum(value > LATE_MS for value in in_ms)
            found[calls]["late frames in 1,000"] = round(1000 * late / max(1, len(in_ms)), 2)
    return found


async def _level(process: psutil.Process, url: str, calls: int, seconds: float) -> tuple[list[float], float]:
    sizes = [min(PER_PROCESS, calls - first) for first in range(0, calls, PER_PROCESS)]
    loop, out_ms = asyncio.get_running_loop(), list[float]()
    cpu, began = sum(process.cpu_times()[:2]), time.monotonic()
    with get_context("spawn").Pool(len(sizes)) as pool:
        jobs = [pool.apply_async(callers, (url, size, seconds)) for size in sizes]
        for job in jobs:
            out_ms += await loop.run_in_executor(None, job.get, 600)
    share = (sum(process.cpu_times()[:2]) - cpu) / (time.monotonic() - began)
    return out_ms, share


def show(found: dict[int, dict[str, Any]]) -> str:
    """The results as a table."""
    names = list(next(iter(found.values())))
    rows = [["simultaneous calls", *map(str, found)]]
    rows += [[name, *(str(found[calls][name]) for calls in found)] for name in names]
    width = max(len(row[0]) for row in rows)
    return "\n".join(row[0].ljust(width) + "".join(cell.rjust(10) for cell in row[1:]) for row in rows)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench bridge", description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, nargs="+", default=[1, 100], help="numbers of simultaneous calls")
    parser.add_argument("--seconds", type=float, default=20, help="length of each call")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    options = parser.parse_args(arguments)
    if (core := idlest_core()) is not None:
        os.environ.setdefault("BENCH_CORE", str(core))
    found = asyncio.run(measure(options.calls, options.seconds))
    print(show(found))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores < 3:
        print(f"\nOnly {cores} core(s): callers, platform and service competed for them.")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
