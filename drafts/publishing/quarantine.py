"""Quarantine: operators take a release, or a project with all its files, off the index at once, and lift it again."""

from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.mail import Letter
from accounts.stepup import Proof, Purpose
from drafts.access import operators
from drafts.models import File, Project, Release
from drafts.notify.mail import News, tell
from drafts.publishing import edge, shown

Held = Project | Release


class Event(StrEnum):
    """What quarantine leaves on record."""

    PROJECT = "project:quarantined"
    PROJECT_LIFTED = "project:quarantine-lifted"
    RELEASE = "release:quarantined"
    RELEASE_LIFTED = "release:quarantine-lifted"


def purpose(held: Held, *, lift: bool) -> Purpose:
    """Return what a proof must be for to put this into quarantine, or to lift that."""
    subject = held.audit_subject
    act = "lift a quarantine" if lift else "quarantine"
    return Purpose(act=act, on=f"{subject.kind}:{subject.id}")


@transaction.atomic
def begin(*, held: Held, reason: str, by: Actor, proof: Proof | None = None) -> bool:
    """Take a release or a project off the index, at once: no page lists its files and no address gives them out.

    Nothing is deleted. False when it is in quarantine already. Raises ProofRefused, NotOperator, NoReason.
    """
    operators.demand(by=by, proof=proof, purpose=purpose(held, lift=False))
    return _set(held, operators.said(reason), by, proof)


@transaction.atomic
def lift(*, held: Held, by: Actor, proof: Proof | None = None) -> bool:
    """Put a release or a project back as it was. False when it is not in quarantine. Raises ProofRefused, NotOperator."""
    operators.demand(by=by, proof=proof, purpose=purpose(held, lift=True))
    return _set(held, "", by, proof)


def _set(held: Held, reason: str, by: Actor, proof: Proof | None) -> bool:
    project = Project.objects.lock(held.pk if isinstance(held, Project) else held.project_id)
    row = project if isinstance(held, Project) else Release.objects.select_related("project").get(pk=held.pk)
    if row.is_quarantined == bool(reason):
        return False
    before = row.quarantine_reason
    row.quarantined_at, row.quarantine_reason = timezone.now() if reason else None, reason
    row.save(update_fields=["quarantined_at", "quarantine_reason"])
    shown.again(project)
    files = _files(row)
    edge.forget(project=project, files=files)
    tell(News.QUARANTINE, project=project, letter=_letter(row, project))
    method = {"method": proof.method} if proof else {}
    audit.record(_event(row), on=row, by=by, reason=reason or before, files=len(files), **method)
    return True


def _files(row: Held) -> list[File]:
    rows = File.objects.published().select_related("release__project").defer("core_metadata").order_by("pk")
    found = rows.filter(release__project=row) if isinstance(row, Project) else rows.filter(release=row)
    return list(found)


def _event(row: Held) -> Event:
    if isinstance(row, Project):
        return Event.PROJECT if row.is_quarantined else Event.PROJECT_LIFTED
    return Event.RELEASE if row.is_quarantined else Event.RELEASE_LIFTED


def _letter(row: Held, project: Project) -> Letter:
    where = (f"{project.path}", f"Look at {project}")
    if not row.is_quarantined:
        return Letter(
            f"{row} is out of quarantine",
            (f"The operators of this index lifted the quarantine of {row}. Installers get its files again.",),
            *where,
        )
    return Letter(
        f"{row} is in quarantine",
        (
            f"The operators of this index took {row} off the index: {row.quarantine_reason}",
            "No page lists its files, and who pinned one is refused. Nothing was deleted, and it can be lifted.",
            "Ask the operators of this index what to do.",
        ),
        *where,
    )
