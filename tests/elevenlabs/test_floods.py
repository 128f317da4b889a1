"""Services that flood: their own call learns of it, and no other waits for more than a moment.

The flood comes from a thread, as fast as the loopback takes it. What others wait is measured in CPU time of the event
loop between two of its iterations, which does not depend on what else the machine does."""

from __future__ import annotations

import asyncio
import json
import os
import socket as sockets
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from time import thread_time

import pytest
from websockets.sync.server import ServerConnection, serve

from telephony.agent import IncomingCall, ManagedAgent
from telephony.contracts.port import Port
from telephony.contracts.stt import SttSpec
from telephony.contracts.tts import VoiceSpec
from telephony.core import actions as a
from telephony.core.events import Event, SpeechLost, SttLost, TtsLost
from telephony.core.managed_events import ManagedCause, ManagedClosed, OpenManaged
from telephony.elevenlabs.agents import ManagedSocket
from telephony.elevenlabs.stt import ElevenLabsStt
from telephony.elevenlabs.tts import ElevenLabsTts
from telephony.testing.steady import SteadyClock
from tests.elevenlabs.test_agents import OPENED, FixedUrlRest

MOST_S = 0.2
"""Half a dozen frames of audio: nobody hears it. Unbounded floods take seconds."""
SPEED = 4


def frame(text: bytes, opcode: int = 1) -> bytes:
    size = bytes([len(text)]) if len(text) < 126 else b"\x7f" + len(text).to_bytes(8, "big")
    return bytes([0x80 | opcode]) + size + text


AUDIO = b"/" * 80_000
FLOODS = {
    "empty objects": frame(b"{}") * 20_000,
    "pings": frame(b"", 9) * 40_000,
    "tool calls": frame(b'{"type":"client_tool_call","client_tool_call":{"tool_call_id":"x","tool_name":"y"}}') * 2_000,
    "partials": frame(b'{"message_type":"partial_transcript","text":"a b c"}') * 4_000,
    "audio": frame(
        b'{"audio":"' + AUDIO + b'","contextId":"t1a0",'
        b'"type":"audio","audio_event":{"audio_base_64":"' + AUDIO + b'","event_id":5}}'
    )
    * 4,
}


@contextmanager
def flooding(flood: bytes, *first: str) -> Iterator[str]:
    """The URL of a server that answers the handshake, sends `first`, and then `flood` over and over."""
    over = threading.Event()

    def handle(connection: ServerConnection) -> None:
        for text in first:
            connection.send(text)
        with sockets.socket(fileno=os.dup(connection.socket.fileno())) as raw:
            raw.settimeout(1)
            try:
                while not over.is_set():
                    raw.sendall(flood)
            except OSError:
                pass

    with serve(handle, "127.0.0.1", 0, compression=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        over.set()
        server.shutdown()
        thread.join()


@asynccontextmanager
async def others_wait(at_most_s: float = MOST_S) -> AsyncIterator[None]:
    """Checks that every iteration of the event loop is short."""
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        last = thread_time()
        while True:
            await asyncio.sleep(0)
            now = thread_time()
            longest, last = max(longest, now - last), now

    ticking = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticking.cancel()
    assert longest < at_most_s


async def until(port: Port, ends: Callable[[Event], bool], *does: a.Action) -> list[Event]:
    """The events that the port reports up to the one that `ends` it."""
    events, ended = list[Event](), asyncio.Event()

    def emit(event: Event) -> None:
        events.append(event)
        if ends(event):
            ended.set()

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(port.run(emit))
        await asyncio.sleep(0)
        for action in does:
            port.perform(action)
        async with others_wait():
            await ended.wait()
        port.stop()
    return events


def stt(url: str) -> Awaitable[list[Event]]:
    port = ElevenLabsStt(base_url=url, api_key="k", spec=SttSpec("en"), clock=SteadyClock(SPEED))
    return until(port, lambda event: isinstance(event, SttLost))


def tts(url: str) -> Awaitable[list[Event]]:
    spec = VoiceSpec("elevenlabs", "v", "eleven_flash_v2_5", "en")
    port = ElevenLabsTts(base_url=url, api_key="k", spec=spec, clock=SteadyClock(SPEED))
    return until(port, lambda event: isinstance(event, TtsLost), a.Speak(1, 0, "Hello."))


def agents(url: str) -> Awaitable[list[Event]]:
    rest = FixedUrlRest(url.replace("http", "ws"))
    port = ManagedSocket(ManagedAgent("a"), IncomingCall("CA1"), rest, SteadyClock(SPEED))
    return until(port, lambda event: isinstance(event, ManagedClosed), OpenManaged())


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
async def test_an_stt_that_floods_is_lost_for_good(flood: bytes) -> None:
    """It is not asked again: it would flood again."""
    with flooding(flood, '{"message_type":"session_started"}') as url:
        events = await stt(url)
    assert events[-1] == SttLost("provider_flooded", False)


@pytest.mark.parametrize("flood", ["empty objects", "pings", "audio"])
async def test_a_tts_that_floods_is_lost_for_good(flood: str) -> None:
    """So is the speech that it owes."""
    with flooding(FLOODS[flood]) as url:
        events = await tts(url)
    assert TtsLost("provider_flooded", False) in events
    assert not [event for event in events if isinstance(event, SpeechLost) and event.retryable]


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
async def test_a_platform_that_floods_ends_its_conversation(flood: bytes) -> None:
    """As one that breaks the protocol: the fallback takes over, or the call ends with an apology."""
    with flooding(flood, json.dumps(OPENED)) as url:
        events = await agents(url)
    [closed] = [event for event in events if isinstance(event, ManagedClosed)]
    assert closed.cause is ManagedCause.MANAGED_MISBEHAVED
