"""Settings that ask less take effect after a day, or with a second owner's yes; what asks more does at once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from drafts.access import loosening
from drafts.access.loosening import NotPending
from drafts.access.members import NotYours
from drafts.access.policy import Policy
from drafts.models import EvidenceDemand, ExpectedFiles, Job, Kind, Loosening, Project, jobs
from tests.conftest import totp_code
from tests.loosened import CALM, STRICT, ask, events, now, olga, pass_a_day, say_yes, state, strict

pytestmark = [pytest.mark.django_db, pytest.mark.state]
__all__ = ["olga", "strict"]
PAGE = "/projects/sampleproject/settings/"


LESS = {
    "a lower demand": (STRICT, CALM),
    "waiting for nothing": (CALM, Policy(expected_files=ExpectedFiles.NOTHING)),
    "patterns in place of last time's": (
        CALM,
        Policy(expected_files=ExpectedFiles.PATTERNS, expected_patterns=("*",)),
    ),
    "last time's in place of patterns": (
        Policy(expected_files=ExpectedFiles.PATTERNS, expected_patterns=("*",)),
        Policy(expected_patterns=("*",)),
    ),
    "a pattern less": (
        Policy(expected_files=ExpectedFiles.PATTERNS, expected_patterns=("a", "b")),
        Policy(expected_files=ExpectedFiles.PATTERNS, expected_patterns=("a",)),
    ),
    "a pattern in place of another": (
        Policy(expected_files=ExpectedFiles.PATTERNS, expected_patterns=("a",)),
        Policy(expected_files=ExpectedFiles.PATTERNS, expected_patterns=("b",)),
    ),
    "requirements that name addresses": (CALM, Policy(direct_urls=True)),
}


@pytest.mark.parametrize(("before", "after"), LESS.values(), ids=LESS.keys())
def test_what_asks_less_waits_and_what_asks_more_does_not(project, alice, before, after):
    """It is true that each loosening leaves the policy as it was for a day, and the way back is open at once."""
    Project.objects.update(**before.as_details())
    assert ask(project, alice, after) is not None
    assert before.loosened(now()) == []
    pass_a_day()
    assert (now(), state()) == (after, "done")


def test_what_asks_more_takes_effect_at_once(strict, alice):
    Project.objects.update(evidence_demand=EvidenceDemand.NOTHING, expected_files=ExpectedFiles.NOTHING)
    assert ask(strict, alice, STRICT) is None
    assert now() == STRICT


def test_one_form_that_asks_more_and_less_is_split(strict, alice):
    """It is true that what asks more is in effect at once, and what asks less waits."""
    Project.objects.update(direct_urls=True)
    row = ask(strict, alice, Policy(evidence_demand=EvidenceDemand.CI, direct_urls=False))
    assert now() == replace(STRICT, direct_urls=False)
    assert row.after == {"evidence_demand": "ci"}
    assert events() == ["changed"]
    pass_a_day()
    assert now() == Policy(evidence_demand=EvidenceDemand.CI)


def test_nothing_happens_before_its_time(strict, alice):
    """It is true that a ring that comes early leaves the change waiting."""
    row = ask(strict, alice)
    assert timedelta(hours=23, minutes=59) < row.due_at - timezone.now() <= timedelta(hours=24)
    job = Job.objects.live().get(kind=Kind.LOOSEN)
    assert job.not_before == row.due_at
    Job.objects.filter(pk=job.pk).update(not_before=timezone.now())
    jobs.run(job.pk, loosening.work)
    assert (now(), state()) == (STRICT, "pending")
    assert Job.objects.live().get(kind=Kind.LOOSEN).not_before == row.due_at


@pytest.mark.django_db(transaction=True)
def test_every_owner_is_mailed_of_each_step(strict, alice, olga, mike):
    """It is true that asking, withdrawing and taking effect reach all owners and nobody else."""
    loosening.withdraw(loosening=ask(strict, alice), user=olga, by=Actor.person(olga))
    ask(strict, alice)
    pass_a_day()
    told = {}
    for message in mail.outbox:
        told.setdefault(message.subject.removeprefix("[Presscheck] "), set()).update(message.to)
    both = {alice.email, olga.email}
    assert told == {
        "The settings of sampleproject are to ask less": both,
        "The settings of sampleproject stay as they are": both,
        "The settings of sampleproject ask less now": both,
    }
    assert "evidence for every file: fetched → nothing" in mail.outbox[0].body


# --- the second owner -------------------------------------------------------------------------------------


def withdrawn(project, row, alice):
    loosening.withdraw(loosening=row, user=alice, by=Actor.person(alice))


def superseded_by_more(project, row, alice):
    assert ask(project, alice, replace(STRICT, evidence_demand=EvidenceDemand.ATTESTED)) is None


def superseded_by_less(project, row, alice):
    assert ask(project, alice, Policy(evidence_demand=EvidenceDemand.CI)) is not None


def changed_by_other_means(project, row, alice):
    Project.objects.update(local_versions=True)


def its_asker_removed(project, row, alice):
    alice.memberships.all().delete()


def its_asker_switched_off(project, row, alice):
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)


ENDS = {
    withdrawn: "withdrawn",
    superseded_by_more: "superseded",
    superseded_by_less: "superseded",
    changed_by_other_means: "void",
    its_asker_removed: "void",
    its_asker_switched_off: "void",
}


@pytest.mark.parametrize(("how", "end"), ENDS.items(), ids=[how.__name__ for how in ENDS])
def test_what_ended_never_takes_effect(strict, alice, olga, how, end):
    """It is true that each other end leaves the demand as it is when the time comes, and is on record."""
    row = ask(strict, alice)
    how(strict, row, alice)
    demand = now().evidence_demand
    Job.objects.filter(subject=row.subject).update(not_before=timezone.now())
    Loosening.objects.filter(pk=row.pk).update(due_at=timezone.now())
    for job in Job.objects.live().filter(subject=row.subject):
        jobs.run(job.pk, loosening.work)
    row.refresh_from_db()
    assert (row.state, now().evidence_demand) == (end, demand)
    assert not Job.objects.live().filter(subject=row.subject).exists()
    assert len(events()) == 2
    with pytest.raises(NotPending):
        say_yes(row, olga)


def test_a_setting_that_a_newer_version_added_voids_nothing(strict, alice):
    """It is true that what waited over an upgrade is judged by the settings that it knew."""
    row = ask(strict, alice)
    known = {name: value for name, value in row.before.items() if name != "direct_urls"}
    Loosening.objects.update(before={**known, "one_that_is_gone": 1})
    pass_a_day()
    assert now() == CALM


def test_a_stranger_withdraws_nothing(strict, alice, mike):
    with pytest.raises(NotYours):
        loosening.withdraw(loosening=ask(strict, alice), user=mike, by=Actor.person(mike))
    assert state() == "pending"


# --- the pages --------------------------------------------------------------------------------------------


def test_the_settings_page_shows_what_waits_and_lets_owners_decide(strict, alice, olga):
    """It is true that page, second owner and withdrawal work through the front door."""
    alices, olgas = Client(), Client()
    alices.force_login(alice)
    olgas.force_login(olga)
    form = {
        "link_for_ci": "never",
        "publish_from_ci": "refuse",
        "evidence_demand": "nothing",
        "expected_files": "last",
        "window": "limits",
        "window_first_days": "14",
        "window_series": "minor",
        "window_mode": "refuse",
        "seen": STRICT.spelled,
    }
    said = alices.post(PAGE, {**form, "code": totp_code("alice")}, follow=True).content.decode()
    assert "What asks less waits until" in said
    row = Loosening.objects.get()
    page = alices.get(PAGE).content.decode()
    assert "evidence for every file: fetched → nothing" in page
    assert "A second owner’s yes lets it take effect at once." in page
    assert "Let it take effect now" in olgas.get(PAGE).content.decode()
    assert olgas.post(f"{PAGE}waiting/{row.pk}/confirm/", {"code": "000000"}).status_code == 403
    assert olgas.post(f"{PAGE}waiting/{row.pk}/confirm/", {"code": totp_code("olga")}).status_code == 302
    assert now() == CALM
    again = olgas.post(f"{PAGE}waiting/{row.pk}/withdraw/", follow=True).content.decode()
    assert "Nothing was withdrawn" in again


def test_another_projects_change_is_not_there(strict, alice):
    """It is true that a change is found on its own project alone."""
    from drafts.access import projects

    row = ask(strict, alice)
    projects.create(name="another", by=Actor.system("tests"), owner=alice.email)
    browser = Client()
    browser.force_login(alice)
    assert browser.post(f"/projects/another/settings/waiting/{row.pk}/withdraw/").status_code == 404
    assert state() == "pending"
