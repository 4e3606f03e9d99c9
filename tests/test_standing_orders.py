"""Standing orders: under which conditions one publishes without a click, and that each of them alone stops it."""

import base64
import json

import pytest
from django.core import mail
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.access import policy as policies
from drafts.access import publishers
from drafts.access.policy import Policy
from drafts.intake.upload2 import said
from drafts.models import (
    CiSource,
    Draft,
    DraftState,
    Finding,
    Job,
    Kind,
    Membership,
    Project,
    Publisher,
    Receipt,
    StandingOrder,
    Token,
)
from drafts.publishing.orders.job import PATIENCE
from tests import wheels
from tests.conftest import do_jobs, draft_url, make_ci, person, publish
from tests.coupled import couple
from tests.ordered import SDIST, WHEEL, World, says
from tests.proofs import proof_of
from tests.test_jobs import due_now
from tests.trusted import trust

pytestmark = [pytest.mark.django_db, pytest.mark.promise]


def stopped(draft: Draft, why: str, *, mailed: bool = True) -> str:
    """Check that the order left the draft to people, and said why on its page, in an event and by mail."""
    assert draft.state == DraftState.OPEN
    event = AuditEvent.objects.get(event="order:stopped")
    assert why in event.details["codes"], event.details
    assert "does not publish this draft" in draft.order_said
    assert any("did not publish it" in one.subject for one in mail.outbox) == mailed
    assert not Job.objects.filter(kind=Kind.PUBLISH, subject=draft.subject).exists()
    return draft.order_said


def test_a_draft_that_meets_every_condition_is_published_without_a_click(world, mikes):
    """It is true that the refusals below fail for their one reason; event, receipt and page name the order."""
    draft = world.stage()
    world.prove()
    draft = world.complete(draft)
    assert draft.state == DraftState.PUBLISHED, draft.order_said
    words = str(world.order)
    assert words.startswith("standing order of alice given on ")
    event = AuditEvent.objects.get(event="draft:published", on_id=str(draft.pk))
    assert (event.actor_kind, event.actor_label) == ("system", words)
    assert words in mikes.get(draft_url(draft)).content.decode()
    payload = base64.b64decode(Receipt.objects.get(draft=draft).envelope["payload"])
    predicate = json.loads(payload)["predicate"]
    assert predicate["publishedBy"]["name"] == words
    assert predicate["order"] == event.details["order"]
    assert (predicate["order"]["id"], predicate["order"]["given-by"]) == (world.order.pk, "alice")


def _by_token(world: World) -> Draft:
    draft = world.stage(WHEEL)
    assert make_ci(world.project).upload(SDIST).status_code == 200
    return draft


def _by_another_commit(world: World) -> Draft:
    draft = world.stage(WHEEL)
    world.stage(SDIST, ci=world.token(sha="4" * 40))
    return draft


def _replaced(world: World) -> Draft:
    ci = world.token()
    world.stage(wheels.wheel(salt="first"), SDIST, ci=ci)
    return world.stage(WHEEL, ci=ci)


def _with_a_new_finding(world: World) -> Draft:
    draft = world.stage()
    file = draft.files.get(filetype="sdist")
    Finding.objects.create(file=file, code="litter", severity="note", text="It holds litter.")
    return draft


def _blocked(world: World) -> Draft:
    """Put the draft on a train, which keeps it from being published alone."""
    draft = world.stage()
    couple(world.maintainer, draft)
    return draft


def _with_a_lost_wheel(world: World) -> Draft:
    """Stage no wheel, in a project whose owners said that it waits for none."""
    Project.objects.update(expected_files="nothing")
    StandingOrder.objects.update(policy=Policy.of(Project.objects.get()).spelled)
    return world.stage(SDIST)


STAGED = {
    "a file of a plain token": (_by_token, "not-the-publisher"),
    "files of two commits": (_by_another_commit, "commits"),
    "a file was replaced": (_replaced, "replaced"),
    "a finding is new": (_with_a_new_finding, "finding"),
    "something blocks it": (_blocked, "blocked"),
}


@pytest.mark.parametrize(("stage", "why"), STAGED.values(), ids=STAGED.keys())
def test_what_is_staged_in_another_way_is_left_to_people(world, mikes, stage, why):
    draft = stage(world)
    world.prove()
    publisher_token = Token.objects.filter(publisher__isnull=False, revoked_at=None).earliest("pk")
    draft = world.complete(draft, publisher_token)
    words = stopped(draft, why)
    assert words[:60] in mikes.get(draft_url(draft)).content.decode()


def test_another_tokens_word_that_the_draft_is_complete_is_not_enough(world):
    """It is true that an upload token can neither choose the order nor widen it."""
    draft = world.stage()
    world.prove()
    stopped(world.complete(draft, make_ci(world.project).row), "not-complete")


def test_what_changed_after_ci_said_complete_is_not_complete(world):
    draft = world.stage(WHEEL)
    ci = world.token()
    world.prove()
    assert said.complete(draft=draft, by=draft.files.first().staged_by_token.as_actor())
    world.stage(SDIST, ci=ci)
    stopped(world.work(draft), "not-complete")


def _with_an_empty_log(world) -> Draft:
    world.hub.logs = {"build": b"nothing"}
    return world.stage()


WAITS = {
    "no log was fetched": (_with_an_empty_log, "match no log"),
    "a wheel of the last release is missing": (
        lambda world: (_with_a_lost_wheel(world), world.prove())[0],
        "Not here",
    ),
}


