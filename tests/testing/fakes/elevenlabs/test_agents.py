"""The local Agents platform, tested with the vendor's own clients: conversation, REST, types."""

from __future__ import annotations

import asyncio
import json
import re
import warnings
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from http.client import HTTPConnection
from typing import Any

import pytest
from elevenlabs import ElevenLabs
from elevenlabs.errors import UnprocessableEntityError
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from telephony.audio import tones
from telephony.testing.fakes.elevenlabs import agents_messages as messages
from telephony.testing.fakes.elevenlabs.agents import BRIDGE_EVENTS, AgentFaults, LocalAgent, LocalAgents
from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
from telephony.testing.fakes.openai.server import CallTool, Part, Say
from telephony.testing.steady import SteadyClock

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the vendor's module uses an old name of websockets
    from elevenlabs.conversational_ai.conversation import (
        AsyncAudioInterface,
        AsyncConversation,
        ClientTools,
        ConversationInitiationData,
    )

WEATHER = {"type": "function", "function": {"name": "weather", "description": "", "parameters": {"type": "object"}}}
LONG = "It is going to be a sunny day in Dublin, with a light wind from the west, and no rain before the evening."


def respond(body: dict[str, Any]) -> list[Part]:
    last = body["messages"][-1]
    if last["role"] == "tool":
        return [Say(f"{last['content']}. {LONG}")]
    if "bye" in last["content"]:
        return [Say("Goodbye!"), CallTool("end_call", {"reason": "done"})]
    return [CallTool("weather", {"city": "Dublin"})]


AGENT = LocalAgent(
    first_message="Hi {{name}}!",
    respond=respond,
    variables=("name",),
    client_tools=(WEATHER,),
    client_events=BRIDGE_EVENTS,
)


class Phone(AsyncAudioInterface):
    """The client's audio: records what its user hears, and lets the test speak."""

    def __init__(self) -> None:
        self.heard, self.interrupted = b"", 0
        self.say: Callable[[bytes], Awaitable[None]] | None = None

    async def start(self, input_callback: Callable[[bytes], Awaitable[None]]) -> None:
        self.say = input_callback

    async def stop(self) -> None:
        pass

    async def output(self, audio: bytes) -> None:
        self.heard += audio

    async def interrupt(self) -> None:
        self.interrupted += 1


@asynccontextmanager
async def platform(agent: LocalAgent = AGENT, speed: float = 10) -> AsyncIterator[LocalElevenLabs]:
    clock = SteadyClock(speed)
    agents = LocalAgents(clock=clock, agents={"agent_1": agent})
    async with asyncio.timeout(60), LocalElevenLabs(clock=clock, agents=agents) as elevenlabs:
        yield elevenlabs


async def test_the_vendors_client_understands_the_platform() -> None:
    """Signed URL, audio, transcripts, a tool, an interruption with its correction, pings, and the end by the agent."""
    async with platform() as elevenlabs:
        agents, phone, said = elevenlabs.agents, Phone(), list[tuple[str, str]]()
        agents.latency.ping_ms = 100
        tools = ClientTools(loop=asyncio.get_running_loop())
        tools.register("weather", lambda given: f"Sunny in {given['city']}")
        over, details = asyncio.Event(), []

        def note(kind: str) -> Callable[..., Awaitable[None]]:
            async def take(*texts: Any) -> None:
                said.append((kind, str(texts[-1])))
                agents.changed.set()

            return take

        async def disconnected(found: Any) -> None:
            details.append(found)
            over.set()

        conversation = AsyncConversation(
            ElevenLabs(base_url=elevenlabs.base_url, api_key="local"), "agent_1", "user_1", requires_auth=True,
            audio_interface=phone, config=ConversationInitiationData(dynamic_variables={"name": "Ada"}),
            client_tools=tools, callback_agent_response=note("agent"), callback_user_transcript=note("user"),
            callback_agent_response_correction=note("corrected"), callback_latency_measurement=note("latency"),
            callback_audio_alignment=note("alignment"), callback_disconnect=disconnected,
        )  # fmt: skip
        await conversation.start_session()  # type: ignore[no-untyped-call]  # the vendor's method is not annotated
        await agents.until(lambda: ("agent", "Hi Ada!") in said)
        assert phone.say is not None
        agents.script.add("how is the weather")
        await phone.say(tones.sine(300, 900) + tones.silence(800))
        await agents.until(lambda: ("agent", f"Sunny in Dublin. {LONG}") in said)
        await agents.until(lambda: {"latency", "alignment"} <= {kind for kind, _ in said})
        agents.script.add("thank you bye")
        await phone.say(tones.sine(300, 900) + tones.silence(800))
        await over.wait()
        await conversation.wait_for_session_end()
        assert phone.interrupted == 2  # the greeting, too
        assert ("user", "how is the weather") in said
        corrected = [text for kind, text in said if kind == "corrected"][-1]
        assert f"Sunny in Dublin. {LONG}".startswith(corrected)
        assert len(phone.heard) > 4_000
        assert (details[0].reason, details[0].close_code) == ("agent", 1000)
        assert agents.seen.violations == []
        assert agents.seen.received[0]["user_id"] == "user_1"


