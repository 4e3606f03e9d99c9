"""GitLab's REST API for pipelines as far as this server asks it; archives and traces come at once or by redirect."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.providers.archives import zipped
from tests.providers.peers import Asked, Peer, peer

TOKEN = "glpat-only-for-the-tests"
PATH = "/api/v4/projects/group%2Fsub%2Fsampleproject"
COMMIT = "77ab901" + "0" * 33


@dataclass
class Doubled:
    """What the double answers; tests change it."""

    project_id: int = 55
    pipeline: dict = field(default_factory=dict)
    artifacts: dict[str, bytes] = field(default_factory=dict)
    expired: set[str] = field(default_factory=set)
    traces: dict[str, bytes] = field(default_factory=dict)
    attestations: dict[str, list[dict]] = field(default_factory=dict)
    elsewhere: bool = False
    token: str = TOKEN

    api: Peer | None = None
    blobs: Peer | None = None

    def add(self, job: str, *files) -> None:
        """Let a job of the pipeline leave built distributions and a trace."""
        self.artifacts[job] = zipped({f"dist/{one.filename}": one.data for one in files})
        self.traces.setdefault(job, b"")

    @property
    def url(self) -> str:
        assert self.api
        return f"{self.api.url}/api/v4"

    def answer(self, asked: Asked) -> None:
        """Answer as gitlab.com does."""
        if asked.headers.get("private-token", "") != self.token:
            asked.answer(401, b'{"message": "401 Unauthorized"}')
        elif not asked.path.startswith(PATH):
            asked.answer(404, b'{"message": "404 Project Not Found"}')
        else:
            self._in_project(asked, asked.path.removeprefix(PATH))

    def _in_project(self, asked: Asked, path: str) -> None:
        match path.strip("/").split("/"):
            case [""]:
                told = {"id": self.project_id, "path_with_namespace": "group/sub/sampleproject"}
                _json(asked, {**told, "namespace": {"id": 77}})
            case ["pipelines"]:
                _json(asked, [])
            case ["pipelines", "8812"]:
                told = {"id": 8812, "project_id": self.project_id, "source": "push", "sha": COMMIT}
                _json(asked, {**told, "ref": "main", "status": "success", **self.pipeline})
            case ["pipelines", "8812", "jobs"]:
                size, page = int(asked.query["per_page"]), int(asked.query["page"])
                jobs = [self._job(at, name) for at, name in enumerate(self.traces)]
                _json(asked, jobs[(page - 1) * size : page * size])
            case ["attestations", number, "download"]:
                every = [one for some in self.attestations.values() for one in some]
                _json(asked, every[int(number) - 1])
            case ["attestations", digest] if digest in self.attestations:
                every = [one for some in self.attestations.values() for one in some]
                found = [every.index(one) + 1 for one in self.attestations[digest]]
                _json(asked, [{"iid": number, "status": "success"} for number in found])
            case ["jobs", number, "artifacts"]:
                name = list(self.traces)[int(number) - 900]
                self._bytes(asked, f"artifacts/{name}", self.artifacts.get(name))
            case ["jobs", number, "trace"]:
                name = list(self.traces)[int(number) - 900]
                self._bytes(asked, f"traces/{name}", self.traces[name])
            case _:
                asked.answer(404, b'{"message": "404 Not Found"}')

    def _job(self, at: int, name: str) -> dict:
        job = {
            "id": 900 + at,
            "name": name,
            "status": "success",
            "artifacts": [{"file_type": "trace", "size": 5}],
        }
        if name in self.artifacts:
            job["artifacts"].append({"file_type": "archive", "size": len(self.artifacts[name])})
            job["artifacts_expire_at"] = "2020-01-01T00:00:00.000Z" if name in self.expired else None
        return job

    def _bytes(self, asked: Asked, where: str, body: bytes | None) -> None:
        if body is None or where.partition("/")[2] in self.expired:
            asked.answer(404, b'{"message": "404 Not Found"}')
        elif self.elsewhere:
            assert self.blobs
            asked.redirect(f"{self.blobs.url}/{where}?X-Amz-Signature=for-a-minute")
        else:
            asked.answer(body=body)

    def answer_blob(self, asked: Asked) -> None:
        """Answer as object storage does: to a signature, and never to a token."""
        if "private-token" in asked.headers or "X-Amz-Signature" not in asked.query:
            asked.answer(403)
            return
        kind, name = asked.path.strip("/").split("/")
        asked.answer(body=getattr(self, kind)[name])


def _json(asked: Asked, value) -> None:
    asked.answer(body=json.dumps(value).encode(), Content_Type="application/json")


@contextmanager
def gitlab():
    """Run the API and object storage, each on its own origin."""
    double = Doubled()
    with (
        peer(double.answer) as api,
        peer(double.answer_blob) as blobs,
    ):
        double.api, double.blobs = api, blobs
        yield double
