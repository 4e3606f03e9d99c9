"""Promise 1: nothing staged is visible on the published index, in any format, header, count or message."""

import itertools

import pytest
from django.test import Client

from drafts.models import File, IndexPage, Project
from tests import bodies, wheels
from tests.conftest import publish
from tests.opened import arrived

pytestmark = [pytest.mark.django_db, pytest.mark.promise]

ACCEPT = {
    "html": "text/html",
    "v1 html": "application/vnd.pypi.simple.v1+html",
    "v1 json": "application/vnd.pypi.simple.v1+json",
    "latest json": "application/vnd.pypi.simple.latest+json",
    "anything": "*/*",
    "nothing there is": "image/png",
}


def seen(response) -> tuple:
    """Everything an answer says: status, reason, headers and body."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return response.status_code, response.reason_phrase, bodies.headers(response), body


def ask(path: str, method: str, accept: str, **headers: str) -> tuple:
    return seen(getattr(Client(), method)(path, headers={"Accept": accept, **headers}))


PATHS = ("/simple/{}/", "/simple/{}", "/simple/{}/?format=application/vnd.pypi.simple.v1%2Bjson")


@pytest.mark.parametrize("method", ["get", "head", "post", "options", "delete"])
def test_a_project_with_a_draft_answers_as_an_unknown_one(draft, method):
    """It is true that status, headers and body for a project that was never published are those of no project."""
    for path, accept in itertools.product(PATHS, ACCEPT.values()):
        staged = ask(path.format("sampleproject"), method, accept)
        unknown = ask(path.format("notthere-proj"), method, accept)
        assert staged[0] >= 301
        assert _named(staged, "sampleproject") == _named(unknown, "notthere-proj")


def _named(answer: tuple, name: str) -> str:
    return repr(answer).replace(name, "NAME")


def test_the_list_of_projects_does_not_change_by_staging(project, ci):
    """It is true that the root page is the same byte for byte before and after a file is staged."""
    before = [ask("/simple/", "get", accept) for accept in ACCEPT.values()]
    assert ci.upload(wheels.wheel()).status_code == 200
    assert [ask("/simple/", "get", accept) for accept in ACCEPT.values()] == before
    assert not any(b"sampleproject" in answer[3] for answer in before)


def _guesses(file: File) -> list[str]:
    """Addresses made of everything that a row knows, and of no more than a link's reader could know."""
    ids = [file.handle, file.object_id, file.sha256, file.draft.handle, str(file.pk), "None", "", "0" * 32]
    names = [file.filename, file.metadata_filename]
    return [f"/files/{one}/{name}" for one, name in itertools.product(ids, names)]


@pytest.mark.parametrize("method", ["get", "head"])
def test_no_guess_leads_to_a_staged_file(draft, method):
    """It is true that a staged file has no address under /files/, and guesses are answered as nonsense is."""
    nonsense = ask("/files/" + "f" * 32 + "/nonsense-1.0-py3-none-any.whl", method, "*/*")
    assert nonsense[0] == 404
    for file in File.objects.all():
        for path in _guesses(file):
            assert ask(path, method, "*/*") == nonsense, path


def test_staging_more_leaves_a_published_page_as_it_is(draft, ci, mike):
    """It is true that page, ETag, serial and 304 of a published project stay the same while more is staged."""
    browser = Client()
    browser.force_login(mike)
    publish(draft, mike, browser)
    before = [ask("/simple/sampleproject/", "get", accept) for accept in ACCEPT.values()]
    serial = Project.objects.get().serial
    for built in (wheels.wheel(version="2.0"), wheels.wheel(build="1"), wheels.sdist(version="2.0")):
        assert ci.upload(built).status_code == 200
    assert [ask("/simple/sampleproject/", "get", accept) for accept in ACCEPT.values()] == before
    assert Project.objects.get().serial == serial == IndexPage.objects.get().serial
    etag = before[0][2]["ETag"]
    assert ask("/simple/sampleproject/", "get", "text/html", **{"If-None-Match": etag})[0] == 304
    for file in File.objects.filter(release=None):
        assert all(ask(path, "get", "*/*")[0] == 404 for path in _guesses(file))
        assert not any(file.filename.encode() in answer[3] for answer in before)


def test_a_page_rendered_anew_shows_only_what_is_published(draft, ci, mike, settings):
    """It is true that a page which is rendered again while files are staged shows none of them."""
    browser = Client()
    browser.force_login(mike)
    publish(draft, mike, browser)
    ci.upload(wheels.wheel(build="1"))
    settings.PRESSCHECK_FILES_URL = "https://files.example"
    page = ask("/simple/sampleproject/", "get", "text/html")[3]
    folder = "public" if settings.PRESSCHECK_S3_BUCKET else "files"
    assert f"https://files.example/{folder}/".encode() in page
    assert page.count(b"<a ") == 2


def test_the_handles_of_published_files_are_no_addresses(draft, mike):
    """It is true that what a draft's reader knew of a file does not tell where it is published."""
    known = list(File.objects.values_list("handle", "object_id", "filename"))
    browser = Client()
    browser.force_login(mike)
    publish(draft, mike, browser)
    for handle, object_id, filename in known:
        for one in (handle, object_id):
            assert ask(f"/files/{one}/{filename}", "get", "*/*")[0] == 404
    file = File.objects.first()
    assert arrived(Client().get(f"/files/{file.public_id}/{file.filename}")) == 200
