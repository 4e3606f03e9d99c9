"""It is true that what was backed up and restored elsewhere is whole, and that nothing is overwritten."""

import errno
import hashlib
import json
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from drafts.models import File
from drafts.operations import backup, dumps
from drafts.operations.dumps import BackupRefused
from drafts.storage import storage
from tests import wheels
from tests.backups import made, manage, whole

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.embedded
def test_a_restored_copy_is_whole(full, tmp_path):
    folder, said = made(tmp_path / "backup")
    done = manage(tmp_path / "new", "restore", str(folder))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert str(tmp_path / "new" / "secret-key") in done.stderr
    whole(tmp_path / "new")
    with sqlite3.connect(tmp_path / "new" / "presscheck.sqlite3") as copy:
        rows = set(copy.execute("SELECT object_id, sha256 FROM drafts_file"))
    copy.close()
    assert rows == set(File.objects.values_list("object_id", "sha256"))
    assert said[0] == "objects: 13 copied"


def test_bytes_are_copied_where_they_cannot_be_linked(full, tmp_path, monkeypatch):
    def link(*_told) -> None:
        raise OSError(errno.EXDEV, "another file system")

    monkeypatch.setattr(os, "link", link)
    folder, _ = made(tmp_path / "backup")
    for file in File.objects.all():
        copy = folder / "objects" / file.object_id / file.filename
        assert hashlib.sha256(copy.read_bytes()).hexdigest() == file.sha256
        assert copy.stat().st_nlink == 1


@pytest.mark.services
def test_a_restored_copy_is_whole_on_postgresql(full, tmp_path, another_database):
    """It is true that what lay in a bucket can be restored into a folder, and that no database is overwritten."""
    folder, _ = made(tmp_path / "backup")
    elsewhere = {**another_database, "PRESSCHECK_S3_BUCKET": "", "PRESSCHECK_S3_ENDPOINT": ""}
    done = manage(tmp_path / "new", "restore", str(folder), **elsewhere)
    assert done.returncode == 0, done.stderr
    whole(tmp_path / "new", **elsewhere)
    again = manage(tmp_path / "third", "restore", str(folder), **elsewhere)
    assert (again.returncode, again.stderr) == (
        1,
        "Refused: the database that DATABASE_URL names is not empty\n",
    )


def test_the_secret_key_is_not_in_it(full, tmp_path):
    folder, _ = made(tmp_path / "backup")
    from django.conf import settings

    assert settings.SECRET_KEY
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in files if settings.SECRET_KEY.encode() in path.read_bytes()]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / dumps.filename()).stat().st_mode) == 0o600


@pytest.mark.embedded
def test_the_command_says_that_the_key_is_not_in_it(full, tmp_path, data_folder):
    done = manage(Path(data_folder), "backup", str(tmp_path / "backup"))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith(f"{backup.NO_KEY}\n")


def test_a_backup_overwrites_nothing(full, tmp_path):
    (tmp_path / "something").write_text("x")
    with pytest.raises(BackupRefused, match="is not empty"):
        backup.make(tmp_path, say=print)
    with pytest.raises(BackupRefused, match="is not a folder"):
        backup.make(tmp_path / "something", say=print)
    assert [path.name for path in tmp_path.iterdir()] == ["something"]


@pytest.mark.embedded
@pytest.mark.parametrize("there", ["presscheck.sqlite3", f"objects/ab/{'ab' * 16}/file"])
def test_a_restore_overwrites_nothing(full, tmp_path, there):
    folder, _ = made(tmp_path / "backup")
    path = tmp_path / "new" / there
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    done = manage(tmp_path / "new", "restore", str(folder))
    assert done.returncode == 1
    assert done.stderr.startswith("Refused: ")
    assert path.read_text() == "mine"


@pytest.mark.embedded
def test_a_restore_waits_for_the_server_to_end(full, tmp_path):
    from drafts.operations.claims import DataFolder

    folder, _ = made(tmp_path / "backup")
    claim = DataFolder(tmp_path / "new")
    try:
        done = manage(tmp_path / "new", "restore", str(folder))
    finally:
        claim.release()
    assert done.returncode == 1
    assert "another server" in done.stderr


def _no_manifest(folder: Path) -> None:
    (folder / "backup.json").unlink()


def _other_format(folder: Path) -> None:
    manifest = json.loads((folder / "backup.json").read_text())
    (folder / "backup.json").write_text(json.dumps({**manifest, "format": 99}))


def _other_database(folder: Path) -> None:
    manifest = json.loads((folder / "backup.json").read_text())
    (folder / "backup.json").write_text(json.dumps({**manifest, "database": "database.other"}))


def _cut_dump(folder: Path) -> None:
    path = folder / dumps.filename()
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_no_manifest, "is not a whole backup"),
        (_other_format, "another version"),
        (_other_database, "do not mix"),
        (_cut_dump, "is not as it was written"),
    ],
)
def test_what_is_no_whole_backup_is_refused(full, tmp_path, damage, words):
    folder, _ = made(tmp_path / "backup")
    damage(folder)
    with pytest.raises(BackupRefused, match=words):
        backup.restore(folder, say=print)


@pytest.mark.embedded  # a bucket is copied by its own means
def test_missing_bytes_are_a_refusal(full, tmp_path):
    file = File.objects.first()
    storage().delete(file.object_id)
    with pytest.raises(BackupRefused, match="run verify_storage"):
        backup.make(tmp_path / "backup", say=print)
    assert not (tmp_path / "backup" / "backup.json").exists()


@pytest.mark.promise
def test_what_comes_and_goes_meanwhile_leaves_every_row_its_bytes(full, ci, tmp_path, monkeypatch):
    """It is true that an upload and a purge around the moment of the dump leave no row without bytes."""
    dump, doomed = dumps.dump, File.objects.exclude(superseded_by=None).get()

    def busy(target: Path) -> None:
        assert ci.upload(wheels.wheel(version="3.0")).status_code == 200
        dump(target)
        File.objects.filter(pk=doomed.pk).update(purged_at=doomed.staged_at)
        storage().delete(doomed.object_id)

    monkeypatch.setattr(dumps, "dump", busy)
    folder, _ = made(tmp_path / "backup")
    for object_id, filename in File.objects.values_list("object_id", "filename"):
        assert {path.name for path in (folder / "objects" / object_id).iterdir()} == {filename, "METADATA"}


def test_a_missing_program_is_named(full, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupRefused, match="pg_dump is missing: install"):
        dumps._run("pg_dump")
