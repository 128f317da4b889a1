"""What `UPGRADES` does to tapes of older formats, in cases that the tapes in `first_format` do not have."""

from __future__ import annotations

from typing import Any

import pytest

from telephony.tape.codec import VOCABULARY
from telephony.tape.format import FORMAT
from telephony.tape.upgrades import UPGRADES


def from_1(header: dict[str, Any], *lines: Any) -> tuple[dict[str, Any], list[Any]]:
    """A header and lines of format 1, upgraded to format 2."""
    return UPGRADES[1](header, list(lines))


def test_every_older_format_has_an_upgrade() -> None:
    """There is no gap up to the current format."""
    assert sorted(UPGRADES) == list(range(1, FORMAT))


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (["EarsReady"], ["SttReady"]),
        (["EarsLost", "network", True], ["SttLost", "network", True]),
        (["VoiceReady"], ["TtsReady"]),
        (["VoiceLost", "network", True], ["TtsLost", "network", True]),
        (["TellManaged", "user_activity", ""], ["SendToManaged", "user_activity", ""]),
        (["EndCall", "voice_failed", "Bye."], ["EndCall", "tts_failed", "Bye."]),
        (["OutboxOverflowed", "ears", 3], ["OutboxOverflowed", "stt", 3]),
        (["OutboxOverflowed", "managed", 1], ["OutboxOverflowed", "managed", 1]),
        (["CallerLeft", "stop"], ["CallerLeft", "STOP"]),
        (["CallerLeft", ""], ["CallerLeft", "CLOSED"]),
        (["ManagedClosed", 1006, "managed_lost", "x"], ["ManagedClosed", 1006, "MANAGED_LOST", "x"]),
        (["ReplyEnded", 2, "length"], ["ReplyEnded", 2, "LENGTH"]),
        (["ReplyEnded", 2, "tool_calls"], ["ReplyEnded", 2, "OTHER"]),
        (["ReplyFailed", 2, "provider_busy", True], ["ReplyFailed", 2, "provider_busy", "BUSY"]),
        (["ReplyFailed", 2, "provider_timeout", True], ["ReplyFailed", 2, "provider_timeout", "OTHER"]),
        (["CallerSaid", "EarsReady"], ["CallerSaid", "EarsReady"]),
    ],
)
def test_events_of_format_1(then: list[Any], now: list[Any]) -> None:
    """Classes, ports and fixed words get their new names; texts that people said stay."""
    assert from_1({}, [0, 1, then, [then]])[1] == [[0, 1, now, [now]]]


@pytest.mark.parametrize(
    ("then", "because", "now"),
    [
        ("guess", {"words": 3}, ["SpeculationBegun", 2, 3]),
        ("guess_used", {"ahead_ms": 300}, ["SpeculationUsed", 2, 300]),
        ("guess_dropped", {"why": "other words"}, ["SpeculationDropped", 2, "OTHER_WORDS", ""]),
        ("guess_dropped", {"why": "provider_busy"}, ["SpeculationDropped", 2, "FAILED", "provider_busy"]),
        ("cut", {"why": "key"}, ["Cut", 2, "KEY", None, None, None, None]),
        ("cut", {"why": "managed", "event_id": 7}, ["PlatformCut", 2, 7]),
        ("ignored", {"event_id": 7, "why": "stale_interruption"}, ["StaleInterruption", 2, 7]),
        (
            "resume",
            {"why": "no words in it", "voice_ms": 1, "burst_ms": 2, "silence_ms": 3, "words": 4},
            ["Resumed", 2, "ENDLESS", 1, 2, 3, 4],
        ),
        (
            "end_of_turn",
            {"why": "digits nearly complete", "wait_ms": 1, "silence_ms": 2, "voice_ms": 3, "patience_ms": 4,
             "transcript": "final", "expected": "digits"},
            ["TurnEnded", 2, "NEARLY_COMPLETE", 1, 2, 3, 4, "final", "digits", "digits"],
        ),
        (
            "not_heard",
            {"why": "unheard", "wait_ms": 1, "silence_ms": 2, "voice_ms": 3, "patience_ms": 4, "transcript": "none"},
            ["NotHeard", 2, "UNHEARD", 1, 2, 3, 4, "none", "", ""],
        ),
        ("ending", {"reason": "voice_failed"}, ["CallEnding", 2, "tts_failed"]),
        ("still_there", {}, ["StillThereAsked", 2]),
    ],
)  # fmt: skip
def test_decisions_of_format_1(then: str, because: dict[str, Any], now: list[Any]) -> None:
    """Each has a class of its own, and its evidence by place."""
    old = ["Explain", then, 2, [[name, value] for name, value in because.items()]]
    header, lines = from_1({"vocabulary": {"Explain": ["what", "turn", "because"]}}, [0, 1, ["SttReady"], [old]])
    assert lines == [[0, 1, ["SttReady"], [now]]]
    assert len(header["vocabulary"][now[0]]) == len(now) - 1


@pytest.mark.parametrize("name", sorted(VOCABULARY.keys() & from_1({"vocabulary": {}})[0]["vocabulary"].keys()))
def test_decisions_have_the_fields_of_format_2(name: str) -> None:
    """In their order; later fields come after them."""
    then = from_1({"vocabulary": {}})[0]["vocabulary"][name]
    assert VOCABULARY[name][: len(then)] == then


