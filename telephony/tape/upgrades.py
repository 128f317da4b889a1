"""Upgrades tapes of older formats to the current one. Pure.

`UPGRADES[n]` turns the header and the lines of a tape of format n into those of format n + 1; the reader applies them
in order. They work on parsed JSON before any class is decoded, and leave data that they do not recognise unchanged, so
that the reader reports it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from telephony.contracts.transcripts import Transcripts
from telephony.core.events import TranscriptUpdated

Data: TypeAlias = Any
"""Anything that JSON can hold."""
Upgrade = Callable[[dict[str, Data], list[Data]], tuple[dict[str, Data], list[Data]]]

# --- format 1 -> 2: the field's own names ---------------------------------------------------------------------------

_CLASSES = {
    "EarsReady": "SttReady", "EarsLost": "SttLost", "VoiceReady": "TtsReady", "VoiceLost": "TtsLost",
    "OperatorTold": "OperatorMessage", "TellManaged": "SendToManaged", "ManagedHeard": "ManagedTranscript",
}  # fmt: skip
_FAILED = ["turn", "code", "fault"]
_REASONS = {"voice_failed": "tts_failed"}
_UTTERANCE = ("why", "wait_ms", "silence_ms", "voice_ms", "pause_allowance_ms", "transcript", "entry", "expected")
_SOUND = ("why", "voice_ms", "burst_ms", "silence_ms", "words")
_DECISIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "end_of_turn": ("TurnEnded", _UTTERANCE),
    "ignored": ("Ignored", _UTTERANCE),
    "not_heard": ("NotHeard", _UTTERANCE),
    "hold": ("Held", _SOUND),
    "cut": ("Cut", _SOUND),
    "resume": ("Resumed", _SOUND),
    "guess": ("SpeculationBegun", ("words",)),
    "guess_used": ("SpeculationUsed", ("ahead_ms",)),
    "guess_dropped": ("SpeculationDropped", ("why", "code")),
    "filler": ("FillerSaid", ("waited_ms",)),
    "apology": ("Apologised", ("why", "in_a_row")),
    "still_there": ("StillThereAsked", ()),
    "time_warning": ("TimeWarned", ()),
    "ending": ("CallEnding", ("reason",)),
    "marks_missing": ("MarksMissing", ()),
    "managed_opened": ("PlatformOpened", ("input", "output", "conversation_id")),
    "managed_failed": ("PlatformFailed", ("why",)),
    "corrected": ("CorrectedLate", ()),
}
"""What `Explain` said -> the class of format 2, and its fields behind the turn."""
_PLATFORM = {"cut": "PlatformCut", "ignored": "StaleInterruption"}
"""The same, where a managed agent's platform decided: the field behind the turn is `event_id`."""
_WAITS = {
    "unheard": "UNHEARD", "silence": "SILENCE", "trailing": "TRAILING", "greeting": "GREETING", "finished": "FINISHED",
    "likely": "LIKELY", "details to come": "DETAILS", "told": "TOLD", "open": "OPEN",
}  # fmt: skip
_ENTRIES = {"nearly complete": "NEARLY_COMPLETE", "complete": "COMPLETE", "under way": "UNDER_WAY"}
_INTERRUPTIONS = {
    "": "NONE", "voice": "VOICE", "words": "WORDS", "answer": "ANSWER", "key": "KEY", "backchannel": "BACKCHANNEL",
    "echo": "ECHO", "too short": "TOO_SHORT", "no words": "NO_WORDS", "no words in it": "ENDLESS",
    "nothing left": "NOTHING_LEFT", "protected": "PROTECTED", "already restarted": "RESTARTED",
}  # fmt: skip
_DROPS = {
    "other words": "OTHER_WORDS", "no words": "NO_WORDS", "empty": "EMPTY", "no voice": "NO_SPEECH", "cut": "CUT",
    "phrase": "PHRASE",
}  # fmt: skip
_FINISHES = {"stop": "STOP", "length": "LENGTH", "content_filter": "CONTENT_FILTER"}
_EVIDENCE = {"patience_ms": "pause_allowance_ms"}
_PORTS = {"ears": "stt", "mind": "llm", "voice": "tts"}
_TURN_TAKING = {"patience_ms": "pause_allowance_ms", "strange_ms": "wordless_ms"}
_FRONT = {"finished_ms": "shortest_wait_ms", "trailing_ms": "longest_wait_ms"}
_OWN = ("shortest_wait_ms", "longest_wait_ms", "hold_after_ms", "cut_after_ms", "resume_after_ms", "voiced_at",
        "speculate", "speculations")  # fmt: skip
_BETWEEN = {"likely_ms": 500, "open_ms": 609, "entry_ms": 783, "unheard_ms": 348, "silence_ms": 283}
_LIMITS = {"keypad_ms": "dtmf_gap_ms"}


def _renamed(data: Data, names: dict[str, str]) -> Data:
    return {names.get(key, key): value for key, value in data.items()} if isinstance(data, dict) else data


def _policy(data: Data) -> Data:
    """The policy of either engine, with the names of format 2."""
    if not isinstance(data, dict):
        return data
    parts = {"turn_taking": _TURN_TAKING, "limits": _LIMITS}
    data = {key: _renamed(value, parts[key]) if key in parts else value for key, value in data.items()}
    if isinstance(rules := data.get("turn_taking"), dict) and "tuning" not in rules:
        data["turn_taking"] = _turn_taking(rules)
    if isinstance(expects := data.get("expects"), list):
        data["expects"] = [_policy(one) for one in expects]
    return data


