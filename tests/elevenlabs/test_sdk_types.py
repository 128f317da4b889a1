"""Whole calls over real sockets, every message of which fits the types of the vendor's own package, key by key.

What we send fits its types of requests, what the local servers send those of answers; so the two cannot agree on
something that the vendor does not know.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, get_args

import pytest
from elevenlabs import types as vendor
from elevenlabs.conversational_ai.twilio.client import TwilioClient
from pydantic import BaseModel

from telephony.agent import Agent, IncomingCall, ManagedAgent, Voice
from telephony.core.events import MarkReached
from telephony.elevenlabs import agents_codec, stt_codec
from telephony.testing.fakes.elevenlabs import agents_messages
from telephony.testing.fakes.elevenlabs.agents import BRIDGE_EVENTS, LocalAgent
from telephony.testing.fakes.elevenlabs.agents_state import Conversation
from telephony.testing.fakes.elevenlabs.agents_webhooks import transcription
from telephony.testing.fakes.elevenlabs.stt import LocalStt, SttFaults
from telephony.testing.fakes.elevenlabs.stt import messages as stt_messages
from telephony.testing.fakes.elevenlabs.tts import LocalTts, TtsFaults
from telephony.testing.fakes.openai.server import CallTool, Part, Say
from telephony.testing.stack import Stack, local_stack
from telephony.testing.steady import SteadyClock
from telephony.tools import Toolbox, tool
from tests.elevenlabs.sdk_types import (
    STT_RECEIVED,
    STT_SENT,
    TTS_RECEIVED,
    TTS_SENT,
    Recording,
    fit,
    misspelt,
    record,
    strict,
)

LONG = "We open at nine in the morning and close at six in the evening. On Sundays we stay closed all day."
TTS, STT, SOCKET = "/v1/text-to-speech/", "/v1/speech-to-text/realtime", "/v1/convai/conversation?"


@pytest.fixture
def tape(monkeypatch: pytest.MonkeyPatch) -> Recording:
    return record(monkeypatch)


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"Sunny in {city}"


def respond(body: dict[str, Any]) -> list[Part]:
    said = next((m["content"] for m in reversed(body["messages"]) if m["role"] == "user"), "")
    if body["messages"][-1]["role"] == "tool":
        return [Say("It is sunny.")]
    if "bye" in said:
        return [Say("Goodbye!"), CallTool("end_call", {"reason": "done"})]
    return [CallTool("weather", {"city": "Dublin"})] if "weather" in said else [Say(LONG)]


def kinds(types: tuple[type[BaseModel], ...], messages: list[Any]) -> set[str]:
    """The types of `messages`. Fails if one fits none of `types`, or if misspelling any of its keys went unnoticed."""
    found = {}
    for message in sorted(messages, key=lambda message: len(str(message))):  # of each type, the fullest is misspelt
        found[fit(types, message)] = message
    for message in found.values():
        for wrong in misspelt(message):
            with pytest.raises(AssertionError):
                fit(types, wrong)
    return set(found)


async def interrupted_call(stack: Stack) -> None:
    """The caller interrupts an answer in order to say goodbye."""
    phone = await stack.dial()
    call = await stack.tape(phone)
    await call.until(lambda: ("agent", "Hello!") in call.lines)
    await stack.says(phone, "what are your opening hours")
    await phone.agent_speaking()
    played = len(call.events(MarkReached))
    await call.until(lambda: len(call.events(MarkReached)) > played + 4)
    await stack.says(phone, "stop please thank you and bye")
    await phone.ended()
    assert any(text.endswith(" --") for _, text in call.lines)


@pytest.mark.parametrize(
    ("tts", "stt"),
    [
        (TtsFaults(), SttFaults()),
        (TtsFaults(segment_alignment=True), SttFaults(timed_unasked=True, timed_first=True, tags=True)),
        (TtsFaults(no_alignment=True), SttFaults(unknown_messages=True, throttle=1)),
    ],
)
async def test_a_call_in_the_vendors_types(tape: Recording, tts: TtsFaults, stt: SttFaults) -> None:
    """Voice and recogniser, both directions, with what the service is known to vary."""
    voiced = Voice(speed=1.1, stability=0.5, similarity=0.7)
    clock, agent = SteadyClock(20), Agent(prompt="You are a test.", greeting="Hello!", voice=voiced)
    voice, recogniser = LocalTts(clock=clock, faults=tts), LocalStt(clock=clock, faults=stt)
    async with (
        asyncio.timeout(60),
        local_stack(agent, clock=clock, replies=respond, tts=voice, stt=recogniser) as s,
    ):
        await interrupted_call(s)
    sent, received = tape.of(TTS)
    assert kinds(TTS_SENT, sent) == {"InitializeConnectionMulti", "SendTextMulti", "CloseContext", "CloseSocket"}
    assert kinds(TTS_RECEIVED, received) == {"AudioOutputMulti", "FinalOutputMulti"}
    sent, received = tape.of(STT)
    assert kinds(STT_SENT, sent) == {"InputAudioChunkPayload"}
    received = [message for message in received if message["message_type"] != "a_newcomer"]
    usual = {"SessionStartedPayload", "PartialTranscriptPayload", "CommittedTranscriptPayload"}
    timed = {"CommittedTranscriptWithTimestampsPayload"} if stt.timed_unasked else set()
    odd = {"ScribeWarning", "ScribeThrottledErrorPayload"} if stt.unknown_messages else set()
    assert kinds(STT_RECEIVED, received) == usual | timed | odd


def test_the_recogniser_has_the_vendors_errors() -> None:
    """Each fits its type, and the codec knows all that the package has: which end the session, which may be retried."""
    slugs = stt_codec.FATAL | stt_codec.RETRYABLE | {"commit_throttled"}
    assert kinds(STT_RECEIVED, [stt_messages.error(slug, "words") for slug in slugs]) == {
        kind.__name__ for kind in STT_RECEIVED if "error" in kind.model_fields
    }
    assert len(slugs) == sum("error" in kind.model_fields for kind in STT_RECEIVED)


async def test_a_managed_call_in_the_vendors_types(tape: Recording) -> None:
    """The client data, the signed URL and the agent's settings have types; the socket's other messages only names."""
    platform = LocalAgent(
        first_message="Hi!", respond=respond, client_tools=tuple(Toolbox((weather,)).schemas()), variables=("name",),
        client_events=BRIDGE_EVENTS,
    )  # fmt: skip
    agent = ManagedAgent(
        "agent_1", variables={"name": "Ada"}, overrides={"agent": {"first_message": "Hi {{name}}!"}},
        extra_body={"table": 4}, user_id="user_1", tools=(weather,),
    )  # fmt: skip
    async with (
        asyncio.timeout(60),
        local_stack(agent, clock=SteadyClock(20), platform={"agent_1": platform}) as s,
    ):
        phone = await s.dial()
        await phone.agent_speaking()
        await s.says(phone, "how is the weather today")
        await s.elevenlabs.agents.until(lambda: any(m["type"] == "client_tool_result" for m in messages(tape)))
        await phone.agent_silent(for_ms=500)
        await s.says(phone, "thank you and bye")
        await phone.ended()
    sent, received = tape.of(SOCKET)
    start = dict(sent[0])
    assert start.pop("type") == "conversation_initiation_client_data"
    assert kinds((vendor.ConversationInitiationClientDataRequestInput,), [start])
    for message in sent:
        agents_messages.check_client(message)
    for message in received:
        agents_messages.check_server(message)
    assert {message["type"] for message in received} <= NAMES
    for path, kind in ANSWERS.items():
        [(status, answer)] = tape.of(path)[1]
        assert status == 200
        assert kinds((kind,), [answer])


def messages(tape: Recording) -> list[Any]:
    return [message for message in tape.of(SOCKET)[0] if "type" in message]


NAMES = frozenset(get_args(get_args(vendor.ClientEvent)[0]))
ANSWERS: dict[str, type[BaseModel]] = {
    "/get-signed-url": vendor.ConversationSignedUrlResponseModel,
    "/v1/convai/agents/agent_1": vendor.GetAgentResponseModel,
}


def test_the_events_of_an_agent_have_the_vendors_names() -> None:
    """Those that we ask an agent's owner to switch on."""
    wanted = {*agents_codec.WANTED_EVENTS, "client_tool_call", "agent_tool_response"}
    assert wanted <= NAMES
    assert set(BRIDGE_EVENTS) <= NAMES


