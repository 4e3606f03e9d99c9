"""How much evidence is kept: of one source in a day, and of one release."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from drafts.models import EvidenceLog, Project
from drafts.models.evidence import EvidenceQuerySet

DAY = timedelta(days=1)


class TooMuch(Exception):
    """There is no room for this log; the text says which limit it is. ``later``: there will be, in time."""

    def __init__(self, message: str, *, later: bool) -> None:
        super().__init__(message)
        self.later = later


def must_have_room(row: EvidenceLog, project: Project, size: int) -> None:
    """Refuse a log of so many bytes that is too much for its source today, or for its release. Raises TooMuch."""
    logs = EvidenceLog.objects.all()
    if row.added_by_run is None:
        day = logs.filter(
            added_by_user=row.added_by_user,
            added_by_token=row.added_by_token,
            added_at__gt=timezone.now() - DAY,
        )
        if _bytes(day) + size > settings.EVIDENCE_DAY_LIMIT:
            raise TooMuch(
                f"{settings.EVIDENCE_DAY_LIMIT // 10**6} MB of logs a day are kept from one person or token, and this "
                "would be more. Nothing was kept of it: send the lines with the hashes alone, or come back tomorrow.",
                later=True,
            )
    key = row.draft.version_key if row.draft else row.version_key
    if _bytes(logs.about(project, key)) + size > settings.EVIDENCE_RELEASE_LIMIT:
        raise TooMuch(
            f"{settings.EVIDENCE_RELEASE_LIMIT // 10**6} MB of logs are kept for one release, and this would be more. "
            "Nothing was kept of it: send the lines with the hashes alone.",
            later=False,
        )


def _bytes(logs: EvidenceQuerySet) -> int:
    return int(logs.aggregate(total=Sum("size"))["total"] or 0)
