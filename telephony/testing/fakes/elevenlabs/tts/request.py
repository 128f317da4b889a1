"""What a client may ask of the TTS socket: its query parameters, checked as the service checks them, and its messages.

The service refuses a model, a language, or a format that it does not know with an HTTP status before the socket is
open; a wrong key and an unknown voice only after it (see `server.py`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

from telephony.testing.fakes.audio_formats import PCM

Refusal: TypeAlias = tuple[int, str, str]
"""(HTTP status, the error's slug, the sentence)."""

LANGUAGES = frozenset(
    "ar bg cs da de el en es fi fil fr hi hr hu id it ja ko ms nl no pl pt ro ru sk sv ta tr uk vi zh".split()
)
LANGUAGE_MODELS = frozenset({"eleven_flash_v2_5", "eleven_turbo_v2_5"})
MODELS = LANGUAGE_MODELS | {"eleven_flash_v2", "eleven_turbo_v2", "eleven_multilingual_v2"}
ELSEWHERE = ("eleven_v3", "eleven_v4")  # the models of other sockets begin with these
FORMATS = frozenset({*PCM, "ulaw_8000", "alaw_8000"})
SCHEDULE = (120, 160, 250, 290)
IDLE_S, IDLE_MAX_S = 20, 180
FLAGS = ("auto_mode", "sync_alignment", "enable_logging", "enable_ssml_parsing", "apply_language_text_normalization")


@dataclass(frozen=True, slots=True)
class Setup:
    """What holds for all contexts of a socket. `sync`: each audio message has its own alignment."""

    voice: str
    language: str
    format: str
    auto: bool
    sync: bool
    idle_ms: int


def read_request(path: str) -> Setup | Refusal:
    """The setup for a request's path with query, or why the service refuses it."""
    split = urlsplit(path)
    query = {name: values[-1] for name, values in parse_qs(split.query, keep_blank_values=True).items()}
    model, language = query.get("model_id", "eleven_multilingual_v2"), query.get("language_code", "")
    if model.startswith(ELSEWHERE):
        return 400, "unsupported_model", f"Model '{model}' is not available on this endpoint"
    if model not in MODELS:
        return 400, "model_not_found", f"A model with model ID {model} does not exist"
    if language and model in LANGUAGE_MODELS and language not in LANGUAGES:
        return 400, "unsupported_language", f"Model '{model}' does not support language_code '{language}'"
    audio = query.get("output_format", "mp3_44100_128")
    if audio.startswith(("mp3_", "opus_")):
        return 400, "unsupported_output_format", f"The local server has no encoder for {audio}: ask for pcm or ulaw"
    if audio not in FORMATS:
        return 400, "invalid_output_format", f"Output format '{audio}' does not exist"
    if wrong := [name for name in FLAGS if query.get(name, "false") not in ("true", "false")]:
        return 422, "invalid_parameters", f"{wrong[0]}: a boolean is true or false"
    idle = query.get("inactivity_timeout", str(IDLE_S))
    if not idle.isascii() or not idle.isdigit() or not 1 <= int(idle) <= IDLE_MAX_S:
        return 422, "invalid_parameters", f"inactivity_timeout: 1 to {IDLE_MAX_S}"
    voice = unquote(split.path.removeprefix("/v1/text-to-speech/").rpartition("/")[0])
    return Setup(
        voice,
        language,
        audio,
        query.get("auto_mode") == "true",
        query.get("sync_alignment") == "true",
        int(idle) * 1000,
    )


def read_message(text: str | bytes) -> dict[str, Any] | None:
    """A client's message, or None if it is not JSON or a field has a wrong type."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict):
        return None
    flags = all(isinstance(message.get(name, False), bool) for name in ("flush", "close_context", "close_socket"))
    texts = all(isinstance(message.get(name) or "", str) for name in ("text", "context_id"))
    settings = isinstance(message.get("voice_settings") or {}, dict)
    return message if flags and texts and settings and _schedule(message) else None


def _schedule(message: dict[str, Any]) -> tuple[int, ...]:
    """The message's chunk schedule, or the default; () if it is not valid."""
    config = message.get("generation_config")
    given = config.get("chunk_length_schedule") if isinstance(config, dict) else None
    if given is None:
        return SCHEDULE
    valid = isinstance(given, list) and all(isinstance(item, int) and 50 <= item <= 500 for item in given)
    return tuple(given) if valid else ()


def schedule(opening: dict[str, Any]) -> tuple[int, ...]:
    """How many characters must be waiting before the first, second, third, and every later generation."""
    return _schedule(opening)
