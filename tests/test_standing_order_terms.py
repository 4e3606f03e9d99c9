"""What a standing order rests on beside members, publishers and settings, and what stands in for another file: each tried by hand."""

import pytest
from django.utils import timezone

from accounts.audit import Actor
from drafts.access import teams
from drafts.evidence import add, sources
from drafts.intake import deleting
from drafts.intake.upload2 import said
from drafts.models import (
    DecisionKind,
    Draft,
    DraftState,
    Inspection,
    Job,
    Kind,
    StandingOrder,
    Target,
    Team,
    TeamMember,
    TeamRole,
    jobs,
)
from drafts.publishing import decisions, policy
from drafts.publishing.orders import job
from drafts.publishing.targets import setting
from tests import wheels
from tests.conftest import person
from tests.ordered import SDIST, WHEEL, World, says
from tests.proofs import proof_of
from tests.test_standing_orders import stopped

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
ELSEWHERE = "https://ci.example.org/api"
SOURCE = sources.Wanted("github", "octo/sampleproject", api=ELSEWHERE, token="another")
TARGET = setting.Wanted(
    kind="other",
    upload_url="https://index.example.org/legacy/",
    index_url="https://index.example.org/simple/",
    username="ci",
    secret="word",
)


def _ask_elsewhere(world: World) -> None:
    proof = proof_of(world.owner, sources.purpose(world.project))
    sources.set_source(project=world.project, wanted=SOURCE, by=Actor.person(world.owner), proof=proof)


def _ask_nobody(world: World) -> None:
    proof = proof_of(world.owner, sources.purpose(world.project))
    assert sources.remove(project=world.project, by=Actor.person(world.owner), proof=proof)


def _publish_elsewhere(world: World) -> None:
    proof = proof_of(world.owner, setting.purpose(world.project))
    setting.set_target(project=world.project, wanted=TARGET, by=Actor.person(world.owner), proof=proof)


def _publish_here_alone(world: World) -> None:
    _publish_elsewhere(world)
    StandingOrder.objects.all().delete()
    world.give()
    Target.objects.update(leaves_at=timezone.now())
    assert setting.end_left() == 1


RESTS_ON = {
    "who is asked what CI logged": (_ask_elsewhere, "where CI runs"),
    "nobody is asked any more": (_ask_nobody, "where CI runs"),
    "files go to another index, too": (_publish_elsewhere, "the upstream target"),
    "files go to no other index any more": (_publish_here_alone, "the upstream target"),
}


@pytest.mark.parametrize(("change", "words"), RESTS_ON.values(), ids=RESTS_ON.keys())
def test_what_an_order_rests_on_voids_it_at_once(world, mailoutbox, change, words):
    """It is true of an owner's acts, too: who gave the order learns that it says something else now."""
    change(world)
    world.work(_draft(world))
    order = StandingOrder.objects.get()
    assert not order.is_live
    assert order.ended_why == f"Changed since it was given: {words}."
    letter = next(one for one in mailoutbox if "A standing order is void" in one.subject)
    assert f"publishes nothing any more. {order.ended_why}" in " ".join(letter.body.split())


def _draft(world: World) -> Draft:
    return Draft.objects.filter(project=world.project).latest("pk")


def _job_runs(draft: Draft) -> Draft:
    """Let CI say that it is complete, and do the order's job alone."""
    assert said.complete(draft=draft, by=draft.files.first().staged_by_token.as_actor())
    jobs.run(Job.objects.get(kind=Kind.ORDER).pk, job.work)
    return Draft.objects.get(pk=draft.pk)


def _in_a_team_and_out(world: World) -> None:
    """charlie comes into the team that maintains the project and is taken out again, and no worker is there to see it."""
    team = Team.objects.get()
    member = TeamMember.objects.create(team=team, user=person("charlie"))
    proof = proof_of(world.owner, teams.person_purpose(team, member.user))
    teams.remove_person(team=team, user=member.user, by=Actor.person(world.owner), proof=proof)


@pytest.mark.parametrize("change", [_ask_elsewhere, _publish_elsewhere, _in_a_team_and_out])
def test_the_conditions_ask_themselves_and_wait_for_no_other_job(world, change):
    """It is true that what was changed and changed back counts as changed, in a team, too."""
    team = teams.make(name="band", user=world.owner, by=Actor.person(world.owner))
    TeamRole.objects.create(team=team, project=world.project, role="maintainer")
    StandingOrder.objects.all().delete()
    world.give()
    draft = world.stage()
    world.prove()
    change(world)
    stopped(_job_runs(draft), "terms", mailed=False)


def test_a_file_that_was_deleted_and_came_again_with_other_bytes_is_replaced(world):
    """It is true that nobody swaps a file for another by going through the page of the draft."""
    ci, first = world.token(), wheels.wheel(salt="first")
    draft = world.stage(first, SDIST, ci=ci)
    by = Actor.person(world.maintainer)
    deleting.delete_file(draft=draft, filename=first.filename, by=by, seen=first.sha256)
    draft = world.stage(WHEEL, ci=ci)
    world.prove()
    stopped(world.complete(draft), "replaced")


def test_a_file_that_was_deleted_and_came_again_as_it_was_is_not(world):
    ci = world.token()
    draft = world.stage(ci=ci)
    by = Actor.person(world.maintainer)
    deleting.delete_file(draft=draft, filename=WHEEL.filename, by=by, seen=WHEEL.sha256)
    draft = world.stage(WHEEL, ci=ci)
    world.prove()
    assert world.complete(draft).state == DraftState.PUBLISHED


def test_a_log_that_a_maintainer_pasted_is_no_evidence_for_an_order(world):
    """It is true that it is enough for the page, which shows a match."""
    world.hub.logs = {"build": b"nothing"}
    draft = world.stage()
    add.paste(
        draft=draft,
        data=says(WHEEL, SDIST),
        label="build",
        user=world.maintainer,
        by=Actor.person(world.maintainer),
    )
    draft = world.complete(draft)
    assert (draft.state, "match no log" in draft.order_said) == (DraftState.OPEN, True)


def test_an_announced_file_is_waited_for_whatever_a_maintainer_decided(world):
    """It is true of a person's publish that the decision opens the way."""
    draft = world.stage()
    Draft.objects.update(expects=[WHEEL.filename, "sampleproject-1.0-cp313-cp313-win_amd64.whl"])
    draft.refresh_from_db()
    blocker = next(one for one in policy.blockers(draft) if one.decision == DecisionKind.WITHOUT)
    decisions.decide(
        draft=draft,
        kind=DecisionKind.WITHOUT,
        what=blocker.what,
        reason="Nobody needs it.",
        by=Actor.person(world.maintainer),
        user=world.maintainer,
    )
    world.prove()
    draft = world.complete(draft)
    assert not policy.blockers(draft)
    assert draft.order_said.startswith("The standing order waits. Not here, and announced")


def test_without_an_inspected_last_release_no_finding_can_be_called_old(world):
    Inspection.objects.filter(file__release__isnull=False).delete()
    draft = world.stage()
    world.prove()
    assert "inspected whole" in stopped(world.complete(draft), "finding")


def test_a_provider_that_is_away_is_waited_for(world):
    """It is true that the workflow file is asked for again, and that the order stands meanwhile."""
    draft = world.stage()
    world.prove()
    world.hub.token = "revoked meanwhile"
    draft = world.complete(draft)
    assert draft.order_said.startswith("The standing order waits. Whether the workflow file changed")
    assert StandingOrder.objects.get().is_live
