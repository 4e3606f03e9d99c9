"""Jobs that wait, and the messages of the queue's folders that ring for them."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from drafts.models import Job, Kind

MESSAGES = Path(settings.DATA_DIR) / "queue" / "messages"
TAKEN = MESSAGES.with_name("processed")


@pytest.fixture
def quiet_queue():
    """An empty queue, and nothing rung yet."""
    cache.clear()
    for folder in (MESSAGES, TAKEN):
        for path in folder.iterdir():
            path.unlink()


def rung() -> list[int]:
    """The ids of the jobs that messages wait for, oldest first to the millisecond."""
    messages = [json.loads(path.read_bytes()) for path in sorted(MESSAGES.glob("*.msg"))]
    return [json.loads(message["headers"]["argsrepr"])[0] for message in messages]


def job_since(seconds: float, **values) -> Job:
    """A job that could have been done for so many seconds."""
    subject = f"draft:{Job.objects.count() + 1000}"
    return Job.objects.create(
        kind=Kind.PURGE, subject=subject, not_before=timezone.now() - timedelta(seconds=seconds), **values
    )


def age(job: Job, **values) -> None:
    Job.objects.filter(pk=job.pk).update(**values)
