"""Which faults pass: one table for STT, TTS and agents, and what a call makes of each over real sockets."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Close

from telephony.agent import Agent, IncomingCall, ManagedAgent
from telephony.core.actions import CloseContext, EndCall, Speak
from telephony.core.events import Event, SpeechAudio, SttLost, TtsLost, TtsReady
from telephony.core.managed_events import ManagedCause, ManagedClosed, ManagedOpened, OpenManaged
from telephony.core.policy import Wording
from telephony.elevenlabs import stt_codec, tts_codec
from telephony.elevenlabs.agents import ATTEMPTS, ManagedSocket
from telephony.elevenlabs.agents_rest import AgentsRest
from telephony.elevenlabs.connection import describe
from telephony.elevenlabs.faults import Fault, of_close, of_status
from telephony.elevenlabs.phrase_cache import ElevenLabsPhrases
from telephony.errors import ProviderError
from telephony.observe.logs import configure
from telephony.testing.fakes.elevenlabs.agents import LocalAgent, LocalAgents
from telephony.testing.fakes.elevenlabs.agents_state import AgentFaults
from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
from telephony.testing.fakes.elevenlabs.stt import LocalStt, SttFaults
from telephony.testing.fakes.elevenlabs.tts import LocalTts, TtsFaults
from telephony.testing.fakes.elevenlabs.tts.server import SENTENCES
from telephony.testing.stack import local_stack
from telephony.testing.steady import SteadyClock
from tests.elevenlabs.managed_port import run_until_closed
from tests.elevenlabs.stt_rig import running_stt
from tests.elevenlabs.test_tts import SPEC, TEXT, Bench, speaking

PASSES = {"stt": stt_codec.RETRYABLE, "tts": tts_codec.PASSING}


# --- the table ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("close_code", "reason", "client", "slug", "retryable"),
    [
        (1000, "", "stt", "provider_unavailable", True),
        (1001, "going away", "tts", "provider_unavailable", True),
        (1006, "", "tts", "provider_unavailable", True),
        (1011, "Internal quota of patience exceeded", "tts", "provider_unavailable", True),
        (1012, "restart", "stt", "provider_unavailable", True),
        (1013, "try again later", "tts", "provider_unavailable", True),
        (1008, "", "tts", "provider_unavailable", True),
        (1008, "This request exceeds your quota", "tts", "provider_refused", False),
        (1008, "quota_exceeded", "stt", "provider_refused", False),
        (1008, "A voice with the given voice_id does not exist", "tts", "provider_refused", False),
        (1008, "Maximum simultaneous contexts per WebSocket connection exceeded (5)", "tts",
         "max_active_conversations", True),
        (1008, "Have not received a new text input within the timeout of 20.0 seconds", "tts",
         "input_timeout_exceeded", True),
        (1008, "Maximum simultaneous contexts per WebSocket connection exceeded (5)", "stt", "provider_refused", False),
        (1008, "Rate limited: slow down", "stt", "rate_limited", True),
        (1008, "An error", "stt", "provider_refused", False),
        (1009, "message too big", "tts", "provider_refused", False),
        (1003, "no", "stt", "provider_refused", False),
        (4000, "whatever", "stt", "provider_unavailable", True),
    ],
)  # fmt: skip
def test_a_close_without_a_frame(close_code: int, reason: str, client: str, slug: str, retryable: bool) -> None:
    """Its reason is a sentence and may be all there is; a close that is no refusal passes, whatever it says."""
    assert of_close(close_code, reason, PASSES[client]) == Fault(slug, retryable)
    error = ConnectionClosedError(Close(close_code, reason), None)
    assert describe(error, PASSES[client]) == Fault(slug, retryable)


@pytest.mark.parametrize(
    ("frame", "slug", "retryable"),
    [
        ({"message": "m", "error": "quota_exceeded", "code": 1008}, "quota_exceeded", False),
        ({"message": "m", "error": "an_unknown_fault", "code": 1008}, "an_unknown_fault", False),
        ({"message": "m", "error": "max_active_conversations", "code": 1008}, "max_active_conversations", True),
        ({"message": "m", "error": "input_timeout_exceeded", "code": 1008}, "input_timeout_exceeded", True),
        ({"message": "m", "error": "internal_error", "code": 1011}, "internal_error", True),
        ({"message": "m", "code": 1011}, "provider_unavailable", True),
        ({"message": "voice_settings must be first", "code": 1008}, "provider_refused", False),
        ({"error": "A sentence, with a stop."}, "provider_unavailable", True),
        ({"error": "Settings changed.", "code": 1008}, "provider_refused", False),
        ({"error": {"code": "voice_id_does_not_exist", "message": "m"}}, "voice_id_does_not_exist", False),
        ({"detail": {"status": "quota_exceeded", "message": "m"}}, "quota_exceeded", False),
        ({"detail": {"type": "authentication_error", "code": "invalid_api_key"}}, "invalid_api_key", False),
        ({"error": {"status": "max_active_conversations"}}, "max_active_conversations", True),
        ({"error": {"message": "A sentence."}}, "provider_unavailable", True),
        ({"detail": "Unauthorized."}, "provider_unavailable", True),
        ({"error": {"nested": 1}, "code": "x"}, "provider_unavailable", True),
    ],
)
def test_an_error_frame_of_the_tts(frame: dict[str, Any], slug: str, retryable: bool) -> None:
    """A slug is final, but for the two of a socket that is worn out, and faults of the transport."""
    assert tts_codec.decode(json.dumps(frame)) == Fault(slug, retryable)


@pytest.mark.parametrize(
    ("status", "slug", "retryable"),
    [
        (301, "provider_refused", False),
        (302, "provider_refused", False),
        (307, "provider_refused", False),
        (400, "provider_refused", False),
        (401, "provider_refused", False),
        (402, "provider_refused", False),
        (404, "provider_refused", False),
        (408, "provider_unavailable", True),
        (429, "provider_busy", True),
        (500, "provider_unavailable", True),
        (503, "provider_unavailable", True),
        (200, "provider_unavailable", True),
    ],
)
def test_an_http_answer_instead_of_a_socket(status: int, slug: str, retryable: bool) -> None:
    assert of_status(status, b"<html>") == Fault(slug, retryable)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            b'{"detail": {"status": "voice_not_found", "message": "No such voice."}}',
            "404 voice_not_found No such voice.",
        ),
        (b'{"detail": "Not here"}', "404 Not here"),
        (b'{"detail": [{"loc": ["a"], "msg": "wrong", "input": "+1555"}]}', "404 ['a'] wrong"),
        (b"<html>", "404"),
        (b"[" * 100_000, "404"),
    ],
)
def test_the_sentence_of_an_http_answer(body: bytes, sentence: str) -> None:
    """The `input` of a validation error, which repeats our values, is left out."""
    assert of_status(404, body).said == sentence


# --- over real sockets ----------------------------------------------------------------------------------------------


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The log of the test, as by default."""
    out = io.StringIO()
    configure("debug", "json", stream=out)
    yield out
    structlog.reset_defaults()


