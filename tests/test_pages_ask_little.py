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
MOST = 26  # the sessions, the person and their factors included


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
    assert asked(client, "/") <= queue + 1  # one for late files
