"""An upstream index on loopback that takes uploads and lists them, and misbehaves as it is told."""

import hashlib
import json
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP

import pytest

from accounts.audit import Actor
from drafts.models import Job, Target, jobs
from drafts.notify import standard_webhooks
from drafts.publishing.targets import check, setting
from tests.providers.peers import Asked, Peer, peer

TOKEN = "only-for-the-tests"


@dataclass
class Upstream:
    """What it has, by file name; ``instead`` answers the next uploads, ``never`` is refused, ``shown`` is what it says a file's digest is."""

    files: dict[str, bytes] = field(default_factory=dict)
    uploads: list[str] = field(default_factory=list)
    fields: list[dict[str, list[str]]] = field(default_factory=list)
    instead: list[Callable[[Asked, str, bytes], None] | None] = field(default_factory=list)
    never: set[str] = field(default_factory=set)
    shown: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    uploaded_at: dict[str, str] = field(default_factory=dict)
    provenance: bool = False
    as_html: bool = False
    down: int = 0
    page: bytes | None = None
    peer: Peer | None = None

    @property
    def url(self) -> str:
        assert self.peer
        return self.peer.url

    def answer(self, asked: Asked) -> None:
        if asked.handler.command == "POST":
            self._take(asked)
        elif self.down:
            asked.answer(self.down)
        elif self.page is not None:
            asked.answer(200, self.page, Content_Type="text/html")
        elif asked.path.startswith("/simple/"):
            self._list(asked)
        elif asked.path.startswith("/f/"):
            asked.answer(200, self.files[asked.path.removeprefix("/f/")])
        else:
            asked.answer(404)

    def _take(self, asked: Asked) -> None:
        length = int(asked.headers["content-length"])
        body = asked.handler.rfile.read(length)
        if len(body) < length:  # whoever sent it is dead
            return
        name, data, told = _form(asked.headers["content-type"], body)
        self.uploads.append(name)
        self.fields.append(told)
        instead = self.instead.pop(0) if self.instead else None
        if instead:
            instead(asked, name, data)
        elif name in self.never:
            asked.answer(403, b"no")
        elif name in self.files:
            asked.answer(400, b"<h1>400 File already exists.</h1>", Content_Type="text/html")
        else:
            self.files[name] = data
            asked.answer(200, b"OK")

    def _list(self, asked: Asked) -> None:
        names = sorted(set(self.files) - self.hidden)
        if not names:
            asked.answer(404)
            return
        if self.as_html:
            rows = "".join(
                f'<a href="../../f/{name}#sha256={self.digest(name)}">{name}</a><br>' for name in names
            )
            asked.answer(200, f"<!DOCTYPE html><body>{rows}".encode(), Content_Type="text/html")
            return
        files = [self._entry(name) for name in names]
        asked.answer(
            200,
            json.dumps({"meta": {"api-version": "1.1"}, "name": "sampleproject", "files": files}).encode(),
            Content_Type="application/vnd.pypi.simple.v1+json",
        )

    def _entry(self, name: str) -> dict:
        entry = {"filename": name, "url": f"{self.url}/f/{name}", "hashes": {"sha256": self.digest(name)}}
        if name in self.uploaded_at:
            entry["upload-time"] = self.uploaded_at[name]
        return entry | ({"provenance": f"{self.url}/p"} if self.provenance else {})

    def digest(self, name: str) -> str:
        return self.shown.get(name) or hashlib.sha256(self.files[name]).hexdigest()


def _form(content_type: str, body: bytes) -> tuple[str, bytes, dict[str, list[str]]]:
    message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body, policy=HTTP)
    told: dict[str, list[str]] = {}
    name, data = "", b""
    for part in message.iter_parts():
        disposition = part["Content-Disposition"]
        key = disposition.params["name"]
        if key == "content":
            name, data = part.get_filename(), part.get_payload(decode=True)
        else:
            told.setdefault(key, []).append(part.get_payload(decode=True).decode())
    return name, data, told


@contextmanager
def upstream():
    """Run one for a while."""
    double = Upstream()
    with peer(double.answer) as there:
        double.peer = there
        yield double


def refuses(status: int, body: bytes = b"", **headers: str):
    """Answer the next upload with a refusal."""
    return lambda asked, _name, _data: asked.answer(status, body, **headers)


def took(double, answer):
    """Keep the file, and say afterwards that it was there."""

    def taking(asked, name, data):
        double.files[name] = data
        answer(asked, name, data)

    return taking


def set_target(project, owner, **changes) -> Target:
    """Set an upstream target as an owner would, and look at it once."""
    from tests.proofs import proof_of  # the fault campaign has this double too, and no test's fixtures

    wanted = setting.Wanted(**{"kind": "other", "username": "__token__", "secret": TOKEN, **changes})
    setting.set_target(
        project=project,
        wanted=wanted,
        by=Actor.system("tests"),
        proof=proof_of(owner, setting.purpose(project)),
    )
    job = Job.objects.filter(kind=jobs.Kind.CHECK_TARGET).latest("pk")
    jobs.run(job.pk, check.work)
    return Target.objects.get(project=project, ended_at=None)


def aimed(double: Upstream, project, owner, **changes) -> Target:
    """Set the double as a project's target."""
    urls = {"upload_url": f"{double.url}/legacy/", "index_url": f"{double.url}/simple/"}
    return set_target(project, owner, **urls, **changes)


@pytest.fixture
def hook():
    """CI's end of the webhook: it remembers what it was told."""
    told = []

    def take(asked):
        told.append((asked.headers, asked.handler.rfile.read(int(asked.headers["content-length"]))))
        asked.answer(take.status)

    take.status = 202
    with peer(take) as there:
        there.told, there.take, there.secret = told, take, standard_webhooks.new_secret()
        yield there
