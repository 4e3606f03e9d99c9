"""GitHub's REST API for Actions as far as this server asks it, with the store of blobs beside it on another origin."""

import json
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.providers.archives import zipped
from tests.providers.peers import Answering, Asked, Peer, peer

TOKEN = "github_pat_only_for_the_tests"
PATH = "/repos/octo/sampleproject"
COMMIT = "3f2c1ab" + "0" * 33


@dataclass
class Doubled:
    """What the double answers; tests change it."""

    repository_id: int = 4711
    owner_id: int = 815
    run: dict = field(default_factory=dict)
    artifacts: dict[str, bytes] = field(default_factory=dict)
    expired: set[str] = field(default_factory=set)
    logs: dict[str, bytes | None] = field(default_factory=dict)
    made_by: dict[str, str] = field(default_factory=dict)
    page_size: int = 100
    refuse: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    token: str = TOKEN
    number: int = 8812
    running: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)
    attestations: dict[str, list[dict]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    hold: Callable[[], None] | None = None
    instead: Answering | None = None

    api: Peer | None = None
    blobs: Peer | None = None

    def add(self, name: str, *files, **members: bytes) -> None:
        """Let the run have an artifact of built distributions."""
        self.artifacts[name] = zipped({f"{one.filename}": one.data for one in files} | members)

    @property
    def url(self) -> str:
        assert self.api
        return self.api.url

    def run_json(self) -> dict:
        return {
            "id": self.number,
            "name": "release",
            "path": ".github/workflows/release.yml",
            "event": "push",
            "status": "completed",
            "conclusion": "success",
            "head_sha": COMMIT,
            "head_branch": "main",
            "run_attempt": 1,
            "repository": {"id": self.repository_id, "full_name": "octo/sampleproject"},
            "head_repository": {"id": self.repository_id},
            **self.run,
        }

    def answer(self, asked: Asked) -> None:
        """Answer as api.github.com does."""
        if self.instead:
            self.instead(asked)
        elif self.refuse:
            status, headers = self.refuse.pop(0)
            asked.answer(status, b'{"message": "no"}', **headers)
        elif asked.headers.get("authorization") != (f"Bearer {self.token}" if self.token else None):
            asked.answer(401, b'{"message": "Bad credentials"}')
        elif not asked.path.startswith(PATH):
            asked.answer(404, b'{"message": "Not Found"}')
        else:
            self._in_repository(asked, asked.path.removeprefix(PATH))

    def _in_repository(self, asked: Asked, path: str) -> None:
        match path.strip("/").split("/"):
            case [""]:
                told = {"id": self.repository_id, "full_name": "octo/sampleproject"}
                _json(asked, {**told, "owner": {"id": self.owner_id, "login": "octo"}})
            case ["contents", *parts]:
                digest = self.digests.get(asked.query.get("ref", ""), "workflow")
                _json(asked, {"type": "file", "path": "/".join(parts), "sha": digest})
            case ["attestations", digest]:
                self._attestations(asked, digest)
            case ["actions", *where]:
                self._in_actions(asked, where)
            case _:
                asked.answer(404, b'{"message": "Not Found"}')

    def _in_actions(self, asked: Asked, where: list[str]) -> None:
        match ["actions", *where]:
            case ["actions", "runs"]:
                _json(asked, {"total_count": 1, "workflow_runs": [self.run_json()]})
            case ["actions", "runs", number, *_] if number != str(self.number):
                asked.answer(404, b'{"message": "Not Found"}')
            case ["actions", "runs", _] | ["actions", "runs", _, "attempts", _]:
                _json(asked, self.run_json())
            case ["actions", "runs", _, "artifacts"]:
                self._page(asked, "artifacts", [self._artifact(name) for name in self.artifacts])
            case ["actions", "runs", _, "jobs"] | ["actions", "runs", _, "attempts", _, "jobs"]:
                self._page(asked, "jobs", [self._job(at, name) for at, name in enumerate(self.logs)])
            case ["actions", "artifacts", number, "zip"]:
                self._blob(asked, "artifacts", list(self.artifacts), int(number) - 100)
            case ["actions", "jobs", number, "logs"]:
                self._blob(asked, "logs", list(self.logs), int(number) - 900)
            case _:
                asked.answer(404, b'{"message": "Not Found"}')

    def _job(self, at: int, name: str) -> dict:
        status = "in_progress" if name in self.running else "completed"
        conclusion = None if name in self.running else "skipped" if name in self.skipped else "success"
        return {"id": 900 + at, "name": name, "status": status, "conclusion": conclusion}

    def _attestations(self, asked: Asked, digest: str) -> None:
        """As the documentation has it: 404 where there is none for the digest."""
        found = self.attestations.get(digest.removeprefix("sha256:"))
        if not found:
            asked.answer(404, b'{"message": "Not Found"}')
        else:
            _json(asked, {"attestations": [{"bundle": one, "repository_id": 1} for one in found]})

    def _artifact(self, name: str) -> dict:
        at = list(self.artifacts).index(name)
        size = len(self.artifacts[name])
        return {
            "id": 100 + at,
            "name": name.partition("#")[0],
            "size_in_bytes": size,
            "expired": name in self.expired,
        }

    def _uploads_of(self, job: str) -> bytes:
        """What the uploading action prints in the job that uploads an artifact."""
        return b"".join(
            self.finalized(name) for name in self.artifacts if self.made_by.get(name.partition("#")[0]) == job
        )

    def finalized(self, name: str) -> bytes:
        """The last lines of an artifact's upload."""
        number, size = self._artifact(name)["id"], len(self.artifacts[name])
        return (
            f"Finalizing artifact upload\nArtifact {name}.zip successfully finalized. Artifact ID {number}\n"
            f"Artifact {name} has been successfully uploaded! Final size is {size} bytes. Artifact ID is {number}\n"
        ).encode()

    def _page(self, asked: Asked, name: str, every: list) -> None:
        size, page = min(self.page_size, int(asked.query["per_page"])), int(asked.query.get("page", 1))
        _json(asked, {"total_count": len(every), name: every[(page - 1) * size : page * size]})

    def _blob(self, asked: Asked, kind: str, names: list[str], at: int) -> None:
        name = names[at]
        if name in self.expired:
            asked.answer(410, b'{"message": "Artifact has expired"}')
        elif getattr(self, kind)[name] is None:
            asked.answer(404, b'{"message": "Not Found"}')
        else:
            assert self.blobs
            asked.redirect(f"{self.blobs.url}/{kind}/{at}?sig=signed-for-a-minute")

    def answer_blob(self, asked: Asked) -> None:
        """Answer as the store does: to a signature, and never to a token."""
        if "authorization" in asked.headers or asked.query.get("sig") != "signed-for-a-minute":
            asked.answer(403, b"<Error>AuthenticationFailed</Error>")
            return
        kind, at = asked.path.strip("/").split("/")
        body = list(getattr(self, kind).values())[int(at)]
        if kind == "logs":
            body += self._uploads_of(list(self.logs)[int(at)])
        if self.hold:
            self.hold()
        asked.answer(body=body)


def _json(asked: Asked, value) -> None:
    asked.answer(body=json.dumps(value).encode(), Content_Type="application/json; charset=utf-8")


@contextmanager
def github():
    """Run the API and the store of blobs, each on its own origin."""
    double = Doubled()
    with (
        peer(double.answer) as api,
        peer(double.answer_blob) as blobs,
    ):
        double.api, double.blobs = api, blobs
        yield double
