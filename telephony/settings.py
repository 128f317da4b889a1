"""The environment and `.env` -> `Settings`, typed and frozen; all errors are reported together, in sentences.

Theory of operation. Each setting is declared once, as a field of `Settings`, with its environment variable, help and
parser; tests keep `.env.example` and the README's table in step with these declarations. `load` reads all settings,
collects errors instead of stopping at the first, and checks the combination: which parts are the vendors', which are
local.

Model, speech and carrier are chosen apart, each by its own key: without one the local part takes its place (which
`describe` shows), and without Twilio's there is no real carrier. `--offline` asks for local parts whatever keys are
set. Two things are errors: a service that can be reached from outside and that nobody could call, because it has
neither Twilio's token nor a key with which browsers log in; and a real carrier without a model, because the local one
only plays the example's dialogue. (Local speech needs an extra that a plain installation does not have, so a forgotten
key is noticed.) Spaces and quotes around a value are removed; an empty value
counts as not set. Error messages never repeat a secret, nor a URL that may contain one.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from dotenv import dotenv_values

from telephony.agent import unsuitable_voice_model
from telephony.errors import SettingsError
from telephony.loopback import is_loopback, leads_to_loopback

T = TypeVar("T")

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max", "omit")
SHORTEST_KEY = 12
"""Fewest characters of a secret that others present to this service."""
CARRIER_SIDE = ("host", "port", "public_url", "trusted_proxies", "fallback_number", "dial_from", "sms_from")
"""Settings that a call over the local carrier does not use, in addition to all of Twilio's."""


# --- parsers: text -> value; the ValueError's message continues a sentence that begins with the setting's name -------


def _text(text: str) -> str:
    return text


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"must be one of {', '.join(words)}, not {text!r}")
        return text.lower()

    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"\d{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number between {low} and {high}, not {text!r}")
        return int(text)

    return parse


def _switch(text: str) -> bool:
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError(f"must be 1 or 0, not {text!r}")


def _secret(text: str) -> str:
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError("contains a space, a line break or a character that no key contains (a copying mistake?)")
    return text


def _access_key(text: str) -> str:
    """A secret that others present to this service."""
    if len(_secret(text)) < SHORTEST_KEY:
        raise ValueError(
            f"must have at least {SHORTEST_KEY} characters, so that it cannot be guessed "
            "(python -c 'import secrets; print(secrets.token_urlsafe())' makes one)"
        )
    return text


def _host(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.:_-]+", text):
        raise ValueError(f"must be a host name or an IP address without scheme or port, not {text!r}")
    return text


