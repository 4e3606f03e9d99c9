"""Rules about the files of a draft: there, arrived, expected, and under names that are free."""

from collections.abc import Iterable, Iterator

from drafts.dist import parse_filename
from drafts.models import DecisionKind, Draft, DraftState, File, FileState, Token, UploadSession
from drafts.publishing.policy.blocker import Blocker, Code, listed
from drafts.publishing.policy.case import Case


def ended(case: Case) -> Iterator[Blocker]:
    if case.draft.state == DraftState.PROCESSING:
        yield Blocker(
            Code.ENDED, "Being published", "the files are being hashed again right now.", "Presscheck"
        )
    elif not case.draft.is_live:
        yield Blocker(Code.ENDED, "Ended", f"this draft is {case.draft.state}.", "nobody")


def no_files(case: Case) -> Iterator[Blocker]:
    if not case.files and not case.arriving:
        yield Blocker(
            Code.NO_FILES, "No files", "nothing is staged yet: upload with twine, uv, or on this page.", "CI"
        )


def not_ready(case: Case) -> Iterator[Blocker]:
    waits: list[File | UploadSession] = [
        *(file for file in case.files if file.state != FileState.COMPLETED),
        *(upload for upload in case.arriving if upload.state != FileState.ERROR),
    ]
    if waits:
        names = [f"{one.filename} ({one.state})" for one in waits]
        there = {one.filename for one in waits} | {file.filename for file in case.files}
        still = f"{len(waits)} of {len(there)} files {'is' if len(waits) == 1 else 'are'} still on the way"
        yield Blocker(Code.FILE_NOT_READY, "Not ready", f"{still}: {listed(names)}.", "CI")


def failed(case: Case) -> Iterator[Blocker]:
    for upload in case.arriving:
        if upload.state == FileState.ERROR:
            yield Blocker(
                Code.FILE_FAILED,
                "Upload failed",
                f"{upload.filename} did not become part of the draft: {upload.error} Delete the upload; CI can send it again.",
                "CI, or you",
                upload.filename,
            )


def builders(case: Case) -> Iterator[Blocker]:
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


def expected(case: Case) -> Iterator[Blocker]:
    decided = case.decided(DecisionKind.WITHOUT)
    names = (
        [name for name in missing(case.draft, case.files) if name not in decided]
        if case.draft.is_live
        else []
    )
    if names:
        what = f"{len(names)} of {len(case.draft.expects)} files that CI announced"
        yield Blocker(
            Code.EXPECTED_MISSING,
            "Missing",
            f"{what} {'is' if len(names) == 1 else 'are'} not here: {listed(names)}. CI uploads them, or you strike them.",
            "CI, or you",
            decision=DecisionKind.WITHOUT,
            what=tuple(names),
        )


def name_published(case: Case) -> Iterator[Blocker]:
    for file in case.files:
        if file.filename in case.taken or file.identity in case.taken:
            yield Blocker(
                Code.NAME_PUBLISHED,
                "Published already",
                f"{file.filename} is on the index with other bytes, or was once: a name is never used again. Delete it here.",
                "you",
                file.filename,
            )


def staged_by_leaked(case: Case) -> Iterator[Blocker]:
    """Ask about each file whose token an owner revoked as leaked: a stranger may have staged it."""
    decided = case.decided(DecisionKind.CONFIRMED) if case.draft.is_live else frozenset()
    found = [file for file in case.files if file.leaked_at and exactly(file) not in decided]
    if not found or not case.draft.is_live:
        return
    one, names = len(found) == 1, [file.filename for file in found]
    tokens = Token.objects.in_bulk({file.staged_by_token_id for file in found})
    yield Blocker(
        Code.STAGED_BY_LEAKED,
        "Staged by a token that leaked",
        f"{len(found)} of {len(case.files)} files {'was' if one else 'were'} staged by {listed(sorted(map(str, tokens.values())))}, "
        f"which strangers had: {listed(names)}. Is {'it' if one else 'each'} what your CI built? Confirm {'it' if one else 'them'} "
        f"with a reason, or delete {'it' if one else 'them'}.",
        "you",
        names[0] if one else None,
        decision=DecisionKind.CONFIRMED,
        what=tuple(exactly(file) for file in found),
    )


def exactly(file: File) -> str:
    """Name a file for a decision: its name and its very bytes."""
    return f"{file.filename} {file.sha256}"
