"""What is this machine itself: one rule for settings, signatures and proxies."""

from __future__ import annotations

import pytest

from telephony.loopback import is_loopback, leads_to_loopback

YES = [
    "localhost", "LOCALHOST", "Localhost.", "a.localhost", "a.b.LocalHost.", "127.0.0.1", "127.1.2.3", "127.255.0.1",
    "::1", "[::1]", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "[::ffff:127.0.0.1]", "::FFFF:7f00:1", "::ffff:127.9.9.9",
]  # fmt: skip
NO = [
    "", ".", "..", "localhost.evil.com", "localhost.localdomain", "evillocalhost", "evil-localhost", ".localhost",
    "a..localhost", "localhost..", "127.evil", "127.0.0.1.evil.com", "127.0.0.1.", "127.1", "127", "0x7f.0.0.1",
    "2130706433", "127.0.0.256", "127.0.0.01", "0.0.0.0", "::", "[::]", "[", "[]", "[127.0.0.1", "10.0.0.1", "::2",
    "126.0.0.1", "128.0.0.1", "::ffff:10.0.0.1", "fe80::1", "::127.0.0.1", "example.com", "localhost:80",
    "127.0.0.1:80", "[::1]:80", " localhost", "localhost\n", "loc\u0430lhost", "127.0.0.\u0661", "user@localhost",
]  # fmt: skip


@pytest.mark.parametrize("host", YES)
def test_this_machine(host: str) -> None:
    assert is_loopback(host)
    shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
    for url in (f"http://{shown}", f"wss://{shown}:8080/v1?a=b", f"HTTPS://me:secret@{shown}:443"):
        assert leads_to_loopback(url), url


@pytest.mark.parametrize("host", NO)
def test_other_machines(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "url",
    ["", "localhost", "http://", "http://localhost.evil.com", "http://localhost@evil.com", "http://127.evil:80",
     "http://evil.com/localhost", "http://[::1", "http://0.0.0.0:8080", "http://evil.com#@localhost",
     "http://evil.com?localhost"],
)  # fmt: skip
def test_urls_of_other_machines(url: str) -> None:
    """What is before an @ is no host, nor is what comes after the first slash."""
    assert not leads_to_loopback(url)
