"""Fixed phrases: synthesised once, kept privately, and never an obstacle to starting."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from telephony.contracts.tts import VoiceSpec
from telephony.core.events import Phrase
from telephony.elevenlabs.phrase_cache import CONCURRENT, MEMORY_PHRASES, ElevenLabsPhrases, PhraseCache
from telephony.errors import ProviderError, ProviderRefused, ProviderUnavailable
from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
from telephony.testing.fakes.elevenlabs.tts import CHAR_MS, LocalTts, TtsFaults
from telephony.testing.steady import SteadyClock

SPEC = VoiceSpec("elevenlabs", "voice", "eleven_flash_v2_5")
WORDING = {"greeting": "Hello, how can I help?", "goodbye": "Goodbye."}


class Source:
    """Records what it synthesises; fails while `down` is set."""

    def __init__(self) -> None:
        self.synthesized: list[str] = []
        self.down = False

    async def synthesize(self, spec: VoiceSpec, name: str, text: str) -> Phrase:
        await asyncio.sleep(0)
        if self.down:
            raise ProviderUnavailable("down")
        self.synthesized.append(text)
        return Phrase(name, text, b"\x55" * 800, tuple(range(1, len(text) + 1)))


async def test_synthesised_once_and_available_after_a_restart(tmp_path: Path) -> None:
    """A second process loads the phrases from disk, with their alignment."""
    source = Source()
    cache = PhraseCache(tmp_path / "phrases", source, SteadyClock())
    assert cache.load(SPEC, WORDING) == {}
    await asyncio.gather(cache.ensure(SPEC, WORDING), cache.ensure(SPEC, WORDING))
    assert sorted(source.synthesized) == sorted(WORDING.values())
    again = PhraseCache(tmp_path / "phrases", source, SteadyClock()).load(SPEC, WORDING)
    assert again["greeting"].pcmu == b"\x55" * 800
    assert again["greeting"].ends_ms == tuple(range(1, len(WORDING["greeting"]) + 1))


async def test_anything_that_changes_the_sound_is_another_phrase(tmp_path: Path) -> None:
    """Voice, model, settings, provider and text are all part of the key."""
    source = Source()
    cache = PhraseCache(tmp_path, source, SteadyClock())
    await cache.ensure(SPEC, WORDING)
    others = (
        {"voice_id": "other"},
        {"model": "other"},
        {"speed": 1.1},
        {"stability": 0.1},
        {"provider": "local"},
        {"language": "de"},
    )
    for change in others:
        assert cache.load(replace(SPEC, **change), WORDING) == {}
    assert cache.load(SPEC, {"greeting": "Hello!"}) == {}


async def test_files_are_private_to_their_owner(tmp_path: Path) -> None:
    """Mode 0600 in a directory of mode 0700."""
    directory = tmp_path / "phrases"
    await PhraseCache(directory, Source(), SteadyClock()).ensure(SPEC, WORDING)
    assert directory.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}


async def test_an_unusable_directory_is_logged_once(tmp_path: Path) -> None:
    """The directory cannot be created, so phrases are kept in memory and are not reported as damaged."""
    (tmp_path / "file").write_text("in the way")
    cache = PhraseCache(tmp_path / "file" / "phrases", Source(), SteadyClock())
    with structlog.testing.capture_logs() as lines:
        await cache.ensure(SPEC, WORDING)
    assert set(cache.load(SPEC, WORDING)) == set(WORDING)
    assert [(line["event"], line["reason"]) for line in lines] == [("phrases_in_memory_only", "Not a directory")]


async def test_damaged_files_are_replaced(tmp_path: Path) -> None:
    """Truncated files, another text, missing audio: ignored, and synthesised again."""
    source = Source()
    await PhraseCache(tmp_path, source, SteadyClock()).ensure(SPEC, WORDING)
    one, two = tmp_path.glob("*.json")  # noqa: ASYNC240  (a test)
    one.write_text('{"text": "Hel')
    two.write_text(json.dumps({"text": "other", "pcmu": "AAAA", "ends_ms": []}))
    cache = PhraseCache(tmp_path, source, SteadyClock())
    assert cache.load(SPEC, WORDING) == {}
    await cache.ensure(SPEC, WORDING)
    assert len(PhraseCache(tmp_path, source, SteadyClock()).load(SPEC, WORDING)) == 2
    entry = json.loads(one.read_text())
    for damage in ({"ends_ms": [1]}, {"ends_ms": [1e999]}, {"pcmu": "AAA"}, {"pcmu": 7}, {"text": None}):
        one.write_text(json.dumps(entry | damage))
        assert len(PhraseCache(tmp_path, source, SteadyClock()).load(SPEC, WORDING)) == 1
    for junk in ("[]", "7", "[" * 100_000):
        one.write_text(junk)
        assert len(PhraseCache(tmp_path, source, SteadyClock()).load(SPEC, WORDING)) == 1


async def test_without_a_directory_phrases_are_kept_in_memory(tmp_path: Path) -> None:
    """No directory, or a file in its place: nothing fails."""
    (tmp_path / "file").write_text("")
    for directory in (tmp_path / "file", None):
        cache = PhraseCache(directory, Source(), SteadyClock())
        assert await cache.ensure(SPEC, WORDING) == 0
        assert len(cache.load(SPEC, WORDING)) == 2


async def test_phrases_are_synthesised_once_the_service_is_back() -> None:
    """Phrases that fail are skipped and counted, and synthesised by a later call."""
    source = Source()
    source.down = True
    cache = PhraseCache(None, source, SteadyClock())
    assert await cache.ensure(SPEC, WORDING) == 2
    source.down = False
    assert await cache.ensure(SPEC, WORDING) == 0


async def test_memory_is_bounded(tmp_path: Path) -> None:
    """With a greeting per caller, the oldest phrases are evicted from memory and remain on disk."""
    cache = PhraseCache(tmp_path, Source(), SteadyClock())
    for caller in range(MEMORY_PHRASES + 5):
        await cache.ensure(SPEC, {"greeting": f"Hello, {caller}."})
    assert len(cache._memory) == MEMORY_PHRASES
    assert not cache._locks
    assert cache.load(SPEC, {"greeting": "Hello, 0."})


async def test_over_the_real_wire() -> None:
    """One short connection per phrase, with the alignment; an empty context (the close race) is retried."""
    clock = SteadyClock(10)
    tts = LocalTts(clock=clock, faults=TtsFaults(race=1))
    async with asyncio.timeout(60), LocalElevenLabs(clock=clock, tts=tts) as server:
        source = ElevenLabsPhrases(server.base_url, "local", clock)
        phrase = await source.synthesize(SPEC, "greeting", WORDING["greeting"])
        assert len(phrase.pcmu) // 8 in range(len(phrase.text) * CHAR_MS, (len(phrase.text) + 1) * CHAR_MS + 1)
        assert len(phrase.ends_ms) == len(phrase.text)
        cache = PhraseCache(None, source, clock)
        tts.faults.refuse = 401
        assert await cache.ensure(SPEC, WORDING) == 2
        tts.faults.refuse, tts.faults.no_alignment = 0, True
        assert await cache.ensure(SPEC, WORDING) == 0


async def test_a_refusal_of_the_account_is_not_asked_for_once_per_phrase() -> None:
    """A wrong voice holds for all phrases: at most the concurrent ones are tried; the next call tries again."""
    clock = SteadyClock(20)
    tts = LocalTts(clock=clock, faults=TtsFaults(error_after_accept="voice_id_does_not_exist"))
    wording = {f"phrase{number}": f"Phrase {number}." for number in range(10)}
    async with asyncio.timeout(60), LocalElevenLabs(clock=clock, tts=tts) as server:
        cache = PhraseCache(None, ElevenLabsPhrases(server.base_url, "local", clock), clock)
        assert await cache.ensure(SPEC, wording) == 10
        assert tts.connections <= CONCURRENT
        tts.faults.error_after_accept = ""
        assert await cache.ensure(SPEC, wording) == 0


@pytest.mark.parametrize(
    "error",
    [ProviderUnavailable("down"), ProviderRefused("too long", code="max_character_limit_exceeded")],
)
async def test_a_phrase_that_fails_for_itself_leaves_the_others(error: ProviderError) -> None:
    """An outage, or a refusal of the text."""

    class OneFails(Source):
        async def synthesize(self, spec: VoiceSpec, name: str, text: str) -> Phrase:
            if name == "greeting":
                raise error
            return await super().synthesize(spec, name, text)

    cache = PhraseCache(None, OneFails(), SteadyClock())
    assert await cache.ensure(SPEC, WORDING) == 1
    assert set(cache.load(SPEC, WORDING)) == {"goodbye"}


@pytest.mark.parametrize("fault", ["joined_items", "no_full_stop", "normalized_only", "restarts"])
async def test_a_phrase_keeps_the_place_of_each_character(fault: str) -> None:
    """However odd the service's alignment is."""
    clock, faults = SteadyClock(10), TtsFaults()
    setattr(faults, fault, True)
    text = "Hello, how can I help you today."
    async with asyncio.timeout(60), LocalElevenLabs(clock=clock, tts=LocalTts(clock=clock, faults=faults)) as server:
        phrase = await ElevenLabsPhrases(server.base_url, "local", clock).synthesize(SPEC, "greeting", text)
        assert [abs(end - CHAR_MS * n) <= CHAR_MS for n, end in enumerate(phrase.ends_ms, 1)] == [True] * len(text)
