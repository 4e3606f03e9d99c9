"""``files[].link`` of the Upload 2.0 answers: with the draft's token in it where CI may have the link, and read without a credential."""

import json

import pytest
from django.test import Client

from accounts.audit import Actor
from drafts.access import builders, links
from drafts.models import Draft, DraftLink, File, LinkForCi, Project
from tests import wheels
from tests.conftest import make_ci, publish
from tests.proofs import proof_of

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
SYSTEM = Actor.system("tests")
WHEEL, SDIST = wheels.wheel(), wheels.sdist()


def told(ci) -> dict[str, str]:
    """The links to the files of the draft, as paths, as this credential is told them."""
    draft = Draft.objects.latest("pk")
    body = json.loads(Client().get(f"/upload/{draft.handle}/", headers={"Authorization": ci.basic}).content)
    assert all(one["link"].startswith("http") for one in body["files"].values())
    return {name: "/" + one["link"].split("/", 3)[3] for name, one in body["files"].items()}


@pytest.fixture
def linked(draft, ci) -> dict[str, str]:
    """The links of a draft whose project gives CI the link."""
    Project.objects.update(link_for_ci=LinkForCi.FULL)
    return told(ci)


def test_by_default_a_link_asks_for_the_credential(draft, ci):
    """It is true that no token stands in it, and that without a credential it is 401."""
    for path in told(ci).values():
        assert "pcd_" not in path
        assert Client().get(path).status_code == 401
        assert Client().get(path, headers={"Authorization": ci.basic}).status_code == 200


def test_with_the_token_in_it_a_link_is_read_without_a_credential(linked, draft):
    """It is true that GET and HEAD answer the file's status, and that nothing of it is kept by caches."""
    token = links.token(DraftLink.objects.get())
    assert {path.split("/")[-2] for path in linked.values()} == {token}
    for path in linked.values():
        answer = Client().get(path)
        assert (answer.status_code, answer.json()["status"]) == (200, "completed")
        assert answer["Content-Type"] == "application/vnd.pypi.upload.v2+json"
        assert "no-store" in answer["Cache-Control"]
        assert Client().head(path).status_code == 200
    assert DraftLink.objects.get().uses > 0


def test_to_delete_still_takes_the_credential(linked, ci):
    path = linked[WHEEL.filename]
    assert Client().delete(path).status_code == 401
    assert File.objects.live().count() == 2
    other = make_ci(Project.objects.get(), label="other")
    assert Client().delete(path, headers={"Authorization": other.basic}).status_code == 403
    assert Client().delete(path, headers={"Authorization": ci.basic}).status_code == 204
    assert [file.filename for file in File.objects.live()] == [SDIST.filename]
    assert Client().post(path, b"x", content_type="x/y").status_code == 405


def _revoked(draft, mike):
    links.revoke(link=DraftLink.objects.get(), by=SYSTEM)


def _expired(draft, mike):
    DraftLink.objects.update(expires_at="2020-01-01T00:00:00Z")


def _quarantined(draft, mike):
    Project.objects.update(quarantined_at="2026-01-01T00:00:00Z", quarantine_reason="why")


ENDED = {"revoked": _revoked, "expired": _expired, "quarantined": _quarantined, "published": publish}


@pytest.mark.parametrize("end", ENDED.values(), ids=ENDED.keys())
def test_a_link_that_is_no_good_is_nothing(linked, draft, mike, end):
    """It is true that it is 404, in the same words as an address that never was."""
    end(draft, mike)
    path = linked[WHEEL.filename]
    answer, never = Client().get(path), Client().get(f"/upload/{'0' * 32}/files/{'0' * 32}/pcd_0/")
    assert (answer.status_code, never.status_code) == (404, 404)
    assert answer.content == never.content
    assert Client().head(path).status_code == 404


def test_a_link_opens_its_own_draft_alone(linked, draft, ci):
    """It is true that the token of one draft reads no file of another, nor of the sandbox's address."""
    assert ci.upload(wheels.wheel(version="2.0")).status_code == 200
    other = told(ci)["sampleproject-2.0-py3-none-any.whl"]
    mine = linked[WHEEL.filename]
    spliced = other.rsplit("/", 2)[0] + "/" + mine.split("/")[-2] + "/"
    assert Client().get(other).status_code == 200
    assert Client().get(spliced).status_code == 404
    assert Client().get(f"/sandbox{mine}").status_code == 404


def test_a_builder_is_told_links_without_a_token(draft, alice):
    """It is true that a credential which is not told the stage is not told it in the links either."""
    Project.objects.update(link_for_ci=LinkForCi.FULL)
    proof = proof_of(alice, builders.purpose(draft))
    options = {"name": "Ann", "patterns": ["*"], "expected": None, "days": 7, "by": SYSTEM, "proof": proof}
    _, token = builders.invite(draft=draft, **options)
    headers = {"Authorization": f"Bearer {token}"}
    answer = Client().get(f"/upload/{draft.handle}/", headers=headers)
    assert answer.status_code == 200
    assert b"files/" in answer.content
    assert b"pcd_" not in answer.content
