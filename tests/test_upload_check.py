"""``POST /upload/check/FILENAME``: what the door would say, and nothing is kept."""

import hashlib

import pytest
from django.test import Client

from drafts.models import Draft, File, Project
from tests import wheels
from tests.conftest import make_ci

pytestmark = pytest.mark.django_db


def check(ci, built: wheels.Built, **headers):
    told = {"Authorization": ci.basic, **headers}
    kind = "application/octet-stream"
    return Client().generic("POST", f"/upload/check/{built.filename}", built.data, kind, headers=told)


def test_it_says_what_would_be_done(ci, nothing_kept):
    built = wheels.wheel()
    answer = check(ci, built)
    assert answer.status_code == 200
    assert answer.json()["would"] == "added"
    assert answer.json()["sha256"] == hashlib.sha256(built.data).hexdigest()


def test_it_knows_what_is_staged(ci):
    ci.upload(wheels.wheel())
    before = list(File.objects.values("pk", "state", "sha256"))
    assert check(ci, wheels.wheel()).json()["would"] == "unchanged"
    assert check(ci, wheels.wheel(salt="other")).json()["would"] == "replaced"
    assert list(File.objects.values("pk", "state", "sha256")) == before


@pytest.mark.promise
def test_it_lets_a_token_ask_no_more_than_it_may_do(ci, project):
    """It is true that what staging would refuse, asking refuses in the same words, and other projects stay unseen."""
    ci.upload(wheels.wheel())
    add_only = make_ci(project, add_only=True)
    asked = check(add_only, wheels.wheel(salt="other"))
    staged = add_only.upload(wheels.wheel(salt="other"))
    assert (asked.status_code, asked.json()["code"]) == (staged.status_code, staged.json()["code"])
    other = check(ci, wheels.wheel(name="otherproject"))
    assert (other.status_code, other.json()["code"]) == (400, "wrong-project")


def test_every_finding_is_told(ci, nothing_kept):
    answer = check(ci, wheels.wheel(says_name="other", says_version="9"))
    assert answer.status_code == 400
    assert {error["code"] for error in answer.json()["errors"]} >= {
        "metadata-name-differs",
        "metadata-version-differs",
    }


def test_it_takes_a_token(ci, nothing_kept):
    assert check(ci, wheels.wheel(), Authorization="Bearer nothing").status_code == 401


def test_it_is_bounded_by_the_quota(ci, nothing_kept):
    Project.objects.update(quota=100)
    assert check(ci, wheels.wheel()).status_code == 413
    assert not Draft.objects.exists()
