"""The runs that staged a draft's files themselves, in the evidence section: what became of their logs, in a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from drafts.intake.runs.outcome import LOST, READ, Outcome
from drafts.models import CiRun, Draft, FetchState, File
from drafts.review.evidencewords import count


@dataclass(frozen=True, slots=True)
class FollowedRun:
    """One run: ``state`` is ``waits``, ``failed``, ``lost`` (some of its logs), ``silent`` or ``read``."""

    name: str
    url: str
    state: str
    said: str


def rows(draft: Draft, files: Sequence[File]) -> tuple[FollowedRun, ...]:
    """Return the runs that staged the files, in one query; in none where none did."""
    claims = [said for file in files if (said := file.run_claims)]
    numbers = {int(said.run) for said in claims if said.run.isdecimal() and len(said.run) < 19}  # noqa: PLR2004 - BIGINT
    if not numbers:
        return ()
    found = CiRun.objects.filter(project=draft.project_id, number__in=numbers).exclude(named_by=None)
    return tuple(_row(draft, run) for run in found.order_by("number", "pk"))


def _row(draft: Draft, run: CiRun) -> FollowedRun:
    state, said = _said(run)
    url = reverse("run", args=[draft.project.name, run.pk])
    return FollowedRun(f"Run {run.number} of {run.repository}", url, state, said)


def _said(run: CiRun) -> tuple[str, str]:
    """Return the state, and the sentence for it."""
    if run.state == FetchState.FETCHING:
        return "waits", run.error or "Its logs wait for a worker."
    if run.state == FetchState.FAILED:
        return "failed", run.error
    logs = Outcome.of(run.outcome).logs
    lost = [log for log in logs if log.did == LOST]
    read = [log for log in logs if log.did == READ]
    if lost:
        others = f" So it is with {count(len(lost) - 1, 'other log')}." if len(lost) > 1 else ""
        return "lost", f"{lost[0].said}{others}"
    if not read:
        return "silent", f"None of its {count(len(logs), 'job')} printed a digest."
    digests = sum(log.digests for log in read)
    return "read", f"{count(digests, 'digest')} read from {count(len(logs), 'job')}."
