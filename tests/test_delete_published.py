"""Deleting what is published: for good, by an owner who typed its name, and the name stays taken."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent
from drafts.intake import purge
from drafts.models import BurntName, Draft, File, IndexPage
from drafts.publishing.policy import blockers
from drafts.storage import storage
from tests import bodies, wheels
from tests.bodies import codes
from tests.conftest import do_jobs, publish, sign_in, totp_code

pytestmark = pytest.mark.django_db
WHEEL, SDIST = wheels.wheel(), wheels.sdist()
PAGE = reverse("release-delete", args=["sampleproject", "1.0"])


@pytest.fixture
def published(draft, mike, mikes):
    """sampleproject 1.0, published."""
    publish(draft, mike, mikes)
    return draft


@pytest.fixture
def owner(alice):
    """alice's browser, signed in."""
    return sign_in(alice)


def form(**changes) -> dict:
    return {
        "file": [WHEEL.filename],
        "typed": "sampleproject 1.0",
        "code": totp_code("alice"),
        **changes,
    }


def deletions() -> list[dict]:
    return [row.details for row in AuditEvent.objects.filter(event="release:deleted")]


@pytest.mark.promise
def test_a_file_is_deleted_and_its_name_stays_taken(published, owner, ci):
    """It is true that readers get 404 at once, that the bytes go, and that nobody uses the name again, not even for them."""
    file = File.objects.get(filename=WHEEL.filename)
    url, serial = reverse("file", args=[file.public_id, file.filename]), IndexPage.objects.get().serial
    assert owner.post(PAGE, form()).status_code == 302
    assert Client().get(url).status_code == 404
    assert Client().get(url + ".metadata").status_code == 404
    listed = Client().get("/simple/sampleproject/").content.decode()
    assert (WHEEL.filename in listed, SDIST.filename in listed) == (False, True)
    assert IndexPage.objects.get().serial == serial + 1
    do_jobs()
    assert file.object_id not in bodies.stored()
    assert not purge.has_public_row(file.public_id)
    assert BurntName.objects.get(filename=WHEEL.filename).permanent
    for salt in ("", "other bytes"):
        answer = ci.upload(wheels.wheel(salt=salt))
        assert (answer.status_code, codes(answer)) == (400, {"file-exists"})
    assert deletions() == [{"files": {WHEEL.filename: WHEEL.sha256}, "method": "totp"}]


@pytest.mark.promise
def test_a_release_without_files_is_still_taken(published, owner, ci):
    """It is true that a version whose files are all gone is on no page, and its names are not free."""
    both = [WHEEL.filename, SDIST.filename]
    assert owner.post(PAGE, form(file=both)).status_code == 302
    do_jobs()
    listed = Client().get("/simple/sampleproject/", headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    assert (listed.json()["versions"], listed.json()["files"]) == ([], [])
    assert [codes(ci.upload(built)) for built in (WHEEL, SDIST)] == [{"file-exists"}] * 2
    page = owner.get(reverse("release", args=["sampleproject", "1.0"])).content.decode()
    assert "Every file was deleted" in page


REFUSALS = {
    "nothing typed": ({"typed": ""}, 400, "type sampleproject 1.0"),
    "another version typed": ({"typed": "sampleproject 1.1"}, 400, "type sampleproject 1.0"),
    "no file": ({"file": []}, 400, "choose the files"),
    "a file that is not there": ({"file": ["other-1.0.tar.gz"]}, 400, "other-1.0.tar.gz is not in"),
    "a wrong code": ({"code": "000000"}, 403, "code is wrong"),
    "no code": ({"code": ""}, 403, "six digits"),
}


@pytest.mark.parametrize(("changes", "status", "words"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_is_not_meant_deletes_nothing(published, owner, changes, status, words):
    answer = owner.post(PAGE, form(**changes))
    assert (answer.status_code, words in answer.content.decode()) == (status, True)
    assert (File.objects.published().count(), deletions()) == (2, [])


def test_a_maintainer_deletes_nothing_that_is_published(published, mikes):
    assert mikes.get(PAGE).status_code == 403
    assert mikes.post(PAGE, form(code=totp_code("mike"))).status_code == 403
    assert File.objects.published().count() == 2


@pytest.mark.services
def test_a_public_copy_goes_too(published, owner):
    """It is true that what the store serves from elsewhere is deleted with what was staged."""
    file = File.objects.get(filename=WHEEL.filename)
    owner.post(PAGE, form())
    do_jobs()
    assert file.public_id not in {public_id for public_id, _ in storage().public_objects()}


def test_a_draft_is_held_against_the_newest_release_that_has_files(published, owner, ci, mike, mikes):
    """It is true that deleting a whole release does not make the next draft pass for a first one."""
    for built in (wheels.wheel(version="2.0"), wheels.sdist(version="2.0")):
        ci.upload(built)
    publish(Draft.objects.live().get(), mike, mikes)
    newer = [wheels.wheel(version="2.0").filename, wheels.sdist(version="2.0").filename]
    page = reverse("release-delete", args=["sampleproject", "2.0"])
    assert owner.post(page, form(file=newer, typed="sampleproject 2.0")).status_code == 302
    ci.upload(wheels.wheel(version="3.0"))
    (blocker,) = blockers(Draft.objects.live().get())
    assert (blocker.code, "1.0 had sampleproject-1.0.tar.gz" in blocker.detail) == ("not-as-last-time", True)
