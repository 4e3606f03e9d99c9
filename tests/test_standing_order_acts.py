"""Giving and revoking a standing order, and what becomes of one that ends while its publish is under way."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent, TotpCounter
from drafts.access.members import NotYours
from drafts.intake.upload2 import said
from drafts.models import (
    DraftState,
    File,
    Job,
    Kind,
    Membership,
    StandingOrder,
    jobs,
)
from drafts.publishing.orders import give, job
from tests.approving import approve, needs
from tests.conftest import do_jobs, make_ci, publish, totp_code
from tests.pressing import browser_of
from tests.proofs import proof_of
from tests.racing import race
from tests.test_jobs import due_now

pytestmark = [pytest.mark.django_db, pytest.mark.promise]


@pytest.mark.parametrize("end", ["revoked", "expired", "void"])
def test_an_order_that_ends_while_its_publish_is_under_way_publishes_nothing(world, mike, end):
    """It is true that until the flip commits, a revoked order hands the draft back."""
    draft = world.stage()
    world.prove()
    assert said.complete(draft=draft, by=draft.files.first().staged_by_token.as_actor())
    jobs.run(Job.objects.get(kind=Kind.ORDER).pk, job.work)
    draft.refresh_from_db()
    assert draft.state == DraftState.PROCESSING, draft.order_said
    if end == "revoked":
        assert give.revoke(order=world.order, by=Actor.person(mike), user=mike)
    elif end == "expired":
        StandingOrder.objects.update(expires_at=timezone.now())
    else:
        Membership.objects.filter(role="reviewer").delete()
    do_jobs()
    draft.refresh_from_db()
    assert draft.state == DraftState.ERROR
    assert "does not stand any more" in draft.error
    assert File.objects.published().filter(draft=draft).count() == 0


def test_a_person_can_publish_what_an_order_did_not(world, mike):
    """It is true that the record names the person then."""
    draft = world.complete(world.stage(), make_ci(world.project).row)
    publish(draft, mike)
    assert (draft.state, draft.ended_by) == (DraftState.PUBLISHED, "mike")


def press(client: Client, **form: str):
    return client.post("/projects/sampleproject/order/", {"days": "30", **form})


def test_an_owner_gives_and_anybody_who_publishes_revokes(world, alice, mikes):
    """It is true that a fresh second factor is asked for, and that owners are told by mail."""
    assert mikes.post("/projects/sampleproject/order/revoke/").status_code == 302
    assert StandingOrder.objects.of(world.project) is None
    alices = browser_of(alice)
    assert "There is none" in alices.get("/projects/sampleproject/order/").content.decode()
    assert press(alices, code="000000").status_code == 403
    assert press(mikes, code=totp_code("mike")).status_code == 403
    assert StandingOrder.objects.of(world.project) is None
    with world.committing(execute=True):
        assert press(alices, code=totp_code("alice")).status_code == 302
        do_jobs()
    order = StandingOrder.objects.of(world.project)
    assert order.expires_at - order.given_at == timedelta(days=30)
    letter = next(one for one in mail.outbox if "standing order was given" in one.subject)
    assert f"without a click until {order.expires_at:%d %B %Y}" in " ".join(letter.body.split())
    assert "Revoke" in mikes.get("/projects/sampleproject/order/").content.decode()
    assert list(
        AuditEvent.objects.filter(event__startswith="order:").order_by("pk").values_list("event", flat=True)
    ) == ["order:given", "order:revoked", "order:given"]


@pytest.mark.parametrize("days", ["0", "91", "-1", "", "1000", "x"])
def test_an_order_is_for_ninety_days_at_most(world, alice, days):
    StandingOrder.objects.all().delete()
    assert press(browser_of(alice), code=totp_code("alice"), days=days).status_code == 409
    assert not StandingOrder.objects.exists()


def test_a_second_order_is_refused(world, alice):
    assert press(browser_of(alice), code=totp_code("alice")).status_code == 409
    assert StandingOrder.objects.count() == 1


def test_an_order_needs_a_release_that_a_trusted_job_built(project, alice):
    """It is true that no code is spent before that is known."""
    last = TotpCounter.objects.filter(user=alice).first()
    response = press(browser_of(alice), code="000000")
    assert response.status_code == 409
    assert "nothing was published yet" in response.content.decode()
    assert TotpCounter.objects.filter(user=alice).first() == last


def test_a_proof_for_other_terms_or_days_gives_nothing(world):
    StandingOrder.objects.all().delete()
    by = Actor.person(world.owner)
    with pytest.raises(Exception, match="a proof for"):
        give.give(
            project=world.project, days=90, by=by, proof=proof_of(world.owner, give.purpose(world.project, 7))
        )
    proof = proof_of(world.owner, give.purpose(world.project, 7))
    Membership.objects.filter(role="reviewer").delete()
    with pytest.raises(Exception, match="a proof for"):
        give.give(project=world.project, days=7, by=by, proof=proof)
    with pytest.raises(NotYours):
        give.give(
            project=world.project,
            days=7,
            by=by,
            proof=proof_of(world.maintainer, give.purpose(world.project, 7)),
        )


@pytest.mark.django_db(transaction=True)
def test_an_order_revoked_at_the_very_moment_it_publishes(world, mike):
    """It is true that what was revoked first is not published, and that what was published first was ordered."""
    draft = world.stage()
    world.prove()
    assert said.complete(draft=draft, by=draft.files.first().staged_by_token.as_actor())
    race([do_jobs, lambda: int(give.revoke(order=world.order, by=Actor.person(mike), user=mike))])
    due_now()
    do_jobs()
    draft.refresh_from_db()
    revoked = AuditEvent.objects.get(event="order:revoked")
    published = AuditEvent.objects.filter(event="draft:published", on_id=str(draft.pk)).first()
    assert (published is not None) == (draft.state == DraftState.PUBLISHED)
    if published is not None:
        assert published.seq < revoked.seq
    else:
        assert not File.objects.published().filter(draft=draft).exists()


@pytest.mark.parametrize(("whose", "state"), [("alice", "open"), ("rita", "published")])
def test_the_yes_of_who_gave_the_order_is_not_enough_for_it(world, rita, whose, state):
    """It is true that an order is a publish by its giver: another person's yes opens the way, the giver's does not."""
    give.revoke(order=world.order, by=Actor.person(world.owner), user=world.owner)
    needs(1)
    world.project.refresh_from_db()
    world.give()
    draft = world.stage()
    world.prove()
    approve({"alice": world.owner, "rita": rita}[whose], draft)
    draft = world.complete(draft)
    assert draft.state == state, draft.order_said
    assert ("Approvals missing: 0 of 1" in draft.order_said) == (state == "open")
