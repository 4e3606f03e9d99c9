"""Approvals: who may say yes or no, to what, when it counts, and what it stops."""

from datetime import timedelta

import pytest
from django.core import mail as outbox
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.access import members
from drafts.intake import deleting
from drafts.models import Approval, Changed, Draft, DraftState, File, Membership, Project, Receipt, Says
from drafts.publishing import approvals, schedule
from drafts.publishing.options import Options
from drafts.publishing.policy import blockers
from drafts.publishing.publish import Blocked
from tests import wheels
from tests.approving import approve, browser, needs, press_approve
from tests.conftest import do_jobs, draft_url, person, publish, totp_code
from tests.inspected import inspect_now
from tests.proofs import proof_of

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")


@pytest.fixture
def ready(draft) -> Draft:
    """The draft, inspected: nothing but people's word can be missing."""
    inspect_now()
    return draft


def codes(draft: Draft, publisher=None) -> list[str]:
    return [
        str(one.code)
        for one in blockers(Draft.objects.get(pk=draft.pk), publisher=publisher and publisher.pk)
    ]


def sentence(draft: Draft, code: str) -> str:
    return next(one.sentence for one in blockers(Draft.objects.get(pk=draft.pk)) if one.code == code)


def test_without_a_quorum_nobody_is_asked(ready, mike):
    """It is true that one-person projects publish without ceremony."""
    assert codes(ready) == []
    publish(ready, mike)
    assert ready.state == DraftState.PUBLISHED


@pytest.mark.promise
def test_nothing_is_published_before_the_quorum_is_there(ready, mike, rita, alice):
    """It is true that each distinct person counts once, and the last one opens the way."""
    needs(2)
    assert sentence(ready, "approvals-missing").startswith("Approvals missing: 0 of 2 approvals.")
    assert publish(ready, mike).status_code == 409
    press_approve(rita, ready)
    press_approve(rita, ready)
    assert sentence(ready, "approvals-missing").startswith("Approvals missing: 1 of 2 approvals, by rita.")
    assert press_approve(alice, ready).status_code == 302
    assert codes(ready, mike) == []
    publish(ready, mike)
    assert ready.state == DraftState.PUBLISHED


def test_who_approved_is_in_the_event_and_in_the_receipt(ready, mike, rita):
    needs(1)
    press_approve(rita, ready, note="looked at all of it")
    publish(ready, mike)
    event = AuditEvent.objects.get(event="draft:published")
    (said,) = event.details["approvals"]
    assert (said["name"], said["note"], said["method"]) == ("rita", "looked at all of it", "totp")
    do_jobs()
    assert Receipt.objects.get(draft=ready)


@pytest.mark.promise
def test_the_publishers_own_yes_does_not_count(ready, mike, rita):
    """It is true that who approves does not publish on that alone, unless the project says so."""
    needs(1)
    press_approve(mike, ready)
    assert codes(ready) == []
    assert codes(ready, mike) == ["approvals-missing"]
    assert publish(ready, mike).status_code == 409
    ready.refresh_from_db()
    assert ready.state == DraftState.OPEN
    Project.objects.update(own_approval_counts=True)
    publish(ready, mike)
    assert ready.state == DraftState.PUBLISHED


@pytest.mark.promise
def test_the_publishers_own_yes_does_not_count_for_a_later_time_either(ready, mike, rita):
    """It is true of the act itself, whatever the page asked before, and again when the time has come."""
    needs(1)
    press_approve(mike, ready)
    options = Options(at=timezone.now() + timedelta(hours=1))
    told = {"draft": ready, "by": SYSTEM, "fingerprint": ready.fingerprint(), "options": options}
    purpose = schedule.purpose(ready, ready.fingerprint(), options)
    with pytest.raises(Blocked, match="0 of 1 approvals"):
        schedule.schedule(proof=proof_of(mike, purpose), **told)
    press_approve(rita, ready)
    scheduled = schedule.schedule(proof=proof_of(mike, purpose), **told)
    assert schedule.doubt(scheduled) == ""
    Membership.objects.filter(user=rita).delete()
    assert "0 of 1 approvals" in schedule.doubt(scheduled)


