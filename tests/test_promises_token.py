"""Promise 5: an upload credential cannot publish, cancel, extend, touch what others brought, or read what is not its project's."""

import json

import pytest
from django.test import Client

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.access import links, tokens
from drafts.access.projects import create
from drafts.models import Draft, DraftState, TokenKind
from tests import bodies, wheels
from tests.conftest import make_ci
from tests.uploading import META, Speaker

pytestmark = [pytest.mark.django_db, pytest.mark.promise]


@pytest.fixture
def session(draft) -> str:
    """The address of the draft's session."""
    return f"/upload/{draft.handle}/"


@pytest.fixture
def stranger(alice):
    """The token of another project."""
    return make_ci(create(name="another", by=Actor.system("tests"), owner=alice.email))


@pytest.fixture
def file(draft) -> str:
    """The address of a file that came in by the legacy door, below the session's."""
    return f"files/{draft.files.get(filetype='bdist_wheel').handle}/"


@pytest.fixture
def upload(ci, draft) -> str:
    """The address of an upload that is pending, below the session's."""
    speaker = Speaker(ci.token)
    body = speaker.announce(speaker.join(), wheels.wheel(build="7")).json()
    return body["links"]["file-upload-session"].partition(draft.handle + "/")[2]


@pytest.fixture
def path(request, file, upload) -> str:
    """An address below the session's, with its variable replaced."""
    return request.param.replace("FILE/", file).replace("UPLOAD/", upload)


def unchanged() -> tuple:
    draft = Draft.objects.get()
    uploads = list(draft.arriving.values_list("state", "received", "attestations"))
    return draft.state, draft.fingerprint(), draft.expires_at, AuditEvent.objects.count(), uploads


@pytest.mark.parametrize(("method", "where"), [("delete", ""), ("post", "publish/")])
def test_what_takes_a_person_is_refused(ci, session, draft, method, where):
    """It is true that a token is told where a person does it, and nothing of the draft changes."""
    before = draft.state, draft.fingerprint(), draft.expires_at
    response = getattr(Client(), method)(session + where, headers={"Authorization": ci.basic})
    assert response.status_code == 403
    assert bodies.codes(response) == {"people-only"}
    assert "/projects/sampleproject/drafts/1.0/" in response.json()["detail"]
    draft.refresh_from_db()
    assert (draft.state, draft.fingerprint(), draft.expires_at) == before


def test_a_token_extends_nothing(ci, session):
    before = unchanged()
    body = {"meta": META, "extend-for": 99_999_999}
    response = Speaker(ci.token).ask("POST", session + "extend/", body)
    assert response.status_code == 200
    assert "unchanged" in json.loads(response.content)["notices"][0]
    assert unchanged() == before


def test_a_token_reads_how_its_draft_stands(ci, session, file):
    response = Client().get(session, headers={"Authorization": ci.basic})
    assert (response.status_code, json.loads(response.content)["status"]) == (200, "open")
    told = Client().get(session + file, headers={"Authorization": ci.basic})
    assert (told.status_code, json.loads(told.content)["status"]) == (200, "completed")
    assert Client().get(session + "files/nothing/", headers={"Authorization": ci.basic}).status_code == 404


WAYS = [
    ("get", ""), ("delete", ""), ("post", "publish/"), ("post", "extend/"), ("post", "files/"),
    ("get", "FILE/"), ("delete", "FILE/"), ("get", "UPLOAD/"), ("delete", "UPLOAD/"), ("post", "UPLOAD/content"),
    ("head", "UPLOAD/content"), ("post", "UPLOAD/attestations"), ("post", "UPLOAD/complete/"), ("post", "UPLOAD/extend/"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), WAYS, indirect=["path"])
def test_another_projects_session_is_not_there(session, draft, stranger, method, path):
    """It is true that another project's session is answered as a handle that never was."""
    before = unchanged()
    ask = getattr(Client(), method)
    response = ask(session + path, headers={"Authorization": stranger.basic})
    never = ask(f"/upload/{'0' * 32}/{path}", headers={"Authorization": stranger.basic})
    assert response.status_code == never.status_code == 404
    assert response.content == never.content
    assert bodies.headers(response) == bodies.headers(never)
    assert unchanged() == before


