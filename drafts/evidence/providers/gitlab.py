"""GitLab CI over its REST API: pipelines, jobs, their artifacts and traces."""

from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import quote

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from drafts.evidence.providers.api import MOST_ATTESTATIONS, PAGE, Api, Record, records
from drafts.evidence.providers.errors import NotThere
from drafts.evidence.providers.runs import Artifact, CiJob, Repository, Run, RunState, Tell
from drafts.outbound import Limits

_LONG = 1800.0
_ENDED = {"failed", "canceled", "canceling", "skipped"}
_NEVER_RAN = {"skipped", "manual"}  # a manual job waits for a person, maybe for ever


@dataclass(frozen=True, slots=True)
class GitLab:
    """One project, ``group/…/name``."""

    api: Api
    path: str

    name = "GitLab"
    # Never merge_request_event nor external_pull_request_event: a stranger's commit runs there.
    trusted_events = frozenset({"push", "web", "schedule", "api", "trigger"})

    @classmethod
    def at(cls, base: str, path: str, token: str) -> "GitLab":
        credentials = {"PRIVATE-TOKEN": token} if token else {}
        return cls(Api(cls.name, base, {"Accept": "application/json"}, credentials), path)

    @property
    def _here(self) -> str:
        return f"/projects/{quote(self.path, safe='')}"

    def repository(self) -> Repository:
        """Return the project's id, and see that the token may read its pipelines."""
        found = Record.of(self.api.ask(self._here, f"the project {self.path}"))
        self.api.ask(f"{self._here}/pipelines", f"the pipelines of {self.path}", per_page=1)
        namespace = found.record("namespace").number("id", 0)
        return Repository(found.number("id"), found.text("path_with_namespace"), namespace)

    def file_digest(self, path: str, commit: str) -> str:
        """Return Git's name of a file's bytes at a commit."""
        where, what = (
            f"{self._here}/repository/files/{quote(path, safe='')}",
            f"{path} of {self.path} at {commit[:12]}",
        )
        return Record.of(self.api.ask(where, what, ref=commit)).text("blob_id")

    def run(self, run_id: int, attempt: int = 0) -> Run:
        """Return a pipeline. Jobs that ran again belong to it, so it has no attempts."""
        del attempt
        found = Record.of(self.api.ask(f"{self._here}/pipelines/{run_id}", self._run(run_id)))
        return Run(
            id=found.number("id"),
            repository_id=found.number("project_id"),
            event=found.text("source"),
            own=True,
            commit=found.text("sha").lower(),
            branch=found.text("ref"),
            attempt=1,
            state=_state(found.text("status")),
        )

    def artifacts(self, run: Run) -> list[Artifact]:
        """Return the archives that jobs of a pipeline left, each named after its job."""
        found = []
        for job in self._jobs(run):
            archives = [one for one in job.records("artifacts") if one.text("file_type") == "archive"]
            if archives:
                size = archives[0].number("size", 0)
                number = job.number("id")
                found.append(Artifact(number, job.text("name"), size, _is_past(job), job=number))
        return sorted(found, key=lambda one: one.id)

    def save(self, artifact: Artifact, file: BinaryIO, *, limit: int, tell: Tell) -> int:
        """Write a job's archive into a file; returns its size."""
        path = f"{self._here}/jobs/{artifact.id}/artifacts"
        what = f"the artifacts of the job {artifact.name}"
        with self.api.open(path, what, limits=Limits(limit, seconds=_LONG)) as answer:
            return answer.save(file, tell)

    def jobs(self, run: Run) -> list[CiJob]:
        """Return the jobs of a pipeline; of one that ran again, the last."""
        return [_job(job) for job in self._jobs(run)]

    def _jobs(self, run: Run) -> list[Record]:
        jobs: list[Record] = []
        for page in self.api.pages(
            f"{self._here}/pipelines/{run.id}/jobs", f"the jobs of {self._run(run.id)}"
        ):
            found = records(page)
            jobs += found
            if len(found) < PAGE:
                break
        return jobs

    def log(self, job: CiJob, *, limit: int) -> bytes:
        """Return a job's trace; one byte more than ``limit`` says that there is more of it."""
        path = f"{self._here}/jobs/{job.id}/trace"
        with self.api.open(
            path, f"the log of the job {job.name}", limits=Limits(2**40, seconds=300)
        ) as answer:
            return answer.first(limit + 1)

    def attestations(self, sha256: str) -> list[dict[str, Any]]:
        """Return the Sigstore bundles that the project keeps about a digest; servers without them answer 404."""
        what = f"the attestations of {self.path}"
        try:
            listed = records(self.api.ask(f"{self._here}/attestations/{sha256}", what))
        except NotThere:
            return []
        numbers = [one.number("iid") for one in listed if one.text("status") in {"", "success"}]
        downloads = (f"{self._here}/attestations/{number}/download" for number in numbers[:MOST_ATTESTATIONS])
        return [dict(Record.of(self.api.ask(path, what)).values) for path in downloads]

    def _run(self, run_id: int) -> str:
        return f"the pipeline {run_id} of {self.path}"


def _job(found: Record) -> CiJob:
    status = found.text("status")
    ran = status not in _NEVER_RAN
    ended = not ran or status == "success" or status in _ENDED - {"canceling"}
    return CiJob(found.number("id"), found.text("name"), ended=ended, ran=ran)


def _is_past(job: Record) -> bool:
    moment = parse_datetime(job.text("artifacts_expire_at") or "9999-01-01T00:00:00Z")
    return moment is not None and moment.tzinfo is not None and moment < timezone.now()


def _state(status: str) -> RunState:
    if status == "success":
        return RunState.SUCCEEDED
    return RunState.FAILED if status in _ENDED else RunState.RUNNING
