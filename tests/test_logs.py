"""Digests read out of logs: every form of them, and what real tools print."""

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
M = hashlib.md5(b"wheel").hexdigest()
L = hashlib.sha512(b"wheel").hexdigest()
GIT = hashlib.sha1(b"commit").hexdigest()
B64 = base64.b64encode(bytes.fromhex(A)).decode()
PAIRS = " ".join(A[i : i + 2] for i in range(0, 64, 2))
STATEMENT = json.dumps({"subject": [{"name": W, "digest": {"sha256": A}}], "predicateType": "x"})
PAYLOAD = base64.b64encode(STATEMENT.encode()).decode()
ENVELOPE = {"version": 1, "envelope": {"statement": PAYLOAD}}
SUMS64 = base64.b64encode(f"{A}  {W}\n{B}  {T}\n".encode()).decode()
PYPI_JSON = {
    "urls": [
        {"digests": {"md5": M, "sha256": A}, "downloads": -1, "filename": W},
        {"digests": {"sha256": B}, "filename": T},
    ]
}
SIMPLE_JSON = {"files": [{"filename": W, "hashes": {"sha256": A}, "core-metadata": {"sha256": B}}]}

WHEEL, SDIST = (W, "sha256", A), (T, "sha256", B)
KEY = ("git_key-1.0.tar.gz", "sha256", A)
BOTH = [WHEEL, SDIST]

