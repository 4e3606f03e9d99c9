"""Releases that take no more files: both doors, the blocker, closing, reopening, and what installers are told."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.stepup import ProofRefused
from drafts.access import members
from drafts.access import policy as policies
from drafts.access.policy import Policy
from drafts.dist.windows import Window, WindowMode
from drafts.models import Draft, IndexPage, Job, Kind, Membership, Project, Release
from drafts.publishing import windows as act
from drafts.publishing.policy import blockers
from tests import wheels
from tests.closing import days_pass
from tests.conftest import do_jobs, publish, totp_code
from tests.loosened import pass_a_day
from tests.proofs import proof_of
from tests.test_publish_act import SYSTEM
from tests.test_upload_check import check
from tests.uploading import Speaker

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
PAGE = "/projects/sampleproject/releases/1.0/"
LATE = wheels.wheel(tag="cp312-cp312-win_amd64")
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


@pytest.fixture
def published(draft, mike, mikes):
    """sampleproject 1.0, published now."""
    publish(draft, mike, mikes)
    return Release.objects.get()


def told() -> dict[str, list[str]]:
    """What resolvers and auditors are told of windows and late files."""
    return json.loads(Client().get("/simple/sampleproject/", headers=JSON).content)["_presscheck"]


def test_a_release_is_open_for_14_days_and_then_closed(published, ci, mikes):
    """It is true that an upload is taken before the window ends, and refused after it, with a code and what to do."""
    assert ci.upload(LATE).status_code == 200
    page = mikes.get(PAGE).content.decode()
    assert "This release is <strong>open until" in page
    days_pass(14.1)
    answer = ci.upload(wheels.wheel(tag="cp313-cp313-win_amd64"))
    assert (answer.status_code, answer.json()["code"]) == (403, "release-closed")
    assert "Make a new version, or let a maintainer reopen it for 7 days" in answer.json()["detail"]
    assert [one.code for one in blockers(Draft.objects.latest("pk")) if one.code == "release-closed"]
    assert "This release is <strong>closed since" in mikes.get(PAGE).content.decode()


def test_bytes_that_are_published_already_are_no_refusal(published, ci):
    """It is true that a job which uploads again what is public ends well, closed or not."""
    days_pass(20)
    assert ci.upload(wheels.wheel()).status_code == 200


def test_the_other_door_refuses_too(published, ci):
    """It is true that opening a draft, announcing a file and asking beforehand are refused with the same code."""
    days_pass(20)
    for answer in (Speaker(ci.token).open(), check(ci, LATE)):
        assert (answer.status_code, answer.json()["code"]) == (403, "release-closed")
    assert not Draft.objects.filter(ended_at=None).exists()


def test_a_file_cannot_be_announced_for_a_release_that_closed_meanwhile(published, ci):
    session = Speaker(ci.token).join()
    days_pass(20)
    answer = Speaker(ci.token).announce(session, LATE)
    assert (answer.status_code, answer.json()["code"]) == (403, "release-closed")


def test_a_draft_of_before_cannot_be_published_after(published, ci, mike, mikes):
    """It is true that publishing asks again: the window may have ended since the draft was opened."""
    Project.objects.update(expected_files="nothing")
    ci.upload(wheels.wheel(build="1"))
    draft = Draft.objects.latest("pk")
    days_pass(14.1)
    publish(draft, mike, mikes)
    assert draft.state == "open"


def test_a_new_project_is_told_for_30_days_first(published, ci):
    """It is true that a rule which began a moment ago marks and mails, and refuses nothing yet."""
    Release.objects.update(published_at=timezone.now() - timedelta(days=20))
    assert ci.upload(LATE).status_code == 200
    assert told()["closed"] == []


def press(client: Client, what: str, **form: str):
    return client.post(f"{PAGE}{what}/", {"code": totp_code("mike"), **form})


def test_a_maintainer_closes_and_reopens(
    published, ci, mikes, mailoutbox, django_capture_on_commit_callbacks
):
    """It is true that both take a second factor, leave one event each, tell the others, and count at once."""
    assert "Close sampleproject 1.0?" in mikes.get(f"{PAGE}close/").content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        assert press(mikes, "close")["Location"] == PAGE
        do_jobs()
    assert told()["closed"] == ["1.0"]
    assert ci.upload(LATE).status_code == 403
    with django_capture_on_commit_callbacks(execute=True):
        assert press(mikes, "reopen")["Location"] == PAGE
        do_jobs()
    assert told()["closed"] == []
    assert ci.upload(LATE).status_code == 200
    assert "reopened until" in mikes.get(PAGE).content.decode()
    events = AuditEvent.objects.filter(event__in=["release:closed", "release:reopened"]).order_by("seq")
    assert [(one.event, one.details["method"]) for one in events] == [
        ("release:closed", "totp"),
        ("release:reopened", "totp"),
    ]
    said = ("is closed", "is reopened")
    subjects = [(mail.subject, mail.to) for mail in mailoutbox if mail.subject.endswith(said)]
    assert [(text.partition("] ")[2], to) for text, to in subjects] == [
        ("sampleproject 1.0 is closed", ["alice@example.org"]),
        ("sampleproject 1.0 is reopened", ["alice@example.org"]),
    ]


def test_a_reopened_release_closes_by_itself_after_7_days(published, ci, mikes):
    press(mikes, "close")
    press(mikes, "reopen")
    Release.objects.update(reopened_until=timezone.now() - timedelta(seconds=1))
    assert ci.upload(LATE).status_code == 403


REFUSED = {
    "no code": ({"code": ""}, 403, "Type the six digits"),
    "a wrong code": ({"code": "000000"}, 403, "That code is wrong"),
}


@pytest.mark.parametrize(("form", "status", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_closing_is_refused_without_a_second_factor(published, mikes, form, status, words):
    answer = press(mikes, "close", **form)
    assert (answer.status_code, words in answer.content.decode()) == (status, True)
    assert Release.objects.get().closed_at is None


def test_what_is_so_already_costs_no_code(published, mikes):
    """It is true that reopening an open release, and closing a closed one, change nothing and leave no event."""
    press(mikes, "reopen", code="")
    press(mikes, "close")
    press(mikes, "close", code="")
    assert AuditEvent.objects.filter(event__startswith="release:").count() == 1


def test_the_acts_take_a_proof_of_their_own(published, mike):
    """It is true that a proof for closing reopens nothing, and the other way round."""
    with pytest.raises(ProofRefused):
        act.close(release=published, by=SYSTEM, proof=proof_of(mike, act.reopening(published)))
    Release.objects.update(closed_at=timezone.now())
    with pytest.raises(ProofRefused):
        act.reopen(release=published, by=SYSTEM, proof=proof_of(mike, act.closing(published)))


def test_who_lost_the_role_meanwhile_closes_nothing(published, mike):
    proof = proof_of(mike, act.closing(published))
    Membership.objects.filter(user=mike).update(role="reviewer")
    with pytest.raises(members.NotYours):
        act.close(release=published, by=SYSTEM, proof=proof)


def test_the_page_for_installers_is_rendered_when_a_window_ends(published):
    """It is true that the publish ordered the job for that moment, and it orders the next."""
    job = Job.objects.get(kind=Kind.WINDOWS)
    assert abs(job.not_before - published.published_at - timedelta(days=14)) < timedelta(seconds=1)
    assert told() == {"closed": [], "late": []}
    serial = IndexPage.objects.get().serial
    days_pass(14.1)
    Job.objects.filter(pk=job.pk).update(not_before=timezone.now())
    do_jobs()
    assert IndexPage.objects.get().serial == serial + 1
    assert told()["closed"] == ["1.0"]


def test_no_answer_is_stale_although_the_job_is_late(published):
    """It is true that a page whose window ended is rendered anew before it is served, without any worker."""
    before = Client().get("/simple/sampleproject/", headers=JSON)
    days_pass(14.1)
    answer = Client().get("/simple/sampleproject/", headers={**JSON, "If-None-Match": before["ETag"]})
    assert answer.status_code == 200
    assert told()["closed"] == ["1.0"]


def change(alice, **settings) -> None:
    project = Project.objects.get()
    policy = Policy(**settings)
    policies.set_policy(
        project=project,
        policy=policy,
        seen=Policy.of(project).spelled,
        by=SYSTEM,
        proof=proof_of(alice, policies.purpose(project, policy)),
    )


def test_another_rule_does_not_open_what_is_closed(published, ci, alice):
    """It is true that a new rule tells for 30 days, and the one before goes on refusing: also after a second change."""
    days_pass(20)
    change(alice, window_first_days=13)
    assert ci.upload(LATE).status_code == 403
    change(alice, window_first_days=12)
    assert ci.upload(LATE).status_code == 403


def test_a_rule_on_trial_refuses_nothing_because_it_is_changed_again(published, ci, alice):
    """It is true that what was never in force is not what goes on refusing."""
    Project.objects.update(window_first_days=30)
    days_pass(20)
    for days in (5, 4):
        change(alice, window_first_days=days)
    assert ci.upload(LATE).status_code == 200


def test_a_wider_rule_opens(published, ci, alice):
    """It is true that more days open once they count, a day later, and that installers are told."""
    days_pass(20)
    assert told()["closed"] == ["1.0"]
    change(alice, window_first_days=30)
    pass_a_day()
    assert told()["closed"] == []
    assert ci.upload(LATE).status_code == 200


LOOSER = {
    "for ever": ({}, {"window": Window.EVER}, ["window"]),
    "no more closed at publish": ({"window": Window.NONE}, {}, ["window"]),
    "more days": ({}, {"window_first_days": 15}, ["window_first_days"]),
    "no days": ({}, {"window_first_days": 0, "window_last_days": 3}, ["window_first_days"]),
    "tell": ({}, {"window_mode": WindowMode.TELL}, ["window_mode"]),
    "newer ones no more": ({"window_newer": True}, {}, ["window_newer"]),
    "fewer days": ({}, {"window_first_days": 1}, []),
    "one limit more": ({}, {"window_last_days": 3}, []),
    "closed at publish": ({}, {"window": Window.NONE}, []),
}


@pytest.mark.parametrize(("before", "after", "looser"), LOOSER.values(), ids=LOOSER.keys())
def test_what_widens_a_window_asks_less(before, after, looser):
    assert Policy(**before).loosened(Policy(**after)) == looser
