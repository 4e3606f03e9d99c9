"""What every CI provider can say of a run: its ids, who started it from what, its jobs, and what they left behind."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO, Protocol

Tell = Callable[[int], None]


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository (GitHub) or project (GitLab): its lasting id, its path as it is spelled now, and its owner's (namespace's) id.

    ``owner_id`` is 0 where the provider does not say.
    """

    id: int
    path: str
    owner_id: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """A workflow run (GitHub) or pipeline (GitLab). ``of_attempt``: as that attempt was, and not as the newest is.

    ``event`` is the provider's own word; ``own`` is false when the commit is another repository's; ``commit`` is 40
    or 64 hexadecimal digits, or empty.
    """

    id: int
    repository_id: int
    event: str
    own: bool
    commit: str
    branch: str
    attempt: int
    state: RunState
    workflow: str = ""
    of_attempt: bool = False


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a run uploaded, as one ZIP archive; ``size`` in bytes, as the provider says.

    ``job`` is the id of the job that left it, where the provider tells.
    """

    id: int
    name: str
    size: int
    expired: bool = False
    job: int | None = None


@dataclass(frozen=True, slots=True)
class CiJob:
    """One job of a run. Its log can be had once it ended; one that was skipped, or waits for a person, never ran."""

    id: int
    name: str
    ended: bool = True
    ran: bool = True


class Provider(Protocol):
    """One repository at one CI provider, read with one token. Everything raises ProviderError."""

    @property
    def name(self) -> str: ...
    @property
    def trusted_events(self) -> frozenset[str]: ...
    def repository(self) -> Repository: ...
    def file_digest(self, path: str, commit: str) -> str: ...
    def run(self, run_id: int, attempt: int = 0) -> Run: ...
    def artifacts(self, run: Run) -> list[Artifact]: ...
    def save(self, artifact: Artifact, file: BinaryIO, *, limit: int, tell: Tell) -> int: ...
    def jobs(self, run: Run) -> list[CiJob]: ...
    def log(self, job: CiJob, *, limit: int) -> bytes: ...
    def attestations(self, sha256: str) -> list[dict[str, Any]]: ...
