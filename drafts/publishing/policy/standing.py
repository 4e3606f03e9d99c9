"""Rules about the project and the server as a whole: nothing is published of what is archived, held or read-only."""

from collections.abc import Iterator

from drafts.models import ProjectStatus
from drafts.publishing.policy.blocker import Blocker, Code
from drafts.publishing.policy.case import Case


def quarantined(case: Case) -> Iterator[Blocker]:
    project = case.draft.project
    if case.draft.is_live and project.is_quarantined:
        yield Blocker(
            Code.PROJECT_QUARANTINED,
            "In quarantine",
            f"the operators of this index took {project} off it: {project.quarantine_reason}",
            "operator",
        )
    elif case.held:
        yield Blocker(
            Code.RELEASE_QUARANTINED,
            "In quarantine",
            f"the operators of this index took {case.draft} off it, and nobody would get these files: {case.held}",
            "operator",
        )


def archived(case: Case) -> Iterator[Blocker]:
    project = case.draft.project
    if case.draft.is_live and project.status == ProjectStatus.ARCHIVED:
        why = f" ({project.status_reason})" if project.status_reason else ""
        yield Blocker(
            Code.PROJECT_ARCHIVED,
            "Archived",
            f"{project} is archived{why}: an owner makes it active again first.",
            "owner",
        )


def read_only(case: Case) -> Iterator[Blocker]:
    if case.read_only and case.draft.is_live:
        yield Blocker(
            Code.READ_ONLY,
            "Read-only",
            f"nothing changes on this server now: {case.read_only}",
            "operator",
        )