def _url(text: str) -> str:
    """An http(s) base URL without query or credentials; trailing slashes are removed."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is not a URL that can be read") from None
    if parts.scheme in ("ws", "wss"):
        raise ValueError(f"must begin with {'https' if parts.scheme == 'wss' else 'http'}:// (sockets follow from it)")
    if parts.scheme not in ("http", "https") or not host or re.search(r"\s", text):
        raise ValueError("must be a URL such as https://api.example.com")
    if "@" in parts.netloc:
        raise ValueError("must not contain a user name or password")
    if "?" in text or "#" in text:
        raise ValueError("must not contain a query or a fragment")
    return text.rstrip("/")


def _model_url(text: str) -> str:
    """The base URL of a model server; the address of its completions is taken for it."""
    return _url(re.sub(r"(/chat)?/completions/*$", "", text))


def public_address(text: str) -> str:
    """A PUBLIC_URL. Raises ValueError, whose message continues a sentence."""
    url = _url(text)
    parts = urlsplit(url)
    if parts.scheme != "https":
        raise ValueError("must begin with https:// (Twilio streams over TLS only)")
    if parts.path and not re.fullmatch(r"(/[\w.~-]+)+", parts.path, re.ASCII):
        raise ValueError("must have a plain path, or none (https://calls.example.com/voice)")
    if "/twilio/" in parts.path:
        raise ValueError("must be the address in front of /twilio/voice, without that")
    return f"https://{parts.netloc.lower()}{parts.path}"


def _networks(text: str) -> tuple[str, ...]:
    found = [part for part in re.split(r"[\s,]+", text) if part]
    for part in found:
        try:
            ipaddress.ip_network(part, strict=False)
        except ValueError:
            raise ValueError(f"must list IP addresses or networks such as 10.0.0.0/8; {part!r} is neither") from None
    return tuple(found)


def agent_name(text: str) -> str:
    """`package.module:name`, which may be written as the path of a file too (`package/module.py:name`). Raises
    ValueError."""
    file, colon, name = text.partition(":")
    module = file.removeprefix("./").removesuffix(".py").replace("/", ".")
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", module):
        raise ValueError(f"must name an agent as package.module:name, not {text!r}")
    if colon and re.fullmatch(r"[A-Za-z_]\w*", name):
        return f"{module}:{name}"
    package, dot, last = module.rpartition(".")
    likely = f"{package}:{last}" if dot and file == module and not colon else f"{module}:agent"
    raise ValueError(f"must name an agent as package.module:name, not {text!r}; perhaps {likely}")


def _agents(text: str) -> tuple[str, ...]:
    return tuple(agent_name(part) for part in re.split(r"[\s,]+", text) if part)


def _directory(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError("begins with ~, but the home directory is not known") from None


def _account(text: str) -> str:
    if not re.fullmatch(r"AC[0-9A-Za-z]{32}", text):
        raise ValueError("must be AC and 32 characters (it is on the front page of the Twilio console)")
    return text


def _phone(text: str) -> str:
    number = re.sub(r"[\s().-]", "", text)
    if not re.fullmatch(r"\+[1-9]\d{6,14}", number):
        raise ValueError("must be a phone number with its country code, such as +15551234567")
    return number


def _sms_sender(text: str) -> str:
    if re.fullmatch(r"MG[0-9a-fA-F]{32}", text):
        return text
    try:
        return _phone(text)
    except ValueError:
        raise ValueError("must be a phone number with its country code, or a messaging service (MG...)") from None


def _countries(text: str) -> tuple[str, ...]:
    from phonenumbers import SUPPORTED_REGIONS  # 40 ms to import, and only needed here

    found = tuple(part.upper() for part in re.split(r"[\s,]+", text) if part)
    for part in found:
        if part not in SUPPORTED_REGIONS:
            raise ValueError(f"must list countries by their two letters (US GB DE); {part[:20]!r} is none")
    return found


def _voice_model(text: str) -> str:
    if why := unsuitable_voice_model(text):
        raise ValueError(f"{text} cannot be used on a call: {why}")
    return text


# --- the settings ---------------------------------------------------------------------------------------------------


def _setting(env: str, default: T, help: str, parse: Callable[[str], T], *, secret: bool = False) -> T:
    """A field of `Settings` that comes from the environment."""
    metadata = {"env": env, "help": help, "parse": parse, "secret": secret}
    made: T = field(default=default, repr=not secret, metadata=metadata)
    return made


try:
    _DATA: Path | None = Path("~/.local/share/telephony").expanduser()
except RuntimeError:  # no home directory: nothing is stored on disk
    _DATA = None


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. An empty string means "not set". `local_speech`, `local_llm`: a local server replaces the
    provider."""

    host: str = _setting("HOST", "127.0.0.1", "Address to listen on.", _host)
    port: int = _setting("PORT", 8080, "Port to listen on.", _whole(0, 65_535))
    public_url: str = _setting(
        "PUBLIC_URL", "", "The https address under which Twilio reaches this service; it may have a path.",
        public_address,
    )  # fmt: skip
    trusted_proxies: tuple[str, ...] = _setting(
        "TRUSTED_PROXIES", (), "Proxies (IPs, networks) whose forwarded headers are believed.", _networks
    )
    agent: str = _setting(
        "TELEPHONY_AGENT", "telephony.examples.receptionist:agent", "Who answers: package.module:name.", agent_name
    )
    data: Path | None = _setting(  # noqa: RUF009  (paths do not change)
        "TELEPHONY_DATA",
        _DATA,
        "Directory for synthesised fixed phrases, post-call events, records of calls and messages, for you only.",
        _directory,
    )
    tapes: Path | None = _setting(  # noqa: RUF009  (as above)
        "TELEPHONY_TAPES", None,
        "Directory in which every call is recorded, readable by you only; not set: no recording.", _directory,
    )  # fmt: skip
    max_calls: int = _setting(
        "TELEPHONY_MAX_CALLS", 100, "Maximum concurrent calls; others are asked to try later.", _whole(1, 100_000)
    )
    fallback_number: str = _setting(
        "TELEPHONY_FALLBACK_NUMBER", "", "Dialled when the service fails during a call.", _phone
    )
    dial_from: str = _setting(
        "TELEPHONY_DIAL_FROM", "", "The number that calls out: one of the account's; not set: the one that calls us.",
        _phone,
    )  # fmt: skip
    dial_countries: tuple[str, ...] = _setting(
        "TELEPHONY_DIAL_COUNTRIES", (), "Countries that may be called (US CA DE); not set: the calling number's own.",
        _countries,
    )  # fmt: skip
    sms_from: str = _setting(
        "TELEPHONY_SMS_FROM", "", "The number, or messaging service (MG...), that sends text messages; not set: ours "
        "in the call.", _sms_sender,
    )  # fmt: skip
    sms_countries: tuple[str, ...] = _setting(
        "TELEPHONY_SMS_COUNTRIES", (), "Countries that may be written to (US CA DE); not set: our number's.",
        _countries,
    )  # fmt: skip
    sms_lookup: bool = _setting(
        "TELEPHONY_SMS_LOOKUP", False, "1: ask Twilio Lookup, for a fee, whether a number is a landline.", _switch
    )
    drain_seconds: int = _setting(
        "TELEPHONY_DRAIN_SECONDS", 120, "How long live calls may go on after SIGTERM.", _whole(0, 86_400)
    )
    log_level: str = _setting(
        "TELEPHONY_LOG_LEVEL", "info", "debug, info, warning or error.", _one_of("debug", "info", "warning", "error")
    )
    log_format: str = _setting("TELEPHONY_LOG_FORMAT", "console", "console or json.", _one_of("console", "json"))
    log_pii: bool = _setting("TELEPHONY_LOG_PII", False, "1: personal data (what is said) may be logged.", _switch)
    twilio_account_sid: str = _setting(
        "TWILIO_ACCOUNT_SID", "", "Twilio account (AC...); lets the service end calls over the API.", _account
    )
    twilio_auth_token: str = _setting(
        "TWILIO_AUTH_TOKEN", "", "Twilio auth token; verifies that requests come from Twilio.", _secret, secret=True
    )
    twilio_api_base_url: str = _setting("TWILIO_API_BASE_URL", "", "Alternative address of Twilio's REST API.", _url)
    openai_api_key: str = _setting("OPENAI_API_KEY", "", "API key of the language model.", _secret, secret=True)
    openai_base_url: str = _setting(
        "OPENAI_BASE_URL", "", "Another OpenAI-compatible server (ends in /v1).", _model_url
    )
    openai_model: str = _setting("OPENAI_MODEL", "gpt-5.4-mini", "Language model.", _text)
    openai_effort: str | None = _setting(
        "OPENAI_EFFORT", "none", f"Reasoning effort: {', '.join(EFFORTS)} (omit: not sent).", _one_of(*EFFORTS)
    )
    openai_token_field: str = _setting(
        "OPENAI_TOKEN_FIELD", "max_completion_tokens", "The server's name for the token limit; or max_tokens.",
        _one_of("max_completion_tokens", "max_tokens"),
    )  # fmt: skip
    elevenlabs_api_key: str = _setting("ELEVENLABS_API_KEY", "", "API key for STT and TTS.", _secret, secret=True)
    elevenlabs_base_url: str = _setting(
        "ELEVENLABS_BASE_URL", "", "Alternative address of the speech service (residency regions).", _url
    )
    elevenlabs_voice_id: str = _setting(
        "ELEVENLABS_VOICE_ID", "", "Voice for agents that name none; not set: the account's first.", _text
    )
    elevenlabs_model: str = _setting(
        "ELEVENLABS_MODEL", "eleven_flash_v2_5", "Voice model for agents that name none.", _voice_model
    )
    elevenlabs_webhook_secret: str = _setting(
        "ELEVENLABS_WEBHOOK_SECRET", "", "Secret of the post-call webhook (wsec_...); empty: the webhook is off.",
        _access_key, secret=True,
    )  # fmt: skip
    platform_key: str = _setting(
        "TELEPHONY_PLATFORM_KEY", "", "Key that lets a voice platform use the custom LLM and the personalization "
        "webhook (12 characters or more); empty: both are off.", _access_key, secret=True,
    )  # fmt: skip
    llm_agents: tuple[str, ...] = _setting(
        "TELEPHONY_LLM_AGENTS", (), "More agents behind the custom LLM, each as package.module:name.", _agents
    )
    after_call: str = _setting(
        "TELEPHONY_AFTER_CALL", "", "Function that receives each post-call webhook: package.module:name.", agent_name
    )
    console_key: str = _setting(
        "TELEPHONY_CONSOLE_KEY", "", "Key for the phone in the browser (/phone) from anywhere but this machine (12 "
        "characters or more); empty: it is closed to others.", _access_key, secret=True,
    )  # fmt: skip
    local_speech: bool = False
    local_llm: bool = False

    @property
    def offline(self) -> bool:
        """Whether no provider is used at all."""
        return self.local_speech and self.local_llm


