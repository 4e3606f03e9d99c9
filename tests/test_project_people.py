"""The people of a project: other roles, taking somebody out with what they made, leaving, and who stays the last owner."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent, FactorHold
from accounts.stepup import ProofRefused
from drafts.access import links, members, membership, tokens
from drafts.access.membership import Kept
from drafts.models import DraftLink, Membership, Role, Team, TeamMember, TeamRole, Token, TokenKind, standing
from tests import wheels
from tests.conftest import SECRETS, Ci, person, totp_code
from tests.proofs import proof_of
from tests.racing import race

pytestmark = [pytest.mark.django_db, pytest.mark.state]
PAGE = "/projects/sampleproject/people/"
SYSTEM = Actor.system("tests")


@pytest.fixture
def alices(project, alice) -> Client:
    """The owner's browser."""
    browser = Client()
    browser.force_login(alice)
    return browser


@pytest.fixture
def olga(project):
    """Owns the project too."""
    SECRETS.setdefault("olga", SECRETS["charlie"])
    user = person("olga")
    Membership.objects.create(project=project, user=user, role=Role.OWNER)
    return user


@pytest.fixture
def mikes_token(project, mike) -> Ci:
    """An upload token that mike made."""
    row, text = tokens.make(project=project, kind=TokenKind.UPLOAD, by=SYSTEM, user=mike, label="mike's")
    return Ci(text, row)


@pytest.fixture
def mikes_link(draft, mike) -> DraftLink:
    """A draft link that mike made."""
    return links.make(draft=draft, by=SYSTEM, user=mike, label="for testers")


def role_of(project, user) -> str | None:
    return standing.role_on(project, user)


def events() -> list[str]:
    rows = AuditEvent.objects.filter(event__startswith="member:").order_by("pk")
    return list(rows.values_list("event", flat=True))


def take_out(browser, project, user, **form):
    seen = membership.made_by(project, user).spelled
    path = f"{PAGE}{user.pk}/remove/"
    return browser.post(path, {"seen": seen, "code": totp_code("alice"), **form})


def test_members_see_who_is_on_the_project(alices, mikes, alice, mike, rita):
    """It is true that everybody on it is on the page, and only owners are offered to change it."""
    for browser, offered in ((alices, True), (mikes, False)):
        page = browser.get(PAGE).content.decode()
        assert all(f'data-person="{one.email}"' in page for one in (alice, mike, rita))
        assert "authenticator app" in page
        assert (f"{PAGE}{rita.pk}/remove/" in page) is offered
        assert (f"{PAGE}invite/" in page) is offered
    assert f"{PAGE}{alice.pk}/remove/" not in alices.get(PAGE).content.decode()


def test_an_owner_gives_another_role(alices, project, rita):
    answer = alices.post(f"{PAGE}{rita.pk}/role/", {"role": "maintainer", "code": totp_code("alice")})
    assert (answer.status_code, role_of(project, rita)) == (302, "maintainer")
    event = AuditEvent.objects.get(event="member:role-changed")
    assert (event.on_label, event.details["before"], event.details["after"]) == (
        rita.email,
        "reviewer",
        "maintainer",
    )
    assert timezone.now() - Membership.objects.get(user=rita).since < timedelta(minutes=1)


REFUSED = {
    "no code": ({"role": "owner", "code": ""}, 403),
    "a wrong code": ({"role": "owner", "code": "000000"}, 403),
    "no role": ({"role": ""}, 400),
    "no such role": ({"role": "admin"}, 400),
}


