"""Text from outside is made valid once: every text can be encoded, and a text in pieces gives the same as the whole."""

from __future__ import annotations

import random
import unicodedata

import pytest

from telephony.valid_text import ValidStream, load, valid


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("We open at nine.", "We open at nine."),
        ("", ""),
        ("caf\ud83d", "caf"),
        ("\ude00 first", " first"),
        ("Great \ud83d\ude00 to hear.", "Great \U0001f600 to hear."),
        ("\ud83d\ud83d\ude00", "\U0001f600"),
        ("a\x00b\x1b[31mc\x7fd\x85e", "ab[31mcd\ne"),
        ("one\r\ntwo\rthree\u2028four\tfive\n", "one\ntwo\nthree\nfour\tfive\n"),
        ("\ufeffcafe\u0301\uffff", "café"),
        ("\u1100\u1161", "\uac00"),
        ("é à 北京 \U0001f468\u200d\U0001f469", "é à 北京 \U0001f468\u200d\U0001f469"),
    ],
)
def test_what_no_text_may_contain_is_removed(given: str, expected: str) -> None:
    assert valid(given) == expected
    assert valid(expected) == expected


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["Great \ud83d", "\ude00 to hear."], ["Great ", "\U0001f600 to hear."]),
        (["Great \ud83d", " to hear."], ["Great ", " to hear."]),
        (["caf", "e", "\u0301 is open."], ["ca", "f", "é is open."]),
        (["one\r", "\ntwo."], ["one", "\ntwo."]),
        (["Hello. ", "Bye!"], ["Hello. ", "Bye!"]),
    ],
)
def test_a_text_in_pieces(pieces: list[str], expected: list[str]) -> None:
    """Only what the next piece may change waits for it; the end of a sentence never does."""
    stream = ValidStream()
    assert [stream.add(piece) for piece in pieces] == expected
    assert stream.rest() == ""


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'"caf\\ud83d"', "caf"),
        (b'"caf\xed\xa0\xbd"', "caf"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\xed\xa0\xbd\xed\xb8\x80"', "\U0001f600"),
        (b'"\\ud83d\xed\xb8\x80"', "\U0001f600"),
        (b'"\\\\ud83d"', "\\ud83d"),
        (b'\xef\xbb\xbf"a"', "a"),
        ('"caf\\ud83d"'.encode("utf-16"), "caf"),
        ('"caf\\ude00 \ud83d"', "caf "),
        ('"a\\u0000 \\u2028?"', "a\x00 \u2028?"),
    ],
)
def test_a_body_has_whole_pairs_only(body: bytes | str, text: str) -> None:
    """However the half is written; nothing else is changed."""
    assert load(body) == text
    if isinstance(body, bytes) and body.startswith(b'"'):
        assert load(b'{"a": [%s]}' % body) == {"a": [text]}


def test_pieces_give_the_same_as_the_whole() -> None:
    """However a text is split."""
    letters = ["a", "e", "\u0301", "\u0308", " ", ".", "\ud83d", "\ude00", "\r", "\n", "\x00", "北", "\u1100", "\u1161"]
    for seed in range(2_000):
        chance = random.Random(seed)
        whole = "".join(chance.choices(letters, k=8))
        first, second = sorted(chance.choices(range(9), k=2))
        stream = ValidStream()
        found = "".join(map(stream.add, (whole[:first], whole[first:second], whole[second:]))) + stream.rest()
        assert found == valid(found), whole
        found.encode()
        assert found == valid(whole), whole
        assert unicodedata.is_normalized("NFC", found), whole
