"""The legacy upload form: what its fields say, and everything that is wrong with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from packaging.utils import InvalidName, canonicalize_name
from packaging.version import InvalidVersion, Version

from drafts.dist import FileType
from drafts.dist import attestations as shapes
from drafts.intake.arrival import Upload
from drafts.intake.problems import Finding
from drafts.intake.receive import Form

_GONE = {"submit", "submit_pkg_info", "doc_upload"}
_SINGLE = (
    ":action",
    "protocol_version",
    "name",
    "version",
    "filetype",
    "pyversion",
    "comment",
    "sha256_digest",
    "blake2_256_digest",
    "md5_digest",
    "attestations",
    "metadata_version",
    "summary",
    "description",
    "description_content_type",
    "home_page",
    "download_url",
    "author",
    "author_email",
    "maintainer",
    "maintainer_email",
    "license",
    "license_expression",
    "requires_python",
)

# What is held against the archive's metadata; of one field so many values of so many characters are kept.
_COMPARED = (
    "version",
    "pyversion",
    "summary",
    "requires_python",
    "requires_dist",
    "provides_extra",
    "classifiers",
    "license",
    "license_expression",
    "description_content_type",
    "home_page",
    "author",
    "author_email",
    "maintainer",
    "maintainer_email",
)
_MOST, _LONGEST = 300, 1000


@dataclass(frozen=True, slots=True)
class Release:
    """The release that a form speaks of: normalised name, version."""

    project: str
    version: Version


def is_gone(action: str) -> bool:
    """Say whether an action is one that the API once had (410)."""
    return action in _GONE


def findings(form: Form) -> list[Finding]:
    """Return everything that is wrong with a form's fields, in the order in which a person would mend it."""
    return [
        *form.findings,
        *_protocol(form),
        *_twice(form),
        *_name(form),
        *_version(form),
        *_filetype(form),
        *_digests(form),
        *_attestations(form),
    ]


def release(form: Form) -> Release:
    """Return name and version of a form without findings."""
    return Release(canonicalize_name(form.one("name")), Version(form.one("version")))


def _protocol(form: Form) -> Iterator[Finding]:
    action, protocol = form.one(":action"), form.one("protocol_version")
    if action != "file_upload":
        yield Finding(
            ":action", f"The action '{action[:60]}' is not known: send :action=file_upload.", "unknown-action"
        )
    if protocol and protocol != "1":
        yield Finding(
            "protocol_version",
            f"The protocol version '{protocol[:60]}' is not known: it is 1.",
            "unknown-protocol",
        )
    if form.upload is None and not any(finding.source == "content" for finding in form.findings):
        yield Finding(
            "content", "There is no file in the form: send it as the field 'content'.", "no-content"
        )


def _twice(form: Form) -> Iterator[Finding]:
    for name in _SINGLE:
        if len(form.fields.get(name, ())) > 1:
            yield Finding(name, f"The field '{name}' stands in the form more than once.", "field-twice")


def _name(form: Form) -> Iterator[Finding]:
    name = form.one("name")
    if not name:
        yield Finding("name", "The field 'name' is missing.", "no-name")
        return
    try:
        canonicalize_name(name, validate=True)
    except InvalidName:
        yield Finding("name", f"'{name[:120]}' is not a project name (PEP 508).", "bad-name")


def _version(form: Form) -> Iterator[Finding]:
    version = form.one("version")
    if not version:
        yield Finding("version", "The field 'version' is missing.", "no-version")
        return
    try:
        Version(version)
    except InvalidVersion:
        yield Finding("version", f"'{version[:120]}' is not a version (PEP 440).", "bad-version")


def _filetype(form: Form) -> Iterator[Finding]:
    filetype = form.one("filetype")
    if filetype not in set(FileType):
        said = f"'{filetype[:60]}'" if filetype else "missing"
        yield Finding(
            "filetype", f"The field 'filetype' is {said}: it must be bdist_wheel or sdist.", "bad-filetype"
        )
    elif form.upload is not None and form.upload.name.filetype != filetype:
        yield Finding(
            "filetype",
            f"The field 'filetype' says {filetype}, but {form.upload.filename} is a {form.upload.name.filetype}.",
            "filetype-differs",
        )


def said(form: Form) -> dict[str, list[str]]:
    """Return what a form says of the metadata, within bounds, for inspection to hold it against the archive's."""
    kept = {}
    for name in _COMPARED:
        values = [value.strip()[:_LONGEST] for value in form.fields.get(name, ())[:_MOST]]
        if values := [value for value in values if value not in {"", "UNKNOWN"}]:
            kept[name] = values
    return kept


def attestations(form: Form) -> tuple[dict[str, Any], ...] | None:
    """Return the attestations of a form without findings; None when it has none."""
    said = form.one("attestations")
    return shapes.parse(said) if said else None


def _attestations(form: Form) -> Iterator[Finding]:
    try:
        attestations(form)
    except shapes.BadAttestations as error:
        yield Finding("attestations", str(error), "bad-attestations")


def _digests(form: Form) -> Iterator[Finding]:
    given = {name: form.one(name).lower() for name in ("sha256_digest", "blake2_256_digest", "md5_digest")}
    if not (given["sha256_digest"] or given["blake2_256_digest"]):
        yield Finding(
            "sha256_digest", "No secure digest: send sha256_digest or blake2_256_digest.", "no-digest"
        )
    if form.upload is not None:
        yield from _wrong_digests(given, form.upload)


def _wrong_digests(given: dict[str, str], upload: Upload) -> Iterator[Finding]:
    own = {
        "sha256_digest": upload.digests["sha256"],
        "blake2_256_digest": upload.digests["blake2b_256"],
        "md5_digest": upload.digests["md5"],
    }
    for name, digest in given.items():
        if digest and digest != own[name]:
            yield Finding(
                name,
                f"The field '{name}' says {digest[:64]}, but the bytes that arrived have {own[name]}: "
                "the file changed on the way, or the digest is another file's.",
                "digest-differs",
            )
