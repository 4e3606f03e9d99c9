"""Owners make and revoke tokens on pages; what a leaked one staged is listed and deleted in one act."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent, FactorHold
from accounts.stepup import ProofRefused
from drafts import secrets
from drafts.access import members, projects, tokens
from drafts.access.limits import Limits
from drafts.intake import deleting, stage, withdraw
from drafts.models import Changed, Draft, File, Membership, Token, TokenKind
from tests import wheels
from tests.conftest import Ci, draft_url, make_ci, publish, totp_code
from tests.proofs import proof_of
from tests.racing import race

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
PROJECT = "/projects/sampleproject/"


@pytest.fixture
def owner(project, alice) -> Client:
    """A browser in which the owner is signed in."""
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def maintainer(project, mike) -> Client:
    """A browser in which the maintainer is signed in."""
    client = Client()
    client.force_login(mike)
    return client


def form(**changes) -> dict[str, str]:
    return {"label": "release.yml", "kind": "upload", "days": "30", "code": totp_code("alice"), **changes}


def path(token: Token, what: str) -> str:
    return f"{PROJECT}tokens/{token.pk}/{what}/"


def page_of(response) -> str:
    return response.content.decode()


# --- making -------------------------------------------------------------------------------------------


def test_an_owner_makes_a_token(owner, alice):
    """It is true that the token is shown this once, on a page that nothing keeps, and stages files."""
    assert owner.get(f"{PROJECT}tokens/").status_code == 200
    limits = {
        "add_only": "on",
        "versions": "1.0, 2.0",
        "patterns": "*-none-any.whl",
        "addresses": "127.0.0.0/8",
    }
    response = owner.post(f"{PROJECT}tokens/", form(**limits))
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    text = re.search(r"data-token-text>(pcu_\w+)<", page_of(response))[1]
    assert secrets.read(secrets.Prefix.UPLOAD, text, 32)
    row = Token.objects.get()
    assert (row.label, row.kind, row.add_only, row.created_by) == ("release.yml", "upload", True, alice)
    assert (row.versions, row.patterns, row.addresses) == (["1", "2"], ["*-none-any.whl"], ["127.0.0.0/8"])
    assert 29 <= (row.expires_at - timezone.now()).days <= 30
    assert Ci(text, row).upload(wheels.wheel()).status_code == 200
    event = AuditEvent.objects.get(event="token:made")
    assert (event.actor_kind, event.details["days"], event.details["method"]) == ("person", 30, "totp")
    assert text not in repr(event.details)
    assert text not in page_of(owner.get(PROJECT))


@pytest.mark.parametrize("kind", ["evidence", "read"])
def test_a_token_of_another_kind(owner, kind):
    assert owner.post(f"{PROJECT}tokens/", form(kind=kind)).status_code == 200
    assert Token.objects.get().kind == kind


REFUSED = {
    "no label": ({"label": ""}, 400, "Say where the token is used."),
    "no kind": ({"kind": "master"}, 400, "Choose what the token is for."),
    "no days": ({"days": "0"}, 400, "1 to 3650 days"),
    "too many days": ({"days": "3651"}, 400, "1 to 3650 days"),
    "a version that is none": ({"versions": "1.0 one"}, 400, "is not a version"),
    "a pattern that is none": ({"patterns": "a/b"}, 400, "is not a pattern"),
    "an address that is none": ({"addresses": "office"}, 400, "is not a network"),
    "limits for reading": ({"kind": "read", "versions": "1.0"}, 400, "Limits are for upload tokens"),
    "add-only evidence": ({"kind": "evidence", "add_only": "on"}, 400, "Limits are for upload tokens"),
    "no code": ({"code": ""}, 403, "Type the six digits"),
    "a wrong code": ({"code": "000000"}, 403, "That code is wrong"),
}


@pytest.mark.parametrize(("changes", "status", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_token_is_refused_in_words(owner, changes, status, words):
    """It is true that no token is made, the words say why, and what was typed stays."""
    response = owner.post(f"{PROJECT}tokens/", form(**changes))
    assert (response.status_code, words in page_of(response)) == (status, True)
    assert "label" in changes or 'value="release.yml"' in page_of(response)
    assert "versions" not in changes or f'value="{changes["versions"]}"' in page_of(response)
    assert not Token.objects.exists()


def test_the_page_lists_what_each_token_may(owner, project):
    """It is true that owners see label, limits, use and end of every token; a builder's or leaked one too."""
    limits = Limits.read(versions=["1.0"], patterns=["*-macosx_*"], addresses=["10.0.0.0/8"])
    make_ci(project, label="mac box", limits=limits, add_only=True)
    used = make_ci(project, label="release.yml")
    used.upload(wheels.wheel())
    gone = make_ci(project, label="old laptop")
    tokens.revoke(token=gone.row, by=SYSTEM)
    page = page_of(owner.get(PROJECT))
    for words in ("files like *-macosx_*", "version 1", "from 10.0.0.0/8", "adds files, replaces none"):
        assert words in page
    assert 'data-token="old laptop" data-kind="upload" data-revoked' in page
    assert page.index('data-token="release.yml"') < page.index('data-token="old laptop"')
    assert path(used.row, "revoke") in page
    assert f'href="{path(gone.row, "revoke")}">It leaked…' in page


