"""A database that does not answer and a disk that is full: told in words, nothing half done, no bytes lost that a row names."""

from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test import Client

from accounts.models import Session
from drafts.evidence.add import OBJECT_NAME
from drafts.models import Draft, EvidenceLog, File
from drafts.storage import disk, storage
from tests import bodies, wheels
from tests.conftest import draft_url, sign_in, totp_code

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
WHEEL = wheels.wheel()
PASSWORD_PAGE = "/accounts/login/"


@contextmanager
def down(*words: str, says: str = "the connection was closed"):
    """The database does not answer statements in which all of these words stand."""

    def refuse(execute, sql, params, many, context):
        if all(word in sql for word in words):
            raise OperationalError(says)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        yield


SAID = {
    "it is away": ("server closed the connection unexpectedly", 503, "database-down"),
    "its disk is full": ("database or disk is full", 507, "storage-full"),
}


@pytest.mark.parametrize(("says", "status", "code"), SAID.values(), ids=SAID.keys())
def test_an_upload_is_told_what_is_wrong_with_the_database(ci, says, status, code):
    with down("INSERT", "drafts_file", says=says):
        response = ci.upload(WHEEL)
    assert (response.status_code, bodies.codes(response)) == (status, {code})
    assert int(response["Retry-After"]) > 0
    assert File.objects.count() == 0
    assert ci.upload(WHEEL).status_code == 200


@pytest.mark.parametrize(("says", "status", "code"), SAID.values(), ids=SAID.keys())
@pytest.mark.parametrize("path", ["/simple/sampleproject/", "/files/0/x", "/projects/sampleproject/"])
def test_a_reader_is_told_that_the_database_is_away(mike, project, path, says, status, code):
    client = Client(raise_request_exception=False)
    client.force_login(mike)
    with down("SELECT", says=says):
        response = client.get(path)
    assert response.status_code == status
    assert int(response["Retry-After"]) > 0
    assert response["Cache-Control"] == "no-store"


def test_what_fails_outside_of_views_is_told_too(mike):
    """It is true that a session which cannot be kept is 503, and not a defect."""
    client = Client(raise_request_exception=False)
    with down("INSERT", "accounts_session"):
        form = {"login": mike.email, "password": "correct horse battery staple"}
        response = client.post(PASSWORD_PAGE, form)
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0


def test_a_session_that_cannot_be_renewed_is_not_the_persons_fault(draft, mike):
    """It is true that a publish which was decided is not called a bad request because the session's row was not written."""
    browser = Client(raise_request_exception=False)
    browser.force_login(mike)
    fields = {"fingerprint": draft.fingerprint(), "code": totp_code("mike")}
    with down("UPDATE", "accounts_session"):
        response = browser.post(draft_url(draft, "publish"), fields)
    assert response.status_code == 503
    assert b"look whether it was done" in response.content
    draft.refresh_from_db()
    assert draft.state == "processing"


def test_a_session_that_was_ended_elsewhere_is_still_a_bad_request(mike, project):
    browser = Client(raise_request_exception=False)
    browser.force_login(mike)

    def ended(execute, sql, params, many, context):
        if "UPDATE" in sql and "accounts_session" in sql:
            Session.objects.all().delete()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(ended):
        assert browser.get("/projects/sampleproject/").status_code == 400


def test_a_defect_is_still_a_defect(mike, project, monkeypatch):
    monkeypatch.setattr("drafts.review.projects.render", lambda *_args, **_options: 1 / 0)
    client = Client(raise_request_exception=False)
    client.force_login(mike)
    response = client.get("/projects/sampleproject/")
    assert response.status_code == 500
    assert b"The server failed" in response.content


@pytest.fixture
def lost_commits(monkeypatch):
    """From ``lost_commits.append(model)`` on, a commit after which the model has rows is done, and nobody hears of it."""
    models = []
    commit = connection.commit

    def lose():
        commit()
        if models and models[0].objects.exists():
            models.clear()
            raise OperationalError("the connection was lost")

    monkeypatch.setattr(connection, "commit", lose)
    return models


@pytest.mark.django_db(transaction=True)
def test_bytes_stay_when_nobody_knows_whether_their_row_was_written(ci, lost_commits):
    """It is true that a connection which ends at the commit leaves no row without its bytes."""
    lost_commits.append(File)
    assert ci.upload(WHEEL).status_code == 503
    file = File.objects.get()
    with storage().open(file.object_id, file.filename) as stored:
        assert stored.read() == WHEEL.data
    assert ci.upload(WHEEL).status_code == 200
    assert File.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_log_stays_when_nobody_knows_whether_its_row_was_written(draft, mike, lost_commits):
    browser = sign_in(mike)
    log = f"{'0' * 64}  dist/{WHEEL.filename}\n"
    lost_commits.append(EvidenceLog)
    assert browser.post(draft_url(draft, "evidence-add"), {"log": log}).status_code == 503
    row = EvidenceLog.objects.get()
    with storage().open(row.object_id, OBJECT_NAME) as stored:
        assert stored.read() == log.encode()


@pytest.fixture
def _full_disk(monkeypatch):
    """A disk without room for one byte more: what is written is taken by the process, and refused by the kernel."""

    class Writer(disk.DiskWriter):
        def __init__(self, path: Path) -> None:
            super().__init__(path)
            self._file.close()
            self._file = Path("/dev/full").open("rb+")  # noqa: SIM115  closed by commit or abort

    monkeypatch.setattr(disk, "DiskWriter", Writer)


@pytest.mark.embedded
@pytest.mark.usefixtures("_full_disk")
def test_a_full_disk_refuses_an_upload_and_keeps_nothing(ci):
    before = bodies.stored()
    response = ci.upload(WHEEL)
    assert (response.status_code, bodies.codes(response)) == (507, {"storage-full"})
    assert (Draft.objects.count(), File.objects.count()) == (0, 0)
    assert bodies.stored() == before


@pytest.mark.embedded
def test_a_full_disk_is_told_to_whoever_pastes_a_log(draft, mike, request):
    browser = sign_in(mike)
    request.getfixturevalue("_full_disk")
    response = browser.post(draft_url(draft, "evidence-add"), {"log": f"{'0' * 64}  {WHEEL.filename}"})
    assert response.status_code == 507
    assert EvidenceLog.objects.count() == 0


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_database_that_was_restarted_is_found_again_by_the_next_request(draft):
    """It is true that connections which the restart closed are not handed out."""
    pool = connection.pool
    Client().get("/simple/sampleproject/")
    connection.close()
    held = [pool.getconn() for _ in range(3)]
    ids = [one.info.backend_pid for one in held]
    for one in held:
        pool.putconn(one)
    with connection.cursor() as cursor:
        mine = connection.connection.info.backend_pid
        for one in set(ids) - {mine}:
            cursor.execute("SELECT pg_terminate_backend(%s)", [one])
    connection.close()
    for _ in range(4):
        assert Client().get("/simple/sampleproject/").status_code == 404


def test_a_publish_that_the_database_did_not_hear_is_told(draft, mike):
    browser = sign_in(mike)
    with down("INSERT", "drafts_burntname"):
        fields = {"fingerprint": draft.fingerprint(), "code": totp_code("mike")}
        assert browser.post(draft_url(draft, "publish"), fields).status_code == 503
    draft.refresh_from_db()
    assert draft.state == "open"
