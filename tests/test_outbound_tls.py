"""What this server fetches over TLS: the certificate is checked against the name that was asked for."""

import ssl
import subprocess

import pytest

from drafts.outbound import Limits, TooSlow, Unreachable
from tests.test_outbound import _loopback_is_allowed, drip_body, fetch, names, serve

__all__ = ["_loopback_is_allowed", "serve"]


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    """A certificate for ci.example, and a process that trusts it."""
    files = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ),
            *("-keyout", files[0], "-out", files[1], "-days", "2", "-subj", "/CN=ci.example"),
            *("-addext", "subjectAltName=DNS:ci.example"),
        ],
        check=True,
        capture_output=True,
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(files[1]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files[1], files[0])
    return context


def test_tls_is_checked_against_the_name_that_was_asked_for(serve, certificate, monkeypatch):
    names(monkeypatch, {"ci.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]})
    seen = []
    certificate.sni_callback = lambda _socket, name, _context: seen.append(name)
    there = serve(lambda asked: asked.answer(body=b"over tls"), tls=certificate)
    assert fetch(f"https://ci.example:{there.port}/") == (200, b"over tls")
    assert seen == ["ci.example"]
    with pytest.raises(Unreachable, match="certificate"):
        fetch(f"https://other.example:{there.port}/")
    assert len(there.asked) == 1


def test_a_peer_that_drips_under_tls_is_cut_off(serve, certificate, monkeypatch):
    names(monkeypatch, {"ci.example": ["127.0.0.1"]})
    there = serve(drip_body, tls=certificate)
    with pytest.raises(TooSlow):
        fetch(f"https://ci.example:{there.port}/", limits=Limits(size=100_000, seconds=1.0, idle=10))
