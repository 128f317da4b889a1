"""Agents: what the user of this package writes.

    agent = Agent(prompt="You are the receptionist of ...", greeting="Hello, ...", tools=[book_table])

An agent is plain, frozen data. `TELEPHONY_AGENT=package.module:agent` names it; the name may also be a function
(sync or async) of an `IncomingCall` that returns an `Agent`, a `ManagedAgent`, or a `Reject` to refuse the call.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from telephony.core.language.codes import UNKNOWN, as_meant, is_tag, primary
from telephony.core.language.registry import language_for, wording_in
from telephony.core.language.wording import ENGLISH_WORDING
from telephony.core.managed.bridge import BridgePolicy
from telephony.core.policy import END_CALL, Expects, Limits, Policy, TurnTaking, Wording
from telephony.core.policy_checks import impossible
from telephony.field_types import SHOWN_CHARS, check_types
from telephony.tools import Tool

#: ElevenLabs models that are unsuitable for a phone call -> the reason (latencies: first audio over a socket).
UNSUITABLE_VOICE_MODELS: Mapping[str, str] = {
    "eleven_multilingual_v2": "its first audio takes 400 ms and more; eleven_flash_v2_5 takes 150-200 ms",
    "eleven_turbo_v2_5": "its first audio takes 250-300 ms and it is being retired; eleven_flash_v2_5 takes 150-200 ms",
    "eleven_turbo_v2": "its first audio takes 250-300 ms and it is being retired; eleven_flash_v2 takes 150-200 ms",
    "eleven_monolingual_v1": "it is retired; eleven_flash_v2 replaces it",
    "eleven_multilingual_v1": "it is retired; eleven_flash_v2_5 replaces it",
}
_FAST = "eleven_flash_v2_5 is the model for calls"
_UNSUITABLE_KINDS = (
    (re.compile(r"scribe|_(sts|ttv|text_to_sound|sound_effects|music)(_|$)"), f"it is not text to speech; {_FAST}"),
    (re.compile("_conversational|^eleven_v4"), f"it speaks through another socket, for dialogue; {_FAST}"),
    (re.compile("^eleven_v3"), f"it has no realtime socket (the handshake is refused); {_FAST}"),
)


def unsuitable_voice_model(model: str) -> str:
    """Why a voice model cannot be used on a call; "" if it can, or is not known."""
    name = model.lower()
    kind = next((why for pattern, why in _UNSUITABLE_KINDS if pattern.search(name)), "")
    return UNSUITABLE_VOICE_MODELS.get(name, kind)


class LanguageSlip(UserWarning):
    """A language was not given by its code. An agent made at start is refused for it, one made in a call works on."""

    def __init__(self, given: str, meant: str) -> None:
        advice = "" if meant == UNKNOWN else f"; write {meant}"
        super().__init__(
            f"Voice.language must be an ISO 639-1 code such as en, de or pt-BR, not {given[:SHOWN_CHARS]!r}{advice}"
        )


LANGUAGE = "{language}"
"""In `Agent.style`: the name of the agent's language."""
STYLE = (
    "You are speaking on the telephone. Answer in one to three short sentences of plain spoken language. "
    "Never use lists, markdown, emoji, URLs or stage directions. Ask one question at a time. "
    "In what you say, write numbers, prices, dates and times as words, the way they are said in {language}; "
    "not in the arguments of tools. "
    "If you did not understand, ask. When the conversation is over, say goodbye and call end_call."
)
"""The default of `Agent.style`."""


