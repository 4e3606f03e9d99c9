"""Where each blocker is cleared: an address that every member of the project may open."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from django.urls import reverse

from drafts.models import Draft
from drafts.publishing.policy.blocker import Blocker, Code

Address = Callable[[Draft, Blocker], str]


def _here(fragment: str) -> Address:
    return lambda draft, _blocker: f"{draft.project.path}drafts/{draft.version}/#{fragment}"


def _project(fragment: str) -> Address:
    return lambda draft, _blocker: f"{draft.project.path}#{fragment}"


def _release(draft: Draft, _blocker: Blocker) -> str:
    return reverse("release", args=[draft.project.name, draft.version])


def _file(draft: Draft, blocker: Blocker) -> str:
    return reverse("file-page", args=[draft.project.name, draft.version, blocker.filename])


def _train(draft: Draft, _blocker: Blocker) -> str:
    return reverse("train", args=[draft.train_id])


_IN_PLACE = _here("blockers")  # the act itself stands in the blocker
WHERE: Mapping[Code, Address] = {
    Code.ENDED: _here("history"),
    Code.NO_FILES: _here("files"),
    Code.FILE_NOT_READY: _here("files"),
    Code.FILE_FAILED: _here("files"),
    Code.BUILDER_FILES: _here("builders"),
    Code.EXPECTED_MISSING: _IN_PLACE,
    Code.EVIDENCE_MISMATCH: _IN_PLACE,
    Code.EVIDENCE_CONFLICT: _here("evidence"),
    Code.EVIDENCE_MISSING: _here("evidence"),
    Code.EVIDENCE_WEAK: _here("evidence"),
    Code.NAME_PUBLISHED: _here("files"),
    Code.BEING_INSPECTED: _here("findings"),
    Code.NOT_INSPECTED: _file,
    Code.FINDING_REFUSED: _here("findings"),
    Code.CREDENTIAL_LEAKED: _here("findings"),
    Code.STAGED_BY_LEAKED: _IN_PLACE,
    Code.NOT_AS_LAST_TIME: _IN_PLACE,
    Code.PATTERN_MISSING: _IN_PLACE,
    Code.ENVIRONMENT_CHANGED: _IN_PLACE,
    Code.SOURCES_DIFFER: _IN_PLACE,
    Code.SOURCES_UNKNOWN: _IN_PLACE,
    Code.NEW_FILE: _IN_PLACE,
    Code.RELEASE_CLOSED: _release,
    Code.APPROVALS_MISSING: _here("approvals"),
    Code.CHANGES_WANTED: _here("approvals"),
    Code.SOAK: _here("history"),
    Code.REPORTS_UNANSWERED: _here("testers"),
    Code.PROJECT_ARCHIVED: _project("status"),
    Code.PROJECT_QUARANTINED: _project("status"),
    Code.RELEASE_QUARANTINED: _release,
    Code.READ_ONLY: _IN_PLACE,
    Code.IN_TRAIN: _train,
    Code.TARGET_NOT_READY: _project("upstream"),
    Code.TARGET_ATTESTATIONS: _IN_PLACE,
}


def linked(draft: Draft, found: Iterator[Blocker]) -> Iterator[Blocker]:
    """Yield blockers with the address where each is cleared."""
    for blocker in found:
        yield replace(blocker, link=WHERE[blocker.code](draft, blocker))
