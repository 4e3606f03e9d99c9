"""Settings that wait to ask less, in tests: a day passes."""

from django.utils import timezone

from drafts.models import Job, Kind, Loosening


def pass_a_day() -> None:
    """Let the time of what waits come, and let the worker do its part."""
    from tests.conftest import do_jobs

    now = timezone.now()
    Loosening.objects.pending().update(due_at=now)
    Job.objects.live().filter(kind=Kind.LOOSEN).update(not_before=now)
    do_jobs()
