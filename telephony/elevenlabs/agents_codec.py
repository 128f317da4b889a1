"""Messages and close codes of the Agents socket (ElevenLabs, Conversational AI). Pure.

Reading is lenient: unknown types and keys are ignored, and null is accepted anywhere. Sending is strict: only keys
with a value, never null. The vendor's package has no types for this socket;
`testing/fakes/elevenlabs/agents_messages.py` defines ours, for both directions.
"""

from __future__ import annotations

import json
from base64 import b64encode
from binascii import Error as NotBase64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode

from telephony.agent import IncomingCall, ManagedAgent
from telephony.audio.frames import BYTES_PER_MS
from telephony.contracts.alignment import possible, spread
from telephony.core.events import ToolWanted
from telephony.core.language.codes import UNKNOWN, as_meant
from telephony.core.managed_events import (
    AUDIO_FORMAT,
    ManagedAudio,
    ManagedCause,
    ManagedCorrected,
    ManagedHangingUp,
    ManagedInterrupted,
    ManagedOpened,
    ManagedSaid,
    ManagedTranscript,
)
from telephony.elevenlabs.tts_codec import audio_bytes
from telephony.log_redaction import identifier
from telephony.valid_text import load


@dataclass(frozen=True, slots=True)
class Ping:
    """Must be answered at once with a pong of the same id."""

    event_id: int


Message: TypeAlias = (
    Ping
    | ToolWanted
    | ManagedOpened
    | ManagedAudio
    | ManagedSaid
    | ManagedCorrected
    | ManagedInterrupted
    | ManagedTranscript
    | ManagedHangingUp
)

# --- what is sent ---------------------------------------------------------------------------------------------------


def socket_url(base_url: str, agent: ManagedAgent) -> str:
    """The socket URL of a public agent, for an http or https `base_url`."""
    query = {"agent_id": agent.agent_id} | ({"environment": agent.environment} if agent.environment else {})
    return f"{base_url.replace('http', 'ws', 1)}/v1/convai/conversation?{urlencode(query, quote_via=quote)}"


def initiation(agent: ManagedAgent, call: IncomingCall, events: Collection[str] = ()) -> dict[str, Any]:
    """The client data of a call. Sent as the socket's first message, in register-call and in personalization.

    `events`: the client events to ask for (see `events_to_ask`); empty for those that the agent is set to."""
    given = {name: value for name, value in call.variables.items() if not name.startswith("system__")}
    variables = {"caller": call.caller, "called": call.called, "call_id": call.call_sid, **agent.variables, **given}
    overrides: dict[str, dict[str, Any]] = {
        part: kept for part, fields in agent.overrides.items()
        if (kept := {name: known for name, value in fields.items() if (known := _known(name, value)) is not None})
    }  # fmt: skip
    if events:
        overrides["conversation"] = overrides.get("conversation", {}) | {"client_events": list(events)}
    data: dict[str, Any] = {"type": "conversation_initiation_client_data", "dynamic_variables": variables}
    if overrides:
        data["conversation_config_override"] = overrides
    if agent.extra_body:
        data["custom_llm_extra_body"] = dict(agent.extra_body)
    if agent.user_id:
        data["user_id"] = agent.user_id
    return data


def _known(name: str, value: Any) -> Any:
    """An override as the platform takes it; None for what is left out: nothing, and a language that nobody knows."""
    if name != "language" or not isinstance(value, str):
        return value
    meant = as_meant(value)
    return meant if meant != UNKNOWN else None


def audio(pcmu: bytes) -> str:
    """A frame of caller audio. The message has no `type`."""
    return '{"user_audio_chunk":"' + b64encode(pcmu).decode("ascii") + '"}'


def pong(event_id: int) -> str:
    return f'{{"type":"pong","event_id":{event_id}}}'


def tool_result(tool_call_id: str, result: str, failed: bool) -> str:
    return json.dumps(
        {"type": "client_tool_result", "tool_call_id": tool_call_id, "result": result, "is_error": failed}
    )


def message(kind: str, text: str) -> str:
    """`contextual_update`, `user_message` or `user_activity` (which has no text)."""
    return json.dumps({"type": kind} if kind == "user_activity" else {"type": kind, "text": text})


# --- what is read ---------------------------------------------------------------------------------------------------


