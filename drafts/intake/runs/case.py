"""One run while it is fetched: what is known of it, and the job that goes on living as long as there is progress."""

import time
from dataclasses import dataclass

from drafts.evidence.providers import Provider, Run
from drafts.evidence.trust import Trust
from drafts.models import CiRun, Job

_EVERY_SECONDS = 1.0


@dataclass(slots=True)
class Beat:
    """Keeps a job's lease, at most once a second, and tells how far the work is (bytes). Raises Fenced."""

    job: Job
    at: float = 0.0

    def __call__(self, done: int | None = None, *, total: int | None = None) -> None:
        if total is None and time.monotonic() - self.at < _EVERY_SECONDS:
            return
        self.at = time.monotonic()
        self.job.renew(done=done, total=total)


@dataclass(frozen=True, slots=True)
class Case:
    """The run's row, what the provider says of it, and how much its logs prove."""

    row: CiRun
    told: Run
    provider: Provider
    trust: Trust
    beat: Beat
    evidence_jobs: tuple[str, ...] = ()


def note(row: CiRun, told: Run) -> None:
    """Write down what the provider says of the run, for the page."""
    row.event, row.branch, row.commit = told.event[:60], told.branch, told.commit[:64]
    row.workflow, row.attempt, row.run_state = told.workflow, min(told.attempt, 10**6), str(told.state)
    row.save(update_fields=["event", "branch", "commit", "workflow", "attempt", "run_state"])
