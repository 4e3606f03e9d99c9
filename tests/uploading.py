"""A client of the Upload 2.0 API for tests: it takes every address from an answer, as PEP 694 asks of clients."""

import json
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import AuditEvent
from drafts.models import Draft, UploadSession
from tests import bodies, wheels

TYPE = "application/vnd.pypi.upload.v2+json"
META = {"api-version": "2.0"}
BYTES = "application/octet-stream"


def announcement(built: wheels.Built, **changes):
    """What is said of a file; ``changes`` replace keys, None leaves one out."""
    body = {
        "meta": META,
        "filename": built.filename,
        "size": built.size,
        "hashes": {"sha256": built.sha256},
        "mechanism": "http-post-bytes",
        **changes,
    }
    return {key: value for key, value in body.items() if value is not None}


@dataclass
class Speaker:
    """An upload token that speaks 2.0. Every method returns the answer."""

    token: str

    def ask(self, method: str, url: str, body=None, *, content_type: str = TYPE, **headers: str):
        data = json.dumps(body) if isinstance(body, dict | list) else (body if body is not None else "")
        path = url.removeprefix(settings.PRESSCHECK_URL)
        told = {"Authorization": f"Bearer {self.token}", **headers}
        if method in {"GET", "HEAD", "DELETE"}:
            return getattr(Client(), method.lower())(path, headers=told)
        return Client().generic(method, path, data, content_type=content_type, headers=told)

    def open(self, version: str = "1.0", name: str = "sampleproject", **own):
        meta = {**META, **({"_presscheck": own} if own else {})}
        return self.ask("POST", "/upload/", {"meta": meta, "name": name, "version": version})

    def join(self, version: str = "1.0", **own):
        """Open a session, or take the one that there is; returns its body."""
        answer = self.open(version, **own)
        if answer.status_code == 409:
            answer = self.ask("GET", answer["Location"])
        assert answer.status_code in {200, 201}, answer.content
        return answer.json()

    def announce(self, session, built: wheels.Built, **changes):
        return self.ask("POST", session["links"]["upload"], announcement(built, **changes))

    def send(self, file, data: bytes, **headers: str):
        return self.ask("POST", file["mechanism"]["file_url"], data, content_type=BYTES, **headers)

    def attest(self, file, body):
        return self.ask("POST", file["mechanism"]["attestations_url"], body, content_type="application/json")

    def complete(self, file, **more):
        return self.ask("POST", file["links"]["complete"], {"meta": META, **more})

    def status(self, body):
        links = body["links"]
        return self.ask("GET", links.get("file-upload-session") or links["session"])

    def delete(self, file):
        return self.ask("DELETE", file["links"]["file-upload-session"])

    def stage(self, session, built: wheels.Built, **changes):
        """Announce, send and complete; returns the last answer."""
        answer = self.announce(session, built, **changes)
        assert answer.status_code == 202, answer.content
        file = answer.json()
        sent = self.send(file, built.data)
        assert sent.status_code == 204, sent.content
        return self.complete(file)


@pytest.fixture
def speaker(ci):
    """The upload token, speaking 2.0."""
    return Speaker(ci.token)


@pytest.fixture
def session(speaker):
    """A session that is open."""
    return speaker.join()


@pytest.fixture
def file(speaker, session):
    """An upload that is pending."""
    return speaker.announce(session, wheels.wheel()).json()


def everything() -> tuple:
    """Return what a refused request must leave as it was: drafts, uploads, the record, and bytes."""
    uploads = list(UploadSession.objects.values_list("state", "received"))
    return list(Draft.objects.values_list("state")), uploads, AuditEvent.objects.count(), bodies.stored()
