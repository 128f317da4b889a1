"""The types of the vendor's package (`elevenlabs`) as a strict contract, and a recorder of what goes over the wire.

On their own the types are lax: unknown keys are kept, a field's Python name passes for its key, and most fields are
optional. Here a message must have no key that its type lacks, and must come out of the type as it went in.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, get_args

import pytest
from elevenlabs import types as vendor
from elevenlabs.v_1_speech_to_text_realtime import ReceiveTranscription
from elevenlabs.v_1_text_to_speech_voice_id_multi_stream_input import ReceiveMessageMulti, SendMessageMulti
from pydantic import BaseModel
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from telephony.testing.fakes.elevenlabs.agents import LocalAgents

TTS_SENT: tuple[type[BaseModel], ...] = get_args(SendMessageMulti)
TTS_RECEIVED: tuple[type[BaseModel], ...] = get_args(ReceiveMessageMulti)
STT_SENT: tuple[type[BaseModel], ...] = (vendor.InputAudioChunkPayload,)
STT_RECEIVED: tuple[type[BaseModel], ...] = get_args(ReceiveTranscription)

UNTYPED: dict[type[BaseModel], frozenset[str]] = {
    # The service sends a null with all audio; the package's other type for this message knows the flag.
    vendor.AudioOutputMulti: frozenset({"isFinal"}),
    # Seen on the wire, beside the package's own `commit_strategy` and `enable_logging`.
    vendor.SessionStartedPayloadConfig: frozenset(
        {"vad_commit_strategy", "timestamps_granularity", "max_tokens_to_recompute", "disable_logging"}
    ),
}
"""Keys that the service uses and its package lacks."""
FREE = frozenset({"dynamic_variables", "custom_llm_extra_body"})
"""Objects whose keys are names of the user's."""


def strict(kind: type[BaseModel], message: object) -> None:
    """Asserts that `message` is one of `kind`, key by key. pydantic.ValidationError is a ValueError."""
    model = kind.model_validate(message)
    _no_extras(model)
    assert model.model_dump(by_alias=True, exclude_unset=True) == message, "a key or value changed its form"


def fit(kinds: tuple[type[BaseModel], ...], message: dict[str, Any]) -> str:
    """The name of the first type that `message` strictly is; fails with what is wrong with it for each of them."""
    faults = []
    for kind in kinds:
        try:
            strict(kind, message)
        except (ValueError, AssertionError) as error:
            faults.append(f"{kind.__name__}: {error}")
        else:
            return kind.__name__
    raise AssertionError(f"{sorted(message)} is none of the vendor's:\n" + "\n".join(faults))


def misspelt(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """`message` with one key misspelt, for each key at every depth."""
    for path in _keys(message):
        changed = copy.deepcopy(message)
        part: Any = changed
        for step in path[:-1]:
            part = part[step]
        part[f"{path[-1]}_"] = part.pop(path[-1])
        yield changed


def _keys(part: object) -> Iterator[tuple[Any, ...]]:
    if isinstance(part, list):
        for index, one in enumerate(part):
            yield from ((index, *path) for path in _keys(one))
    elif isinstance(part, dict):
        for key, value in part.items():
            yield (key,)
            if key not in FREE:
                yield from ((key, *path) for path in _keys(value))


def _no_extras(value: object) -> None:
    if isinstance(value, BaseModel):
        extra = set(value.model_extra or ()) - UNTYPED.get(type(value), frozenset())
        assert not extra, f"{type(value).__name__} has no {sorted(extra)}"
        value = dict(value)
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            _no_extras(one)


@dataclass
class Recording:
    """What went over the wire to and from the local ElevenLabs, by the path of its socket or request.

    A socket's frames are JSON objects. A REST request is its body (None: GET), an answer (status, JSON or text)."""

    sent: list[tuple[str, Any]] = field(default_factory=list)
    received: list[tuple[str, Any]] = field(default_factory=list)

    def of(self, path: str) -> tuple[list[Any], list[Any]]:
        """(what we sent, what we received) on sockets and requests whose path contains `path`."""
        sent, received = ([one for at, one in side if path in at] for side in (self.sent, self.received))
        return sent, received


def record(monkeypatch: pytest.MonkeyPatch) -> Recording:
    """Records everything from now on. The local servers run as they are; only their inlets and outlets are tapped."""
    tape = Recording()
    recv, send, post, get = ServerConnection.recv, ServerConnection.send, LocalAgents.post, LocalAgents.respond

    def path(connection: ServerConnection) -> str:
        return connection.request.path if connection.request is not None else ""

    async def tapped_recv(self: ServerConnection, *arguments: Any, **options: Any) -> Any:
        text = await recv(self, *arguments, **options)
        tape.sent.append((path(self), json.loads(text)))
        return text

    async def tapped_send(self: ServerConnection, text: Any, *arguments: Any, **options: Any) -> None:
        tape.received.append((path(self), json.loads(text)))
        await send(self, text, *arguments, **options)

    async def tapped_post(self: LocalAgents, at: str, headers: dict[str, str], body: bytes) -> tuple[int, str, str]:
        status, kind, text = await post(self, at, headers, body)
        tape.sent.append((at, json.loads(body)))
        tape.received.append((at, (status, json.loads(text) if "json" in kind else text)))
        return status, kind, text

    async def tapped_get(self: LocalAgents, connection: ServerConnection, request: Request) -> Response | None:
        response = await get(self, connection, request)
        if response is not None:
            tape.sent.append((request.path, None))
            tape.received.append((request.path, (response.status_code, json.loads(response.body))))
        return response

    monkeypatch.setattr(ServerConnection, "recv", tapped_recv)
    monkeypatch.setattr(ServerConnection, "send", tapped_send)
    monkeypatch.setattr(LocalAgents, "post", tapped_post)
    monkeypatch.setattr(LocalAgents, "respond", tapped_get)
    return tape