def read(raw: str | bytes) -> Message | None:
    """One message from the platform, or None if it does not concern a call.

    Raises ValueError if it is not a JSON object or lacks a required part."""
    message = load(raw)
    if not isinstance(message, dict):
        raise ValueError("not an object")
    match message.get("type"):
        case "audio":
            return _audio(_body(message, "audio_event"))
        case "ping":
            return Ping(_id(_body(message, "ping_event")))
        case "interruption":
            return ManagedInterrupted(_id(_body(message, "interruption_event")))
        case "agent_response":
            body = _body(message, "agent_response_event")
            return ManagedSaid(_id(body), _text(body, "agent_response"))
        case "agent_response_correction":
            body = _body(message, "agent_response_correction_event")
            original, corrected = (_text(body, f"{which}_agent_response") for which in ("original", "corrected"))
            return ManagedCorrected(_id(body), original, corrected)
        case "user_transcript":
            body = _body(message, "user_transcription_event")
            return ManagedTranscript(_id(body), _text(body, "user_transcript"))
        case "client_tool_call":
            return _tool(_body(message, "client_tool_call"))
        case "agent_tool_response":
            body = _body(message, "agent_tool_response")
            hanging_up = body.get("tool_name") == "end_call" and body.get("is_error") is not True
            return ManagedHangingUp() if hanging_up and body.get("is_called") is not False else None
        case "conversation_initiation_metadata":
            body = _body(message, "conversation_initiation_metadata_event")
            return ManagedOpened(
                _text(body, "conversation_id"),
                _text(body, "user_input_audio_format").lower(),
                _text(body, "agent_output_audio_format").lower(),
            )
    return None


def error_of(raw: str | bytes) -> str:
    """The text of an `error` message (the platform sends one before it closes); "" for any other message."""
    if ("error" if isinstance(raw, str) else b"error") not in raw:  # type: ignore[operator]  # str in str, or bytes in bytes
        return ""
    message = load(raw)
    if not isinstance(message, dict) or message.get("type") not in ("error", "client_error"):
        return ""
    body = message.get("error_event") or message
    return _text(body, "message") or _text(body, "reason") or "error" if isinstance(body, dict) else "error"


