"""All HTTP clients share one TLS context."""

from __future__ import annotations

import ast
import ssl
from pathlib import Path

import pytest

from telephony.network.tls import loaded, tls

ROOT = Path(__file__).parents[2] / "telephony"
CLIENTS = {"AsyncClient", "Client", "DefaultAsyncHttpx2Client"}


def test_the_certificates_are_loaded_once_and_checked() -> None:
    """Loading them takes 20 ms, in which no call is served."""
    assert tls() is tls() is tls(trust_env=True)
    assert tls(trust_env=False) is tls(trust_env=False)
    for context in (tls(), tls(trust_env=False)):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


def test_only_with_trust_env_are_other_certificates_trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those of SSL_CERT_FILE, which must not reach the clients of servers on this machine."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(FileNotFoundError):
        loaded.__wrapped__(True)
    assert loaded.__wrapped__(False)


def test_every_client_has_it() -> None:
    """A client without `verify` would load the certificates anew."""
    made = [
        (path.name, {keyword.arg for keyword in node.keywords})
        for path in ROOT.rglob("*.py")
        if "Client(" in (source := path.read_text())
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in CLIENTS
    ]
    assert len(made) >= 7
    assert [name for name, options in made if not options & {"verify", "transport"}] == []
