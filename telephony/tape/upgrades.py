"""Upgrades tapes of older formats to the current one. Pure.

`UPGRADES[n]` turns the header and the lines of a tape of format n into those of format n + 1; the reader applies them
in order. They work on parsed JSON before any class is decoded, and leave data that they do not recognise unchanged, so
that the reader reports it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Data: TypeAlias = Any
"""Anything that JSON can hold."""
Upgrade = Callable[[dict[str, Data], list[Data]], tuple[dict[str, Data], list[Data]]]

# --- format 1 -> 2: the field's own names ---------------------------------------------------------------------------

_CLASSES = {"EarsReady": "SttReady", "EarsLost": "SttLost", "VoiceReady": "TtsReady", "VoiceLost": "TtsLost"}
_EXPLAINED = {"guess": "speculation", "guess_dropped": "speculation_dropped", "guess_used": "speculation_used"}
_EVIDENCE = {"patience_ms": "pause_allowance_ms"}
_PORTS = {"ears": "stt", "mind": "llm", "voice": "tts"}
_TURN_TAKING = {"patience_ms": "pause_allowance_ms", "strange_ms": "wordless_ms"}
_LIMITS = {"keypad_ms": "dtmf_gap_ms"}


def _renamed(data: Data, names: dict[str, str]) -> Data:
    return {names.get(key, key): value for key, value in data.items()} if isinstance(data, dict) else data


def _policy(data: Data) -> Data:
    """The policy of either engine, with the names of format 2."""
    if not isinstance(data, dict):
        return data
    parts = {"turn_taking": _TURN_TAKING, "limits": _LIMITS}
    data = {key: _renamed(value, parts[key]) if key in parts else value for key, value in data.items()}
    if isinstance(expects := data.get("expects"), list):
        data["expects"] = [_policy(one) for one in expects]
    return data


def _item(data: Data) -> Data:
    """An event or action with the names of format 2."""
    match data:
        case ["Explain", str(what), turn, list(because)]:
            pairs = [[_EVIDENCE.get(one[0], one[0]), *one[1:]] if _is_pair(one) else one for one in because]
            return ["Explain", _EXPLAINED.get(what, what), turn, pairs]
        case ["OutboxOverflowed", str(port), *rest]:
            return ["OutboxOverflowed", _PORTS.get(port, port), *rest]
        case [str(name), *rest]:
            return [_CLASSES.get(name, name), *rest]
    return data


def _is_pair(data: Data) -> bool:
    return isinstance(data, list) and len(data) == 2 and isinstance(data[0], str)


def _line(data: Data) -> Data:
    match data:
        case [number, now, event, list(actions)]:
            return [number, now, _item(event), [_item(action) for action in actions]]
    return data


def _from_1(header: dict[str, Data], lines: list[Data]) -> tuple[dict[str, Data], list[Data]]:
    header = {
        **header,
        "policy": _policy(header.get("policy", {})),
        "engine_policy": _policy(header.get("engine_policy", {})),
        "vocabulary": _renamed(header.get("vocabulary"), _CLASSES),
    }
    return header, [_line(line) for line in lines]


UPGRADES: dict[int, Upgrade] = {1: _from_1}
