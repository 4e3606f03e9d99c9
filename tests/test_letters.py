"""Letters to members: written with the act, sent once, lost by nobody, and only those that a person wants."""

from datetime import timedelta
from smtplib import SMTPException

import pytest
from django.core import mail as outbox
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts import mail as post
from accounts.audit import Actor
from accounts.mail import Letter
from accounts.models import AuditEvent
from drafts.intake import stage
from drafts.models import Draft, Job, Kind, NewsChoice, Outgoing, Project, jobs
from drafts.notify import mail
from drafts.notify.mail import News
from drafts.operations import sweeps
from drafts.publishing import expiry, ready
from tests import wheels
from tests.approving import approve, browser, needs
from tests.conftest import do_jobs, publish
from tests.inspected import inspect_now

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")


def due_now() -> None:
    """Let the minute be over for which letters are gathered."""
    Job.objects.filter(kind=Kind.SEND_MAIL).update(not_before=timezone.now())


def told(subject: str) -> list[str]:
    return sorted(message.to[0] for message in outbox.outbox if subject in message.subject)


def write(project: Project, count: int = 1, news: News = News.PUBLISHED) -> None:
    for number in range(count):
        letter = Letter(f"Letter {number}", ("words",), "/", "Look")
        mail.tell(news, project=project, letter=letter)


def test_people_are_told_that_a_draft_was_opened(project, ci):
    """It is true that maintainers are told once for a draft, however many files come, and reviewers are not."""
    for built in (wheels.wheel(), wheels.sdist(), wheels.wheel(build="1")):
        ci.upload(built)
    due_now()
    do_jobs()
    assert told("is being staged") == ["alice@example.org", "mike@example.org"]
    (message, _) = outbox.outbox
    assert "/projects/sampleproject/drafts/1.0/" in message.body
    assert "Which news you get: " in message.body
    assert message.alternatives[0][0].count("<a ") == 1


def test_people_are_told_that_it_is_published(draft, mike):
    publish(draft, mike)
    assert told("is published") == ["alice@example.org"]


def test_many_letters_are_one(project):
    """It is true that more than five that wait come as one, which names them all."""
    write(project, 6)
    do_jobs()
    assert len(outbox.outbox) == 2
    assert "6 news of sampleproject" in outbox.outbox[0].subject
    assert all(f"Letter {number}." in outbox.outbox[0].body for number in range(6))


class Away:
    """A mail server that is away for some letters."""

    def __init__(self, monkeypatch, failures: int) -> None:
        self.failures, self.real = failures, post._message
        monkeypatch.setattr(post, "_message", self.message)

    def message(self, letter, address):
        made = self.real(letter, address)
        if self.failures:
            self.failures -= 1
            made.send = self.refuse
        return made

    def refuse(self) -> None:
        raise SMTPException("away")


@pytest.mark.promise
def test_a_mail_server_that_is_away_loses_no_letter_and_sends_none_twice(project, monkeypatch):
    """It is true that what failed is sent later, and what was sent before is not sent again."""
    write(project, 2)
    Away(monkeypatch, 1)
    do_jobs()
    assert Outgoing.objects.waiting().count() == 2
    assert len(outbox.outbox) == 2  # to the other one
    due_now()
    do_jobs()
    assert not Outgoing.objects.waiting().exists()
    assert (
        sorted(message.to[0] for message in outbox.outbox)
        == ["alice@example.org"] * 2 + ["mike@example.org"] * 2
    )


@pytest.mark.promise
@pytest.mark.django_db(transaction=True)
def test_a_letter_lives_or_dies_with_its_act(project):
    """It is true that an act which fails leaves neither letter nor job."""

    def act() -> None:
        write(project)
        raise RuntimeError

    with pytest.raises(RuntimeError), transaction.atomic():
        act()
    assert (Outgoing.objects.count(), Job.objects.filter(kind=Kind.SEND_MAIL).count()) == (0, 0)


@pytest.mark.promise
def test_a_worker_that_died_between_taking_and_sending_is_followed_by_another(project, alice):
    """It is true that the letter waits while a worker may still send it, and goes out when that one must be dead."""
    write(project)
    Outgoing.objects.update(taken_at=timezone.now())
    do_jobs()
    assert outbox.outbox == []
    assert Job.objects.filter(kind=Kind.SEND_MAIL, state="waiting").count() == 2
    Outgoing.objects.update(taken_at=timezone.now() - timedelta(minutes=11))
    due_now()
    do_jobs()
    assert len(outbox.outbox) == 2


@pytest.mark.promise
def test_a_worker_that_died_after_sending_sends_nothing_again(project):
    """It is true that a job which is done again finds the letter marked."""
    write(project)
    do_jobs()
    for job in Job.objects.filter(kind=Kind.SEND_MAIL):
        jobs.enqueue(kind=Kind.SEND_MAIL, subject=job.subject)
    do_jobs()
    assert len(outbox.outbox) == 2


def test_a_letter_that_nobody_takes_for_a_week_is_dropped(project, monkeypatch):
    write(project)
    Outgoing.objects.update(written_at=timezone.now() - timedelta(days=8), taken_at=timezone.now())
    do_jobs()
    assert Outgoing.objects.filter(dropped_at__isnull=False).count() == 2
    assert not Job.objects.filter(kind=Kind.SEND_MAIL).live().exists()


