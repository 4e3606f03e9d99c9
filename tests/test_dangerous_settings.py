"""It is true that a server does not start with a configuration that would hurt it, and says what to set."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

MANAGE = Path(__file__).parent.parent / "manage.py"
PRODUCTION = {
    "DATABASE_URL": "postgres://somebody@127.0.0.1:1/nowhere",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "PRESSCHECK_SECRET_KEY": "as long as a key should be, and nobody else's, so that checks are content",
}
S3 = {"PRESSCHECK_S3_BUCKET": "files"}
NOT_OWN = {*PRODUCTION, *S3, "PRESSCHECK_S3_ENDPOINT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def check(folder, **changes):
    """Read the settings as every process does at its start; connects to nothing."""
    shape = {name: value for name, value in {**PRODUCTION, **changes}.items() if value}
    own = {name: value for name, value in os.environ.items() if name not in NOT_OWN}
    environment = {**own, "PRESSCHECK_DATA": str(folder), **shape}
    command = [sys.executable, str(MANAGE), "check"]
    return subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=60)


def test_the_production_shape_is_accepted(tmp_path):
    answer = check(tmp_path)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PRESSCHECK_SECRET_KEY": None}, "PRESSCHECK_SECRET_KEY is not"),
        ({"DATABASE_URL": None}, "several hosts cannot share a SQLite file"),
        ({"PRESSCHECK_S3_ENDPOINT": "http://127.0.0.1:1"}, "name the bucket"),
        ({**S3, "AWS_ACCESS_KEY_ID": "half"}, "only one is set"),
        ({**S3, "PRESSCHECK_ACCEL": "/objects"}, "set one of the two"),
    ],
    ids=[
        "a key of its own on every host",
        "a SQLite file for several hosts",
        "an S3 server without a bucket",
        "half a credential",
        "files from a folder that are in a bucket",
    ],
)
def test_a_dangerous_shape_is_refused(tmp_path, changes, words):
    answer = check(tmp_path, **changes)
    assert answer.returncode != 0
    assert words in answer.stderr
