"""Inspect wheels and print how fast: ``python -m bench.inspection [--wheels 50] [--megabytes 10] [--workers 2]``.

The wheels are made here (a third sources, a third native code of this machine, a third bytes that do not compress),
staged through the door of a new embedded server, and inspected by the real job in as many processes as there are cores.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import os
import random
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from pathlib import Path

_MB = 1_000_000
_STEM = "inspected-1.0"
_CODE = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.inspection", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--wheels", type=int, default=50)
    parser.add_argument("--megabytes", type=float, default=10, help="of each wheel, compressed")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--work", nargs=2, type=int, metavar=("NUMBER", "OF"), help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.work:
        return work(*told.work)
    with tempfile.TemporaryDirectory() as data:
        environment = {**os.environ, "PRESSCHECK_DATA": data, "DJANGO_SETTINGS_MODULE": "config.settings"}
        os.environ.update(environment)
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v0"], cwd=_CODE, env=environment, check=True
        )
        sizes = stage(told.wheels, int(told.megabytes * _MB))
        report(sizes, *measure(told.workers, environment), told.workers)
    return 0


def stage(wheels: int, size: int) -> list[int]:
    """Stage wheels in one draft, as an upload would; returns their sizes."""
    import django

    django.setup()
    from packaging.version import Version

    from accounts import people
    from accounts.audit import Actor
    from drafts.access import tokens
    from drafts.access.projects import create
    from drafts.dist import parse_filename
    from drafts.intake import door
    from drafts.intake.arrival import Upload
    from drafts.intake.rules import Stager
    from drafts.models import TokenKind

    by = Actor.system("bench")
    owner = people.add(email="bench@example.org", name="bench", by=by)
    project = create(name="inspected", by=by, owner=owner.email)
    token, _ = tokens.make(project=project, kind=TokenKind.UPLOAD, by=by, label="bench")
    sizes = []
    for number in range(wheels):
        name = f"{_STEM}-cp3{number}-cp3{number}-manylinux_2_17_x86_64.whl"
        upload, data = Upload(parse_filename(name)), wheel(number, size)
        upload.write(data)
        door.take(upload, project=project, version=Version("1.0"), by=Stager(actor=by, token=token))
        sizes.append(len(data))
    return sizes


def wheel(number: int, size: int) -> bytes:
    """Make a wheel of about ``size`` bytes, the same every time."""
    chance = random.Random(number)
    members = {f"{_STEM}.dist-info/METADATA": metadata(), f"{_STEM}.dist-info/WHEEL": wheel_file(number)}
    members["inspected/_native.so"] = native()
    for part in range(8):
        members[f"inspected/data/{part}.bin"] = chance.randbytes(size // 24)
    sources = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    chance.shuffle(sources)
    rest = size - sum(len(data) for data in members.values()) // 2
    for at, source in enumerate(sources * 20):
        if rest <= 0:
            break
        data = source.read_bytes()
        members[f"inspected/p{at // 100}/{at}_{source.name}"] = data
        rest -= len(data) // 4
    record = f"{_STEM}.dist-info/RECORD"
    members[record] = "".join(
        [*(row(path, data) for path, data in members.items()), f"{record},,\n"]
    ).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path, data in members.items():
            archive.writestr(path, data)
    return buffer.getvalue()


def row(path: str, data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(data)}\n"


def metadata() -> bytes:
    text = "# Inspected\n\n" + "Some *words* with `code`.\n\n" * 200
    head = "Metadata-Version: 2.1\nName: inspected\nVersion: 1.0\nDescription-Content-Type: text/markdown\n"
    return f"{head}\n{text}".encode()


def wheel_file(number: int) -> bytes:
    tag = f"cp3{number}-cp3{number}-manylinux_2_17_x86_64"
    return f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()


def native() -> bytes:
    """Return native code of this machine: the largest extension of this Python."""
    folder = Path(sysconfig.get_path("stdlib")) / "lib-dynload"
    found = max(folder.glob("*.so"), key=lambda path: path.stat().st_size, default=Path(sys.executable))
    return found.read_bytes()[: 4 * _MB]


def work(number: int, of: int) -> int:
    """Do every so many-th inspection, and print the memory that was used at most."""
    import django

    django.setup()
    from drafts.inspection import inspect
    from drafts.models import Inspection, Job, Kind, jobs

    mine = list(Job.objects.filter(kind=Kind.INSPECT).order_by("pk").values_list("pk", flat=True))[number::of]
    for job_id in mine:
        jobs.run(job_id, inspect.work)
    failed = Inspection.objects.filter(state="failed").count()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"{len(mine)} {failed} {own} {child}")
    return 0


def measure(workers: int, environment: dict[str, str]) -> tuple[float, float, list[str]]:
    """Run the workers; returns seconds by the clock, seconds of processor time, and what each said."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [sys.executable, "-m", "bench.inspection", "--work"]
    running = [
        subprocess.Popen(
            [*command, str(n), str(workers)], cwd=_CODE, env=environment, stdout=subprocess.PIPE, text=True
        )
        for n in range(workers)
    ]
    said = [process.communicate()[0].strip() for process in running]
    took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, said


def report(sizes: list[int], took: float, busy: float, said: list[str], workers: int) -> None:
    done = [list(map(int, line.split())) for line in said]
    total = sum(sizes) / _MB
    print(f"{len(sizes)} wheels of {total / len(sizes):.1f} MB, {workers} workers")
    print(f"inspected {sum(row[0] for row in done)}, failed {max(row[1] for row in done)}")
    print(f"{took:.1f} s by the clock (goal: under 30 s for 50 wheels of 10 MB on two cores)")
    print(f"{total / busy:.1f} MB of wheel for each second of a processor (goal: 20)")
    print(
        f"{max(row[2] for row in done) / 1024:.0f} MB in a worker at most, {max(row[3] for row in done) / 1024:.0f} MB in a child (goal: 300)"
    )


if __name__ == "__main__":
    sys.exit(main())
