"""What must not disturb the reading of logs: noise around true lines, and decoys that only look true."""

from __future__ import annotations

import base64
import hashlib

import pytest

from drafts.evidence.logs import Logged, parse

W = "foo-1.0-py3-none-any.whl"
T = "foo-1.0.tar.gz"
A = hashlib.sha256(b"wheel").hexdigest()
B = hashlib.sha256(b"sdist").hexdigest()
GIT = hashlib.sha1(b"commit").hexdigest()
B64 = base64.b64encode(bytes.fromhex(A)).decode()

NOISE = [
    ("GitHub", "2025-06-05T04:43:58.3724525Z {}"),
    ("gh run view --log", "build wheels\tRun python -m build\t\ufeff2025-06-05T04:43:58.3724525Z {}"),
    ("GitLab", "2024-05-22T12:43:46.962646Z 00O {}"),
    ("GitLab's section marker", "section_start:1560896352:build[collapsed=true]\r\x1b[0K{}\nx"),
    ("that marker copied", "section_end:1560896352:build[0K{}"),
    ("Azure", "2025-06-05T04:43:58.3724525Z ##[debug]{}"),
    ("Jenkins", "[2025-06-05T04:43:58.372Z] [linux] {}"),
    ("Jenkins' clock", "04:43:58  {}"),
    ("Bamboo", "build\t05-Jun-2025 04:43:58\t{}"),
    ("Buildkite", "\x1b_bk;t=1697630539879\x07{}"),
    ("Buildkite copied", "_bk;t=1697630539879{}"),
    ("Docker build", "#12 102.6 {}"),
    ("its summary", "102.63 {}"),
    ("Docker compose", "web-1  | {}"),
    ("docker logs -t", "2025-06-05T04:43:58.372452599Z stdout F {}"),
    ("colour", "\x1b[?25l\x1b[36;1m{}\x1b[0m"),
    ("a link", "\x1b]8;;https://ci.example/\x1b\\{}\x1b]8;;\x1b\\"),
    ("colour without its escape", "[36;1m{}[0m"),
    ("colour spelled out", "^[[32m{}\\x1b[0m"),
    ("a bell and characters of no width", "\u200e\x07{}\u200b"),
    ("CRLF", "x\r\n{}\r\n"),
    ("a progress bar", "Downloading 1%\rDownloading 99%\r{}\n"),
    ("a byte order mark", "\ufeff{}"),
    ("indentation", "    {}   "),
    ("a quotation", "> > {}"),
    ("a notice", "::notice file=a.py,line=1::{}"),
]

