"""The queue that rings workers: a hint, never the truth. And what the scheduler sends on time."""

from typing import Any

from celery.schedules import crontab

from config import broker
from config.settings.data import REDIS_URL
from config.settings.environment import DATA_DIR
from config.settings.limits import SWEEP_SECONDS

if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
    # With kombu's defaults a killed worker's task comes back after 100 s; the sweep would ring before that anyway.
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "visibility_timeout": 3600,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "global_keyprefix": "presscheck:",
        "socket_timeout": 10,
    }
else:
    CELERY_BROKER_URL = f"{broker.TRANSPORT}://localhost"
    CELERY_BROKER_TRANSPORT_OPTIONS = broker.folders(DATA_DIR / "queue")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "scheduler")
CELERY_BEAT_SCHEDULE = {  # what a worker that was away finds too old, it throws away
    "ring what waits": {
        "task": "operations.sweep",
        "schedule": SWEEP_SECONDS,
        "options": {"expires": SWEEP_SECONDS},
    },
    "expire drafts": {"task": "operations.expire", "schedule": 60.0, "options": {"expires": 60.0}},
    "keep in order": {"task": "operations.prune", "schedule": 3600.0, "options": {"expires": 3600.0}},
    # Done once a day, tried each hour: a scheduler that was away makes up for it.
    "sign the record": {"task": "operations.checkpoint", "schedule": 3600.0, "options": {"expires": 3600.0}},
    "hash again": {
        "task": "operations.scrub",
        "schedule": crontab(hour="2", minute="40"),
        "options": {"expires": 12 * 3600.0},
    },
}
