"""Stored bytes against the rows that speak of them: every byte is read and hashed again."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone

from drafts.evidence.add import OBJECT_NAME
from drafts.intake import purge
from drafts.intake.rules import grace
from drafts.models import EvidenceLog, File
from drafts.storage import METADATA, NoSuchObject, storage

_CHUNK = 1024 * 1024
_ROWS = 500


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
    """One object that is not as it should be; ``is_wrong`` when a row speaks of it, and not for an orphan."""

    object_id: str
    name: str
    reason: str
    is_wrong: bool = True

    def __str__(self) -> str:
        return f"{self.object_id}/{self.name}: {self.reason}"


@dataclass(frozen=True, slots=True)
class _Expected:
    """What a row says of one object: sizes in bytes (None where no row says), SHA-256 in hex."""

    row: File | EvidenceLog
    name: str
    sha256: str
    size: int | None = None


def differences(share: Share) -> Iterator[Difference]:
    """Yield every object of a share that is missing, has other bytes, or lies there without a row.

    What is deleted while this runs is no difference; an orphan is one when it is older than a day, when the scheduler
    deletes it.
    """
    for expected in _expected(share):
        reason = _wrong(expected)
        if reason and _still_spoken_of(expected.row):
            yield Difference(expected.row.object_id, expected.name, reason)
    before = timezone.now() - grace()
    for object_id, written in storage().objects():
        if share.has(object_id) and written < before and not purge.has_row(object_id):
            yield Difference(object_id, "", "no row speaks of it; it will be deleted", is_wrong=False)


def _expected(share: Share) -> Iterator[_Expected]:
    for file in File.objects.with_bytes().order_by("pk").iterator(chunk_size=_ROWS):
        if share.has(file.object_id):
            yield _Expected(file, file.filename, file.sha256, file.size)
            yield _Expected(file, METADATA, file.metadata_sha256)
    for log in EvidenceLog.objects.filter(purged_at=None).order_by("pk").iterator(chunk_size=_ROWS):
        if share.has(log.object_id):
            yield _Expected(log, OBJECT_NAME, log.sha256, log.size)


def _wrong(expected: _Expected) -> str:
    """Return in words how the bytes differ from the row, or nothing."""
    digest, size = hashlib.sha256(), 0
    try:
        with storage().open(expected.row.object_id, expected.name) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except NoSuchObject:
        return "missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if expected.size is not None and size != expected.size:
        return f"{size} bytes, and the row says {expected.size}"
    if digest.hexdigest() != expected.sha256:
        return f"SHA-256 is {digest.hexdigest()}, and the row says {expected.sha256}"
    return ""


def _still_spoken_of(row: File | EvidenceLog) -> bool:
    return type(row).objects.filter(pk=row.pk, purged_at=None).exists()
