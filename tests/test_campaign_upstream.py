"""The fault campaign's upstream index: a process that keeps what it took whoever dies, and behaves as it is told."""

import hashlib
import sys
import threading
from pathlib import Path

import pytest

from bench.faults.acts.uploads import send
from bench.faults.browser import Browser, Lost
from bench.faults.fleet import Process, eventually
from bench.faults.upstream import Mood, Shelf
from tests import wheels
from tests.processes import free_port

pytestmark = pytest.mark.embedded


@pytest.fixture
def there(tmp_path):
    """The process, and its folder as the campaign reads it."""
    port = free_port()
    command = [sys.executable, "-m", "bench.faults.upstream", "--port", str(port), "--folder", str(tmp_path)]
    process = Process("upstream", command, {}, tmp_path / "log", port)
    _begun(process)
    yield process, Shelf(tmp_path)
    process.kill()


def _begun(process: Process) -> None:
    process.start()
    eventually(process.answers, what="the upstream index answers")


def _send(process: Process, build: str = "1") -> int:
    built = wheels.wheel(build=build)
    return send(process.url, built, "Basic eA==", "sampleproject", "1.0").status


def _listed(process: Process) -> int:
    answer = Browser().ask(f"{process.url}/simple/sampleproject/")
    return answer.text.count('"filename"') if answer.status == 200 else answer.status


def test_it_keeps_a_file_once_with_its_bytes_and_after_it_was_killed(there):
    process, shelf = there
    built = wheels.wheel(build="1")
    assert (_listed(process), _send(process), _send(process)) == (404, 200, 400)
    assert Browser().ask(f"{process.url}/hook", method="POST", data=b"{}").status == 202
    process.kill()
    _begun(process)
    assert (_listed(process), _send(process)) == (1, 400)
    (name, _), digest = *shelf.kept(), shelf.digest(built.filename)
    assert (name, digest) == (built.filename, hashlib.sha256(built.data).hexdigest())
    assert [told["body"] for told in shelf.told()] == ["{}"]
    assert not list(Path(shelf.folder).glob("tmp*"))


@pytest.mark.parametrize(
    ("mood", "status", "listed"),
    [(Mood.REFUSES, 403, 404), (Mood.DOWN, 503, 503), (Mood.LATE, 200, 404), (Mood.MUTE, None, 1)],
)
def test_it_behaves_as_it_is_told(there, mood, status, listed):
    """It is true that it refuses, is away, lists nothing new, or keeps a file and says nothing."""
    process, shelf = there
    shelf.be(mood)
    if status is None:
        with pytest.raises(Lost):
            _send(process)
    else:
        assert _send(process) == status
    assert _listed(process) == listed
    shelf.be(Mood.WELL)
    assert _listed(process) == (1 if status in {200, None} else 404)


def test_it_holds_an_upload_until_it_is_told_otherwise(there):
    """It is true that what it holds is not kept, and is kept when it goes on, though the client may be gone by then."""
    process, shelf = there
    shelf.be(Mood.HOLDS)
    said: list[int] = []
    client = threading.Thread(target=lambda: said.append(_send(process)))
    client.start()
    assert (_listed(process), said) == (404, [])
    shelf.be(Mood.WELL)
    client.join()
    assert (said, _listed(process)) == ([200], 1)
