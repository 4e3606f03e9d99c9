"""Members of a sandbox are told two days before it ends."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from accounts.models import AuditEvent
from drafts.models import File, Membership, Project
from drafts.operations import sweeps
from drafts.publishing import sandboxes as ending
from tests import wheels
from tests.conftest import do_jobs
from tests.sandboxed import send

pytestmark = [pytest.mark.django_db, pytest.mark.state]


def unused_for(days: int) -> tuple[int, int]:
    """Let nothing have been uploaded for so long, and sweep twice."""
    then = timezone.now() - timedelta(days=days, seconds=5)
    Project.objects.update(created_at=then)
    File.objects.update(staged_at=then)
    return sweeps.remind(), sweeps.remind()


@pytest.fixture
def reviewed(sand_published, mike):
    """A sandbox with a release, and a member who only reviews."""
    Membership.objects.create(project=sand_published.project, user=mike, role="reviewer")
    return sand_published.project


def test_members_are_reminded_once_two_days_before_a_sandbox_ends(reviewed, mailoutbox):
    """It is true of each end, of who only reviews too, and neither before nor after."""
    assert [unused_for(days) for days in (27, 28, 29, 31)] == [(0, 0), (1, 0), (0, 0), (0, 0)]
    Project.objects.update(reminded_of=F("reminded_of") - timedelta(days=30))  # it was used again since
    assert unused_for(28) == (1, 0)
    assert not ending.remind(project=reviewed)  # nor by a second scheduler at the same moment
    do_jobs()
    mails = [mail for mail in mailoutbox if "sandbox/sampleproject ends soon" in mail.subject]
    assert sorted(mail.to[0] for mail in mails) == ["alice@example.org"] * 2 + ["mike@example.org"] * 2
    assert "An upload keeps it for 30 days more." in mails[0].body
    assert AuditEvent.objects.filter(event="project:sandbox-reminded").count() == 2


def test_a_sandbox_that_is_uploaded_to_meanwhile_is_not_reminded_of(reviewed, sand_ci):
    unused = timezone.now() - timedelta(days=29)
    File.objects.update(staged_at=unused)
    Project.objects.update(created_at=unused)
    (near,) = ending.near()
    assert send(sand_ci, wheels.wheel(version="2.0"), "sandbox").status_code == 200
    assert not ending.remind(project=near)
    assert not list(ending.near())