def test_only_owners_see_tokens(maintainer, ci):
    page = page_of(maintainer.get(PROJECT))
    assert "data-token=" not in page
    assert "/tokens/" not in page
    assert f"{PROJECT}settings/" not in page


# --- revoking -----------------------------------------------------------------------------------------


def test_an_owner_revokes_a_token_and_sees_what_it_staged(owner, ci, draft):
    """It is true that it is refused from that moment, with one event, and the next page lists its files."""
    assert owner.get(path(ci.row, "revoke")).status_code == 200
    response = owner.post(path(ci.row, "revoke"), {"code": totp_code("alice")}, follow=True)
    assert response.redirect_chain[0][0] == path(ci.row, "files")
    assert f'data-file="{wheels.wheel().filename}"' in page_of(response)
    assert ci.upload(wheels.wheel(build="1")).status_code == 401
    assert AuditEvent.objects.filter(event="token:revoked").count() == 1
    again = owner.post(path(ci.row, "revoke"), {"code": totp_code("alice")}, follow=True)
    assert "was revoked before" in page_of(again)
    assert AuditEvent.objects.filter(event="token:revoked").count() == 1


@pytest.mark.parametrize("code", ["", "000000"])
def test_revoking_takes_a_code(owner, ci, code):
    assert owner.post(path(ci.row, "revoke"), {"code": code}).status_code == 403
    assert Token.objects.get().is_valid


def test_a_fresh_factor_revokes_and_does_not_make(owner, alice, ci):
    """It is true that a hold after a recovery keeps an owner from making tokens, and from taking none away."""
    until = timezone.now() + timezone.timedelta(hours=72)
    FactorHold.objects.create(user=alice, until=until, reason="a recovery code was used to sign in")
    response = owner.post(f"{PROJECT}tokens/", form())
    assert (response.status_code, "is not good for this before" in page_of(response)) == (403, True)
    assert Token.objects.count() == 1
    assert owner.post(path(ci.row, "revoke"), {"code": totp_code("alice")}).status_code == 302
    assert not Token.objects.get().is_valid


@pytest.mark.promise
def test_the_acts_take_a_proof_of_their_own(project, alice, ci):
    """It is true that a proof for one act, token or project is good for no other, and the role is asked again."""
    other = make_ci(project, label="other").row
    told = {
        "kind": TokenKind.UPLOAD,
        "label": "x",
        "days": 1,
        "add_only": False,
        "limits": Limits(),
        "by": SYSTEM,
    }
    another = projects.create(name="another", by=SYSTEM, owner=alice.email)
    for purpose in (tokens.revoke_purpose(ci.row), tokens.make_purpose(another)):
        proof = proof_of(alice, purpose)
        with pytest.raises(ProofRefused):
            tokens.make_as_owner(project=project, proof=proof, **told)
    for purpose in (tokens.make_purpose(project), tokens.revoke_purpose(other)):
        proof = proof_of(alice, purpose)
        with pytest.raises(ProofRefused):
            tokens.revoke_as_owner(token=ci.row, by=SYSTEM, proof=proof)
    Membership.objects.filter(user=alice).update(role="maintainer")
    making, revoking = tokens.make_purpose(project), tokens.revoke_purpose(ci.row)
    proof = proof_of(alice, making)
    with pytest.raises(members.NotYours):
        tokens.make_as_owner(project=project, proof=proof, **told)
    proof = proof_of(alice, revoking)
    with pytest.raises(members.NotYours):
        tokens.revoke_as_owner(token=ci.row, by=SYSTEM, proof=proof)
    assert Token.objects.valid().count() == 2