SETTINGS: tuple[Field[Any], ...] = tuple(f for f in fields(Settings) if "env" in f.metadata)
"""The fields read from the environment; `metadata` holds `env`, `help`, `parse`, `secret`."""


def load(
    environ: Mapping[str, str],
    *,
    offline: bool = False,
    env_file: Path | None = Path(".env"),
    local_carrier: bool = False,
    also: Callable[[Settings], list[str]] = lambda settings: [],
) -> Settings:
    """The settings from `environ`, then from `env_file` if it exists. Raises SettingsError with every problem.

    `offline` requests the local parts, whatever keys are set (but a model server that is named is used). With
    `local_carrier` the calls come from a carrier in this process (the demo), so Twilio's settings and the public
    address are neither read nor needed. `also` checks the settings that could be read for further problems.
    """
    problems: list[str] = []
    given = _given(environ, env_file, problems)
    values: dict[str, Any] = {}
    for one in SETTINGS:
        env = one.metadata["env"]
        if env not in given or (local_carrier and (one.name in CARRIER_SIDE or one.name.startswith("twilio"))):
            continue
        try:
            values[one.name] = one.metadata["parse"](given[env])
        except ValueError as error:
            problems.append(f"{env} {error}")
    # A setting with an invalid value counts as set below, so that it is reported only once.
    named = {one.name for one in SETTINGS if one.metadata["env"] in given and _counts(one.name, local_carrier)}
    settings = Settings(**values)
    model = {"openai_base_url"} if offline else {"openai_base_url", "openai_api_key"}
    settings = replace(
        settings,
        openai_effort=None if settings.openai_effort == "omit" else settings.openai_effort,
        local_speech=offline or "elevenlabs_api_key" not in named,
        local_llm=not named & model,
    )
    problems += _conflicts(settings, named, asked=offline)
    problems += also(settings)
    if problems:
        raise SettingsError(problems)
    return settings


