"""The latency bench: its floor for moments made by hand, its STT, and whole calls over real sockets on a fast clock."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("numpy")

from telephony.audio import tones
from telephony.audio.frames import silence
from telephony.core.policy import TurnTaking
from telephony.testing.recorded_stt import SpokenWord
from telephony.testing.stack import LoudnessDetector
from telephony.testing.steady import SteadyClock
from tests.bench import cli
from tests.bench.latency.bench import show, table
from tests.bench.latency.calls import Utterance, callers, measure
from tests.bench.latency.clip_stt import ClipStt, KnownClip
from tests.bench.latency.expect import OWN_MS, QUICK, SLOW, TAIL_MS, expected
from tests.bench.latency.floor import Drawn, Moments, answer, floor
from tests.bench.latency.setting import SETTINGS

DRAWN = Drawn(partial_ms=120, first_token_ms=250, sentence_ms=50, first_byte_ms=100)
GOOD = Moments(1_000, 960, 1_105, 1_040, 380, 1_440, 1_120, 1_430, 1_535, 1_540)


def test_the_floor_is_the_decision_if_the_reply_could_be_ready_before_it() -> None:
    """A long wait hides the preparation."""
    found = floor(replace(GOOD, wait_ms=600), DRAWN, "speech")
    assert (found.words, found.decision, found.preparation, found.at) == (1_080, 1_640, 1_480, 1_640)


@pytest.mark.parametrize(("speculate", "at"), [("speech", 1_480), ("llm", 1_520), ("off", 1_820)])
def test_the_floor_depends_on_what_may_be_prepared_before_the_decision(speculate: str, at: int) -> None:
    """Words at 1,080, decision at 1,420: both LLM and TTS may start before the decision, only the LLM, or neither."""
    assert floor(GOOD, DRAWN, speculate).at == at


def test_a_decision_is_never_before_the_words_could_be_known() -> None:
    """The floor's decision is based on the words."""
    late = floor(GOOD, replace(DRAWN, partial_ms=700), "speech")
    assert (late.words, late.decision) == (1_660, 1_660)


def test_delays_of_the_service_are_above_the_floor_and_in_their_stage() -> None:
    """A later moment lengthens its stage and never raises the floor."""
    good = answer("good", "finished", GOOD, DRAWN, "speech")
    assert (good.total_ms, good.floor_ms, good.above_ms, good.waited_for) == (500, 440, 60, "audio")
    assert good.stages == {"stt": 25, "endpointing": 20, "starting": 15, "llm": 10, "tts": 5, "sending": 5}
    assert (good.tail_ms, good.voice_total_ms, good.above_voice_ms) == (40, 540, 60)
    late = {
        "known": "stt",
        "decided": "endpointing",
        "started": "starting",
        "unit": "llm",
        "audio": "tts",
        "arrived": "sending",
    }
    for moment, stage in late.items():
        shifted = dict.fromkeys(list(late)[list(late).index(moment) :], 300)
        worse = answer(
            "", "", replace(GOOD, **{n: getattr(GOOD, n) + ms for n, ms in shifted.items()}), DRAWN, "speech"
        )
        assert worse.floor_ms == good.floor_ms
        assert worse.stages[stage] >= good.stages[stage] + 200


def test_the_expectation_is_the_longer_of_wait_and_preparation() -> None:
    """Preparing takes 150 + 375 + 70 + 150 ms. A long wait hides it; with `off` it comes after the decision."""
    rules = TurnTaking().tuned(speculate_lead_ms=700, commit_after_ms=200, commit_lead_ms=400)
    assert expected(380, QUICK, rules) == 150 + 375 + 70 + 150 + OWN_MS
    assert expected(1_300, QUICK, rules) == TAIL_MS + 1_300 + OWN_MS
    off = replace(rules, speculate="off")
    assert expected(380, SLOW, off) == TAIL_MS + 200 + 380 + 375 + 70 + 200 + OWN_MS


