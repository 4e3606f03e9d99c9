"""Uploads: one large file against dd, sha256sum and b2sum; memory from 10 MB to 2 GB; 50 small wheels from 8 clients.

``python -m bench.uploads``. Prints Markdown tables; every figure is a ratio against something that ran in the same minutes.
"""

import argparse
import base64
import hashlib
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from bench import peers, processes
from bench.peers import Peer
from tests import wheels

MB = 1_000_000
VERSIONS = 5  # of each other project: as many drafts as one token may open in an hour
_BOUNDARY = "bench-bench-bench"
_LIMITS = {"PRESSCHECK_FILE_SIZE_LIMIT": str(4 * 1024**3), "PRESSCHECK_PROJECT_QUOTA": str(64 * 1024**3)}


def large_wheel(path: Path, size: int, version: str) -> None:
    """Write a sound wheel of about ``size`` bytes: one stored member of incompressible bytes."""
    folder, data = f"sampleproject-{version}.dist-info", "sampleproject/data.bin"
    small = {
        f"{folder}/METADATA": wheels.core_metadata(peers.PROJECT, version),
        f"{folder}/WHEEL": b"Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [_row(name, hashlib.sha256(content), len(content)) for name, content in small.items()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in small.items():
            archive.writestr(name, content)
        digest = hashlib.sha256()
        with archive.open(data, "w") as member:
            for _ in range(size // MB):
                noise = os.urandom(MB)
                digest.update(noise)
                member.write(noise)
        record += [_row(data, digest, size // MB * MB), f"{folder}/RECORD,,", ""]
        archive.writestr(f"{folder}/RECORD", "\n".join(record))


def _row(name: str, digest: "hashlib._Hash", size: int) -> str:
    spelled = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
    return f"{name},sha256={spelled},{size}"


def _head(filename: str, sha256: str) -> bytes:
    name, version = filename.split("-")[:2]
    fields = {
        ":action": "file_upload",
        "protocol_version": "1",
        "metadata_version": "2.1",
        "name": name,
        "version": version,
        "filetype": "bdist_wheel",
        "pyversion": filename.split("-")[2],
        "sha256_digest": sha256,
    }
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    content = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="{filename}"\r\n'
    return ("".join(parts) + content + "Content-Type: application/octet-stream\r\n\r\n").encode()


def post(peer: Peer, filename: str, sha256: str, body: Callable[[], Iterator[bytes]], size: int) -> None:
    """Post one file as upload tools do; ends the program when it is not taken."""
    url = urlsplit(peer.upload_url)
    head, tail = _head(filename, sha256), f"\r\n--{_BOUNDARY}--\r\n".encode()
    connection = http.client.HTTPConnection("127.0.0.1", url.port, timeout=600)
    connection.putrequest("POST", url.path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", url.netloc)
    connection.putheader("Authorization", peer.authorization)
    connection.putheader("Content-Type", f"multipart/form-data; boundary={_BOUNDARY}")
    connection.putheader("Content-Length", str(len(head) + size + len(tail)))
    connection.endheaders()
    connection.send(head)
    for chunk in body():
        connection.send(chunk)
    connection.send(tail)
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    if answer.status not in {200, 201}:
        sys.exit(f"{peer.name} answered {answer.status} to {filename}: {said[:500].decode(errors='replace')}")


def post_file(peer: Peer, path: Path, version: str, sha256: str) -> None:
    """Post a file from disk."""

    def chunks() -> Iterator[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                yield chunk

    post(peer, f"sampleproject-{version}-py3-none-any.whl", sha256, chunks, path.stat().st_size)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _by_hand(path: Path, folder: Path) -> float:
    """Return the seconds that dd to disk, sha256sum and b2sum of a file take together."""
    copy = folder / "copy"
    seconds = _seconds(
        lambda: subprocess.run(
            ["dd", f"if={path}", f"of={copy}", "bs=1M", "conv=fsync"], check=True, stderr=subprocess.DEVNULL
        )
    )
    for command in (["sha256sum", path], ["b2sum", "--length=256", path]):
        seconds += _seconds(partial(subprocess.run, command, check=True, stdout=subprocess.DEVNULL))
    copy.unlink()
    return seconds


def streaming(folder: Path, size: int, rounds: int) -> None:
    """Print how long one upload takes against the same work by hand, pairwise."""
    ratios, shown = [], []
    with peers.presscheck(folder, **_LIMITS) as peer:
        for number in range(rounds):
            path, version = folder / "large.whl", f"1.{number}"
            large_wheel(path, size, version)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            processes.wait_for_rest([peer.pid])  # the inspection of the upload before
            hand = _by_hand(path, folder)
            upload = _seconds(partial(post_file, peer, path, version, digest))
            ratios.append(upload / hand)
            shown.append(f"| {number + 1} | {hand:.2f} s | {upload:.2f} s | {upload / hand:.2f} |")
    print(f"\n## One upload of {size // MB} MB\n")
    print("| round | dd + sha256sum + b2sum | upload | ratio |\n|---|---|---|---|")
    print("\n".join(shown))
    print(f"\nMedian ratio {statistics.median(ratios):.2f} (goal: at most 1.5).")


def memory(folder: Path, sizes: list[int]) -> None:
    """Print the peak memory of the web process for uploads of several sizes."""
    with peers.presscheck(folder, **_LIMITS) as peer:
        _burst(peer, "0.1", 20, 1)  # every thread and import is warm
        web = processes.web(peer.pid)
        print("\n## Memory of the web process\n\n| upload | peak of the largest process |\n|---|---|")
        peaks = []
        for number, size in enumerate(sizes):
            path, version = folder / "large.whl", f"2.{number}"
            large_wheel(path, size, version)
            digest = _digest(path)
            processes.reset_peaks(web)
            post_file(peer, path, version, digest)
            peaks.append(processes.peak(web))
            print(f"| {size // MB} MB | {peaks[-1]:.0f} MB |")
        print(f"\nBetween the smallest and the largest: {max(peaks) - peaks[0]:.0f} MB (goal: at most 20).")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def small(folder: Path, files: int, clients: int, rounds: int, projects: int) -> None:
    """Print the rate of small wheels from several clients at once, against other indexes, which all hold as much."""
    kinds: list[Callable[[Path], AbstractContextManager[Peer]]] = [
        peers.presscheck,
        peers.devpi,
        peers.pypiserver,
        partial(peers.pypiserver, server="gunicorn"),
    ]
    rates: dict[str, list[float]] = {}
    spent: dict[str, list[float]] = {}
    later: dict[str, list[float]] = {}
    with ExitStack() as stack:
        running = [stack.enter_context(kind(folder)) for kind in kinds]
        for peer in running:
            _fill(peer, projects, clients)
        for number in range(rounds):
            for peer in running:
                processes.wait_for_rest([one.pid for one in running])
                before, began = processes.seconds(peer.pid), time.perf_counter()
                _burst(peer, f"1.{number}", files, clients)
                rates.setdefault(peer.name, []).append(files / (time.perf_counter() - began))
                spent.setdefault(peer.name, []).append((processes.seconds(peer.pid) - before) / files)
                processes.wait_for_rest([peer.pid])
                later.setdefault(peer.name, []).append((processes.seconds(peer.pid) - before) / files)
    print(f"\n## {files} small wheels of one release from {clients} clients at once\n")
    print(f"Each index holds {projects} projects with {VERSIONS} wheels before.\n")
    print(
        "| index | files a second (median) | Presscheck is faster by | processor time a file | until at rest |"
    )
    print("|---|---|---|---|---|")
    ours = statistics.median(rates["Presscheck"])
    for name, found in rates.items():
        middle = statistics.median(found)
        factor = "" if name == "Presscheck" else f"{ours / middle:.1f} ×"
        print(
            f"| {name} | {middle:.1f} | {factor} | {statistics.median(spent[name]) * 1000:.0f} ms "
            f"| {statistics.median(later[name]) * 1000:.0f} ms |"
        )


def _fill(peer: Peer, projects: int, clients: int) -> None:
    """Put wheels of other projects into an index, as a grown one has them."""
    logins = peer.make_projects(projects)

    def one(name: str) -> None:
        for number in range(VERSIONS):
            wheel = wheels.wheel(name, f"1.{number}")
            login = replace(peer, authorization=logins[name])
            _post_small(login, wheel)

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(one, logins))


def _burst(peer: Peer, version: str, files: int, clients: int) -> None:
    built = [wheels.wheel(version=version, build=str(number + 1)) for number in range(files)]

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(partial(_post_small, peer), built))


def _post_small(peer: Peer, wheel: wheels.Built) -> None:
    post(peer, wheel.filename, wheel.sha256, lambda: iter([wheel.data]), len(wheel.data))


def main() -> None:
    """Measure what was asked for; everything by default."""
    parser = argparse.ArgumentParser(prog="bench.uploads", description=__doc__)
    parser.add_argument("what", nargs="*", default=["streaming", "memory", "small"])
    parser.add_argument("--megabytes", type=int, default=300, help="size of the streamed file (300)")
    parser.add_argument(
        "--rounds", type=int, default=5, help="at most 5, the drafts of a token in an hour (5)"
    )
    parser.add_argument("--projects", type=int, default=500, help="other projects in each index (500)")
    parser.add_argument("--folder", default=None, help="where the data lies (a temporary folder)")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="presscheck-bench-", dir=told.folder) as name:
        folder = Path(name)
        if "streaming" in told.what:
            streaming(folder, told.megabytes * MB, told.rounds)
    with tempfile.TemporaryDirectory(prefix="presscheck-bench-", dir=told.folder) as name:
        if "memory" in told.what:
            memory(Path(name), [10 * MB, 100 * MB, 500 * MB, 2000 * MB])
    with tempfile.TemporaryDirectory(prefix="presscheck-bench-", dir=told.folder) as name:
        if "small" in told.what:
            small(Path(name), 50, 8, told.rounds, told.projects)


if __name__ == "__main__":
    main()
