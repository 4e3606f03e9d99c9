"""Promise 3 speaks of the index: what the sandbox publishes, deletes or frees changes no name and no byte there, and the reverse."""

import json

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from drafts.dist.late import LateKind
from drafts.models import BurntName, Draft, File, IndexPage, Project, Release, Token
from drafts.publishing import delete
from tests import wheels
from tests.conftest import SYSTEM, publish
from tests.proofs import proof_of
from tests.sandboxed import send

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


@pytest.fixture
def both(draft, mike, sand_published):
    """Version 1.0 of sampleproject, published under one file name in both spaces, with different bytes."""
    browser = Client()
    browser.force_login(mike)
    publish(draft, mike, browser)
    assert draft.state == "published", draft.error
    return draft, sand_published


def page(space: str) -> dict:
    """A space's page of sampleproject."""
    return json.loads(Client().get(f"/{space}simple/sampleproject/", headers=JSON).content)


def body(answer) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def wheel_of(found: dict) -> dict:
    return next(file for file in found["files"] if file["filename"].endswith(".whl"))


def test_one_name_in_both_spaces_is_two_files(both):
    """It is true that each space's page lists its own bytes, and each address has the bytes that its page names."""
    index, sand = page(""), page("sandbox/")
    assert (index["name"], sand["name"]) == ("sampleproject", "sampleproject")
    ours, theirs = wheel_of(index), wheel_of(sand)
    assert ours["filename"] == theirs["filename"]
    assert ours["hashes"] == {"sha256": wheels.wheel().sha256}
    assert theirs["hashes"] == {"sha256": wheels.wheel(salt="sand").sha256}
    assert ours["url"].startswith("/files/")
    assert theirs["url"].startswith("/sandbox/files/")
    rows = File.objects.published().filter(filename=ours["filename"])
    assert len({row.object_id for row in rows} | {row.public_id for row in rows}) == 4


@pytest.mark.embedded
def test_an_address_of_one_space_has_nothing_of_the_other(both):
    """It is true that bytes of the sandbox are never at a path of the index, whatever id stands in it."""
    ours, theirs = wheel_of(page("")), wheel_of(page("sandbox/"))
    assert body(Client().get(ours["url"])) == wheels.wheel().data
    assert body(Client().get(theirs["url"])) == wheels.wheel(salt="sand").data
    for url in (f"/sandbox{ours['url']}", theirs["url"].removeprefix("/sandbox")):
        for suffix in ("", ".metadata"):
            assert Client().get(f"{url}{suffix}").status_code == 404


def test_the_lists_of_projects_are_two(both, sandbox, alice):
    assert [row["name"] for row in json.loads(body(Client().get("/simple/", headers=JSON)))["projects"]] == [
        "sampleproject"
    ]
    Project.objects.filter(pk=both[0].project_id).update(first_published_at=None)
    assert json.loads(body(Client().get("/simple/", headers=JSON)))["projects"] == []
    assert len(json.loads(body(Client().get("/sandbox/simple/", headers=JSON)))["projects"]) == 1


def test_what_is_only_in_the_sandbox_is_not_on_the_index(sand_published):
    """It is true that nothing of a sandbox is at any address of the index, for installers or people."""
    assert page("sandbox/")["versions"] == ["1.0"]
    File.objects.published().update(late_seconds=90_000, late_kind=LateKind.FIRST_WHEELS)
    Release.objects.update(open_seconds=90_000)
    for path in ("/simple/sampleproject/", "/releases/sampleproject/", "/releases/sampleproject/1.0/"):
        assert Client().get(path).status_code == 404, path
    for path in ("/simple/", "/insight/", "/insight/late.csv"):
        assert b"sampleproject" not in body(Client().get(path)), path
    assert Client().get("/sandbox/releases/sampleproject/1.0/").status_code == 200


def test_a_name_deleted_in_the_sandbox_stays_on_the_index(both, alice):
    _, sand = both
    before = page("")
    release = sand.project.releases.get()
    delete.delete(
        release=release,
        filenames=[file.filename for file in release.files.all()],
        typed=str(release),
        by=SYSTEM,
        proof=proof_of(alice, delete.purpose(release)),
    )
    assert page("sandbox/")["files"] == []
    assert page("") == before
    assert BurntName.objects.filter(space="index", permanent=True).count() == 2


