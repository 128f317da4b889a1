"""LiveKit's own ElevenLabs clients, unmodified, against the server at an address: the last line of output is JSON.

python livekit_clients.py http://127.0.0.1:PORT SENTENCE

It runs in a venv that has LiveKit's packages and not ours.
"""

from __future__ import annotations

import asyncio
import json
import math
import struct
import sys
from typing import Any

import aiohttp
from livekit import rtc
from livekit.agents import stt as agents_stt
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT
from livekit.plugins import elevenlabs

RATE = 16_000


def frames(hertz: int, ms: int) -> list[Any]:
    """A tone (0 Hz: silence) in frames of 50 ms."""
    count = RATE // 20
    samples = [round(8_000 * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(RATE * ms // 1000)]
    pieces = [samples[at : at + count] for at in range(0, len(samples), count)]
    return [rtc.AudioFrame(struct.pack(f"<{len(p)}h", *p), RATE, 1, len(p)) for p in pieces]


async def speak(url: str, sentence: str, session: aiohttp.ClientSession, **options: Any) -> dict[str, Any]:
    """The length of the speech in ms, and its words as the client timed them."""
    voice = elevenlabs.TTS(base_url=f"{url}/v1", api_key="local", voice_id="local", http_session=session, **options)
    stream = voice.stream()
    stream.push_text(sentence)
    stream.end_input()
    ms, words = 0.0, list[str]()
    async for audio in stream:
        ms += audio.frame.duration * 1000
        words += [str(word).strip() for word in audio.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, [])]
    await voice.aclose()
    return {"ms": round(ms), "text": " ".join(word for word in words if word)}


async def listen(url: str, session: aiohttp.ClientSession, **options: Any) -> dict[str, Any]:
    """The final transcript of a tone of 1.5 s, and whether an interim one came before it."""
    ears = elevenlabs.STT(
        base_url=f"{url}/v1", api_key="local", model="scribe_v2_realtime", http_session=session, **options
    )
    stream, interim = ears.stream(), False
    for frame in frames(300, 1_500) + frames(0, 900):
        stream.push_frame(frame)
        await asyncio.sleep(0.005)
    if "server_vad" not in options:
        stream.flush()
    async for event in stream:
        interim = interim or event.type == agents_stt.SpeechEventType.INTERIM_TRANSCRIPT
        if event.type == agents_stt.SpeechEventType.FINAL_TRANSCRIPT:
            break
    await stream.aclose()
    return {"text": event.alternatives[0].text, "interim": interim}


async def main(url: str, sentence: str) -> None:
    async with asyncio.timeout(60), aiohttp.ClientSession() as session:
        found = {
            "tts": await speak(url, sentence, session, encoding="pcm_16000", model="eleven_flash_v2_5", language="en"),
            "tts, by schedule": await speak(url, sentence, session, encoding="pcm_24000", chunk_length_schedule=[50]),
            "stt": await listen(url, session, language_code="en"),
            "stt, language detected": await listen(url, session),
            "stt, word times": await listen(url, session, language_code="en", include_timestamps=True),
            "stt, server's vad": await listen(url, session, server_vad={"vad_silence_threshold_secs": 0.5}),
        }
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
