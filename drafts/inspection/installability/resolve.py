"""The job: ask for every supported Python and platform whether the draft resolves, and keep the answers.

An answer is of the files that a fingerprint names. What changes meanwhile is asked again by the sweep.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from packaging.utils import canonicalize_name

from drafts.dist.environments import PLATFORMS, PYTHONS, Environment, Offer, Shelf
from drafts.inspection.changes import audience
from drafts.inspection.changes.before import befores
from drafts.inspection.installability import asking, serving
from drafts.inspection.installability.asking import Reply, Said
from drafts.models import Draft, File, Job, Kind, Resolution, jobs
from drafts.models.drafts import EDITABLE

SETTLED = timedelta(seconds=10)  # after the last change: CI sends many files, one after another
_MOST_AT_ONCE = 50
_PATIENCE = 3
_ATTEMPTS = 5
_NO_WHEEL = "Neither a wheel nor an sdist of the release serves this environment."
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_EXCLUDED = "Requires-Python leaves this Python out."

Answer = tuple[str, str, str, str]  # Python, platform, state, reason


def stale() -> int:
    """Write a job for every draft whose files changed since its resolver was asked. Returns how many."""
    drafts = Draft.objects.filter(
        state__in=EDITABLE, changed_at__lte=timezone.now() - SETTLED, files__isnull=False
    )
    asked = Resolution.objects.filter(changed_at=F("draft__changed_at")).values("draft")
    live = Job.objects.live().filter(kind=Kind.RESOLVE).values_list("subject", flat=True)
    busy, written = set(live), 0
    for draft in drafts.exclude(pk__in=asked).distinct().order_by("changed_at")[:_MOST_AT_ONCE]:
        if draft.subject not in busy:
            jobs.enqueue(kind=Kind.RESOLVE, subject=draft.subject)
            written += 1
    return written


def work(job: Job) -> None:
    """Ask where one draft can be installed; a draft that ended, or whose files are those asked about, costs nothing."""
    draft = Draft.objects.select_related("project").get(pk=job.subject_id)
    if not draft.is_live:
        job.finish()
        return
    files = list(draft.files.completed().order_by("filename"))
    fingerprint, against = draft.fingerprint_of(files), _against()
    known = Resolution.objects.filter(draft=draft, fingerprint=fingerprint, against=against, error="").first()
    if known is not None:
        _settle(draft, job, fingerprint, [tuple(one) for one in known.results])
        return
    try:
        answers = list(_answers(draft, files, job))
    except jobs.Fenced:
        raise
    except Exception as error:
        if job.failures + 1 < _PATIENCE and job.attempt < _ATTEMPTS:
            raise
        _settle(
            draft, job, fingerprint, [], error=f"The resolver could not be asked: {type(error).__name__}."
        )
        return
    _settle(draft, job, fingerprint, answers)


def _against() -> str:
    upstream = settings.PRESSCHECK_UPSTREAM_INDEX
    if upstream:
        return f"Dependencies were looked for on this index, and what it does not have on {upstream}."
    return "Dependencies were looked for on this index alone, because no other is set (PRESSCHECK_UPSTREAM_INDEX)."


def _answers(draft: Draft, files: list[File], job: Job) -> Iterator[Answer]:
    """Yield one answer for each environment; the resolver is asked only where there is a wheel to install."""
    offers = audience.offers([*files, *befores([draft])[draft.pk].same_files])
    places = [Environment(python, platform) for platform in PLATFORMS for python in PYTHONS]
    requirement = f"{draft.project.plain_name}=={draft.version}\n"
    with (
        serving.served(draft, settings.PRESSCHECK_UPSTREAM_INDEX) as pages,
        asking.resolver(pages.base) as resolver,
    ):
        for done, place in enumerate(places):
            job.renew(done=done, total=len(places))
            state, reason = _without(offers, place)
            if not state:
                reply = resolver.ask(requirement, python=place.python.label, platform=place.platform)
                state, reason = _judged(reply, pages.missing), reply.reason
            yield place.python.label, place.platform.label, state, reason


def _without(offers: Sequence[Offer], place: Environment) -> tuple[str, str]:
    """Return what needs no resolver to be known: no wheel, or no file at all; an empty state where there is a wheel."""
    chosen = Shelf(offers, place.platform).chosen(place.python)
    if chosen is None:
        is_excluded = not any(file.takes(place.python) for file in offers)
        return ("excluded", _EXCLUDED) if is_excluded else ("fails", _NO_WHEEL)
    return ("", "") if chosen.is_wheel else ("builds", "")


def _judged(reply: Reply, missing: set[str]) -> str:
    """Say what a reply means: a dependency that this index was never meant to have is nothing against the draft."""
    if reply.said == Said.FAILS and not settings.PRESSCHECK_UPSTREAM_INDEX:
        words = set(_NAME.findall(reply.reason.lower()))
        if any(canonicalize_name(word) in missing for word in words):
            return str(Said.UNKNOWN)
    return str(reply.said)


@transaction.atomic
def _settle(draft: Draft, job: Job, fingerprint: str, answers: list[Answer], *, error: str = "") -> None:
    """Keep the answers and end the job; for a draft that changed meanwhile the sweep asks again."""
    job.finish()
    Resolution.objects.update_or_create(
        draft=draft,
        defaults={
            "fingerprint": fingerprint,
            "changed_at": draft.changed_at,
            "at": timezone.now(),
            "against": _against(),
            "results": [list(answer) for answer in answers],
            "error": error,
        },
    )
    draft.bump()