def test_another_projects_token_is_not_there(owner, alice, ci):
    """It is true that a token is found under its own project alone."""
    projects.create(name="another", by=SYSTEM, owner=alice.email)
    for what in ("revoke", "files"):
        for method in (owner.get, owner.post):
            assert method(f"/projects/another/tokens/{ci.row.pk}/{what}/").status_code == 404
    assert Token.objects.get().is_valid


# --- everything it staged -----------------------------------------------------------------------------


def everything(token: Token) -> str:
    return withdraw.spelled(withdraw.deletable(withdraw.staged_by(token)))


def test_a_maintainer_deletes_everything_a_token_staged(maintainer, project, ci, draft, mike):
    """It is true that its files leave all drafts, each with an event; others' files and published ones stay."""
    other = make_ci(project, label="other")
    other.upload(wheels.wheel(build="1"))
    ci.upload(wheels.wheel(version="2.0"))
    ci.upload(wheels.wheel(version="3.0"))
    publish(Draft.objects.get(version="3.0"), mike)
    page = page_of(maintainer.get(path(ci.row, "files")))
    assert "Delete 3 files of release.yml from the drafts" in page
    assert 'data-state="published"' in page
    response = maintainer.post(path(ci.row, "files"), {"seen": everything(ci.row)}, follow=True)
    assert "3 files of the token" in page_of(response)
    assert AuditEvent.objects.filter(event="file:deleted").count() == 3
    assert list(File.objects.live().values_list("filename", flat=True).order_by("pk")) == [
        wheels.wheel(build="1").filename,
        wheels.wheel(version="3.0").filename,
    ]


def test_what_came_since_the_page_was_shown_is_shown_first(maintainer, ci, draft):
    """It is true that nothing is deleted unseen: the page comes again, with what is there now."""
    seen = everything(ci.row)
    ci.upload(wheels.wheel(build="1"))
    response = maintainer.post(path(ci.row, "files"), {"seen": seen})
    assert (response.status_code, "Nothing was deleted" in page_of(response)) == (409, True)
    assert wheels.wheel(build="1").filename in page_of(response)
    assert draft.files.live().count() == 3


@pytest.mark.promise
def test_all_or_nothing_is_deleted(ci, draft, monkeypatch):
    """It is true that files and events go together: one that cannot be deleted keeps them all."""
    delete, seen, calls = deleting.delete_file, everything(ci.row), []

    def second_fails(**told):
        calls.append(told["filename"])
        if len(calls) == 2:
            raise Changed("replaced meanwhile")
        delete(**told)

    monkeypatch.setattr(deleting, "delete_file", second_fails)
    with pytest.raises(Changed):
        withdraw.withdraw(source=ci.row, by=SYSTEM, seen=seen)
    assert draft.files.live().count() == 2
    assert not AuditEvent.objects.filter(event="file:deleted").exists()


def test_a_draft_that_ended_keeps_its_record(maintainer, ci, draft):
    stage.cancel(draft=draft, by=SYSTEM)
    page = page_of(maintainer.get(path(ci.row, "files")))
    assert "in a draft that was canceled" in page
    assert "from the drafts</button>" not in page


@pytest.mark.promise
@pytest.mark.django_db(transaction=True)
def test_uploads_and_a_revocation_at_one_moment(project):
    """It is true that no file is staged after the event of the token's revocation."""
    ci = make_ci(project)
    answers = race(
        [
            *(lambda build=build: ci.upload(wheels.wheel(build=build)).status_code for build in "123"),
            lambda: tokens.revoke(token=ci.row, by=SYSTEM),
        ]
    )
    assert set(answers[:3]) <= {200, 401}
    assert answers[3]
    revoked = AuditEvent.objects.get(event="token:revoked").seq
    staged = AuditEvent.objects.filter(event="file:staged")
    assert staged.count() == answers[:3].count(200) == File.objects.count()
    assert all(event.seq < revoked for event in staged)


def test_a_draft_page_leads_to_no_token(maintainer, draft, ci):
    """It is true that pages name tokens by label, and never hold a token."""
    assert ci.token not in page_of(maintainer.get(draft_url(draft)))
