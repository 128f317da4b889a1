"""Twilio's request signatures: checks those of incoming requests, and creates them for the local carrier.

A signature is base64(HMAC-SHA1(auth token, URL + form)): the exact URL that Twilio requested, query as sent, and every
form field (including blank ones and repeated names) in order of name. For the media socket it is the `wss` URL alone.
`twilio.request_validator` does the computation. This module determines the URL (proxies, ports, slashes), and its
checks never raise: a missing or malformed signature is simply invalid.

The service must run with uvicorn's `proxy_headers=False`: that middleware rewrites the peer's address, so that a
trusted proxy could no longer be recognised.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from telephony.loopback import is_loopback
from telephony.twilio.forwarded import Outside, header, outside

HEADER = "x-twilio-signature"

FormItems = Iterable[tuple[str, str]]


def check_webhook(auth_token: str, url: str, form_items: FormItems, signature: str | None) -> bool:
    """Whether `signature` is Twilio's for a request of `url` with this form (no items for a GET). Never raises."""
    return _check(auth_token, [url], form_items, signature)


def check_socket(auth_token: str, url_candidates: Iterable[str], signature: str | None) -> bool:
    """Whether `signature` is Twilio's for one of these socket URLs, with or without a trailing slash. Never raises."""
    slashed = [variant for url in url_candidates for variant in (url, url + "/")]
    return _check(auth_token, slashed, (), signature)


def sign_webhook(auth_token: str, url: str, form_items: FormItems) -> str:
    """The signature that Twilio would send for this form and `url`, whose fragment is not signed."""
    return str(RequestValidator(auth_token).compute_signature(url.partition("#")[0], _Form(form_items)))


def sign_socket(auth_token: str, url: str) -> str:
    """The signature that Twilio would send when it opens the socket at `url`."""
    return sign_webhook(auth_token, url, ())


def public_url(public_url: str | None, trusted_proxies: Collection[str], scope: Mapping[str, Any]) -> str:
    """The URL as the peer requested it. `scope` is ASGI's (`http` or `websocket`).

    `public_url`, if set, is the base; a path in it is kept. Otherwise, if the peer is one of `trusted_proxies`
    (addresses, networks, or "*"), the base is what it says (see `forwarded`), its prefix included. Otherwise it is the
    request's own scheme and Host. Path and query are the raw ones. A socket's scheme is `ws` or `wss`.
    """
    if public_url:
        base = public_url.rstrip("/")
    else:
        told = outside(scope) if is_trusted(_peer(scope), trusted_proxies) else Outside()
        scheme = told.scheme or str(scope.get("scheme") or "http").lower()
        base = f"{scheme}://{told.host or header(scope, b'host') or _server(scope)}{told.prefix}"
    if scope.get("type") == "websocket" and base.startswith("http"):
        base = "ws" + base.removeprefix("http")
    elif scope.get("type") != "websocket" and base.startswith("ws"):
        base = "http" + base.removeprefix("ws")
    query = bytes(scope.get("query_string") or b"").decode("latin-1")
    return base + _raw_path(scope) + ("?" + query if query else "")


def trusted_prefix(trusted_proxies: Collection[str], scope: Mapping[str, Any]) -> str:
    """The path that a trusted proxy says it has in front of ours, or ""."""
    return outside(scope).prefix if is_trusted(_peer(scope), trusted_proxies) else ""


def socket_urls(
    public_url_setting: str | None, trusted_proxies: Collection[str], scope: Mapping[str, Any]
) -> list[str]:
    """The URLs that may have been signed for this socket: always `wss`; on loopback also `ws`."""
    url = public_url(public_url_setting, trusted_proxies, scope)
    rest = url.partition("://")[2]
    urls = ["wss://" + rest]
    if is_loopback(_host_of(url)) and (public_url_setting or is_loopback(_peer(scope))):
        urls.append("ws://" + rest)
    return urls


def is_trusted(peer: str, trusted_proxies: Collection[str]) -> bool:
    """Whether the address `peer` is in these addresses and networks. Malformed entries match nothing."""
    if "*" in trusted_proxies:
        return True
    try:
        address = ip_address(peer)
    except ValueError:
        return peer != "" and peer in trusted_proxies
    return any(_in_network(address, entry) for entry in trusted_proxies)


def _in_network(address: Any, entry: str) -> bool:
    try:
        return address in ip_network(entry.strip(), strict=False)
    except ValueError:
        return False


def _check(auth_token: str, urls: Iterable[str], form_items: FormItems, signature: str | None) -> bool:
    if not auth_token or not signature:
        return False
    form = _Form(form_items)
    validator = RequestValidator(auth_token)
    given = signature.strip().encode("utf-8", "replace")
    good = False
    for url in urls:
        for variant in _port_variants(url):
            try:
                expected = str(validator.compute_signature(variant, form)).encode("ascii")
            except UnicodeEncodeError:  # lone surrogates in a form, which Twilio never sends
                continue
            good |= hmac.compare_digest(expected, given)  # always compare all variants, each in constant time
    return good


def _port_variants(url: str) -> list[str]:
    """The URL as given, without its port, and with the default port: Twilio signs any of these.

    (`request_validator` tries :80 for `wss`, which Twilio does not use.)"""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return [url]
    bare = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc
    default = {"https": 443, "wss": 443, "http": 80, "ws": 80}.get(parts.scheme)
    netlocs = [parts.netloc, bare] + ([f"{bare}:{default}"] if port is None and default else [])
    return list(dict.fromkeys(urlunsplit(parts._replace(netloc=netloc)) for netloc in netlocs if netloc)) or [url]


class _Form:
    """Form items in the form that the validator expects: iteration over names, `getall` for the values of a name."""

    def __init__(self, items: FormItems) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in items:
            self._values.setdefault(str(name), []).append(str(value))

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def getall(self, name: str) -> list[str]:
        return self._values[name]


def _peer(scope: Mapping[str, Any]) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _server(scope: Mapping[str, Any]) -> str:
    host, port = scope.get("server") or ("localhost", None)
    name = f"[{host}]" if ":" in str(host) else str(host)
    return name if port is None else f"{name}:{port}"


def _raw_path(scope: Mapping[str, Any]) -> str:
    raw = scope.get("raw_path")
    if raw:
        return bytes(raw).decode("latin-1")
    return quote(str(scope.get("path") or "/"))


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