def test_a_person_chooses_their_news(project, alice, mike):
    """It is true that what a person unticks does not come to them, and still comes to others."""
    page = browser(alice)
    assert page.get("/account/news/").status_code == 200
    wanted = [str(one) for one in News if one != News.PUBLISHED]
    page.post("/account/news/", {"news": wanted, "project": [str(project.pk)]})
    assert NewsChoice.objects.get(user=alice).off == ["published"]
    write(project)
    write(project, news=News.READY)
    do_jobs()
    assert (
        sorted(message.to[0] for message in outbox.outbox) == ["alice@example.org"] + ["mike@example.org"] * 2
    )
    assert AuditEvent.objects.filter(event="person:news-chosen").count() == 1


def test_a_person_mutes_a_project(project, alice):
    browser(alice).post("/account/news/", {"news": [str(one) for one in News]})
    write(project)
    write(project, news=News.POLICY)
    do_jobs()
    assert [m.to[0] for m in outbox.outbox].count("alice@example.org") == 1  # what nobody can mute


# --- ready for you ---------------------------------------------------------------------------------------


@pytest.fixture
def inspected(draft) -> Draft:
    inspect_now()
    do_jobs()
    outbox.outbox.clear()
    return draft


def quiet_for(minutes: int) -> int:
    Draft.objects.update(changed_at=timezone.now() - timedelta(minutes=minutes))
    asked = ready.quiet()
    do_jobs()
    return asked


def test_people_are_told_once_when_a_draft_waits_for_them(inspected):
    """It is true that half an hour without a change is waited for, and the same files are told of once."""
    assert quiet_for(29) == 0
    assert told("waits for you") == []
    assert quiet_for(31) == 1
    assert told("waits for you") == ["alice@example.org", "mike@example.org"]
    Draft.objects.update(serial=999)
    assert quiet_for(31) == 1
    assert len(told("waits for you")) == 2


def test_reviewers_are_told_where_their_yes_is_needed(inspected):
    needs(1)
    quiet_for(31)
    assert told("waits for you") == ["alice@example.org", "mike@example.org", "rita@example.org"]
    assert "0 of 1 approvals" in outbox.outbox[-1].body


def test_ci_that_says_it_is_complete_is_believed_at_once(inspected, ci):
    Client().post(
        f"/upload/{inspected.handle}/publish/",
        '{"meta": {"api-version": "2.0"}}',
        content_type="application/vnd.pypi.upload.v2+json",
        headers={"Authorization": ci.basic},
    )
    do_jobs()
    assert told("waits for you") == ["alice@example.org", "mike@example.org"]


NOT_READY = {
    "a file that CI announced": lambda: Draft.objects.update(expects=["sampleproject-1.0-x.whl"]),
    "changes that somebody wants": lambda: approve(
        Project.objects.get().members.get(role="reviewer").user, Draft.objects.get(), "changes", "no"
    ),
    "a draft that ended": lambda: stage.cancel(draft=Draft.objects.get(), by=SYSTEM),
}


@pytest.mark.parametrize("spoil", NOT_READY.values(), ids=NOT_READY.keys())
def test_nobody_is_told_of_a_draft_that_waits_for_others(inspected, spoil):
    spoil()
    quiet_for(31)
    assert told("waits for you") == []


def test_the_time_to_look_is_waited_for(inspected):
    """It is true that when nothing but the clock is missing, the letter comes when it is over."""
    Project.objects.update(soak_hours=24)
    quiet_for(31)
    assert told("waits for you") == []
    job = Job.objects.get(kind=Kind.READY, state="waiting")
    assert job.not_before > timezone.now() + timedelta(hours=23)


# --- expiry ----------------------------------------------------------------------------------------------


def test_people_are_reminded_once_two_days_before(inspected):
    """It is true of each end: a draft that was extended is reminded of again before its new one."""
    assert sweeps.remind() == 0
    for days in (1, 2):
        Draft.objects.update(expires_at=timezone.now() + timedelta(days=days, seconds=-5))
        assert sweeps.remind() == 1
        assert sweeps.remind() == 0
    do_jobs()
    assert told("expires soon") == ["alice@example.org"] * 2 + ["mike@example.org"] * 2
    assert AuditEvent.objects.filter(event="draft:reminded").count() == 2


def test_a_draft_that_was_renewed_meanwhile_is_not_reminded_of(inspected):
    Draft.objects.update(expires_at=timezone.now() + timedelta(days=1))
    stale = Draft.objects.get()
    stage.extend(draft=stale, by=SYSTEM)
    assert not expiry.remind(draft=stale)


@pytest.mark.parametrize(("days", "expected"), [(0, 7), (1, 1), (30, 30)])
def test_a_project_says_how_long_its_drafts_live(project, ci, days, expected):
    Project.objects.update(draft_days=days)
    ci.upload(wheels.wheel())
    left = Draft.objects.get().expires_at - timezone.now()
    assert abs(left - timedelta(days=expected)) < timedelta(minutes=1)
    Draft.objects.update(opened_at=timezone.now() - timedelta(days=29))
    stage.extend(draft=Draft.objects.get(), by=SYSTEM)
    assert Draft.objects.get().expires_at - timezone.now() <= timedelta(days=max(1, expected))
