"""What the evidence says of each staged file: compared anew whenever it is asked, so that nothing can be stale."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from django.db.models import Q

from drafts.evidence.compare import Claim, Comparison, Rank, Staged, compare
from drafts.models import Draft, File, LoggedDigest
from drafts.models.files import IN_DRAFT


def comparisons(uploads: Mapping[int, Sequence[File]]) -> dict[int, Comparison]:
    """Compare the files of several drafts (by draft id, superseded uploads included) with all digests of their logs."""
    said: defaultdict[int, list[Claim]] = defaultdict(list)
    for draft_id, claim in _claims(uploads):
        said[draft_id].append(claim)
    return {draft_id: compare(_staged(files), said[draft_id]) for draft_id, files in uploads.items()}


def comparison(draft: Draft) -> Comparison:
    """Compare all files that are in one draft with all digests of its logs."""
    return comparisons({draft.pk: list(draft.files.all())})[draft.pk]


def _staged(files: Sequence[File]) -> Iterator[Staged]:
    """Yield the files that are in, with the digests of their superseded uploads."""
    earlier: defaultdict[str, set[str]] = defaultdict(set)
    for file in files:
        if file.superseded_by_id:
            earlier[file.filename] |= {file.sha256, file.blake2b_256}
    for file in files:
        if file.state in IN_DRAFT:
            yield Staged(
                filename=file.filename,
                sha256=file.sha256,
                blake2b_256=file.blake2b_256,
                staged_by=file.staged_by,
                earlier=frozenset(earlier[file.filename] - {file.sha256, file.blake2b_256}),
            )


def _claims(uploads: Mapping[int, Sequence[File]]) -> Iterator[tuple[int, Claim]]:
    """Yield the digests that can say something about the drafts' files; a log may name thousands of others."""
    files = [file for rows in uploads.values() for file in rows]
    rows = LoggedDigest.objects.filter(_about(files), log__draft__in=uploads).select_related("log")
    for row in rows.defer("excerpt").order_by("log_id", "line"):
        yield (
            row.log.draft_id,
            Claim(
                log=row.log_id,
                rank=Rank(row.log.rank),
                by=row.log.added_by,
                filename=row.filename,
                algorithm=row.algorithm,
                digest=row.digest,
                line=row.line,
            ),
        )


def _about(files: Iterable[File]) -> Q:
    digests = {digest for file in files for digest in (file.sha256, file.blake2b_256)}
    unnamed = Q(filename=None, digest__in=digests)
    return unnamed | Q(filename__endswith=".whl") | Q(filename__endswith=".tar.gz")
