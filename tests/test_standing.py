"""How a person stands on a project: the higher of their own role and their teams', wherever it is asked."""

import pytest
from django.core import mail
from django.test import Client

from accounts.mail import Letter
from drafts.access import members, vouch
from drafts.access.roles import Act
from drafts.models import Draft, Membership, Project, Role, Team, TeamMember, TeamRole, standing
from drafts.notify.mail import News, tell
from tests.conftest import do_jobs, draft_url, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def band(project, charlie) -> Team:
    """A team of charlie's that maintains sampleproject."""
    team = Team.objects.create(name="band")
    TeamMember.objects.create(team=team, user=charlie)
    TeamRole.objects.create(team=team, project=project, role=Role.MAINTAINER)
    return team


TABLE = {
    "a stranger": ("", [], None),
    "an own role alone": ("reviewer", [], "reviewer"),
    "a team's role alone": ("", ["maintainer"], "maintainer"),
    "the team's is higher": ("reviewer", ["owner"], "owner"),
    "the own one is higher": ("owner", ["reviewer"], "owner"),
    "the same twice": ("maintainer", ["maintainer"], "maintainer"),
    "the highest of several teams": ("reviewer", ["reviewer", "owner", "maintainer"], "owner"),
}


@pytest.mark.parametrize(("own", "teams", "counts"), TABLE.values(), ids=TABLE.keys())
def test_the_higher_role_counts_in_every_question(project, charlie, own, teams, counts):
    """It is true that each way to ask gives the same answer."""
    if own:
        Membership.objects.create(project=project, user=charlie, role=own)
    for number, role in enumerate(teams):
        team = Team.objects.create(name=f"team-{number}")
        TeamMember.objects.create(team=team, user=charlie)
        TeamRole.objects.create(team=team, project=project, role=role)
    ranked = Project.objects.annotate(rank=standing.rank_for(charlie)).get()
    found = {one.user: one.role for one in standing.standings(project)}
    assert standing.role_on(project, charlie) == counts
    assert standing.roles_of(charlie).get(project.pk) == counts
    assert standing.role_of_rank(ranked.rank) == counts
    assert found.get(charlie) == counts
    assert Project.objects.visible_to(charlie).exists() == (counts is not None)
    assert members.allows(project, charlie, Act.SEE) == (counts is not None)


def test_a_teams_maintainer_sees_and_publishes(band, draft, charlie):
    """It is true that gate, queue and act know of the team's role."""
    browser = Client()
    browser.force_login(charlie)
    assert browser.get(draft_url(draft)).status_code == 200
    assert "sampleproject" in browser.get("/").content.decode()
    assert browser.get("/projects/sampleproject/settings/").status_code == 403
    assert publish(draft, charlie).status_code == 302
    assert Draft.objects.get().state == "published"


def test_who_left_the_team_is_a_stranger_at_once(band, draft, charlie):
    browser = Client()
    browser.force_login(charlie)
    assert browser.get(draft_url(draft)).status_code == 200
    TeamMember.objects.all().delete()
    assert browser.get(draft_url(draft)).status_code == 404
    assert not Draft.objects.visible_to(charlie).exists()


def test_a_team_on_one_project_is_a_stranger_to_others(band, charlie, alice):
    """It is true that a role is of its project alone."""
    other = Project.objects.create(name="other")
    assert standing.roles_of(charlie).keys() == {band.roles.get().project_id}
    assert standing.role_on(other, charlie) is None
    assert [project.name for project in Project.objects.visible_to(charlie)] == ["sampleproject"]


@pytest.mark.django_db(transaction=True)
def test_news_reach_people_once_by_the_role_that_counts(band, project, charlie, rita, mike, alice):
    """It is true that mail to maintainers reaches a reviewer whom a team makes one, once, and no closed account."""
    TeamMember.objects.create(team=band, user=rita)
    TeamMember.objects.create(team=band, user=alice)
    type(mike).objects.filter(pk=mike.pk).update(is_active=False)
    tell(News.PUBLISHED, project=project, letter=Letter("news", ("There is news.",)))
    do_jobs()
    assert sorted(message.to[0] for message in mail.outbox) == [alice.email, charlie.email, rita.email]


def test_whom_a_team_lets_publish_elsewhere_is_not_for_one_owner_to_vouch_for(band, alice, charlie):
    """It is true that vouching asks for all projects on which the member publishes, by teams too."""
    other = Project.objects.create(name="other")
    TeamRole.objects.create(team=band, project=other, role=Role.MAINTAINER)
    assert vouch._not_owned(charlie, by=alice) == ["other"]


def test_an_owner_whose_account_is_closed_is_no_owner_who_is_left(project, alice):
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    with pytest.raises(members.LastOwner, match="needs an owner"):
        members.keep_an_owner(project)
