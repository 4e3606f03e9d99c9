"""It is true that many at once are answered rightly, or told honestly to wait: bench/load, small."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.load import table
from bench.load.asking import Answer, Sample, outcome

CODE = Path(__file__).parent.parent
UPLOADERS, FILES, TESTERS = 5, 20, 30


def play(shape: str) -> dict:
    told = ["--uploaders", UPLOADERS, "--files", FILES, "--testers", TESTERS, "--rate", 20]
    done = subprocess.run(
        [sys.executable, "-m", "bench.load", "--json", "--shape", shape, *map(str, told)],
        cwd=CODE,
        capture_output=True,
        text=True,
        check=False,
        timeout=220,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param("embedded", marks=pytest.mark.embedded),
        pytest.param("services", marks=[pytest.mark.services, pytest.mark.promise]),
    ],
)
def test_many_at_once(shape):
    """It is true that uploads to one draft, testers on one link and reads during a publish all end well: none or all."""
    told = play(shape)
    right = {row["what"]: row["outcomes"]["ok"] for row in told["rows"]}
    assert right.pop("index read") > 0
    assert right == {"upload": FILES, "draft page": TESTERS, "draft index": TESTERS, "draft file": TESTERS}
    assert told["transaction"] > 0


BUSY = {"retry-after": "5"}


@pytest.mark.parametrize(
    ("answer", "wrong", "expected"),
    [
        (Answer(200, {}, b""), "", "ok"),
        (Answer(200, {}, b""), "7 files", "wrong 7 files"),
        (Answer(503, BUSY, b""), "", "refused 503"),
        (Answer(429, BUSY, b""), "", "refused 429"),
        (Answer(503, {}, b""), "", "error 503"),
        (Answer(429, {"retry-after": "soon"}, b""), "", "error 429"),
        (Answer(500, BUSY, b""), "", "error 500"),
        (Answer(404, {}, b""), "", "error 404"),
    ],
)
def test_an_answer_counts_as_what_it_is(answer, wrong, expected):
    assert outcome(answer, wrong=wrong) == expected


def test_failures_are_counted_and_honest_refusals_are_none():
    outcomes = ["ok", "refused 503", "wrong 7 files", "error 500", "error 500"]
    samples = [Sample("read", one, 0.5, 1.0 + number) for number, one in enumerate(outcomes)]
    assert table.failures(samples) == ["read: error 500 (2 times)", "read: wrong 7 files (1 times)"]
    (row,) = table.rows(samples)
    assert (row.count, row.p50, row.outcomes["error 500"]) == (5, 0.5, 2)
    assert "| read | 5 |" in table.markdown([row])
