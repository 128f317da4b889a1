"""Pydantic models of the Agents socket's messages, in both directions: the vendor's package has none for this socket.

They are strict: a key that is not in the reference, or a value of another type, is an error. The local server checks
with them what clients send; tests check with them what the local server sends.

    check_client({"type": "pong", "event_id": 1})      # raises pydantic.ValidationError for anything else
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


# --- client -> platform ---------------------------------------------------------------------------------------------


class Initiation(_Strict):
    type: Literal["conversation_initiation_client_data"]
    conversation_config_override: dict[str, Any] | None = None
    custom_llm_extra_body: dict[str, Any] | None = None
    dynamic_variables: dict[str, str | int | float | bool] | None = None
    user_id: str | None = None
    source_info: dict[str, Any] | None = None
    branch_id: str | None = None
    environment: str | None = None


class ClientData(_Strict):
    """The same data in a REST request, without `type`."""

    conversation_config_override: dict[str, Any] | None = None
    custom_llm_extra_body: dict[str, Any] | None = None
    dynamic_variables: dict[str, str | int | float | bool] | None = None
    user_id: str | None = None
    environment: str | None = None


class RegisterCall(_Strict):
    agent_id: str
    from_number: str
    to_number: str
    direction: Literal["inbound", "outbound"] | None = None
    conversation_initiation_client_data: ClientData | None = None


class OutboundCall(_Strict):
    agent_id: str
    agent_phone_number_id: str
    to_number: str
    conversation_initiation_client_data: ClientData | None = None
    call_recording_enabled: bool | None = None


class UserAudio(_Strict):
    user_audio_chunk: str


class Pong(_Strict):
    type: Literal["pong"]
    event_id: int


class ToolResult(_Strict):
    type: Literal["client_tool_result"]
    tool_call_id: str
    result: Any = ""  # a string in the reference; the vendor's own client sends whatever the tool returned
    is_error: bool


class ContextualUpdate(_Strict):
    type: Literal["contextual_update"]
    text: str
    context_id: str | None = None


class UserMessage(_Strict):
    type: Literal["user_message"]
    text: str


class UserActivity(_Strict):
    type: Literal["user_activity"]


class Feedback(_Strict):
    type: Literal["feedback"]
    event_id: int
    score: Literal["like", "dislike"] | None = None


Typed = Annotated[
    Initiation | Pong | ToolResult | ContextualUpdate | UserMessage | UserActivity | Feedback,
    Field(discriminator="type"),
]
ClientMessage = Initiation | Pong | ToolResult | ContextualUpdate | UserMessage | UserActivity | Feedback | UserAudio
_TYPED: TypeAdapter[Any] = TypeAdapter(Typed)


def check_client(message: Any) -> ClientMessage:
    """Validates a client's message. Raises pydantic.ValidationError."""
    if isinstance(message, dict) and "type" not in message:
        return UserAudio.model_validate(message)
    checked: ClientMessage = _TYPED.validate_python(message)
    return checked


# --- platform -> client ---------------------------------------------------------------------------------------------


class Metadata(_Strict):
    conversation_id: str
    agent_output_audio_format: str
    user_input_audio_format: str


class Alignment(_Strict):
    chars: list[str]
    char_start_times_ms: list[int]
    char_durations_ms: list[int]


class Audio(_Strict):
    audio_base_64: str
    event_id: int
    alignment: Alignment | None = None


class Response(_Strict):
    agent_response: str
    event_id: int


class Correction(_Strict):
    original_agent_response: str
    corrected_agent_response: str
    event_id: int


class Transcript(_Strict):
    user_transcript: str
    event_id: int


class Id(_Strict):
    event_id: int


class Ping(_Strict):
    event_id: int
    ping_ms: int | None = None


class ToolCall(_Strict):
    tool_name: str
    tool_call_id: str
    parameters: dict[str, Any]
    event_id: int


class ToolResponse(_Strict):
    tool_name: str
    tool_call_id: str
    tool_type: str
    is_error: bool
    is_called: bool
    event_id: int


class Error(_Strict):
    code: int
    message: str
    error_type: str | None = None
    reason: str | None = None


#: Message type -> (key of its body, model of the body).
SERVER: dict[str, tuple[str, type[BaseModel]]] = {
    "conversation_initiation_metadata": ("conversation_initiation_metadata_event", Metadata),
    "audio": ("audio_event", Audio),
    "agent_response": ("agent_response_event", Response),
    "agent_response_correction": ("agent_response_correction_event", Correction),
    "user_transcript": ("user_transcription_event", Transcript),
    "tentative_user_transcript": ("tentative_user_transcription_event", Transcript),
    "interruption": ("interruption_event", Id),
    "ping": ("ping_event", Ping),
    "client_tool_call": ("client_tool_call", ToolCall),
    "agent_tool_response": ("agent_tool_response", ToolResponse),
    "error": ("error_event", Error),
}


def check_server(message: dict[str, Any]) -> BaseModel:
    """Validates a message from the platform; returns its body. Raises ValueError (pydantic.ValidationError is one)."""
    key, model = SERVER[message["type"]]
    if set(message) != {"type", key}:
        raise ValueError(f"unexpected keys {sorted(message)} in {message['type']}")
    return model.model_validate(message[key])


def server_message(kind: str, **body: Any) -> dict[str, Any]:
    """A message from the platform of type `kind` with this body."""
    return {"type": kind, SERVER[kind][0]: body}