A_REAL_MODEL = "set OPENAI_API_KEY, or OPENAI_BASE_URL to a model server such as http://localhost:11434/v1"


def describe(settings: Settings) -> list[tuple[str, str]]:
    """The parts of the service for display: (part, what provides it). Of a local one also: what is not set."""
    missing = "" if settings.elevenlabs_api_key else " (ELEVENLABS_API_KEY is not set)"
    no_model = "" if settings.openai_api_key else " (neither OPENAI_API_KEY nor OPENAI_BASE_URL is set)"
    llm = "" if settings.local_llm else settings.openai_base_url or "OpenAI"
    speech = settings.elevenlabs_base_url or "ElevenLabs"
    stt, tts = f"{speech}, Scribe v2 realtime", f"{speech}, {settings.elevenlabs_model}"
    if settings.local_speech:
        stt, tts = f"local: moonshine, English{missing}", f"local: hibari, English{missing}"
    offered = ["custom LLM", "personalization"] if settings.platform_key else []
    offered += ["post-call webhook"] if settings.elevenlabs_webhook_secret else []
    return [
        ("agent", settings.agent),
        ("carrier", "Twilio" if has_carrier(settings) else "local: the browser only (TWILIO_AUTH_TOKEN is not set)"),
        ("stt", stt),
        ("llm", f"{llm}, {settings.openai_model}" if llm else f"local: the example's dialogue{no_model}"),
        ("tts", tts),
        *([("offers", ", ".join(offered))] if offered else []),
    ]


