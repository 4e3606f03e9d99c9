"""Operators' pages about people: closing accounts, recoveries, and tokens that read the whole index."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import people as accounts
from accounts.models import AuditEvent, Recovery, Session, User
from accounts.stepup import ProofRefused
from drafts.access import links, operating, tokens
from drafts.access.operating import NoOperator
from drafts.models import DraftLink, IndexToken, Token, TokenKind
from tests import wheels
from tests.conftest import PASSWORD, SECRETS, Ci, sign_in, totp_code
from tests.proofs import proof_of
from tests.test_roles import METHODS, OPERATING, address, ask

pytestmark = [pytest.mark.django_db, pytest.mark.state]


@pytest.fixture
def opal(db) -> User:
    """Runs the server."""
    SECRETS.setdefault("opal", SECRETS["rita"])
    return accounts.add(
        email="opal@example.org",
        name="opal",
        password=PASSWORD,
        totp_secret=SECRETS["opal"],
        staff=True,
        by=operating.Actor.system("tests"),
    )


@pytest.fixture
def opals(opal) -> Client:
    """The operator's browser."""
    browser = Client()
    browser.force_login(opal)
    return browser


def do(browser, user, act, **form):
    return browser.post(f"/operators/people/{user.pk}/", {"act": act, "code": totp_code("opal"), **form})


@pytest.mark.promise
def test_an_operators_page_is_none_for_everybody_else(project, opals, alice, mike, ci):
    """It is true that owners too find nothing at operators' addresses, and tokens are refused as tokens."""
    token = IndexToken.objects.create(label="x", token_sha256="x", expires_at=timezone.now())
    where = {
        "<projects:name>": "projects/sampleproject",
        "<int:user_id>": str(mike.pk),
        "<int:token_id>": str(token.pk),
    }
    owner = Client()
    owner.force_login(alice)
    events = AuditEvent.objects.count()
    for route, page in OPERATING.items():
        path = address(route, where)
        for method in METHODS:
            assert ask(Client(), method, path).status_code == 302
            assert ask(Client(), method, path, Authorization=ci.basic).status_code == 403
            wanted = 404 if method in page.methods else 405
            assert ask(owner, method, path).status_code == wanted, (method, route)
        assert ask(opals, "get", path).status_code == 200, route
    assert AuditEvent.objects.count() == events


def test_people_are_found_by_address_and_name(opals, alice, mike):
    page = opals.get("/operators/people/?q=MIK").content.decode()
    assert 'data-person="mike@example.org"' in page
    assert "alice@example.org" not in page
    assert "Nobody like “nobody”" in opals.get("/operators/people/?q=nobody").content.decode()


def test_a_closed_account_has_nothing_left_that_opens_anything(project, draft, opals, mike):
    """It is true that sign-ins, tokens and draft links end at once, and nothing signs the person in."""
    browser = sign_in(mike)
    by = operating.Actor.system("tests")
    row, text = tokens.make(project=project, kind=TokenKind.UPLOAD, by=by, user=mike, label="mike's")
    link = links.make(draft=draft, by=by, user=mike)
    page = opals.get(f"/operators/people/{mike.pk}/").content.decode()
    assert "revokes 1 token and 1 draft link" in page
    assert do(opals, mike, operating.CLOSE, reason="left the company").status_code == 302
    assert browser.get("/")["Location"].startswith("/accounts/login/")
    assert not Session.objects.filter(user=mike).exists()
    assert Ci(text, row).upload(wheels.wheel(version="3.0")).status_code == 401
    assert DraftLink.objects.get(pk=link.pk).revoked_at is not None
    step = Client().post("/accounts/login/", {"login": mike.email, "password": PASSWORD})
    assert "code" not in step.get("Location", "")
    event = AuditEvent.objects.get(event="person:closed")
    said = {name: event.details[name] for name in ("reason", "tokens", "links")}
    assert said == {"reason": "left the company", "tokens": 1, "links": 1}
    assert event.actor_label == "opal"


