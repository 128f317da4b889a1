"""The local parts behind the vendors' sockets."""

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


async def test_everything_listens_on_loopback_and_says_what_it_is() -> None:
    """The brain answers in OpenAI's protocol, with the key that is handed out."""
    async with asyncio.timeout(60), LocalServices(SteadyClock(speed=20)) as local:
        assert local.elevenlabs_base_url.startswith("http://127.0.0.1:")
        assert [name for name in ("ears", "voice", "brain") if name in " ".join(local.description)] == [
            "ears",
            "voice",
            "brain",
        ]
        async with httpx2.AsyncClient(trust_env=False) as http:
            answer = await http.post(
                f"{local.openai_base_url}/chat/completions",
                headers={"Authorization": f"Bearer {local.api_key}"},
                json={"messages": [{"role": "user", "content": "when are you open"}]},
            )
        assert answer.json()["choices"][0]["message"]["content"] == OPENING


async def test_the_users_own_brain_takes_the_place_of_ours() -> None:
    """Then none is started, and none is announced."""
    async with asyncio.timeout(60), LocalServices(SteadyClock(speed=20), llm=False) as local:
        assert local.openai_base_url == ""
        assert "brain" not in " ".join(local.description)


async def test_what_had_started_is_ended_when_the_rest_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """No decoder is left behind by a start that failed."""
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