@dataclass(frozen=True, slots=True)
class Voice:
    """How the agent sounds. An empty `id` or `model` means ELEVENLABS_VOICE_ID or ELEVENLABS_MODEL.

    `stability` and `similarity` are 0-1, `speed` 0.7-1.2 (None: the voice's default). `language` is an ISO 639-1 code,
    with or without a region; STT uses it too. Raises ValueError for values and models that cannot work on a call. For
    anything else than a code, `language` becomes what is meant, or `und`, with a `LanguageSlip`: no call fails for it.
    """

    id: str = ""
    model: str = ""
    language: str = "en"
    speed: float | None = None
    stability: float | None = None
    similarity: float | None = None

    def __post_init__(self) -> None:
        check_types(self)
        if (language := as_meant(self.language)) != self.language.strip().partition(".")[0].partition("@")[0]:
            warnings.warn(LanguageSlip(self.language, language), stacklevel=3)
        object.__setattr__(self, "language", language)
        if self.id and not re.fullmatch(r"[A-Za-z0-9_-]+", self.id):
            raise ValueError(f"Voice.id must be the id that ElevenLabs shows, not a name or an address: {self.id!r}")
        for name, value, low, high in (
            ("speed", self.speed, 0.7, 1.2),
            ("stability", self.stability, 0, 1),
            ("similarity", self.similarity, 0, 1),
        ):
            if value is not None and not low <= value <= high:
                raise ValueError(f"Voice.{name} must be between {low} and {high}, not {value}")
        if why := unsuitable_voice_model(self.model):
            raise ValueError(f"Voice model {self.model} cannot be used on a call: {why}")
        if self.model == "eleven_flash_v2" and primary(self.language) not in ("en", ""):
            raise ValueError(f"Voice model {self.model} knows English only, not {self.language}: use eleven_flash_v2_5")


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent. Only `prompt` is required.

    `model` and `effort` override OPENAI_MODEL and OPENAI_EFFORT for this agent. `max_tokens` caps one reply (spoken
    replies are short). `style` is added to the prompt and says how to speak on a phone; "{language}" in it becomes the
    name of the voice's language, and "" removes it; to the default one, tools such as `send_sms` add a sentence.
    `wording` are the fixed phrases; each one that is left at its default is said in the voice's language, where there
    is one (`telephony check` names what is missing). `context` is text for the end of the prompt, after its cacheable
    part (date, time zone and the caller's number are added automatically). `keyterms` are words that STT should
    recognise (names, products; at most 50, of at most 20 characters each). `must_be_heard` are sentences, such as a
    disclosure, during which the agent cannot be interrupted; what the caller says meanwhile is answered afterwards.
    `expects` says what the agent's questions ask for, in addition to the phrases built into each language ("your phone
    number"): see `Expects`. Raises TypeError for a value of another type than declared (a list serves as a tuple),
    ValueError for two tools of one name and for numbers that no call can have.
    """

    prompt: str
    greeting: str = ""
    greeting_protected: bool = False
    must_be_heard: tuple[str, ...] = ()
    expects: tuple[Expects, ...] = ()
    name: str = "agent"
    voice: Voice = field(default_factory=Voice)
    model: str = ""
    effort: str | None = None
    max_tokens: int = 300
    tools: tuple[Tool, ...] = ()
    turn_taking: TurnTaking = field(default_factory=TurnTaking)
    limits: Limits = field(default_factory=Limits)
    wording: Wording = ENGLISH_WORDING
    keyterms: tuple[str, ...] = ()
    time_zone: str = "UTC"
    context: str = ""
    style: str = STYLE

    def __post_init__(self) -> None:
        check_types(self)
        _check_tools(self.tools)
        _check_policy(self)
        object.__setattr__(self, "wording", wording_in(self.voice.language, self.wording))

    @property
    def spoken_style(self) -> str:
        """`style` with the name of the agent's language in it, and what tools add to the default one."""
        name = language_for(self.voice.language).name or f"the language {self.voice.language!r}"
        added = dict.fromkeys(tool.style for tool in self.tools if tool.style) if self.style == STYLE else ()
        return " ".join((self.style, *added)).replace(LANGUAGE, name)

    def policy(self) -> Policy:
        """The part of the agent that the core uses."""
        return Policy(
            greeting=self.greeting,
            greeting_protected=self.greeting_protected,
            must_be_heard=self.must_be_heard,
            expects=self.expects,
            language=self.voice.language,
            turn_taking=self.turn_taking,
            limits=self.limits,
            wording=self.wording,
        )


#: The fields of a managed agent that a call may override (each must be allowed in the agent's security settings). Audio
#: formats are not among them: they belong to the agent.
OVERRIDES: Mapping[str, frozenset[str]] = {
    "agent": frozenset({"first_message", "language", "prompt", "max_conversation_duration_message"}),
    "tts": frozenset({"voice_id", "model_id", "stability", "speed", "similarity_boost"}),
    "asr": frozenset({"keywords"}),
    "turn": frozenset({"soft_timeout_config"}),
    "conversation": frozenset({"text_only", "max_duration_seconds"}),
}


@dataclass(frozen=True, slots=True)
class ManagedAgent:
    """An agent hosted by ElevenLabs, which provides its STT, LLM and TTS. Only `agent_id` is required.

    `mode`: `bridge` (the call's audio passes through this service, which records, runs tools and can take over) or
    `register` (ElevenLabs handles the call after our webhook). `private` agents are opened with a signed URL.
    `variables` are dynamic variables in addition to `caller`, `called` and `call_id`; `overrides` are limited to
    `OVERRIDES`; `extra_body` goes to a custom LLM. `tools` run here when the agent calls them as client tools. With
    `fallback`, our own pipeline takes over the call when the platform fails. Raises ValueError for values that the
    platform would refuse.
    """

    agent_id: str
    mode: str = "bridge"
    private: bool = True
    variables: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    user_id: str = ""
    environment: str = ""
    tools: tuple[Tool, ...] = ()
    fallback: Agent | None = None
    language: str = "en"
    limits: Limits = field(default_factory=Limits)
    wording: Wording = ENGLISH_WORDING

    def __post_init__(self) -> None:
        check_types(self)
        _check_tools(self.tools)
        object.__setattr__(self, "wording", wording_in(self.language, self.wording))
        if not re.fullmatch(r"[A-Za-z0-9_-]+", self.agent_id):
            raise ValueError(f"ManagedAgent.agent_id must be the id that ElevenLabs shows, not {self.agent_id!r}")
        if self.mode not in ("bridge", "register"):
            raise ValueError(f"ManagedAgent.mode must be bridge or register, not {self.mode!r}")
        _check_policy(self)
        if self.language and not is_tag(self.language):
            raise ValueError(f"ManagedAgent.language must be an ISO 639-1 code such as en, not {self.language!r}")
        if wrong := [name for name in self.variables if name.startswith("system__")]:
            raise ValueError(f"dynamic variables must not begin with system__: {', '.join(wrong)}")
        if wrong := [name for name, value in self.variables.items() if not _is_scalar(value)]:
            raise ValueError(f"dynamic variables must be strings, numbers or booleans: {', '.join(wrong)}")
        wrong = [
            f"{part}.{name}" for part, fields in self.overrides.items() for name in fields
            if name not in OVERRIDES.get(part, ())
        ]  # fmt: skip
        if wrong:
            raise ValueError(f"cannot be overridden for a call: {', '.join(wrong)}")
        wrong = [
            f"{part}.{name}" for part, fields in self.overrides.items() for name, value in fields.items()
            if value is not None and _has_null(value)
        ]  # fmt: skip
        if wrong:
            raise ValueError(f"a null inside an override is refused by the platform: {', '.join(wrong)}")

    def policy(self) -> BridgePolicy:
        """The part of the agent that the engine of a bridged call uses."""
        return BridgePolicy(self.limits, self.wording, fallback=self.fallback is not None)


def _check_tools(tools: tuple[Tool, ...]) -> None:
    """Raises ValueError for two tools of one name, and for one named like the built-in tool."""
    names = [one.name for one in tools]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two tools have the same name: {', '.join(twice)}")
    if END_CALL in names:
        raise ValueError(f"a tool is named {END_CALL}, as the built-in tool that ends the call; choose another name")


def _check_policy(agent: Agent | ManagedAgent) -> None:
    """Raises ValueError for settings with which no call can be decided, and no tape of one be read."""
    if why := impossible(agent.policy(), type(agent).__name__):
        raise ValueError(why)


def _has_null(value: object) -> bool:
    """Whether a JSON value is null or contains a null."""
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return value is None or any(_has_null(one) for one in inner)


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int) or (isinstance(value, float) and abs(value) < float("inf"))


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """A call as the webhook reports it. `caller` and `called` are opaque text (E.164, `client:...`, `sip:...`,
    `anonymous`). `form` is the whole webhook form. A call placed by this service has `direction` `outbound-api`, is
    `called` at the other person's number, and has the `variables` that it was placed with."""

    call_sid: str
    caller: str = ""
    called: str = ""
    direction: str = "inbound"
    form: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def outbound(self) -> bool:
        """Whether this service placed the call."""
        return self.direction.startswith("outbound")

    @property
    def verified(self) -> bool:
        """Whether the carrier vouches for the caller's number: STIR/SHAKEN attestation A. Otherwise the number may be
        anybody's."""
        return not self.outbound and self.form.get("StirVerstat", "") == "TN-Validation-Passed-A"

    @property
    def person(self) -> str:
        """The number of the person on the line, whoever called whom."""
        return self.called if self.outbound else self.caller


@dataclass(frozen=True, slots=True)
class Reject:
    """Returned instead of an agent to refuse the call. `say` is spoken first; without it, the line is busy."""

    say: str = ""


def language_of(agent: Agent | ManagedAgent) -> str:
    """The language that the agent speaks."""
    return agent.voice.language if isinstance(agent, Agent) else agent.language


def spoken_by(agent: AgentSource) -> tuple[Wording, str]:
    """The fixed phrases of an agent, and their language. English, if it is a function that has not chosen yet."""
    return (agent.wording, language_of(agent)) if isinstance(agent, Agent | ManagedAgent) else (ENGLISH_WORDING, "en")


AgentChoice: TypeAlias = Agent | ManagedAgent | Reject
AgentSource: TypeAlias = Agent | ManagedAgent | Callable[[IncomingCall], AgentChoice | Awaitable[AgentChoice]]
CHOICE_MS = 3_000
"""How long a function may take to choose the agent. The phone rings meanwhile: Twilio waits 15 s, a caller less."""
