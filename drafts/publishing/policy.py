"""Blockers: why a draft cannot be published now. The page shows them and the act enforces them: one function."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q

from drafts.dist import parse_filename
from drafts.evidence import verdicts
from drafts.evidence.compare import Comparison, FileVerdict, Verdict
from drafts.models import BurntName, Draft, DraftState, File, FileState, UploadSession
from drafts.models.files import IN_DRAFT
from drafts.publishing.builders import Waiting, waiting

_NAMED = 20  # names that one sentence holds


class Code(StrEnum):
    """Stable codes of blockers."""

    ENDED = "ended"
    NO_FILES = "no-files"
    FILE_NOT_READY = "file-not-ready"
    BUILDER_FILES = "builder-files"
    FILE_FAILED = "file-failed"
    EXPECTED_MISSING = "expected-missing"
    EVIDENCE_MISMATCH = "evidence-mismatch"
    EVIDENCE_CONFLICT = "evidence-conflict"
    NAME_PUBLISHED = "name-published"


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason, in one sentence, with who can clear it (``you``, ``CI``, ``maintainer``, ``the clock``)."""

    code: Code
    title: str
    detail: str
    owner: str
    filename: str | None = None
    staged_digest: str = ""
    logged_digest: str = ""

    @property
    def sentence(self) -> str:
        return f"{self.title}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a rule may look at, read once.

    ``files`` are in the draft, ``arriving`` are uploads on their way to it or failed; ``taken`` holds the names and
    identities that others burnt or reserved.
    """

    draft: Draft
    files: tuple[File, ...]
    arriving: tuple[UploadSession, ...]
    comparison: Comparison
    taken: frozenset[str]
    builders: tuple[Waiting, ...] = ()


Rule = Callable[[Case], Iterator[Blocker]]


def blockers(draft: Draft, uploads: Sequence[File] | None = None) -> list[Blocker]:
    """Return every reason why this draft cannot be published now; empty means that it can.

    ``uploads``: all of the draft's files by name, superseded ones too, where the caller has read them.
    """
    known = list(draft.files.order_by("filename")) if uploads is None else uploads
    return found(cases([draft], {draft.pk: known})[draft.pk])


def found(case: Case) -> list[Blocker]:
    """Return the blockers of a case."""
    return [blocker for rule in RULES for blocker in rule(case)]


def cases(drafts: Sequence[Draft], uploads: Mapping[int, Sequence[File]]) -> dict[int, Case]:
    """Read what the rules look at, for several drafts in three queries; ``uploads`` by draft id, superseded ones too."""
    comparisons = verdicts.comparisons(uploads)
    arriving = _arriving([draft.pk for draft in drafts if draft.is_live])
    taken = _taken([draft for draft in drafts if draft.is_live], uploads)
    builders = waiting([draft for draft in drafts if draft.is_live], uploads)
    return {
        draft.pk: Case(
            draft=draft,
            files=tuple(file for file in uploads[draft.pk] if file.state in IN_DRAFT),
            arriving=tuple(arriving.get(draft.pk, ())),
            comparison=comparisons[draft.pk],
            taken=frozenset(taken.get(draft.pk, ())),
            builders=builders.get(draft.pk, ()),
        )
        for draft in drafts
    }


def _arriving(draft_ids: Sequence[int]) -> dict[int, list[UploadSession]]:
    rows = UploadSession.objects.in_the_way().filter(draft__in=draft_ids).select_related("staged_by_token")
    found: dict[int, list[UploadSession]] = {}
    for upload in rows.defer("attestations", "hashes", "digests", "sending").order_by("filename"):
        found.setdefault(upload.draft_id, []).append(upload)
    return found


def _taken(drafts: Sequence[Draft], uploads: Mapping[int, Sequence[File]]) -> dict[int, set[str]]:
    """Return the names, and of the same release the identities, that other drafts burnt or reserved, by draft id."""
    names = {file.filename for files in uploads.values() for file in files}
    of_release = Q(
        project__in={draft.project_id for draft in drafts},
        version_key__in={draft.version_key for draft in drafts},
    )
    taken: dict[int, set[str]] = {draft.pk: set() for draft in drafts}
    for row in BurntName.objects.filter(Q(filename__in=names) | of_release):
        for draft in drafts:
            if row.draft_id == draft.pk:
                continue
            taken[draft.pk].add(row.filename)
            if (row.project_id, row.version_key) == (draft.project_id, draft.version_key):
                taken[draft.pk].add(row.identity)
    return taken


def _ended(case: Case) -> Iterator[Blocker]:
    if case.draft.state == DraftState.PROCESSING:
        yield Blocker(
            Code.ENDED, "Being published", "the files are being hashed again right now.", "Presscheck"
        )
    elif not case.draft.is_live:
        yield Blocker(Code.ENDED, "Ended", f"this draft is {case.draft.state}.", "nobody")


def _no_files(case: Case) -> Iterator[Blocker]:
    if not case.files and not case.arriving:
        yield Blocker(
            Code.NO_FILES, "No files", "nothing is staged yet: upload with twine, uv, or on this page.", "CI"
        )


def _not_ready(case: Case) -> Iterator[Blocker]:
    waits: list[File | UploadSession] = [
        *(file for file in case.files if file.state != FileState.COMPLETED),
        *(upload for upload in case.arriving if upload.state != FileState.ERROR),
    ]
    if waits:
        names = [f"{one.filename} ({one.state})" for one in waits]
        yield Blocker(Code.FILE_NOT_READY, "Not ready", f"still on the way: {_listed(names)}.", "CI")


def _failed(case: Case) -> Iterator[Blocker]:
    for upload in case.arriving:
        if upload.state == FileState.ERROR:
            yield Blocker(
                Code.FILE_FAILED,
                "Upload failed",
                f"{upload.filename} did not become part of the draft: {upload.error} Delete the upload; CI can send it again.",
                "CI, or you",
                upload.filename,
            )


def _builders(case: Case) -> Iterator[Blocker]:
    for one in case.builders:
        if one.missing:
            verb = "is" if one.missing == 1 else "are"
            yield Blocker(
                Code.BUILDER_FILES,
                f"builder {one.builder.name}",
                f"{one.missing} of {one.builder.expected} files {verb} missing.",
                "maintainer",
            )


def missing(draft: Draft, files: Iterable[File]) -> list[str]:
    """Return the names that publishing waits for and that are not in; another spelling of the same file counts."""
    there, identities = {file.filename for file in files}, {file.identity for file in files}
    return [
        name
        for name in draft.expects
        if name not in there and parse_filename(name).identity not in identities
    ]


def _expected(case: Case) -> Iterator[Blocker]:
    names = missing(case.draft, case.files) if case.draft.is_live else []
    if names:
        what = f"{len(names)} of {len(case.draft.expects)} files that CI announced"
        yield Blocker(
            Code.EXPECTED_MISSING,
            "Missing",
            f"{what} {'is' if len(names) == 1 else 'are'} not here: {_listed(names)}. CI uploads them, or you strike them.",
            "CI, or you",
        )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _evidence(case: Case) -> Iterator[Blocker]:
    by_name = {file.filename: file for file in case.files}
    for filename, verdict in case.comparison.files.items():
        if verdict.verdict == Verdict.MISMATCH:
            yield _mismatch(by_name[filename], verdict)
        elif verdict.verdict == Verdict.CONFLICT:
            yield _conflict(by_name[filename], verdict)


def _mismatch(file: File, verdict: FileVerdict) -> Blocker:
    claim = verdict.against[0]
    replaced = claim in verdict.earlier
    return Blocker(
        Code.EVIDENCE_MISMATCH,
        "Not CI's bytes",
        f"{file.filename} {'replaced the bytes that CI logged' if replaced else 'is not what CI logged'}. "
        "Stage CI's copy again, add the log of the run that built it anew, or delete the file.",
        "you",
        file.filename,
        file.blake2b_256 if claim.algorithm == "blake2b_256" else file.sha256,
        claim.digest,
    )


def _conflict(file: File, verdict: FileVerdict) -> Blocker:
    return Blocker(
        Code.EVIDENCE_CONFLICT,
        "Logs disagree",
        f"for {file.filename} one log says what is staged and another says something else: find out which run is the release.",
        "you",
        file.filename,
        file.sha256,
        verdict.against[0].digest,
    )


def _name_published(case: Case) -> Iterator[Blocker]:
    for file in case.files:
        if file.filename in case.taken or file.identity in case.taken:
            yield Blocker(
                Code.NAME_PUBLISHED,
                "Published already",
                f"{file.filename} is on the index with other bytes, or was once: a name is never used again. Delete it here.",
                "you",
                file.filename,
            )


RULES: tuple[Rule, ...] = (
    _ended,
    _no_files,
    _not_ready,
    _failed,
    _expected,
    _builders,
    _evidence,
    _name_published,
)
