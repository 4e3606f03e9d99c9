"""Every fuzzed target holds for its seeds and for what fuzzing once found; the fuzzer itself stops a bad target."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests import tarparts
from tests.fuzz.targets import SEEDS, TARGETS

# What fuzzing found, mended since: (target, bytes).
FOUND = [
    # a pax record, and bytes without a space after it: it was read again and again
    ("tar", tarparts.tar(tarparts.member(b"pax", b"9 size=1\njunk", kind=b"x"), tarparts.member(data=b"x"))),
]
ALL = [(name, seed) for name, seeds in SEEDS.items() for seed in seeds] + FOUND


@pytest.mark.parametrize(("name", "data"), ALL, ids=[f"{name}-{at}" for at, (name, _) in enumerate(ALL)])
def test_a_target_holds(name, data):
    TARGETS[name](data)
    for at in range(0, len(data), max(1, len(data) // 50)):
        TARGETS[name](data[:at] + data[at + 1 :])


def test_every_target_has_seeds():
    assert set(TARGETS) == set(SEEDS)


@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris has no wheel for this system"
)
def test_fuzzing_for_a_moment_runs_and_says_what_it_did(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--seconds", "1", "--keep", str(tmp_path), "filename"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parent.parent,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "filename" in done.stdout
    assert "0 crashes" in done.stdout
