"""The schedule of a draft, as its page shows it."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from drafts.access.gate import Member
from drafts.access.roles import Act
from drafts.models import Draft


@dataclass(frozen=True, slots=True)
class ScheduleSection:
    """When a draft is published, who decided that, and how; where it is withdrawn, for those who may."""

    at: datetime
    by: str
    decided_at: datetime | None
    yanked: str
    closes: bool
    note: str
    withdraw_url: str


def section(who: Member, draft: Draft) -> ScheduleSection | None:
    """Return what the page says of a schedule; None where there is none."""
    if draft.publish_at is None:
        return None
    where = [draft.project.name, draft.version]
    return ScheduleSection(
        at=draft.publish_at,
        by=str(draft.publishing_by),
        decided_at=draft.publishing_decided_at,
        yanked=draft.publishing_yanked,
        closes=draft.publishing_closes,
        note=draft.publishing_note,
        withdraw_url=reverse("schedule-withdraw", args=where) if who.may(Act.PUBLISH) else "",
    )
