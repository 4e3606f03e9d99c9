"""The sandbox in tests: sampleproject once more, of the other space, with its own token."""

import pytest
from django.test import Client

from accounts.audit import Actor
from accounts.models import User
from drafts.access import sandboxes
from drafts.models import Draft, Project
from tests import wheels
from tests.conftest import Ci, make_ci, publish, upload_form

DOORS = {"index": "/legacy/", "sandbox": "/sandbox/legacy/"}


def send(ci: Ci, built: wheels.Built, space: str):
    """Post one file to a space's door."""
    headers = {"Authorization": ci.basic}
    return Client().post(DOORS[space], upload_form(built), headers=headers)


def sandbox_of(user: User) -> Project:
    """sandbox/sampleproject, which this person owns."""
    return sandboxes.make(name="sampleproject", user=user, by=Actor.system("tests"))


@pytest.fixture
def sandbox(alice) -> Project:
    """sandbox/sampleproject, which alice owns."""
    return sandbox_of(alice)


@pytest.fixture
def sand_ci(sandbox) -> Ci:
    """The upload token of the sandbox."""
    return make_ci(sandbox)


@pytest.fixture
def sand_draft(sandbox, sand_ci) -> Draft:
    """A draft of sandbox/sampleproject 1.0: one wheel, with other bytes than the index's of that name."""
    assert send(sand_ci, wheels.wheel(salt="sand"), "sandbox").status_code == 200
    return Draft.objects.get(project=sandbox)


@pytest.fixture
def sand_published(sand_draft, alice) -> Draft:
    """The same, published."""
    browser = Client()
    browser.force_login(alice)
    publish(sand_draft, alice, browser)
    assert sand_draft.state == "published", sand_draft.error
    return sand_draft