def logged(lines: io.StringIO, event: str) -> list[dict[str, Any]]:
    return [line for line in map(json.loads, lines.getvalue().splitlines()) if line["event"] == event]


async def told(b: Bench) -> None:
    """The port has said of a text that it will not be spoken."""
    b.port.perform(Speak(1, 1, TEXT))
    await b.over((1, 1))


@pytest.mark.parametrize("slug", ["voice_id_does_not_exist", "invalid_api_key", "quota_exceeded", "an_unknown_fault"])
@pytest.mark.parametrize("no_frame", [False, True])
async def test_a_refusal_of_the_tts_costs_one_connection(slug: str, no_frame: bool, lines: io.StringIO) -> None:
    """With its frame or with the close alone; the operator reads the service's own sentence, as an error."""
    async with speaking(faults=TtsFaults(error_after_accept=slug, no_frame=no_frame), ready=False) as b:
        await told(b)
    assert b.tts.connections == 1
    [line] = logged(lines, "tts_lost")
    assert (line["level"], line["retryable"]) == ("error", False)
    assert line["detail"] == SENTENCES.get(slug, "An unknown fault")


async def test_a_worn_out_socket_is_replaced_once() -> None:
    """`max_active_conversations` on the new socket too: the account allows no more; the carrier's voice takes over."""
    async with speaking(faults=TtsFaults(error_slug="max_active_conversations")) as b:
        b.port.perform(Speak(1, 1, TEXT))
        await b.over((1, 1))
        await b.until(TtsReady, 2)
        b.port.perform(Speak(1, 2, TEXT))
        b.port.perform(Speak(2, 1, TEXT))
        await b.over((1, 2), (2, 1))
    assert b.tts.connections == 2