def local_model_note(settings: Settings) -> str:
    """What the local model does not know of an agent, and what to set; "" with a real one."""
    if not settings.local_llm:
        return ""
    return f"The model is local: it plays the example's dialogue and has not read your prompt; {A_REAL_MODEL}."


def stand_ins(settings: Settings) -> list[str]:
    """What callers will meet of the local parts that they do not expect, and what to set: a sentence each. Who calls
    from the browser expects them, but for a model that does not know the agent."""
    if not has_carrier(settings):
        return [] if settings.agent == Settings().agent else [note for note in [local_model_note(settings)] if note]
    speech = (
        "Callers will be heard and answered by the local speech recogniser and voice, which are for trying things out: "
        "English only, about three speaking callers on a core. Set ELEVENLABS_API_KEY for real calls."
    )
    llm = (
        "Callers will talk to a fixed dialogue for the example agent, not to a language model. Set OPENAI_API_KEY, or "
        "OPENAI_BASE_URL to any OpenAI-compatible server."
    )
    return [*([speech] if settings.local_speech else []), *([llm] if settings.local_llm else [])]


def has_carrier(settings: Settings) -> bool:
    """Whether calls come from the telephone network."""
    return bool(settings.twilio_auth_token)


# --- inside ---------------------------------------------------------------------------------------------------------


def _counts(name: str, local_carrier: bool) -> bool:
    return not (local_carrier and (name in CARRIER_SIDE or name.startswith("twilio")))


def _given(environ: Mapping[str, str], env_file: Path | None, problems: list[str]) -> dict[str, str]:
    """Name -> cleaned value of each setting. The environment overrides the file, even with an empty value."""
    from_file: dict[str, str | None] = {}
    if env_file is not None and env_file.is_file():
        try:
            from_file = dict(dotenv_values(env_file, interpolate=False, encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError):
            problems.append(f"{env_file} cannot be read as UTF-8 text")
    known = {one.metadata["env"] for one in SETTINGS}
    for name in sorted({*environ, *from_file}):
        if name.startswith("TELEPHONY_") and name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            problems.append(f"{name} is not a setting" + (f" (did you mean {close[0]}?)" if close else ""))
    merged = {**from_file, **environ}
    given = {name: cleaned(merged[name] or "") for name in known if name in merged}
    return {name: value for name, value in given.items() if value}


def cleaned(text: str) -> str:
    """A value as it is meant: without the spaces and quotes around it."""
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1].strip()
    return text


def _conflicts(settings: Settings, named: set[str], *, asked: bool) -> list[str]:
    """Problems with the combination of settings."""
    problems = []
    reachable = not is_loopback(settings.host)
    if reachable and not named & {"public_url", "trusted_proxies"}:
        problems.append(
            f"HOST={settings.host} can be reached from outside, but neither PUBLIC_URL nor TRUSTED_PROXIES is set: "
            "Twilio's signatures could not be checked"
        )
    if asked:
        return problems
    for name, key in (("elevenlabs_base_url", "elevenlabs_api_key"), ("twilio_account_sid", "twilio_auth_token")):
        if name in named and key not in named:
            problems.append(f"{name.upper()} is set, but {key.upper()} is not; {_REMEDY}")
    carrier = "twilio_auth_token" in named
    browsers_only = not carrier and ("console_key" in named or not (reachable or "public_url" in named))
    if browsers_only:
        return problems
    missing = [] if carrier else ["TWILIO_AUTH_TOKEN"]
    if "openai_api_key" not in named and not (settings.openai_base_url and leads_to_loopback(settings.openai_base_url)):
        missing.append("OPENAI_API_KEY")  # the user's own server on this machine needs no key
    if missing:
        problems.append(f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing; {_REMEDY}" + (
            "" if carrier else "; for calls from the browser only, set TELEPHONY_CONSOLE_KEY instead"
        ))  # fmt: skip
    return problems


_REMEDY = "set it for real calls, or use --offline for local parts only"
