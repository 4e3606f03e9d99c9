"""What a client says of a file before it sends it: read, and everything that is wrong with it at once."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.version import Version

from drafts.dist import BadDistribution, FileName, check_name, parse_filename
from drafts.intake.problems import Finding, Problem
from drafts.intake.upload2 import mechanisms
from drafts.models import Draft

SECURE = frozenset(
    {
        "sha256",
        "sha384",
        "sha512",
        "sha3_256",
        "sha3_384",
        "sha3_512",
        "blake2b",
        "blake2s",
    }
)
KNOWN = frozenset(name for name in hashlib.algorithms_guaranteed if not name.startswith("shake_"))
_HEX = re.compile(r"[0-9a-f]+\Z")


@dataclass(frozen=True, slots=True)
class Announcement:
    """A file that is about to be sent: ``size`` in bytes, ``hashes`` in lower-case hex by hashlib's name."""

    name: FileName
    size: int
    hashes: dict[str, str]
    mechanism: str


def read(said: Mapping[str, Any], draft: Draft) -> Announcement:
    """Return what a request announces. Raises Problem: 400 with all findings, 422 for an unknown mechanism."""
    findings = [*_name(said, draft), *_size(said), *_hashes(said)]
    if findings:
        raise Problem(400, "This file cannot be announced", tuple(findings))
    mechanism = said.get("mechanism")
    if mechanism not in mechanisms.offered():
        offered = ", ".join(mechanisms.offered())
        message = f"The mechanism '{str(mechanism)[:60]}' is not known here: choose one of {offered}."
        raise Problem.one(422, "Unknown mechanism", "no-mechanism", message, source="mechanism")
    hashes = {name: digest.lower() for name, digest in said["hashes"].items()}
    return Announcement(parse_filename(said["filename"]), said["size"], hashes, str(mechanism))


def wrong_names(filename: object, draft_of: tuple[str, Version, bool]) -> list[Finding]:
    """Return what is wrong with a file's name in a release: project, version, whether local versions are taken."""
    project, version, local = draft_of
    if not isinstance(filename, str):
        return [Finding("filename", "A file's name must be a string.", "bad-filename")]
    try:
        name = parse_filename(filename)
    except BadDistribution as error:
        refusals = error.refusals
    else:
        refusals = tuple(check_name(name, project=project, version=version, local_allowed=local))
    return [Finding("filename", refusal.message, str(refusal.code)) for refusal in refusals]


def _name(said: Mapping[str, Any], draft: Draft) -> list[Finding]:
    project = draft.project
    return wrong_names(
        said.get("filename"), (project.plain_name, Version(draft.version), project.local_versions)
    )


def _size(said: Mapping[str, Any]) -> Iterator[Finding]:
    size = said.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        yield Finding("size", "The size must be a number of bytes, and at least 1.", "bad-size")


def _hashes(said: Mapping[str, Any]) -> Iterator[Finding]:
    hashes = said.get("hashes")
    if not isinstance(hashes, dict) or not SECURE & hashes.keys():
        known = ", ".join(sorted(SECURE))
        yield Finding("hashes", f"The hashes must hold at least one of {known}.", "no-digest")
        return
    for name, digest in hashes.items():
        if name not in KNOWN:
            message = f"The algorithm '{name[:60]}' is none that Python's hashlib guarantees."
            yield Finding("hashes", message, "unknown-algorithm")
        elif not _is_digest(name, digest):
            yield Finding("hashes", f"The digest of '{name}' is not one in hexadecimal.", "bad-digest")


def _is_digest(name: str, digest: object) -> bool:
    size = hashlib.new(name, usedforsecurity=False).digest_size * 2
    return isinstance(digest, str) and len(digest) == size and bool(_HEX.match(digest.lower()))
