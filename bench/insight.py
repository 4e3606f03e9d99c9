"""How long /insight/ takes on many files: ``python -m bench.insight --files 500000``, on the database that the settings name.

Use a database of its own (``PRESSCHECK_DATA=$(mktemp -d)``, after ``manage.py prepare``): what is made stays there.
"""

import argparse
import os
import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

_AT_ONCE = 2000
_FILES_OF_A_RELEASE = 5
_YEARS = 8


@dataclass(frozen=True)
class Made:
    """A release to make: its first file's moment, and how many days after it each of its files came."""

    project: str
    version: str
    first: datetime
    lags: list[float]


def make(releases: Iterable[Made]) -> None:
    """Write published releases and their files as rows, in bulk and without bytes; lateness as publishing marks it."""
    every = iter(releases)
    while some := list(islice(every, _AT_ONCE)):
        _make(some)


def _make(some: list[Made]) -> None:
    from drafts.dist.late import LATE
    from drafts.models import Draft, File, Project, Release

    now = datetime.now(UTC)
    names = {one.project for one in some}
    Project.objects.bulk_create(
        (Project(name=name, first_published_at=now) for name in names), ignore_conflicts=True
    )
    projects = {row.name: row for row in Project.objects.filter(name__in=names)}
    drafts = Draft.objects.bulk_create(_draft(one, projects[one.project], now) for one in some)
    rows = Release.objects.bulk_create(
        Release(
            project=projects[one.project],
            version=one.version,
            version_key=one.version,
            published_at=one.first,
            open_seconds=round(max(one.lags) * 86400),
        )
        for one in some
    )
    user = _somebody()
    File.objects.bulk_create(
        File(
            **_bytes(f"{one.project}-{one.version}-{number}-py3-none-any.whl"),
            draft=draft,
            release=row,
            staged_by_user=user,
            published_at=one.first + timedelta(days=lag),
            late_seconds=round(lag * 86400) if timedelta(days=lag) > LATE else None,
            late_kind="other" if timedelta(days=lag) > LATE else "",
        )
        for one, draft, row in zip(some, drafts, rows, strict=True)
        for number, lag in enumerate(one.lags)
    )


def _draft(one: Made, project: object, now: datetime) -> object:
    from drafts.models import Draft

    return Draft(
        project=project,
        version=one.version,
        version_key=one.version,
        state="published",
        opened_by="bench",
        expires_at=now,
        ended_at=one.first,
        ended_by="bench",
    )


def _somebody() -> object:
    from accounts.models import User

    return User.objects.get_or_create(email="bench@example.org")[0]


def _bytes(filename: str) -> dict[str, object]:
    """Return what a file's row says of its bytes, which are not there."""
    return {
        "filename": filename,
        "filetype": "bdist_wheel",
        "identity": filename,
        "size": 1,
        "sha256": "0" * 64,
        "blake2b_256": "0" * 64,
        "metadata_sha256": "0" * 64,
        "object_id": os.urandom(16).hex(),
        "public_id": os.urandom(16).hex(),
    }


def _many(files: int, seed: int) -> Iterator[Made]:
    """Yield releases as public indexes have them: one in a hundred took a file after its first day."""
    chance = random.Random(seed)
    start = datetime(2019, 1, 1, tzinfo=UTC)
    for number in range(files // _FILES_OF_A_RELEASE):
        late = [chance.expovariate(1 / 40)] if chance.random() < 0.01 else [0.0]
        first = start + timedelta(minutes=chance.randrange(_YEARS * 365 * 1440))
        lags = [0.0] * (_FILES_OF_A_RELEASE - 1) + late
        yield Made(f"project-{number % 10_000}", f"1.{number // 10_000}", first, lags)


def main() -> None:
    """Make the files, then ask for the pages a few times and print the best."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

    import django

    django.setup()
    from django.test import Client

    began = time.monotonic()
    make(_many(chosen.files, chosen.seed))
    print(f"{chosen.files} files made in {time.monotonic() - began:.0f} s")
    for path in ("/insight/", "/insight/?days=3", "/insight/years.csv"):
        times = []
        for _ in range(15):
            began = time.monotonic(), time.process_time()
            answer = Client(headers={"host": "localhost"}).get(path)
            assert answer.status_code == 200, answer.status_code
            times.append((time.monotonic() - began[0], time.process_time() - began[1]))
        clock, processor = (min(column) * 1000 for column in zip(*times, strict=True))
        print(f"{path}: {clock:.0f} ms by the clock, {processor:.0f} ms of processor time, at best of 15")


if __name__ == "__main__":
    main()
