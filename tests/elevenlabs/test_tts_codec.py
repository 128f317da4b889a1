"""What the speech socket says, however it says it."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from telephony.contracts.alignment import TimedChar
from telephony.elevenlabs import tts_codec as wire
from telephony.elevenlabs.tts_contexts import Contexts

PCMU = b"\x7f\xfb\xff" * 33 + b"\x7f"
AUDIO = b64encode(PCMU).decode()
TIMES = {"charStartTimesMs": [0, 70], "charDurationsMs": [70, 90]}
HI = {"chars": ["H", "i"]} | TIMES
PLACED = (TimedChar("H", 0, 70), TimedChar("i", 70, 160))
UNUSABLE: dict[str, Any] = {
    "null": None,
    "of nothing": {"chars": [], "charStartTimesMs": [], "charDurationsMs": []},
    "of nulls": {"chars": None, "charStartTimesMs": None, "charDurationsMs": None},
    "of two lengths": {"chars": ["H"]} | TIMES,
    "of words": {"chars": ["H", "i"], "charStartTimesMs": ["a", "b"], "charDurationsMs": [1, 1]},
    "a text": "none",
}


@pytest.mark.parametrize("unusable", UNUSABLE.values(), ids=UNUSABLE.keys())
@pytest.mark.parametrize("name", ["normalizedAlignment", "normalized_alignment"])
def test_the_other_alignment_serves_if_one_cannot_be_used(unusable: Any, name: str) -> None:
    message = {"audio": AUDIO, "contextId": "t1", "alignment": unusable, name: HI}
    assert wire.decode(json.dumps(message)) == wire.Audio("t1", PCMU, PLACED)


def test_times_may_be_texts() -> None:
    block = HI | {"charStartTimesMs": ["0", "70.0"], "charDurationsMs": ["70", "90.4"]}
    assert wire.decode(json.dumps({"audio": AUDIO, "contextId": "t1", "alignment": block})) == wire.Audio(
        "t1", PCMU, PLACED
    )


@pytest.mark.parametrize(
    "text",
    [AUDIO, AUDIO.rstrip("="), AUDIO[:76] + "\r\n" + AUDIO[76:], urlsafe_b64encode(PCMU).decode()],
    ids=["strict", "unpadded", "in lines", "for URLs"],
)
def test_base64_may_be_of_any_kind(text: str) -> None:
    assert wire.decode(json.dumps({"audio": text, "contextId": "t1"})) == wire.Audio("t1", PCMU)


@pytest.mark.parametrize("text", ["/w", "/w==", "!!!!", [1], 7, "\u00e9"])
def test_what_is_no_base64_is_not_played(text: Any) -> None:
    read = wire.decode(json.dumps({"audio": text, "contextId": "t1"}))
    assert read == (wire.Audio("t1", b"\xff") if text in ("/w", "/w==") else wire.Malformed("bad base64"))


@pytest.mark.parametrize("more", [{"code": None}, {"code": 0}, {"type": "info"}, {"error": None, "code": None}])
def test_a_message_without_a_code_or_slug_is_no_fault(more: dict[str, Any]) -> None:
    assert wire.decode(json.dumps({"message": "careful"} | more)) == wire.Ignored()


@pytest.mark.parametrize("name", [{}, {"contextId": None}, {"contextId": ""}])
def test_a_message_without_an_id_is_of_the_only_context(name: dict[str, Any]) -> None:
    """Of several, it is of none."""
    audio, final = (wire.decode(json.dumps(body | name)) for body in ({"audio": AUDIO}, {"isFinal": True}))
    assert isinstance(audio, wire.Audio)
    assert isinstance(final, wire.Final)
    contexts = Contexts({})
    assert contexts.audio(audio, 0) is None
    contexts.speak((1, 1), "Hi. ", 0)
    assert contexts.audio(audio, 0) == ((1, 1), "", ())
    contexts.speak((2, 1), "Yes. ", 0)
    assert contexts.audio(audio, 0) is None
    assert contexts.final(final, 0) == (None, [])
    assert contexts.final(wire.Final("t1"), 0)[0] == (1, 1)
    assert contexts.final(final, 0)[0] == (2, 1)


# --- the usual form -------------------------------------------------------------------------------------------------

TIME = some.one_of(
    some.integers(-10, 500),
    some.sampled_from([70.0, 70.9, "70", None, True, 10**7, -(10**7), 10**7 - 1, 10**30, float("inf"), float("nan")]),
)
CHARS = some.one_of(some.characters(), some.sampled_from(["", "in", "\u0130", "\ud83d", " ", None, 7]))
BLOCK = some.one_of(
    some.none(),
    some.sampled_from(list(UNUSABLE.values())),
    some.lists(some.tuples(some.characters(codec="utf-8"), some.integers(0, 900), some.integers(0, 90))).map(
        lambda items: {name: [item[n] for item in items] for n, name in enumerate(HI)}
    ),
    some.fixed_dictionaries({"chars": some.lists(CHARS, max_size=3)}, optional={
        "charStartTimesMs": some.lists(TIME, max_size=3), "charDurationsMs": some.lists(TIME, max_size=3),
        "char_start_times_ms": some.just([0, 1]), "more": some.none(),
    }),
)  # fmt: skip
BASE64: some.SearchStrategy[Any] = some.one_of(
    some.binary(max_size=40).map(lambda pcmu: b64encode(pcmu).decode()),
    some.text("/w=+-_A \n", max_size=8),
    some.sampled_from([None, 7, [], "", "\u00e9", b64encode(b"ID3\x04").decode(), b64encode(b"{ no audio").decode()]),
)
FLAG = some.sampled_from([True, False, None, 1, "true"])
MESSAGE = some.fixed_dictionaries({"audio": BASE64, "contextId": some.sampled_from(["t1", "t7-2"]), "alignment": BLOCK},
    optional={
        "isFinal": FLAG, "is_final": FLAG, "context_id": some.just("t9"), "normalizedAlignment": BLOCK,
        "normalized_alignment": BLOCK, "error": some.sampled_from(["quota_exceeded", None]),
        "more": some.recursive(some.none() | some.text(max_size=3), lambda inner: some.lists(inner, max_size=2)),
    },
)  # fmt: skip


@given(
    MESSAGE, some.dictionaries(some.sampled_from(["contextId", "isFinal", "audio"]), some.sampled_from([None, "", 5]))
)
def test_the_usual_form_is_decoded_as_any_other(message: dict[str, Any], odd: dict[str, Any]) -> None:
    """The short way gives what the long way gives, or nothing."""
    for text in (json.dumps(message), json.dumps(message | odd), json.dumps(message, ensure_ascii=False)):
        assert wire._usual(text) in (None, wire._any(text))
        assert wire.decode(text) == wire._any(text)


@pytest.mark.parametrize("more", [{}, {"isFinal": None}, {"isFinal": True}, {"normalizedAlignment": HI, "more": 1}])
def test_what_the_service_sends_is_of_the_usual_form(more: dict[str, Any]) -> None:
    """With each kind of message that it sends all the time; otherwise the short way would be no use."""
    final = more.get("isFinal") is True
    message = {"audio": AUDIO, "contextId": "t1", "alignment": HI}
    assert wire._usual(json.dumps(message | more)) == wire.Audio("t1", PCMU, PLACED, final)
