"""The Celery application: it rings workers; the job table is the truth."""

import os

from celery import Celery

import config.broker  # noqa: F401  registers the embedded transport
from config import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("presscheck")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    [
        "drafts.publishing",
        "drafts.evidence",
        "drafts.inspection",
        "drafts.inspection.installability",
        "drafts.intake",
        "drafts.operations",
        "drafts.access",
        "drafts.notify",
    ],
    related_name="tasks",
)

if settings.LOG_AS_JSON:
    from config import logs

    logs.to_celery(settings.LOGGING)
