"""Teams hold roles on many projects: who says who is in one, what it may do, and what ends with it. Groups, too."""

import re

import pytest
from django.core import mail
from django.test import Client

from accounts.audit import Actor
from accounts.models import AuditEvent
from accounts.stepup import ProofRefused
from drafts.access import members, teams, tokens
from drafts.models import (
    Draft,
    Group,
    Membership,
    Project,
    Role,
    Team,
    TeamMember,
    TeamRole,
    TokenKind,
    standing,
)
from tests import wheels
from tests.conftest import Ci, totp_code
from tests.proofs import proof_of
from tests.test_roles import CIRCLES, METHODS, address, ask

pytestmark = [pytest.mark.django_db, pytest.mark.state]
SYSTEM = Actor.system("tests")


def browser_of(user) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def band(alice, charlie) -> Team:
    """alice leads it, charlie is in it; it has no role yet."""
    team = teams.make(name="band", user=alice, by=SYSTEM)
    TeamMember.objects.create(team=team, user=charlie)
    return team


def give(browser, role, team="band", name="alice", project="sampleproject"):
    form = {"team": team, "role": role, "code": totp_code(name)}
    return browser.post(f"/projects/{project}/people/team/", form)


@pytest.mark.django_db(transaction=True)
def test_a_team_is_made_filled_and_given_a_role(project, alice, charlie):
    """It is true that the walk from no team to a role on a project goes through pages."""
    alices = browser_of(alice)
    assert alices.post("/teams/", {"name": "The Band"})["Location"] == "/teams/the-band/"
    form = {"email": charlie.email, "code": totp_code("alice")}
    assert alices.post("/teams/the-band/invite/", form).status_code == 302
    path = re.search(r"(/invitations/\S+)", mail.outbox[-1].body)[1]
    assert browser_of(charlie).post(path)["Location"] == "/teams/the-band/"
    assert standing.role_on(project, charlie) is None
    assert give(alices, "maintainer", "the-band").status_code == 302
    assert standing.role_on(project, charlie) == "maintainer"
    assert "maintainer by the team the-band" in alices.get("/projects/sampleproject/people/").content.decode()
    said = AuditEvent.objects.filter(event__regex="^(team|invitation)").order_by("pk")
    assert [row.event for row in said] == [
        "team:made",
        "invitation:sent",
        "invitation:accepted",
        "team:role-given",
    ]
    assert any("The team the-band on sampleproject changed" in one.subject for one in mail.outbox)


@pytest.mark.promise
def test_a_teams_page_is_for_who_is_in_it(project, band, alice, charlie, rita):
    """It is true that strangers find no team or group, members see it, and only leads change it."""
    Group.objects.create(name="suite").projects.create(project=project)
    row = band.invitations.create(
        email="nora@example.org", token_sha256="x", invited_by=alice, expires_at="2099-01-01T00:00Z"
    )
    where = {
        "<slug:team>": "band",
        "<slug:group>": "suite",
        "<int:user_id>": str(alice.pk),
        "<int:invitation_id>": str(row.pk),
        "<int:token_id>": "1",
    }
    stranger = Membership.objects.get(user=rita).user
    Membership.objects.filter(user=rita).delete()
    events = AuditEvent.objects.count()
    for route, page in CIRCLES.items():
        for method in METHODS:
            path = address(route, where)
            assert ask(Client(), method, path).status_code == 302
            wanted = 404 if method in page.methods else 405
            assert ask(browser_of(stranger), method, path).status_code == wanted, (method, route)
            token = ask(Client(), method, path, Authorization="Bearer pcu_x")
            assert token.status_code == 403
            if route.startswith("teams") and method in page.methods:
                read = 200 if route == "teams/<slug:team>/" else 403
                assert ask(browser_of(charlie), method, path).status_code == read, (method, route)
    assert AuditEvent.objects.count() == events


NAMES = {
    "no name": ("", "is no name for a team"),
    "signs": ("a/b", "is no name for a team"),
    "too long": ("x" * 61, "longer than 60"),
    "taken": ("band", "There is a team band already"),
    "taken, spelled otherwise": ("BAND", "There is a team band already"),
}


@pytest.mark.parametrize(("name", "words"), NAMES.values(), ids=NAMES.keys())
def test_a_team_is_not_made_and_the_page_says_why(band, charlie, name, words):
    answer = browser_of(charlie).post("/teams/", {"name": name})
    assert (answer.status_code, words in answer.content.decode()) == (400, True)
    assert Team.objects.count() == 1


def test_a_person_leads_so_many_teams(band, alice, monkeypatch):
    monkeypatch.setattr(teams, "MOST", 1)
    assert "which is the most" in browser_of(alice).post("/teams/", {"name": "x"}).content.decode()


@pytest.mark.promise
def test_an_owner_gives_roles_to_own_teams_alone(project, alice, charlie):
    """It is true that a team that the owner is not in cannot be named, so that none is found by guessing."""
    teams.make(name="others", user=charlie, by=SYSTEM)
    answer = give(browser_of(alice), "owner", "others")
    assert (answer.status_code, TeamRole.objects.count()) == (400, 0)
    stranger = give(browser_of(alice), "owner", "nothing")
    assert answer.content.replace(b"others", b"nothing").count(b"choose a team") == 1
    assert stranger.status_code == 400


@pytest.mark.promise
def test_a_proof_gives_the_role_it_was_given_for(project, band, alice):
    proof = proof_of(alice, teams.role_purpose(project, band, "reviewer"))
    with pytest.raises(ProofRefused):
        teams.give_role(project=project, team=band, role=Role.OWNER, by=SYSTEM, proof=proof)
    assert not TeamRole.objects.exists()


