"""Twilio's signatures: reference vectors, and how the signed URL is determined."""

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # the SDK ships no types

from telephony.twilio.signature import (
    check_socket,
    check_webhook,
    is_trusted,
    public_url,
    sign_socket,
    sign_webhook,
    socket_urls,
)

TOKEN = "12345"
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"


def form(sender: str) -> list[tuple[str, str]]:
    return [
        ("Caller", sender),
        ("CallSid", "CA1234567890ABCDE"),
        ("Digits", "1234"),
        ("From", sender),
        ("To", "+18005551212"),
    ]


@pytest.mark.parametrize(
    ("url", "items", "signature"),
    [
        (URL, form("+14158675309"), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (URL, form("+12349013030"), "0/KCTR6DLpKmkAf8muzZqo1nDgQ="),
        ("https://voice.example.com/hook?CallSid=CA1&From=%2B15551230000", [], "Xu4JntnJ2/IE6O24q/TzS7NdtiU="),
        (
            "https://voice.example.com/hook?bodySHA256="
            "f9d86028c6e0d64e225186f96acb69338b2c59764df79162107f5c4bb34d1310",
            [],
            "J2FAX68+vlIQLQwH0SzeiGSxZ4c=",
        ),
    ],
)
def test_the_reference_vectors(url: str, items: list[tuple[str, str]], signature: str) -> None:
    """Webhook signatures are computed as Twilio documents them; the order of the form does not matter."""
    assert sign_webhook(TOKEN, url, items) == signature
    assert check_webhook(TOKEN, url, reversed(items), signature)
    assert not check_webhook(TOKEN, url, [*items, ("New", "1")], signature)
    assert not check_webhook("other", url, items, signature)


@pytest.mark.parametrize("signature", ["PGLrn08/Ba1sEIuSwPQRBPD54PA=", "/l2QA+p8VR0Ejy/AIlzbV7YZXIA="])
def test_a_socket_is_signed_with_or_without_a_slash(signature: str) -> None:
    """Twilio may append a slash to the socket's URL before signing; both signatures are valid."""
    assert check_socket(TOKEN, ["wss://voice.example.com/twilio/media"], signature)
    assert not check_socket(TOKEN, ["https://voice.example.com/twilio/media"], signature)
    assert not check_socket(TOKEN, ["ws://voice.example.com/twilio/media"], signature)


def test_socket_vectors_are_what_the_carrier_signs() -> None:
    """The local carrier signs as Twilio does."""
    assert sign_socket(TOKEN, "wss://voice.example.com/twilio/media") == "PGLrn08/Ba1sEIuSwPQRBPD54PA="
    assert sign_socket(TOKEN, "wss://voice.example.com/twilio/media/") == "/l2QA+p8VR0Ejy/AIlzbV7YZXIA="


@pytest.mark.parametrize("scheme", ["https", "wss"])
def test_the_default_port_may_be_signed_or_not(scheme: str) -> None:
    """With and without :443, for sockets too (Twilio's own validator tries :80 there)."""
    bare, ported = f"{scheme}://h.example/x?y=1", f"{scheme}://h.example:443/x?y=1"
    check: Any = (lambda url, signature: check_webhook(TOKEN, url, [], signature)) if scheme == "https" else (
        lambda url, signature: check_socket(TOKEN, [url], signature)
    )  # fmt: skip
    for signed in (bare, ported):
        for asked in (bare, ported):
            assert check(asked, sign_socket(TOKEN, signed)), (signed, asked)


def test_blank_and_repeated_fields_are_part_of_the_form() -> None:
    """Blank values are signed, and a repeated name is signed with each distinct value."""
    items = [("B", ""), ("A", "2"), ("A", "1"), ("A", "2"), ("c", "x")]
    signature = sign_webhook(TOKEN, URL, items)
    assert signature == RequestValidator(TOKEN).compute_signature(URL + "A1A2Bcx", {})
    assert not check_webhook(TOKEN, URL, items[1:2], signature)


@pytest.mark.parametrize("signature", [None, "", "x", "ä", "\ud800", "RSOYDt4T1cUTdK1PDd93/VVr8B8"])
def test_a_missing_or_malformed_signature_is_invalid(signature: str | None) -> None:
    """The result is False, never an exception (which would become a 500)."""
    assert not check_webhook(TOKEN, URL, form("+14158675309"), signature)
    assert not check_socket(TOKEN, [URL, "not a url", "http://[::1", ""], signature)


def test_without_an_auth_token_everything_is_refused() -> None:
    """Even requests signed with an empty token."""
    assert not check_webhook("", URL, [], sign_webhook("", URL, []))


@given(st.text(), st.text(), st.lists(st.tuples(st.text(), st.text())))
def test_checking_never_raises(url: str, signature: str, items: list[tuple[str, str]]) -> None:
    """For any URL, form and header the result is False."""
    assert not check_webhook(TOKEN, url, items, signature)
    assert not check_socket(TOKEN, [url], signature)


def scope(
    kind: str = "http",
    peer: str | None = "203.0.113.9",
    query: bytes = b"",
    path: bytes = b"/twilio/voice",
    **headers: str,
) -> dict[str, Any]:
    return {
        "type": kind,
        "scheme": "http" if kind == "http" else "ws",
        "path": path.decode(),
        "raw_path": path,
        "query_string": query,
        "client": None if peer is None else (peer, 1234),
        "server": ("10.0.0.5", 8080),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }


def test_the_configured_url_wins() -> None:
    """With PUBLIC_URL set, only path and raw query are taken from the request."""
    seen = scope(query=b"a=%2B1&b=", path=b"/p%20q", host="evil.example", x_forwarded_host="evil.example")
    assert public_url("https://me.example/base/", ["*"], seen) == "https://me.example/base/p%20q?a=%2B1&b="
    assert public_url("https://me.example", [], scope("websocket")) == "wss://me.example/twilio/voice"


def test_forwarded_headers_are_for_trusted_proxies_only() -> None:
    """Behind a trusted TLS proxy the first forwarded value is used; from other peers it is ignored."""
    behind = partial(scope, host="10.0.0.5:8080", x_forwarded_proto="https, http", x_forwarded_host="me.example, inner")
    assert public_url(None, ["10.0.0.0/8"], behind(peer="10.1.2.3")) == "https://me.example/twilio/voice"
    assert public_url(None, ["10.0.0.0/8"], behind()) == "http://10.0.0.5:8080/twilio/voice"
    assert public_url(None, [], behind(peer="127.0.0.1")) == "http://10.0.0.5:8080/twilio/voice"
    assert public_url(None, ["10.1.2.3"], behind("websocket", peer="10.1.2.3")) == "wss://me.example/twilio/voice"


@pytest.mark.parametrize(
    ("headers", "base"),
    [
        ({"x_forwarded_proto": "HTTPS"}, "https://inner:8080"),
        ({"x_forwarded_proto": "wss"}, "https://inner:8080"),
        ({"x_forwarded_host": "me.example", "x_forwarded_port": "8443"}, "http://me.example:8443"),
        ({"x_forwarded_host": "me.example:9000", "x_forwarded_port": "8443"}, "http://me.example:9000"),
        ({"x_forwarded_host": "me.example", "x_forwarded_port": "443"}, "http://me.example"),
        ({"x_forwarded_host": "me.example", "x_forwarded_port": "80, 8080"}, "http://me.example"),
        ({"x_forwarded_host": "me.example", "x_forwarded_port": "x"}, "http://me.example"),
        ({"x_forwarded_host": "[2001:db8::1]", "x_forwarded_port": "8443"}, "http://[2001:db8::1]:8443"),
        ({"x_forwarded_port": "8443"}, "http://inner:8080"),
        ({"x_forwarded_prefix": "/voice"}, "http://inner:8080/voice"),
        ({"x_forwarded_prefix": "/voice/eu/, /inner"}, "http://inner:8080/voice/eu"),
        ({"x_forwarded_prefix": "/"}, "http://inner:8080"),
        ({"x_forwarded_prefix": "//evil.example"}, "http://inner:8080"),
        ({"x_forwarded_prefix": "voice"}, "http://inner:8080"),
        ({"forwarded": "for=192.0.2.60;proto=https;by=203.0.113.43;host=me.example"}, "https://me.example"),
        (
            {"forwarded": 'For="[2001:db8:cafe::17]:4711"; Proto=https ;Host="me.example:8443"'},
            "https://me.example:8443",
        ),
        ({"forwarded": 'host="a\\"b.example";proto=https'}, 'https://a"b.example'),
        ({"forwarded": "proto=https;host=me.example, for=10.0.0.1;proto=http;host=inner"}, "https://me.example"),
        ({"forwarded": "for=192.0.2.1, proto=https;host=me.example"}, "http://inner:8080"),
        ({"forwarded": "proto=https;=;host=me.example"}, "https://inner:8080"),
        ({"forwarded": ";;;"}, "http://inner:8080"),
        ({"forwarded": "proto=http;host=a.example", "x_forwarded_proto": "https"}, "https://a.example"),
        ({"forwarded": "host=evil.example", "x_forwarded_host": "me.example"}, "http://me.example"),
    ],
)
def test_what_a_trusted_proxy_says(headers: dict[str, Any], base: str) -> None:
    """Both kinds of header; the first value counts, and what cannot be read counts as not said."""
    seen = scope(peer="10.1.2.3", host="inner:8080", **headers)
    assert public_url(None, ["10.1.2.3"], seen) == f"{base}/twilio/voice"
    assert public_url(None, [], seen) == "http://inner:8080/twilio/voice"
    assert public_url("https://set.example/x", ["10.1.2.3"], seen) == "https://set.example/x/twilio/voice"


def test_who_is_trusted() -> None:
    """Addresses, networks and the star match; malformed entries match nothing."""
    assert is_trusted("10.0.0.1", ["10.0.0.1"])
    assert is_trusted("2001:db8::1", ["2001:db8::/32"])
    assert is_trusted("anything", ["*"])
    assert not is_trusted("10.0.0.1", ["nonsense/99", ""])
    assert not is_trusted("", [""])


def test_plain_ws_is_for_loopback() -> None:
    """`ws://` is accepted for the local carrier on this machine, and nowhere else."""
    local = scope("websocket", peer="127.0.0.1", host="127.0.0.1:8000")
    assert socket_urls(None, [], local) == ["wss://127.0.0.1:8000/twilio/voice", "ws://127.0.0.1:8000/twilio/voice"]
    assert socket_urls("http://localhost:8000", [], local)[1:] == ["ws://localhost:8000/twilio/voice"]
    assert socket_urls(None, [], scope("websocket", host="127.0.0.1:8000")) == ["wss://127.0.0.1:8000/twilio/voice"]
    assert socket_urls(None, [], scope("websocket", peer="127.0.0.1", host="me.example")) == [
        "wss://me.example/twilio/voice"
    ]
    assert socket_urls("https://me.example", [], local) == ["wss://me.example/twilio/voice"]


def test_an_incomplete_scope_gives_a_url() -> None:
    """Without headers, peer or raw path there is no exception."""
    assert public_url(None, ["*"], {"type": "http"}) == "http://localhost/"
    assert (
        socket_urls(None, [], {"type": "websocket", "server": ("::1", 80), "path": "/ä"})[0] == "wss://[::1]:80/%C3%A4"
    )