@pytest.mark.parametrize(
    ("path", "method"),
    [("register-call", TwilioClient.register_call), ("outbound-call", TwilioClient.outbound_call)],
)
async def test_requests_have_the_parameters_of_the_vendors_methods(
    tape: Recording, path: str, method: Callable[..., Any]
) -> None:
    """Every key of the body is one, none is missing; the client data in it fits its type, as does the answer."""
    agent = ManagedAgent("agent_1", variables={"name": "Ada"}, overrides={"tts": {"stability": 0.5}}, user_id="user_1")
    async with local_stack(agent, clock=SteadyClock(20), platform={"agent_1": LocalAgent()}) as s:
        if path == "register-call":
            await s.service.agents_rest.register_call(agent, IncomingCall("CA1", "+1555", "+1666"))
        else:
            await s.service.agents_rest.outbound_call(agent, "phnum_1", "+1555")
    [body], [(status, answer)] = tape.of(path)
    known = inspect.signature(method).parameters
    needed = {name for name, parameter in known.items() if parameter.default is inspect.Parameter.empty} - {"self"}
    assert needed <= set(body) <= set(known) - {"self", "request_options"}
    strict(vendor.ConversationInitiationClientDataRequestInput, body["conversation_initiation_client_data"])
    assert status == 200
    if path == "outbound-call":
        assert kinds((vendor.TwilioOutboundCallResponse,), [answer])
    else:
        assert answer.startswith("<Response>")


def test_a_transcript_after_a_call_has_the_vendors_fields() -> None:
    """Its `data` is the conversation as the REST API describes it."""
    said = [{"role": "assistant", "content": "Hi!"}, {"role": "user", "content": "Hello"}]
    event = transcription(Conversation("conv_1", "agent_1", messages=said))
    assert kinds((vendor.GetConversationResponseModel,), [event["data"]])