@pytest.mark.parametrize(("form", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_another_role_is_refused_in_words(alices, project, rita, form, status):
    answer = alices.post(f"{PAGE}{rita.pk}/role/", {"code": totp_code("alice"), **form})
    assert (answer.status_code, role_of(project, rita), events()) == (status, "reviewer", [])


def test_the_last_owner_stays_owner(alices, project, alice):
    """It is true that the only owner neither steps down, nor leaves, nor counts one whose account is closed."""
    Membership.objects.filter(role="maintainer").update(role=Role.OWNER)
    type(alice).objects.filter(email="mike@example.org").update(is_active=False)
    steps_down = alices.post(f"{PAGE}{alice.pk}/role/", {"role": "reviewer", "code": totp_code("alice")})
    leaves = alices.post(f"{PAGE}leave/", {"code": totp_code("alice")}, follow=True)
    assert steps_down.status_code == 302
    assert "needs an owner" in leaves.content.decode()
    assert (role_of(project, alice), events()) == ("owner", [])


def test_an_owner_by_a_team_is_an_owner_who_is_left(alices, project, alice, charlie):
    team = Team.objects.create(name="band")
    TeamMember.objects.create(team=team, user=charlie, is_lead=True)
    TeamRole.objects.create(team=team, project=project, role=Role.OWNER)
    assert alices.post(f"{PAGE}leave/", {"code": totp_code("alice")}).status_code == 302
    assert (role_of(project, alice), events()) == (None, ["member:left"])


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_once_leave_one(project, alice, olga):
    """It is true that the project's lock decides which of the two was the last."""
    proofs = {user: proof_of(user, membership.remove_purpose(project, user)) for user in (alice, olga)}

    def leave(user) -> str:
        try:
            membership.leave(project=project, by=Actor.person(user), proof=proofs[user])
        except members.LastOwner:
            return "stays"
        return "left"

    assert sorted(race([lambda: leave(alice), lambda: leave(olga)])) == ["left", "stays"]
    assert len(standing.people(project, (Role.OWNER,))) == 1


# --- taking somebody out ----------------------------------------------------------------------------------


@pytest.mark.promise
def test_who_is_taken_out_takes_nothing_along(alices, project, mike, mikes, mikes_token, mikes_link):
    """It is true that tokens and links that nobody took over end with the membership, at once."""
    page = alices.get(f"{PAGE}{mike.pk}/remove/").content.decode()
    assert "mike&#x27;s" in page
    assert "for testers" in page
    address = links.url(mikes_link).removeprefix("http://localhost:8000")
    path = address[address.index("/draft/") :]
    assert Client().get(path).status_code == 200
    answer = take_out(alices, project, mike)
    assert (answer.status_code, role_of(project, mike), events()) == (302, None, ["member:removed"])
    assert mikes.get(PAGE).status_code == 404
    assert mikes_token.upload(wheels.wheel(version="3.0")).status_code == 401
    assert Client().get(path).status_code == 404
    event = AuditEvent.objects.get(event="member:removed")
    assert (event.details["tokens_revoked"], event.details["links_revoked"]) == (["mike's"], ["for testers"])


def test_what_is_taken_over_goes_on(alices, project, alice, mike, mikes_token, mikes_link):
    """It is true that a ticked token and link are the owner's from then on."""
    take_out(alices, project, mike, token=[mikes_token.row.pk], link=[mikes_link.pk])
    assert mikes_token.upload(wheels.wheel(version="3.0")).status_code == 200
    assert Token.objects.get(pk=mikes_token.row.pk).created_by == alice
    mikes_link.refresh_from_db()
    assert (mikes_link.created_by, mikes_link.revoked_at) == (alice, None)
    assert role_of(project, mike) is None


def test_tokens_of_others_are_not_taken_over(alices, project, mike, rita, ci):
    """It is true that a made-up number moves no token."""
    Token.objects.filter(pk=ci.row.pk).update(created_by=rita)
    take_out(alices, project, mike, token=[ci.row.pk, "x", "²"])
    assert Token.objects.get(pk=ci.row.pk).created_by == rita


def test_a_token_that_was_made_meanwhile_is_shown_first(alices, project, mike, alice):
    """It is true that nothing is revoked that the page did not show."""
    seen = membership.made_by(project, mike).spelled
    tokens.make(project=project, kind=TokenKind.UPLOAD, by=SYSTEM, user=mike, label="just now")
    answer = take_out(alices, project, mike, seen=seen)
    assert (answer.status_code, "just now" in answer.content.decode()) == (409, True)
    assert (role_of(project, mike), events()) == ("maintainer", [])


def test_whom_a_team_keeps_on_the_project_loses_the_own_role_alone(alices, project, mike, mikes_token):
    team = Team.objects.create(name="band")
    TeamMember.objects.create(team=team, user=mike)
    TeamRole.objects.create(team=team, project=project, role=Role.REVIEWER)
    take_out(alices, project, mike)
    assert role_of(project, mike) == "reviewer"
    assert Token.objects.get(pk=mikes_token.row.pk).revoked_at is None


def test_who_leaves_ends_what_they_made(project, mikes, mike, mikes_token):
    answer = mikes.post(f"{PAGE}leave/", {"code": totp_code("mike")}, follow=True)
    assert "You left sampleproject. Revoked with it: 1 token." in answer.content.decode()
    assert mikes_token.upload(wheels.wheel(version="3.0")).status_code == 401
    assert events() == ["member:left"]


@pytest.mark.promise
def test_a_proof_takes_out_the_one_it_was_given_for(project, alice, mike, rita):
    """It is true that a second factor given against one member removes no other."""
    proof = proof_of(alice, membership.remove_purpose(project, rita))
    seen = membership.made_by(project, mike).spelled
    with pytest.raises(ProofRefused):
        membership.remove(project=project, user=mike, keep=Kept(), seen=seen, by=SYSTEM, proof=proof)
    proof = proof_of(alice, membership.role_purpose(project, rita, "reviewer"))
    with pytest.raises(ProofRefused):
        membership.change_role(project=project, user=rita, role=Role.OWNER, by=SYSTEM, proof=proof)
    assert (role_of(project, mike), role_of(project, rita)) == ("maintainer", "reviewer")


@pytest.mark.promise
def test_a_held_factor_takes_nobody_out_and_may_leave(alices, project, alice, olga, mike):
    """It is true that who took over an owner's account yesterday removes no other owner today."""
    FactorHold.objects.create(user=alice, until=timezone.now() + timedelta(hours=1), reason="it is new")
    assert take_out(alices, project, olga).status_code == 403
    assert role_of(project, olga) == "owner"
    assert alices.post(f"{PAGE}leave/", {"code": totp_code("alice")}).status_code == 302
    assert role_of(project, alice) is None


def test_who_is_no_owner_any_more_takes_nobody_out(project, alice, mike, olga):
    """It is true that the act asks for the role again, under the lock."""
    proof = proof_of(alice, membership.remove_purpose(project, mike))
    Membership.objects.filter(user=alice).update(role=Role.MAINTAINER)
    with pytest.raises(members.NotYours):
        membership.remove(
            project=project,
            user=mike,
            keep=Kept(),
            seen=membership.made_by(project, mike).spelled,
            by=SYSTEM,
            proof=proof,
        )
    assert role_of(project, mike) == "maintainer"
