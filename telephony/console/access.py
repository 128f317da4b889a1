"""Who may use the phone in the browser. Pure.

On the machine itself nobody has to log in. But the peer's address proves nothing: a tunnel or a proxy connects from
127.0.0.1 too, and any web page that its user has open may send requests there. So it is open only if everything says
that the user of this machine has opened our own page: PUBLIC_URL and TRUSTED_PROXIES are not set, no header shows a
proxy, the peer is this machine, `Host` is one of its own names (a page whose name was rebound to 127.0.0.1 sends its
own), and `Origin` is our page (another page's socket has its own).

Everybody else needs a login or a link that was shared. Their requests that change something must come from our page
too, by `Origin`; the cookie is `SameSite=Strict` besides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from telephony.console.passes import Kind, Pass, Passes
from telephony.loopback import is_loopback
from telephony.twilio.forwarded import header, outside
from telephony.twilio.signature import is_trusted

COOKIE, GUEST_COOKIE = "telephony_console", "telephony_console_guest"
"""Two, so that somebody who has logged in and opens a link from a mail (which brings no SameSite cookie) stays so."""
_OWN_NAMES = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.IGNORECASE)
_PROXIED = re.compile(
    rb"x-forwarded-.+|forwarded|via|x-real-ip|x-original-.+|x-client-ip|true-client-ip|cf-.+|ngrok-.+|client-ip|"
    rb"x-cluster-client-ip|f(ast)?ly-.+|x-envoy-.+|tailscale-.+|x-arr-.+|x-amzn-.+|x-scheme|x-request-id|x-azure-.+"
)
"""Headers that proxies and tunnels add."""


class Access(StrEnum):
    """OWN: the user of this machine. LOGIN: somebody with the key. GUEST: somebody with a link. STRANGER: has to log
    in. CLOSED: there is no key to log in with. FOREIGN: the request comes from another site's page."""

    OWN = "own"
    LOGIN = "login"
    GUEST = "guest"
    STRANGER = "stranger"
    CLOSED = "closed"
    FOREIGN = "foreign"

    @property
    def granted(self) -> bool:
        return self in (Access.OWN, Access.LOGIN, Access.GUEST)


@dataclass(frozen=True, slots=True)
class Rules:
    """What access depends on, beside the request."""

    public_url: str
    trusted_proxies: tuple[str, ...]
    has_key: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """The outcome. `guest`: the link with which a guest came."""

    access: Access
    guest: Pass | None = None


def visit(rules: Rules, scope: Mapping[str, Any], passes: Passes, now_s: float, *, acts: bool, link: str = "") -> Visit:
    """Who sends the request `scope` (ASGI's). `acts`: it does more than ask for a page, so that it must come from our
    own page. `link`: the token of a link in its URL."""
    origin = header(scope, b"origin", whole=True)
    if (acts or origin) and not _own_origin(rules, scope, origin):
        return Visit(Access.FOREIGN)
    if _this_machine(rules, scope):
        return Visit(Access.OWN)
    if not rules.has_key:
        return Visit(Access.CLOSED)
    found = [one for token in (link, *_cookies(scope)) if (one := passes.read(token, now_s)) is not None]
    if any(one.kind is Kind.LOGIN for one in found):
        return Visit(Access.LOGIN)
    return Visit(Access.GUEST, found[0]) if found else Visit(Access.STRANGER)


def secure(rules: Rules, scope: Mapping[str, Any]) -> bool:
    """Whether the browser has come by https, so that its cookie may be bound to that. Anybody may claim it: that only
    costs them their own cookie."""
    return rules.public_url.startswith("https:") or outside(scope).scheme == "https" or scope.get("scheme") == "https"


def _this_machine(rules: Rules, scope: Mapping[str, Any]) -> bool:
    return (
        not rules.public_url
        and not rules.trusted_proxies
        and not any(_PROXIED.fullmatch(bytes(name).lower()) for name, _ in scope.get("headers") or ())
        and scope.get("http_version") != "1.0"  # no browser, but nginx as it comes, without any header
        and is_loopback(_peer(scope))
        and len(hosts := _values(scope, b"host")) == 1
        and bool(_OWN_NAMES.fullmatch(hosts[0]))
    )


def _own_origin(rules: Rules, scope: Mapping[str, Any], origin: str) -> bool:
    """Whether `Origin` is the page that this request's own address serves. `null` is nobody's page."""
    if len(_values(scope, b"origin")) != 1:
        return False
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}":
        return False
    here = {header(scope, b"host", whole=True).lower()}
    if rules.public_url:
        here.add(urlsplit(rules.public_url).netloc.lower())
    elif is_trusted(_peer(scope), rules.trusted_proxies):
        here.add(outside(scope).host.lower())
    return parts.netloc.lower() in here


def _peer(scope: Mapping[str, Any]) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _values(scope: Mapping[str, Any], name: bytes) -> list[str]:
    headers = scope.get("headers") or ()
    return [bytes(value).decode("latin-1") for key, value in headers if bytes(key).lower() == name]


def _cookies(scope: Mapping[str, Any]) -> list[str]:
    try:
        found = SimpleCookie("; ".join(_values(scope, b"cookie")))
    except CookieError:
        return []
    return [found[name].value for name in (COOKIE, GUEST_COOKIE) if name in found]
