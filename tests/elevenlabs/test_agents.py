"""The socket to the platform against a server that keeps no rule."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
import structlog
from websockets.asyncio.server import ServerConnection, serve

from telephony.agent import IncomingCall, ManagedAgent
from telephony.core.events import Event
from telephony.core.managed_events import ManagedClosed, ManagedSaid, OpenManaged
from telephony.elevenlabs.agents import MAX_BYTES, ManagedSocket
from telephony.elevenlabs.agents_rest import AgentsRest, _error
from telephony.testing.steady import SteadyClock

OPENED = {
    "type": "conversation_initiation_metadata",
    "conversation_initiation_metadata_event": {
        "conversation_id": "c", "agent_output_audio_format": "ulaw_8000", "user_input_audio_format": "ulaw_8000",
    },
}  # fmt: skip


class Elsewhere(AgentsRest):
    """Every agent is at one address."""

    def __init__(self, url: str) -> None:
        super().__init__("http://127.0.0.1:9", "", SteadyClock(10))
        self._url = url

    async def address(self, agent: ManagedAgent) -> str:
        return self._url

    async def inspect(self, agent: ManagedAgent) -> None:
        pass


async def conversation(url: str) -> list[Event]:
    """What the socket reports of a conversation there."""
    events: list[Event] = []
    socket = ManagedSocket(ManagedAgent("a"), IncomingCall("CA1"), Elsewhere(url), SteadyClock(10))
    socket.perform(OpenManaged())
    async with asyncio.timeout(60):
        await socket.run(events.append)
    return events


async def told(says: Callable[[ServerConnection], Awaitable[Any]]) -> list[Event]:
    """The same, of a server that answers the start message with `says`."""

    async def handle(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(json.dumps(OPENED))
        await says(connection)
        await connection.wait_closed()

    async with serve(handle, "127.0.0.1", 0, close_timeout=0.1) as server:
        return await conversation(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")


async def test_half_a_character_becomes_a_whole_one() -> None:
    """A text that was cut in the middle of an emoji must not break the record, nor who takes over."""

    async def says(connection: ServerConnection) -> None:
        await connection.send(
            '{"type":"agent_response","agent_response_event":{"agent_response":"Hi \\ud83d","event_id":1}}'
        )
        await connection.close(1011)

    assert ManagedSaid(1, "Hi ?") in await told(says)


async def test_a_close_without_a_code_has_a_plain_number() -> None:
    """1005, in the log and on the tape, as any other."""

    async def says(connection: ServerConnection) -> None:
        connection.transport.write(b"\x88\x00")

    with structlog.testing.capture_logs() as lines:
        events = await told(says)
    assert events[-1] == ManagedClosed(1005, "managed_lost")
    assert [repr(line["close_code"]) for line in lines if line["event"] == "managed_closed"] == ["1005"]


async def test_a_message_over_our_limit_is_told_as_such() -> None:
    """It is we who close then: the log and the record say why, not that a connection was lost."""

    async def says(connection: ServerConnection) -> None:
        await connection.send("x" * (MAX_BYTES + 1))

    with structlog.testing.capture_logs() as lines:
        events = await told(says)
    assert events[-1] == ManagedClosed(1009, "managed_too_big")
    assert [line["meaning"] for line in lines if line["event"] == "managed_closed"] == [
        "a message of the platform's was bigger than we take"
    ]


@pytest.mark.parametrize("url", ["wss://127.0.0.1/?signature=sesame#x", "wss:///?signature=sesame", "wss://[/sesame"])
async def test_a_signature_never_leaves(url: str) -> None:
    """Of a signed URL that cannot be used nothing is logged, nor told to the record."""
    with structlog.testing.capture_logs() as lines:
        [closed] = await conversation(url)
    assert closed == ManagedClosed(0, "managed_unavailable")
    assert "sesame" not in str([{k: v for k, v in line.items() if k != "exc_info"} for line in lines])


def test_an_invalid_request_is_told_without_its_values() -> None:
    """422 repeats what was sent, a caller's number perhaps: only where and why is kept."""
    wrong = {"detail": [{"loc": ["body", "to_number"], "msg": "no number", "input": "+15551230000"}]}
    error = _error(httpx2.Response(422, json=wrong))
    assert str(error) == "422 ['body', 'to_number'] no number"


@pytest.mark.parametrize("value", [None, [1], {"a": 1}, float("nan")])
def test_variables_that_the_platform_refuses(value: Any) -> None:
    """Refused where they are written, and not with 1008 in a call."""
    with pytest.raises(ValueError, match="plan"):
        ManagedAgent("a", variables={"plan": value})


@pytest.mark.parametrize("prompt", [{"prompt": None}, {"llm": {"model": None}}, ["a", None]])
def test_nested_nulls_are_refused(prompt: Any) -> None:
    """A field that is None is left out; a null inside one would be sent, and closed with 1008."""
    assert ManagedAgent("a", overrides={"agent": {"prompt": None}}).overrides
    with pytest.raises(ValueError, match=r"agent\.prompt"):
        ManagedAgent("a", overrides={"agent": {"prompt": prompt}})
