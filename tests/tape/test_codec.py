"""Events and actions as data: encoded by name and fields, decoded exactly, and errors that say what is wrong."""

from __future__ import annotations

import dataclasses
import importlib
import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.history import AgentSaid, CallerSaid
from telephony.core.policy import Expects, Policy, TurnTaking
from telephony.tape import codec
from telephony.tape import writer as write_module
from telephony.tape.codec import CLASSES, VOCABULARY, BadTape, Decoder, Encoder
from telephony.tape.format import Header, from_plain, plain
from telephony.tape.writer import write

AUDIO: dict[int, bytes] = {}


def put(owner: str, pcmu: bytes) -> int:
    AUDIO[len(AUDIO)] = pcmu
    return len(AUDIO) - 1


def there_and_back(value: object, vocabulary: dict[str, list[str]] | None = None) -> object:
    data = json.loads(json.dumps(Encoder(put).encode(value)))
    return Decoder(AUDIO.__getitem__, vocabulary or VOCABULARY).decode(data)


@given(st.one_of([st.from_type(CLASSES[name]) for name in sorted(CLASSES)]))
def test_every_event_and_action_comes_back_as_it_was(value: object) -> None:
    """Every class that `Event` and `Action` reach, with any values."""
    assert there_and_back(value) == value


def test_a_plain_frame_is_written_as_any_step_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fast path for plain frames, which nearly all steps are, writes the same bytes."""
    frames = [e.AudioReceived(bytes([n]) * 160, n * 20, None if n % 3 else n, -n) for n in range(5)]
    made = [Step(n, n * 20, frame, (a.Transcribe(frame.pcmu),)) for n, frame in enumerate(frames)]
    write(tmp_path / "short", Header(), made)
    monkeypatch.setattr(write_module, "PLAIN_FRAMES", False)
    write(tmp_path / "long", Header(), made)
    for name in ("tape.jsonl", "caller.ulaw"):
        assert (tmp_path / "short" / name).read_bytes() == (tmp_path / "long" / name).read_bytes()


def test_a_history_is_written_once() -> None:
    """Entries kept from the history before are a number; an entry that changed is written again."""
    encoder, long = Encoder(put), CallerSaid("hello " * 100)
    first = a.StartReply(1, (long, AgentSaid("We open", True)))
    then = a.StartReply(2, (long, AgentSaid("We open at nine."), CallerSaid("thanks")))
    data = [encoder.encode(first), encoder.encode(then)]
    new = [["AgentSaid", "We open at nine.", False], ["CallerSaid", "thanks"]]
    assert data[1] == ["StartReply", 2, [1, new], False]
    decoder = Decoder(AUDIO.__getitem__, VOCABULARY)
    assert [decoder.decode(one) for one in data] == [first, then]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (["KeyPressed"], "KeyPressed has 0 values, not 1"),
        (["KeyPressed", 4], "KeyPressed.digit is 4, not str"),
        (["AudioReceived", 0, 1.5, None, -960], "AudioReceived.media_ms is 1.5, not int"),
        (["AudioReceived", 0, True, None, -960], "AudioReceived.media_ms is True, not int"),
        (["AudioReceived", 0, 0, "loud", -960], "AudioReceived.speech is 'loud', not int or nothing"),
        (["SpeechAudio", 1, 1, 0, "a", [70, "x"]], "SpeechAudio.ends_ms"),
        (["TranscriptUpdated", "a", "", 1, [["Phrase", 1]]], "not one of Word"),
        (["StartReply", 1, [3, []], False], "a history is [3, []], with 0 entries before it"),
        (["KeyPresed", "4"], "KeyPresed is not known to this version"),
        ({"KeyPressed": "4"}, "neither an event nor an action"),
        ([], "neither an event nor an action"),
    ],
)
def test_what_does_not_fit_is_named(data: object, what: str) -> None:
    """Lines that were edited by hand or come from elsewhere never decode to another event than the one meant."""
    AUDIO[0] = b""
    with pytest.raises(BadTape) as raised:
        Decoder(AUDIO.__getitem__, VOCABULARY).decode(data)
    assert what in str(raised.value)


def test_a_tape_from_before_a_field_existed_has_its_default() -> None:
    """`ToolWanted.extra` has a default; a missing field without one is an error."""
    old = VOCABULARY | {"ToolWanted": ["turn", "tool_call_id", "name", "arguments"]}
    decoded = Decoder(AUDIO.__getitem__, old).decode(["ToolWanted", 1, "c1", "book", "{}"])
    assert decoded == e.ToolWanted(1, "c1", "book", "{}")
    with pytest.raises(BadTape, match="needs the field 'digit'"):
        Decoder(AUDIO.__getitem__, VOCABULARY | {"KeyPressed": []}).decode(["KeyPressed"])


def test_fields_are_found_by_name_not_by_place() -> None:
    """A tape may come from a version with another order of fields."""
    turned = VOCABULARY | {"Cut": ["why", "words", "turn"]}
    decoded = Decoder(AUDIO.__getitem__, turned).decode(["Cut", "ANSWER", 2, 3])
    assert decoded == d.Cut(3, d.BargeInReason.ANSWER, words=2)


def test_a_field_of_a_newer_version_is_refused_by_name() -> None:
    """It may have affected a decision."""
    newer = VOCABULARY | {"KeyPressed": ["digit", "held_ms"]}
    with pytest.raises(BadTape, match="KeyPressed has no field 'held_ms' in this version"):
        Decoder(AUDIO.__getitem__, newer).decode(["KeyPressed", "1", 80])


class Mood(Enum):
    CALM = 1


@dataclass(frozen=True, slots=True)
class Newcomer:
    mood: Mood
    kind: Literal["a", "b"]
    sound: bytes | None = None
    pair: tuple[int, str] = (1, "x")
    why: tuple[e.Word, ...] | None = None


def test_a_new_class_needs_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enums, literals, optional audio and tuples are supported; floats are refused."""
    monkeypatch.setitem(codec.CLASSES, "Newcomer", Newcomer)
    known = VOCABULARY | {"Newcomer": [field.name for field in dataclasses.fields(Newcomer)]}
    for value in (Newcomer(Mood.CALM, "b"), Newcomer(Mood.CALM, "a", b"\x01", (2, "y"), (e.Word("hi", 0, 100),))):
        assert there_and_back(value, known) == value
    with pytest.raises(BadTape, match="not one of CALM"):
        Decoder(AUDIO.__getitem__, known).decode(["Newcomer", "ANGRY", "a", None, [1, "x"], None])

    Unfit = dataclasses.make_dataclass("Unfit", [("share", float)], frozen=True)
    monkeypatch.setitem(codec.CLASSES, "Unfit", Unfit)
    with pytest.raises(TypeError, match="cannot be put on a tape"):
        Decoder(AUDIO.__getitem__, {"Unfit": ["share"]}).decode(["Unfit", 0.5])