def _audio(body: Mapping[str, Any]) -> ManagedAudio:
    try:
        pcmu = audio_bytes(body.get("audio_base_64") or "")
    except (NotBase64, TypeError, ValueError, AttributeError):
        raise ValueError("audio is not base64") from None
    text, ends = _alignment(body.get("alignment"), len(pcmu) // BYTES_PER_MS)
    return ManagedAudio(_id(body), pcmu, text, ends)


def _alignment(block: object, audio_ms: int) -> tuple[str, tuple[int, ...]]:
    """The characters, and where each ends in this audio. With times that cannot be, all end when it is over."""
    if not isinstance(block, dict):
        return "", ()
    chars, starts, lasts = (block.get(key) for key in ("chars", "char_start_times_ms", "char_durations_ms"))
    if not (isinstance(chars, list) and isinstance(starts, list) and isinstance(lasts, list)):
        return "", ()
    found = spread(
        (text, start, last) for text, start, last in zip(chars, starts, lasts, strict=False)
        if isinstance(text, str) and _is_ms(start) and _is_ms(last) and start + last >= 0
    )  # fmt: skip
    credible = found and found[0].start_ms >= 0 and possible(found)
    return "".join(item.char for item in found), tuple(item.end_ms if credible else audio_ms for item in found)


def _is_ms(value: object) -> bool:
    """Whether this is a number of ms that an alignment can hold. JSON may hold infinity, and integers of any length."""
    return isinstance(value, int | float) and -10_000_000 < value < 10_000_000


def _tool(body: Mapping[str, Any]) -> ToolWanted:
    given_id, name = body.get("tool_call_id"), _text(body, "tool_name")
    call_id = str(given_id) if isinstance(given_id, str | int) else ""
    if not call_id:
        raise ValueError("a tool call without an id")
    parameters = body.get("parameters")
    given = parameters if isinstance(parameters, str) else json.dumps(parameters if parameters is not None else {})
    return ToolWanted(_id(body), call_id, name, given)


def _body(message: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    body = message.get(key)
    if not isinstance(body, dict):
        raise ValueError(f"{message.get('type')} without {key}")
    return body


def _id(body: Mapping[str, Any]) -> int:
    value = body.get("event_id")
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_ID else 0


_LARGEST_ID = 2**63


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    return value if isinstance(value, str) else ""


# --- how an agent is set up -----------------------------------------------------------------------------------------

WANTED_EVENTS = {
    "audio": "the caller would hear nothing",
    "interruption": "the agent would keep talking when interrupted",
    "agent_response": "the transcript would lack the agent's side",
    "agent_response_correction": "the transcript of interrupted answers would be an estimate",
    "user_transcript": "the transcript would lack the caller's side",
}
TOOL_EVENTS = {"client_tool_call": "our tools would never be called"}


def setup_faults(agent: Mapping[str, Any], has_tools: bool) -> list[str]:
    """What is wrong with an agent's configuration for phone calls, as sentences for the agent's owner.

    `agent` is the answer to the REST API's `GET .../agents/{id}`. Settings missing from it are assumed to be right."""
    config = _part(agent, "conversation_config")
    formats = {
        "asr.user_input_audio_format": _part(config, "asr").get("user_input_audio_format"),
        "tts.agent_output_audio_format": _part(config, "tts").get("agent_output_audio_format"),
    }
    found = [
        f"{name} is {identifier(given) or 'unknown'}, not {AUDIO_FORMAT}: calls are refused"
        for name, given in formats.items()
        if isinstance(given, str) and given != AUDIO_FORMAT
    ]
    if events_to_ask(agent, has_tools):  # then each call asks for those that are missing
        return found
    return found + [f"client_events lacks {name}: {why}" for name, why in _missing(agent, has_tools).items()]


def events_to_ask(agent: Mapping[str, Any], has_tools: bool) -> tuple[str, ...]:
    """The client events that a call asks for: the agent's own and those that we need besides. Empty if it has them all,
    or if its security settings do not allow the override: the platform would close the socket."""
    allowed = _part(_part(_part(agent, "platform_settings"), "overrides"), "conversation_config_override")
    missing = _missing(agent, has_tools)
    if not missing or _part(allowed, "conversation").get("client_events") is not True:
        return ()
    own = _part(_part(agent, "conversation_config"), "conversation").get("client_events")
    names = [*(name for name in own or () if isinstance(name, str)), *missing, "agent_tool_response"]
    return tuple(dict.fromkeys(names))


def _missing(agent: Mapping[str, Any], has_tools: bool) -> dict[str, str]:
    """The client events that the agent is not set to send, each with what follows from it."""
    own = _part(_part(agent, "conversation_config"), "conversation").get("client_events")
    wanted = WANTED_EVENTS | (TOOL_EVENTS if has_tools else {})
    return {name: why for name, why in wanted.items() if name not in own} if isinstance(own, list) else {}


def _part(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = config.get(name)
    return part if isinstance(part, dict) else {}


# --- what a close means ---------------------------------------------------------------------------------------------

#: Close code -> (cause, what it means). Other codes are `managed_lost`.
CLOSES: Mapping[int, tuple[ManagedCause, str]] = {
    1000: (ManagedCause.ENDED, "the agent ended the conversation, or its maximum duration was reached"),
    1001: (ManagedCause.MANAGED_UNAVAILABLE, "the platform is going away"),
    1002: (
        ManagedCause.MANAGED_FAILED,
        "the platform could not continue: model or custom LLM, speech, safety, or no audio",
    ),
    1003: (ManagedCause.MANAGED_REFUSED, "the platform does not accept this kind of message"),
    1006: (ManagedCause.MANAGED_LOST, "the connection was lost"),
    1007: (ManagedCause.MANAGED_REFUSED, "the platform could not read a message"),
    1008: (
        ManagedCause.MANAGED_REFUSED,
        "policy violation: an override, a missing dynamic variable, the agent or its signature",
    ),
    1009: (ManagedCause.MANAGED_REFUSED, "a message was too large"),
    1011: (ManagedCause.MANAGED_UNAVAILABLE, "an internal error of the platform"),
    1012: (ManagedCause.MANAGED_UNAVAILABLE, "the platform is restarting"),
    1013: (ManagedCause.MANAGED_BUSY, "the platform is overloaded"),
}

#: The same for closes that we initiate because of a message from the platform that we cannot accept.
OWN_CLOSES: Mapping[int, tuple[ManagedCause, str]] = {
    1002: (ManagedCause.MANAGED_MISBEHAVED, "the platform broke the WebSocket protocol"),
    1007: (ManagedCause.MANAGED_MISBEHAVED, "a text message from the platform was not UTF-8"),
    1009: (ManagedCause.MANAGED_TOO_BIG, "a message from the platform exceeded our size limit"),
}


def meaning(code: int, reason: str) -> tuple[ManagedCause, str]:
    """(cause, explanation) of a close. Older servers report the maximum duration with 1011."""
    if code == 1011 and "max" in reason.lower() and "duration" in reason.lower():
        return ManagedCause.ENDED, "the conversation reached its maximum duration"
    return CLOSES.get(code, (ManagedCause.MANAGED_LOST, "the connection ended without an explanation"))
