"""GitHub Actions over its REST API: runs, jobs, artifacts and logs; the last two redirect to signed addresses."""

from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import quote

from drafts.evidence.providers.api import MOST_ATTESTATIONS, Api, Record
from drafts.evidence.providers.errors import NotThere
from drafts.evidence.providers.runs import Artifact, CiJob, Repository, Run, RunState, Tell
from drafts.outbound import Limits

_LONG = 1800.0


@dataclass(frozen=True, slots=True)
class GitHub:
    """One repository, ``owner/name``."""

    api: Api
    path: str

    name = "GitHub"
    # Never pull_request…: a stranger's commit runs there. Nor workflow_run, which follows such runs.
    trusted_events = frozenset({"push", "release", "workflow_dispatch", "repository_dispatch", "schedule"})

    @classmethod
    def at(cls, base: str, path: str, token: str) -> "GitHub":
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        credentials = {"Authorization": f"Bearer {token}"} if token else {}
        return cls(Api(cls.name, base, headers, credentials), path)

    @property
    def _here(self) -> str:
        return f"/repos/{self.path}"

    def repository(self) -> Repository:
        """Return the repository's id, and see that the token may read its runs."""
        found = Record.of(self.api.ask(self._here, f"the repository {self.path}"))
        self.api.ask(f"{self._here}/actions/runs", f"the runs of {self.path}", per_page=1)
        return Repository(found.number("id"), found.text("full_name"), found.record("owner").number("id", 0))

    def file_digest(self, path: str, commit: str) -> str:
        """Return Git's name of a file's bytes at a commit."""
        query, what = {"ref": commit}, f"{path} of {self.path} at {commit[:12]}"
        return Record.of(self.api.ask(f"{self._here}/contents/{quote(path)}", what, **query)).text("sha")

    def run(self, run_id: int, attempt: int = 0) -> Run:
        """Return a run as one of its attempts has it; without a number, the newest."""
        which = f"/attempts/{attempt}" if attempt else ""
        found = Record.of(self.api.ask(f"{self._here}/actions/runs/{run_id}{which}", self._run(run_id)))
        repository = found.record("repository").number("id")
        return Run(
            id=found.number("id"),
            repository_id=repository,
            event=found.text("event"),
            own=found.record("head_repository").number("id", 0) == repository,
            commit=found.text("head_sha").lower(),
            branch=found.text("head_branch"),
            attempt=found.number("run_attempt", 1),
            state=_state(found),
            workflow=found.text("path").partition("@")[0],
            of_attempt=attempt > 0,
        )

    def artifacts(self, run: Run) -> list[Artifact]:
        """Return a run's artifacts, the oldest first; of two with one name the newer, which another attempt made."""
        path, found = f"{self._here}/actions/runs/{run.id}/artifacts", list[Artifact]()
        for page in self.api.pages(path, f"the artifacts of {self._run(run.id)}"):
            listed = Record.of(page)
            more = [_artifact(one) for one in listed.records("artifacts")]
            found += more
            if not more or len(found) >= listed.number("total_count", 0):
                break
        newest = {one.name: one for one in sorted(found, key=lambda one: one.id)}
        return sorted(newest.values(), key=lambda one: one.id)

    def save(self, artifact: Artifact, file: BinaryIO, *, limit: int, tell: Tell) -> int:
        """Write an artifact's ZIP archive into a file; returns its size."""
        path = f"{self._here}/actions/artifacts/{artifact.id}/zip"
        with self.api.open(
            path, f"the artifact {artifact.name}", limits=Limits(limit, seconds=_LONG)
        ) as answer:
            return answer.save(file, tell)

    def jobs(self, run: Run) -> list[CiJob]:
        """Return the jobs of a run's newest attempt, or of the one that was asked for."""
        which = f"/attempts/{run.attempt}" if run.of_attempt else ""
        path, jobs = f"{self._here}/actions/runs/{run.id}{which}/jobs", list[CiJob]()
        for page in self.api.pages(path, f"the jobs of {self._run(run.id)}", filter="latest"):
            listed = Record.of(page)
            found = [_job(one) for one in listed.records("jobs")]
            jobs += found
            if not found or len(jobs) >= listed.number("total_count", 0):
                break
        return jobs

    def log(self, job: CiJob, *, limit: int) -> bytes:
        """Return a job's log; one byte more than ``limit`` says that there is more of it."""
        path = f"{self._here}/actions/jobs/{job.id}/logs"
        with self.api.open(
            path, f"the log of the job {job.name}", limits=Limits(2**40, seconds=300)
        ) as answer:
            return answer.first(limit + 1)

    def attestations(self, sha256: str) -> list[dict[str, Any]]:
        """Return the Sigstore bundles that the repository keeps about a digest. One that is kept elsewhere is left out."""
        path = f"{self._here}/attestations/sha256:{sha256}"
        try:
            found = Record.of(
                self.api.ask(path, f"the attestations of {self.path}", per_page=MOST_ATTESTATIONS)
            )
        except NotThere:  # also the answer where there is none (GitHub's documentation)
            return []
        return [
            dict(bundle) for one in found.records("attestations") if (bundle := one.record("bundle").values)
        ]

    def _run(self, run_id: int) -> str:
        return f"the run {run_id} of {self.path}"


def _artifact(found: Record) -> Artifact:
    return Artifact(
        id=found.number("id"),
        name=found.text("name"),
        size=found.number("size_in_bytes", 0),
        expired=found.values.get("expired") is True,
    )


def _job(found: Record) -> CiJob:
    return CiJob(
        found.number("id"),
        found.text("name"),
        ended=found.text("status") == "completed",
        ran=found.text("conclusion") != "skipped",
    )


def _state(found: Record) -> RunState:
    if found.text("status") != "completed":
        return RunState.RUNNING
    return RunState.SUCCEEDED if found.text("conclusion") == "success" else RunState.FAILED
