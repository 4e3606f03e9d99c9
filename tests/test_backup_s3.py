"""It is true that what was published is served again once a backup is restored into an empty bucket."""

import hashlib
from datetime import timedelta

import pytest
from django.utils import timezone

from drafts.intake import purge
from drafts.models import ExpectedFiles, File, Inspection, Project
from drafts.storage import storage
from tests import wheels
from tests.backups import made, manage, served, whole
from tests.stored import everything, kept

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
WHEEL = wheels.wheel()


def keys(bucket: str) -> set[str]:
    pages = storage()._client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {row["Key"] for page in pages for row in page.get("Contents", ())}


def should_lie_there() -> set[str]:
    """What is published as public copies alone, what is not in ``staged/`` alone."""
    found = set()
    for file in File.objects.with_bytes():
        place = f"public/{file.public_id}" if file.release_id else f"staged/{file.object_id}"
        beside = file.metadata_filename if file.release_id else "METADATA"
        found |= {f"{place}/{file.filename}", f"{place}/{beside}"}
    return found


def in_the_bucket(_settings) -> None:
    """The store of the tests."""


def in_a_folder(settings) -> None:
    settings.PRESSCHECK_S3_BUCKET = ""


def a_day_ago(_settings) -> None:
    File.objects.published().update(published_at=timezone.now() - timedelta(days=2))
    assert purge.staged_copies() >= 2


@pytest.mark.parametrize(
    ("first", "then"),
    [(in_the_bucket, in_the_bucket), (in_the_bucket, a_day_ago), (in_a_folder, in_the_bucket)],
    ids=["a bucket", "a bucket without staged copies", "a folder"],
)
def test_what_was_published_is_served_after_a_restore(
    first, then, request, settings, tmp_path, another_bucket, another_database, clients
):
    """It is true that pip gets the release from the restored copy, and that its bytes, logs and records are whole."""
    first(settings)
    request.getfixturevalue("full")
    then(settings)
    folder, _ = made(tmp_path / "backup")
    elsewhere = {**another_bucket, **another_database}
    settings.PRESSCHECK_S3_BUCKET = another_bucket["PRESSCHECK_S3_BUCKET"]
    done = manage(tmp_path / "new", "restore", str(folder), **elsewhere)
    assert done.returncode == 0, done.stderr
    whole(tmp_path / "new", **elsewhere)
    there = keys(another_bucket["PRESSCHECK_S3_BUCKET"])
    beside = {key for key in there if key.endswith(("/evidence.log", "/inspection.json.gz"))}
    assert len(beside) == 1 + Inspection.objects.count()
    assert there == should_lie_there() | beside
    with served(tmp_path / "new", **elsewhere) as live:
        index = f"{live.url}/simple/"
        said = clients.run(
            "pip", "download", "--no-deps", "--index-url", index, "--dest", "got", "sampleproject==1.0"
        )
        assert said.code == 0, said.text
        file = File.objects.published().get(filetype="bdist_wheel")
        metadata = live.get(f"/files/{file.public_id}/{file.metadata_filename}")
    (got,) = (clients.home / "got").iterdir()
    assert got.read_bytes() == WHEEL.data
    assert (metadata.status, hashlib.sha256(metadata.body).hexdigest()) == (200, file.metadata_sha256)


def test_a_restore_overwrites_no_bucket(full, settings, tmp_path, another_bucket, another_database):
    """It is true that a public copy alone makes a bucket one that is in use."""
    folder, _ = made(tmp_path / "backup")
    settings.PRESSCHECK_S3_BUCKET = another_bucket["PRESSCHECK_S3_BUCKET"]
    mine = kept(b"mine", public=True)
    storage().promote(mine)
    storage().delete(mine.object_id)
    done = manage(tmp_path / "new", "restore", str(folder), **another_bucket, **another_database)
    assert (done.returncode, done.stderr) == (
        1,
        "Refused: the store is not empty: restore into a new data folder, or an empty bucket\n",
    )
    assert everything() == {mine.public_id}


def test_a_backup_during_the_flip_is_whole(full, tmp_path, monkeypatch, another_bucket, another_database):
    """It is true that what is published between the first pass and the dump is published after the restore."""
    from accounts.models import User
    from drafts.models import Draft
    from drafts.operations import dumps
    from tests.conftest import publish

    dump, draft, mike = dumps.dump, Draft.objects.live().get(), User.objects.get(name="mike")

    Project.objects.update(expected_files=ExpectedFiles.NOTHING)  # the draft is a wheel alone

    def busy(target) -> None:
        publish(draft, mike)
        dump(target)

    monkeypatch.setattr(dumps, "dump", busy)
    folder, _ = made(tmp_path / "backup")
    assert File.objects.published().count() == 3
    elsewhere = {**another_bucket, **another_database}
    assert manage(tmp_path / "new", "restore", str(folder), **elsewhere).returncode == 0
    assert should_lie_there() <= keys(another_bucket["PRESSCHECK_S3_BUCKET"])
    whole(tmp_path / "new", **elsewhere)