def test_a_policy_comes_back_whole_and_unknown_settings_are_named() -> None:
    """A replay builds the core of the recorded call: missing settings get defaults, unknown ones are refused."""
    policy = Policy(greeting="Hi.", turn_taking=TurnTaking(shortest_wait_ms=700))
    data = json.loads(json.dumps(plain(policy)))
    assert from_plain(Policy, data, "policy") == policy
    del data["limits"]["call_ms"]
    assert from_plain(Policy, data, "policy") == policy
    data["turn_taking"]["patience"] = 3
    with pytest.raises(BadTape, match=r"policy\.turn_taking\.patience is not known"):
        from_plain(Policy, data, "policy")


def test_every_event_and_action_class_can_be_on_a_tape() -> None:
    """Every dataclass of the vocabulary's modules is reached from `Event` or `Action`, but for common bases."""
    modules = {e.__name__, a.__name__, *(CLASSES[name].__module__ for name in CLASSES)}
    declared = {
        name
        for module in modules
        for name, kind in vars(importlib.import_module(module)).items()
        if dataclasses.is_dataclass(kind) and isinstance(kind, type) and kind.__module__ == module
        if not kind.__subclasses__()
    }
    assert declared == set(CLASSES)


CHOICES = {
    TurnTaking: st.builds(TurnTaking, speculate=st.sampled_from(["off", "llm", "speech"])),
    Expects: st.builds(Expects, kind=st.sampled_from(["", "digits", "email"]), turn_taking=st.none()),
}


@given(st.data())
def test_every_setting_of_a_policy_comes_back(data: st.DataObject) -> None:
    """For any fields and values, so that a replay builds exactly the recorded core."""
    for kind, made in CHOICES.items():
        st.register_type_strategy(kind, made)
    policy = data.draw(st.builds(Policy, **{one.name: st.from_type(kind) for one, kind in policy_fields()}))
    assert from_plain(Policy, json.loads(json.dumps(plain(policy))), "policy") == policy


def policy_fields() -> list[tuple[dataclasses.Field[Any], Any]]:
    hints = get_type_hints(Policy)
    return [(one, hints[one.name]) for one in dataclasses.fields(Policy)]
