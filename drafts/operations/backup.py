"""A backup: the database and every byte its rows speak of, in one folder, made while the server goes on working."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from drafts.evidence.add import OBJECT_NAME
from drafts.inspection.keeping import OBJECT_NAME as INSPECTION
from drafts.models import EvidenceLog, File, Inspection, UploadPart
from drafts.operations import dumps
from drafts.operations.dumps import BackupRefused
from drafts.storage import METADATA, Kept, NoSuchObject, opened, storage

NO_KEY = (
    "The secret key is not part of a backup: keep a copy of it elsewhere. Without it draft links and second factors are "
    "lost; with it and a backup somebody could make draft links."
)
_FORMAT = 2
_MANIFEST = "backup.json"
_EVERY = 500
_CHUNK = 1024 * 1024
_ROWS = 500
Say = Callable[[str], None]


def make(folder: Path, *, say: Say) -> None:
    """Write a backup into an empty or new folder; ``say`` gets lines about the progress. Raises BackupRefused.

    Bytes are copied before the rows and after: what was deleted in between was copied before, what came in between is
    copied after, so that every row has its bytes. Where the file system can, they are linked and take no room.
    """
    _must_be_new(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    objects = folder / "objects"
    _copy_all(objects, say)
    database = folder / dumps.filename()
    database.touch(mode=0o600)
    dumps.dump(database)
    say(f"database: {database.stat().st_size} bytes")
    _copy_all(objects, say)
    manifest = {
        "format": _FORMAT,
        "made": timezone.now().isoformat(timespec="seconds"),
        "database": database.name,
        "sha256": _sha256(database),
        "published": dict(File.objects.published().values_list("object_id", "public_id")),
    }
    part = folder / f"{_MANIFEST}.part"
    part.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    part.replace(folder / _MANIFEST)  # last: without it the backup is not whole


def _must_be_new(folder: Path) -> None:
    try:
        if folder.exists() and any(folder.iterdir()):
            raise BackupRefused(f"{folder} is not empty: name a new folder")
    except NotADirectoryError as error:
        raise BackupRefused(f"{folder} is not a folder") from error


def _kept() -> Iterator[Kept]:
    """Yield where readers get everything that rows speak of now."""
    for file in File.objects.with_bytes().iterator(chunk_size=_ROWS):
        yield file.kept
        yield file.kept_metadata
    logs = EvidenceLog.objects.filter(purged_at=None).values_list("object_id", flat=True)
    for object_id in logs.iterator(chunk_size=_ROWS):
        yield Kept(object_id, OBJECT_NAME, OBJECT_NAME)
    seen = (
        Inspection.objects.filter(purged_at=None).exclude(object_id=None).values_list("object_id", flat=True)
    )
    for inspected in seen.iterator(chunk_size=_ROWS):
        yield Kept(str(inspected), INSPECTION, INSPECTION)
    parts = UploadPart.objects.exclude(sha256="").values_list("object_id", "stored_as")
    for object_id, name in parts.iterator(chunk_size=_ROWS):
        yield Kept(object_id, name, name)


def _copy_all(objects: Path, say: Say) -> None:
    count = 0
    for kept in _kept():
        target = objects / kept.object_id / kept.stored_as
        if not target.exists():
            _copy(kept, target)
            count += 1
            if count % _EVERY == 0:
                say(f"objects: {count}")
    say(f"objects: {count} copied")


def _copy(kept: Kept, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name("incoming.part")
    try:
        where = storage().local_path(kept.object_id, kept.stored_as)
        if where is not None and _linked(where, target):
            return
        with closing(opened(kept)) as source, part.open("wb") as copy:
            shutil.copyfileobj(source, copy, _CHUNK)
    except (NoSuchObject, FileNotFoundError) as error:
        part.unlink(missing_ok=True)
        if _is_gone(kept.object_id):  # deleted since its row was read
            return
        raise BackupRefused(f"{kept.object_id}/{kept.stored_as} is missing: run verify_storage") from error
    part.replace(target)


def _linked(source: Path, target: Path) -> bool:
    """Give the bytes a second name; they are written once and never changed. False on another file system."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    return True


def _is_gone(object_id: str) -> bool:
    rows = chain(
        File.objects.with_bytes().filter(object_id=object_id),
        EvidenceLog.objects.filter(purged_at=None, object_id=object_id),
        Inspection.objects.filter(purged_at=None, object_id=object_id),
        UploadPart.objects.filter(object_id=object_id),
    )
    return next(rows, None) is None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def restore(folder: Path, *, say: Say) -> None:
    """Fill an empty database and an empty store from a backup. Raises BackupRefused, and then the database is empty."""
    manifest = _manifest(folder)
    database = _dumped(folder, manifest)
    dumps.must_be_empty()
    if next(chain(storage().objects(), storage().public_objects()), None) is not None:
        raise BackupRefused("the store is not empty: restore into a new data folder, or an empty bucket")
    count = 0
    for number, place in enumerate(sorted((folder / "objects").glob("*")), 1):
        count += _put_back(place, manifest.published.get(place.name, ""))
        if number % _EVERY == 0:
            say(f"objects: {count}")
    say(f"objects: {count} copied")
    dumps.load(database)
    say("database: restored")


@dataclass(frozen=True, slots=True)
class _Manifest:
    """What a whole backup says of itself; ``published`` holds the public ids of what was published, by object id."""

    database: str
    sha256: str
    published: Mapping[str, str]


def _manifest(folder: Path) -> _Manifest:
    """Read the manifest of a whole backup. Raises BackupRefused."""
    try:
        told = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if told["format"] != _FORMAT:
            raise BackupRefused(
                f"{folder} was made by another version of Presscheck (format {told['format']})"
            )
        return _Manifest(told["database"], told["sha256"], dict(told["published"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupRefused(f"{folder} is not a whole backup: it has no readable {_MANIFEST}") from error


def _dumped(folder: Path, manifest: _Manifest) -> Path:
    """Return the dump of a whole backup. Raises BackupRefused."""
    if manifest.database != dumps.filename():
        raise BackupRefused(
            f"the backup holds {manifest.database}, and this server's database reads {dumps.filename()}: "
            "SQLite and PostgreSQL do not mix"
        )
    path = folder / dumps.filename()
    if not path.exists() or _sha256(path) != manifest.sha256:
        raise BackupRefused(f"{path} is not as it was written")
    return path


def _put_back(place: Path, public_id: str) -> int:
    """Write an object's files to the store, what was published to where the public reads it; returns how many."""
    paths = sorted(place.iterdir())
    for path in paths:
        _write(path)
    if public_id and storage().has_copies:
        (filename,) = (path.name for path in paths if path.name != METADATA)
        for path in paths:
            shown = f"{filename}.metadata" if path.name == METADATA else filename
            storage().promote(Kept(place.name, path.name, shown, public_id))
        storage().delete(place.name)
    return len(paths)


def _write(path: Path) -> None:
    writer = storage().create(path.parent.name, path.name)
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                writer.write(chunk)
        writer.commit()
    except BaseException:
        writer.abort()
        raise


def key_place() -> str:
    """Return where the secret key of the original server has to go, in words."""
    if settings.SECRET_KEY_IS_GENERATED:
        return f"Put the original server's secret-key to {settings.DATA_DIR / 'secret-key'} (mode 0600) before you start."
    return "Start with the original server's PRESSCHECK_SECRET_KEY."
