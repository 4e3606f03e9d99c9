"""It is true that what limits a token limits it at the Upload 2.0 API too, before bytes travel."""

import pytest

from drafts.access.limits import Limits
from drafts.models import Draft, Project, PublishFromCi
from tests import wheels
from tests.conftest import make_ci
from tests.uploading import Speaker

pytestmark = [pytest.mark.django_db, pytest.mark.promise]


def test_a_token_for_one_version_opens_no_draft_of_another(project):
    limited = Speaker(make_ci(project, limits=Limits.read(versions=["1"])).token)
    answer = limited.open("2.0")
    assert (answer.status_code, answer.json()["code"]) == (403, "token-version")
    assert not Draft.objects.exists()
    assert limited.open("1.0").status_code == 201


def test_a_token_for_some_names_announces_no_others(project):
    limited = Speaker(make_ci(project, limits=Limits.read(patterns=["*-macosx_*"])).token)
    answer = limited.announce(limited.open().json(), wheels.wheel())
    assert (answer.status_code, answer.json()["code"]) == (403, "token-filename")


def test_a_client_that_publishes_by_default_ends_well_where_the_project_says_so(ci):
    """It is true that 202 publishes nothing: the session stays open, and what CI said is noted."""
    Project.objects.update(publish_from_ci=PublishFromCi.WAIT)
    ci.upload(wheels.wheel())
    speaker = Speaker(ci.token)
    session = speaker.join()
    answer = speaker.ask("POST", session["links"]["publish"], {"meta": {"api-version": "2.0"}})
    assert (answer.status_code, answer.json()["status"], answer["Retry-After"]) == (202, "open", "60")
    assert Draft.objects.get().complete_said_at is not None
