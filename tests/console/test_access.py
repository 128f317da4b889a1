"""Who may use the phone in the browser: the rule as a table, and tokens."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.console.access import COOKIE, Access, Rules, secure, visit
from telephony.console.passes import Kind, Passes

KEY, NOW = "a-key-for-the-console", 1_800_000_000.0
PASSES = Passes(KEY)
LOCAL = Rules("", (), has_key=False)
LOCKED = Rules("", (), has_key=True)
PUBLIC = Rules("https://calls.example.com/voice", (), has_key=True)
PUBLIC_CLOSED = Rules("https://calls.example.com", (), has_key=False)
PROXIED = Rules("", ("10.0.0.0/8",), has_key=True)
HERE, OWN = "localhost:8080", "http://localhost:8080"
LOGIN = PASSES.issue(Kind.LOGIN, "ab12", int(NOW) + 60)
LINK = PASSES.issue(Kind.LINK, "cd34", int(NOW) + 60)
OLD = PASSES.issue(Kind.LOGIN, "ab12", int(NOW) - 1)
OTHER_KEY = Passes("another-key-entirely").issue(Kind.LOGIN, "ab12", int(NOW) + 60)


def scope(
    host: str, origin: str | None = None, *, peer: str = "127.0.0.1", version: str = "1.1", **headers: str
) -> Any:
    given = {"host": host, **({} if origin is None else {"origin": origin})}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return {
        "type": "http", "scheme": "http", "http_version": version, "client": (peer, 1234),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }  # fmt: skip


def cookie(token: str) -> dict[str, str]:
    return {"cookie": f"other=1; {COOKIE}={token}"}


# (rules, scope, whether it acts) -> access. A request that acts is a socket or a POST.
OPEN = [
    (LOCAL, scope(HERE, OWN), True),
    (LOCAL, scope(HERE), False),
    (LOCAL, scope("127.0.0.1:8080", "http://127.0.0.1:8080"), True),
    (LOCAL, scope("127.0.0.1", "http://127.0.0.1"), True),
    (LOCAL, scope("[::1]:8080", "http://[::1]:8080", peer="::1"), True),
    (LOCAL, scope("LOCALHOST:8080", OWN), True),
    (LOCKED, scope(HERE, OWN), True),
]
FOREIGN = [
    (LOCAL, scope(HERE), True),  # a program, or a page that hides where it comes from
    (LOCAL, scope(HERE, "null"), True),  # a sandboxed frame, a file
    (LOCAL, scope(HERE, "https://evil.example"), True),
    (LOCAL, scope(HERE, "https://evil.example"), False),
    (LOCAL, scope(HERE, "http://localhost:3000"), True),  # another server on this machine
    (LOCAL, scope(HERE, "http://127.0.0.1:8080"), True),
    (LOCAL, scope(HERE, "http://localhost:8080.evil.example"), True),
    (LOCAL, scope(HERE, "http://evil@localhost:8080"), True),
    (LOCAL, scope(HERE, "http://localhost:8080/"), True),
    (LOCAL, scope(HERE, "file://localhost:8080"), True),
    (LOCAL, scope(HERE, "http://["), True),
    (PUBLIC, scope("calls.example.com", "https://evil.example", **cookie(LOGIN)), True),
    (PUBLIC, scope("calls.example.com", **cookie(LOGIN)), True),
    (PUBLIC, scope("calls.example.com", "https://example.com", **cookie(LOGIN)), True),
    (
        PROXIED,
        scope("inside", "https://calls.example.com", x_forwarded_host="calls.example.com", **cookie(LOGIN)),
        True,
    ),
]
CLOSED = [
    (LOCAL, scope("evil.example:8080", "http://evil.example:8080"), True),  # its name was rebound to 127.0.0.1
    (LOCAL, scope("evil.example:8080"), False),
    (LOCAL, scope("foo.localhost:8080", "http://foo.localhost:8080"), True),
    (LOCAL, scope("localhost.:8080", "http://localhost.:8080"), True),
    (LOCAL, scope("127.0.0.2:8080", "http://127.0.0.2:8080"), True),
    (LOCAL, scope("0.0.0.0:8080", "http://0.0.0.0:8080"), True),
    (LOCAL, scope("", None), False),
    (LOCAL, scope("localhost, evil", None), False),
    (LOCAL, scope("abcd.ngrok.app", "https://abcd.ngrok.app", x_forwarded_for="203.0.113.9"), True),
    (LOCAL, scope(HERE, OWN, x_forwarded_for="203.0.113.9"), True),  # a tunnel that rewrites Host
    (LOCAL, scope(HERE, OWN, x_forwarded_proto="https"), True),
    (LOCAL, scope(HERE, OWN, forwarded="for=203.0.113.9"), True),
    (LOCAL, scope(HERE, OWN, via="1.1 proxy"), True),
    (LOCAL, scope(HERE, OWN, x_real_ip="203.0.113.9"), True),
    (LOCAL, scope(HERE, OWN, cf_connecting_ip="203.0.113.9"), True),
    (LOCAL, scope(HERE, OWN, version="1.0"), True),
    (LOCAL, scope(HERE, OWN, peer="192.168.1.20"), True),
    (LOCAL, scope(HERE, OWN, peer=""), True),
    (LOCAL, scope(HERE, OWN, x_forwarded_for="203.0.113.9", **cookie(LOGIN)), True),  # no key, no login
    (PUBLIC_CLOSED, scope(HERE, OWN), True),
    (PUBLIC_CLOSED, scope("calls.example.com", "https://calls.example.com"), True),
]
STRANGER = [
    (LOCKED, scope("abcd.ngrok.app", "https://abcd.ngrok.app", x_forwarded_for="203.0.113.9"), True),
    (LOCKED, scope(HERE, OWN, peer="192.168.1.20"), True),
    (PUBLIC, scope(HERE, OWN), True),
    (PUBLIC, scope("calls.example.com"), False),
    (PROXIED, scope(HERE, OWN), True),
    *[
        (PUBLIC, scope("calls.example.com", "https://calls.example.com", **cookie(token)), True)
        for token in (OLD, OTHER_KEY, LOGIN[:-1], LOGIN.replace("ab12", "ab13"), LINK.replace("link", "login"), "a.b")
    ],
]  # fmt: skip
LOGGED_IN = [
    (PUBLIC, scope("calls.example.com", "https://calls.example.com", **cookie(LOGIN)), True),
    (PUBLIC, scope("calls.example.com", **cookie(LOGIN)), False),
    (PUBLIC, scope("inside:8080", "https://calls.example.com", **cookie(LOGIN)), True),  # the proxy rewrites Host
    (PUBLIC, scope(HERE, OWN, **cookie(LOGIN)), True),
    (LOCKED, scope("abcd.ngrok.app", "https://abcd.ngrok.app", x_forwarded_for="203.0.113.9", **cookie(LOGIN)), True),
    (
        PROXIED,
        scope("in", "https://c.example.com", peer="10.0.0.1", x_forwarded_host="c.example.com", **cookie(LOGIN)),
        True,
    ),
]
GUEST = [(PUBLIC, scope("calls.example.com", "https://calls.example.com", **cookie(LINK)), True)]
TABLE = [
    (access, row)
    for access, rows in (
        (Access.OWN, OPEN), (Access.FOREIGN, FOREIGN), (Access.CLOSED, CLOSED), (Access.STRANGER, STRANGER),
        (Access.LOGIN, LOGGED_IN), (Access.GUEST, GUEST),
    )
    for row in rows
]  # fmt: skip


@pytest.mark.parametrize(("access", "row"), TABLE)
def test_access(access: Access, row: tuple[Rules, Any, bool]) -> None:
    rules, request, acts = row
    assert visit(rules, request, PASSES if rules.has_key else Passes(""), NOW, acts=acts).access is access


def test_two_hosts_or_origins_are_nobodys() -> None:
    twice = scope(HERE, OWN)
    twice["headers"].append((b"host", b"localhost:8080"))
    assert visit(LOCAL, twice, Passes(""), NOW, acts=True).access is Access.CLOSED
    twice = scope(HERE, OWN)
    twice["headers"].append((b"Origin", b"http://localhost:8080"))
    assert visit(LOCAL, twice, Passes(""), NOW, acts=True).access is Access.FOREIGN


def test_a_link_opens_for_its_guest_and_not_for_a_login() -> None:
    """Whoever has logged in stays so when they open a link."""
    asked = scope("calls.example.com")
    found = visit(PUBLIC, asked, PASSES, NOW, acts=False, link=LINK)
    assert (found.access, found.guest is not None and found.guest.id) == (Access.GUEST, "cd34")
    assert visit(PUBLIC, asked, PASSES, NOW, acts=False, link=OLD).access is Access.STRANGER
    asked = scope("calls.example.com", **cookie(LOGIN))
    assert visit(PUBLIC, asked, PASSES, NOW, acts=False, link=LINK).access is Access.LOGIN


def test_a_token_holds_until_it_expires() -> None:
    token = PASSES.issue(Kind.LINK, "ab12", 1_000)
    assert PASSES.read(token, 999.9) is not None
    assert PASSES.read(token, 1_000.0) is None


@given(st.text(max_size=300))
def test_no_text_is_a_token_or_the_key(text: str) -> None:
    """Nor does any raise."""
    assert PASSES.read(text, NOW) is None
    assert not PASSES.opens(text)
    assert not Passes("").opens(text)


def test_the_key_opens() -> None:
    assert PASSES.opens(KEY)
    assert not Passes("").opens("")


@pytest.mark.parametrize(
    ("rules", "request_", "is_secure"),
    [
        (PUBLIC, scope("calls.example.com"), True),
        (LOCKED, scope("abcd.ngrok.app", x_forwarded_proto="https"), True),
        (LOCKED, scope("10.0.0.5:8080"), False),
    ],
)
def test_the_cookie_is_bound_to_https_where_there_is_https(rules: Rules, request_: Any, is_secure: bool) -> None:
    assert secure(rules, request_) is is_secure
