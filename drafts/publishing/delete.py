"""The act of deleting published files: bytes go, names stay burnt, the events stay."""

from collections.abc import Collection
from enum import StrEnum

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.stepup import Proof, Purpose
from drafts.access import members
from drafts.access.roles import Act
from drafts.index import pages
from drafts.models import File, Kind, Project, Release, jobs
from drafts.publishing import edge


class Event(StrEnum):
    """What deleting leaves on record."""

    DELETED = "release:deleted"


class NotTyped(Exception):
    """The release's name was not typed as it is spelled; the text says how it is."""


class NotOfRelease(Exception):
    """A file that was named is not one of the release, or none was named; the text says so."""


def purpose(release: Release) -> Purpose:
    """Return what a proof must be for to delete files of this release."""
    return Purpose(act="delete published files", on=f"release:{release.pk}")


def check(*, release: Release, filenames: Collection[str], typed: str) -> None:
    """Ask, before a code is spent, what ``delete`` will ask again. Raises NotTyped, NotOfRelease."""
    if not filenames:
        raise NotOfRelease("Nothing was deleted: choose the files.")
    if typed.strip() != str(release):
        raise NotTyped(f"Nothing was deleted: type {release} to say that you mean it.")


@transaction.atomic
def delete(*, release: Release, filenames: Collection[str], typed: str, by: Actor, proof: Proof) -> list[str]:
    """Take files off the index for good; returns their names. Their names are never used again, by nobody.

    Installers are answered 404 from that moment; the bytes go right after. Raises ProofRefused, NotYours, NotTyped,
    NotOfRelease; then nothing is changed.
    """
    project = Project.objects.lock(release.project_id)
    proof.demand(purpose(release))
    members.demand(project=project, user=proof.user, act=Act.DELETE)
    check(release=release, filenames=filenames, typed=typed)
    files = list(release.files.filter(filename__in=filenames).defer("core_metadata").order_by("filename"))
    if unknown := sorted(set(filenames) - {file.filename for file in files}):
        raise NotOfRelease(f"Nothing was deleted: {', '.join(unknown[:5])} is not in {release} any more.")
    File.objects.filter(pk__in=[file.pk for file in files]).take_off()
    project.serial += 1
    project.save(update_fields=["serial"])
    pages.store(project)
    edge.forget(project=project, files=files)
    for file in files:
        jobs.enqueue(kind=Kind.PURGE, subject=file.subject)
    audit.record(
        Event.DELETED,
        on=release,
        by=by,
        files={file.filename: file.sha256 for file in files},
        method=proof.method,
    )
    return [file.filename for file in files]
