"""Sidecars: files that hold a digest, of the file whose name is in their own."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from drafts.evidence.logs import parse

W = "foo-1.0-py3-none-any.whl"
T = "foo-1.0.tar.gz"
A = hashlib.sha256(b"wheel").hexdigest()
B = hashlib.sha256(b"sdist").hexdigest()
L = hashlib.blake2b(b"wheel").hexdigest()
B64 = base64.b64encode(bytes.fromhex(A)).decode()
WHEEL, SDIST = (W, "sha256", A), (T, "sha256", B)

# What the read file is called, its text, and what it says then.
SIDECARS = [
    ("sha256", f"{W}.sha256", f"{A}\n", [WHEEL]),
    ("in a folder", f"D:\\dist\\{W}.sha256.txt", A.upper(), [WHEEL]),
    ("b2", f"{W}.b2", L, [(W, "blake2b", L)]),
    ("standard input", f"{W}.sha256sum", f"{A}  -", [WHEEL]),
    ("openssl on standard input", f"{T}.sha256", f"SHA2-256(stdin)= {B}", [SDIST]),
    (
        "Sigstore bundle",
        f"{W}.sigstore.json",
        json.dumps({"messageSignature": {"messageDigest": {"algorithm": "SHA2_256", "digest": B64}}}),
        [WHEEL],
    ),
    ("a name of its own", f"{W}.sha256", f"{B}  {T}", [SDIST]),
    ("two digests", f"{W}.sha256", f"{A}\n{B}", [(None, "sha256", A), (None, "sha256", B)]),
    ("another algorithm", f"{W}.md5", A, [(None, "sha256", A)]),
    ("no sidecar", "notes.txt", A, [(None, "sha256", A)]),
    ("hidden", f"{W}.sha256", f"\x1b[8m{A}", [(None, "sha256", A)]),
]


@pytest.mark.parametrize(
    ("name", "text", "expected"), [pytest.param(*row[1:], id=row[0]) for row in SIDECARS]
)
def test_a_sidecar_speaks_of_the_file_it_is_named_after(name, text, expected):
    assert [(one.filename, one.algorithm, one.digest) for one in parse(text, name)] == expected
