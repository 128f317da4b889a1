"""What is left of a stranger's text in the log: the error, without keys, numbers and somebody's words."""

from __future__ import annotations

import base64
import string
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as some

from telephony.log_redaction import LIMIT, identifier, said, without_secrets, without_words

KEY = "xi-4f9a77c0ffee"


@pytest.mark.parametrize(
    "sentence",
    [
        "A voice with the given voice_id does not exist",
        "Maximum simultaneous contexts per WebSocket connection exceeded (5)",
        "Model 'eleven_v3' is not available on this endpoint",
        "You exceeded your current quota, please check your plan and billing details.",
        "This request exceeds your quota. You have 0 credits remaining, while 62 credits are required.",
        "voice_settings must be in the first message, and then be absent or unchanged",
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "Too many concurrent requests. Your current subscription is limited.",
        "Unsupported value: 'messages.0.role' does not support this model.",
        "The server had an error while processing your request. Sorry about that!",
        "You didn't provide an API key.",
    ],
)
def test_a_vendors_sentence_stays_as_it_is(sentence: str) -> None:
    """Nothing is hidden from the operator that is no more than an error."""
    assert said(sentence, KEY) == {"detail": sentence}


@pytest.mark.parametrize(
    "text",
    [
        "Bad request: {'role': 'user', 'content': 'my pin is 1234, I am Ada Lovelace'}",
        "This request exceeds your quota: my pin is four, I am Ada Lovelace",
        'invalid messages[1].content: "Ada Lovelace wants a table"',
        "could not read Ada Lovelace",
        "variable name=Ada, surname=Lovelace",
        "the model refused «Ada Lovelace»\r\nthat is all",
        "Ada Lovelace <ada@lovelace.example> is not known",
        "input_value='ada_lovelace'",
        "Ada\u202eLovelace",
    ],
)
def test_words_go_unless_personal_data_is_allowed(text: str) -> None:
    """Quoted or not. `pii_detail` has them, and is itself removed by default."""
    line = said(text, KEY)
    for word in ("ada", "lovelace", "pin", "table", "1234"):
        assert word not in line["detail"].lower()
    assert "ada" in line["pii_detail"].lower() or "[email]" in line["pii_detail"]


@pytest.mark.parametrize(
    "text",
    [
        f"wrong key {KEY}",
        f"Authorization: Bearer {KEY}",
        f"{{'xi-api-key': '{KEY}'}}",
        f"headers: authorization=Basic {base64.b64encode(b'AC1:' + KEY.encode()).decode()}",
        f"This reason is cut to 123 bytes: {KEY[:-3]}",
        f"wss://u:{KEY}@host/v1?agent_id=a&conversation_signature={KEY}",
        f"password={KEY}&x=1",
        f"GET /v1/x?token={KEY}&y=1",
    ],
)
def test_the_key_never_stays(text: str) -> None:
    """Nor the part of it that a cut leaves, nor its Basic form."""
    for kept in (without_secrets(text, KEY), without_words(text, KEY)):
        assert KEY[:6] not in kept
        assert base64.b64encode(b"AC1:" + KEY.encode()).decode() not in kept


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-Ab3dEf",
        "sk-ab***********xyz1",
        "4f9a77c0ffee4f9a77c0ffee4f9a77c0",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ",
        "wsec_0123456789",
        "hf_abcdefghijklmnopqrst",
        "ghp_abcdefghijklmnopqrst",
    ],
)
def test_what_looks_like_a_key_never_stays(secret: str) -> None:
    """Other people's keys, in words and between quotes."""
    for text in (
        f"Incorrect API key provided: {secret}.",
        f"unexpected '{secret}' in the request",
        f"{secret} is wrong",
    ):
        assert secret not in without_secrets(text)
        assert secret not in without_words(text)


