"""A redirect is never followed: it would take the key, the words or the call to another host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import telephony
from telephony.agent import IncomingCall, ManagedAgent
from telephony.contracts.llm import LlmRequest
from telephony.contracts.stt import SttSpec
from telephony.contracts.tts import VoiceSpec
from telephony.core.events import Event, SttLost, TtsLost
from telephony.core.managed_events import ManagedCause, ManagedClosed, OpenManaged
from telephony.elevenlabs.agents import ManagedSocket
from telephony.elevenlabs.agents_rest import AgentsRest
from telephony.elevenlabs.phrase_cache import ElevenLabsPhrases
from telephony.elevenlabs.stt import ElevenLabsStt
from telephony.elevenlabs.tts import ElevenLabsTts
from telephony.errors import CarrierError, ProviderRefused
from telephony.openai.client import OpenAiChat
from telephony.testing.fakes.elevenlabs.agents import LocalAgent, LocalAgents
from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
from telephony.testing.fakes.openai.server import LocalOpenAi
from telephony.testing.fakes.twilio.carrier import Carrier
from telephony.testing.fakes.twilio.faults import CarrierFaults
from telephony.testing.steady import SteadyClock
from telephony.twilio.rest.calls import TwilioRest

SPEC = VoiceSpec("elevenlabs", "voice", "eleven_flash_v2_5", language="en")
HOSTS = ("127.0.0.1", "localhost")


@dataclass(slots=True)
class Elsewhere:
    """The host that a redirect leads to. `visits` counts the connections to it."""

    port: int = 0
    visits: list[bytes] = field(default_factory=list)

    def url(self, scheme: str, host: str) -> str:
        return f"{scheme}://{host}:{self.port}/v1/x"


@asynccontextmanager
async def elsewhere() -> AsyncIterator[Elsewhere]:
    found = Elsewhere()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.visits.append(await reader.read(100))
        writer.close()

    async with asyncio.timeout(60), await asyncio.start_server(visit, "127.0.0.1", 0) as server:
        found.port = server.sockets[0].getsockname()[1]
        yield found
    assert found.visits == []


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("scheme", ["ws", "http"])
async def test_at_the_upgrade_of_the_tts(scheme: str, host: str) -> None:
    """It is a refusal: final at once."""
    clock, events = SteadyClock(20), list[Event]()
    async with elsewhere() as target, LocalElevenLabs(clock=clock) as server:
        server.tts.faults.redirect = target.url(scheme, host)
        port = ElevenLabsTts(base_url=server.base_url, api_key="local", spec=SPEC, clock=clock)
        await until_first(port.run, port.stop, events)
    assert events == [TtsLost("provider_refused", False)]


@pytest.mark.parametrize("scheme", ["ws", "http"])
async def test_at_the_upgrade_of_the_stt(scheme: str) -> None:
    """It is a refusal: final at once."""
    clock, events = SteadyClock(20), list[Event]()
    async with elsewhere() as target, LocalElevenLabs(clock=clock) as server:
        server.stt.faults.redirect = target.url(scheme, "localhost")
        port = ElevenLabsStt(base_url=server.base_url, api_key="local", spec=SttSpec("en", ()), clock=clock)
        await until_first(port.run, port.stop, events)
    assert events == [SttLost("provider_refused", False)]


async def until_first(
    run: Callable[[Callable[[Event], None]], Awaitable[None]], stop: Callable[[], None], events: list[Event]
) -> None:
    """Runs a port and stops it at its first event."""

    def emit(event: Event) -> None:
        events.append(event)
        stop()

    await run(emit)


async def test_at_the_upgrade_for_a_fixed_phrase() -> None:
    clock = SteadyClock(20)
    async with elsewhere() as target, LocalElevenLabs(clock=clock) as server:
        server.tts.faults.redirect = target.url("ws", "localhost")
        with pytest.raises(ProviderRefused):
            await ElevenLabsPhrases(server.base_url, "local", clock).synthesize(SPEC, "greeting", "Hello.")


@pytest.mark.parametrize("private", [True, False])
async def test_of_an_agents_socket_or_its_signed_url(private: bool) -> None:
    """A private agent's signed URL is asked for first; a public one has the handshake alone."""
    clock, events = SteadyClock(20), list[Event]()
    agents = LocalAgents(clock=clock, agents={"a": LocalAgent(private=private)})
    async with elsewhere() as target, LocalElevenLabs(clock=clock, agents=agents) as server:
        agents.faults.redirect = target.url("http" if private else "ws", "localhost")
        rest = AgentsRest(server.base_url, "local", clock)
        port = ManagedSocket(ManagedAgent("a", private=private), IncomingCall("CA1"), rest, clock)
        port.perform(OpenManaged())
        await until_first(port.run, port.stop, events)
        await rest.aclose()
    [closed] = events
    assert isinstance(closed, ManagedClosed)
    assert closed.cause is ManagedCause.MANAGED_REFUSED