def test_latencies_are_within_the_spread_and_the_same_for_the_same_request() -> None:
    """They can be computed again from the record of a call; other requests get other latencies."""
    varying = SETTINGS["varying"]
    drawn = [varying.llm("+1", f"words {n}").first_token_ms for n in range(200)]
    assert min(drawn) >= 240
    assert max(drawn) <= 560
    assert min(drawn) < 260
    assert max(drawn) > 540
    assert drawn[0] == varying.llm("+1", "words 0").first_token_ms
    assert SETTINGS["steady"].first_byte("anything") == 100
    assert SETTINGS["steady"].sentence_ms("All right, Ann. When?") == 2 * 1_000 // 60


def clip(name: str, ms: int, *words: tuple[str, int]) -> KnownClip:
    """A first frame that is unique to the clip, 180 ms of silence, a tone of `ms`, and 600 ms of silence. The ends of
    words count from the start of the tone."""
    mark = name.encode().ljust(160, b"\xfe")
    spoken = tuple(SpokenWord(word, end + 200) for word, end in words)
    return KnownClip(name, mark + silence(180) + tones.sine(300, ms) + silence(600), spoken)


YES = clip("yes", 600, ("Yes", 300), ("please.", 600))
DAY = clip("day", 900, ("On", 200), ("Monday", 600), ("please.", 900))


async def test_the_stt_identifies_a_recording_by_its_first_frame() -> None:
    """Words are known when their last frame has been heard; a commit takes them. The latency is the recording's."""
    stt = ClipStt({YES.first_frame: YES}, SETTINGS["varying"].stt)
    stt.hear(silence(1_000) + YES.pcmu[: 480 * 8])
    assert await stt.partial() == ""
    stt.hear(YES.pcmu[480 * 8 : 800 * 8])
    assert await stt.commit() == ("yes please", [("yes", 1.0, 1.5), ("please", 1.5, 1.8)])
    assert await stt.partial() == ""
    assert stt.latency == SETTINGS["varying"].stt("yes")


def utterances() -> list[Utterance]:
    return [
        Utterance(YES, "Shall I book it?", 800, 800, gap_ms=200),
        Utterance(DAY, "When would you like to come?", 1_100, 1_100, gap_ms=200),
    ]


async def test_whole_calls_give_latencies_above_a_floor_for_each_mode() -> None:
    """Every turn is found, none is answered before its floor, and speculation makes the answers faster."""
    modes = {mode: TurnTaking(speculate=mode) for mode in ("speech", "off")}
    talkers = callers(utterances(), modes, at_once=1)
    results = await measure(talkers, SETTINGS["steady"], SteadyClock(speed=20), LoudnessDetector)
    for result in results.values():
        assert [x.name for x in result.answers] == ["yes", "day"]
        assert all(x.above_ms > -20 and x.total_ms < 1_500 for x in result.answers), result.answers
        assert (result.counts["missed"], result.counts["cut_off"]) == (0, 0)
    speech, off = (table(results[mode]) for mode in ("speech", "off"))
    assert speech["total"]["p50"] + 100 < off["total"]["p50"]
    assert 2 <= speech["speculations"] <= 3  # one of them may be for words that are not the last ones
    assert off["speculations"] == 0
    assert off["extra_llm_per_turn"] == 0
    assert "speculations dropped" in show({"steady": {"speech": speech, "off": off}})


def test_the_bench_computes_expectations_without_measuring(capsys: pytest.CaptureFixture[str]) -> None:
    """`scripts/bench latency --expect`."""
    cli.main(["latency", "--expect"])
    assert f"| the shortest: an entry that is complete | {TurnTaking().shortest_wait_ms} |" in capsys.readouterr().out
    cli.main(["latency", "--expect", "--rule", "shortest_wait_ms=500"])
    assert "| the shortest: an entry that is complete | 500 |" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main(["latency", "--expect", "--rule", "finishd_ms=500"])
    assert "finishd_ms" in capsys.readouterr().err