@pytest.mark.parametrize(("stage", "words"), WAITS.values(), ids=WAITS.keys())
def test_what_may_pass_is_waited_for_a_day_and_then_left_to_people(world, stage, words):
    """It is true that the page says what the order waits for."""
    draft = world.complete(stage(world))
    assert draft.state == DraftState.OPEN
    assert draft.order_said.startswith("The standing order waits.")
    assert words in draft.order_said
    assert not [one for one in mail.outbox if "standing order" in one.subject]
    Draft.objects.update(complete_said_at=timezone.now() - PATIENCE)
    due_now()
    world.work(draft)
    assert words in draft.order_said
    assert "does not publish" in draft.order_said
    assert mail.outbox


def test_an_order_that_waited_publishes_once_the_log_is_there(world):
    draft = world.complete(world.stage())
    world.prove()
    due_now()
    do_jobs()
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED, draft.order_said


def _policy(world: World, **changes) -> None:
    project = Project.objects.get(pk=world.project.pk)
    wanted = Policy.read({**policies.asdict(Policy.of(project)), **changes})
    policies.set_policy(
        project=project,
        policy=wanted,
        seen=Policy.of(project).spelled,
        by=Actor.person(world.owner),
        proof=proof_of(world.owner, policies.purpose(project, wanted)),
    )


def _policy_and_back(world: World) -> None:
    _policy(world, local_versions=True)
    _policy(world, local_versions=False)


def _remove_publisher(world: World) -> None:
    row = Publisher.objects.get(removed_at=None)
    proof = proof_of(world.owner, publishers.remove_purpose(row))
    publishers.remove(publisher=row, by=Actor.person(world.owner), proof=proof)


VOIDS = {
    "a member came": (
        lambda world: Membership.objects.create(
            project=world.project, user=person("charlie"), role="reviewer"
        ),
        "Changed since it was given: the members.",
    ),
    "a member left": (
        lambda world: Membership.objects.filter(role="reviewer").delete(),
        "Changed since it was given: the members.",
    ),
    "a member's role changed": (
        lambda world: Membership.objects.filter(role="maintainer").update(role="reviewer"),
        "Changed since it was given: the members.",
    ),
    "the settings": (
        lambda world: _policy(world, local_versions=True),
        "Changed since it was given: the settings.",
    ),
    "the settings, and back": (_policy_and_back, "the settings, by an act that was undone or waits."),
    "a publisher came": (
        lambda world: trust(world.project, world.owner, world.identities.issuer, workflow="other.yml"),
        "Changed since it was given: the trusted publishers.",
    ),
    "a publisher left": (_remove_publisher, "Changed since it was given: the trusted publishers."),
    "the workflow file": (
        lambda world: world.hub.digests.update({"5" * 40: "another"}),
        f"at {'5' * 12} is not the file that built 0.9",
    ),
    "the owner is an owner no more": (
        lambda world: Membership.objects.filter(user=world.owner).update(role="maintainer"),
        "alice is not an owner of sampleproject any more.",
    ),
    "the owner's account was closed": (
        lambda world: type(world.owner).objects.filter(pk=world.owner.pk).update(is_active=False),
        "alice is not an owner of sampleproject any more.",
    ),
}


@pytest.mark.parametrize(("change", "why"), VOIDS.values(), ids=VOIDS.keys())
def test_what_changes_the_terms_voids_the_order(world, mikes, change, why):
    """It is true that the order ends with the reason, that its owners are told, and that nothing is published."""
    world.hub.run["head_sha"] = "5" * 40
    draft = world.stage(ci=world.token(sha="5" * 40))
    world.prove()
    change(world)
    draft = world.complete(draft)
    assert draft.state == DraftState.OPEN
    order = StandingOrder.objects.get(pk=world.order.pk)
    assert not order.is_live
    assert why in order.ended_why
    assert AuditEvent.objects.filter(event="order:void").count() == 1
    assert any("void" in one.subject for one in mail.outbox)
    assert not Job.objects.filter(kind=Kind.PUBLISH, subject=draft.subject).exists()


def test_an_order_whose_time_is_over_publishes_nothing(world):
    draft = world.stage()
    world.prove()
    StandingOrder.objects.update(expires_at=timezone.now())
    draft = world.complete(draft)
    assert (draft.state, draft.order_said) == (DraftState.OPEN, "")


def test_without_an_order_nothing_is_published(world):
    """It is true that it is off by default, also for a draft that meets every condition."""
    StandingOrder.objects.all().delete()
    draft = world.stage()
    world.prove()
    assert world.complete(draft).state == DraftState.OPEN
    assert not Job.objects.filter(kind=Kind.ORDER).exists()


def test_a_provider_that_cannot_say_whether_the_workflow_changed_stops_it(world):
    draft = world.stage()
    world.prove()
    CiSource.objects.update(repository_id=1)
    stopped(world.complete(draft), "workflow")


def test_a_release_that_is_published_gets_no_files_by_an_order(world):
    draft = world.stage()
    world.prove()
    publish(draft, world.maintainer)
    world.hub.artifacts.clear()
    late = wheels.wheel(build="7")
    world.hub.add("dist", late)
    world.hub.logs = {"build": says(late)}
    draft = world.stage(late)
    world.prove()
    stopped(world.complete(draft), "adds")
