"""What a stolen upload token can use up, in the numbers that the server ships with, and how long it is told of what ended."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from drafts.intake import quota, stage
from drafts.models import Draft
from tests.conftest import SYSTEM, make_ci

pytestmark = pytest.mark.django_db
TYPE = "application/vnd.pypi.upload.v2+json"
LIVE, AN_HOUR = 20, 5


def opened(ci, version: int):
    """Ask for the draft of a version."""
    body = {"meta": {"api-version": "2.0"}, "name": "sampleproject", "version": f"{version}.0"}
    return Client().post("/upload/", json.dumps(body), content_type=TYPE, headers={"Authorization": ci.basic})


def test_a_token_opens_five_drafts_an_hour_and_a_project_has_twenty(project):
    """It is true that the sixth of a token and the twenty-first of a project are 429, in words, with a time to come back."""
    for number in range(LIVE // AN_HOUR):
        ci = make_ci(project, label=f"token {number}")
        first = number * AN_HOUR
        assert [opened(ci, first + at).status_code for at in range(1, AN_HOUR + 1)] == [201] * AN_HOUR
        if not number:
            sixth = opened(ci, 99)
            assert (sixth.status_code, sixth.json()["code"]) == (429, "too-many-drafts")
            assert int(sixth["Retry-After"]) > 0
    last = opened(make_ci(project, label="fresh"), 99)
    assert (last.status_code, last.json()["code"]) == (429, "too-many-drafts")
    assert "has 20 drafts" in last.json()["detail"]
    assert Draft.objects.count() == LIVE


def test_a_fifth_of_the_quota_is_for_maintainers_alone(project, ci):
    """It is true of the ten gigabytes that a project has where nobody said otherwise."""
    assert project.quota_bytes == 10 * 1024**3
    assert quota.left(project, None).free == 10 * 1024**3
    assert quota.left(project, ci.row).free == 8 * 1024**3


def test_a_credential_renews_nothing(project, ci):
    """It is true that asking for more time is answered with the expiry that there was."""
    session = opened(ci, 1).json()
    body = {"meta": {"api-version": "2.0"}, "extend-for": 10**6}
    path = "/" + session["links"]["extend"].split("/", 3)[3]
    again = Client().post(path, json.dumps(body), content_type=TYPE, headers={"Authorization": ci.basic})
    assert (again.status_code, again.json()["expires-at"]) == (200, session["expires-at"])


@pytest.mark.parametrize(("days", "status"), [(29, 200), (31, 404)])
def test_what_ended_is_told_for_thirty_days(project, ci, days, status):
    """It is true that a session that ended answers its credential as canceled, and is 404 after that."""
    opened(ci, 1)
    draft = Draft.objects.get()
    stage.cancel(draft=draft, by=SYSTEM)
    Draft.objects.update(ended_at=timezone.now() - timedelta(days=days))
    answer = Client().get(f"/upload/{draft.handle}/", headers={"Authorization": ci.basic})
    assert (answer.status_code, answer.json()["status"]) == (status, "canceled" if status == 200 else 404)
