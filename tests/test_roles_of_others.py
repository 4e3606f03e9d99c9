"""The walk of every address, by those who came by another way: other tokens, teams' people, members who were removed."""

import pytest
from django.test import Client

from accounts.audit import Actor
from drafts.access import membership, tokens
from drafts.access.roles import may
from drafts.models import Membership, Role, Team, TeamMember, TeamRole, TokenKind
from tests.proofs import proof_of
from tests.test_roles import (
    CIRCLES,
    EVIDENCE,
    OPERATING,
    PAGES,
    UPLOADS,
    address,
    allowed,
    ask,
    state,
    where,
)
from tests.trusted import minted

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
__all__ = ["where"]


def of_kind(kind: TokenKind):
    def make(project, provider) -> str:
        return tokens.make(project=project, kind=kind, by=SYSTEM)[1]

    return make


def of_a_run(project, provider) -> str:
    return minted(provider).token


def revoked(project, provider) -> str:
    row, text = tokens.make(project=project, kind=TokenKind.UPLOAD, by=SYSTEM)
    tokens.revoke(token=row, by=SYSTEM)
    return text


TOKENS = {
    "a read token": of_kind(TokenKind.READ),
    "an evidence token": of_kind(TokenKind.EVIDENCE),
    "a minted token": of_a_run,
    "a revoked token": revoked,
}


@pytest.mark.promise
@pytest.mark.parametrize("make", TOKENS.values(), ids=TOKENS.keys())
def test_no_token_opens_a_page(where, project, publisher, provider, make):
    """It is true that every kind of token is refused as a token on every page."""
    bearer = f"Bearer {make(project, provider)}"
    before = state()
    names = {"<slug:team>": "band", "<slug:group>": "suite", **where}
    for route, page in {**PAGES, **CIRCLES, **OPERATING}.items():
        for method in page.methods:
            answer = ask(Client(), method, address(route, names), Authorization=bearer)
            assert answer.status_code == 403, (method, route)
    assert state() == before


@pytest.mark.promise
@pytest.mark.parametrize("kind", [TokenKind.READ, TokenKind.EVIDENCE])
def test_other_tokens_stage_nothing(where, project, kind):
    """It is true that a token which reads or posts evidence is 403 at every address that stages."""
    bearer = f"Bearer {tokens.make(project=project, kind=kind, by=SYSTEM)[1]}"
    before = state()
    names = {**where, "<str:file>": "0" * 32}
    for route in UPLOADS | (EVIDENCE if kind == TokenKind.READ else set()):
        answer = ask(Client(), "post", address(route, names), Authorization=bearer)
        assert answer.status_code in {403, 405}, route
    assert state() == before


@pytest.mark.promise
def test_a_member_who_was_taken_out_finds_nothing_anywhere(where, project, alice, mike):
    """It is true that every page of the project is 404 from that moment, in the session that was open."""
    browser = Client()
    browser.force_login(mike)
    proof = proof_of(alice, membership.remove_purpose(project, mike))
    seen = membership.made_by(project, mike).spelled
    membership.remove(project=project, user=mike, keep=membership.NOTHING, seen=seen, by=SYSTEM, proof=proof)
    before = state()
    for route, page in PAGES.items():
        for method in allowed(page) if page.act else []:
            assert ask(browser, method, address(route, where)).status_code == 404, (method, route)
    assert state() == before


@pytest.mark.parametrize("role", list(Role))
def test_a_teams_role_opens_what_an_own_one_opens(where, project, charlie, role):
    """It is true that somebody whom only a team puts on the project is shown what the role is for, and no more."""
    team = Team.objects.create(name="crew")
    TeamMember.objects.create(team=team, user=charlie)
    TeamRole.objects.create(team=team, project=project, role=role)
    assert not Membership.objects.filter(user=charlie).exists()
    browser = Client()
    browser.force_login(charlie)
    for route, page in PAGES.items():
        if page.act is not None and "get" in page.methods:
            wanted = 200 if may(role, page.act) else 403
            assert ask(browser, "get", address(route, where)).status_code == wanted, route
