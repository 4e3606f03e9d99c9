"""The embedded queue: several processes put messages into a folder and take them out, and each arrives once."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from kombu import Connection

from config import broker

ROOT = Path(__file__).resolve().parent.parent
EACH = 300
PUT = """
import sys
from tests.test_broker import connected, EACH
with connected(sys.argv[1]) as connection:
    queue = connection.SimpleQueue("celery")
    for number in range(EACH):
        queue.put(f"{sys.argv[2]}-{number}-" + "x" * 20_000)
"""
TAKE = """
import sys
from queue import Empty
from tests.test_broker import connected
with connected(sys.argv[1]) as connection:
    queue = connection.SimpleQueue("celery")
    while True:
        try:
            message = queue.get(timeout=3)
        except Empty:
            break
        message.ack()
        print(message.payload.rstrip("x"), len(message.payload))
"""


def folders(data) -> dict[str, str]:
    places = {
        "data_folder_in": "messages",
        "data_folder_out": "messages",
        "processed_folder": "taken",
        "control_folder": "control",
    }
    for name in places.values():
        (Path(data) / name).mkdir(exist_ok=True)
    return {option: str(Path(data) / name) for option, name in places.items()}


def connected(data) -> Connection:
    return Connection(f"{broker.TRANSPORT}://", transport_options={**folders(data), "polling_interval": 0.01})


@pytest.fixture
def queue(tmp_path):
    """One process's end of a queue."""
    with connected(tmp_path) as connection:
        yield connection.SimpleQueue("celery")


def waiting(data: Path) -> list[Path]:
    return sorted((data / "messages").iterdir())


def test_nothing_is_lost_or_taken_twice_between_processes(tmp_path):
    folders(tmp_path)

    def started(code: str, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, "-c", code, str(tmp_path), *arguments]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    takers = [started(TAKE) for _ in range(3)]
    putters = [started(PUT, name) for name in ("a", "b")]
    taken = [line.split() for taker in takers for line in taker.communicate(timeout=100)[0].splitlines()]
    assert [putter.communicate(timeout=100)[0] for putter in putters] == ["", ""]
    assert [process.returncode for process in (*takers, *putters)] == [0] * 5
    names = [name for name, _ in taken]
    assert sorted(names) == sorted(f"{putter}-{number}-" for putter in "ab" for number in range(EACH))
    assert {int(length) - len(name) for name, length in taken} == {20_000}
    assert waiting(tmp_path) == []
    assert list((tmp_path / "taken").iterdir()) == []


def test_messages_come_in_order(queue, tmp_path):
    for number in range(3):
        queue.put(number)
        time.sleep(0.002)  # names carry milliseconds
    assert [queue.get(timeout=2).payload for _ in range(3)] == [0, 1, 2]
    assert waiting(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b'{"body": "abc', b"\xff\xfe"])
def test_what_is_no_message_is_passed_over(queue, tmp_path, content):
    (tmp_path / "messages" / "000000000000001_cut-short.celery.msg").write_bytes(content)
    queue.put("whole")
    assert queue.get(timeout=2).payload == "whole"


def test_a_message_that_is_being_written_is_not_seen(queue, tmp_path):
    queue.put("whole")
    (whole,) = waiting(tmp_path)
    part = whole.replace(whole.with_name(f".{whole.name}.part"))
    with pytest.raises(queue.Empty):
        queue.get(timeout=0.3)
    part.replace(whole)
    assert queue.get(timeout=2).payload == "whole"


def test_a_queue_needs_no_file_that_a_killed_process_could_leave_broken(queue, tmp_path):
    (tmp_path / "control" / "celery.exchange").write_bytes(b"")
    queue.put("whole")
    assert queue.get(timeout=2).payload == "whole"
    assert [path.name for path in (tmp_path / "control").iterdir()] == ["celery.exchange"]


def test_waiting_gives_up_soon_so_that_a_worker_can_end(tmp_path):
    with connected(tmp_path) as connection:
        connection.SimpleQueue("celery").consumer.consume()
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=20)
        assert time.monotonic() - started < 5
