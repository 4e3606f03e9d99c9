"""Tokens of groups: one secret for all projects of a group, made by who owns them all, revoked by who owns any."""

import re

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.audit import Actor
from accounts.models import AuditEvent
from accounts.stepup import ProofRefused
from drafts.access import grouptokens, membership, readers, tokens
from drafts.access.grouptokens import Terms
from drafts.access.limits import Limits
from drafts.access.members import NotYours
from drafts.access.projects import create
from drafts.models import Changed, Draft, File, Group, GroupProject, Membership, Token, TokenKind
from tests import wheels
from tests.conftest import Ci, totp_code
from tests.proofs import proof_of
from tests.racing import race

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
SYSTEM = Actor.system("tests")
MAKE = "/groups/suite/tokens/"


@pytest.fixture
def other(alice):
    """A second project of alice's."""
    return create(name="other", by=SYSTEM, owner=alice.email)


@pytest.fixture
def suite(project, other):
    """The group of both."""
    group = Group.objects.create(name="suite")
    for one in (project, other):
        GroupProject.objects.create(group=group, project=one)
    return group


def browser(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def terms(**changes) -> Terms:
    told = {
        "kind": TokenKind.UPLOAD,
        "label": "release.yml",
        "days": 30,
        "add_only": False,
        "limits": Limits(),
    }
    return Terms(**{**told, **changes})


def made(group: Group, user, **changes) -> Ci:
    """A token of the group, made by its owner."""
    projects = list(group.members())
    token, text = grouptokens.make(
        group=group,
        projects=projects,
        terms=terms(**changes),
        by=SYSTEM,
        proof=proof_of(user, grouptokens.make_purpose(group, projects)),
    )
    return Ci(token=text, row=token)


def form(**changes) -> dict[str, str]:
    return {"label": "release.yml", "kind": "upload", "days": "30", "code": totp_code("alice"), **changes}


def where(token: Token, what: str) -> str:
    return f"{MAKE}{token.pk}/{what}/"


def stages(ci: Ci, name: str, **knobs) -> int:
    return ci.upload(wheels.wheel(name, **knobs)).status_code


def test_an_owner_of_all_makes_one_secret(suite, alice):
    """It is true that it is shown this once, stages for each project, and is on record in each project's chain."""
    owner = browser(alice)
    assert "good for 2 projects: other, sampleproject" in owner.get(MAKE).content.decode()
    page = owner.post(MAKE, form()).content.decode()
    text = re.search(r"pcu_\w+", page)[0]
    ci = Ci(token=text, row=Token.objects.first())
    assert [stages(ci, "sampleproject"), stages(ci, "other")] == [200, 200]
    assert {row.project.name for row in Draft.objects.all()} == {"sampleproject", "other"}
    scopes = AuditEvent.objects.filter(event="token:made").values_list("scope", flat=True)
    assert len(set(scopes)) == 2
    shown = owner.get("/groups/suite/").content.decode()
    assert "release.yml" in shown
    assert text not in shown


def test_it_stages_nothing_of_other_projects(suite, alice, charlie):
    create(name="third", by=SYSTEM, owner=charlie.email)
    assert stages(made(suite, alice), "third") == 403
    assert not File.objects.exists()


@pytest.mark.parametrize("kind", TokenKind)
def test_each_kind_does_its_own_for_all_projects(suite, alice, settings, kind):
    """It is true that one for evidence posts it, one for reading reads, and neither stages."""
    settings.INDEX_IS_PRIVATE = True
    ci = made(suite, alice, kind=kind)
    for name in ("sampleproject", "other"):
        assert stages(ci, name) == (200 if kind == TokenKind.UPLOAD else 403)
        line = f"{wheels.wheel(name).sha256}  {wheels.wheel(name).filename}"
        told = Client().post(
            f"/evidence/?project={name}&version=1.0", line, "text/plain", headers={"Authorization": ci.basic}
        )
        assert told.status_code == (403 if kind == TokenKind.READ else 202)
    answer = Client().get("/simple/", headers={"Authorization": ci.basic})
    assert answer.status_code == (200 if kind == TokenKind.READ else 401)
    if kind == TokenKind.READ:
        request = RequestFactory().get("/simple/", headers={"Authorization": ci.basic})
        mine = set(suite.members().values_list("pk", flat=True))
        assert readers.reader(request).projects == mine


def test_limits_hold_for_each_project(suite, alice):
    ci = made(suite, alice, limits=Limits.read(versions=["1.0"]), add_only=True)
    assert [stages(ci, name, version="2.0") for name in ("sampleproject", "other")] == [403, 403]
    assert [stages(ci, name) for name in ("sampleproject", "other")] == [200, 200]
    assert stages(ci, "other", salt="x") in {403, 409}
    away = made(suite, alice, limits=Limits.read(addresses=["10.0.0.0/8"]))
    assert [stages(away, name, build="1") for name in ("sampleproject", "other")] == [403, 403]


def test_who_owns_a_part_makes_none(suite, other, alice, mike):
    """It is true on the page and in the act, and that who owns none sees no tokens."""
    assert browser(mike).get(MAKE).status_code == 403
    assert "Tokens of the group" not in browser(mike).get("/groups/suite/").content.decode()
    Membership.objects.filter(user=mike).update(role="owner")
    assert browser(mike).post(MAKE, form(code=totp_code("mike"))).status_code == 403
    with pytest.raises(NotYours):
        made(suite, mike)
    assert not Token.objects.exists()


def test_a_proof_is_for_these_projects(suite, project, other, alice):
    """It is true that a code for one project's token, or for a smaller group, makes no token of the group."""
    projects = list(suite.members())
    for purpose in (tokens.make_purpose(project), grouptokens.make_purpose(suite, [project])):
        with pytest.raises(ProofRefused):
            grouptokens.make(
                group=suite, projects=projects, terms=terms(), by=SYSTEM, proof=proof_of(alice, purpose)
            )
    GroupProject.objects.filter(project=other).delete()
    with pytest.raises(Changed):
        grouptokens.make(
            group=suite,
            projects=projects,
            terms=terms(),
            by=SYSTEM,
            proof=proof_of(alice, grouptokens.make_purpose(suite, projects)),
        )
    assert not Token.objects.exists()


def test_an_owner_of_one_revokes_it_for_all_at_once(suite, alice, mike):
    """It is true that what it staged is listed, of the projects that the person owns, and goes in one act."""
    ci = made(suite, alice)
    for name in ("sampleproject", "other"):
        stages(ci, name)
    Membership.objects.filter(user=mike).update(role="owner")
    mikes = browser(mike)
    assert mikes.post(where(ci.row, "revoke"), {"code": "000000"}).status_code == 403
    answer = mikes.post(where(ci.row, "revoke"), {"code": totp_code("mike")})
    assert answer["Location"] == where(ci.row, "files")
    assert [stages(ci, name, build="1") for name in ("sampleproject", "other")] == [401, 401]
    assert AuditEvent.objects.filter(event="token:revoked").count() == 2
    page = mikes.get(where(ci.row, "files")).content.decode()
    assert "sampleproject-1.0" in page
    assert "other-1.0" not in page
    assert "Files of 1 project of the group that you do not own" in page
    alices = browser(alice)
    seen = re.search(r'name="seen" value="(\w+)"', alices.get(where(ci.row, "files")).content.decode())[1]
    assert alices.post(where(ci.row, "files"), {"seen": "0" * 64}).status_code == 409
    assert alices.post(where(ci.row, "files"), {"seen": seen}).status_code == 302
    assert not File.objects.live().exists()


def test_a_projects_page_leads_to_the_groups(suite, alice):
    ci = made(suite, alice)
    page = browser(alice).get("/projects/other/").content.decode()
    assert "good for all projects of the group suite" in page
    row = Token.objects.with_secret_of(ci.row).get(project__name="other")
    assert f"/groups/suite/tokens/{row.pk}/revoke/" in page


def test_a_project_that_leaves_takes_its_part_with_it(suite, other, alice):
    """It is true that the secret goes on for the others, and is not good again when the project comes back."""
    ci, alices = made(suite, alice), browser(alice)
    alices.post("/projects/other/group/", {"group": "", "code": totp_code("alice")})
    assert [stages(ci, "other"), stages(ci, "sampleproject")] == [403, 200]
    assert AuditEvent.objects.get(event="group:project-removed").details["tokens_ended"] == ["release.yml"]
    alices.post("/projects/other/group/", {"group": "suite", "code": totp_code("alice", ahead=1)})
    assert stages(ci, "other") == 403


def test_a_project_that_joins_is_added_to_what_is_good(suite, alice):
    """It is true that an owner of it said so with a code, and that what was revoked stays so."""
    gone, ci = made(suite, alice, label="gone"), made(suite, alice)
    Token.objects.with_secret_of(gone.row).update(revoked_at=gone.row.created_at)
    create(name="third", by=SYSTEM, owner=alice.email)
    assert stages(ci, "third") == 403
    browser(alice).post("/projects/third/group/", {"group": "suite", "code": totp_code("alice")})
    assert [stages(ci, "third"), stages(gone, "third")] == [200, 401]
    added = AuditEvent.objects.get(event="group:project-added")
    assert added.details["tokens_good"] == ["release.yml"]


def test_who_is_removed_from_one_project_stages_nothing_there(suite, project, alice, mike):
    """It is true that what the person made ends for that project, and goes on for those that are still theirs."""
    Membership.objects.filter(user=mike).update(role="owner")
    GroupProject.objects.exclude(project=project).delete()
    mine = create(name="mikes", by=SYSTEM, owner=mike.email)
    GroupProject.objects.create(group=suite, project=mine)
    ci = made(suite, mike)
    one = membership.made_by(project, mike)
    membership.remove(
        project=project,
        user=mike,
        keep=membership.NOTHING,
        seen=one.spelled,
        by=SYSTEM,
        proof=proof_of(alice, membership.remove_purpose(project, mike)),
    )
    assert [stages(ci, "sampleproject"), stages(ci, "mikes")] == [403, 200]


@pytest.mark.django_db(transaction=True)
def test_uploads_and_a_revocation_at_one_moment(suite, alice):
    """It is true that no file of any project is staged after the event of the revocation."""
    ci = made(suite, alice)
    proof = proof_of(alice, grouptokens.revoke_purpose(ci.row))
    answers = race(
        [
            *(lambda name=name: stages(ci, name) for name in ("sampleproject", "other")),
            lambda: grouptokens.revoke(token=ci.row, by=SYSTEM, proof=proof),
        ]
    )
    assert set(answers[:2]) <= {200, 401}
    assert answers[2] == ["sampleproject", "other"]
    assert File.objects.count() == answers[:2].count(200)
    for event in AuditEvent.objects.filter(event="file:staged"):
        revoked = AuditEvent.objects.get(event="token:revoked", scope=event.scope)
        assert event.seq < revoked.seq


def test_a_group_of_many_projects_costs_what_one_of_few_does(suite, alice):
    """It is true that the group's page, and the page that offers groups, ask no question for each project."""
    client, asked = browser(alice), []
    client.get("/groups/suite/")
    for number in range(2):
        for path in ("/groups/suite/", "/projects/other/group/"):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(path).status_code == 200
            asked.append(len(queries))
        for one in range(4):
            more = create(name=f"more{number}{one}", by=SYSTEM, owner=alice.email)
            GroupProject.objects.create(group=suite, project=more)
    assert asked[:2] == asked[2:]