NUMBERS = [
    "+15551230000", "+1 (555) 123-0000", "0049 30 1234567", "4242 4242 4242 4242", "+49 (0)30/1234567",
    "+49 (0) 30 / 12 34 - 567", "030/1234567", "(030) 123 45 67", "(030)/1234-567", "06.12.34.56.78", "06 12 34 56 78",
    "+49\u00a030\u00a01234567", "+33\u202f6\u202f12\u202f34\u202f56\u202f78", "030\u20131234\u2013567",
    "+44 20 7946 0018", "\uff0b\uff14\uff19\uff08\uff10\uff09\uff13\uff10\uff0f\uff11\uff12\uff13\uff14\uff15",
    "+\u0664\u0669 \u0663\u0660 \u0661\u0662\u0663\u0664\u0665", "+(49) 30 1234567", "+ 49 30 1234567",
    "555/123-4567", "555/123/4567", "03-1234-5678", "+81(3)1234-5678", "030\\1234567",
    "0151-12345678", "+4930 12", "1\u00b7555\u00b7123\u00b70000", "030\t123\t4567",
    "0 3 0 1 2 3 4 5 6 7", "+43/1/5123456",    "+49-(0)-30-1234567", "001 (555) 123.0000", "030 \u2014 123 45 67",
    "\uff08\uff10\uff13\uff10\uff09\uff11\uff12\uff13\uff14\uff15\uff16",
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_phone_numbers_never_stay(number: str) -> None:
    """Nor any part of one, however a country writes it."""
    for sentence in ("to {} failed", "to {}", "({})", "{}: busy", "the number '{}' is not valid"):
        for made in (without_secrets, without_words):
            found = made(sentence.format(number))
            assert not any(char.isdigit() for char in found), found
    assert without_secrets(f"to {number} failed") == "to [number] failed"


@pytest.mark.parametrize(
    "sentence",
    ["HTTP/1.1 400 after 30 s", "used 10000/10000 characters", "100000 / 200000 credits",
     "limit: 5, 10, 20, 30, 40, 50, 60",
     "model 2.5 of 3 (4 tries, 5 s)", "close 1008 after 20000 ms", "quota of 123456 credits", "+5 dB, 3 times",
     "port 8080"],
)  # fmt: skip
def test_figures_of_an_error_are_no_phone_numbers(sentence: str) -> None:
    """In detail where personal data is allowed."""
    assert without_secrets(sentence) == sentence


def test_numbers_of_an_error_stay_and_dictated_ones_go() -> None:
    """A limit is not a code that somebody spells."""
    assert without_words("at most 5 contexts") == "at most 5 contexts"
    assert without_words("the code 4 2 7 1 is wrong") == "the code … is wrong"
    assert without_words("the code 4271 is wrong") == "the code … is wrong"


def test_a_text_becomes_one_short_line() -> None:
    """Line breaks and control characters cannot forge a log line."""
    found = without_words("an error\r\n\x1b[31mlevel=error " + "of the server " * 1_000)
    assert len(found) <= LIMIT
    assert found.isprintable()
    assert found.startswith("an error")


def test_an_empty_text_adds_nothing() -> None:
    assert said("") == said(" \n") == {}


@pytest.mark.parametrize(
    ("slug", "kept"),
    [
        ("quota_exceeded", True),
        ("new2", True),
        ("Ada Lovelace", False),
        ("a15551230000", False),
        ("", False),
        (7, False),
    ],
)
def test_an_identifier_is_no_sentence(slug: object, kept: bool) -> None:
    """Nor a phone number."""
    assert identifier(slug) == (slug if kept else "")


WORD = some.text(string.ascii_lowercase, min_size=4, max_size=9).map(lambda word: f"q{word}x")


@given(
    some.lists(WORD, min_size=1, max_size=5), some.sampled_from(["{}", "'{}'", "invalid value: {}", "{{'a': '{}'}}"])
)
def test_no_unknown_word_stays(words: list[str], template: str) -> None:
    found = without_words(template.format(" ".join(words)))
    assert not any(word in found for word in words)


@given(some.text(max_size=200), some.text(max_size=20))
def test_any_text_is_redacted_without_an_error(text: str, secret: str) -> None:
    assert len(without_words(text, secret)) <= LIMIT
    assert without_secrets(text, secret).isprintable()


@pytest.mark.parametrize("hostile", ["a", "1", "a-", "1 ", "key=", "bearer ", "a.b@", "'", "api_key", "1a", "(1)", "…"])
def test_no_text_takes_long(hostile: str) -> None:
    """Log lines are written in the event loop."""
    began = process_time()
    said(hostile * 100_000, KEY)
    assert process_time() - began < 0.1