def test_turn_taking_of_format_1() -> None:
    """A few numbers stay in front, the others are tuning; waits that follow from these few are not written out."""
    waits = {"finished_ms": 380, "trailing_ms": 1_300, "likely_ms": 840, "open_ms": 940, "entry_ms": 1_100}
    then = waits | {"unheard_ms": 700, "silence_ms": 640, "voiced_at": 400, "onset_ms": 32}
    found = from_1({"policy": {"turn_taking": then | {"open_ms": 941}}})[0]["policy"]["turn_taking"]
    assert found.pop("tuning") == dict.fromkeys(("likely_ms", "entry_ms", "unheard_ms", "silence_ms")) | {
        "open_ms": 941,
        "onset_ms": 32,
    }
    assert found == {"shortest_wait_ms": 380, "longest_wait_ms": 1_300, "voiced_at": 400}


def test_policies_of_format_1() -> None:
    """Policies of both engines, and of single expected answers, get the new names."""
    then = {"turn_taking": {"patience_ms": 1, "strange_ms": 2}, "limits": {"keypad_ms": 3, "call_ms": 4}}
    now = {
        "turn_taking": {"tuning": {"pause_allowance_ms": 1, "wordless_ms": 2}},
        "limits": {"dtmf_gap_ms": 3, "call_ms": 4},
    }
    expects = [{"turn_taking": then["turn_taking"]}, {"turn_taking": None}]
    header = {"policy": then | {"expects": expects}, "engine_policy": then, "vocabulary": {"EarsReady": []}}
    assert from_1(header)[0] == {
        "policy": now | {"expects": [{"turn_taking": now["turn_taking"]}, {"turn_taking": None}]},
        "engine_policy": now,
        "vocabulary": from_1({"vocabulary": {}})[0]["vocabulary"] | {"SttReady": []},
    }


FINAL = ["TranscriptFinal", 1, "One two.", [["Word", "One", 0, 200]]]


def updated(*events: Any, actions: Any = (), header: Any = None) -> list[Any]:
    """The events of format 3 for those of format 2, after which `actions` come with the first."""
    lines = [[number, number * 20, event, [] if number else [*actions]] for number, event in enumerate(events)]
    found = UPGRADES[2](header or {}, lines)[1]
    assert [[line[:2], line[3]] for line in found] == [[line[:2], line[3]] for line in lines]
    return [line[2] for line in found]


def test_transcripts_of_format_2() -> None:
    """Partials are tentative, finals stable. Where the core dropped a repeat, an event stays that changes nothing."""
    then = [["TranscriptPartial", "one too"], FINAL, FINAL, ["TranscriptPartial", "one too"], ["SttReady"]]
    assert updated(*then, actions=[["CommitTranscript", 1]]) == [
        ["TranscriptUpdated", "", "one too", 0, []],
        ["TranscriptUpdated", "One two.", "", 1, [["Word", "One", 0, 200]]],
        ["TranscriptUpdated", "", "", 0, []],
        ["TranscriptUpdated", "", "", 0, []],
        ["SttReady"],
    ]


@pytest.mark.parametrize(("voiced_at", "text"), [(None, "one"), (500, "one"), (501, "")])
def test_voice_of_format_2(voiced_at: int | None, text: str) -> None:
    """Windows of the detector say, by the tape's rule, whether known words were said again."""
    voice = [["AudioReceived", ["caller", 0, 160], 0, 500, -200]] * 4
    header = {"policy": {"turn_taking": {"voiced_at": voiced_at}}} if voiced_at else {"policy": None}
    then = [["TranscriptFinal", 0, "one", []], *voice, ["TranscriptPartial", "one"]]
    assert updated(*then, header=header)[-1] == ["TranscriptUpdated", "", text, 0, []]


def test_refused_commits_of_format_2() -> None:
    """The words stay with the open segment."""
    then = [["TranscriptPartial", "one"], ["CommitRefused", 1], ["TranscriptPartial", "one two three"]]
    assert updated(*then, actions=[["CommitTranscript", 1]])[1:] == [
        ["CommitRefused", 1],
        ["TranscriptUpdated", "", "one two three", 0, []],
    ]


def test_the_vocabulary_of_format_3() -> None:
    """One class in place of two."""
    header, _ = UPGRADES[2]({"vocabulary": {"TranscriptPartial": ["text"], "TranscriptFinal": [], "SttReady": []}}, [])
    assert header["vocabulary"] == {"SttReady": [], "TranscriptUpdated": VOCABULARY["TranscriptUpdated"]}


@pytest.mark.parametrize("made", [1, 2])
@pytest.mark.parametrize(
    "line", [{"end": {"steps": 3}}, {"lost": 4}, [1], ["Explain"], "x", None, [0, 1, None, [None]]]
)
def test_unknown_data_is_left_to_the_reader(line: Any, made: int) -> None:
    """The reader then reports it with its line number."""
    assert UPGRADES[made]({"policy": None, "vocabulary": 3}, [line])[1] == [line]
