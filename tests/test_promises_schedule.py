"""Promises of a scheduled publish: it happens once or not at all, whatever races with it, whenever its worker dies."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent
from drafts.intake import stage
from drafts.models import Draft, DraftState, File, Job, Kind, NotEditable, jobs
from drafts.publishing import schedule
from tests import stored, wheels
from tests.conftest import do_jobs, draft_url, totp_code
from tests.dying import Killed
from tests.racing import race
from tests.test_jobs import lease_over
from tests.test_promises_bytes import one_bit
from tests.test_publish_act import SYSTEM
from tests.test_schedule import at

pytestmark = [pytest.mark.django_db, pytest.mark.promise, pytest.mark.state]


@pytest.fixture
def due(draft, mikes) -> Job:
    """The job of a schedule whose time has come."""
    form = {"fingerprint": draft.fingerprint(), "code": totp_code("mike"), "when": "at", "at": at(days=1)}
    assert mikes.post(draft_url(draft, "publish"), form).status_code == 302
    Draft.objects.update(publish_at=timezone.now())
    Job.objects.filter(kind=Kind.SCHEDULED).update(not_before=timezone.now())
    return Job.objects.get(kind=Kind.SCHEDULED)


def count(event: str) -> int:
    return AuditEvent.objects.filter(event=event).count()


STEPS = ("doubt", "publish.begin", "audit.record")


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at_the_moment_loses_nothing(draft, due, step):
    """It is true that a worker which dies at any step leaves the schedule as it was, and the next does it once."""

    def killed(*args, **details):
        raise Killed

    owner, _, name = step.rpartition(".")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(getattr(schedule, owner) if owner else schedule, name, killed)
        with pytest.raises(Killed):
            jobs.run(due.pk, schedule.work)
    draft.refresh_from_db()
    assert (draft.state, draft.publish_at is None) == (DraftState.OPEN, False)
    lease_over(due)
    do_jobs()
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED
    assert (count("draft:publishing"), count("draft:published")) == (1, 1)


def test_a_job_that_is_rung_early_waits(draft, due):
    """It is true that the row says when, whatever rings."""
    Draft.objects.update(publish_at=draft.expires_at - timedelta(hours=1))
    jobs.run(due.pk, schedule.work)
    draft.refresh_from_db()
    due.refresh_from_db()
    assert (draft.state, due.state, due.not_before) == ("open", "waiting", draft.publish_at)


@pytest.mark.django_db(transaction=True)
def test_a_schedule_that_is_rung_four_times_begins_once(draft, due):
    race([lambda: jobs.run(due.pk, schedule.work)] * 4)
    do_jobs()
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED
    assert count("draft:publishing") == 1


def _upload(draft, ci):
    return ci.upload(wheels.wheel(build="1")).status_code


def _cancel(draft, ci):
    try:
        stage.cancel(draft=draft, by=SYSTEM)
    except NotEditable:
        return "too late"
    return "canceled"


def _withdraw(draft, ci):
    return schedule.withdraw(draft=draft, by=SYSTEM)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("other", [_upload, _cancel, _withdraw], ids=["upload", "cancel", "withdraw"])
def test_the_moment_races_with_a_person_or_a_job(draft, due, ci, other):
    """It is true that one of the two wins: all that was decided is public, or nothing is."""
    decided = draft.fingerprint()
    _, other_said = race([lambda: jobs.run(due.pk, schedule.work), lambda: other(draft, ci)])
    do_jobs()
    draft.refresh_from_db()
    published = File.objects.published().count()
    if draft.state == DraftState.PUBLISHED:
        assert published == 2
        assert draft.fingerprint() == decided
        assert other_said in {409, "too late", False}
    else:
        assert published == 0
        assert other_said in {"canceled", True}
        assert Client().get("/simple/sampleproject/").status_code == 404
    assert count("draft:published") == (draft.state == DraftState.PUBLISHED)


@pytest.mark.django_db(transaction=True)
def test_the_moment_races_with_a_second_click(draft, due, mikes):
    """It is true that a click at the very moment publishes nothing twice."""
    form = {"fingerprint": draft.fingerprint(), "code": totp_code("mike")}

    def click():
        return mikes.post(draft_url(draft, "publish"), form).status_code

    race([lambda: jobs.run(due.pk, schedule.work), click])
    do_jobs()
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED
    assert count("draft:published") == 1


def test_a_scheduled_publish_that_fails_is_mailed(draft, due, mailoutbox, django_capture_on_commit_callbacks):
    """It is true that nobody has to look at the page to learn that the bytes were not those that were reviewed."""
    stored.change(draft.files.first(), one_bit)
    with django_capture_on_commit_callbacks(execute=True):
        do_jobs()
    draft.refresh_from_db()
    assert (draft.state, draft.publish_at) == (DraftState.ERROR, None)
    failed = [
        one for one in mailoutbox if "it began at its time, and it failed" in " ".join(one.body.split())
    ]
    assert {mail.to[0] for mail in failed} == {"alice@example.org", "mike@example.org"}