async def test_the_platforms_messages_follow_the_reference() -> None:
    """Every message has exactly the keys of the reference, with values of the right types."""
    async with platform() as elevenlabs:
        url = f"{elevenlabs.base_url.replace('http', 'ws')}/v1/convai/conversation?agent_id=agent_1"
        kinds = set()
        async with connect(url, additional_headers={"xi-api-key": "local"}, proxy=None) as socket:
            await socket.send(json.dumps({"type": "conversation_initiation_client_data",
                                          "dynamic_variables": {"name": "Ada"}}))  # fmt: skip
            await socket.send(json.dumps({"type": "user_message", "text": "weather"}))
            async for text in socket:
                message = json.loads(text)
                messages.check_server(message)
                kinds.add(message["type"])
                if message["type"] == "client_tool_call":
                    call_id = message["client_tool_call"]["tool_call_id"]
                    result = {"type": "client_tool_result", "tool_call_id": call_id, "result": "Sun", "is_error": False}
                    await socket.send(json.dumps(result))
                if message["type"] == "agent_response" and "Sun." in text:
                    await socket.send(json.dumps({"type": "user_message", "text": "bye"}))
            assert socket.close_code == 1000
        assert kinds >= {"conversation_initiation_metadata", "audio", "agent_response", "ping", "client_tool_call",
                         "agent_tool_response", "interruption", "agent_response_correction"}  # fmt: skip


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        ({"user_audio_chunk": "AAAA"}, "first message"),
        ({"type": "conversation_initiation_client_data"}, "Missing required dynamic variables"),
        ({"type": "conversation_initiation_client_data", "dynamic_variables": {"name": "A"},
          "conversation_config_override": {"agent": {"prompt": {"prompt": "x"}}}}, "not allowed by config"),
        ({"type": "conversation_initiation_client_data", "made_up": 1}, "Invalid message"),
    ],
)  # fmt: skip
async def test_an_invalid_start_is_closed_with_1008(first: dict[str, Any], reason: str) -> None:
    """Order, variables, overrides and unknown keys are checked, as on the real platform."""
    async with platform() as elevenlabs:
        url = f"{elevenlabs.base_url.replace('http', 'ws')}/v1/convai/conversation?agent_id=agent_1"
        async with connect(url, additional_headers={"xi-api-key": "local"}, proxy=None) as socket:
            await socket.send(json.dumps(first))
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
        assert reason in closed.value.rcvd.reason


async def test_the_vendors_rest_client() -> None:
    """register-call returns TwiML, an outbound call its two ids, an agent its settings; an invalid body is a 422."""
    async with platform() as elevenlabs:
        client = ElevenLabs(base_url=elevenlabs.base_url, api_key="local").conversational_ai.twilio
        twiml = await asyncio.to_thread(
            client.register_call, agent_id="agent_1", from_number="+15550001111", to_number="+15550002222",
            direction="inbound",
        )  # fmt: skip
        assert re.search(r'<Stream url="ws://[^"]+"><Parameter name="conversation_id" value="conv_\w+"/>', twiml)
        agents = ElevenLabs(base_url=elevenlabs.base_url, api_key="local").conversational_ai.agents
        config = (await asyncio.to_thread(agents.get, "agent_1")).conversation_config
        assert config.asr is not None
        assert config.asr.user_input_audio_format == "ulaw_8000"
        call = {"agent_id": "agent_1", "agent_phone_number_id": "phnum_1", "to_number": "+15550001111"}
        answer = await asyncio.to_thread(client.outbound_call, **call)
        assert answer.success
        assert answer.call_sid is not None
        with pytest.raises(UnprocessableEntityError):
            await asyncio.to_thread(client.outbound_call, **call, request_options=EXTRA)


