"""What the evidence says of each staged file: compared anew whenever it is asked, so that nothing can be stale."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from drafts.evidence.attested.standing import standing
from drafts.evidence.compare import Claim, Comparison, FileVerdict, Printed, Rank, Staged, Why, compare
from drafts.models import Draft, EvidenceLog, File, LoggedDigest, PrintedBy, beside
from drafts.models.files import IN_DRAFT


def comparisons(
    uploads: Mapping[int, Sequence[File]],
    drafts: Sequence[Draft] | None = None,
    logs: Sequence[EvidenceLog] | None = None,
) -> dict[int, Comparison]:
    """Compare the files of several drafts (by draft id, superseded uploads included) with all digests of their logs.

    ``drafts``: the same, where they say themselves which of them have logs and attestations at all; ``logs``: all logs of
    theirs, where the caller has read them.
    """
    said: defaultdict[int, list[Claim]] = defaultdict(list)
    with_logs = uploads if drafts is None else [one.pk for one in beside.those_with("logs", drafts)]
    attested = standing(
        uploads if drafts is None else [one.pk for one in beside.those_with("attested", drafts)]
    )
    for draft_id, claim in _claims({pk: uploads[pk] for pk in with_logs}, logs):
        if counted := attested.counted(claim):
            said[draft_id].append(counted)
    return {draft_id: compare(_staged(files), said[draft_id]) for draft_id, files in uploads.items()}


def comparison(draft: Draft) -> Comparison:
    """Compare all files that are in one draft with all digests of its logs."""
    return comparisons({draft.pk: list(draft.files.defer("core_metadata"))})[draft.pk]


def summary(draft: Draft) -> list[dict[str, Any]]:
    """Return what the evidence says of each file, as plain values: for the event of publishing, and the receipt.

    Files stand by name. ``sources`` are the logs that say something of the file, the best first, each with the SHA-256
    of its text; ``set_aside`` are those that a maintainer set aside, with the reason.
    """
    logs = {log.pk: log for log in draft.evidence.select_related("set_aside_by")}
    files = comparison(draft).files
    return [_summed_up(files[name], logs) for name in sorted(files)]


def _summed_up(verdict: FileVerdict, logs: Mapping[int, EvidenceLog]) -> dict[str, Any]:
    return {
        "filename": verdict.filename,
        "verdict": str(verdict.verdict),
        "rank": verdict.rank.label if verdict.rank is not None else None,
        "sources": [
            _source(claim, says, logs)
            for says, claims in (("same", verdict.agreeing), ("other", verdict.against))
            for claim in claims
        ],
        "set_aside": [
            _source(claim, "not counted", logs)
            | {
                "reason": logs[claim.log].set_aside_reason,
                "by": str(logs[claim.log].set_aside_by),
                "at": _moment(logs[claim.log].set_aside_at),
            }
            for claim in verdict.uncounted
            if claim.why is Why.SET_ASIDE
        ],
    }


def _moment(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat(timespec="seconds") if value else None


def _source(claim: Claim, says: str, logs: Mapping[int, EvidenceLog]) -> dict[str, Any]:
    """Return one claim; ``says``: whether it is the same digest, another one, or one that does not count."""
    log = logs[claim.log]
    return {
        "log": log.sha256,
        "label": log.label,
        "rank": claim.rank.label,
        "says": says,
        "algorithm": claim.algorithm,
        "digest": claim.digest,
        "line": claim.line,
    }


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
                commit=file.built_from,
            )


def _claims(
    uploads: Mapping[int, Sequence[File]], logs: Iterable[EvidenceLog] | None
) -> Iterator[tuple[int, Claim]]:
    """Yield the digests that can say something about the drafts' files; a log may name thousands of others."""
    if logs is None:
        rows = EvidenceLog.objects.filter(draft__in=uploads).select_related("added_by_token")
        logs = rows.defer("set_aside_reason")
    known = {log.pk: (log, _word_of(log)) for log in logs}
    if not known:
        return
    files = [file for rows in uploads.values() for file in rows]
    digests = LoggedDigest.objects.filter(_about(files), log__in=known).order_by("log_id", "line")
    for row in digests.values_list("log_id", "filename", "algorithm", "digest", "line", "hidden", named=True):
        log, word = known[row.log_id]
        claim = replace(
            word,
            filename=row.filename,
            algorithm=row.algorithm,
            digest=row.digest,
            line=row.line,
            hidden=row.hidden,
        )
        if claim.rank is Rank.FETCHED and not log.vouches_for(row.filename):
            claim = replace(claim, rank=Rank.PASTED, why=Why.OTHER_JOB)
        assert log.draft_id is not None
        yield log.draft_id, claim


def _word_of(log: EvidenceLog) -> Claim:
    """Return what all claims of one log have in common."""
    return Claim(
        log=log.pk,
        rank=Rank(log.rank),
        by=log.added_by,
        filename=None,
        algorithm="",
        digest="",
        line=0,
        aside=log.set_aside_at is not None,
        of_own_files=log.of_own_files,
        printed=_printed(log),
    )


def _printed(log: EvidenceLog) -> Printed | None:
    if log.printed_by is None:
        return None
    told = PrintedBy.of(log.printed_by)
    return Printed(told.job_key, told.run, told.attempt, told.commit)


def _about(files: Iterable[File]) -> Q:
    digests = {digest for file in files for digest in (file.sha256, file.blake2b_256)}
    unnamed = Q(filename=None, digest__in=digests)
    return unnamed | Q(filename__endswith=".whl") | Q(filename__endswith=".tar.gz")
