"""Promise 5: an upload credential cannot publish, cancel, delete, extend, or read what is not its project's."""

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

pytestmark = [pytest.mark.django_db, pytest.mark.promise]


@pytest.fixture
def session(draft) -> str:
    """The address of the draft's session."""
    return f"/upload/{draft.handle}/"


@pytest.fixture
def stranger(alice):
    """The token of another project."""
    return make_ci(create(name="another", by=Actor.system("tests"), owner=alice.email))


FILE = f"files/{wheels.wheel().filename}/"
REFUSED = {
    "cancel": ("delete", "", 403, "people-only"),
    "publish": ("post", "publish/", 403, "people-only"),
    "delete a file": ("delete", FILE, 403, "people-only"),
    "announce a file": ("post", "files/", 422, "no-mechanism"),
}


def unchanged() -> tuple:
    draft = Draft.objects.get()
    return draft.state, draft.fingerprint(), draft.expires_at, AuditEvent.objects.count()


@pytest.mark.parametrize(("method", "path", "status", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_what_takes_a_person_is_refused(ci, session, method, path, status, code):
    """It is true that a token is told where a person does it, and nothing changes."""
    before = unchanged()
    response = getattr(Client(), method)(session + path, headers={"Authorization": ci.basic})
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    body = json.loads(response.content)
    assert body["code"] == code
    if code == "people-only":
        assert "/projects/sampleproject/drafts/1.0/" in body["detail"]
    assert unchanged() == before


def test_a_token_extends_nothing(ci, session):
    before = unchanged()
    response = Client().post(session + "extend/", headers={"Authorization": ci.basic})
    assert response.status_code == 200
    assert "unchanged" in json.loads(response.content)["notices"][0]
    assert unchanged() == before


def test_a_token_reads_how_its_draft_stands(ci, session, draft):
    response = Client().get(session, headers={"Authorization": ci.basic})
    assert (response.status_code, json.loads(response.content)["status"]) == (200, "open")
    file = Client().get(session + FILE, headers={"Authorization": ci.basic})
    assert (file.status_code, json.loads(file.content)["status"]) == (200, "completed")
    assert (
        Client().get(session + "files/nothing.whl/", headers={"Authorization": ci.basic}).status_code == 404
    )


WAYS = [
    ("get", ""), ("delete", ""), ("post", "publish/"), ("post", "extend/"), ("post", "files/"),
    ("get", FILE), ("delete", FILE),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), WAYS)
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


@pytest.mark.parametrize(("method", "path"), WAYS)
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
