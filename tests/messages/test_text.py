"""What a message may say: its length, its characters, its links and its numbers."""

from __future__ import annotations

import pytest

from telephony.errors import MessageRefused
from telephony.messages.text import checked, segments

LINKS = ("example.com", "shop.example.org")

ALLOWED = [
    "Your appointment: Tuesday 24 November, 15:30. 12 High Street, Galway.",
    "Termin am 24.12.2026 um 9.30 Uhr, Raum 2.14",
    "Opening hours: Mon-Fri 9.00-17.30, Sat 10-14",
    "Code: A7-33.QX, price 1.299,00 EUR, version 2.0.1",
    "Write to anna.smith@other.example or call +1 202 555 0123",
    "anna@büro.example",
    "Map: https://example.com/map?q=1&x=2#top",
    "example.com/a, shop.example.org.",
    "HTTPS://EXAMPLE.COM/A (see example.com)",
    "Dear Ms. Smith, i.e. tomorrow, at 3 p.m. Bring: 1. passport 2. form",
    "First line\nSecond line\n\n- one\n- two",
    "Grüße aus Köln – bis bald… “gut”",
    "👍 👩‍👩‍👧 नमस्ते שלום",
    "Tracking 1Z999AA10123456784, IBAN DE89 3704 0044 0532 0130 00",
    "Postcodes: 10115 Berlin, D02 X285, 90012 Los Angeles",
    "Call 0900-1700 daily; 900 people came; 1900 Grant Avenue",
    "A/B, and/or, 24/7, km/h ... well...",
    "Wait...what? Yes.",
    "Wi-Fi: Guest, password S3cret.Pa55!",
    "Tracking: 1900 5551 2345 6789, order no. 900-555-12",
    "Konto 0900123456 bei der Bank, Fri 4 Dec, 7.30pm for 4",
    "Free call: 1-800-555-0199 or 0800 1234567",
]

REFUSED = [
    ("", "empty"),
    (" \n ", "empty"),
    ("x" * 700, "too_long"),
    ("é中" * 150, "too_long"),
    ("a\x00b", "characters"),
    ("a\x1b[31mb", "characters"),
    ("a\tb\x07", "characters"),
    ("pay \u202emoc.live\u202c now", "characters"),  # reversed
    ("exam\u200bple", "characters"),  # zero-width space
    ("a\ufeffb", "characters"),
    ("a\udc80b", "characters"),
    ("a\ue000b", "characters"),
    ("https://evil.test/x", "link"),
    ("http://example.com.evil.test/x", "link"),
    ("https://example.com@evil.test/x", "link"),
    ("https://user:pass@example.com/", "link"),
    ("https://evil.test#example.com", "link"),
    ("https://evil.test?example.com", "link"),
    ("https://evil.test\\@example.com", "link"),
    ("https://example.com\\@evil.test", "link"),
    ("hTTps://evil.test", "link"),
    ("ftp://example.net", "link"),
    ("evil.co/x", "link"),
    ("visit evil.com.", "link"),
    ("visit www.evil.com", "link"),
    ("www.example.com", "link"),  # another host than the one that is listed
    ("(evil.com)", "link"),
    ("evil.com:8080", "link"),
    ("bit.ly/abc", "link"),
    ("evil\u3002com", "link"),  # a dot of another script
    ("evil．com", "link"),
    ("ｅｖｉｌ.com", "link"),
    ("http://1.2.3.4/x", "link"),
    ("http://2130706433/", "link"),
    ("https://[::1]/", "link"),
    ("https://", "link"),
    ("https:///evil.test", "link"),
    ("//evil.test/x", "link"),
    ("ехample.com", "link"),  # with Cyrillic letters
    ("пример.рф", "link"),
    ("xn--e1afmkfd.xn--p1ai", "link"),
    ("mail a@evil.com/path", "link"),
    ("evil.com/a@example.com", "link"),
    ("example.com and evil.net", "link"),
    ("example.comevil.net", "link"),
    ("call +1 900 555 1234", "premium"),
    ("call 1-900-555-1234", "premium"),
    ("call (900) 555-1234 now", "premium"),
    ("+19005551234", "premium"),
    ("1 9 0 0 5 5 5 1 2 3 4", "premium"),
    ("ring 1.900.555.1234!", "premium"),
    ("+１９００５５５１２３４", "premium"),
    ("today 12 1-900-555-1234", "premium"),
    ("0900 1234567", "premium"),  # in Germany
    ("+44 909 879 0001", "premium"),
    ("00449098790001", "premium"),
    ("1-900-CALL-NOW", "premium"),
    ("1\n900\n555\n1234", "premium"),
    ("1*900*555*1234", "premium"),
    ("1_900_555_1234", "premium"),
    ("1 900 \u00b7 555 \u00b7 1234", "premium"),
    ("0900/123 45 67", "premium"),
    ("011 1 900 555 1234", "premium"),
    ("call1-900-555-1234", "premium"),
    ("①⑨⓪⓪⑤⑤⑤①②③④", "premium"),
    ("ⓔⓥⓘⓛ.com", "link"),
    ("evil.com?x=1", "link"),
    ("m.me/evil", "link"),
    ("http:\\\\evil.test\\a", "link"),
    ("https://example.com\u2044evil.test", "link"),
    ("https://EXAMPLE.com%2eevil.test", "link"),
]


@pytest.mark.parametrize("text", ALLOWED)
def test_what_people_are_texted(text: str) -> None:
    """Addresses, dates, prices, codes, emoji, e-mail addresses, and links to hosts of the agent's own."""
    assert checked(text, links=LINKS, regions=("US", "DE"), most_segments=4)


@pytest.mark.parametrize(("text", "code"), REFUSED)
def test_what_nobody_is_texted(text: str, code: str) -> None:
    """However it is written. The words say what is wrong, for the model."""
    with pytest.raises(MessageRefused) as refused:
        checked(text, links=LINKS, regions=("US", "DE"), most_segments=4)
    assert refused.value.code == code
    assert str(refused.value).endswith(".")


def test_without_hosts_no_link_is_allowed() -> None:
    with pytest.raises(MessageRefused, match="No links"):
        checked("example.com", links=(), regions=(), most_segments=4)


def test_typographic_signs_do_not_cost_a_segment() -> None:
    """A dash or a curly quote would make every character of a message cost more than twice as much."""
    text = checked("“Yes” – it’s\u00a0fine…\r\n", links=(), regions=(), most_segments=1)
    assert text == '"Yes" - it\'s fine...'


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("ä" * 160, 1),  # of the GSM alphabet
        ("€" * 80, 1),  # two places each
        ("€" * 81, 2),
        ("中" * 70, 1),
        ("中" * 71, 2),
        ("👍" * 35, 1),  # two places each
        ("👍" * 36, 2),
        ("中" * 134, 2),
        ("中" * 135, 3),
    ],
)
def test_segments_are_counted_as_the_carrier_does(text: str, count: int) -> None:
    assert segments(text) == count
