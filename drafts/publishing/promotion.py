"""Bringing bytes to where they will be served from, and hashing them there: several files of a draft at once."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Lock

from drafts.models import File, Job
from drafts.storage import Kept, NoSuchObject, storage

_CHUNK = 1024 * 1024
_AT_ONCE = 4  # a store's answers are waited for, and hashing lets other threads run
_TOLD_SECONDS = 1.0


class NotTheReviewedBytes(Exception):
    """What lies in storage is not what was reviewed: nothing is published, the text names the file."""


def promote(files: Sequence[File], job: Job) -> None:
    """Bring all files and their METADATA to their destination; doing it twice is fine. Raises NotTheReviewedBytes, Fenced."""
    _each(files, _promote, job.renew)


def hash_again(files: Sequence[File], job: Job) -> None:
    """Hash all files and their METADATA at their destination. Raises NotTheReviewedBytes, Fenced."""
    hashed = _Hashed()
    job.renew(done=0, total=sum(file.size for file in files))
    _each(files, hashed.again, lambda: job.renew(done=hashed.bytes))


def _each(files: Sequence[File], work: Callable[[File], None], told: Callable[[], None]) -> None:
    """Do the work for each file in a thread, and tell how far it is every second; the first error ends it."""
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="publish")
    try:
        waits = {pool.submit(work, file) for file in files}
        while waits:
            done, waits = wait(waits, timeout=_TOLD_SECONDS, return_when=FIRST_EXCEPTION)
            for one in done:
                one.result()
            told()
    finally:
        pool.shutdown(cancel_futures=True)


def _destinations(file: File) -> tuple[Kept, Kept]:
    """Say where a file and its METADATA will be served from once they are public."""
    public_id = str(file.public_id)
    return replace(file.kept, public_id=public_id), replace(file.kept_metadata, public_id=public_id)


def _promote(file: File) -> None:
    for kept in _destinations(file):
        with _in_words(file):
            storage().promote(kept)


@dataclass
class _Hashed:
    """How many bytes of the files were hashed, counted by several threads."""

    bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    def again(self, file: File) -> None:
        """Hash one file, and METADATA beside it, where they will be served from."""
        digest, size = hashlib.sha256(), 0
        kept, kept_metadata = _destinations(file)
        for chunk in _chunks(file, kept):
            digest.update(chunk)
            size += len(chunk)
            with self._lock:
                self.bytes += len(chunk)
        if (digest.hexdigest(), size) != (file.sha256, file.size):
            raise _changed(file.filename, file.sha256)
        metadata = hashlib.sha256(b"".join(_chunks(file, kept_metadata))).hexdigest()
        if metadata != file.metadata_sha256:
            raise _changed(file.metadata_filename, file.metadata_sha256)


@contextmanager
def _in_words(file: File) -> Iterator[None]:
    try:
        yield
    except NoSuchObject as error:
        raise NotTheReviewedBytes(
            f"{file.filename} is not whole in the storage any more ({error}): nothing was published. "
            "Delete it and upload it again, and tell the operator.",
        ) from error


def _chunks(file: File, kept: Kept) -> Iterator[bytes]:
    with _in_words(file), storage().open_public(kept) as stored:
        while chunk := stored.read(_CHUNK):
            yield chunk


def _changed(name: str, sha256: str) -> NotTheReviewedBytes:
    return NotTheReviewedBytes(
        f"{name} does not have the bytes that were reviewed (SHA-256 {sha256}): nothing was published. "
        "Delete the file and upload it again, and tell the operator: the storage changed it.",
    )
