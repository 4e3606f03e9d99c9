"""A project's name is handed over: 30 days, every former owner told, one objection stops it, and nothing old opens anything."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from drafts.access import handover, links
from drafts.access.handover import NotHandedOver
from drafts.access.operating import Actor, NoOperator
from drafts.models import DraftLink, Handover, Job, Kind, Project, Publisher, jobs, standing
from tests import wheels
from tests.conftest import do_jobs, publish, totp_code
from tests.proofs import proof_of
from tests.racing import race
from tests.trusted import trust

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.state]
PAGE = "/operators/projects/sampleproject/hand-over/"


@pytest.fixture
def opals(rita) -> Client:
    """A browser of rita's, who runs the server here."""
    User.objects.filter(pk=rita.pk).update(is_staff=True)
    browser = Client()
    browser.force_login(rita)
    return browser


def begin(browser, to="charlie@example.org", reason="the owners are gone", **form):
    return browser.post(PAGE, {"to": to, "reason": reason, "code": totp_code("rita"), **form})


def objection() -> str:
    message = [one for one in mail.outbox if "wants to hand" in one.subject][-1]
    return re.search(r"(/handovers/\S+)", message.body)[1]


def pass_30_days() -> None:
    now = timezone.now()
    Handover.objects.update(due_at=now)
    Job.objects.live().filter(kind=Kind.HAND_OVER).update(not_before=now)
    do_jobs()


def owners(project) -> list[str]:
    return [one.email for one in standing.people(project, ("owner",))]


def test_a_name_goes_to_another_owner_after_30_days(draft, project, alice, charlie, ci, opals):
    """It is true that what is published stays, and no role, token, link or publisher of before is good."""
    publish(draft, alice)
    trust(project, alice, "")
    assert ci.upload(wheels.wheel(version="2.0")).status_code == 200
    link = links.make(draft=project.drafts.get(version="2.0"), by=Actor.system("tests"))
    assert begin(opals).status_code == 302
    row = Handover.objects.get()
    assert timedelta(days=29, hours=23) < row.due_at - timezone.now() <= timedelta(days=30)
    assert owners(project) == [alice.email]
    job = Job.objects.live().get(kind=Kind.HAND_OVER)
    Job.objects.filter(pk=job.pk).update(not_before=timezone.now())
    jobs.run(job.pk, handover.work)
    assert owners(project) == [alice.email]  # a ring that comes early changes nothing
    pass_30_days()
    assert [(one.user.email, str(one.role)) for one in standing.standings(project)] == [
        (charlie.email, "owner")
    ]
    assert ci.upload(wheels.wheel(version="3.0")).status_code == 401
    assert DraftLink.objects.get(pk=link.pk).revoked_at is not None
    assert not Publisher.objects.trusted().exists()
    assert Client().get("/simple/sampleproject/").status_code == 200
    said = AuditEvent.objects.filter(event__contains="hand").order_by("pk")
    assert [one.event for one in said] == ["project:handover-opened", "project:handed-over"]
    told = {one.to[0] for one in mail.outbox if "sampleproject was handed over" in one.subject}
    assert told == {alice.email}


@pytest.mark.promise
def test_one_objection_stops_it(project, alice, charlie, opals):
    """It is true that a former owner says no by the mailed link alone, GET changes nothing, and no ends it for good."""
    begin(opals)
    path = objection()
    page = Client().get(path)
    assert ("Object: sampleproject stays as it is" in page.content.decode(), page["Referrer-Policy"]) == (
        True,
        "no-referrer",
    )
    assert Handover.objects.get().is_live
    assert "alice@example.org objected" in Client().post(path).content.decode()
    assert Client().post(path).status_code == 409
    pass_30_days()
    assert owners(project) == [alice.email]
    assert AuditEvent.objects.filter(event="project:handover-stopped").count() == 1


def test_owners_whose_accounts_are_closed_are_told_too(project, alice, charlie, opals):
    """It is true that the one who went is asked at the last address that is known."""
    User.objects.filter(pk=alice.pk).update(is_active=False)
    begin(opals)
    assert [one.to for one in mail.outbox if "wants to hand" in one.subject] == [[alice.email]]


@pytest.mark.promise
@pytest.mark.parametrize("path", ["/handovers/x/", "/handovers/pci_" + "0" * 43 + "/"])
def test_a_made_up_link_stops_nothing(project, charlie, opals, path):
    begin(opals)
    assert [Client().get(path).status_code, Client().post(path).status_code] == [404, 404]
    assert Handover.objects.get().is_live


def test_an_objection_at_the_last_moment_wins_or_loses_whole(project, alice, charlie, opals):
    """It is true that of objection and hand-over at once exactly one happens."""
    begin(opals)
    Handover.objects.update(due_at=timezone.now())
    job = Job.objects.live().get(kind=Kind.HAND_OVER)
    Job.objects.filter(pk=job.pk).update(not_before=timezone.now())
    path = objection()
    race([lambda: Client().post(path).status_code, lambda: jobs.run(job.pk, handover.work) or 0])
    row = Handover.objects.get()
    assert (row.done_at is None) is (row.objected_at is not None)
    assert owners(project) == [alice.email if row.objected_at else charlie.email]


REFUSED = {
    "nobody": ({"to": "nobody@example.org"}, 409, "there is no person"),
    "an owner": ({"to": "alice@example.org"}, 409, "owns sampleproject already"),
    "no reason": ({"reason": " "}, 409, "say why"),
    "a wrong code": ({"code": "000000"}, 403, "That code is wrong"),
}


@pytest.mark.parametrize(("form", "status", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_hand_over_is_refused_in_words(project, charlie, opals, form, status, words):
    answer = begin(opals, **form)
    assert (answer.status_code, words in answer.content.decode()) == (status, True)
    assert not Handover.objects.exists()


def test_one_hand_over_is_open_at_a_time(project, charlie, mike, opals):
    begin(opals)
    assert begin(opals, "mike@example.org").status_code == 409
    assert Handover.objects.count() == 1


@pytest.mark.promise
def test_an_owner_hands_nothing_over_as_an_operator(project, alice, charlie):
    proof = proof_of(alice, handover.purpose(project, charlie.email))
    with pytest.raises(NoOperator):
        handover.begin(project=project, to=charlie.email, reason="x", by=Actor.person(alice), proof=proof)
    assert not Handover.objects.exists()


def test_to_a_closed_account_nothing_goes(project, alice, charlie, opals):
    begin(opals)
    User.objects.filter(pk=charlie.pk).update(is_active=False)
    pass_30_days()
    assert (owners(project), Handover.objects.get().is_live) == ([alice.email], False)


def test_two_hand_overs_at_once_are_one(project, alice, charlie, rita, opals):
    proof = proof_of(rita, handover.purpose(project, charlie.email))

    def tried() -> str:
        try:
            handover.begin(
                project=Project.objects.get(),
                to=charlie.email,
                reason="x",
                by=Actor.person(rita),
                proof=proof,
            )
        except NotHandedOver:
            return "no"
        return "yes"

    assert sorted(race([tried, tried])) == ["no", "yes"]
