"""The ways in which bytes come, in order of preference. Another one is one file here and one line in the list."""

from collections.abc import Mapping

from drafts.intake.upload2.mechanisms.http_post_bytes import HttpPostBytes
from drafts.intake.upload2.mechanisms.http_resumable import HttpResumable
from drafts.intake.upload2.mechanisms.mechanism import Mechanism
from drafts.intake.upload2.mechanisms.s3_presigned import S3Presigned

MECHANISMS: tuple[Mechanism, ...] = (S3Presigned(), HttpResumable(), HttpPostBytes())
_BY_IDENTIFIER: Mapping[str, Mechanism] = {one.identifier: one for one in MECHANISMS}


def offered() -> list[str]:
    """Return the identifiers of the mechanisms that this server has, best first."""
    return [one.identifier for one in MECHANISMS if one.is_offered()]


def of(identifier: str) -> Mechanism:
    """Return a mechanism by its identifier. Raises KeyError."""
    return _BY_IDENTIFIER[identifier]
