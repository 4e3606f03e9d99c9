"""Whatever bytes come, a distribution is read or refused, and nothing else happens."""

import gzip
import zipfile

from hypothesis import given, settings
from hypothesis import strategies as st

from tests import wheels
from tests.refusals import codes


@given(st.binary(max_size=300), st.sampled_from(["a-1.0-py3-none-any.whl", "a-1.0.tar.gz"]))
def test_any_bytes_are_refused_without_another_error(data, filename):
    assert codes(wheels.Built(filename, data))


@st.composite
def damaged(draw, data):
    """Some bytes overwritten, taken out or doubled."""
    damaged = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(damaged) - 1))
        length = draw(st.integers(1, 12))
        damaged[at : at + draw(st.sampled_from([0, length]))] = draw(st.binary(max_size=length))
    return bytes(damaged)


SOUND = [
    wheels.wheel(requires_python=">=3.9", description="A wheel.", compression=zipfile.ZIP_STORED),
    wheels.wheel(requires_dist=("a>=1; python_version < '3'",)),
]


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_wheel_is_read_or_refused_without_another_error(data):
    built = data.draw(st.sampled_from(SOUND))
    codes(wheels.Built(built.filename, data.draw(damaged(built.data))))


TAR = gzip.decompress(wheels.sdist(files={"x" * 120: "x"}).data)


@settings(max_examples=300)
@given(damaged(TAR))
def test_a_damaged_sdist_is_read_or_refused_without_another_error(tar):
    codes(wheels.Built("sampleproject-1.0.tar.gz", gzip.compress(tar, 1, mtime=0)))


@settings(max_examples=100)
@given(damaged(wheels.sdist().data))
def test_a_damaged_gzip_is_read_or_refused_without_another_error(data):
    codes(wheels.Built("sampleproject-1.0.tar.gz", data))