def test_a_name_of_the_index_is_burnt_though_the_sandbox_has_it(both, ci, sand_ci):
    """It is true that other bytes of a published name are refused in each space, and equal bytes are what that space has."""
    other = wheels.wheel(salt="third")
    for token, space in ((ci, "index"), (sand_ci, "sandbox")):
        assert send(token, other, space).status_code == 400
    assert send(ci, wheels.wheel(salt="sand"), "index").status_code == 400
    assert send(sand_ci, wheels.wheel(), "sandbox").status_code == 400
    assert send(ci, wheels.wheel(), "index").status_code == 200
    assert not Draft.objects.live().exists()


def test_the_database_keeps_names_apart_by_space(both):
    """It is true that the database refuses a second row of a name in a space, and two projects of one name."""
    row = BurntName.objects.filter(space="index").first()
    with pytest.raises(IntegrityError), transaction.atomic():
        BurntName.objects.filter(space="sandbox").update(space="index", filename=row.filename)
    with pytest.raises(IntegrityError), transaction.atomic():
        Project.objects.create(name="sandbox/sampleproject", space="sandbox")
    with pytest.raises(IntegrityError), transaction.atomic():
        Project.objects.filter(space="sandbox").update(space="index")
    assert IndexPage.objects.count() == 2


def test_a_token_of_one_space_is_nothing_at_the_doors_of_the_other(ci, sand_ci, sand_draft):
    """It is true that no door of a space takes a token of the other, and what there is stays as it was."""
    events, files = sand_draft.project.drafts.count(), File.objects.count()
    for token, space, door in ((sand_ci, "index", ""), (ci, "sandbox", "/sandbox")):
        answer = send(token, wheels.wheel(), space)
        assert (answer.status_code, "under /sandbox/" in answer.json()["detail"]) == (403, True)
        for path in (
            "/upload/",
            "/upload/check/sampleproject-1.0-py3-none-any.whl",
            "/evidence/?project=sampleproject",
        ):
            headers = {"Authorization": token.basic}
            kind = "application/vnd.pypi.upload.v2+json"
            assert Client().post(f"{door}{path}", b"{}", kind, headers=headers).status_code == 403, path
    headers = {"Authorization": sand_ci.basic}
    assert Client().get(f"/sandbox/upload/{sand_draft.handle}/", headers=headers).status_code == 200
    assert Client().get(f"/upload/{sand_draft.handle}/", headers=headers).status_code == 403
    assert (
        Client().get(f"/upload/{sand_draft.handle}/", headers={"Authorization": ci.basic}).status_code == 404
    )
    assert (sand_draft.project.drafts.count(), File.objects.count()) == (events, files)


def test_one_secret_for_both_spaces_sends_each_file_to_its_own(ci, sandbox):
    """It is true even of a secret that is good for projects of both spaces: at each door that space's project counts alone."""
    Token.objects.create(
        project=sandbox,
        kind="upload",
        label="same secret",
        token_sha256=ci.row.token_sha256,
        expires_at=ci.row.expires_at,
    )
    assert send(ci, wheels.wheel(salt="sand"), "sandbox").status_code == 200
    assert [draft.project_id for draft in Draft.objects.all()] == [sandbox.pk]
    assert send(ci, wheels.wheel(), "index").status_code == 200
    assert sorted(str(draft) for draft in Draft.objects.all()) == [
        "sampleproject 1.0",
        "sandbox/sampleproject 1.0",
    ]


def test_a_private_index_has_a_private_sandbox(sand_published, alice, charlie, settings):
    """It is true that strangers read nothing of the sandbox of a private index, and its members their own."""
    settings.INDEX_IS_PRIVATE = True
    address = wheel_of(page_for(alice))["url"]
    for path in ("/sandbox/simple/", "/sandbox/simple/sampleproject/", address):
        assert Client().get(path).status_code == 401, path
    browser = Client()
    browser.force_login(charlie)
    assert browser.get("/sandbox/simple/sampleproject/").status_code == 404
    assert b"sampleproject" not in body(browser.get("/sandbox/simple/"))


def page_for(user) -> dict:
    browser = Client()
    browser.force_login(user)
    return json.loads(browser.get("/sandbox/simple/sampleproject/", headers=JSON).content)
