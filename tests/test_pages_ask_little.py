"""The draft page and the queue ask the database as often for many files as for few."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from drafts.models import Draft, Project
from tests import wheels
from tests.conftest import draft_url, publish
from tests.listing import listed

pytestmark = pytest.mark.django_db
TAGS = [f"cp3{minor}-cp3{minor}-win_amd64" for minor in range(9, 15)]
MOST = 14  # the session, the person, their factors and their looks included
MOST_WITH_LOGS = 18  # and logs with their digests, a tester's link, an accepted finding


def asked(client: Client, path: str) -> int:
    client.get(path)  # the first page also takes the messages of uploads out of the session
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def stage(ci, version: str, tags) -> Draft:
    for tag in tags:
        assert ci.upload(wheels.wheel(version=version, tag=tag)).status_code == 200
    draft = Draft.objects.get(version=version, ended_at=None)
    listed(draft)
    return draft


def test_a_page_costs_the_same_for_few_files_and_for_many(ci, alice):
    """It is true that files, lost wheels and late files add no query."""
    Project.objects.update(expected_files="nothing")
    publish(stage(ci, "1.0", TAGS), alice)
    client = Client()
    client.force_login(alice)
    draft = stage(ci, "1.1", TAGS[:1])
    few, queue = asked(client, draft_url(draft)), asked(client, "/")
    stage(ci, "1.1", TAGS[1:])
    stage(ci, "1.0", ["py3-none-any"])
    stage(ci, "1.2", TAGS)
    assert asked(client, draft_url(draft)) == few <= MOST
    assert asked(client, "/") <= queue + 1  # of names that the release has already


def test_a_page_asks_for_what_a_draft_has_and_for_nothing_else(ci, alice):
    """It is true that logs, links and accepted findings cost their own questions, once each."""
    draft = stage(ci, "1.0", TAGS)
    client = Client()
    client.force_login(alice)
    client.post(draft_url(draft, "link-make"), {"label": "a tester"})
    log = "".join(f"{file.sha256}  {file.filename}\n" for file in draft.files.all())
    client.post(draft_url(draft, "evidence-add"), {"log": log})
    accepted = {"code": "requires-python-absent", "reason": "any Python", "pattern": "*", "scope": "project"}
    client.post(draft_url(draft, "finding-accept"), accepted)
    page = client.get(draft_url(draft)).content.decode()
    assert "6 of 6 files match" in page
    assert "a tester" in page
    assert "any Python" in page
    assert asked(client, draft_url(draft)) <= MOST_WITH_LOGS
    assert asked(client, "/") <= MOST_WITH_LOGS
