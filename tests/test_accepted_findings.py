"""Findings on the draft's page: what is new, what is accepted, by whom, how far, and until when."""

import pytest
from django.urls import reverse

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.models import Draft, Remembered
from tests import wheels
from tests.conftest import draft_url, publish
from tests.inspected import blockers, stage_one
from tests.pressing import browser_of

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA" + "0" * 40 + "\n"


def accept(browser, draft, **changes):
    told = {"code": "leaked-credential", "pattern": "key.pem", "reason": "a key for tests", "scope": "draft"}
    return browser.post(draft_url(draft, "finding-accept"), {**told, **changes}, follow=True).content.decode()


@pytest.fixture
def leaky(ci):
    """A draft whose sdist holds a private key."""
    assert ci.upload(wheels.sdist(files={"key.pem": KEY})).status_code == 200
    return Draft.objects.get()


def test_a_leaked_credential_blocks_until_it_is_accepted(leaky, mikes, mike):
    page = mikes.get(draft_url(leaky)).content.decode()
    assert "Do not publish: 1 of 1 file holds a private key or token." in page
    page = accept(mikes, leaky)
    assert "1 accepted" in page
    assert "a key for tests" in page
    assert blockers(leaky) == {}
    event = AuditEvent.objects.get(event="finding:accepted")
    assert (event.details["label"], event.details["note"]) == (
        "leaked-credential of key.pem",
        "a key for tests",
    )
    mikes.post(reverse("finding-revoke", args=["sampleproject", Remembered.objects.get().pk]))
    assert list(blockers(leaky)) == ["credential-leaked"]


REFUSED_ACCEPTANCES = {
    "what is refused": {"code": "record-unlisted"},
    "what there is not": {"code": "no-such-code"},
    "without a reason": {"reason": "  "},
    "with too long a reason": {"reason": "x" * 1001},
    "with too long a pattern": {"pattern": "x" * 1025},
}


@pytest.mark.parametrize("case", REFUSED_ACCEPTANCES)
def test_some_things_are_not_accepted(leaky, mikes, case):
    assert "Nothing was accepted." in accept(mikes, leaky, **REFUSED_ACCEPTANCES[case])
    assert not Remembered.objects.exists()
    assert list(blockers(leaky)) == ["credential-leaked"]


def test_a_finding_is_accepted_once(leaky, mikes):
    accept(mikes, leaky)
    assert "accepted already" in accept(mikes, leaky)
    assert Remembered.objects.count() == 1


def test_reviewers_and_strangers_accept_nothing(leaky, mikes, rita, charlie):
    accept(mikes, leaky)
    row = Remembered.objects.get()
    for user, status in ((rita, 403), (charlie, 404)):
        browser = browser_of(user)
        assert browser.post(draft_url(leaky, "finding-accept"), {"code": "litter"}).status_code == status
        assert browser.post(reverse("finding-revoke", args=["sampleproject", row.pk])).status_code == status
    row.refresh_from_db()
    assert row.revoked_at is None


def test_an_acceptance_holds_for_its_pattern_and_no_further(leaky, mikes, ci):
    accept(mikes, leaky, pattern="tests/*")
    assert list(blockers(leaky)) == ["credential-leaked"]
    accept(mikes, leaky, pattern="*.pem")
    assert blockers(leaky) == {}


def test_an_acceptance_for_a_draft_ends_with_it_and_one_for_the_project_does_not(leaky, mikes, ci):
    accept(mikes, leaky)
    assert ci.upload(wheels.sdist(version="2.0", files={"key.pem": KEY})).status_code == 200
    second = Draft.objects.get(version="2.0")
    assert list(blockers(second)) == ["credential-leaked"]
    accept(mikes, second, scope="project")
    assert blockers(second) == {}
    listed = mikes.get(reverse("remembered", args=["sampleproject"])).content.decode()
    assert listed.count("a key for tests") == 2
    assert "in every draft" in listed


@pytest.mark.promise
def test_keys_that_are_not_listed_are_not_accepted_by_the_way(ci, mikes):
    """It is true that accepting the twenty places that are listed leaves the twenty-first against publishing."""
    keys = {f"tests/{number:02}.pem": KEY for number in range(20)}
    assert ci.upload(wheels.sdist(files={**keys, "zz.pem": KEY})).status_code == 200
    draft = Draft.objects.get()
    accept(mikes, draft, pattern="tests/*")
    assert list(blockers(draft)) == ["credential-leaked"]
    accept(mikes, draft, pattern="*")
    assert blockers(draft) == {}


def test_another_projects_acceptance_means_nothing_here(leaky, mikes, alice):
    from drafts.access.projects import create

    other = create(name="other", by=Actor.system("tests"), owner=alice.email)
    Remembered.objects.create(
        project=other, code="leaked-credential", severity="warn", pattern="*", reason="x", by=alice
    )
    assert list(blockers(leaky)) == ["credential-leaked"]


def test_only_what_is_new_since_the_last_release_counts(ci, mike, mikes):
    bad = {"files": {"sampleproject/.DS_Store": "x"}}
    first = stage_one(ci, **bad)
    assert ">1 new" in mikes.get(draft_url(first.draft)).content.decode()
    publish(first.draft, mike)
    second = stage_one(ci, version="1.1", **bad)
    page = mikes.get(draft_url(second.draft)).content.decode()
    assert "0 new, 1 as in 1.0" in page
    third = stage_one(ci, version="1.1", tag="py2-none-any", files={"sampleproject/.env": "x"})
    page = mikes.get(draft_url(third.draft)).content.decode()
    assert "1 new" in page


def test_many_files_with_one_finding_are_one_line(ci, mikes):
    for minor in range(6, 14):
        file = stage_one(ci, tag=f"cp3{minor}-cp3{minor}-win_amd64", files={"sampleproject/.DS_Store": "x"})
    page = mikes.get(draft_url(file.draft)).content.decode()
    assert page.count('id="finding-litter"') == 1
    assert "8 of 8 files" in page


def test_an_owner_allows_addresses_and_forbids_them_again(ci, alice, mikes):
    from accounts.audit import Actor
    from drafts.access.policy import Policy, purpose, set_policy
    from tests.loosened import pass_a_day
    from tests.proofs import proof_of

    file = stage_one(ci, requires_dist=("rich @ https://example.org/rich.whl",))
    assert list(blockers(file.draft)) == ["finding-refused"]
    for allowed in (True, False):
        project = file.draft.project
        project.refresh_from_db()
        policy = Policy(direct_urls=allowed)
        proof = proof_of(alice, purpose(project, policy))
        by = Actor.system("tests")
        assert set_policy(project=project, policy=policy, seen=Policy.of(project).spelled, by=by, proof=proof)
        pass_a_day()
        file.refresh_from_db()
        assert file.refused is not allowed
        assert (blockers(file.draft) == {}) is allowed
