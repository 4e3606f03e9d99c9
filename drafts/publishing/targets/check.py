"""The job that looks at a target's index: whether it answers, and what it lists of the project already."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from accounts import audit
from accounts.audit import Actor
from drafts.models import Job, Kind, Project, Target, jobs
from drafts.publishing.targets import listing, places
from drafts.publishing.targets.listing import Listed
from drafts.publishing.targets.setting import Event

STALE, MENDS = timedelta(hours=6), timedelta(minutes=5)
_MOST = 200
_LATEST = 50  # releases of which the first upload is remembered


def work(job: Job) -> None:
    """Look at an index, and remember when each release began there and whether the newest has attestations."""
    target = Target.objects.select_related("project").filter(pk=job.subject_id, ended_at=None).first()
    if target is None:
        job.finish()
        return
    try:
        known = summary(listing.read(places.place_of(target), target.project.name))
    except (listing.NotRead, places.Locked) as error:
        _settle(job, target, None, str(error))
    else:
        _settle(job, target, known, "")


def summary(listed: dict[str, Listed]) -> dict[str, object]:
    """Return when each of the newest releases began, by canonical version, and whether the newest has attestations."""
    began: dict[Version, str] = {}
    attested: dict[Version, bool] = {}
    for one in listed.values():
        version = _version(one.filename)
        if version is None:
            continue
        at = one.uploaded_at
        began[version] = min(filter(None, [began.get(version, ""), at]), default="")
        attested[version] = attested.get(version, False) or one.attested
    newest = max(attested, default=None)
    latest = sorted(began, reverse=True)[:_LATEST]
    return {
        "began": {str(version): began[version] for version in latest},
        "newest": str(newest) if newest else "",
        "attested": bool(newest and attested[newest]),
    }


def _version(filename: str) -> Version | None:
    try:
        return (parse_wheel_filename if filename.endswith(".whl") else parse_sdist_filename)(filename)[1]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None


@transaction.atomic
def _settle(job: Job, target: Target, known: dict[str, object] | None, error: str) -> None:
    Project.objects.lock(target.project_id)
    job.finish()
    values: dict[str, object] = {"checked_at": timezone.now(), "check_error": error[:2000]}
    if known is not None:
        values["known"] = known
    Target.objects.filter(pk=target.pk).update(**values)
    if known is not None and known != target.known:
        audit.record(Event.CHECKED, on=target, by=Actor.system(), newest=known["newest"])


def stale() -> int:
    """Have targets looked at again: after six hours, after five minutes where they did not answer. Returns how many."""
    now = timezone.now()
    old = Q(checked_at__lt=now - STALE) | Q(checked_at__lt=now - MENDS) & ~Q(check_error="")
    waits = set(Job.objects.live().filter(kind=Kind.CHECK_TARGET).values_list("subject", flat=True))
    rows = [row for row in Target.objects.standing().filter(old)[:_MOST] if row.subject not in waits]
    for target in rows:
        jobs.enqueue(kind=Kind.CHECK_TARGET, subject=target.subject)
    return len(rows)
