"""The two state machines of the Upload 2.0 API: every state, every act, the answer and the state that follows."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.intake import stage
from drafts.intake.upload2 import complete
from drafts.models import Draft, DraftState, UploadSession, jobs
from tests import bodies, wheels
from tests.conftest import do_jobs, draft_url, totp_code
from tests.uploading import META, Speaker

pytestmark = [pytest.mark.django_db, pytest.mark.state]
WHEEL, OTHER = wheels.wheel(), wheels.wheel(build="2")
SYSTEM = Actor.system("tests")


@pytest.fixture
def speaker(ci):
    """The upload token, speaking 2.0."""
    return Speaker(ci.token)


# --- files ----------------------------------------------------------------------------------------------


def pending(speaker, session):
    file = speaker.announce(session, WHEEL).json()
    speaker.send(file, WHEEL.data)
    return file


def processing(speaker, session):
    file = pending(speaker, session)
    complete.begin(upload=UploadSession.objects.get(), sending={})
    return file


def completed(speaker, session):
    file = pending(speaker, session)
    speaker.complete(file)
    return file


def error(speaker, session):
    file = speaker.announce(session, WHEEL).json()
    speaker.complete(file)
    return file


def canceled(speaker, session):
    file = pending(speaker, session)
    speaker.delete(file)
    return file


FILE_ACTS = {
    "status": lambda speaker, session, file: speaker.status(file),
    "announce": lambda speaker, session, file: speaker.announce(session, WHEEL),
    "bytes": lambda speaker, session, file: speaker.send(file, WHEEL.data),
    "attestations": lambda speaker, session, file: speaker.attest(file, []),
    "complete": lambda speaker, session, file: speaker.complete(file),
    "extend": lambda speaker, session, file: speaker.ask(
        "POST", file["links"]["extend"], {"meta": META, "extend-for": 60}
    ),
    "delete": lambda speaker, session, file: speaker.delete(file),
}
# What each act answers, and the state of this upload after it. An announcement makes another upload.
FILES = {
    pending: {
        "status": (200, "pending"), "announce": (409, "pending"), "bytes": (204, "pending"), "attestations": (400, "pending"),
        "complete": (201, "completed"), "extend": (200, "pending"), "delete": (204, "canceled"),
    },
    processing: {
        "status": (200, "processing"), "announce": (409, "processing"), "bytes": (409, "processing"),
        "attestations": (409, "processing"), "complete": (202, "processing"), "extend": (200, "processing"),
        "delete": (409, "processing"),
    },
    completed: {
        "status": (200, "completed"), "announce": (202, "completed"), "bytes": (409, "completed"),
        "attestations": (409, "completed"), "complete": (201, "completed"), "extend": (200, "completed"),
        "delete": (204, "canceled"),
    },
    error: {
        "status": (200, "error"), "announce": (409, "error"), "bytes": (409, "error"), "attestations": (409, "error"),
        "complete": (409, "error"), "extend": (200, "error"), "delete": (204, "canceled"),
    },
    canceled: {
        "status": (200, "canceled"), "announce": (202, "canceled"), "bytes": (404, "canceled"), "attestations": (404, "canceled"),
        "complete": (404, "canceled"), "extend": (200, "canceled"), "delete": (204, "canceled"),
    },
}  # fmt: skip
FILE_CASES = [(state, act, *FILES[state][act]) for state in FILES for act in FILE_ACTS]


@pytest.mark.parametrize(
    ("state", "act", "status", "then"), FILE_CASES, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_a_file(speaker, state, act, status, then):
    """It is true that a file in this state answers this act so, and is in that state afterwards."""
    session = speaker.join()
    file = state(speaker, session)
    assert speaker.status(file).json()["status"] == state.__name__
    before = AuditEvent.objects.count()
    answer = FILE_ACTS[act](speaker, session, file)
    assert answer.status_code == status, answer.content
    assert speaker.status(file).json()["status"] == then
    changed = then != state.__name__ or (act == "announce" and status == 202)
    assert AuditEvent.objects.count() == before + changed
    assert (
        (then == "canceled" and act != "announce")
        or WHEEL.filename in speaker.status(session).json()["files"]
        or state is canceled
    )


# --- sessions -------------------------------------------------------------------------------------------


def open_(draft, mike):
    """A draft that takes files."""


def publishing(draft, mike):
    browser = Client()
    browser.force_login(mike)
    browser.post(draft_url(draft, "publish"), {"fingerprint": draft.fingerprint(), "code": totp_code("mike")})


def failed(draft, mike):
    Draft.objects.update(state=DraftState.ERROR, error="One file differs.")


def published(draft, mike):
    Draft.objects.update(state=DraftState.PUBLISHED, ended_at=timezone.now())


def ended(draft, mike):
    stage.cancel(draft=draft, by=SYSTEM)


SESSION_ACTS = {
    "status": lambda speaker, session: speaker.status(session),
    "open": lambda speaker, session: speaker.open(),
    "announce": lambda speaker, session: speaker.announce(session, OTHER),
    "publish": lambda speaker, session: speaker.ask("POST", session["links"]["publish"], {"meta": META}),
    "extend": lambda speaker, session: speaker.ask(
        "POST", session["links"]["extend"], {"meta": META, "extend-for": 60}
    ),
    "cancel": lambda speaker, session: speaker.ask("DELETE", session["links"]["session"]),
    "delete a file": lambda speaker, session: speaker.ask("DELETE", session["files"][WHEEL.filename]["link"]),
}
# What each act of an upload credential answers; its acts change no session's state.
SESSIONS = {
    open_: ("open", {
        "status": 200, "open": 409, "announce": 202, "publish": 403, "extend": 200, "cancel": 403, "delete a file": 204,
    }),
    publishing: ("processing", {
        "status": 200, "open": 409, "announce": 409, "publish": 403, "extend": 200, "cancel": 403, "delete a file": 409,
    }),
    failed: ("error", {
        "status": 200, "open": 409, "announce": 202, "publish": 403, "extend": 200, "cancel": 403, "delete a file": 204,
    }),
    published: ("published", {
        "status": 200, "open": 201, "announce": 409, "publish": 403, "extend": 200, "cancel": 403, "delete a file": 409,
    }),
    ended: ("canceled", {
        "status": 200, "open": 201, "announce": 409, "publish": 403, "extend": 200, "cancel": 403, "delete a file": 409,
    }),
}  # fmt: skip
SESSION_CASES = [
    (state, name, act, answers[act]) for state, (name, answers) in SESSIONS.items() for act in SESSION_ACTS
]


@pytest.mark.parametrize(
    ("state", "name", "act", "status"),
    SESSION_CASES,
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_session(speaker, draft, mike, state, name, act, status):
    """It is true that a session in this state answers this act so, and stays in it: a credential decides nothing."""
    session = speaker.join()
    state(draft, mike)
    assert speaker.status(session).json()["status"] == name
    answer = SESSION_ACTS[act](speaker, session)
    assert answer.status_code == status, answer.content
    assert speaker.status(session).json()["status"] == name


def test_uploads_end_with_their_session(speaker, mike):
    """It is true that a draft which ends takes what was on its way with it."""
    file = pending(speaker, speaker.join())
    ended(Draft.objects.get(), mike)
    assert speaker.status(file).json()["status"] == "canceled"
    assert speaker.send(file, WHEEL.data).status_code == 404
    assert speaker.complete(file).status_code == 404


def test_an_upload_that_is_looked_at_while_its_draft_ends(speaker):
    """It is true that the worker finds the draft gone, stages nothing, and its job is done."""
    file = processing(speaker, speaker.join())
    stage.cancel(draft=Draft.objects.get(), by=SYSTEM)
    do_jobs()
    assert speaker.status(file).json()["status"] == "canceled"
    assert not Draft.objects.get().files.exists()
    assert not jobs.Job.objects.live().filter(kind="intake.complete").exists()


def test_a_draft_that_ends_while_its_upload_is_looked_at(speaker, monkeypatch):
    """It is true that a file whose draft was canceled under the worker's hands opens no other draft and leaves nothing."""
    before = bodies.stored()
    file = pending(speaker, speaker.join())
    look = complete._look_inside

    def looking(*arguments):
        found = look(*arguments)
        stage.cancel(draft=Draft.objects.get(), by=SYSTEM)
        return found

    monkeypatch.setattr(complete, "_look_inside", looking)
    assert speaker.complete(file).status_code == 404
    do_jobs()
    assert speaker.status(file).json()["status"] == "canceled"
    assert Draft.objects.get().state == DraftState.CANCELED
    assert not Draft.objects.get().files.exists()
    assert bodies.stored() == before
