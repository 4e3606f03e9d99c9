"""Caches in front of this server forget what changed at once: told by the act, done by a job, again until it is.

The same job keeps a bucket's public copies out of sight while they are in quarantine, since a CDN reads them there.
"""

import json
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse

from drafts.index import provenance
from drafts.index.pages import file_url
from drafts.models import EdgePurge, File, Job, Kind, Project, jobs
from drafts.outbound import Limits, post
from drafts.storage import storage

_LIMITS = Limits(size=64 * 1024, seconds=20, idle=10, redirects=0)
_FINE = range(200, 300)
_GONE = 404  # what a cache answers that never had it


class NotForgotten(Exception):
    """A cache did not say that it forgot an address; the job is tried again."""


def forget(*, project: Project, files: Sequence[File]) -> None:
    """Have caches forget a project's page, these files and their METADATA. Part of an act's transaction."""
    _ask(project, [*_page(project), *(path for file in files for path in _file(file))])
    if storage().has_copies:
        _enqueue(project)


def forget_page(project: Project) -> None:
    """Have caches forget a project's page. Part of an act's transaction."""
    _ask(project, _page(project))


def _ask(project: Project, paths: Iterable[str]) -> None:
    if settings.PRESSCHECK_PURGE_URL:
        EdgePurge.objects.bulk_create(EdgePurge(project=project, path=path) for path in paths)
        _enqueue(project)


def _enqueue(project: Project) -> None:
    jobs.enqueue(kind=Kind.EDGE, subject=f"project:{project.pk}")


def _page(project: Project) -> list[str]:
    return [_absolute(reverse("simple-project", args=[project.name]))]


def _file(file: File) -> list[str]:
    address = _absolute(file_url(file))
    signed = [provenance.address(file)] if file.attestations_sha256 and file.release_id else []
    return [address, f"{address}{quote('.metadata')}", *signed]


def _absolute(address: str) -> str:
    return f"{settings.PRESSCHECK_URL}{address}" if address.startswith("/") else address


def work(job: Job) -> None:
    """Do an edge job: first what readers could get past this server, then what caches remember of it."""
    project = Project.objects.get(pk=job.subject_id)
    _withhold(project, job)
    for row in EdgePurge.objects.filter(project=project).order_by("pk"):
        job.renew()
        _forget(row.path)
        row.delete()
    job.finish()


def _withhold(project: Project, job: Job) -> None:
    """Move public copies out of readers' sight, or back, as their rows say now; again is fine."""
    if not storage().has_copies:
        return
    files = File.objects.published().filter(release__project=project).select_related("release")
    for file in files.defer("core_metadata").order_by("pk"):
        assert file.release is not None
        hidden = project.is_quarantined or file.release.is_quarantined
        for kept in (file.kept, file.kept_metadata):
            if hidden:
                storage().withhold(kept)
            else:
                storage().hand_out(kept)
        job.renew()


def _forget(address: str) -> None:
    """Tell the cache one address. Raises NotForgotten, and what ``outbound`` raises."""
    if not settings.PRESSCHECK_PURGE_URL:  # it was taken away after the act
        return
    token = settings.PRESSCHECK_PURGE_TOKEN
    with post(
        settings.PRESSCHECK_PURGE_URL,
        body=json.dumps({"url": address}).encode(),
        limits=_LIMITS,
        headers={
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {token}"} if token else {}),
        },
    ) as answer:
        if answer.status not in _FINE and answer.status != _GONE:
            raise NotForgotten(
                f"{answer.address} answered {answer.status} when it was told to forget {address}"
            )
