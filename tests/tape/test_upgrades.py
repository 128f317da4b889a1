"""What `UPGRADES` makes of a tape of an older format, beyond what the tapes in `first_format` hold."""

from __future__ import annotations

from typing import Any

import pytest

from telephony.tape.format import FORMAT
from telephony.tape.upgrades import UPGRADES


def from_1(header: dict[str, Any], *lines: Any) -> tuple[dict[str, Any], list[Any]]:
    """The same in format 2."""
    return UPGRADES[1](header, list(lines))


def test_every_older_format_has_an_upgrade() -> None:
    """Without a gap up to today's."""
    assert sorted(UPGRADES) == list(range(1, FORMAT))


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (["EarsReady"], ["SttReady"]),
        (["EarsLost", "network", True], ["SttLost", "network", True]),
        (["VoiceReady"], ["TtsReady"]),
        (["VoiceLost", "network", True], ["TtsLost", "network", True]),
        (["OutboxOverflowed", "ears", 3], ["OutboxOverflowed", "stt", 3]),
        (["OutboxOverflowed", "managed", 1], ["OutboxOverflowed", "managed", 1]),
        (["CallerSaid", "EarsReady"], ["CallerSaid", "EarsReady"]),
    ],
)
def test_events_of_format_1(then: list[Any], now: list[Any]) -> None:
    """Classes and ports by their new names; what people said stays."""
    assert from_1({}, [0, 1, then, [then]])[1] == [[0, 1, now, [now]]]


@pytest.mark.parametrize(
    ("then", "now"), [("guess", "speculation"), ("guess_used", "speculation_used"), ("cut", "cut")]
)
def test_decisions_of_format_1(then: str, now: str) -> None:
    """By their new names, and their evidence too."""
    old, new = [
        ["Explain", kind, 2, [[name, 400]]] for kind, name in ((then, "patience_ms"), (now, "pause_allowance_ms"))
    ]
    assert from_1({}, [0, 1, ["SttReady"], [old]])[1] == [[0, 1, ["SttReady"], [new]]]


def test_policies_of_format_1() -> None:
    """Also those of single questions, and of either engine."""
    then = {"turn_taking": {"patience_ms": 1, "strange_ms": 2}, "limits": {"keypad_ms": 3, "call_ms": 4}}
    now = {"turn_taking": {"pause_allowance_ms": 1, "wordless_ms": 2}, "limits": {"dtmf_gap_ms": 3, "call_ms": 4}}
    expects = [{"turn_taking": then["turn_taking"]}, {"turn_taking": None}]
    header = {"policy": then | {"expects": expects}, "engine_policy": then, "vocabulary": {"EarsReady": []}}
    assert from_1(header)[0] == {
        "policy": now | {"expects": [{"turn_taking": now["turn_taking"]}, {"turn_taking": None}]},
        "engine_policy": now,
        "vocabulary": {"SttReady": []},
    }


@pytest.mark.parametrize(
    "line", [{"end": {"steps": 3}}, {"lost": 4}, [1], ["Explain"], "x", None, [0, 1, None, [None]]]
)
def test_what_is_not_understood_is_left_to_the_reader(line: Any) -> None:
    """It says what is wrong, with the line's number."""
    assert from_1({"policy": None, "vocabulary": 3}, line)[1] == [line]