async def test_of_registering_and_dialling() -> None:
    """POST requests of the platform's REST API: 307 would repeat the body."""
    clock = SteadyClock(20)
    agent = ManagedAgent("a")
    async with elsewhere() as target, LocalElevenLabs(clock=clock) as server:
        server.agents.faults.redirect = target.url("http", "localhost")
        rest = AgentsRest(server.base_url, "local", clock)
        with pytest.raises(ProviderRefused):
            await rest.register_call(agent, IncomingCall("CA1", "+15551230000", "+15551230001"))
        with pytest.raises(ProviderRefused):
            await rest.outbound_call(agent, "number", "+15551230000")
        await rest.inspect(agent)
        await rest.aclose()


async def test_of_a_signed_url_to_a_host_without_the_platform() -> None:
    """The handshake at the signed address, which sends no key, follows none either."""
    clock, events = SteadyClock(20), list[Event]()

    class Signed(AgentsRest):
        async def address(self, agent: ManagedAgent) -> str:
            return f"{self.base_url.replace('http', 'ws', 1)}/v1/text-to-speech/v/multi-stream-input?secret=sesame"

        async def inspect(self, agent: ManagedAgent) -> tuple[str, ...]:
            return ()

    async with elsewhere() as target, LocalElevenLabs(clock=clock) as server:
        server.tts.faults.redirect = target.url("ws", "localhost")
        port = ManagedSocket(ManagedAgent("a"), IncomingCall("CA1"), Signed(server.base_url, "", clock), clock)
        port.perform(OpenManaged())
        await until_first(port.run, port.stop, events)
    assert [type(event) for event in events] == [ManagedClosed]


@pytest.mark.parametrize("host", HOSTS)
async def test_of_the_model_server(host: str) -> None:
    """The SDK follows redirects by itself; the conversation and the key would go along."""
    clock = SteadyClock(20)
    async with elsewhere() as target, LocalOpenAi(clock=clock) as server:
        server.faults.redirect = target.url("http", host)
        client = OpenAiChat(
            api_key="local", base_url=server.base_url, model="m", effort=None, token_field="max_tokens", clock=clock
        )
        request = LlmRequest(messages=({"role": "user", "content": "my pin is four"},))
        with pytest.raises(ProviderRefused, match="redirect"):
            async with aclosing(client.stream(request)) as events:
                await anext(events)
        assert len(server.requests) == 1
        await client.close()


async def test_of_the_carriers_rest_api() -> None:
    """Hanging up sends the account's token."""
    async with elsewhere() as target, Carrier(auth_token="t" * 32, clock=SteadyClock(20)) as carrier:
        carrier.faults = CarrierFaults(rest_redirect=target.url("http", "localhost"))
        rest = TwilioRest(carrier.account_sid, "t" * 32, carrier.api_base_url, carrier.clock)
        with pytest.raises(CarrierError) as caught:
            await rest.hang_up("CA1")
        assert (caught.value.code, caught.value.retryable) == ("rest_failed", False)
        await rest.aclose()


def test_every_http_client_of_the_service_refuses_redirects() -> None:
    """A later client is seen here: httpx2 follows none unless told to, the SDK's client unless told not to."""
    root = Path(telephony.__file__).parent
    texts = {
        str(path.relative_to(root)): path.read_text() for path in root.rglob("*.py") if "testing" not in path.parts
    }
    assert [name for name, text in texts.items() if "follow_redirects=True" in text] == []
    assert [name for name, text in texts.items() if "DefaultAsyncHttpx2Client(" in text] == ["openai/client.py"]
    assert [name for name, text in texts.items() if "urlopen" in text or "import requests" in text] == []
