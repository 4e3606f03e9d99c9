"""What a server's processes take: their memory, their processor time, and whether they are at rest."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

MB = 1_000_000
_PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.5
_REST = 0.1  # of one processor


def family(pid: int) -> list[int]:
    """Return a process and all that it started."""
    parents: dict[int, int] = {}
    for name in filter(str.isdecimal, (path.name for path in Path("/proc").iterdir())):
        try:
            parents[int(name)] = int(Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it ended meanwhile
            continue
    found = [pid]
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
    return found


def web(pid: int) -> list[int]:
    """Return the processes that answer requests."""
    return [
        member
        for member in family(pid)
        if b"gunicorn" in Path(f"/proc/{member}/cmdline").read_bytes().replace(b"\0", b" ")
    ]


def peak(pids: Sequence[int]) -> float:
    """Return the largest resident size, in MB, that one of the processes had since the last reset."""
    lines = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return max(int(text.partition("VmHWM:")[2].split()[0]) for text in lines) * 1024 / MB


def reset_peaks(pids: Sequence[int]) -> None:
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def seconds(pid: int) -> float:
    """Return the processor time that a process, all that it started and all that ended there took."""
    ticks = 0
    for member in family(pid):
        try:
            ticks += sum(map(int, Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()[11:15]))
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def wait_for_rest(pids: Sequence[int]) -> None:
    """Wait until none of the servers has work left from before; what they put off must not be paid by the next."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        before = sum(map(seconds, pids))
        time.sleep(_LOOK_SECONDS)
        if sum(map(seconds, pids)) - before < _REST * _LOOK_SECONDS * len(pids):
            return