@pytest.mark.promise
@pytest.mark.parametrize("way", ["by session", "by a token of theirs"])
def test_an_uploaders_own_yes_does_not_count(ready, mike, rita, way):
    needs(1)
    if way == "by session":
        File.objects.filter(filetype="sdist").update(staged_by_token=None, staged_by_user=rita)
    else:
        ready.files.first().staged_by_token.__class__.objects.update(created_by=rita)
    approve(rita, ready)
    assert codes(ready) == ["approvals-missing"]
    assert b"does not count: uploaded files of it" in browser(mike).get(draft_url(ready)).content
    Project.objects.update(own_approval_counts=True)
    assert codes(ready) == []


@pytest.mark.promise
def test_a_removed_members_word_stops_counting(ready, mike, rita):
    """It is true of a yes and of a no: both are their author's while they are a member."""
    needs(1)
    approve(rita, ready)
    assert codes(ready) == []
    Membership.objects.filter(user=rita).delete()
    assert codes(ready) == ["approvals-missing"]
    needs(0)
    approve(mike, ready, Says.CHANGES, "the wheel is empty")
    assert codes(ready) == ["changes-wanted"]
    Membership.objects.filter(user=mike).delete()
    assert codes(ready) == []


def test_a_no_blocks_until_its_author_takes_it_back(ready, mike, rita, alice):
    """It is true that nobody else can take it back, and that it names who and what."""
    assert press_approve(rita, ready, "changes", note="the wheel lacks its data").status_code == 302
    assert "rita says: the wheel lacks its data" in sentence(ready, "changes-wanted")
    assert publish(ready, mike).status_code == 409
    row = Approval.objects.get()
    path = draft_url(ready, "approval-withdraw", row.pk)
    for other in (mike, alice):
        assert b"nobody else can take it back" in browser(other).get(path).content
        assert browser(other).post(path, {"code": "000000"}).status_code == 403
    press_withdraw(rita, path)
    assert codes(ready) == []
    assert [e.event for e in AuditEvent.objects.filter(event__startswith="draft:approval")] == [
        "draft:approval-withdrawn"
    ]


def press_withdraw(user, path: str) -> None:
    name = user.email.split("@")[0]
    assert browser(user).get(path).status_code == 200
    assert browser(user).post(path, {"code": totp_code(name)}).status_code == 302


def test_changes_are_not_wanted_without_words(ready, rita):
    response = press_approve(rita, ready, "changes", note="  ")
    assert response.status_code == 400
    assert b"write which changes you want" in response.content
    assert not Approval.objects.exists()


def test_a_yes_takes_the_place_of_a_no(ready, rita):
    press_approve(rita, ready, "changes", note="no")
    press_approve(rita, ready)
    assert [one.says for one in Approval.objects.standing()] == ["yes"]
    assert codes(ready) == []


CHANGES = {
    "another wheel": lambda ci, draft: ci.upload(wheels.wheel(build="1")),
    "other bytes": lambda ci, draft: stage_as_maintainer(draft),
    "a file less": lambda ci, draft: deleting.delete_file(
        draft=draft,
        filename=wheels.wheel().filename,
        by=SYSTEM,
        seen=wheels.wheel().sha256,
    ),
}


def stage_as_maintainer(draft: Draft) -> None:
    built = wheels.wheel(salt="other")
    mike = Membership.objects.get(role="maintainer").user
    sent = browser(mike).post(
        draft_url(draft, "file-upload"), {"content": SimpleUploadedFile(built.filename, built.data)}
    )
    assert sent.status_code == 302


@pytest.mark.promise
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("says", list(Says))
def test_any_change_of_files_makes_it_void(ready, ci, mike, rita, change, says):
    """It is true that it counts no more, the event of the change says whose, and the page says what changed."""
    needs(1)
    approve(rita, ready, says, "words")
    change(ci, ready)
    inspect_now()
    assert codes(ready) == ["approvals-missing"]
    assert Approval.objects.get().voided_at
    event = AuditEvent.objects.filter(on_kind="draft", event__startswith="file:").order_by("-pk")
    assert any(one.details.get("approvals_void") == ["rita"] for one in event)
    page = browser(mike).get(draft_url(ready)).content.decode()
    assert "· void" in page
    assert "Changed since: 1 file" in page


