"""The worker process of the embedded shape: four threads in one process, and no talk with other workers."""

import sys

from config.celery import app


def main() -> int:
    """Work until SIGTERM; return the exit code."""
    worker = app.Worker(
        pool_cls="threads",
        concurrency=4,
        loglevel="INFO",
        no_color=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


if __name__ == "__main__":
    sys.exit(main())
