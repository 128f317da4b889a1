"""`check --online`: one cheap request for each thing that a call needs, and what to do where the answer is no.

Each step yields a `Finding`. A vendor that cannot be asked is no reason to leave out the others; a refused key ends the
steps that need it. Every request is the one that a call sends, through the same code, so that what is right here is
right on a call.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, replace

from telephony.agent import Agent, AgentSource, ManagedAgent
from telephony.app.app import VendorPorts
from telephony.app.public_check import Finding, public_findings
from telephony.app.server import running
from telephony.clock import Clock
from telephony.contracts.llm import LlmRequest
from telephony.contracts.stt import SttSpec
from telephony.contracts.tts import VoiceSpec
from telephony.elevenlabs import rest
from telephony.elevenlabs.phrase_cache import ElevenLabsPhrases
from telephony.elevenlabs.stt import ElevenLabsStt
from telephony.errors import CarrierError, ProviderBusy, ProviderError
from telephony.settings import Settings
from telephony.tools import Toolbox
from telephony.twilio import account as twilio

ANSWER_TOKENS = 16
CHARACTERS_LOW = 0.95
"""Share of the plan's characters above which the quota is reported."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What to check: the settings, and the agents that answer calls, by name."""

    settings: Settings
    agents: Mapping[str, AgentSource]
    clock: Clock
    vendors: VendorPorts

    def own(self) -> list[Agent]:
        """The agents that run here, fallbacks included; a plain one stands for those that a function chooses."""
        sources = self.agents.values()
        found = [one.fallback if isinstance(one, ManagedAgent) else one for one in sources]
        plain = [Agent(prompt="You answer the telephone.")] if any(callable(one) for one in sources) else []
        return [one for one in found if isinstance(one, Agent)] + plain

    def managed(self) -> list[ManagedAgent]:
        return [one for one in self.agents.values() if isinstance(one, ManagedAgent)]


async def check_online(settings: Settings, agents: Mapping[str, AgentSource], clock: Clock) -> AsyncIterator[Finding]:
    """All findings, in the order llm, speech, Twilio, public address. Raises nothing. If nothing listens at HOST and
    PORT, the service runs for as long as the public address is checked."""
    carrier = bool(settings.twilio_auth_token) and not settings.offline
    if settings.offline:
        yield Finding("keys", None, "none is used: everything is local, and there is nothing to ask")
        return
    vendors = VendorPorts(settings, clock)
    checked = Checked(settings, agents, clock, vendors)
    try:
        parts = ((_llm, not settings.local_llm), (_speech, not settings.local_speech), (_twilio, carrier))
        for part in (one for one, used in parts if used):
            async for finding in part(checked):
                yield finding
    finally:
        await vendors.llm.close()
        await vendors.agents_rest.aclose()
    if carrier:
        async with _listening(settings, agents, clock):
            async for finding in public_findings(settings, clock):
                yield finding


@asynccontextmanager
async def _listening(settings: Settings, agents: Mapping[str, AgentSource], clock: Clock) -> AsyncIterator[None]:
    """Runs the service, unless one runs already at its address or there is no public address to be checked."""
    try:
        with socket.create_server((settings.host, settings.port)):
            pass
    except OSError:
        free = False
    else:
        free = bool(settings.public_url and settings.port)
    async with AsyncExitStack() as stack:
        if free:
            await stack.enter_async_context(running(settings, clock, agents=next(iter(agents.values()))))
        yield


# --- the language model ---------------------------------------------------------------------------------------------


async def _llm(checked: Checked) -> AsyncIterator[Finding]:
    for agent in _distinct(checked.own()):
        yield await _answer(checked, agent)


def _distinct(agents: Iterable[Agent]) -> list[Agent]:
    """One agent for each request that differs in more than its texts."""
    return list({(a.model, a.effort, bool(a.tools)): a for a in agents}.values())


async def _answer(checked: Checked, agent: Agent) -> Finding:
    model, began = agent.model or checked.settings.openai_model, checked.clock.ms()
    messages = ({"role": "system", "content": "Answer in one word."}, {"role": "user", "content": "Hello?"})
    request = LlmRequest(messages, Toolbox(agent.tools).schemas(), agent.model, agent.effort, ANSWER_TOKENS)
    try:
        async with aclosing(checked.vendors.llm.stream(request)) as events:
            await anext(events)
    except ProviderError as error:
        return Finding("llm", False, llm_advice(error, model, checked.settings.openai_base_url))
    return Finding("llm", True, f"{model} answers, after {checked.clock.ms() - began} ms")


