"""Settings that ask less take effect after a day, or with a second owner's yes; what asks more does at once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import stepup
from accounts.audit import Actor
from accounts.models import AuditEvent, FactorHold
from accounts.stepup import ProofRefused
from drafts.access import loosening
from drafts.access import policy as policies
from drafts.access.loosening import NotPending
from drafts.access.members import NotYours
from drafts.access.policy import Policy
from drafts.models import EvidenceDemand, ExpectedFiles, Job, Kind, Loosening, Membership, Project, jobs
from tests.conftest import person, totp_code
from tests.loosened import pass_a_day
from tests.proofs import proof_of
from tests.racing import race

pytestmark = [pytest.mark.django_db, pytest.mark.state]
STRICT = Policy(evidence_demand=EvidenceDemand.FETCHED)
CALM = Policy()
PAGE = "/projects/sampleproject/settings/"


@pytest.fixture
def strict(project) -> Project:
    """The project with a demand that can be loosened, and owners since yesterday."""
    Project.objects.update(evidence_demand=EvidenceDemand.FETCHED)
    Membership.objects.update(since=timezone.now() - timedelta(days=1))
    project.refresh_from_db()
    return project


@pytest.fixture
def olga(strict):
    """Owns the project too, since yesterday."""
    from tests.conftest import SECRETS

    SECRETS.setdefault("olga", SECRETS["alice"])
    user = person("olga")
    since = timezone.now() - timedelta(days=1)
    Membership.objects.create(project=strict, user=user, role="owner", since=since)
    return user


def ask(project, owner, wanted=CALM):
    """Change the settings as their owner; returns what waits."""
    project.refresh_from_db()
    proof = proof_of(owner, policies.purpose(project, wanted))
    seen = Policy.of(project).spelled
    outcome = policies.set_policy(
        project=project, policy=wanted, seen=seen, by=Actor.person(owner), proof=proof
    )
    return outcome.waits


def say_yes(row, owner) -> str:
    return loosening.confirm(
        loosening=row, by=Actor.person(owner), proof=proof_of(owner, loosening.confirm_purpose(row))
    )


def now() -> Policy:
    return Policy.of(Project.objects.get())


def state() -> str:
    return Loosening.objects.latest("pk").state


def events() -> list[str]:
    rows = AuditEvent.objects.filter(event__startswith="project:policy").order_by("seq")
    return [row.event.removeprefix("project:policy-") for row in rows]


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


def test_a_second_owner_lets_it_take_effect_at_once(strict, alice, olga):
    assert say_yes(ask(strict, alice), olga) == ""
    assert (now(), state(), events()) == (CALM, "done", ["loosening-asked", "loosened"])
    event = AuditEvent.objects.get(event="project:policy-loosened")
    assert (event.details["asked_by"], event.details["method"]) == (alice.email, "totp")
    pass_a_day()  # the job that is left finds nothing to do
    assert events() == ["loosening-asked", "loosened"]


def the_same_owner(alice, olga):
    return alice


def removed(alice, olga):
    olga.memberships.all().delete()
    return olga


def demoted(alice, olga):
    olga.memberships.update(role="maintainer")
    return olga


def an_owner_since_it_was_asked(alice, olga):
    olga.memberships.update(since=timezone.now())
    return olga


@pytest.mark.promise
@pytest.mark.parametrize("who", [the_same_owner, removed, demoted, an_owner_since_it_was_asked])
def test_whose_yes_is_no_second_owners(strict, alice, olga, who):
    """It is true that one owner, alone or with somebody they made an owner, loosens nothing at once."""
    row = ask(strict, alice)
    user = who(alice, olga)
    with pytest.raises(NotYours):
        say_yes(row, user)
    assert (now(), state(), events()) == (STRICT, "pending", ["loosening-asked"])


@pytest.mark.promise
def test_a_factor_that_is_held_says_no_yes(strict, alice, olga):
    """It is true that who took over an account yesterday is no second owner today."""
    row = ask(strict, alice)
    FactorHold.objects.create(user=olga, until=timezone.now() + timedelta(hours=1), reason="it is new")
    browser = Client()
    browser.force_login(olga)
    answer = browser.post(f"{PAGE}waiting/{row.pk}/confirm/", {"code": totp_code("olga")})
    assert (answer.status_code, now(), state()) == (403, STRICT, "pending")
    with pytest.raises(stepup.FactorHeld):
        say_yes(row, olga)


@pytest.mark.promise
def test_a_proof_for_another_change_says_no_yes(strict, alice, olga):
    """It is true that a yes is for one change: what took its place meanwhile needs another."""
    first = ask(strict, alice, Policy(evidence_demand=EvidenceDemand.CI))
    proof = proof_of(olga, loosening.confirm_purpose(first))
    second = ask(strict, alice)
    with pytest.raises(ProofRefused):
        loosening.confirm(loosening=second, by=Actor.person(olga), proof=proof)
    with pytest.raises(NotPending):
        loosening.confirm(loosening=first, by=Actor.person(olga), proof=proof)
    assert now() == STRICT


@pytest.mark.django_db(transaction=True)
def test_of_a_yes_and_a_withdrawal_at_once_one_counts(strict, alice, olga):
    """It is true that two owners who press at the same moment leave one outcome and one event."""
    row = ask(strict, alice)
    proof = proof_of(olga, loosening.confirm_purpose(row))

    def tried(act) -> str:
        try:
            act()
        except NotPending:
            return "too late"
        return "done"

    outcomes = race(
        [
            lambda: tried(lambda: loosening.confirm(loosening=row, by=Actor.person(olga), proof=proof)),
            lambda: tried(lambda: loosening.withdraw(loosening=row, user=alice, by=Actor.person(alice))),
        ]
    )
    assert sorted(outcomes) == ["done", "too late"]
    assert (now(), state()) in [(CALM, "done"), (STRICT, "withdrawn")]
    assert len(events()) == 2


# --- how it ends ------------------------------------------------------------------------------------------


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
