"""What came of fetching a run, as its page shows it: kept as JSON in the run's row."""

from dataclasses import asdict, dataclass, field
from typing import Any

REFUSED, LEFT = "refused", "left"
LOST, SILENT, READ = "lost", "silent", "read"
_WORDS = {  # by what ``stage.Did`` says, and what this room says
    "added": "added",
    "replaced": "replaced",
    "unchanged": "unchanged",
    "already-published": "published already",
    REFUSED: "refused",
    LEFT: "left",
}


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """One distribution in an artifact: what was done with it (``stage.Did``, refused or left), and why."""

    filename: str
    did: str
    said: str = ""


@dataclass(slots=True)
class ArtifactOutcome:
    """One artifact; ``size`` in bytes; ``said`` when it could not be read as a whole."""

    name: str
    size: int
    said: str = ""
    files: list[FileOutcome] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LogOutcome:
    """One job's log: read (with how many digests), silent (it names none), or lost."""

    job: str
    did: str
    digests: int = 0
    said: str = ""


@dataclass(slots=True)
class Outcome:
    """Everything; ``distrust`` says why the logs rank lower than fetched, ``ended`` which jobs had ended, by id."""

    versions: list[str] = field(default_factory=list)
    artifacts: list[ArtifactOutcome] = field(default_factory=list)
    logs: list[LogOutcome] = field(default_factory=list)
    distrust: str = ""
    ended: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Outcome":
        """Read what ``values`` made; a run that was not fetched yet has none."""
        return cls(
            versions=list(values.get("versions", [])),
            artifacts=[
                ArtifactOutcome(
                    one["name"], one["size"], one["said"], [FileOutcome(**file) for file in one["files"]]
                )
                for one in values.get("artifacts", [])
            ],
            logs=[LogOutcome(**one) for one in values.get("logs", [])],
            distrust=values.get("distrust", ""),
            ended=list(values.get("ended", [])),
        )

    @property
    def values(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    def count(self, did: str) -> int:
        """Say with how many files this was done."""
        return sum(file.did == did for artifact in self.artifacts for file in artifact.files)

    @property
    def summary(self) -> str:
        """Say how many files were taken and how many not: "2 added, 1 unchanged"."""
        counts = {word: self.count(did) for did, word in _WORDS.items()}
        return ", ".join(f"{number} {word}" for word, number in counts.items() if number) or "nothing"