def test_who_is_taken_out_of_a_team_loses_what_it_gave(project, draft, band, alice, charlie):
    """It is true that role, tokens and links end at once, on each project of the team."""
    TeamRole.objects.create(team=band, project=project, role=Role.OWNER)
    row, text = tokens.make(project=project, kind=TokenKind.UPLOAD, by=SYSTEM, user=charlie, label="c")
    browser = browser_of(alice)
    answer = browser.post(f"/teams/band/people/{charlie.pk}/remove/", {"code": totp_code("alice")})
    assert (answer.status_code, standing.role_on(project, charlie)) == (302, None)
    assert Ci(text, row).upload(wheels.wheel(version="3.0")).status_code == 401
    event = AuditEvent.objects.get(event="team:person-removed")
    assert (event.details["projects"], event.details["revoked"]) == (["sampleproject"], 1)


def test_a_teams_role_is_taken_away_with_what_its_people_made(project, band, alice, charlie):
    TeamRole.objects.create(team=band, project=project, role=Role.OWNER)
    row, text = tokens.make(project=project, kind=TokenKind.UPLOAD, by=SYSTEM, user=charlie, label="c")
    alices_row, alices_text = tokens.make(project=project, kind=TokenKind.UPLOAD, by=SYSTEM, user=alice)
    assert give(browser_of(alice), "none").status_code == 302
    assert standing.role_on(project, charlie) is None
    assert Ci(text, row).upload(wheels.wheel()).status_code == 401
    assert Ci(alices_text, alices_row).upload(wheels.wheel()).status_code == 200


@pytest.mark.promise
def test_no_act_on_a_team_leaves_a_project_without_an_owner(project, band, alice, charlie):
    """It is true that leaving a team, and taking or lowering its role, are refused for the last owner."""
    TeamRole.objects.create(team=band, project=project, role=Role.OWNER)
    Membership.objects.filter(user=alice).delete()
    TeamMember.objects.update(is_lead=True)
    type(charlie).objects.filter(pk=charlie.pk).update(is_active=False)
    browser = browser_of(alice)
    proof = proof_of(alice, teams.person_purpose(band, alice))
    with pytest.raises((members.LastOwner, teams.BadTeam)):
        teams.remove_person(team=band, user=alice, by=SYSTEM, proof=proof)
    for role in ("none", "reviewer"):
        assert "needs an owner" in give_and_follow(browser, role)
    assert standing.role_on(project, alice) == "owner"


def give_and_follow(browser, role) -> str:
    form = {"team": "band", "role": role, "code": totp_code("alice")}
    return browser.post("/projects/sampleproject/people/team/", form, follow=True).content.decode()


def test_a_team_keeps_a_lead_and_people_leave_by_themselves(band, alice, charlie):
    leave = browser_of(alice).post(
        f"/teams/band/people/{alice.pk}/remove/", {"code": totp_code("alice")}, follow=True
    )
    assert "needs a lead" in leave.content.decode()
    browser = browser_of(charlie)
    answer = browser.post(f"/teams/band/people/{charlie.pk}/remove/", {"code": totp_code("charlie")})
    assert answer["Location"] == "/teams/"
    assert list(band.people.values_list("user__email", flat=True)) == [alice.email]


# --- groups -----------------------------------------------------------------------------------------------


@pytest.fixture
def other(alice) -> Project:
    """A second project of alice's."""
    from drafts.access.projects import create

    return create(name="other", by=SYSTEM, owner=alice.email)


def choose(browser, project: str, group: str, name="alice"):
    form = {"group": group, "code": totp_code(name)}
    return browser.post(f"/projects/{project}/group/", form)


def test_projects_of_an_owner_become_a_group(project, other, alice, mike):
    """It is true that a new name makes a group, members see it, and a project is in one at most."""
    browser = browser_of(alice)
    assert choose(browser, "sampleproject", "The Suite")["Location"] == "/groups/the-suite/"
    assert choose(browser, "other", "the-suite").status_code == 302
    group = Group.objects.of(project)
    assert [row.name for row in group.members()] == ["other", "sampleproject"]
    assert browser_of(mike).get("/groups/the-suite/").status_code == 200
    assert choose(browser, "other", "another").status_code == 302
    assert [row.name for row in group.members()] == ["sampleproject"]
    assert choose(browser, "other", "")["Location"] == "/projects/other/"
    assert [row.name for row in Group.objects.all()] == ["the-suite"]
    said = AuditEvent.objects.filter(event__startswith="group:").order_by("pk")
    assert [row.event for row in said] == [
        "group:project-added",
        "group:project-added",
        "group:project-added",
        "group:project-removed",
    ]


@pytest.mark.promise
def test_nobody_joins_the_group_of_others(project, alice, charlie):
    """It is true that a guessed name lets nobody's project into a group, and shows none of its projects."""
    from drafts.access.projects import create

    create(name="charlies", by=SYSTEM, owner=charlie.email)
    choose(browser_of(alice), "sampleproject", "suite")
    answer = choose(browser_of(charlie), "charlies", "suite", "charlie")
    assert (answer.status_code, "you own none of its projects" in answer.content.decode()) == (400, True)
    assert "sampleproject" not in answer.content.decode()
    assert browser_of(charlie).get("/groups/suite/").status_code == 404
    assert [row.name for row in Group.objects.get().members()] == ["sampleproject"]


def test_a_group_of_drafts_is_asked_by_project(draft, alice):
    """It is true that what builds trains finds the group of a draft in one question."""
    choose(browser_of(alice), "sampleproject", "suite")
    assert Group.objects.of(Draft.objects.get().project).name == "suite"
