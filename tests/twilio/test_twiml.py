"""The TwiML documents as Twilio receives them."""

import xml.etree.ElementTree as ET

import pytest

from telephony.twilio import twiml

STREAM = "wss://me.example/twilio/media"
ACTION = "https://me.example/twilio/after"


def shape(document: str) -> list[str]:
    root = ET.fromstring(document)
    assert root.tag == "Response"
    return [element.tag for element in root]


def test_connect_is_exact() -> None:
    """Bidirectional stream, parameters, an action URL, a final hang-up, no track and no pause."""
    document = twiml.connect_stream(STREAM, ACTION, {"token": "a<b&c", "from": "+15551230000"})
    assert document == (
        '<?xml version="1.0" encoding="UTF-8"?><Response>'
        '<Connect action="https://me.example/twilio/after" method="POST"><Stream url="wss://me.example/twilio/media">'
        '<Parameter name="token" value="a&lt;b&amp;c" />'
        '<Parameter name="from" value="+15551230000" /></Stream></Connect>'
        "<Hangup /></Response>"
    )


@pytest.mark.parametrize(
    ("url", "parameters"),
    [
        (STREAM + "?token=1", {}),
        (STREAM + "#x", {}),
        ("https://me.example/media", {}),
        ("/twilio/media", {}),
        (STREAM, {"a": "x" * 499}),
        (STREAM, {"": "x"}),
        (STREAM, {"a": "\x00"}),
    ],
)
def test_values_that_twilio_would_not_accept_are_refused(url: str, parameters: dict[str, str]) -> None:
    """ValueError for stream URLs and parameters with which the call would fail."""
    with pytest.raises(ValueError, match=r"stream URL|parameter"):
        twiml.connect_stream(url, ACTION, parameters)


def test_no_document_leaves_the_line_open() -> None:
    """Each document ends with a hang-up or reject, and none contains a pause."""
    documents = {
        twiml.connect_stream(STREAM, ACTION, {}): ["Connect", "Hangup"],
        twiml.connect_stream(STREAM, ACTION, {}, "Sorry.", "en"): ["Say", "Connect", "Hangup"],
        twiml.hang_up("Goodbye.", "de"): ["Say", "Hangup"],
        twiml.hang_up(): ["Hangup"],
        twiml.dial("+15551230000", "One moment."): ["Say", "Dial", "Hangup"],
        twiml.reject("busy"): ["Reject"],
        twiml.reject(): ["Reject"],
    }
    for document, expected in documents.items():
        assert shape(document) == expected
        assert "Pause" not in document


def test_say_uses_the_agents_language() -> None:
    """ISO 639-1 becomes a Twilio locale; unknown languages use its default; characters invalid in XML are removed."""
    assert '<Say language="de-DE">Tschüss &amp; bis bald</Say>' in twiml.hang_up("Tschüss & bis bald", "de")
    assert '<Say language="en-GB">' in twiml.hang_up("Hi", "en-GB")
    assert "<Say>Hi</Say>" in twiml.hang_up("Hi", "xx")
    assert shape(twiml.hang_up("a\x00b\ud800c", "en")) == ["Say", "Hangup"]
    assert shape(twiml.hang_up("\x00", "en")) == ["Hangup"]


def test_dial_takes_numbers_and_sip_addresses_only() -> None:
    """A fallback number that cannot be dialled raises at once, instead of failing during a call."""
    assert "<Dial><Number>+15551230000</Number></Dial>" in twiml.dial("+15551230000")
    assert "<Dial><Sip>sip:desk@example.com</Sip></Dial>" in twiml.dial("sip:desk@example.com")
    for number in ("", "5551230000", "+0123", "tel:+1555", "anonymous"):
        with pytest.raises(ValueError, match=r"E\.164"):
            twiml.dial(number)