DECOYS = [
    ("a CI artifact's zip", f"SHA256 digest of uploaded artifact zip is {A}"),
    ("that zip after a name", f"Artifact {W} has been uploaded: SHA256 digest {A}"),
    ("a downloaded zip", f"SHA256 digest of downloaded artifact is {A}"),
    ("an image", f"Digest: sha256:{A}"),
    ("an image's name", f"FROM docker.example/python:3.12@sha256:{A}"),
    ("a layer", f"#5 sha256:{A} 3.2MB / 3.2MB 0.1s done"),
    ("an image written", f"#9 writing image sha256:{A} done"),
    ("an image's id", f"sha256:{A}"),
    ("a container's id", f"##[command]/usr/bin/docker create --name x python:3.12\n{A}"),
    ("docker ps", f'{A}    "/bin/sh"   2 hours ago'),
    ("a cache key", f"Cache restored from key: pip-Linux-x64-{A}"),
    ("a cache key and a file", f"Cache hit for {W}, key {A}"),
    ("a commit", GIT),
    ("a commit beside a file", f"Building {W} from {GIT}"),
    ("a long commit beside a file", f"Building {W} from commit {A}"),
    ("a reference", f"{GIT}\trefs/tags/v1.0"),
    ("RECORD", f"foo/__init__.py,sha256={B64[:-1].replace('+', '-').replace('/', '_')},12"),
    ("a dependency", f"requests==2.32.0 --hash=sha256:{A}"),
    (
        "a dependency's lines",
        f"requests==2.32.0 \\\n    --hash=sha256:{A} \\\n    --hash=sha256:{B}\n    # via foo",
    ),
    ("a Rekor entry", f"tlog entry created with index: 123 uuid 24296fb24b8ad77a{A} for {W}"),
    ("a Rekor link", f"https://rekor.example/?hash={A} {W}"),
    ("a masked digest", f"***  {W}"),
    ("a half masked digest", f"***{A[3:]}  {W}"),
    ("an expected digest", f"        Expected sha256 {A}"),
    ("what was expected of a file", f"ERROR: {W}: expected sha256 {A}"),
    ("another length", f"{A[:-2]}  {W}\nSHA256 ({W}) = {A[:-2]}"),
    ("whose is whose", f"{W} {T} {A}"),
    ("an image pushed", f"1.0: digest: sha256:{A} size: 2413"),
    ("an image pulled", f"python@sha256:{A}: Pulling from library/python"),
    ("GitLab's image", f"Using docker image sha256:{A} for python:3.12 with digest python@sha256:{B} ..."),
    ("a layer exported", f"#10 exporting manifest sha256:{A} 0.0s done"),
    ("a cache saved", f"Cache saved with key: setup-python-Linux-x64-python-3.12-pip-{A}"),
    ("an action's commit", f"Download action repository 'actions/checkout@v4' (SHA:{A[:40]})"),
    ("a commit of 64 digits", f"commit {A}\nAuthor: x"),
    ("Pipfile.lock", f'  "certifi": {{\n   "hashes": [\n    "sha256:{A}",\n    "sha256:{B}"\n   ],'),
    ("a certificate", f"SHA256 Fingerprint={':'.join(A.upper()[i : i + 2] for i in range(0, 64, 2))}"),
    ("an SSH key", f"256 SHA256:{B64.rstrip('=')} ci (ED25519)"),
    ("a folder of a store", f"/store/{A[:32]}-{T}"),
    (
        "a row of two files",
        f"<tr>\n<td>{W}</td>\n<td>{T}</td>\n<td>3 kB</td>\n<td>{A[:40]}{B[:24]}</td>\n</tr>",
    ),
    ("no algorithm", f"FNV ({W}) = {A}"),
    ("nothing", ""),
]


def said(text: bytes | str) -> list[tuple[str | None, str, str]]:
    return [(one.filename, one.algorithm, one.digest) for one in parse(text)]


def rows(table):
    return [pytest.param(*row[1:], id=row[0]) for row in table]


@pytest.mark.parametrize("around", rows(NOISE))
def test_noise_around_a_line_is_taken_off(around):
    assert said(around.replace("{}", f"{A}  a b.bin")) == [("a b.bin", "sha256", A)]
    assert said(around.replace("{}", f"SHA256 (a b.bin) = {A}")) == [("a b.bin", "sha256", A)]


@pytest.mark.parametrize("around", [row[1] for row in NOISE if "\n" not in row[1]])
@pytest.mark.parametrize("trailing", [True, False])
def test_a_block_with_blank_lines_keeps_its_name_inside_noise(around, trailing):
    block = (
        f"/dist/{W}\n\nSHA256: {A}\nBLAKE2-256: {B}\n\n/dist/{W}.publish.attestation\n\nSHA256: {B}".split(
            "\n"
        )
    )
    lines = [around.replace("{}", line) for line in block]
    text = "\n".join(lines if trailing else [line.rstrip() for line in lines])
    assert said(text) == [(W, "sha256", A), (W, "blake2b_256", B), (f"{W}.publish.attestation", "sha256", B)]


@pytest.mark.parametrize("text", rows(DECOYS))
def test_no_decoy_becomes_evidence(text):
    assert said(text) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_bytes_are_read_in_any_encoding_that_powershell_writes(encoding):
    assert said(f"x\r\n{A}  {W}\r\n".encode(encoding)) == [(W, "sha256", A)]


def test_lines_are_numbered_by_line_feeds_alone():
    text = f"one\x85\u2028\x0b\x0c\ntwo\rstill two\r\n\n{A}  {W}\n"
    assert parse(text) == [Logged(W, "sha256", A, 4, "coreutils")]


def test_a_text_with_nothing_but_carriage_returns_has_lines():
    assert [(one.digest, one.line) for one in parse(f"{A}  {W}\r{B}  {T}\r")] == [(A, 1), (B, 2)]


def test_what_gitlab_cut_in_two_is_put_together():
    stamp = "2024-05-22T12:43:46.962646Z"
    text = f"{stamp} 00O {A[:40]}\n{stamp} 01E warning\n{stamp} 00O+{A[40:]}  {W}\n"
    assert parse(text) == [Logged(W, "sha256", A, 1, "coreutils")]
