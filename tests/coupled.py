"""Trains for tests: a second project beside sampleproject, drafts of both, and pressing the one button."""

import base64
import json

import pytest
from django.test import Client
from django.urls import reverse

from accounts.audit import Actor
from drafts.access.projects import create
from drafts.models import Draft, File, Train
from drafts.publishing.train import acts
from tests import wheels
from tests.conftest import do_jobs, make_ci, totp_code


def open_draft(project, name: str, version: str = "1.0", **knobs) -> Draft:
    """Stage a wheel and an sdist of a version by a token of its own project."""
    ci = make_ci(project)
    for built in (
        wheels.wheel(name=name, version=version, **knobs),
        wheels.sdist(name=name, version=version),
    ):
        assert ci.upload(built).status_code == 200
    return Draft.objects.live().get(project=project, version=version)


def couple(user, *drafts: Draft, label: str = "2026.11") -> Train:
    """Make a train of these drafts, as this person."""
    return acts.make(label=label, drafts=drafts, by=Actor.person(user), user=user)


def fingerprint(train: Train) -> str:
    return train.fingerprint_of(train.drafts.select_related("project"))


def press_train(client: Client, train: Train, name: str, **form: str):
    """Press the train's button as the page would."""
    fields = {"fingerprint": fingerprint(train), "code": totp_code(name), **form}
    return client.post(reverse("train-publish", args=[train.pk]), fields)


def publish_train(client: Client, train: Train, name: str) -> None:
    """Press the train's button and let the worker do its part."""
    assert press_train(client, train, name).status_code == 302
    do_jobs()
    train.refresh_from_db()


def receipt_of(draft: Draft) -> dict:
    """The predicate of a draft's receipt."""
    return json.loads(base64.b64decode(draft.receipt.envelope["payload"]))["predicate"]


def visible() -> dict[str, int]:
    """How many files the index shows of each project, asked as installers do."""
    found = {}
    for name in ("sampleproject", "companion"):
        response = Client().get(f"/simple/{name}/")
        found[name] = response.content.count(b"<a ") if response.status_code == 200 else 0
    return found


def nothing_public() -> bool:
    return not File.objects.published().exists() and set(visible().values()) == {0}


@pytest.fixture
def companion(alice, mike, rita):
    """A second project with the same people."""
    return create(
        name="companion",
        by=Actor.system("tests"),
        owner=alice.email,
        maintainers=[mike.email],
        reviewers=[rita.email],
    )


@pytest.fixture
def train(draft, companion, mike) -> Train:
    """sampleproject 1.0 and companion 2.0, which mike put on one train."""
    return couple(mike, draft, open_draft(companion, "companion", "2.0"))
