"""Digests read out of what real tools print, run here, plain and inside what every CI system puts around it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from tempfile import TemporaryDirectory

import pytest

from drafts.evidence.logs import parse
from tests import wheels
from tests.test_logs_noise import NOISE

W = "foo-1.0-py3-none-any.whl"
CONTENT = b"bytes of a wheel\n"
PYTHON = sys.executable
UV = shutil.which("uv", path=os.path.dirname(PYTHON)) or "uv"  # noqa: PTH120 - a search path

# Command -> which digest it prints.
TOOLS = [
    ("sha256sum", "sha256"),
    ("sha256sum -b", "sha256"),
    ("sha256sum -z", "sha256"),
    ("sha256sum --tag", "sha256"),
    ("sha224sum", "sha224"),
    ("sha384sum", "sha384"),
    ("sha512sum", "sha512"),
    ("sha1sum --tag", "sha1"),
    ("md5sum", "md5"),
    ("shasum -a 256", "sha256"),
    ("shasum -b -a 256", "sha256"),
    ("shasum -U -a 256", "sha256"),
    ("shasum --tag -a 256", "sha256"),
    ("shasum -a 384", "sha384"),
    ("b2sum -l 256 --tag", "blake2b_256"),
    ("b2sum -l 256", "sha256 or blake2b_256"),
    ("b2sum --tag", "blake2b"),
    ("cksum -a sha512", "sha512"),
    ("cksum -a sha256 --debug", "sha256"),
    ("cksum -a blake2b -l 256", "blake2b_256"),
    ("cksum -a sm3", "sm3"),
    ("cksum --untagged -a sha224", "sha224"),
    ("openssl dgst -sha256", "sha256"),
    ("openssl dgst -r -sha256", "sha256"),
    ("openssl dgst -c -sha256", "sha256"),
    ("openssl dgst -sha3-256", "sha3_256"),
    ("openssl dgst -sha512-256", "sha512_256"),
    ("openssl dgst -blake2b512", "blake2b"),
    ("openssl sha256", "sha256"),
    (f"{PYTHON} -m pip hash", "sha256"),
    (f"{PYTHON} -m pip hash -a sha512", "sha512"),
]
NAMES = [f"{row[0].replace(PYTHON, 'python')}" for row in TOOLS]


def digest_of(content: bytes, algorithm: str) -> str:
    if algorithm.startswith("blake2b"):
        return hashlib.blake2b(content, digest_size=32 if algorithm.endswith("_256") else 64).hexdigest()
    return hashlib.new(algorithm, content).hexdigest()


def printed(command: list[str], folder, **environment: str) -> str:
    """Run a tool in the C locale; returns what it printed."""
    if shutil.which(command[0]) is None:
        missing(f"{command[0]} is not installed")
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", **environment}
    run = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    output = run.stdout + run.stderr
    if run.returncode and ("nrecognized option" in output or "nvalid" in output or "nknown" in output):
        missing(f"{command}: {output}")
    return output


def missing(words: str) -> None:
    """Skip the test; not where everything is meant to be there."""
    (pytest.fail if os.environ.get("PRESSCHECK_REQUIRE_ALL") == "1" else pytest.skip)(words)


def said(text: str) -> list[tuple[str | None, str, str]]:
    return [(one.filename, one.algorithm, one.digest) for one in parse(text) if not one.hidden]


def within(around: str, text: str) -> str:
    """Put noise around every line, and noise that is lines itself around them all."""
    if "\n" in around:
        return around.replace("{}", text)
    return "\n".join(around.replace("{}", line) for line in text.split("\n"))


@pytest.fixture
def folder(tmp_path):
    """A folder dist with a wheel in it, of any bytes."""
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / W).write_bytes(CONTENT)
    return tmp_path


@pytest.mark.parametrize(("command", "algorithm"), TOOLS, ids=NAMES)
def test_what_the_real_tools_print_is_read_in_all_noise(command, algorithm, folder):
    text = printed([*command.split(), f"dist/{W}"], folder)
    told, _, real = algorithm.partition(" or ")  # 64 digits alone may be either
    expected = [(W, told, digest_of(CONTENT, real or told))]
    assert said(text) == expected
    inside = {name: within(around, text.strip("\n\0")) for name, around in NOISE}
    assert {name: said(noisy) for name, noisy in inside.items()} == dict.fromkeys(inside, expected)


def test_a_list_that_gpg_signed_in_clear_is_read(folder):
    digest = digest_of(CONTENT, "sha256")
    (folder / "SHA256SUMS").write_text(f"{digest}  {W}\n- {'0' * 64}  -x.whl\n")
    with TemporaryDirectory(dir="/tmp") as home:  # its agent's socket has a path of at most 107 bytes
        gpg = ["gpg", "--homedir", home, "--batch", "--passphrase", "", "--pinentry-mode", "loopback"]
        printed([*gpg, "--quick-generate-key", "ci@example.org", "default", "default", "never"], folder)
        text = printed([*gpg, "--output", "-", "--clear-sign", "SHA256SUMS"], folder)
        printed(["gpgconf", "--homedir", home, "--kill", "all"], folder)
    assert "BEGIN PGP SIGNATURE" in text
    assert said(text) == [(W, "sha256", digest)]


def test_what_pip_and_uv_say_of_a_wrong_digest_is_read(tmp_path):
    built = wheels.wheel("foo", "1.0")
    built.write(tmp_path)
    digest, wrong = built.sha256, "0" * 64
    (tmp_path / "r.txt").write_text(f"foo==1.0 --hash=sha256:{wrong}\n")
    options = ["--no-index", "--find-links", str(tmp_path), "-r", "r.txt"]
    pip = printed([PYTHON, "-m", "pip", "install", "--target", "t", "--require-hashes", *options], tmp_path)
    assert "Expected sha256" in pip
    assert [one[1:] for one in said(pip)] == [("sha256", digest)]
    uv = printed([UV, "pip", "install", "--target", "u", "--require-hashes", *options], tmp_path)
    assert "Computed:" in uv
    assert [one[1:] for one in said(uv)] == [("sha256", digest)]


def test_a_lock_file_that_pip_writes_is_read(tmp_path):
    built = wheels.wheel("foo", "1.0")
    (tmp_path / "links").mkdir()
    built.write(tmp_path / "links")
    expected = [(built.filename, "sha256", built.sha256)]
    lock = [PYTHON, "-m", "pip", "lock", "--no-index", "--find-links", "links", "foo", "-o", "-"]
    pylock = printed(lock, tmp_path)
    assert said(pylock) == expected


@pytest.mark.parametrize("client", ["twine upload --verbose", "uv publish --dry-run -vv"])
def test_a_client_that_prints_no_digests_says_nothing(client, tmp_path):
    """It is true today; a client that begins to print digests fails here, and its form is to be read then."""
    built = wheels.wheel("foo", "1.0")
    built.write(tmp_path)
    command, *options = client.split()
    address = ["--repository-url" if command == "twine" else "--publish-url", "http://127.0.0.1:9/legacy/"]
    path = f"{os.path.dirname(PYTHON)}:{os.environ['PATH']}"  # noqa: PTH120 - a search path
    text = printed(
        [
            shutil.which(command, path=path) or command,
            *options,
            *address,
            "-u",
            "x",
            "-p",
            "y",
            built.filename,
        ],
        tmp_path,
    )
    assert built.filename in text
    assert said(text) == []
