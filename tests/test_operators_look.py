"""Operators look into a draft that is not theirs by an act: with a reason, for an hour, on record, told to its owners."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, User
from drafts.models import OperatorLook
from tests import wheels
from tests.conftest import draft_url, totp_code

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
WHY = "A report of malware in it."


def press(client: Client, draft, **form: str):
    path = reverse("operators-look", args=["sampleproject", draft.pk])
    return client.post(path, {"reason": WHY, "code": totp_code("olga"), **form})


def seen(client: Client, draft) -> list[int]:
    """What the draft's pages answer."""
    name = wheels.wheel().filename
    paths = [draft_url(draft), draft_url(draft, "draft-now"), draft_url(draft, "file-page", name)]
    found = []
    for path in [*paths, draft_url(draft, "file-download", name)]:
        response = client.get(path)
        list(response.streaming_content) if response.streaming else None
        found.append(response.status_code)
    return found


def test_without_a_look_there_is_nothing(draft, olgas):
    assert seen(olgas, draft) == [404] * 4


def test_a_look_opens_one_draft_for_an_hour(draft, ci, olgas):
    """It is true that its pages can be read, no other draft's, no project page's, and after an hour none."""
    ci.upload(wheels.wheel(version="2.0"))
    assert press(olgas, draft)["Location"] == draft_url(draft)
    assert set(seen(olgas, draft)) <= {200, 302}
    assert olgas.get(reverse("draft", args=["sampleproject", "2.0"])).status_code == 404
    assert olgas.get(reverse("project", args=["sampleproject"])).status_code == 404
    past = timezone.now() - timedelta(seconds=1)
    OperatorLook.objects.update(at=past - timedelta(hours=1), until=past)
    assert seen(olgas, draft) == [404] * 4


def test_a_look_changes_nothing(draft, olgas):
    """It is true that whoever looks is a stranger to every act."""
    press(olgas, draft)
    before = AuditEvent.objects.count()
    for name in ("publish", "draft-cancel", "draft-extend", "link-make", "evidence-add", "file-upload"):
        assert olgas.post(draft_url(draft, name), {"code": totp_code("olga")}).status_code == 404, name
    assert AuditEvent.objects.count() == before


def test_it_is_on_the_projects_record_and_its_owners_are_told(
    draft, olgas, django_capture_on_commit_callbacks
):
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        press(olgas, draft)
    row = AuditEvent.objects.get(event="draft:looked-into")
    assert (row.scope, row.actor_label, row.details["reason"]) == (
        draft.project.audit_subject.scope,
        "olga",
        WHY,
    )
    assert [letter.to for letter in mail.outbox] == [["alice@example.org"]]
    assert WHY in " ".join(mail.outbox[0].body.split())


@pytest.mark.parametrize("form", [{"reason": ""}, {"code": ""}, {"code": "000000"}])
def test_it_takes_a_reason_and_a_second_factor(draft, olgas, form):
    assert press(olgas, draft, **form).status_code == 403
    assert OperatorLook.objects.count() == 0
    assert seen(olgas, draft) == [404] * 4


def test_who_is_no_operator_any_more_looks_no_more(draft, olgas):
    press(olgas, draft)
    User.objects.update(is_staff=False)
    assert seen(olgas, draft) == [404] * 4


def test_the_record_of_the_draft_shows_it(draft, olgas, mikes):
    press(olgas, draft)
    assert "looked into the draft" in mikes.get(draft_url(draft)).content.decode()
