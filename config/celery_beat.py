"""The scheduler process: it sends names of tasks on time, so it loads neither Django nor the tasks."""

import fcntl
import sys
from typing import IO

from celery import Celery

import config.broker  # noqa: F401  registers the embedded transport
from config import settings

scheduler = Celery("presscheck", fixups=[], set_as_current=False)
scheduler.config_from_object("config.settings", namespace="CELERY")


def claim() -> IO[str]:
    """Wait until no other scheduler runs on this data folder, whose file of last times two would spoil.

    Returns the open file that holds the claim; it ends with this process, however that ends. Schedulers on other hosts
    have folders of their own: what two send twice is done once (``operations.tasks``).
    """
    file = (settings.DATA_DIR / "scheduler.lock").open("a", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.stderr.write(
            "another scheduler runs on this data folder: this one waits, to take over when it ends\n"
        )
        fcntl.flock(file, fcntl.LOCK_EX)
    return file


def main() -> None:
    """Send until SIGTERM."""
    if settings.LOG_AS_JSON:
        from config import logs

        logs.to_celery(settings.LOGGING)
    with claim():
        scheduler.Beat(loglevel="INFO", no_color=True).run()


if __name__ == "__main__":
    main()
