"""RECORD against the archive: every member listed with its digest, nothing listed that is not there."""

import base64
import csv
import io
from collections.abc import Iterator, Mapping

from drafts.dist.errors import shown
from drafts.inspection.checks.subject import Found, Subject
from drafts.inspection.codes import Code

_UNLISTED = ("RECORD", "RECORD.jws", "RECORD.p7s")  # they cannot list their own digest
STRONGER = ("sha384", "sha512")


def rows(record: bytes) -> Mapping[str, tuple[str, str]]:
    """Return digest (``sha256=…``) and size, both as written, by path. The door saw that it is such a table."""
    table = csv.reader(io.StringIO(record.decode("utf-8", "replace"), newline=""))
    return {row[0]: (row[1], row[2]) for row in table if len(row) == 3}  # noqa: PLR2004  path, digest, size


def digests(subject: Subject) -> Iterator[Found]:
    """Every listed member has the digest and size that RECORD says, by SHA-256 or stronger."""
    listed = _listed(subject)
    for member in subject.members:
        digest, size = listed.get(member.path, ("", ""))
        if member.path not in listed or not member.sha256 or _exempt(subject, member.path):
            continue
        wrong = _wrong(subject, member.path, member.sha256, digest)
        if not wrong and size and int(size) != member.size:
            wrong = f"is {member.size} bytes long, and RECORD says {size}"
        if wrong:
            yield Found(Code.RECORD_DIGEST, f"'{shown(member.path)}' {wrong}.", member.path)


def missing(subject: Subject) -> Iterator[Found]:
    """Everything that RECORD lists is in the archive."""
    there = {member.path for member in subject.members}
    for path in _listed(subject):
        if path not in there and not path.endswith("/"):
            yield Found(
                Code.RECORD_MISSING, f"RECORD lists '{shown(path)}', and the wheel has no such file.", path
            )


def unlisted(subject: Subject) -> Iterator[Found]:
    """Every member is in RECORD."""
    listed = _listed(subject)
    for member in subject.members if subject.is_wheel else ():
        if member.path not in listed and not _exempt(subject, member.path):
            yield Found(
                Code.RECORD_UNLISTED,
                f"'{shown(member.path)}' is in the wheel and not in RECORD.",
                member.path,
            )


def _listed(subject: Subject) -> Mapping[str, tuple[str, str]]:
    record = subject.inside("RECORD") if subject.is_wheel else None
    return rows(record) if record is not None else {}


def _exempt(subject: Subject, path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return folder == subject.dist_info and name in _UNLISTED


def _wrong(subject: Subject, path: str, sha256: str, written: str) -> str:
    algorithm, _, value = written.partition("=")
    if not written:
        return "has no digest in RECORD"
    if algorithm in STRONGER:
        actual = subject.other_digests.get((path, algorithm), "")
    elif algorithm == "sha256":
        actual = sha256
    else:
        return f"is listed with {shown(algorithm)}, which proves nothing; sha256 is expected"
    if encoded(actual) != value.rstrip("="):
        return "does not have the digest that RECORD says"
    return ""


def encoded(digest: str) -> str:
    """Spell a hexadecimal digest as RECORD does: base64url without padding."""
    return base64.urlsafe_b64encode(bytes.fromhex(digest)).rstrip(b"=").decode()