def test_what_another_token_of_the_project_announced_is_its_own(project, ci, session, upload):
    """It is true that a token neither fills, completes nor deletes what another one announced, and may look at it."""
    other, before = Speaker(make_ci(project, label="other").token), unchanged()
    for method, path, body in (
        ("POST", "content", b"x"),
        ("HEAD", "content", None),
        ("POST", "attestations", b"[]"),
        ("POST", "complete/", {"meta": META}),
        ("DELETE", "", None),
    ):
        response = other.ask(method, session + upload + path, body, content_type="application/octet-stream")
        assert response.status_code == 403, path
    extend = other.ask("POST", session + upload + "extend/", {"meta": META, "extend-for": 60})
    for answer in (other.ask("GET", session + upload), extend):
        assert answer.status_code == 200
        assert "mechanism" not in answer.json()
        assert "complete" not in answer.json()["links"]
    assert "mechanism" in Speaker(ci.token).ask("GET", session + upload).json()
    assert unchanged() == before


def test_another_project_cannot_be_opened(ci, stranger, draft):
    """It is true that another project's name is refused in the same words whether it has a draft, none, or is nothing."""
    speaker = Speaker(stranger.token)
    answers = [speaker.open("1.0"), speaker.open("9.9"), speaker.open("1.0", name="nosuchproject")]
    assert {answer.status_code for answer in answers} == {403}
    texts = {answer.content.replace(b"nosuchproject", b"sampleproject") for answer in answers}
    assert len(texts) == 1
    assert "Location" not in answers[0]
    assert Draft.objects.count() == 1


@pytest.mark.parametrize(("method", "path"), WAYS, indirect=["path"])
@pytest.mark.parametrize("kind", [None, TokenKind.EVIDENCE, TokenKind.READ])
def test_a_session_takes_an_upload_token(project, session, method, path, kind):
    headers = {}
    if kind:
        headers["Authorization"] = (
            f"Bearer {tokens.make(project=project, kind=kind, by=Actor.system('tests'))[1]}"
        )
    before = unchanged()
    response = getattr(Client(), method)(session + path, headers=headers)
    assert response.status_code == (403 if kind else 401)
    assert unchanged() == before


def test_a_session_looks_at_no_cookie(session, alice):
    browser = Client()
    browser.force_login(alice)
    assert browser.get(session).status_code == 401


def test_an_answer_to_a_token_holds_no_draft_link(ci, draft, session, project):
    """It is true that a draft link does not leak through a CI log."""
    link = links.make(draft=draft, by=Actor.system("tests"), label="upload session")
    for response in (
        ci.upload(wheels.wheel(build="1")),
        Client().get(session, headers={"Authorization": ci.basic}),
    ):
        assert response.status_code == 200
        assert b"pcd_" not in response.content
        assert links.token(link).encode() not in response.content
        assert "stage" not in json.loads(response.content)["links"]


def test_an_upload_token_is_no_draft_link(ci, draft):
    for path in (
        "/draft/simple/",
        "/draft/simple/sampleproject/",
        f"/draft/{ci.token}/",
        f"/draft/{ci.token}/simple/",
    ):
        assert Client().get(path, headers={"Authorization": ci.basic}).status_code == 404


def test_a_session_that_ended_is_told_for_thirty_days(ci, draft, session):
    from datetime import timedelta

    from django.utils import timezone

    for days, status in ((29, 200), (31, 404)):
        ended = timezone.now() - timedelta(days=days)
        Draft.objects.filter(pk=draft.pk).update(state=DraftState.CANCELED, ended_at=ended)
        assert Client().get(session, headers={"Authorization": ci.basic}).status_code == status


def test_a_token_that_is_revoked_reads_nothing(ci, session):
    tokens.revoke(token=ci.row, by=Actor.system("tests"))
    assert Client().get(session, headers={"Authorization": ci.basic}).status_code == 401
