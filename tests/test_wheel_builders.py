"""The wheels and sdists that tests are made of are real ones."""

import os
import subprocess
import sys

import pytest

from tests import wheels


def test_the_same_wheel_is_built_twice_and_salt_makes_another():
    assert wheels.wheel() == wheels.wheel()
    assert wheels.sdist() == wheels.sdist()
    assert wheels.wheel(salt="a").filename == wheels.wheel().filename
    assert len({wheels.wheel(salt=salt).sha256 for salt in ("", "a", "b")}) == 3
    assert len({wheels.sdist(salt=salt).sha256 for salt in ("", "a", "b")}) == 3


@pytest.mark.clients
def test_pip_installs_what_the_builders_build(tmp_path):
    built = [wheels.wheel("Sample.One", "1.0", tag="py2.py3-none-any"), wheels.sdist("sample-two", "2.0")]
    paths = [str(one.write(tmp_path)) for one in built]
    target = tmp_path / "target"
    environment = {
        **{key: value for key, value in os.environ.items() if not key.upper().endswith("PROXY")},
        "HOME": str(tmp_path),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INPUT": "1",
    }
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-index",
        "--no-cache-dir",
        "--target",
        str(target),
    ]
    subprocess.run([*command, *paths], env=environment, check=True, capture_output=True, timeout=120)
    assert '__version__ = "1.0"' in (target / "sample_one/__init__.py").read_text()
    assert '__version__ = "2.0"' in (target / "sample_two/__init__.py").read_text()
