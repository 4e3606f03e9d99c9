"""What the evidence says of each staged file: compared anew whenever it is asked, so that nothing can be stale."""

from collections import defaultdict
from collections.abc import Iterator

from drafts.evidence.compare import Claim, Comparison, Rank, Staged, compare
from drafts.models import Draft, LoggedDigest


def comparison(draft: Draft) -> Comparison:
    """Compare all files that are in the draft with all digests of its logs."""
    return compare(staged(draft), claims(draft))


def staged(draft: Draft) -> Iterator[Staged]:
    """Yield the draft's files as the comparison sees them, with the digests of their superseded uploads."""
    earlier: defaultdict[str, set[str]] = defaultdict(set)
    gone = draft.files.superseded().values_list("filename", "sha256", "blake2b_256")
    for filename, sha256, blake2b_256 in gone:
        earlier[filename] |= {sha256, blake2b_256}
    for file in draft.files.live().order_by("filename"):
        own = {file.sha256, file.blake2b_256}
        yield Staged(
            filename=file.filename,
            sha256=file.sha256,
            blake2b_256=file.blake2b_256,
            staged_by=file.staged_by,
            earlier=frozenset(earlier[file.filename] - own),
        )


def claims(draft: Draft) -> Iterator[Claim]:
    """Yield every digest of the draft's logs."""
    for row in (
        LoggedDigest.objects.filter(log__draft=draft)
        .select_related("log")
        .defer("excerpt")
        .order_by("log_id", "line")
    ):
        yield Claim(
            log=row.log_id,
            rank=Rank(row.log.rank),
            by=row.log.added_by,
            filename=row.filename,
            algorithm=row.algorithm,
            digest=row.digest,
            line=row.line,
        )
