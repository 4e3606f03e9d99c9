"""A connection to an S3 store, and its errors in the room's own words. boto3 takes long to import, so it is done late."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from drafts.storage.errors import (
    NoSuchObject,
    StorageDown,
    StorageError,
    StorageFull,
    StorageRefuses,
    UploadGone,
)

log = logging.getLogger(__name__)

CONNECT_SECONDS = 3
ANSWER_SECONDS = 15  # between two bytes of an answer, not for the whole of it
ATTEMPTS = 3

_MISSING = {"NoSuchKey", "NoSuchLifecycleConfiguration", "404"}
_FULL = {"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "507"}
_REFUSED = {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
_UNKNOWN = {"NotImplemented", "MethodNotAllowed", "405", "501"}
# What stores say, by code or status, and what that is here, in words.
_KNOWN: tuple[tuple[set[str], type[StorageError], str], ...] = (
    (_FULL, StorageFull, "the store is full: nothing was kept; try again when the operator has made room"),
    ({"NoSuchBucket"}, StorageDown, "the store of files has no such bucket: the operator must make it"),
    ({"NoSuchUpload"}, UploadGone, "the store of files lost what was sent so far: try again in a moment"),
    (
        _REFUSED,
        StorageRefuses,
        "the store of files refuses this server: the operator must look at its credentials and its clock",
    ),
    (_UNKNOWN, StorageRefuses, "the store of files cannot do what it was asked for"),
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is and who asks there. Without an endpoint: AWS; without a key: what boto3 finds by itself."""

    bucket: str
    endpoint: str = ""
    key: str = ""
    secret: str = field(default="", repr=False)


def connect(address: Address, *, as_stranger: bool = False) -> Any:
    """Return a client, which threads may share; ``as_stranger`` signs nothing.

    Every body's SHA-256 is signed, so the store refuses one that changed.
    """
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    session = boto3.session.Session(address.key or None, address.secret or None)
    return session.client(
        "s3",
        endpoint_url=address.endpoint or None,
        region_name=session.region_name or "us-east-1",
        config=Config(
            signature_version=UNSIGNED if as_stranger else "s3v4",
            s3={
                "addressing_style": "path" if address.endpoint else "virtual",
                "payload_signing_enabled": True,
            },
            connect_timeout=CONNECT_SECONDS,
            read_timeout=ANSWER_SECONDS,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            max_pool_connections=64,
            # The one checksum is SHA-256, and it is computed here; stores that know no other trailer stay usable.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


@contextmanager
def spoken(what: str) -> Iterator[None]:
    """Turn the library's errors into NoSuchObject, StorageFull or StorageDown; ``what`` is the key, or a prefix."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise _translated(error, what) from error
    except (BotoCoreError, ResponseParserError) as error:  # the latter: what came is no answer of a store
        log.warning("the store: %s", error)
        raise StorageDown(
            f"the store of files does not answer ({type(error).__name__}): try again in a moment"
        ) from error


def _translated(error: Any, what: str) -> StorageError:
    told = error.response.get("Error", {})
    code = str(told.get("Code", ""))
    status = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
    if code in _MISSING:
        return NoSuchObject(f"{what.rpartition('/')[2]} is not in the store")
    log.warning("the store: %s", error)
    for codes, kind, words in _KNOWN:
        if codes & {code, status}:
            return kind(words)
    return StorageDown(f"the store of files answered {status} {code}: try again in a moment")
