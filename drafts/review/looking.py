"""Since you last looked: what others did since, and which sections a person marked as viewed. It never blocks."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta

from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.models import AuditEvent, User
from drafts.access import gate
from drafts.access.roles import Act
from drafts.models import Draft, Look
from drafts.review.changes import ChangesSection
from drafts.review.evidencerows import EvidenceSection
from drafts.review.findingrows import FindingsSection
from drafts.review.lookingrows import Area, Looking, ViewedMark

_VISIT = timedelta(minutes=30)  # without a look: then the next one is a new visit
_NOTED = timedelta(minutes=1)  # looks within it are one
_DIGEST = 64
_NOUNS = {
    "file:staged": ("file staged", "files staged"),
    "file:replaced": ("file replaced", "files replaced"),
    "file:put-back": ("file put back", "files put back"),
    "file:deleted": ("file deleted", "files deleted"),
    "file:refused": ("file refused by inspection", "files refused by inspection"),
    "evidence:added": ("log added", "logs added"),
    "evidence:read-again": ("log read otherwise", "logs read otherwise"),
    "evidence:set-aside": ("log set aside", "logs set aside"),
    "finding:accepted": ("finding accepted", "findings accepted"),
    "draft:decided": ("decision", "decisions"),
    "draft:decision-revoked": ("decision taken back", "decisions taken back"),
    "draft:expectation-struck": ("expected file struck", "expected files struck"),
    "draft:complete-said": ("“complete” from CI", "times “complete” from CI"),
}


def last(user: User, draft: Draft) -> Look | None:
    """Return a person's looks at a draft; None before the first."""
    return Look.objects.filter(draft=draft, user=user).first()


def looked(user: User, draft: Draft) -> Look | None:
    """Note that a person looks, at most once a minute, and return their looks. A mark is not worth the page."""
    row, now = last(user, draft), timezone.now()
    with suppress(OperationalError):
        if row is None:
            row, _ = Look.objects.get_or_create(draft=draft, user=user)
        elif now - row.at > _NOTED:
            row.since = row.at if now - row.at > _VISIT else row.since
            row.at = now
            row.save(update_fields=["since", "at"])
    return row


def section(
    row: Look | None,
    draft: Draft,
    events: Iterable[AuditEvent],
    *,
    fingerprint: str,
    evidence: EvidenceSection,
    findings: FindingsSection,
    changes: ChangesSection,
) -> Looking:
    """Say what happened since the person's last visit, and how what they viewed stands now."""
    viewed = row.viewed if row is not None else {}
    return Looking(
        since=row.since if row is not None else None,
        sentence=_sentence(row, events),
        url=reverse("draft-viewed", args=[draft.project.name, draft.version]),
        files=_mark(Area.FILES, viewed, [fingerprint]),
        evidence=_mark(Area.EVIDENCE, viewed, _evidence(evidence)),
        findings=_mark(Area.FINDINGS, viewed, _findings(findings)),
        changes=_mark(Area.CHANGES, viewed, _changes(changes)),
    )


def by_others(row: Look | None, event: AuditEvent) -> bool:
    """Say whether an event is news to the person."""
    if row is None or row.since is None or event.at <= row.since:
        return False
    return (event.actor_kind, event.actor_id) != ("person", str(row.user_id))


def _sentence(row: Look | None, events: Iterable[AuditEvent]) -> str:
    """Count what others did: ``1 file replaced, 2 logs added``."""
    found = Counter(event.event for event in events if by_others(row, event))
    parts = [
        f"{found[name]} {one if found[name] == 1 else many}"
        for name, (one, many) in _NOUNS.items()
        if found[name]
    ]
    others = sum(number for name, number in found.items() if name not in _NOUNS)
    parts += [f"{others} other event{'' if others == 1 else 's'}"] if others else []
    return ", ".join(parts)


def _mark(area: Area, viewed: dict[str, str], shown: Iterable[object]) -> ViewedMark:
    digest = hashlib.sha256("\n".join(map(str, shown)).encode()).hexdigest()
    before = viewed.get(area, "")
    return ViewedMark(area, digest, "" if not before else "viewed" if before == digest else "changed")


def _evidence(section: EvidenceSection) -> Sequence[object]:
    return [section.summary, *((log.sha256, log.rank, log.aside_at is not None) for log in section.logs)]


def _findings(section: FindingsSection) -> Sequence[object]:
    return [(line.code, line.count, line.new, line.accepted is not None) for line in section.lines]


def _changes(section: ChangesSection) -> Sequence[object]:
    return [section.summary, *section.items, *section.moves, *section.sources, section.members]


@gate.people
@require_POST
def viewed(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Mark a section as viewed as it was shown, or take the mark away."""
    who, draft = gate.draft(request, name, version, Act.SEE)
    area, digest = request.POST.get("area", ""), request.POST.get("digest", "")
    if area not in set(Area) or len(digest) > _DIGEST:
        raise Http404("There is no such section.")
    mark(user=who.user, draft=draft, area=Area(area), digest=digest)
    return redirect(f"{reverse('draft', args=[name, version])}#{area}")


def mark(*, user: User, draft: Draft, area: Area, digest: str) -> None:
    """Keep what a person viewed; an empty digest takes the mark away. A person's own note, so no event."""
    row, _ = Look.objects.get_or_create(draft=draft, user=user)
    row.viewed = {key: value for key, value in {**row.viewed, area: digest}.items() if value}
    row.save(update_fields=["viewed"])