def llm_advice(error: ProviderError, model: str, base_url: str) -> str:
    """What to do about an answer that failed, in a sentence."""
    text = str(error)
    if error.code == "invalid_api_key" or text.startswith("401"):
        return f"OPENAI_API_KEY is refused: copy the key again, or make a new one ({text})"
    if error.code in ("insufficient_quota", "billing_hard_limit_reached"):
        return f"the account has no credit left: add some under Billing ({text})"
    if text.startswith("404") and "model" not in text.lower() and base_url:
        address = "nothing answers at this path: OPENAI_BASE_URL must end as the server's manual says, mostly in /v1"
        return f"{address}; if it does, set OPENAI_MODEL to a model that the server has ({text})"
    if "model_not_found" in text or text.startswith("404"):
        return f"the key may not use the model {model}: set OPENAI_MODEL to one that it may ({text})"
    if error.retryable:
        return f"the server does not answer: check the network and OPENAI_BASE_URL, and try again ({text})"
    return f"the request is refused: {text}"


# --- speech ---------------------------------------------------------------------------------------------------------


async def _speech(checked: Checked) -> AsyncIterator[Finding]:
    settings, clock = checked.settings, checked.clock
    base, key = settings.elevenlabs_base_url or "https://api.elevenlabs.io", settings.elevenlabs_api_key
    plan = await _plan(base, key, clock)
    yield plan
    if plan.right is False and "ELEVENLABS_API_KEY" in plan.words:
        return
    specs = [checked.vendors.voice_spec(agent) for agent in checked.own()]
    for spec in {(spec.voice_id, spec.model): spec for spec in specs}.values():
        voice_id, voice = await _voice(base, key, clock, spec.voice_id)
        yield voice
        if voice_id:
            yield await _tts(base, key, clock, replace(spec, voice_id=voice_id))
    for language, terms in {(a.voice.language, a.keyterms): None for a in checked.own()}:
        yield await _stt(base, key, clock, SttSpec(language, terms))
    for agent in checked.managed():
        async for finding in _managed(checked.vendors, agent):
            yield finding


async def _plan(base: str, key: str, clock: Clock) -> Finding:
    try:
        plan = await rest.subscription(base, key, clock)
    except rest.RestRefused as error:
        if error.key_wrong:
            return Finding("speech", False, f"ELEVENLABS_API_KEY is refused: copy the key again ({error})")
        if error.slug in _ADVICE:
            return Finding("speech", False, f"{_ADVICE[error.slug]} ({error})")
        return Finding("speech", None, f"the key is good, but may not read the plan (permission user_read): {error}")
    except ProviderError as error:
        return Finding("speech", False, f"ElevenLabs does not answer: check the network ({error})")
    words = f"plan {plan.tier}, {plan.used:,} of {plan.limit:,} characters used"
    if plan.limit and plan.used >= plan.limit:
        return Finding("speech", False, f"{words}: no quota is left; upgrade, or allow usage-based billing")
    if plan.limit and plan.used > plan.limit * CHARACTERS_LOW:
        return Finding("speech", None, f"{words}: the quota is nearly used up")
    return Finding("speech", True, words)


async def _voice(base: str, key: str, clock: Clock, voice_id: str) -> tuple[str, Finding]:
    """The id of a voice that may speak ("" if there is none), and the finding; without an id, the account's first."""
    try:
        if voice_id:
            found = await rest.voice(base, key, clock, voice_id)
            return voice_id, Finding("voice", True, f"{found.name} ({voice_id})")
        listed = await rest.voices(base, key, clock)
    except rest.RestRefused as error:
        if error.status == 402:
            return "", Finding("voice", False, f"the plan does not include {voice_id}: choose another voice ({error})")
        if error.slug == "missing_permissions" or error.status == 403:
            if not voice_id:
                return "", Finding("voice", False, f"set ELEVENLABS_VOICE_ID: the key may not list voices ({error})")
            return voice_id, Finding("voice", None, f"{voice_id} cannot be looked up (permission voices_read)")
        return "", Finding("voice", False, f"the account has no voice {voice_id}: {await _others(base, key, clock)}")
    except ProviderError as error:
        return voice_id, Finding("voice", None, f"{voice_id or 'the voices'} cannot be looked up ({error})")
    if not listed:
        return "", Finding("voice", False, "the account has no voice: add one under Voices at elevenlabs.io")
    return listed[0].voice_id, Finding("voice", True, f"{listed[0].name} ({listed[0].voice_id}), the account's first")


async def _others(base: str, key: str, clock: Clock) -> str:
    try:
        listed = await rest.voices(base, key, clock)
    except ProviderError:
        listed = ()
    if not listed:
        return "add a voice at elevenlabs.io and set ELEVENLABS_VOICE_ID to its id"
    return "set ELEVENLABS_VOICE_ID to one of " + ", ".join(f"{one.voice_id} ({one.name})" for one in listed[:5])