async def test_a_worn_out_socket_is_replaced_again_after_a_while() -> None:
    """A call of an hour may see it more than once: only twice within five seconds is final."""
    async with speaking(faults=TtsFaults(inactivity_ms=6_000)) as b:
        await b.until(TtsReady, 4)
        b.tts.faults.inactivity_ms = 0
        b.port.perform(Speak(1, 1, TEXT))
        await b.until(SpeechAudio)
        b.port.perform(CloseContext(1, 1))
        await b.over((1, 1))


@pytest.mark.parametrize("status", [408, 500, 503])
async def test_http_faults_that_pass_are_retried(status: int) -> None:
    async with speaking(faults=TtsFaults(refuse=status), ready=False) as b:
        assert {(lost.code, lost.retryable) for lost in await b.until(TtsLost, 3)} == {("provider_unavailable", True)}
        b.tts.faults.refuse = 0
        await b.until(TtsReady)


async def test_the_words_and_the_key_stay_out_of_the_tts_log(lines: io.StringIO) -> None:
    """The service quotes the text to be spoken, and in the close reason too."""
    async with speaking(faults=TtsFaults(error_slug="quota_exceeded", quote=True)) as b:
        b.port.perform(Speak(1, 1, "Ada Lovelace has table 1234. "))
        await b.over((1, 1))
    [line] = logged(lines, "tts_lost")
    assert line["detail"].startswith("This request exceeds your quota: …")
    for word in ("Ada", "Lovelace", "1234"):
        assert word not in lines.getvalue()


@pytest.mark.parametrize("slug", ["quota_exceeded", "auth_error", "an_unknown_fault"])
async def test_a_refusal_of_the_stt_costs_one_connection(slug: str, lines: io.StringIO) -> None:
    async with running_stt(SttFaults(error_after_accept=slug, quote=True)) as it:
        await it.until(lambda: bool(it.losses))
        it.quiet(60_000)
        assert it.losses == [(slug, False)]
    assert it.stt.connections == 1
    [line] = logged(lines, "stt_lost")
    assert line["level"] == "error"
    assert line["detail"].startswith(slug.replace("_", " ").capitalize())


async def test_the_words_and_the_key_stay_out_of_the_stt_log(lines: io.StringIO) -> None:
    """The service quotes the key and the last partial. A fault that passes brings a new session; no word is lost."""
    async with running_stt(SttFaults(quote=True)) as it:
        await it.ready()
        it.says("my pin is four", commit=False)
        await it.until(lambda: "my pin is four" in it.tentative)
        it.stt.faults.error_slug = "transcriber_error"
        it.quiet(200)
        await it.until(lambda: bool(it.losses))
        it.commit()
        await it.until(lambda: bool(it.finals))
        assert it.finals[-1][1] == "my pin is four"
    [line] = logged(lines, "stt_lost")
    assert (line["retryable"], line["detail"]) == (True, "Transcriber error: [secret] …")
    assert "pin" not in lines.getvalue()


async def test_a_fixed_phrase_is_refused_with_its_reason() -> None:
    """A phrase that cannot be synthesised says why, also if the frame comes before the text is sent."""
    async with LocalElevenLabs(
        clock=SteadyClock(20),
        tts=LocalTts(clock=SteadyClock(20), faults=TtsFaults(error_after_accept="quota_exceeded")),
    ) as server:
        with pytest.raises(ProviderError) as caught:
            await ElevenLabsPhrases(server.base_url, "local", SteadyClock(20)).synthesize(SPEC, "greeting", "Hello.")
    assert (caught.value.code, caught.value.retryable) == ("quota_exceeded", False)
    assert str(caught.value) == "This request exceeds your quota"


