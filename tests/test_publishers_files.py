"""Everything that a trusted publisher's runs staged: shown, and deleted from the drafts in one act."""

import pytest
from django.test import Client

from accounts.models import AuditEvent
from drafts.models import Draft, File
from tests import wheels
from tests.conftest import totp_code
from tests.trusted import minted

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(publisher) -> str:
    """The page of what the publisher staged."""
    return f"/projects/sampleproject/publishers/{publisher.pk}/files/"


def seen(page: str) -> str:
    return page.partition('name="seen" value="')[2].partition('"')[0]


def names() -> list[str]:
    return sorted(file.filename for file in File.objects.live().filter(draft__state="open"))


def test_what_all_runs_staged_goes_in_one_act(provider, publisher, mikes, ci, path):
    """It is true that files of two runs are deleted, those of others stay, and each has its event."""
    minted(provider).upload(wheels.wheel())
    minted(provider).upload(wheels.wheel(version="2.0"))
    ci.upload(wheels.sdist())
    page = mikes.get(path).content.decode()
    assert "2 files that nobody replaced or deleted since" in page
    assert mikes.post(path, {"seen": seen(page)}).status_code == 302
    assert names() == [wheels.sdist().filename]
    assert AuditEvent.objects.filter(event="file:deleted").count() == 2


def test_what_was_staged_meanwhile_is_shown_first(provider, publisher, mikes, path):
    """It is true that nothing is deleted that the page did not show."""
    minted(provider).upload(wheels.wheel())
    before = seen(mikes.get(path).content.decode())
    minted(provider).upload(wheels.wheel(version="2.0"))
    answer = mikes.post(path, {"seen": before})
    assert (answer.status_code, len(names())) == (409, 2)


def test_an_owner_who_trusts_it_no_more_is_shown_what_it_staged(provider, publisher, alice, path):
    """It is true that the page is there after the publisher was removed."""
    minted(provider).upload(wheels.wheel())
    browser = Client()
    browser.force_login(alice)
    remove = path.replace("/files/", "/remove/")
    answer = browser.post(remove, {"code": totp_code("alice")})
    assert answer["Location"] == path
    page = browser.get(path).content.decode()
    assert "It is trusted no more." in page
    assert browser.post(path, {"seen": seen(page)}).status_code == 302
    assert (names(), Draft.objects.count()) == ([], 1)


def test_another_projects_publisher_is_not_there(provider, publisher, alice, path):
    from accounts.audit import Actor
    from drafts.access.projects import create

    create(name="another", by=Actor.system("tests"), owner=alice.email)
    browser = Client()
    browser.force_login(alice)
    assert browser.get(path.replace("sampleproject", "another")).status_code == 404
