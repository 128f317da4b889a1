"""What `UPGRADES` does to tapes of older formats, in cases that the tapes in `first_format` do not have."""

from __future__ import annotations

from typing import Any

import pytest

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
        (["OutboxOverflowed", "ears", 3], ["OutboxOverflowed", "stt", 3]),
        (["OutboxOverflowed", "managed", 1], ["OutboxOverflowed", "managed", 1]),
        (["CallerSaid", "EarsReady"], ["CallerSaid", "EarsReady"]),
    ],
)
def test_events_of_format_1(then: list[Any], now: list[Any]) -> None:
    """Classes and ports get their new names; texts that people said stay."""
    assert from_1({}, [0, 1, then, [then]])[1] == [[0, 1, now, [now]]]


@pytest.mark.parametrize(
    ("then", "now"), [("guess", "speculation"), ("guess_used", "speculation_used"), ("cut", "cut")]
)
def test_decisions_of_format_1(then: str, now: str) -> None:
    """Decisions and their evidence get their new names."""
    old, new = [
        ["Explain", kind, 2, [[name, 400]]] for kind, name in ((then, "patience_ms"), (now, "pause_allowance_ms"))
    ]
    assert from_1({}, [0, 1, ["SttReady"], [old]])[1] == [[0, 1, ["SttReady"], [new]]]


def test_policies_of_format_1() -> None:
    """Policies of both engines, and of single expected answers, get the new names."""
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
def test_unknown_data_is_left_to_the_reader(line: Any) -> None:
    """The reader then reports it with its line number."""
    assert from_1({"policy": None, "vocabulary": 3}, line)[1] == [line]
