"""Looks for a model server on this machine, to offer it in words. Nothing uses one that was not asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.request import ProxyHandler, build_opener

from telephony.observe.printable import printable

PORTS = (11434, 1234, 8000, 8080)
"""Where Ollama, LM Studio, vLLM and llama.cpp listen unless told otherwise."""
DEADLINE_S = 0.5
SHOWN = 3
LIST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelServer:
    """An OpenAI-compatible server and the names of its models."""

    base_url: str
    models: tuple[str, ...]

    @property
    def offer(self) -> str:
        """How to talk to one's own agent with it, in a sentence."""
        names = ", ".join(self.models[:SHOWN]) + (", ..." if len(self.models) > SHOWN else "")
        return (
            f"A model server answers at {self.base_url} ({names}): set OPENAI_BASE_URL={self.base_url} and "
            f"OPENAI_MODEL={self.models[0]} to have it hold the conversation."
        )


def model_servers(ports: Iterable[int] = PORTS) -> list[ModelServer]:
    """The servers at these ports that list at least one model. Takes `DEADLINE_S` for a port that does not answer."""
    return [found for port in ports if (found := _ask(f"http://localhost:{port}/v1")) is not None]


def _ask(base_url: str) -> ModelServer | None:
    try:
        with build_opener(ProxyHandler({})).open(f"{base_url}/models", timeout=DEADLINE_S) as answer:
            listed = json.loads(answer.read(LIST_BYTES))["data"]
        models = tuple(printable(one["id"]) for one in listed if isinstance(one["id"], str) and one["id"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return ModelServer(base_url, models) if models else None