@pytest.mark.promise
def test_what_is_void_stays_void_when_the_files_change_back(ready, ci, rita):
    needs(1)
    seen = ready.fingerprint()
    approve(rita, ready)
    ci.upload(wheels.wheel(build="1"))
    extra = ready.files.get(filename=wheels.wheel(build="1").filename)
    deleting.delete_file(draft=ready, filename=extra.filename, by=SYSTEM, seen=extra.sha256)
    inspect_now()
    assert ready.fingerprint() == seen
    assert codes(ready) == ["approvals-missing"]


def test_who_approved_is_mailed_what_changed(ready, ci, rita, mike, alice):
    approve(rita, ready)
    do_jobs()
    outbox.outbox.clear()
    ci.upload(wheels.wheel(build="1"))
    do_jobs()
    told = [message for message in outbox.outbox if "void" in message.subject]
    assert {message.to[0] for message in told} == {rita.email, mike.email, alice.email}
    assert f"added {wheels.wheel(build='1').filename}" in told[0].body.replace("\n", " ")


@pytest.mark.promise
def test_a_token_changes_no_file_after_the_first_approval(ready, ci, rita):
    """It is true of replacing and of deleting; adding a file is allowed, and makes the approval void."""
    approve(rita, ready)
    refused = ci.upload(wheels.wheel(salt="other"))
    assert (refused.status_code, refused.json()["code"]) == (403, "approved")
    assert Approval.objects.standing().count() == 1
    assert ci.upload(wheels.wheel(build="1")).status_code == 200
    assert ci.upload(wheels.wheel(salt="other")).status_code == 200


def test_the_time_to_look_is_counted_from_the_last_change(ready, ci, mike):
    Project.objects.update(soak_hours=24)
    File.objects.update(staged_at=timezone.now() - timedelta(hours=6, minutes=5))
    assert sentence(ready, "soak").startswith("Time to look: 6 h of 24 h since the files last changed.")
    assert publish(ready, mike).status_code == 409
    File.objects.update(staged_at=timezone.now() - timedelta(hours=25))
    assert codes(ready) == []
    deleting.delete_file(draft=ready, filename=wheels.wheel().filename, by=SYSTEM, seen=wheels.wheel().sha256)
    assert codes(ready) == ["soak"]


def test_ci_is_told_the_same_blockers(ready, ci, rita):
    needs(2)
    approve(rita, ready)
    told = Client().get(f"/upload/{ready.handle}/", headers={"Authorization": ci.basic}).json()
    (one,) = told["meta"]["_presscheck"]["blockers"]
    assert one["code"] == "approvals-missing"
    assert one["message"].startswith("Approvals missing: 1 of 2 approvals, by rita.")
    assert one["owner"] == "a reviewer"
    assert one["link"].endswith("/projects/sampleproject/drafts/1.0/#approvals")


def test_the_queue_shows_first_what_waits_for_my_approval(ready, ci, mike, rita):
    """It is true for who can approve and did not; the others read whose yes is missing."""
    needs(1)
    assert ci.upload(wheels.wheel(version="2.0")).status_code == 200
    inspect_now()
    Draft.objects.filter(version="1.0").update(expires_at=timezone.now() + timedelta(days=20))
    approve(rita, Draft.objects.get(version="2.0"))
    page = browser(rita).get("/").content.decode()
    assert page.index("sampleproject 1.0") < page.index("sampleproject 2.0")
    assert "Waiting for you: your approval. 0 of 1 approvals so far." in page
    assert page.count("your approval") == 1


def test_a_member_of_two_roles_is_told_what_counts(ready, mike, rita):
    needs(1)
    approve(mike, ready)
    assert b"does not count when you publish" in browser(mike).get(draft_url(ready)).content
    assert b"does not count" not in browser(rita).get(draft_url(ready)).content


def test_an_empty_draft_is_not_approved(ci, rita):
    assert ci.upload(wheels.wheel()).status_code == 200
    draft = Draft.objects.get()
    deleting.delete_file(draft=draft, filename=wheels.wheel().filename, by=SYSTEM, seen=wheels.wheel().sha256)
    with pytest.raises(Changed):
        approve(rita, draft)


def test_charlie_approves_nothing(ready, db):
    charlie = person("charlie")
    assert press_approve(charlie, ready).status_code == 404
    with pytest.raises(members.NotYours):
        approve(charlie, ready)
    assert not Approval.objects.exists()
    assert approvals.on_record(ready) == []