async def _tts(base: str, key: str, clock: Clock, spec: VoiceSpec) -> Finding:
    began = clock.ms()
    try:
        await ElevenLabsPhrases(base, key, clock).synthesize(spec, "check", "Hello.")
    except ProviderError as error:
        return Finding("tts", False, f"{spec.model} does not speak: {_speech_advice(error)}")
    return Finding("tts", True, f"{spec.model} speaks; one word took {clock.ms() - began} ms")


async def _stt(base: str, key: str, clock: Clock, spec: SttSpec) -> Finding:
    try:
        await ElevenLabsStt(base_url=base, api_key=key, spec=spec, clock=clock).try_once()
    except ProviderError as error:
        return Finding("stt", False, f"Scribe refuses a session in {spec.language}: {_speech_advice(error)}")
    return Finding("stt", True, f"Scribe v2 realtime opens a session in {spec.language or 'any language'}")


async def _managed(vendors: VendorPorts, agent: ManagedAgent) -> AsyncIterator[Finding]:
    try:
        problems = await vendors.agents_rest.setup_faults(agent)
    except ProviderError as error:
        yield Finding(
            "agent", False, f"{agent.agent_id} cannot be read: check its id and the key's permissions ({error})"
        )
        return
    for problem in problems:
        yield Finding("agent", False, f"{agent.agent_id}: {problem}; change it at elevenlabs.io")
    if not problems:
        yield Finding("agent", True, f"{agent.agent_id} is set up for calls")


_ADVICE = {
    "auth_error": "ELEVENLABS_API_KEY may not do this: give it the permissions text to speech and speech to text",
    "invalid_api_key": "ELEVENLABS_API_KEY is refused: copy the key again",
    "quota_exceeded": "no quota is left: upgrade, or allow usage-based billing",
    "paid_plan_required": "the plan does not include it: upgrade, or choose another voice",
    "voice_id_does_not_exist": "there is no such voice: set ELEVENLABS_VOICE_ID",
    "unaccepted_terms": "accept the terms at elevenlabs.io",
    "detected_unusual_activity": "the account is blocked for unusual activity: a paid plan or the support lifts that",
}


def _speech_advice(error: ProviderError) -> str:
    if error.code in _ADVICE:
        return f"{_ADVICE[error.code]} ({error.code})"
    if isinstance(error, ProviderBusy) or error.code == ProviderBusy.code:
        return f"too many connections at once: try again ({error})"
    return f"{error.code}{', try again' if error.retryable else ''} ({error})"


# --- Twilio ---------------------------------------------------------------------------------------------------------


async def _twilio(checked: Checked) -> AsyncIterator[Finding]:
    settings, clock = checked.settings, checked.clock
    if not settings.twilio_account_sid:
        yield Finding("twilio", None, "TWILIO_ACCOUNT_SID is not set: account and number cannot be looked up")
        return
    access = (settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_api_base_url, clock)
    try:
        account = await twilio.account(*access)
        numbers = await twilio.numbers(*access)
    except CarrierError as error:
        remedy = "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN do not belong together: copy both again"
        yield Finding("twilio", False, remedy if error.code == "rest_refused" else f"cannot be asked: {error}")
        return
    if account.status != "active":
        yield Finding("twilio", False, f"the account is {account.status}: see the Twilio console")
    elif account.trial:
        yield Finding("twilio", None, "a trial account: it plays a message first and knows verified numbers only")
    else:
        yield Finding("twilio", True, "the account is active")
    yield _number(numbers, settings.public_url)


def _number(numbers: tuple[twilio.Number, ...], public_url: str) -> Finding:
    """Whether one of the numbers calls us, or what to change at the first."""
    if not numbers:
        return Finding("number", False, "the account has none: buy one with voice in the Twilio console")
    if not public_url:
        return Finding("number", None, "PUBLIC_URL is not set: where calls should go is not known")
    wanted = f"{public_url}/twilio/voice"
    ours = [one for one in numbers if one.voice_url.rstrip("/") == wanted]
    if not ours:
        shown = ", ".join(f"{one.number} calls {one.voice_url or 'nothing'}" for one in numbers[:5])
        return Finding("number", False, f"none calls us ({shown}): set 'A call comes in' to POST {wanted}")
    one = min(ours, key=lambda number: (bool(number.elsewhere), number.voice_method != "POST"))
    if one.elsewhere:
        return Finding("number", False, f"{one.number} ignores its webhook, as {one.elsewhere} is set: remove that")
    if one.voice_method != "POST":
        return Finding("number", False, f"{one.number} calls us with {one.voice_method}: change that to POST")
    status = f"{public_url}/twilio/status"
    if one.status_url.rstrip("/") != status:
        return Finding("number", None, f"{one.number} calls us; set 'Call status changes' to {status} as well")
    return Finding("number", True, f"{one.number} calls us, and reports the end of calls")
