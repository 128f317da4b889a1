"""The local parts behind servers that speak the vendors' protocols."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

pytest.importorskip("pocketsphinx")
pytest.importorskip("espeakng_loader")

from telephony.offline import local_services
from telephony.offline.dialogue import OPENING
from telephony.offline.local_services import LocalServices
from telephony.offline.stt import RecognizerProcess
from telephony.offline.tts import NotInstalled
from telephony.testing.steady import SteadyClock


async def test_the_servers_listen_on_loopback_and_describe_themselves() -> None:
    """The local LLM answers in OpenAI's protocol, with the key in `api_key`."""
    async with asyncio.timeout(60), LocalServices(SteadyClock(speed=20)) as local:
        assert local.elevenlabs_base_url.startswith("http://127.0.0.1:")
        parts = ("speech recogniser", "speech synthesiser", "language model")
        assert all(f"The {part} is local" in line for part, line in zip(parts, local.description, strict=True))
        async with httpx2.AsyncClient(trust_env=False) as http:
            answer = await http.post(
                f"{local.openai_base_url}/chat/completions",
                headers={"Authorization": f"Bearer {local.api_key}"},
                json={"messages": [{"role": "user", "content": "when are you open"}]},
            )
        assert answer.json()["choices"][0]["message"]["content"] == OPENING


async def test_the_users_own_model_server_replaces_the_local_one() -> None:
    """Then the local one is neither started nor described."""
    async with asyncio.timeout(60), LocalServices(SteadyClock(speed=20), llm=False) as local:
        assert local.openai_base_url == ""
        assert "language model" not in " ".join(local.description)


async def test_started_parts_are_stopped_if_another_one_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed start leaves no decoding process behind."""
    started: list[RecognizerProcess] = []

    class Watched(RecognizerProcess):
        async def __aenter__(self) -> RecognizerProcess:
            started.append(self)
            return await super().__aenter__()

    def refuse(**options: object) -> None:
        raise NotInstalled("as asked for")

    monkeypatch.setattr(local_services, "RecognizerProcess", Watched)
    monkeypatch.setattr(local_services, "LocalTts", refuse)
    with pytest.raises(NotInstalled):
        async with LocalServices(SteadyClock()):
            pass
    assert [stt_process._process for stt_process in started] == [None]
