"""Secrets that a job printed by accident are masked before its log is kept; nothing else of the log changes."""

import pytest

from drafts.evidence.logs import parse
from drafts.evidence.masks import masked
from tests import wheels

A = "a1B2c3D4e5F6g7H8i9J0"
SECRETS = {
    "GitHub, classic": f"ghp_{A}{A}",
    "GitHub, of a job": f"ghs_{A}{A}",
    "GitHub, fine-grained": f"github_pat_{A}_{A}{A}",
    "GitLab": f"glpat-{A}",
    "an index": f"pypi-AgEI{A}{A}{A}",
    "an upload token of this server": f"pcu_{A}{A}",
    "an evidence token of this server": f"pce_{A}{A}",
    "AWS": "AKIA" + "ABCDEFGH12345678",
    "Slack": f"xoxb-123456-{A}",
    "npm": f"npm_{A}{A}",
    "a JWT": f"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIx{A}.{A}-{A}",
}
SAID = {
    "a header": (f"curl -H 'Authorization: Bearer {A}'", "curl -H 'Authorization: Bearer ***'"),
    "a header, Basic": (f"> authorization: Basic {A}==", "> authorization: Basic ***"),
    "GitLab's header": (f"PRIVATE-TOKEN: {A}", "PRIVATE-TOKEN: ***"),
    "AWS's other half": (f"AWS_SECRET_ACCESS_KEY={A}{A}", "AWS_SECRET_ACCESS_KEY=***"),
    "a password in an address": (f"https://ci:{A}@host.example/x", "https://ci:***@host.example/x"),
}
LOG = f"first ✓\r\n{wheels.wheel().sha256}  {wheels.wheel().filename}\n"


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_known_shapes_are_masked(secret):
    """It is true that a token of a known shape is not kept, and the lines around it stay where they are."""
    kept, found = masked(f"{LOG}token is {secret}, see\n{LOG}".encode())
    assert (kept.decode(), found) == (f"{LOG}token is ***, see\n{LOG}", 1)


@pytest.mark.parametrize(("said", "kept"), SAID.values(), ids=SAID.keys())
def test_what_names_a_secret_is_kept_and_the_secret_is_not(said, kept):
    assert masked(said.encode()) == (kept.encode(), 1)


def test_a_private_key_is_masked_line_by_line():
    """It is true that a key's lines are masked behind the prefixes of the log, and every line keeps its number."""
    stamp = "2025-06-05T04:43:58.3724525Z "
    key = [f"{stamp}-----BEGIN OPENSSH PRIVATE KEY-----", f"{stamp}{A}", f"{stamp}{A}"]
    log = "\n".join([*key, f"{stamp}-----END OPENSSH PRIVATE KEY-----", f"{stamp}done"])
    kept, found = masked(log.encode())
    assert A.encode() not in kept
    assert (found, kept.count(b"\n"), kept.endswith(b"done")) == (1, log.count("\n"), True)


def test_a_log_without_secrets_is_kept_byte_for_byte():
    for data in (LOG.encode(), b"\xff\xfe\x00broken", LOG.encode("utf-16"), b"", b"\xc3\x28 not UTF-8"):
        assert masked(data) == (data, 0)


def test_a_log_of_windows_is_masked_too():
    kept, found = masked(f"{LOG}ghp_{A}{A}\n".encode("utf-16"))
    assert (kept.decode("utf-16"), found) == (f"{LOG}***\n", 1)


DIGESTS = {
    "hexadecimal": f"{wheels.wheel().sha256}  {wheels.wheel().filename}",
    "BLAKE2": f"BLAKE2b ({wheels.wheel().filename}) = {wheels.wheel().blake2b_256}",
    "an address with a digest": f"https://host.example/{wheels.wheel().filename}#sha256={wheels.wheel().sha256}",
    "a Docker layer": f"sha256:{wheels.sdist().sha256}",
}


@pytest.mark.parametrize("line", DIGESTS.values(), ids=DIGESTS.keys())
def test_digests_are_no_secrets(line):
    """It is true that masking takes no evidence away."""
    assert masked(line.encode()) == (line.encode(), 0)
    assert parse(line) == parse(masked(line.encode())[0])
