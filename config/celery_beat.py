"""The scheduler process: it sends names of tasks on time, so it loads neither Django nor the tasks."""

from celery import Celery

import config.broker  # noqa: F401  registers the embedded transport
from config import settings

scheduler = Celery("presscheck", fixups=[], set_as_current=False)
scheduler.config_from_object("config.settings", namespace="CELERY")


def main() -> None:
    """Send until SIGTERM."""
    if settings.LOG_AS_JSON:
        from config import logs

        logs.to_celery(settings.LOGGING)
    scheduler.Beat(loglevel="INFO", no_color=True).run()


if __name__ == "__main__":
    main()