async def test_a_call_whose_voice_is_refused_ends_in_the_carriers_voice() -> None:
    """With an empty stock of phrases: one connection, and the caller is not left in silence."""
    agent = Agent(prompt="You are a test.")
    clock = SteadyClock(20)
    tts = LocalTts(clock=clock, faults=TtsFaults(error_after_accept="voice_id_does_not_exist"))
    async with local_stack(agent, clock=clock, tts=tts) as stack:
        phone = await stack.dial()
        tape = await stack.tape(phone)
        await stack.says(phone, "what are your opening hours")
        await phone.ended()
        assert [(lost.code, lost.retryable) for _, lost in tape.events(TtsLost)] == [("voice_id_does_not_exist", False)]
        assert [end for _, end in tape.actions(EndCall)] == [EndCall("tts_failed", agent.wording.broken)]


async def test_a_call_whose_recogniser_is_refused_ends_with_an_apology() -> None:
    """A call that cannot hear is not left open; one connection, and the broken phrase from the stock."""
    clock = SteadyClock(20)
    stt = LocalStt(clock=clock, faults=SttFaults(error_after_accept="quota_exceeded"))
    async with local_stack(Agent(prompt="You are a test.", greeting="Hello."), clock=clock, stt=stt) as stack:
        phone = await stack.dial()
        tape = await stack.tape(phone)
        await phone.ended()
        assert [(lost.code, lost.retryable) for _, lost in tape.events(SttLost)] == [("quota_exceeded", False)]
        assert [end.reason for _, end in tape.actions(EndCall)] == ["stt_failed"]
        assert ("agent", Wording().broken) in tape.lines
        assert stt.connections == 1


# --- agents ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Managed:
    """A managed conversation, and the events that its port reported."""

    port: ManagedSocket
    agents: LocalAgents
    rest: AgentsRest
    events: list[Event]

    def opened(self) -> bool:
        return any(isinstance(event, ManagedOpened) for event in self.events)


@asynccontextmanager
async def managed(faults: AgentFaults, **agent: Any) -> AsyncIterator[Managed]:
    clock = SteadyClock(20)
    agents = LocalAgents(clock=clock, agents={"a": LocalAgent(private=False, **agent)}, faults=faults)
    async with asyncio.timeout(60), LocalElevenLabs(clock=clock, agents=agents) as server:
        rest = AgentsRest(server.base_url, "local", clock)
        port = ManagedSocket(ManagedAgent("a", private=False), IncomingCall("CA1", "+15551230000", "+1"), rest, clock)
        port.perform(OpenManaged())
        yield Managed(port, agents, rest, [])
        await rest.aclose()


async def ended(it: Managed) -> ManagedClosed:
    it.events.extend(await run_until_closed(it.port))
    assert isinstance(it.events[-1], ManagedClosed)
    return it.events[-1]


@pytest.mark.parametrize("close_code", [1001, 1011, 1012, 1013])
async def test_an_agent_is_tried_again_until_its_conversation_has_begun(close_code: int) -> None:
    async with managed(AgentFaults(close_at_start=(close_code, "not now"))) as it:
        await ended(it)
        assert len(it.agents.seen.conversations) == ATTEMPTS


@pytest.mark.parametrize(
    ("faults", "cause"),
    [
        (AgentFaults(close_at_start=(1008, "Override is not allowed")), ManagedCause.MANAGED_REFUSED),
        (AgentFaults(close_at_start=(1002, "LLM failed")), ManagedCause.MANAGED_FAILED),
        (AgentFaults(refuse=403), ManagedCause.MANAGED_REFUSED),
    ],
)
async def test_a_refusal_of_an_agent_is_final(faults: AgentFaults, cause: ManagedCause) -> None:
    async with managed(faults) as it:
        assert (await ended(it)).cause is cause
        assert len(it.agents.seen.conversations) <= 1


async def test_what_a_platform_quotes_stays_out_of_the_log(lines: io.StringIO) -> None:
    """A close reason with the call's variables: the number goes, and the name too; the sentence stays."""
    faults = AgentFaults(close_at_start=(1008, "Missing required variables"), quote=True)
    async with managed(faults) as it:
        closed = await ended(it)
    [line] = logged(lines, "managed_closed")
    assert line["detail"].startswith("Missing required variables")
    assert "15551230000" not in lines.getvalue() + closed.detail
