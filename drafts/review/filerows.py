"""The files of a draft as rows: digests, sizes, what the evidence says, what was replaced."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.urls import reverse

from drafts.dist import FileType
from drafts.models import Draft, File, Provenance, RunClaims
from drafts.review import attestedrows
from drafts.review.attestedrows import AttestedRow
from drafts.review.fileevidence import Reader
from drafts.review.rows import Earlier, FileRow
from drafts.review.sight import Sight
from drafts.review.templatetags.words import size


@dataclass(frozen=True)
class Around:
    """What the rows of one draft share."""

    draft: Draft
    evidence: Reader
    last_sizes: Mapping[str, int]
    editable: bool
    earlier: Mapping[str, list[File]] = field(default_factory=dict)
    attestations: Mapping[int, tuple[AttestedRow, ...]] = field(default_factory=dict)


def staged_by(file: File) -> str:
    """Say who staged a file: of a trusted publisher's run, which file, commit and run."""
    return str(file.run_claims or file.staged_by_token or file.staged_by_user)


def rows(sight: Sight) -> tuple[FileRow, ...]:
    """Return one row per file that is in the draft, in the order of the files."""
    earlier: defaultdict[str, list[File]] = defaultdict(list)
    for file in reversed(sight.uploads):
        if file.superseded_by_id:
            earlier[file.filename].append(file)
    around = Around(
        draft=sight.draft,
        evidence=Reader(sight.draft, sight.comparison, earlier, sight.draft.is_editable),
        last_sizes={file.identity: file.size for file in sight.last},
        editable=sight.draft.is_editable,
        earlier=earlier,
        attestations=attestedrows.rows(sight.files, sight.draft),
    )
    return tuple(_row(file, around) for file in sight.files)


def _row(file: File, around: Around) -> FileRow:
    url = [around.draft.project.name, around.draft.version, file.filename]
    return FileRow(
        filename=file.filename,
        filetype=file.filetype,
        tags=tags(file),
        size=file.size,
        delta=_delta(file, around.last_sizes),
        sha256=file.sha256,
        blake2b_256=file.blake2b_256,
        evidence=around.evidence.of(file),
        uploaded_by=staged_by(file),
        uploaded_at=file.staged_at,
        previous=tuple(
            Earlier(old.sha256, old.size, staged_by(old), old.staged_at)
            for old in around.earlier.get(file.filename, ())
        ),
        download_url=reverse("file-download", args=url),
        delete_url=reverse("file-delete", args=url) if around.editable else "",
        replace_url="#upload" if around.editable else "",
        attestations=around.attestations.get(file.pk, ()),
        **_provenance(around.draft, file),
    )


def _provenance(draft: Draft, file: File) -> dict[str, str]:
    """Say which run a file was taken from, or staged by, in full and in short; nothing for one that was uploaded."""
    if file.run_claims is not None:
        return {"identified_as": identified(file.run_claims), "identified_url": file.run_claims.url}
    if file.taken_from is None:
        return {}
    taken = Provenance.of(file.taken_from)
    return {
        "taken_from": str(taken),
        "taken_from_short": f"run {taken.run} at {taken.commit[:7]}",
        "run_url": reverse("run", args=[draft.project.name, taken.row]),
    }


def identified(claims: RunClaims) -> str:
    """Say in full what an identity provider said of the run that staged a file."""
    of = f" of {claims.repository}" if claims.repository else f", as {claims.issuer} says"
    environment = f", environment {claims.environment}" if claims.environment else ""
    ref = f" ({claims.ref.removeprefix('refs/heads/').removeprefix('refs/tags/')})" if claims.ref else ""
    return f"{claims}{of}{ref}{environment}"


def tags(file: File) -> str:
    """Return the tags of a wheel, apart by spaces; nothing for a sdist."""
    return (
        ""
        if file.filetype == FileType.SDIST
        else " ".join(file.filename.removesuffix(".whl").split("-")[-3:])
    )


def _delta(file: File, last_sizes: Mapping[str, int]) -> str:
    before = last_sizes.get(file.identity)
    if not before or before == file.size:
        return ""
    return f"{'+' if file.size > before else '−'}{size(abs(file.size - before))}"
