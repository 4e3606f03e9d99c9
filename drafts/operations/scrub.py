"""Stored bytes against the rows that speak of them: every byte is read and hashed again, where readers get it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from drafts.evidence.add import OBJECT_NAME
from drafts.inspection.keeping import OBJECT_NAME as INSPECTION
from drafts.intake import purge
from drafts.intake.rules import grace
from drafts.models import EvidenceLog, File, Inspection, UploadPart
from drafts.storage import Kept, NoSuchObject, StorageDown, opened, storage

_CHUNK = 1024 * 1024
_ROWS = 500
_PATIENCE = 3  # objects one after another that a store does not give, before it counts as down


@dataclass(frozen=True, slots=True)
class Share:
    """One part of all objects: the same object is in the same part every time. ``number`` counts from 1."""

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> "Share":
        """Read ``1/7``. Raises ValueError."""
        number, slash, of = text.partition("/")
        if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
            raise ValueError(f"'{text}' is not a share such as 1/7")
        return cls(int(number), int(of))

    def has(self, object_id: str) -> bool:
        return int(object_id, 16) % self.of == self.number - 1


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that is not as it should be; ``is_wrong`` when a row speaks of it, and not for an orphan.

    Of a public copy (``is_public``) ``object_id`` is the public id.
    """

    object_id: str
    name: str
    reason: str
    is_wrong: bool = True
    is_public: bool = False

    def __str__(self) -> str:
        return f"{'public/' if self.is_public else ''}{self.object_id}/{self.name}: {self.reason}"


@dataclass(frozen=True, slots=True)
class _Expected:
    """What a row says of one object: sizes in bytes (None where no row says), SHA-256 in hex; may it be gone."""

    row: File | EvidenceLog | Inspection | UploadPart
    kept: Kept
    sha256: str
    size: int | None = None
    may_be_gone: bool = False

    @property
    def is_public(self) -> bool:
        return bool(self.kept.public_id) and storage().has_copies

    def difference(self, reason: str) -> Difference:
        if self.is_public:
            return Difference(self.kept.public_id, self.kept.filename, reason, is_public=True)
        return Difference(self.kept.object_id, self.kept.stored_as, reason)


def differences(share: Share) -> Iterator[Difference]:
    """Yield every object of a share that is missing, has other bytes, or lies there without a row.

    What is deleted while this runs is no difference; an orphan is one when it is older than a day, when the scheduler
    deletes it. Raises StorageDown when the store gives nothing any more.
    """
    refused = 0
    for expected in _expected(share):
        try:
            reason, refused = _wrong(expected), 0
        except StorageDown as error:
            refused += 1
            if refused == _PATIENCE:
                raise
            reason = f"cannot be read: {error}"
        if reason and _still_spoken_of(expected.row):
            yield expected.difference(reason)
    yield from _orphans(share)


def _orphans(share: Share) -> Iterator[Difference]:
    before = timezone.now() - grace()

    def is_old(object_id: str, written: datetime) -> bool:
        return share.has(object_id) and written < before

    words = "no row speaks of it; it will be deleted"
    for object_id, written in storage().objects():
        if is_old(object_id, written) and not purge.has_row(object_id):
            yield Difference(object_id, "", words, is_wrong=False)
    for public_id, written in storage().public_objects():
        if is_old(public_id, written) and not purge.has_public_row(public_id):
            yield Difference(public_id, "", words, is_wrong=False, is_public=True)


def _expected(share: Share) -> Iterator[_Expected]:
    for file in File.objects.with_bytes().order_by("pk").iterator(chunk_size=_ROWS):
        if share.has(file.object_id):
            yield from _expected_of(file)
    for log in EvidenceLog.objects.filter(purged_at=None).order_by("pk").iterator(chunk_size=_ROWS):
        if share.has(log.object_id):
            yield _Expected(log, Kept(log.object_id, OBJECT_NAME, OBJECT_NAME), log.sha256, log.size)
    for row in Inspection.objects.filter(purged_at=None).exclude(object_id=None).iterator(chunk_size=_ROWS):
        if share.has(str(row.object_id)):
            kept = Kept(str(row.object_id), INSPECTION, INSPECTION)
            yield _Expected(row, kept, row.sha256, row.size)
    for part in UploadPart.objects.exclude(sha256="").order_by("pk").iterator(chunk_size=_ROWS):
        if share.has(part.object_id):
            yield _Expected(
                part, Kept(part.object_id, part.stored_as, part.stored_as), part.sha256, part.size
            )


def _expected_of(file: File) -> Iterator[_Expected]:
    """Yield what readers get, and the staged copy of what is published, which may be kept still."""
    for kept, sha256, size in (
        (file.kept, file.sha256, file.size),
        (file.kept_metadata, file.metadata_sha256, None),
    ):
        yield _Expected(file, kept, sha256, size)
        if kept.public_id and storage().has_copies:
            yield _Expected(file, replace(kept, public_id=""), sha256, size, may_be_gone=True)


def _wrong(expected: _Expected) -> str:
    """Return in words how the bytes differ from the row, or nothing."""
    digest, size = hashlib.sha256(), 0
    try:
        with opened(expected.kept) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except NoSuchObject:
        return "" if expected.may_be_gone else "missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if expected.size is not None and size != expected.size:
        return f"{size} bytes, and the row says {expected.size}"
    if digest.hexdigest() != expected.sha256:
        return f"SHA-256 is {digest.hexdigest()}, and the row says {expected.sha256}"
    return ""


def _still_spoken_of(row: File | EvidenceLog | Inspection | UploadPart) -> bool:
    if isinstance(row, UploadPart):
        return UploadPart.objects.filter(pk=row.pk).exists()
    return type(row).objects.filter(pk=row.pk, purged_at=None).exists()