def test_an_account_is_opened_again_with_nothing_given_back(project, opals, mike):
    by = operating.Actor.system("tests")
    row, _ = tokens.make(project=project, kind=TokenKind.UPLOAD, by=by, user=mike)
    do(opals, mike, operating.CLOSE)
    assert do(opals, mike, operating.OPEN).status_code == 302
    mike.refresh_from_db()
    assert (mike.is_active, Token.objects.get(pk=row.pk).is_valid) == (True, False)
    assert do(opals, mike, operating.OPEN).status_code == 409


def test_the_page_says_which_projects_are_left_without_an_owner(project, opals, alice, mike):
    assert "without an owner: sampleproject" in opals.get(f"/operators/people/{alice.pk}/").content.decode()
    assert "without an owner" not in opals.get(f"/operators/people/{mike.pk}/").content.decode()


REFUSED = {
    "no act": ({"act": ""}, 400),
    "no such act": ({"act": "delete"}, 400),
    "a wrong code": ({"code": "000000"}, 403),
}


@pytest.mark.parametrize(("form", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_an_operators_act_is_refused_in_words(opals, mike, form, status):
    answer = do(opals, mike, **{"act": operating.CLOSE, **form})
    assert (answer.status_code, 'role="alert"' in answer.content.decode()) == (status, True)
    assert User.objects.get(pk=mike.pk).is_active


@pytest.mark.promise
def test_who_is_no_operator_proves_nothing_as_one(opal, alice, mike):
    """It is true that the acts ask again who it is, for this act and this person, and nobody closes themselves."""
    by = operating.Actor.person(alice)
    with pytest.raises(NoOperator):
        operating.close(
            user=mike, reason="", by=by, proof=proof_of(alice, operating.purpose(operating.CLOSE, mike))
        )
    with pytest.raises(NoOperator):
        operating.close(
            user=opal, reason="", by=by, proof=proof_of(opal, operating.purpose(operating.CLOSE, opal))
        )
    for purpose in (
        operating.purpose(operating.CLOSE, alice),
        operating.purpose(operating.RECOVER, mike),
    ):
        with pytest.raises(ProofRefused):
            operating.close(user=mike, reason="", by=by, proof=proof_of(opal, purpose))
    assert not User.objects.filter(is_active=False).exists()


def test_a_recovery_is_opened_and_finished_on_the_page(project, opals, mike):
    """It is true that the page does what the command does, and shows the link once."""
    assert do(opals, mike, operating.RECOVER).status_code == 302
    assert do(opals, mike, operating.FINISH).status_code == 409
    Recovery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    page = do(opals, mike, operating.FINISH).content.decode()
    path = re.search(r"http://[^/]+(/welcome/\S+?/)<", page)[1]
    assert Client(REMOTE_ADDR="192.0.2.7").get(path).status_code == 200


# --- tokens of the whole index ------------------------------------------------------------------------------


def test_an_operator_makes_and_revokes_a_token_of_the_whole_index(opals):
    form = {"label": "deploy hosts", "days": "30", "code": totp_code("opal")}
    page = opals.post("/operators/tokens/", form).content.decode()
    assert re.search(r">pcr_[0-9A-Za-z]{40,}<", page)
    row = IndexToken.objects.get()
    assert timedelta(days=29) < row.expires_at - timezone.now() <= timedelta(days=30)
    assert "deploy hosts" in opals.get("/operators/tokens/").content.decode()
    path = f"/operators/tokens/{row.pk}/revoke/"
    assert opals.post(path, {"code": "000000"}).status_code == 403
    assert opals.post(path, {"code": totp_code("opal")}).status_code == 302
    assert not IndexToken.objects.valid().exists()
    said = AuditEvent.objects.filter(event__startswith="index-token").order_by("pk")
    assert [row.event for row in said] == ["index-token:made", "index-token:revoked"]


@pytest.mark.parametrize("days", ["0", "", "x", "-1", "3651", "²", "9" * 30])
def test_a_token_of_the_whole_index_ends_one_day(opals, days):
    answer = opals.post("/operators/tokens/", {"label": "x", "days": days, "code": totp_code("opal")})
    assert (answer.status_code, IndexToken.objects.count()) == (400, 0)