EXTRA = {"additional_body_parameters": {"made_up": 1}}


@asynccontextmanager
async def begun(agent: LocalAgent, faults: AgentFaults, **start: Any) -> AsyncIterator[tuple[Any, LocalAgents]]:
    """A socket whose start message has been sent."""
    async with platform(agent) as elevenlabs:
        elevenlabs.agents.faults = faults
        url = f"{elevenlabs.base_url.replace('http', 'ws')}/v1/convai/conversation?agent_id=agent_1"
        async with connect(url, additional_headers={"xi-api-key": "local"}, proxy=None) as socket:
            first = {"type": "conversation_initiation_client_data", "dynamic_variables": {"name": "+15550001111"}}
            await socket.send(json.dumps(first | start))
            yield socket, elevenlabs.agents


async def kinds(socket: Any) -> list[str]:
    """The types of all messages up to the close."""
    found = []
    try:
        while True:
            message = json.loads(await socket.recv())
            messages.check_server(message)
            found.append(message["type"])
    except ConnectionClosed:
        return found


async def test_a_new_agent_sends_neither_tools_nor_corrections() -> None:
    """The default events hold the caller's tentative words; a client may ask for others if the agent allows it."""
    agent = LocalAgent(respond=lambda body: [Say("Bye."), CallTool("end_call", {"reason": "done"})])
    async with begun(agent, AgentFaults()) as (socket, agents):
        agents.script.add("thank you bye")
        sound = tones.sine(300, 900) + tones.silence(800)
        await socket.send(json.dumps({"user_audio_chunk": b64encode(sound).decode()}))
        found = set(await kinds(socket))
    assert found >= {"audio", "agent_response", "user_transcript", "tentative_user_transcript", "ping"}
    assert not found & {"agent_tool_response", "agent_response_correction", "client_tool_call"}
    wanted = {"conversation": {"client_events": ["audio", "agent_tool_response"]}}
    for allowed in (True, False):
        names = frozenset({"conversation.client_events"} if allowed else ())
        async with begun(replace(agent, allowed=names), AgentFaults(), conversation_config_override=wanted) as (
            socket,
            _,
        ):
            await socket.send(json.dumps({"type": "user_message", "text": "bye"}))
            found = set(await kinds(socket))
        events = {"conversation_initiation_metadata", "audio", "agent_tool_response"}
        assert found == (events if allowed else set())


async def test_a_close_may_quote_the_caller() -> None:
    async with begun(AGENT, AgentFaults(quote=True, close_on_turn=(1002, "LLM failed"), error_frame=True)) as (it, _):
        await it.send(json.dumps({"type": "user_message", "text": "hello"}))
        assert "error" in await kinds(it)
        assert it.close_reason == "LLM failed {'name': '+15550001111'}"


async def test_a_flood_of_tool_calls() -> None:
    parts: list[Part] = [Say("Bye."), CallTool("end_call", {"reason": "done"})]
    async with begun(replace(AGENT, respond=lambda body: parts), AgentFaults(tool_flood=1_000)) as (it, _):
        await it.send(json.dumps({"type": "user_message", "text": "hello"}))
        assert (await kinds(it)).count("client_tool_call") == 1_000


async def test_requests_may_be_redirected() -> None:
    """The signed URL's request and the handshake, which the library's client would follow with its key."""
    async with platform() as elevenlabs:
        elevenlabs.agents.faults.redirect = f"{elevenlabs.base_url}/v1/voices"
        for path in ("/v1/convai/conversation/get-signed-url?agent_id=agent_1", "/v1/convai/agents/agent_1"):
            connection = HTTPConnection(elevenlabs.base_url.removeprefix("http://"))
            await asyncio.to_thread(connection.request, "GET", path, None, {"xi-api-key": "local"})
            answer = await asyncio.to_thread(connection.getresponse)
            assert (answer.status, answer.headers["Location"]) == (302, f"{elevenlabs.base_url}/v1/voices")
            connection.close()