FORMS = [
    ("sha256sum", f"{A}  dist/{W}", [WHEEL]),
    ("sha256sum in binary mode", f"{A} *{W}", [WHEEL]),
    ("capital digits", f"{A.upper()}  {W}", [WHEEL]),
    ("any name at all", f"{A}  dist/a b.bin", [("a b.bin", "sha256", A)]),
    ("more than a name", f"{A}  dist/{W} (2.8 kB)", [WHEEL]),
    ("escaped name", f"\\{A}  dist/we\\nird.bin", [("we\nird.bin", "sha256", A)]),
    ("escaped Windows path", f"\\{A} *D:\\\\a\\\\dist\\\\{W}", [WHEEL]),
    ("standard input", f"{A}  -", [(None, "sha256", A)]),
    ("sha512sum", f"{L}  {W}", [(W, "sha512", L)]),
    ("md5sum", f"{M}  {W}", [(W, "md5", M)]),
    ("sha256 -r", f"{A} {W}", [WHEEL]),
    (
        "SHA256SUMS, clear-signed",
        f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{A}  {W}\n{B}  {T}\n",
        BOTH,
    ),
    ("BSD", f"SHA256 (dist/{W}) = {A}", [WHEEL]),
    ("brackets in a name", f"SHA256 (a (1) = b.bin) = {A}", [("a (1) = b.bin", "sha256", A)]),
    ("b2sum --tag -l 256", f"BLAKE2b-256 ({W}) = {B}", [(W, "blake2b_256", B)]),
    ("b2sum --tag", f"BLAKE2b ({W}) = {L}", [(W, "blake2b", L)]),
    ("cksum --base64", f"SHA256 ({W}) = {B64}", [WHEEL]),
    ("sha3", f"SHA3-256({W})= {A}", [(W, "sha3_256", A)]),
    ("old openssl", f"SHA256({W})= {A}", [WHEEL]),
    ("openssl 3", f"SHA2-256(dist/{W})= {A}", [WHEEL]),
    ("openssl -c", f"SHA2-256({W})= {PAIRS.replace(' ', ':')}", [WHEEL]),
    ("old openssl on standard input", f"(stdin)= {A}", [(None, "sha256", A)]),
    ("openssl 3 on standard input", f"SHA2-256(stdin)= {A}", [(None, "sha256", A)]),
    (
        "certutil",
        f"SHA256 hash of dist\\{W}:\n{A}\nCertUtil: -hashfile command completed successfully.",
        [WHEEL],
    ),
    ("old certutil", f"SHA256 hash of file dist\\{W}:\n{PAIRS}\nCertUtil: done", [WHEEL]),
    ("German certutil", f"SHA256-Hash von dist\\{W}:\n{A}", [WHEEL]),
    (
        "Get-FileHash as a table",
        f"Algorithm       Hash      Path\n---------       ----      ----\nSHA256          {A.upper()}       D:\\a\\{W}",
        [WHEEL],
    ),
    (
        "a table that was cut",
        f"SHA256          {A.upper()}       D:\\a\\foo-1.0-py3...",
        [(None, "sha256", A)],
    ),
    (
        "Get-FileHash as a list, wrapped",
        (
            f"\nAlgorithm : SHA256\nHash      : {A.upper()}\nPath      : D:\\a\\foo-1.0-py3\n            -none-any.whl\n"
            f"\nAlgorithm : SHA512\nHash      : {L[:66]}\n            {L[66:]}\nPath      : D:\\a\\{T}\n"
        ),
        [WHEEL, (T, "sha512", L)],
    ),
    ("pip hash", f"dist/{W}:\n--hash=sha256:{A}\ndist/{T}:\n--hash=sha256:{B}", BOTH),
    ("pip hash, its name cut off", f"--hash=sha256:{A}", [(None, "sha256", A)]),
    ("--hash after a URL", f"foo @ https://index.example/{W} --hash=sha256:{A}", [WHEEL]),
    (
        "--hash below a path",
        f"./dist/{W} \\\n    --hash=sha256:{A} \\\n    --hash=sha512:{L}",
        [WHEEL, (W, "sha512", L)],
    ),
    (
        "a URL's fragment",
        f"  Added foo from https://index.example/f/{W}#sha256={A} to build tracker",
        [WHEEL],
    ),
    (
        "links of a Simple API page",
        f'<a href="../{W}#sha256={A}" data-core-metadata="sha256={B}">{W}</a> <a href="../{T}#sha256={B}">{T}</a>',
        BOTH,
    ),
    ("cibuildwheel", f"  cp38-macosx_arm64: {W} 2.8 kB in 9 seconds, SHA256={A}", [WHEEL]),
    ("pip wheel", f"  Created wheel for foo: filename={W} size=12 sha256={A}", [WHEEL]),
    (
        "a project with a telling name",
        f"Created wheel for git.key: filename=git_key-1.0.tar.gz sha256={A}",
        [KEY],
    ),
    ("attestation message", f"Attestation created for {W}@sha256:{A}", [WHEEL]),
    ("uv.lock", f'    {{ url = "https://index.example/{W}", hash = "sha256:{A}", size = 1 }},', [WHEEL]),
    (
        "poetry.lock on one line",
        f'[{{file = "{W}", hash = "sha256:{A}"}}, {{file = "{T}", hash = "sha256:{B}"}}]',
        BOTH,
    ),
    ("7-Zip", f"{A}         1234  {W}", [WHEEL]),
    ("name first", f"{W}: {A}", [WHEEL]),
    ("a prefix nobody knows", f"<worker 7> {A}  {W}", [WHEEL]),
    ("an artifact's folder in the path", f"/home/me/artifacts/.cache/{W} sha256: {A}", [WHEEL]),
    (
        "print-hash",
        (
            f"/github/workspace/dist/{W}\n\nSHA256: {A}\nMD5: {M}\nBLAKE2-256: {B}\n\n"
            f"/github/workspace/dist/{W}.publish.attestation\n\nSHA256: {B}\n"
        ),
        [WHEEL, (W, "md5", M), (W, "blake2b_256", B), (f"{W}.publish.attestation", "sha256", B)],
    ),
    (
        "a page of PyPI",
        f"Hashes for {W}\nAlgorithm\tHash digest\t\nSHA256\t{A}\tCopy\nMD5\t{M}\tCopy",
        [WHEEL, (W, "md5", M)],
    ),
    ("a release's list of files", f"{W}\nsha256:{A}\n1 MB", [WHEEL]),
    ("a loop in a shell", f"dist/{W}\n{A}", [WHEEL]),
    ("grep over sidecars", f"dist/{W}.sha256:{A}", [WHEEL]),
    ("head over sidecars", f"==> {W}.sha256 <==\n{A}", [WHEEL]),
    ("cat of a sidecar", f"$ cat dist/{W}.sha512\n{L}", [(W, "sha512", L)]),
    ("a sidecar's text", f"{A}\n", [(None, "sha256", A)]),
    (
        "pip's mismatch",
        (
            f"    foo from https://index.example/{W}#sha256={B} (from -r r.txt (line 1)):\n"
            f"        Expected sha256 {B}\n        Expected     or {GIT}{GIT[:24]}\n             Got        {A}\n"
        ),
        [WHEEL],
    ),
    (
        "uv's mismatch",
        f"  ╰─▶ Hash mismatch for `foo==1.0`\n\n      Expected:\n        sha256:{B}\n\n      Computed:\n        sha256:{A}\n",
        [(None, "sha256", A)],
    ),
    (
        "poetry's mismatch",
        f"Hash for foo (1.0) from archive {W} not found in known hashes (was: sha256:{A})",
        [WHEEL],
    ),
    (
        "old poetry's",
        f"Invalid hashes (sha256:{A}) for foo (1.0) using archive {W}. Expected one of sha256:{B}.",
        [WHEEL],
    ),
    ("JSON, name to digest", json.dumps({W: A, T: f"sha256:{B}"}), BOTH),
    ("JSON, name to digests", json.dumps({W: {"sha256": A, "md5": M}}), [WHEEL, (W, "md5", M)]),
    ("the same over lines", json.dumps({W: A, T: B}, indent=2), BOTH),
    ("JSON of the public index", json.dumps(PYPI_JSON), [(W, "md5", M), *BOTH]),
    ("that over lines", json.dumps(PYPI_JSON, indent=4), [(W, "md5", M), *BOTH]),
    ("JSON of the Simple API", json.dumps(SIMPLE_JSON), [WHEEL]),
    ("that of it over lines", json.dumps(SIMPLE_JSON, indent=1), [WHEEL]),
    ("pylock.toml", f'[[packages.wheels]]\nname = "{W}"\nsize = 1\nhashes = {{sha256 = "{A}"}}', [WHEEL]),
    ("YAML", f"- name: {W}\n  sha256: {A}\n- name: {T}\n  sha256: {B}", BOTH),
    ("in-toto statement", STATEMENT, [WHEEL]),
    ("PEP 740 attestation", json.dumps(ENVELOPE), [WHEEL]),
    ("that attestation over lines", json.dumps(ENVELOPE, indent=2), [WHEEL]),
    (
        "Sigstore bundle",
        json.dumps({"messageSignature": {"messageDigest": {"algorithm": "SHA2_256", "digest": B64}}}),
        [(None, "sha256", A)],
    ),
    ("several on one line", json.dumps([ENVELOPE, {"payload": SUMS64}]), BOTH),
    ("DSSE envelope over lines", json.dumps({"payload": PAYLOAD, "payloadType": "x"}, indent=1), [WHEEL]),
    ("SLSA generator", f"hashes={SUMS64}", BOTH),
    ("its step's inputs", f"  base64-subjects: {SUMS64}", BOTH),
    ("its job's outputs", f"  hashes: {SUMS64}", BOTH),
    ("Markdown table", f"| File | SHA256 |\n|---|---|\n| {W} | `{A}` |\n| {T} | `{B}` |", BOTH),
    ("HTML table", f"<tr><td>{W}</td><td><code>{A}</code></td></tr>", [WHEEL]),
    ("HTML around a label", f"<li>{W} <b>BLAKE2b-256</b>: <code>{B}</code></li>", [(W, "blake2b_256", B)]),
    ("HTML table, a cell a line", f"<td>{W}</td>\n<td>{A}</td>", [WHEEL]),
    (
        "a row over lines",
        f"<tr>\n  <td>{W}</td>\n  <td>3 kB</td>\n  <td><code>{A}</code></td>\n</tr>",
        [WHEEL],
    ),
    ("such a row, digest first", f"<tr>\n<td>{A}</td>\n<td>3 kB</td>\n<td>{W}</td>\n</tr>", [WHEEL]),
    (
        "rows of two files over lines",
        "".join(
            f"<tr>\n<td>{name}</td>\n<td>3 kB</td>\n<td>{digest}</td>\n</tr>\n"
            for name, digest in ((W, A), (T, B))
        ),
        BOTH,
    ),
    (
        "cibuildwheel's table",
        (
            f"<tr><td nowrap><samp>{W}</samp></td><td nowrap>2.8 kB</td><td nowrap><samp>cp311-win32</samp></td>"
            f"<td nowrap>9 seconds</td><td nowrap><samp>{A}</samp></td></tr>"
        ),
        [WHEEL],
    ),
    ("Markdown table in bold", f"| **{W}** | **{A}** |", [WHEEL]),
    ("Markdown table with links", f"| `{A}` | [{W}](https://index.example/{W}) |", [WHEEL]),
    ("a table in a box", f"\u2502 {W} \u2502 {A} \u2502", [WHEEL]),
    ("a list in Markdown", f"- `{W}`: `{A}`\n* {T} (SHA-256: {B})", BOTH),
    (
        "pylock.toml with tables",
        f'[packages.sdist]\nname = "{T}"\nsize = 1\n\n[packages.sdist.hashes]\nsha256 = "{B}"\n',
        [SDIST],
    ),
    (
        "pylock.toml with arrays of tables",
        f'[[packages.wheels]]\nurl = "https://index.example/{W}"\n\n[packages.wheels.hashes]\nsha256 = "{A}"\n',
        [WHEEL],
    ),
    ("the generators' environment", f"  BASE64_SUBJECTS: {SUMS64}", BOTH),
    ("sha256sum -z", f"{A}  {W}\0{B}  {T}\0", BOTH),
    ("shasum in universal mode", f"{A} ^{W}", [WHEEL]),
    ("gh attestation verify", f"Loaded digest sha256:{A} for file://dist/{W}", [WHEEL]),
    (
        "Get-FileHash in colour",
        (
            f"\x1b[32;1mAlgorithm : \x1b[0mSHA256\n\x1b[32;1mHash      : \x1b[0m{A.upper()}\n"
            f"\x1b[32;1mPath      : \x1b[0m/home/me/{W}\n"
        ),
        [WHEEL],
    ),
    ("Get-FileHash, two columns", f"Hash         Path\n----         ----\n{A.upper()} D:\\a\\{W}", [WHEEL]),
    (
        "provenance of the Integrity API",
        json.dumps({"attestation_bundles": [{"attestations": [ENVELOPE]}]}),
        [WHEEL],
    ),
    ("statements, one a line", f"{json.dumps({'payload': PAYLOAD})}\n{STATEMENT}", [WHEEL]),
    (
        "Sigstore bundle of a statement",
        json.dumps(
            {
                "verificationMaterial": {
                    "tlogEntries": [{"logId": {"keyId": B64}, "inclusionProof": {"rootHash": B64}}]
                },
                "dsseEnvelope": {"payload": PAYLOAD},
            }
        ),
        [WHEEL],
    ),
    (
        "CycloneDX",
        json.dumps({"components": [{"name": W, "hashes": [{"alg": "SHA-256", "content": A}]}]}),
        [WHEEL],
    ),
    (
        "SPDX",
        json.dumps(
            {"files": [{"fileName": f"./{W}", "checksums": [{"algorithm": "SHA256", "checksumValue": A}]}]}
        ),
        [WHEEL],
    ),
]


def said(text: bytes | str) -> list[tuple[str | None, str, str]]:
    return [(one.filename, one.algorithm, one.digest) for one in parse(text)]


def rows(table):
    return [pytest.param(*row[1:], id=row[0]) for row in table]


@pytest.mark.parametrize(("text", "expected"), rows(FORMS))
def test_each_form_is_read(text, expected):
    assert said(text) == expected


@pytest.mark.parametrize(("text", "expected"), rows(FORMS))
def test_each_form_is_read_behind_timestamps(text, expected):
    stamped = "\n".join(f"2025-06-05T04:43:58.3724525Z {line}" for line in text.split("\n"))
    assert said(stamped) == expected


def test_what_is_printed_twice_is_returned_once_with_its_first_line():
    text = f"x\n{A}  {W}\n{W}: {A}\n{B}  {W}\n"
    assert [(one.digest, one.line) for one in parse(text)] == [(A, 2), (B, 4)]
