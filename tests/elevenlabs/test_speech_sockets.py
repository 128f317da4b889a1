"""Languages of the speech services: mapped to what they take; one that is refused is left out, and no call ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest
from structlog.testing import capture_logs

from telephony.contracts.stt import SttSpec
from telephony.contracts.tts import VoiceSpec
from telephony.core.actions import CloseContext, Speak
from telephony.core.events import Event, SpeechEnded, SpeechLost, SttLost, SttReady, TtsLost
from telephony.elevenlabs import stt_codec, tts_codec
from telephony.elevenlabs.phrase_cache import ElevenLabsPhrases
from telephony.elevenlabs.speech_sockets import Refusals
from telephony.elevenlabs.stt import ElevenLabsStt
from telephony.elevenlabs.tts import ElevenLabsTts
from telephony.errors import ProviderRefused
from telephony.testing.fakes.elevenlabs.server import LocalElevenLabs
from telephony.testing.fakes.elevenlabs.stt import LocalStt, SttFaults
from telephony.testing.fakes.elevenlabs.tts import LocalTts
from telephony.testing.fakes.elevenlabs.tts.faults import TtsFaults
from telephony.testing.fakes.elevenlabs.tts.request import LANGUAGES
from telephony.testing.steady import SteadyClock

E = TypeVar("E")
FLASH = "eleven_flash_v2_5"


def voice(language: str, model: str = FLASH) -> VoiceSpec:
    return VoiceSpec("elevenlabs", "local", model, language)


def sent(url: str) -> list[str]:
    return parse_qs(urlsplit(url).query).get("language_code", [])


@pytest.mark.parametrize(
    ("tag", "tts", "stt"),
    [
        ("en", ["en"], ["en"]),
        ("en-US", ["en"], ["en"]),
        ("EN_gb", ["en"], ["en"]),
        ("nb", ["no"], ["no"]),
        ("nn-NO", ["no"], ["no"]),
        ("tl", ["fil"], ["fil"]),
        ("zh-Hant-TW", ["zh"], ["zh"]),
        ("pt-BR", ["pt"], ["pt"]),
        ("deu", ["de"], ["de"]),
        ("in", ["id"], ["id"]),
        ("he", [], ["he"]),
        ("iw", [], ["he"]),
        ("fa-IR", [], ["fa"]),
        ("yue", [], ["yue"]),
        ("", [], []),
        ("auto", [], []),
        ("und", [], []),
    ],
)
def test_what_each_service_is_asked_for(tag: str, tts: list[str], stt: list[str]) -> None:
    """The fast model knows 32 languages, the recogniser many more; what neither could know is left out."""
    assert sent(tts_codec.socket_url("http://x", voice(tag))) == tts
    assert sent(stt_codec.socket_url("http://x", SttSpec(tag))) == stt


def test_exactly_the_languages_of_the_model_are_sent() -> None:
    assert set(tts_codec.LANGUAGES) == LANGUAGES
    for code in LANGUAGES:
        assert sent(tts_codec.socket_url("http://x", voice(code))) == [code]


def test_a_model_of_one_language_is_not_told_it() -> None:
    assert sent(tts_codec.socket_url("http://x", voice("en", "eleven_flash_v2"))) == []


def test_a_language_left_out_is_said_once() -> None:
    """One warning for each service and language in the life of the process."""
    refusals = Refusals()
    with capture_logs() as logs:
        for _ in range(3):
            for spec, told in (
                (voice("iw-IL"), voice("")),
                (voice("de-AT"), voice("de-AT")),
                (voice(""), voice("")),
                (voice("de", "eleven_flash_v2"), voice("de", "eleven_flash_v2")),
            ):
                with refusals.tts(spec) as asked:
                    assert asked == told
            for tag, left in (("auto", ""), ("iw", "iw")):
                with refusals.stt(SttSpec(tag)) as listened:
                    assert listened == SttSpec(left)
    assert [(line["event"], line["service"], line["language"]) for line in logs] == [
        ("language_left_out", "tts", "iw-IL"), ("language_left_out", "stt", "auto"),
    ]  # fmt: skip
    assert {line["log_level"] for line in logs} == {"warning"}


# --- over real sockets ----------------------------------------------------------------------------------------------


class Rig:
    """Local speech services, and what the ports report."""

    def __init__(self, server: LocalElevenLabs, clock: SteadyClock) -> None:
        self.server, self.clock, self.refusals = server, clock, Refusals()
        self.events: list[Event] = []
        self._came = asyncio.Event()

    def emit(self, event: Event) -> None:
        self.events.append(event)
        self._came.set()

    async def until(self, *kinds: type[E]) -> E:
        """The first event of one of these kinds."""
        while not (found := [event for event in self.events if isinstance(event, kinds)]):
            await self.changed()
        return found[0]

    async def changed(self) -> None:
        self._came.clear()
        await self._came.wait()

    def lost(self, kind: type[SttLost] | type[TtsLost]) -> list[tuple[str, bool]]:
        return [(event.code, event.retryable) for event in self.events if isinstance(event, kind)]

    def stt(self, language: str) -> ElevenLabsStt:
        return ElevenLabsStt(
            base_url=self.server.base_url, api_key="local", spec=SttSpec(language), clock=self.clock,
            refusals=self.refusals,
        )  # fmt: skip

    def tts(self, language: str) -> ElevenLabsTts:
        return ElevenLabsTts(
            base_url=self.server.base_url, api_key="local", spec=voice(language), clock=self.clock,
            refusals=self.refusals,
        )  # fmt: skip

    @asynccontextmanager
    async def running(self, port: ElevenLabsStt | ElevenLabsTts) -> AsyncIterator[None]:
        self.events.clear()
        task = asyncio.create_task(port.run(self.emit))
        try:
            yield
        finally:
            port.stop()
            await task

    async def speaks(self, language: str) -> bool:
        """Whether a sentence in `language` is spoken in one call, attempted again if that may succeed, as calls do."""
        port = self.tts(language)
        async with self.running(port):
            for attempt in (1, 2):
                port.perform(Speak(1, attempt, "Shalom. "))
                port.perform(CloseContext(1, attempt))
                end: SpeechEnded | SpeechLost = await self.until(SpeechEnded, SpeechLost)
                if isinstance(end, SpeechEnded) or not end.retryable:
                    return isinstance(end, SpeechEnded)
                self.events = [event for event in self.events if not isinstance(event, SpeechLost)]
        return False


@asynccontextmanager
async def rig(stt: SttFaults | None = None, tts: TtsFaults | None = None) -> AsyncIterator[Rig]:
    clock = SteadyClock(20)
    local = LocalElevenLabs(clock=clock, stt=LocalStt(clock=clock, faults=stt), tts=LocalTts(clock=clock, faults=tts))
    async with asyncio.timeout(60), local as server:
        yield Rig(server, clock)


@pytest.mark.parametrize("language", ["he", "iw", "en-US", "nb", "fa", "jp", "se", "Deutsch", "xx"])
async def test_any_language_is_spoken(language: str) -> None:
    """In one connection: what the service would refuse is not asked for."""
    async with rig() as r:
        assert await r.speaks(language)
        assert r.server.tts.connections == 1
        assert r.lost(TtsLost) == []


async def test_a_recogniser_that_refuses_a_language_is_asked_once_more_without_it() -> None:
    """One more connection; the next call of the process does without from its start."""
    async with rig(SttFaults(refused_language="he")) as r:
        with capture_logs() as logs:
            async with r.running(r.stt("iw-IL")):
                await r.until(SttReady)
                assert r.lost(SttLost) == [("language_refused", True)]
            async with r.running(r.stt("he")):
                await r.until(SttReady)
                assert r.lost(SttLost) == []
        assert [sent(path) for path in r.server.stt.paths] == [["he"], [], []]
        refused = [line for line in logs if line["event"] == "language_refused"]
        assert [(line["service"], line["language"], line["log_level"]) for line in refused] == [
            ("stt", "he", "warning")
        ]


async def test_a_recogniser_that_refuses_everything_is_asked_twice() -> None:
    """The refusal without a language is final."""
    async with rig(SttFaults(error_after_accept="invalid_request")) as r, r.running(r.stt("he")):
        while len(r.lost(SttLost)) < 2:
            await r.changed()
        assert r.lost(SttLost) == [("language_refused", True), ("invalid_request", False)]
        assert r.server.stt.connections == 2


@pytest.mark.parametrize(
    ("language", "slug"),
    [("he", "auth_error"), ("he", "quota_exceeded"), ("en", "invalid_request"), ("", "input_error")],
)
async def test_other_refusals_are_final_at_once(language: str, slug: str) -> None:
    """A key or quota is no matter of language, and every recogniser knows English."""
    async with rig(SttFaults(error_after_accept=slug)) as r, r.running(r.stt(language)):
        await r.until(SttLost)
        assert r.lost(SttLost) == [(slug, False)]
        assert r.server.stt.connections == 1
        assert not r.refusals.languages


@pytest.mark.parametrize(
    "faults",
    [
        TtsFaults(refused_language="de"),
        TtsFaults(refused_language="de", refused_by_frame=True),
    ],
    ids=["at the handshake", "by a frame after it"],
)
async def test_a_voice_that_refuses_a_language_speaks_without_it(faults: TtsFaults) -> None:
    """Also one of the 32, and however the service says so."""
    async with rig(tts=faults) as r:
        assert await r.speaks("de-DE")
        assert r.lost(TtsLost) == [("language_refused", True)]
        assert await r.speaks("de")
        assert [sent(path) for path in r.server.tts.paths] == [["de"], [], []]


async def test_a_fixed_phrase_is_synthesised_without_a_refused_language() -> None:
    async with rig(tts=TtsFaults(refused_language="de")) as r:
        phrases = ElevenLabsPhrases(r.server.base_url, "local", r.clock, r.refusals)
        assert (await phrases.synthesize(voice("de"), "greeting", "Hallo.")).pcmu
        assert [sent(path) for path in r.server.tts.paths] == [["de"], []]


async def test_a_refused_voice_is_no_matter_of_language() -> None:
    """One connection: a frame with the slug of another fault is final."""
    async with rig(tts=TtsFaults(error_after_accept="voice_id_does_not_exist")) as r, r.running(r.tts("de")):
        await r.until(TtsLost)
        assert r.lost(TtsLost) == [("voice_id_does_not_exist", False)]
        assert r.server.tts.connections == 1


@pytest.mark.parametrize(
    ("faults", "code", "says"),
    [
        (TtsFaults(refuse=402), "paid_plan_required", "plan"),
        (TtsFaults(refuse=404), "voice_not_found", "no such voice"),
        (TtsFaults(error_after_accept="paid_plan_required"), "paid_plan_required", "plan"),
        (TtsFaults(error_after_accept="voice_id_does_not_exist"), "voice_id_does_not_exist", "no such voice"),
    ],
)
async def test_a_voice_that_is_refused_is_told_in_words(faults: TtsFaults, code: str, says: str) -> None:
    """Final at once, and said once in the life of the process, for calls and phrases together."""
    async with rig(tts=faults) as r:
        with capture_logs() as logs:
            for _ in range(2):
                async with r.running(r.tts("de")):
                    await r.until(TtsLost)
                    assert r.lost(TtsLost) == [(code, False)]
            with pytest.raises(ProviderRefused):
                await ElevenLabsPhrases(r.server.base_url, "local", r.clock, r.refusals).synthesize(voice(""), "g", "x")
        [line] = [line for line in logs if line["event"] == "voice_refused"]
        assert (line["voice_id"], line["code"], line["log_level"]) == ("local", code, "error")
        assert says in line["remedy"]


async def test_without_a_voice_nothing_is_asked_for() -> None:
    """A call that comes before a voice is known hears the carrier's voice at once, not after ten refusals."""
    async with rig() as r:
        port = ElevenLabsTts(
            base_url=r.server.base_url, api_key="local", spec=replace(voice("de"), voice_id=""), clock=r.clock
        )
        async with r.running(port):
            await r.until(TtsLost)
            assert r.lost(TtsLost) == [("voice_missing", False)]
        assert not r.server.tts.paths
