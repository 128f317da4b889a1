"""The Agents socket against a server that breaks the protocol."""

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
from telephony.core.managed_events import ManagedCause, ManagedClosed, ManagedSaid, OpenManaged
from telephony.elevenlabs.agents import MAX_BYTES, ManagedSocket
from telephony.elevenlabs.agents_rest import AgentsRest
from telephony.elevenlabs.rest import error_for
from telephony.testing.steady import SteadyClock
from tests.elevenlabs.managed_port import run_until_closed

OPENED = {
    "type": "conversation_initiation_metadata",
    "conversation_initiation_metadata_event": {
        "conversation_id": "c", "agent_output_audio_format": "ulaw_8000", "user_input_audio_format": "ulaw_8000",
    },
}  # fmt: skip


class FixedUrlRest(AgentsRest):
    """A REST client that gives every agent the same socket URL."""

    def __init__(self, url: str) -> None:
        super().__init__("http://127.0.0.1:9", "", SteadyClock(10))
        self._url = url

    async def address(self, agent: ManagedAgent) -> str:
        return self._url

    async def inspect(self, agent: ManagedAgent) -> tuple[str, ...]:
        return ()


async def conversation(url: str) -> list[Event]:
    """The events that the port reports for a conversation with the server at `url`."""
    socket = ManagedSocket(ManagedAgent("a"), IncomingCall("CA1"), FixedUrlRest(url), SteadyClock(10))
    socket.perform(OpenManaged())
    async with asyncio.timeout(60):
        return await run_until_closed(socket)


async def reported(says: Callable[[ServerConnection], Awaitable[Any]]) -> list[Event]:
    """The events reported when the server answers the start message and then runs `says`."""

    async def handle(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(json.dumps(OPENED))
        await says(connection)
        await connection.wait_closed()

    async with serve(handle, "127.0.0.1", 0, close_timeout=0.1) as server:
        return await conversation(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")


async def test_lone_surrogates_are_removed() -> None:
    """Text cut in the middle of an emoji must break neither the transcript nor a fallback agent."""

    async def says(connection: ServerConnection) -> None:
        await connection.send(
            '{"type":"agent_response","agent_response_event":{"agent_response":"Hi \\ud83d","event_id":1}}'
        )
        await connection.close(1011)

    assert ManagedSaid(1, "Hi ") in await reported(says)


async def test_a_close_without_a_code_is_reported_as_1005() -> None:
    """In the log and on the tape it is a plain int, like every other code."""

    async def says(connection: ServerConnection) -> None:
        connection.transport.write(b"\x88\x00")

    with structlog.testing.capture_logs() as lines:
        events = await reported(says)
    assert events[-1] == ManagedClosed(1005, ManagedCause.MANAGED_LOST)
    assert [repr(line["close_code"]) for line in lines if line["event"] == "managed_closed"] == ["1005"]


async def test_a_message_over_our_limit_has_its_own_cause() -> None:
    """We close the socket then; log and event give that reason rather than a lost connection."""

    async def says(connection: ServerConnection) -> None:
        await connection.send("x" * (MAX_BYTES + 1))

    with structlog.testing.capture_logs() as lines:
        events = await reported(says)
    assert events[-1] == ManagedClosed(1009, ManagedCause.MANAGED_TOO_BIG)
    assert [line["meaning"] for line in lines if line["event"] == "managed_closed"] == [
        "a message from the platform exceeded our size limit"
    ]


@pytest.mark.parametrize("url", ["wss://127.0.0.1/?signature=sesame#x", "wss:///?signature=sesame", "wss://[/sesame"])
async def test_a_signed_url_is_never_logged(url: str) -> None:
    """An unusable signed URL appears neither in the log nor in the event."""
    with structlog.testing.capture_logs() as lines:
        [closed] = await conversation(url)
    assert closed == ManagedClosed(0, ManagedCause.MANAGED_UNAVAILABLE)
    assert "sesame" not in str([{k: v for k, v in line.items() if k != "exc_info"} for line in lines])


def test_validation_errors_omit_the_rejected_values() -> None:
    """A 422 repeats the input, perhaps a phone number: only location and message are kept."""
    wrong = {"detail": [{"loc": ["body", "to_number"], "msg": "no number", "input": "+15551230000"}]}
    error = error_for(httpx2.Response(422, json=wrong), "elevenlabs_agents")
    assert str(error) == "422 ['body', 'to_number'] no number"


@pytest.mark.parametrize("value", [None, [1], {"a": 1}, float("nan")])
def test_unsupported_variables_are_refused(value: Any) -> None:
    """The constructor refuses them, so that the platform does not close a call with 1008."""
    with pytest.raises(ValueError, match="plan"):
        ManagedAgent("a", variables={"plan": value})


@pytest.mark.parametrize("prompt", [{"prompt": None}, {"llm": {"model": None}}, ["a", None]])
def test_nested_nulls_are_refused(prompt: Any) -> None:
    """A field that is None is omitted; a null inside a field would be sent, and the platform would close with 1008."""
    assert ManagedAgent("a", overrides={"agent": {"prompt": None}}).overrides
    with pytest.raises(ValueError, match=r"agent\.prompt"):
        ManagedAgent("a", overrides={"agent": {"prompt": prompt}})
