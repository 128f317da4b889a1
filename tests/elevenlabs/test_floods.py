"""Services that flood: their own call learns of it, and no other waits for more than a moment.

The flood comes from a thread, as fast as the loopback takes it. What others wait is measured in CPU time of the event
loop between two of its iterations, which does not depend on what else the machine does."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

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
from tests.flooding import frame, others_wait, send_until_closed

SPEED = 4


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

    def handle(connection: ServerConnection) -> None:
        for text in first:
            connection.send(text)
        send_until_closed(connection.socket.fileno(), flood)

    with serve(handle, "127.0.0.1", 0, compression=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


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
