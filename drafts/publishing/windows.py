"""The acts on a release's window – close it at once, reopen it for a week – and the job that renders pages when one ends."""

from datetime import timedelta
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.mail import Letter
from accounts.stepup import Proof, Purpose
from drafts.access import members
from drafts.access.roles import Act
from drafts.index import pages, windows
from drafts.models import IndexPage, Job, Project, Release
from drafts.notify.mail import News, tell

REOPENED = timedelta(days=7)


class Event(StrEnum):
    """What can happen to a release's window."""

    CLOSED = "release:closed"
    REOPENED = "release:reopened"


class AsItIs(Exception):
    """The release is closed, or open, already; the text says so."""


def closing(release: Release) -> Purpose:
    """Return what a proof must be for to close this release."""
    return Purpose(act="close a release", on=f"release:{release.pk}")


def reopening(release: Release) -> Purpose:
    """Return what a proof must be for to reopen this release."""
    return Purpose(act="reopen a release", on=f"release:{release.pk}")


def must_be(release: Release, *, closed: bool) -> None:
    """Raise AsItIs unless the release is closed, or open, as the act takes it."""
    standing = windows.of_release(release)
    if standing.is_closed != closed:
        raise AsItIs(f"{release} is {windows.sentence(standing)}")


@transaction.atomic
def close(*, release: Release, by: Actor, proof: Proof) -> Release:
    """Let a release take no more files from now on. Raises ProofRefused, NotYours, AsItIs."""
    release = _locked(release, closing(release), proof)
    must_be(release, closed=False)
    release.closed_at, release.reopened_until = timezone.now(), None
    release.save(update_fields=["closed_at", "reopened_until"])
    _render(release.project)
    audit.record(Event.CLOSED, on=release, by=by, method=proof.method)
    _tell(release, "is closed", "It takes no more files. A maintainer can reopen it for 7 days.", proof)
    return release


@transaction.atomic
def reopen(*, release: Release, by: Actor, proof: Proof) -> Release:
    """Let a closed release take files for 7 days. Raises ProofRefused, NotYours, AsItIs."""
    release = _locked(release, reopening(release), proof)
    must_be(release, closed=True)
    release.reopened_until = timezone.now() + REOPENED
    release.save(update_fields=["reopened_until"])
    _render(release.project)
    until = f"{release.reopened_until:%d %B %Y, %H:%M} UTC"
    audit.record(
        Event.REOPENED, on=release, by=by, method=proof.method, until=release.reopened_until.isoformat()
    )
    _tell(release, "is reopened", f"It takes files until {until}; they are marked as late.", proof)
    return release


def _locked(release: Release, purpose: Purpose, proof: Proof) -> Release:
    project = Project.objects.lock(release.project_id)
    proof.demand(purpose)
    members.demand(project=project, user=proof.user, act=Act.WINDOW)
    row = Release.objects.get(pk=release.pk)
    row.project = project
    return row


def _render(project: Project) -> None:
    project.serial += 1
    project.save(update_fields=["serial"])
    pages.store(project)


def _tell(release: Release, what: str, then: str, proof: Proof) -> None:
    letter = Letter(
        subject=f"{release} {what}",
        paragraphs=(f"{proof.user} did that, with a second factor. {then}",),
        path=f"{release.project.path}releases/{release.version}/",
        link="Look at the release",
    )
    tell(News.WINDOW, project=release.project, letter=letter, but=proof.user)


@transaction.atomic
def work(job: Job) -> None:
    """Render a project's page when a window ends, or its rule is another one; ``store`` orders the next time."""
    project = Project.objects.lock(job.subject_id)
    job.finish()
    if IndexPage.objects.filter(project=project).exists():
        _render(project)
