"""A draft's end without publishing: cancel, expire, extend, and the bytes that go a day later."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.intake import deleting, stage
from drafts.models import Draft, DraftState, NotEditable
from tests import wheels
from tests.conftest import draft_url
from tests.racing import race

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
DAY = timedelta(days=1)


def test_a_canceled_draft_is_asked_about_and_then_gone(draft, mikes):
    """It is true that asking changes nothing, and canceling frees the release's name for the next draft."""
    assert mikes.get(draft_url(draft, "draft-cancel")).status_code == 200
    draft.refresh_from_db()
    assert draft.state == DraftState.OPEN
    assert mikes.post(draft_url(draft, "draft-cancel"), {"seen": draft.fingerprint()}).status_code == 302
    draft.refresh_from_db()
    assert (draft.state, draft.ended_by) == (DraftState.CANCELED, "mike")
    assert mikes.get(draft_url(draft)).status_code == 200
    assert Client().get("/simple/sampleproject/").status_code == 404


def test_a_draft_that_changed_is_not_canceled_unseen(draft, mikes, ci):
    seen = draft.fingerprint()
    ci.upload(wheels.wheel(salt="new"))
    assert mikes.post(draft_url(draft, "draft-cancel"), {"seen": seen}).status_code == 409
    draft.refresh_from_db()
    assert draft.state == DraftState.OPEN


def test_after_a_cancel_the_next_upload_opens_a_new_draft(draft, ci):
    stage.cancel(draft=draft, by=SYSTEM)
    assert ci.upload(wheels.wheel(salt="new")).status_code == 200
    assert Draft.objects.live().get() != draft


ENDED = {
    "published": lambda draft: Draft.objects.update(state="published", ended_at=timezone.now()),
    "canceled": lambda draft: Draft.objects.update(state="canceled", ended_at=timezone.now()),
    "being published": lambda draft: Draft.objects.update(
        state="processing", publishing_fingerprint="x", publishing_by=draft.project.members.first().user
    ),
}
CHANGES = {
    "cancel": lambda draft: stage.cancel(draft=draft, by=SYSTEM),
    "extend": lambda draft: stage.extend(draft=draft, by=SYSTEM),
    "delete a file": lambda draft: deleting.delete_file(
        draft=draft, filename=wheels.wheel().filename, by=SYSTEM, seen=wheels.wheel().sha256
    ),
}


@pytest.mark.parametrize("end", ENDED.values(), ids=ENDED.keys())
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_ended_or_is_being_published_does_not_change(draft, end, change):
    end(draft)
    before = AuditEvent.objects.count()
    with pytest.raises(NotEditable):
        change(draft)
    assert AuditEvent.objects.count() == before
    assert draft.files.live().count() == 2


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_draft_whose_publishing_failed_is_editable(draft, change):
    """It is true that ``error`` is editable exactly as ``open``."""
    Draft.objects.update(state="error", error="the disk made a noise")
    before = AuditEvent.objects.count()
    change(draft)
    assert AuditEvent.objects.count() == before + 1


@pytest.mark.parametrize(("name", "method"), [("draft-cancel", "post"), ("draft-extend", "post")])
def test_a_page_says_why_nothing_was_changed(draft, mikes, name, method):
    ENDED["being published"](draft)
    response = getattr(mikes, method)(draft_url(draft, name), follow=True)
    assert b"being published" in response.content
    draft.refresh_from_db()
    assert draft.state == DraftState.PROCESSING


# --- expiry --------------------------------------------------------------------------------------------


def test_a_draft_expires_when_its_time_is_over(draft):
    """It is true that the sweep cancels what is over, with an event, and nothing that is not."""
    assert list(Draft.objects.expired()) == []
    assert not stage.expire(draft=draft)
    Draft.objects.update(expires_at=timezone.now())
    assert list(Draft.objects.expired()) == [draft]
    assert stage.expire(draft=draft)
    assert not stage.expire(draft=draft)
    draft.refresh_from_db()
    assert draft.state == DraftState.CANCELED
    assert AuditEvent.objects.filter(event="draft:expired").count() == 1


@pytest.mark.parametrize("state", ["being published", "published", "canceled"])
def test_what_is_not_editable_does_not_expire(draft, state):
    ENDED[state](draft)
    Draft.objects.update(expires_at=timezone.now())
    before = Draft.objects.get().state
    assert list(Draft.objects.expired()) == []
    assert not stage.expire(draft=draft)
    assert Draft.objects.get().state == before


@pytest.mark.django_db(transaction=True)
def test_an_expiry_that_races_with_an_upload(draft, ci):
    """It is true that a draft is either renewed by the upload or canceled, never both."""
    Draft.objects.update(expires_at=timezone.now())
    expired, response = race([lambda: stage.expire(draft=draft), lambda: ci.upload(wheels.wheel(build="1"))])
    assert response.status_code == 200
    old = Draft.objects.get(pk=draft.pk)
    live = Draft.objects.live().get()
    assert live.files.live().filter(filename=wheels.wheel(build="1").filename).exists()
    assert (live == old) != expired


RENEWALS = {
    "a week from now": (timedelta(days=2), timedelta(days=3), timedelta(days=7)),
    "never beyond a month": (timedelta(days=27), timedelta(days=1), timedelta(days=3)),
    "never earlier": (timedelta(days=29), timedelta(days=5), timedelta(days=5)),
    "of a draft as old as it may be": (timedelta(days=30), timedelta(hours=1), timedelta(hours=1)),
}


@pytest.mark.parametrize("renew", ["extend", "upload"])
@pytest.mark.parametrize(("age", "left", "expected"), RENEWALS.values(), ids=RENEWALS.keys())
def test_an_expiry_is_renewed(draft, mikes, ci, renew, age, left, expected):
    """It is true that a renewal is to now + 7 days, not beyond opened + 30, and never moves the end earlier."""
    now = timezone.now()
    Draft.objects.update(opened_at=now - age, expires_at=now + left)
    if renew == "extend":
        mikes.post(draft_url(draft, "draft-extend"))
    else:
        ci.upload(wheels.wheel(build="1"))
    assert abs(Draft.objects.get().expires_at - (now + expected)) < timedelta(minutes=1)


# --- deleting one file ------------------------------------------------------------------------------------


def test_a_file_is_deleted_as_it_was_seen(draft, mikes, ci):
    """It is true that a file which was replaced after the page was shown is not deleted unseen."""
    old = draft.files.get(filetype="bdist_wheel")
    path = draft_url(draft, "file-delete", old.filename)
    assert mikes.get(path).status_code == 200
    ci.upload(wheels.wheel(salt="new"))
    assert mikes.post(path, {"seen": old.sha256}).status_code == 409
    assert draft.files.live().count() == 2
    assert mikes.post(path, {"seen": wheels.wheel(salt="new").sha256}).status_code == 302
    assert draft.files.live().count() == 1
    assert mikes.post(path, {"seen": old.sha256}).status_code == 404


def test_a_deleted_name_is_free_again(draft, ci):
    file = draft.files.get(filetype="bdist_wheel")
    deleting.delete_file(draft=draft, filename=file.filename, by=SYSTEM, seen=file.sha256)
    assert ci.upload(wheels.wheel(salt="another")).status_code == 200
    assert draft.files.live().count() == 2
