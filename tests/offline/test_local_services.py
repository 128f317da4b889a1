"""The local parts behind servers that speak the vendors' protocols."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from typing import Any

import httpx2
import pytest

pytest.importorskip("moonshine_voice", reason="the local parts are not installed")
pytest.importorskip("hibari", reason="the local parts are not installed")

from telephony.offline import local_services
from telephony.offline.blocking import BlockingEngine, BlockingSynthesizer
from telephony.offline.dialogue import OPENING
from telephony.offline.local_services import LocalServices
from telephony.offline.worker import NotInstalled, Worker
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


async def test_the_model_alone_can_be_local() -> None:
    """Speech, which the user has, is neither started nor described."""
    async with asyncio.timeout(60), LocalServices(SteadyClock(speed=20), speech=False) as local:
        assert (bool(local.elevenlabs_base_url), bool(local.openai_base_url)) == (False, True)
        assert "speech" not in " ".join(local.description)
        assert "language model" in " ".join(local.description)


async def test_started_parts_are_stopped_if_another_one_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed start leaves no process behind."""
    started: list[Worker] = []

    class Watched(Worker):
        async def __aenter__(self) -> Worker:
            started.append(self)
            return await super().__aenter__()

    def refuse(**options: object) -> None:
        raise NotInstalled("as asked for")

    monkeypatch.setattr(local_services, "Worker", Watched)
    monkeypatch.setattr(local_services, "LocalTts", refuse)
    with pytest.raises(NotInstalled):
        async with LocalServices(SteadyClock()):
            pass
    assert [worker.pid for worker in started] == [None, None]


async def test_speech_alone_can_be_local_and_the_times_of_its_words_are_estimated(tts_engine: BlockingEngine) -> None:
    """The model, which the user has, is neither started nor described. The protocol's timed final has items without a
    probability and without characters, and a field of our own."""
    from websockets.asyncio.client import connect

    clock = SteadyClock(speed=20)
    speech = BlockingSynthesizer(tts_engine).say("I will come on Friday.")[0]
    async with asyncio.timeout(60), LocalServices(clock, llm=False) as local:
        assert (bool(local.elevenlabs_base_url), bool(local.openai_base_url)) == (True, False)
        assert "speech" in " ".join(local.description)
        assert "language model" not in " ".join(local.description)
        query = "model_id=scribe_v2_realtime&audio_format=ulaw_8000&include_timestamps=true"
        url = f"{local.elevenlabs_base_url.replace('http', 'ws')}/v1/speech-to-text/realtime?{query}"
        async with connect(url, additional_headers={"xi-api-key": local.api_key}, proxy=None) as socket:
            chunk = {"message_type": "input_audio_chunk", "sample_rate": 8_000}
            audio = b64encode(b"\xff" * 4_000 + speech + b"\xff" * 4_000).decode()
            await socket.send(json.dumps(chunk | {"audio_base_64": audio, "commit": True}))
            kind, message = "", dict[str, Any]()
            while kind != "committed_transcript_with_timestamps":
                message = json.loads(await socket.recv())
                kind = message["message_type"]
    spoken = [item for item in message["words"] if item["type"] == "word"]
    assert [item["text"] for item in spoken] == message["text"].split()
    assert all(item["estimated"] and item["logprob"] is None and item["characters"] is None for item in spoken)
    assert 0.4 < spoken[0]["start"] < spoken[-1]["end"] < 0.6 + len(speech) / 8_000