def _turn_taking(data: dict[str, Data]) -> Data:
    """A few numbers stay in front; the others are tuning. A wait that follows from the shortest and the longest is not
    written out."""
    data = {_FRONT.get(name, name): value for name, value in data.items()}
    tuning = {name: data.pop(name) for name in [*data] if name not in _OWN}
    shortest, longest = data.get("shortest_wait_ms", 380), data.get("longest_wait_ms", 1_300)
    for name, thousandths in _BETWEEN.items():
        if tuning.get(name) == shortest + thousandths * (longest - shortest) // 1_000:
            tuning[name] = None
    return {**data, "tuning": tuning}


def _vocabulary(data: Data) -> Data:
    """The classes of format 2: decisions are classes of their own."""
    if not isinstance(data, dict):
        return data
    decisions = {name: ["turn", *wanted] for name, wanted in _DECISIONS.values()}
    platform = {name: ["turn", "event_id"] for name in _PLATFORM.values()}
    failed = {"ReplyFailed": _FAILED} if "ReplyFailed" in data else {}
    return {**_renamed(data, _CLASSES), **decisions, **platform, **failed}


def _item(data: Data) -> Data:
    """An event or action with the names of format 2."""
    match data:
        case ["Explain", str(what), turn, list(because)] if what in _DECISIONS and all(map(_is_pair, because)):
            return _decision(what, turn, {_EVIDENCE.get(name, name): value for name, value in because})
        case ["EndCall", str(reason), *rest]:
            return ["EndCall", _REASONS.get(reason, reason), *rest]
        case ["OutboxOverflowed", str(port), *rest]:
            return ["OutboxOverflowed", _PORTS.get(port, port), *rest]
        case ["CallerLeft", str(how)]:
            return ["CallerLeft", how.upper() or "CLOSED"]
        case ["ManagedClosed", code, str(cause), *rest]:
            return ["ManagedClosed", code, cause.upper(), *rest]
        case ["ReplyEnded", turn, str(finish)]:
            return ["ReplyEnded", turn, _FINISHES.get(finish, "OTHER")]
        case ["ReplyFailed", turn, code, bool()]:
            return ["ReplyFailed", turn, code, "BUSY" if code == "provider_busy" else "OTHER"]
        case [str(name), *rest]:
            return [_CLASSES.get(name, name), *rest]
    return data


def _decision(what: str, turn: Data, because: dict[str, Data]) -> Data:
    """A decision of format 2."""
    if what in _PLATFORM and "event_id" in because:
        return [_PLATFORM[what], turn, because["event_id"]]
    name, wanted = _DECISIONS[what]
    why = str(because.get("why", ""))
    if wanted is _UTTERANCE:
        entry = next((end for end in _ENTRIES if why.endswith(f" {end}")), "")
        kind = why.removesuffix(entry).strip() if entry else ""
        because |= {"why": _ENTRIES[entry] if entry else _WAITS.get(why, why), "entry": kind}
        because.setdefault("expected", "")
    elif wanted is _SOUND:
        because["why"] = _INTERRUPTIONS.get(why, why)
    elif name == "CallEnding":
        because["reason"] = _REASONS.get(str(because.get("reason")), because.get("reason"))
    elif name == "SpeculationDropped":
        because |= {"why": _DROPS.get(why, "FAILED"), "code": "" if why in _DROPS else why}
    return [name, turn, *(because.get(one) for one in wanted)]


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
        "vocabulary": _vocabulary(header.get("vocabulary")),
    }
    return header, [_line(line) for line in lines]


# --- format 2 -> 3: each word of a transcript once --------------------------------------------------------------------

_VOICED_AT, _WINDOW_MS = 400, 32


def _from_2(header: dict[str, Data], lines: list[Data]) -> tuple[dict[str, Data], list[Data]]:
    """The port's judgement of what a transcript repeats, over the events that the core judged before. An event that
    says nothing new stays as one that changes nothing, because time passes with it."""
    if isinstance(known := header.get("vocabulary"), dict):
        known = {name: fields for name, fields in known.items() if name not in ("TranscriptPartial", "TranscriptFinal")}
        header = {**header, "vocabulary": known | {"TranscriptUpdated": ["stable", "tentative", "commit", "words"]}}
    policy = header.get("policy")
    rules = policy.get("turn_taking") if isinstance(policy, dict) else None
    transcripts = _Transcripts(rules.get("voiced_at", _VOICED_AT) if isinstance(rules, dict) else _VOICED_AT)
    return header, [transcripts.line(line) for line in lines]


class _Transcripts:
    """The events of format 3 in place of those of format 2, line by line."""

    def __init__(self, voiced_at: int) -> None:
        self._voiced_at = voiced_at
        self._transcripts, self._tentative = Transcripts(), ""

    def line(self, data: Data) -> Data:
        match data:
            case [number, now, event, list(actions)]:
                data = [number, now, self._event(event), actions]
                for action in actions:
                    match action:
                        case ["CommitTranscript", int(commit)]:
                            self._transcripts.committed(commit)
        return data

    def _event(self, data: Data) -> Data:
        match data:
            case ["AudioReceived", _, _, int(speech), *_] if speech >= self._voiced_at:
                self._transcripts.voiced(_WINDOW_MS)
            case ["CommitRefused", int(commit)]:
                self._transcripts.refused(commit)
            case ["TranscriptPartial", str(text)]:
                return self._updated(self._transcripts.partial(text))
            case ["TranscriptFinal", int(commit), str(text), list(timed)]:
                return self._updated(self._transcripts.final(commit, text, tuple(timed)))
        return data

    def _updated(self, events: list[TranscriptUpdated]) -> Data:
        event = events[0] if events else TranscriptUpdated("", self._tentative)
        self._tentative = event.tentative
        return ["TranscriptUpdated", event.stable, event.tentative, event.commit, list(event.words)]


UPGRADES: dict[int, Upgrade] = {1: _from_1, 2: _from_2}
